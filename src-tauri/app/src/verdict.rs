//! The verdict on a run: one sentence, the same wherever it stands.

use diagnosis::{Certainty, Finding, Level, Owner};
use serde::{Deserialize, Serialize};
use session::Status;
use trace::{Decision, EntryKind, Phase, Purpose, StopCode, Trace, VerdictKind};
use ts_rs::TS;

/// How a run ended and what explains it. The command's last line, the JSON report, the history and
/// the window all say this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct RunVerdict {
    pub ending: Ending,
    /// In one sentence or two, with who has to change something.
    pub text: String,
    /// The phase in which it stopped; null when it did not stop.
    pub phase: Option<Phase>,
    /// The entry that shows it, as far as there is one.
    pub exchange: Option<u32>,
    /// The finding that explains the ending: the root cause. It is the first of the findings.
    pub cause: Option<Cause>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// An authenticated MCP answer was reached, and nothing is an error.
    Works,
    /// The same, and a finding is an error, or something that was asked for was refused.
    WorksBut,
    Stopped,
    /// The user, or the recording, ended it before.
    Ended,
}

/// A finding, as far as a verdict quotes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Cause {
    pub code: String,
    pub level: Level,
    pub certainty: Certainty,
    pub owner: Owner,
    /// "the MCP server https://mcp.example"
    pub owner_name: String,
    pub title: String,
    pub fix: String,
    pub exchange: Option<u32>,
}

impl From<&Finding> for Cause {
    fn from(finding: &Finding) -> Self {
        Self {
            code: finding.code.clone(),
            level: finding.level,
            certainty: finding.certainty,
            owner: finding.owner,
            owner_name: finding.owner_name.clone(),
            title: finding.title.clone(),
            fix: finding.fix.clone(),
            exchange: finding.exchange,
        }
    }
}

impl RunVerdict {
    /// `None` while the run is not over.
    pub fn of(trace: &Trace, status: &Status, findings: &[Finding]) -> Option<Self> {
        match status {
            Status::Done { message } => Some(reached(trace, message, findings)),
            Status::Stopped { code, message, .. } => Some(stopped(trace, *code, message, findings)),
            Status::Ended { message } => {
                let worst = findings.first().filter(|first| first.level > Level::Note);
                Some(Self {
                    ending: Ending::Ended,
                    text: ended(trace, message, worst),
                    phase: None,
                    exchange: worst.and_then(|finding| finding.exchange),
                    cause: worst.map(Cause::from),
                })
            }
            Status::Ready
            | Status::Observing { .. }
            | Status::Sending
            | Status::AnswerHeld { .. }
            | Status::Resending { .. }
            | Status::AwaitingKeychain
            | Status::AwaitingCallback { .. }
            | Status::AwaitingDevice { .. } => None,
        }
    }
}

/// What was under way and what explains it, with what had been found out by then about a page that
/// this program cannot see.
fn ended(trace: &Trace, message: &str, worst: Option<&Finding>) -> String {
    let page = diagnosis::probed_page(trace).filter(|_| browser_is_away(trace));
    let of_page = |finding: &Finding, exchange| finding.exchange == Some(exchange);
    let (page, cause) = match page {
        // An error elsewhere is not what the page shows.
        Some(page) => (
            format!(" {}", page.text),
            worst.filter(|finding| of_page(finding, page.exchange)),
        ),
        None => (String::new(), worst),
    };
    let cause = cause.map_or(String::new(), |finding| {
        let told = match finding.level {
            Level::Error => "",
            Level::Warning | Level::Note => "First warning: ",
        };
        format!(" {told}{}.{}", finding.title, to_change(Some(finding)))
    });
    format!("{message}{page}{cause}")
}

/// Whether nothing was taken for an answer since the browser was sent away.
fn browser_is_away(trace: &Trace) -> bool {
    let last = trace.live().filter(|entry| {
        let visit = matches!(entry.kind, EntryKind::BrowserOpened(_));
        let taken = entry.exchange().is_some_and(|exchange| {
            let verdict = exchange.verdict.as_ref();
            exchange.purpose == Purpose::Callback
                && verdict.is_none_or(|verdict| verdict.kind != VerdictKind::Rejected)
        });
        visit || taken
    });
    last.last()
        .is_some_and(|entry| matches!(entry.kind, EntryKind::BrowserOpened(_)))
}

