//! Recordings of other programs and of earlier runs: how they are opened, and how far they got.

use std::io::Read;
use std::path::Path;

use diagnosis::Judgement;
use formats::{Opened, PieceKind, ReadError};
use session::Status;
use trace::{
    Decision, Entry, EntryKind, Exchange, FlowInfo, Origin, Purpose, RpcAnswer, Trace, rpc_answer,
    short_path,
};

use crate::evidence::known_words;

/// Reads a file of any format, and finds the flows in it.
///
/// # Errors
/// [`ReadError`] says what was expected and what came.
pub fn open_recording(name: Option<&Path>, file: &mut dyn Read) -> Result<Opened, ReadError> {
    let opened = formats::open(name, file)?;
    // The claims of a token alone are not an exchange.
    let is_known =
        |piece: &formats::Piece| !matches!(piece.kind, PieceKind::Words | PieceKind::Json);
    let says_something = !opened.trace.entries.is_empty()
        || !opened.urls.is_empty()
        || opened.pieces.iter().any(is_known);
    let is_pasted = opened.trace.origin == Origin::Pasted;
    if is_pasted && !says_something && known_words(&opened).is_empty() && !is_about_a_flow(&opened)
    {
        return Err(formats::unknown());
    }
    Ok(Opened {
        trace: replay::replay(opened.trace),
        ..opened
    })
}

/// Whether a text that nothing was recognised in is about authorization all the same: then the user
/// is told what to add.
fn is_about_a_flow(opened: &Opened) -> bool {
    const SIGNS: [&str; 12] = [
        "oauth",
        "mcp",
        "401",
        "unauthorized",
        "authoriz",
        "redirect_uri",
        "client_id",
        ".well-known",
        "access token",
        "bearer",
        "http://",
        "https://",
    ];
    let mut words = opened.words.iter().map(|words| words.to_lowercase());
    words.any(|words| SIGNS.iter().any(|sign| words.contains(sign)))
}

/// What the rules say of a recording: what they said when it was written, where the file has that.
pub(crate) fn judgement(opened: &Opened) -> Judgement {
    let kept = |name: &str| {
        opened
            .judgement
            .as_ref()
            .and_then(|kept| kept.get(name))
            .cloned()
    };
    let findings = kept("findings").and_then(|kept| serde_json::from_value(kept).ok());
    let ledger = kept("rules").and_then(|kept| serde_json::from_value(kept).ok());
    let judged = || diagnosis::judgement(&opened.trace);
    match (findings, ledger) {
        (Some(findings), Some(ledger)) => Judgement { findings, ledger },
        (Some(findings), None) => Judgement {
            findings,
            ..judged()
        },
        (None, _) => judged(),
    }
}

/// How a trace without a run behind it ended: every flow of it, where there are several.
pub(crate) fn recorded_status(trace: &Trace) -> Status {
    if trace.flows.len() < 2 {
        return flow_status(trace, None);
    }
    let all: Vec<(&FlowInfo, Status)> = trace
        .flows
        .iter()
        .map(|flow| (flow, flow_status(trace, Some(flow))))
        .collect();
    let reached = all
        .iter()
        .filter(|(_, status)| matches!(status, Status::Done { .. }));
    let reached = reached.count();
    let message = format!(
        "The recording holds {} flows; {reached} of them reached an authenticated answer.",
        all.len()
    );
    if reached == all.len() {
        Status::Done { message }
    } else {
        Status::Ended { message }
    }
}

/// How one flow ended, or the only one.
pub(crate) fn flow_status(trace: &Trace, flow: Option<&FlowInfo>) -> Status {
    let live: Vec<_> = trace
        .live()
        .filter(|entry| flow.is_none_or(|flow| entry.flow == Some(flow.id)))
        .collect();
    let mut decisions = live.iter().rev().filter_map(|entry| entry.decision());
    let end = decisions.find_map(|decision| match decision {
        Decision::Reached { .. } => Some(Status::Done {
            message: trace::sentence(decision),
        }),
        Decision::Stopped { code, message, .. } => Some(Status::Stopped {
            code: *code,
            message: message.clone(),
            can_go_on: false,
        }),
        // That watching ended says nothing about the client.
        Decision::Ended if trace.origin == Origin::Observed => None,
        Decision::WentOnAnyway { .. } | Decision::Ended => Some(Status::Ended {
            message: session::ended_message(trace),
        }),
        _ => None,
    });
    end.unwrap_or_else(|| by_traffic(&live))
}

/// How a flow without decisions ended: another client's.
fn by_traffic(entries: &[&Entry]) -> Status {
    let mut last = None;
    for entry in entries.iter().rev() {
        let exchange = match &entry.kind {
            EntryKind::Exchange(exchange) => exchange,
            EntryKind::BrowserOpened(visit) => {
                last.get_or_insert(Last::Visit(&visit.url));
                break;
            }
            _ => continue,
        };
        match &exchange.purpose {
            Purpose::Unrelated
            | Purpose::WithinPage
            | Purpose::Unknown
            | Purpose::Copy { .. }
            | Purpose::Preflight { .. } => continue,
            // What a client sends after all is done, and calls that do not concern the flow.
            Purpose::Mcp { method } if answered(exchange) => {
                let message = format!("The recording shows an authenticated answer to {method}.");
                return Status::Done { message };
            }
            Purpose::Mcp { .. } if exchange.status() == Some(202) => {
                last.get_or_insert(Last::Exchange(exchange));
            }
            _ => {
                last.get_or_insert(Last::Exchange(exchange));
                break;
            }
        }
    }
    let message = match last {
        None => "The recording shows no OAuth flow of an MCP client.".to_owned(),
        Some(Last::Visit(url)) => format!(
            "The recording ends with the browser at {}; it did not come back.",
            path_of(url)
        ),
        Some(Last::Exchange(exchange)) => {
            let request = &exchange.request;
            let answer = exchange
                .status()
                .map_or("not answered".to_owned(), |status| {
                    format!("answered {status}")
                });
            let path = path_of(&request.url);
            format!("The recording ends at {} {path}, {answer}.", request.method)
        }
    };
    Status::Ended { message }
}

/// What is the last of a flow.
enum Last<'t> {
    Exchange(&'t Exchange),
    /// The browser was sent to this URL.
    Visit(&'t str),
}

fn path_of(url: &str) -> String {
    let path = short_path(url);
    path.split('?').next().unwrap_or_default().to_owned()
}

/// Whether an MCP call was answered with a result, or with what was not recorded of one.
fn answered(exchange: &Exchange) -> bool {
    let Some(response) = exchange
        .response()
        .filter(|response| response.status == 200)
    else {
        return false;
    };
    exchange.response_with_body().is_none() || matches!(rpc_answer(response), RpcAnswer::Result(_))
}
