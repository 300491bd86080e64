//! What a recording says besides its traffic: errors that a client printed, and what is to be
//! asked for next.

use diagnosis::ClientText;
use formats::{Opened, shell_word};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trace::{
    Exchange, Purpose, Recorded, ResourceMetadata, ServerMetadata, Trace, challenges, origin_of,
    resource_metadata_urls, server_metadata_urls,
};
use ts_rs::TS;

/// The piece of evidence that would add most to what there is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct NextPiece {
    /// What to add, and why, in one sentence.
    pub sentence: String,
    /// The command that gets it; null where only the client has it.
    pub command: Option<String>,
}

/// Texts of clients that are known, each with what was printed.
pub fn known_words(opened: &Opened) -> Vec<(&str, Vec<&'static ClientText>)> {
    let words = opened.words.iter().map(String::as_str);
    let all = words.map(|printed| (printed, diagnosis::explain(printed)));
    let mut said: Vec<&ClientText> = Vec::new();
    let new = all.map(|(printed, mut known)| {
        known.retain(|one| !said.contains(one));
        said.extend(&known);
        (printed, known)
    });
    new.filter(|(_, known)| !known.is_empty()).collect()
}

/// What the parts of a pasted text were taken for, the errors of clients in it, and what to ask
/// for next, as the report has them.
pub(crate) fn report(opened: &Opened) -> Value {
    let piece = |piece: &formats::Piece| {
        let (first, last) = piece.lines;
        json!({ "kind": piece.kind, "what": piece.kind.words(), "lines": [first, last] })
    };
    let known = known_words(opened)
        .into_iter()
        .map(|(printed, known)| json!({ "printed": printed, "known": known }));
    json!({
        "pieces": opened.pieces.iter().map(piece).collect::<Vec<_>>(),
        "words": known.collect::<Vec<_>>(),
        "next": next_piece(opened),
    })
}

/// What to add to a pasted text so that more of it can be judged. Null for recordings of other
/// kinds, and where nothing is missing.
pub fn next_piece(opened: &Opened) -> Option<NextPiece> {
    if opened.trace.origin != trace::Origin::Pasted {
        return None;
    }
    let shown = Shown::of(&opened.trace);
    if shown.calls.is_empty() && shown.others.is_empty() {
        return Some(
            match opened.urls.iter().find(|url| origin_of(url).is_some()) {
                Some(url) => NextPiece {
                    sentence: "Nothing in the text shows what the server answers; this asks it"
                        .into(),
                    command: Some(format!("authscope-cli run {}", shell_word(url))),
                },
                None => first_call(None),
            },
        );
    }
    let server = shown.server();
    // The further a flow got, the less its start matters.
    if let Some(piece) = shown.refused_late() {
        return Some(piece);
    }
    let refused = |call: &&&Exchange| matches!(call.status(), Some(401 | 403));
    if let Some(call) = shown.calls.iter().find(refused)
        && call.recorded.response_headers != Recorded::Whole
        && call.response_header("www-authenticate").found().is_none()
    {
        return Some(first_call(server));
    }
    shown
        .metadata_missing(server)
        .or_else(|| shown.client_missing())
        .or_else(|| shown.token_missing(server))
        .or_else(|| shown.calls.is_empty().then(|| first_call(server)))
}