fn reached(trace: &Trace, message: &str, findings: &[Finding]) -> RunVerdict {
    let count = |level: Level| findings.iter().filter(|one| one.level == level).count();
    let (errors, warnings) = (count(Level::Error), count(Level::Warning));
    let sentence = message.trim_end_matches('.');
    // The words after the colon say how well it went.
    let short = sentence.split(':').next().unwrap_or_default();
    let with = |ending, text: String, cause: Option<&Finding>, exchange: Option<u32>| RunVerdict {
        ending,
        text,
        phase: None,
        exchange: cause.and_then(|finding| finding.exchange).or(exchange),
        cause: cause.map(Cause::from),
    };
    if errors > 0 {
        // The worst are listed first, each under its root cause.
        let cause = findings.first();
        let title = cause.map_or("", |finding| finding.title.as_str());
        let found = errors_in_words(findings);
        let text = format!("{short}, but {found}: {title}.{}", to_change(cause));
        return with(Ending::WorksBut, text, cause, None);
    }
    if let Some(refused) = refused_action(trace) {
        let said = refused.message.trim_end_matches('.');
        let text = format!("{short}, but what was asked for besides failed: {said}.");
        let mut about = findings.iter();
        let cause = about.find(|finding| {
            let entry = finding.exchange.unwrap_or_default();
            finding.level > Level::Note && (refused.begin..refused.end).contains(&entry)
        });
        return with(Ending::WorksBut, text, cause, refused.exchange);
    }
    let text = match warnings {
        0 => message.to_owned(),
        1 => format!("{sentence}, with 1 warning."),
        more => format!("{sentence}, with {more} warnings."),
    };
    let worst = findings.first().filter(|first| first.level > Level::Note);
    with(Ending::Works, text, worst, None)
}

fn errors_in_words(findings: &[Finding]) -> String {
    let errors = findings.iter().filter(|one| one.level == Level::Error);
    match errors.count() {
        1 => "1 error was found".to_owned(),
        more => format!("{more} errors were found, first"),
    }
}

fn stopped(trace: &Trace, code: StopCode, message: &str, findings: &[Finding]) -> RunVerdict {
    let phase = trace.live().last().map(|entry| entry.phase);
    let cause = if code == StopCode::Cancelled {
        None
    } else {
        cause_of_stop(code, findings)
    };
    let step = phase.map_or("", step_in_words);
    let why = cause.map_or(message, |finding| &finding.title);
    let why = why.trim_end_matches('.');
    let text = match (code, cause) {
        // Nothing failed: the run was meant to end there.
        (StopCode::EndsBeforeLogin, None) => message.to_owned(),
        (StopCode::EndsBeforeLogin, Some(_)) => format!(
            "All up to the login works, but {}: {why}.{}",
            errors_in_words(findings),
            to_change(cause)
        ),
        _ => format!("Stopped{step}: {why}.{}", to_change(cause)),
    };
    let exchanges = trace.live().filter(|entry| entry.exchange().is_some());
    RunVerdict {
        ending: Ending::Stopped,
        text,
        phase,
        exchange: cause
            .and_then(|finding| finding.exchange)
            .or_else(|| exchanges.last().map(|entry| entry.seq)),
        cause: cause.map(Cause::from),
    }
}

/// The root cause of what explains the stop; where no rule says that it does, the first error.
fn cause_of_stop(code: StopCode, findings: &[Finding]) -> Option<&Finding> {
    let explains = |finding: &Finding| diagnosis::explains(finding, code);
    let at = findings
        .iter()
        .position(explains)
        .or_else(|| findings.iter().position(|one| one.level == Level::Error))?;
    // The cause of a finding is listed above it.
    findings[..=at].iter().rev().find(|one| one.cause.is_none())
}

fn to_change(cause: Option<&Finding>) -> String {
    match cause {
        Some(finding) if finding.owner != Owner::Nobody => {
            let likely = match finding.certainty {
                Certainty::Likely => " (most likely)",
                Certainty::Certain | Certainty::NotChecked => "",
            };
            format!(" To change: {}{likely}.", finding.owner_name)
        }
        _ => String::new(),
    }
}

