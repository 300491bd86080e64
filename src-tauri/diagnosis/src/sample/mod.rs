//! Traces made by hand for the tests: a healthy run whose answers can be changed one by one.

mod answer;
mod run;
mod values;
mod writer;

use trace::{Client, Decision, EntryKind, Grant, Phase, Purpose, Request, Role, StopCode, Trace};

use crate::finding::Finding;
pub use answer::Answer;
pub use run::Run;
pub use values::*;
use writer::Writer;

impl Run {
    /// The codes of all findings.
    pub fn found(&self) -> Vec<String> {
        let found = crate::diagnose(&self.trace());
        found.into_iter().map(|finding| finding.code).collect()
    }

    /// The one finding of this code. Fails when there are none or several.
    pub fn finding(&self, code: &str) -> Finding {
        let mut of_code = crate::diagnose(&self.trace());
        of_code.retain(|finding| finding.code == code);
        assert_eq!(of_code.len(), 1, "{code}: {of_code:#?}");
        let finding = of_code.remove(0);
        assert!(
            !finding.message.is_empty() && !finding.fix.is_empty(),
            "{finding:#?}"
        );
        assert!(!finding.title.ends_with('.'), "{}", finding.title);
        let texts = [&finding.actual, &finding.expected];
        for text in texts
            .into_iter()
            .flatten()
            .chain([&finding.message, &finding.fix])
        {
            assert!(!text.contains("secret-"), "leaks: {text}");
        }
        finding
    }

    pub fn is_silent(&self, code: &str) -> bool {
        !self.found().iter().any(|found| found == code)
    }

    /// The healthy run of another client, which does all that a client should.
    pub fn of_another_client() -> Self {
        let mut run = Self::healthy_with_refresh();
        run.ask("scope", Some("mcp"));
        run.ask("state", Some("a-state-of-24-characters"));
        run.callback.retain(|(name, _)| *name != "state");
        run.callback
            .push(("state", "a-state-of-24-characters".into()));
        run
    }

    /// The finding of this code about the run as if another client had been watched.
    pub fn finding_of_client(&self, code: &str) -> Finding {
        let found = found_in(&watched(&self.trace()), code);
        found.unwrap_or_else(|| panic!("{code} is silent"))
    }

    /// Whether nothing of this code is found when another client is watched.
    pub fn client_is_silent(&self, code: &str) -> bool {
        found_in(&watched(&self.trace()), code).is_none()
    }

    pub fn trace(&self) -> Trace {
        let mut writer = Writer::new(&self.server_url);
        writer.write(self);
        writer.trace
    }
}

/// The traffic of a trace as if another client had been watched: a client tells no decisions.
pub fn watched(trace: &Trace) -> Trace {
    let (mut seen, _) = crate::degraded::traffic(&trace.entries, trace);
    seen.client = Client {
        name: "Some Client".into(),
        ..Client::unknown()
    };
    seen
}

/// The user ends the watching, so much later.
pub fn end_after(trace: &mut Trace, seconds: u64) {
    let last = trace.entries.last().map_or(trace.started, |entry| entry.at);
    let at = last.plus(std::time::Duration::from_secs(seconds));
    let kind = EntryKind::Decision(Decision::Ended);
    trace.push(at, 0, Phase::Extra, kind);
}

/// One more exchange at the end of a trace.
pub fn push(trace: &mut Trace, purpose: Purpose, request: Request, answer: &Answer) {
    let mut writer = Writer::after(std::mem::replace(trace, Trace::new("", trace.started)));
    writer.send(Phase::Mcp, purpose, Role::McpServer, request, answer);
    *trace = writer.trace;
}

/// One more exchange with the authorization server at the end of a trace.
pub fn push_to_server(trace: &mut Trace, purpose: Purpose, request: Request, answer: &Answer) {
    let mut writer = Writer::after(std::mem::replace(trace, Trace::new("", trace.started)));
    writer.send(
        Phase::Extra,
        purpose,
        Role::AuthorizationServer,
        request,
        answer,
    );
    *trace = writer.trace;
}

/// A request with a form to an endpoint of the authorization server.
pub fn post(path: &str, form: &[(&str, &str)]) -> Request {
    Request::new("POST", format!("{AS}{path}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(trace::encode_pairs(form.iter().copied()))
}

/// One more refresh at the end of a trace.
pub fn refresh(trace: &mut Trace, refresh_token: &str, answer: &Answer) {
    let grant = Grant::RefreshToken;
    let form = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh_token),
        ("client_id", "c1"),
    ];
    push_to_server(
        trace,
        Purpose::Token { grant },
        post("/token", &form),
        answer,
    );
}

/// One more call with this token at the end of a trace.
pub fn call(trace: &mut Trace, answer: &Answer, token: &str) {
    let mut writer = Writer::after(std::mem::replace(trace, Trace::new("", trace.started)));
    writer.call(answer, token);
    *trace = writer.trace;
}

/// One more decision at the end of a trace.
pub fn decide(trace: &mut Trace, decision: Decision) {
    let at = trace.entries.last().map_or(trace.started, |entry| entry.at);
    trace.push(at, 0, Phase::Extra, EntryKind::Decision(decision));
}

/// The finding of this code about a trace, whole and without secrets.
pub fn found_in(trace: &Trace, code: &str) -> Option<Finding> {
    let mut of_code = crate::diagnose(trace);
    of_code.retain(|finding| finding.code == code);
    assert!(of_code.len() < 2, "{code}: {of_code:#?}");
    let finding = of_code.pop()?;
    assert!(
        !finding.message.is_empty() && !finding.fix.is_empty(),
        "{finding:#?}"
    );
    assert!(!finding.title.ends_with('.'), "{}", finding.title);
    Some(finding)
}

/// The flow stops here.
pub fn stop(trace: &mut Trace, code: StopCode) {
    let stopped = Decision::Stopped {
        code,
        message: "stopped".into(),
        can_go_on: false,
    };
    trace.push(trace.started, 0, Phase::Mcp, EntryKind::Decision(stopped));
}