/// The first answer of the MCP server, from which the rest follows.
fn first_call(server: Option<&str>) -> NextPiece {
    let url = server.map_or("URL".to_owned(), shell_word);
    NextPiece {
        sentence: "Add the MCP server's answer to a call without a token, with its header fields: \
                   it says where the flow goes on"
            .into(),
        command: Some(format!(
            "curl -i -X POST {url} -H 'Content-Type: application/json' \
             -H 'Accept: application/json, text/event-stream' \
             -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":{{\
             \"protocolVersion\":\"2025-11-25\",\"capabilities\":{{}},\
             \"clientInfo\":{{\"name\":\"curl\",\"version\":\"1\"}}}}}}'"
        )),
    }
}

/// What a trace shows of its flows.
struct Shown<'a> {
    trace: &'a Trace,
    /// To the MCP server.
    calls: Vec<&'a Exchange>,
    others: Vec<&'a Exchange>,
}

impl<'a> Shown<'a> {
    fn of(trace: &'a Trace) -> Self {
        let (calls, others) = trace
            .exchanges()
            .map(|(_, exchange)| exchange)
            .filter(|exchange| !exchange.purpose.is_of_no_flow())
            .partition(|exchange| {
                matches!(
                    exchange.purpose,
                    Purpose::Challenge { .. } | Purpose::Mcp { .. } | Purpose::Unknown
                )
            });
        Self {
            trace,
            calls,
            others,
        }
    }

    /// The MCP server's URL, where the text says it.
    fn server(&self) -> Option<&'a str> {
        let url = self.trace.server_url.as_str();
        (!url.is_empty() && !url.contains(".invalid")).then_some(url)
    }

    fn find(&self, wanted: impl Fn(&Purpose) -> bool) -> impl Iterator<Item = &'a Exchange> {
        self.others
            .iter()
            .copied()
            .filter(move |exchange| wanted(&exchange.purpose))
    }

    fn metadata_missing(&self, server: Option<&str>) -> Option<NextPiece> {
        let get = |what: &str, url: String| {
            Some(NextPiece {
                sentence: format!("Add {what}"),
                command: Some(format!("curl -i {}", shell_word(&url))),
            })
        };
        let mut documents = self.find(|one| matches!(one, Purpose::ResourceMetadata { .. }));
        let tried: Vec<&Exchange> = documents.by_ref().collect();
        let read = |exchange: &&Exchange| ResourceMetadata::read(exchange.response()?).ok();
        let resource = tried.iter().find_map(read);
        let mut tries = self.find(|one| matches!(one, Purpose::ServerMetadata { .. }));
        let has_server_metadata = tries.next().is_some();
        let what = "the resource metadata: it names the authorization server";
        if resource.is_none() && !has_server_metadata && tried.iter().all(|one| is_unread(one)) {
            let named = self.calls.iter().find_map(|call| {
                let all = challenges(call.response()?).ok()?;
                let named = all
                    .iter()
                    .find_map(|one| one.parameter("resource_metadata"));
                named
                    .filter(|url| origin_of(url).is_some())
                    .map(str::to_owned)
            });
            let usual = || Some(resource_metadata_urls(server?).into_iter().next()?.1);
            if let Some(url) = named.or_else(usual) {
                return get(what, url);
            }
        }
        if let Some(issuer) = resource.and_then(|one| one.authorization_servers.first().cloned())
            && !has_server_metadata
            && let Some((_, url)) = server_metadata_urls(&issuer).into_iter().next()
        {
            return get(
                "the authorization server's metadata: it names the endpoints",
                url,
            );
        }
        let alone = has_server_metadata && self.calls.is_empty() && tried.is_empty();
        (alone && self.others.len() == 1).then(|| first_call(server))
    }

    /// What the client sent in the request that was refused, where the text does not show it.
    /// `None` where no request was refused.
    fn refused_late(&self) -> Option<NextPiece> {
        let refused = |purpose: fn(&Purpose) -> bool| {
            let mut all = self.find(purpose);
            all.any(|one| {
                one.status()
                    .is_some_and(|status| status >= 400 && !matches!(status, 404 | 405))
                    && one.recorded.request_body == Recorded::NotRecorded
            })
        };
        let ask = |what: &str| {
            Some(NextPiece {
                sentence: format!(
                    "Add {what} with its body, as the client sent it: what was sent decides \
                     whose fault the refusal is"
                ),
                command: None,
            })
        };
        if refused(|one| matches!(one, Purpose::Token { .. })) {
            return ask("the token request");
        }
        if refused(|one| *one == Purpose::Registration) {
            return ask("the registration request");
        }
        None
    }

    /// What only the client has sent.
    fn client_missing(&self) -> Option<NextPiece> {
        let tokens = self.find(|one| matches!(one, Purpose::Token { .. })).next();
        let asked = self.find(|one| {
            matches!(
                one,
                Purpose::Authorization | Purpose::Callback | Purpose::Registration
            )
        });
        let metadata = self
            .find(|one| matches!(one, Purpose::ServerMetadata { .. }))
            .find_map(|one| ServerMetadata::read(one.response()?).ok());
        if tokens.is_none() && asked.count() == 0 && metadata.is_some() {
            return Some(NextPiece {
                sentence: "Add the registration and the token request with their answers, or let \
                           the flow be run"
                    .into(),
                command: self
                    .server()
                    .map(|url| format!("authscope-cli run {}", shell_word(url))),
            });
        }
        None
    }

    fn token_missing(&self, server: Option<&str>) -> Option<NextPiece> {
        let granted = self
            .find(|one| matches!(one, Purpose::Token { .. }))
            .any(|one| one.status() == Some(200));
        let with_token = |call: &&&Exchange| matches!(call.purpose, Purpose::Mcp { .. });
        let used = self.calls.iter().find(with_token);
        match (granted, used) {
            (true, None) => Some(NextPiece {
                sentence: "Add the MCP server's answer to a call with the token".into(),
                command: Some(format!(
                    "curl -i -X POST {} -H \"Authorization: Bearer $ACCESS_TOKEN\" \
                     -H 'Content-Type: application/json' \
                     -H 'Accept: application/json, text/event-stream' \
                     -d '{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}}'",
                    server.map_or("URL".to_owned(), shell_word)
                )),
            }),
            (false, Some(call)) if call.status() == Some(401) => Some(NextPiece {
                sentence: "Add the token answer, or the access token where it is a JWT: it says \
                           for whom the token is"
                    .into(),
                command: None,
            }),
            _ => None,
        }
    }
}

/// An answer that may be a document, and is not in the text.
fn is_unread(exchange: &Exchange) -> bool {
    exchange.response().is_none()
        || exchange.status() == Some(200) && exchange.recorded.response_body != Recorded::Whole
}