fn step_in_words(phase: Phase) -> &'static str {
    match phase {
        Phase::Challenge => " at the first call",
        Phase::ResourceMetadata => " at the resource metadata",
        Phase::ServerMetadata => " at the authorization server metadata",
        Phase::Registration => " at the registration",
        Phase::Authorization => " at the authorization",
        Phase::Token => " at the token request",
        Phase::Mcp => " at the call with the token",
        Phase::Refresh => " at the refresh",
        Phase::StepUp => " at the step-up",
        Phase::Extra => " at a request that was asked for besides",
    }
}

/// Something that was asked for besides the flow, and that a server refused or could not be done.
struct RefusedAction<'t> {
    begin: u32,
    end: u32,
    message: &'t str,
    /// The exchange that was refused.
    exchange: Option<u32>,
}

fn refused_action(trace: &Trace) -> Option<RefusedAction<'_>> {
    let mut begin = 0;
    let mut refused = None;
    for entry in trace.live() {
        match entry.decision() {
            Some(Decision::Action { .. }) => {
                begin = entry.seq;
                refused = None;
            }
            Some(Decision::ActionDone { message, .. }) => {
                let exchange: Option<u32> = refused.take();
                if exchange.is_some() || message.starts_with("Not possible") {
                    let end = entry.seq;
                    return Some(RefusedAction {
                        begin,
                        end,
                        message,
                        exchange,
                    });
                }
            }
            _ => {
                let verdict = entry.exchange().and_then(|one| one.verdict.as_ref());
                if verdict.is_some_and(|verdict| verdict.kind == VerdictKind::Rejected) {
                    refused = Some(entry.seq);
                }
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use diagnosis::SpecReference;
    use trace::{ActionKind, Exchange, Outcome, Request, Response, Timestamp};

    use super::*;

    fn finding(code: &str, level: Level, cause: Option<&str>) -> Finding {
        Finding {
            code: code.into(),
            rule: String::new(),
            variant: String::new(),
            level,
            certainty: Certainty::Likely,
            owner: Owner::McpServer,
            owner_name: "the MCP server https://mcp.example".into(),
            exchange: Some(7),
            part: None,
            title: format!("{code} is the fault"),
            message: String::new(),
            expected: None,
            actual: None,
            fix: String::new(),
            spec: SpecReference {
                title: String::new(),
                url: String::new(),
                quote: String::new(),
            },
            cause: cause.map(str::to_owned),
        }
    }

    fn nothing() -> Trace {
        Trace::new("https://mcp.example/mcp", Timestamp(0))
    }

    fn done(trace: &Trace, findings: &[Finding]) -> RunVerdict {
        let message = "The flow works: the MCP server took the token and listed 3 tools.".into();
        RunVerdict::of(trace, &Status::Done { message }, findings).expect("it is over")
    }

    fn stopped(code: StopCode, findings: &[Finding]) -> RunVerdict {
        let mut trace = nothing();
        let message = "The token was refused.".to_owned();
        let decision = Decision::Stopped {
            code,
            message: message.clone(),
            can_go_on: false,
        };
        trace.push(Timestamp(0), 0, Phase::Mcp, EntryKind::Decision(decision));
        let can_go_on = false;
        let status = Status::Stopped {
            code,
            message,
            can_go_on,
        };
        RunVerdict::of(&trace, &status, findings).expect("it is over")
    }

    #[test]
    fn what_works_says_so_and_an_error_takes_it_back() {
        let trace = nothing();
        let whole = "The flow works: the MCP server took the token and listed 3 tools";
        assert_eq!(done(&trace, &[]).text, format!("{whole}."));
        let warned = done(&trace, &[finding("A01", Level::Warning, None)]);
        assert_eq!(
            (warned.ending, warned.text),
            (Ending::Works, format!("{whole}, with 1 warning."))
        );
        let error = finding("A01", Level::Error, None);
        let but = done(&trace, std::slice::from_ref(&error));
        assert_eq!(
            (but.ending, but.exchange, but.text.as_str()),
            (
                Ending::WorksBut,
                Some(7),
                "The flow works, but 1 error was found: A01 is the fault. To change: the MCP \
                 server https://mcp.example (most likely)."
            )
        );
        let two = done(&trace, &[error.clone(), error]);
        assert!(
            two.text.contains("2 errors were found, first: A01"),
            "{}",
            two.text
        );
    }

    #[test]
    fn a_recording_that_ends_early_names_what_explains_it() {
        let message = "The recording ends at POST /token, answered 400.".to_owned();
        let status = Status::Ended { message };
        let text = |findings: &[Finding]| {
            let verdict = RunVerdict::of(&nothing(), &status, findings);
            verdict.expect("it is over").text
        };
        let ends = "The recording ends at POST /token, answered 400.";
        let change = "To change: the MCP server https://mcp.example (most likely).";
        assert_eq!(text(&[]), ends);
        assert_eq!(text(&[finding("A01", Level::Note, None)]), ends);
        assert_eq!(
            text(&[finding("A01", Level::Error, None)]),
            format!("{ends} A01 is the fault. {change}")
        );
        assert_eq!(
            text(&[finding("A01", Level::Warning, None)]),
            format!("{ends} First warning: A01 is the fault. {change}")
        );
    }

    /// An action that ended like this, as its exchange says too.
    fn with_action(message: &str, verdict: Option<trace::Verdict>) -> Trace {
        let mut trace = nothing();
        let action = ActionKind::Introspect;
        let mut push = |kind| trace.push(Timestamp(0), 0, Phase::Extra, kind);
        push(EntryKind::Decision(Decision::Action { action }));
        if let Some(verdict) = verdict {
            let response = Response {
                status: 403,
                headers: Vec::new(),
                body: trace::Body::new(Vec::new()),
            };
            push(EntryKind::Exchange(Box::new(Exchange {
                purpose: Purpose::Unknown,
                from: trace::ParticipantId::CLIENT,
                to: trace::ParticipantId::CLIENT,
                label: String::new(),
                request: Request::new("POST", "https://as.example/introspect"),
                edited: false,
                answer_edited: false,
                outcome: Outcome::Response(response),
                started: Timestamp(0),
                timings: trace::Timings::default(),
                connection: None,
                verdict: Some(verdict),
                recorded: trace::Recording::default(),
                client_side: None,
                server_side: None,
            })));
        }
        let message = message.into();
        push(EntryKind::Decision(Decision::ActionDone {
            action,
            message,
        }));
        trace
    }

    #[test]
    fn what_was_asked_for_besides_and_was_refused_is_told() {
        let refused = with_action("status 403.", Some(trace::Verdict::rejected("status 403")));
        let verdict = done(&refused, &[]);
        assert_eq!(
            (verdict.ending, verdict.exchange),
            (Ending::WorksBut, Some(2))
        );
        let text = "The flow works, but what was asked for besides failed: status 403.";
        assert_eq!(verdict.text, text);
        let not_done = with_action("Not possible: there is no token.", None);
        assert_eq!(done(&not_done, &[]).ending, Ending::WorksBut);
        // A refusal that was wanted does not count as one.
        let wanted = with_action(
            "refused, as it must be",
            Some(trace::Verdict::accepted("refused")),
        );
        assert_eq!(done(&wanted, &[]).ending, Ending::Works);
    }

    #[test]
    fn a_stop_names_its_root_cause_and_who_can_change_it() {
        let found = [
            finding("J01", Level::Warning, None),
            finding("T40", Level::Error, Some("J01")),
            finding("A01", Level::Error, None),
        ];
        let verdict = stopped(StopCode::TokenNotAccepted, &found);
        assert_eq!(
            verdict.cause.map(|cause| cause.code).as_deref(),
            Some("J01")
        );
        assert!(
            verdict
                .text
                .starts_with("Stopped at the call with the token: J01 is the fault. To"),
            "{}",
            verdict.text
        );
        let unexplained = stopped(
            StopCode::TokenNotAccepted,
            &[finding("A01", Level::Note, None)],
        );
        assert_eq!(unexplained.cause, None);
        assert!(unexplained.text.ends_with("token: The token was refused."));
        // A run that was meant to end there did not fail there.
        let before = stopped(StopCode::EndsBeforeLogin, &[]);
        assert_eq!(before.text, "The token was refused.");
        let error = finding("A01", Level::Error, None);
        let before = stopped(StopCode::EndsBeforeLogin, &[error]);
        let text = "All up to the login works, but 1 error was found: A01 is the fault. To change:";
        assert!(before.text.starts_with(text), "{}", before.text);
        // The user who stopped it knows why.
        assert_eq!(stopped(StopCode::Cancelled, &found).cause, None);
    }

    #[test]
    fn there_is_none_before_the_end() {
        assert_eq!(RunVerdict::of(&nothing(), &Status::Ready, &[]), None);
    }
}
