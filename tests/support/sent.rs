//! What a run sent and decided, read from its trace.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};

use lab::{Lab, LabOptions};
use serde_json::Value;
use session::{Action, Registration, Status, ToolCall};
use trace::{
    ActionKind, Decision, EntryKind, Exchange, Grant, Jwt, Purpose, StopCode, pairs, query_pairs,
};

use crate::Watched;

pub async fn lab_with(change: impl FnOnce(&mut LabOptions)) -> Lab {
    let mut options = LabOptions::default();
    change(&mut options);
    Lab::start(options).await.expect("the lab opens its ports")
}

/// A client that needs no registration, with its secret.
pub fn client(id: &str, secret: Option<&str>) -> Registration {
    Registration::Preregistered {
        client_id: id.into(),
        client_secret: secret.map(Into::into),
        private_key_file: None,
        alg: None,
    }
}

/// A client that needs no registration and signs with this key.
pub fn client_with_key(id: &str, pem: &str) -> Registration {
    let file = kept(&format!("{id}.pem"), pem);
    Registration::Preregistered {
        client_id: id.into(),
        client_secret: None,
        private_key_file: Some(file),
        alg: None,
    }
}

/// A file with this content, for those options that name one.
pub fn kept(name: &str, content: &str) -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path =
        std::env::temp_dir().join(format!("authscope-{}-{number}-{name}", std::process::id()));
    std::fs::write(&path, content).expect("temporary files can be written");
    path.to_string_lossy().into_owned()
}

/// A call with a JSON object of arguments.
pub fn call(tool: &str, arguments: &str) -> ToolCall {
    ToolCall {
        tool: Some(tool.into()),
        arguments: serde_json::from_str(arguments).expect("a JSON object"),
    }
}

impl Watched {
    /// Does something with the tokens, to its end.
    pub async fn act(&mut self, kind: ActionKind) {
        let action = Action { kind, call: None };
        let begun = self.session.act(action).await;
        begun.unwrap_or_else(|error| panic!("{kind:?}: {error}"));
        self.rest().await;
    }

    /// Runs to the end without a finding.
    pub async fn passes(&mut self) {
        self.run().await;
        self.assert_done();
        self.assert_silent();
    }

    pub fn assert_silent(&self) {
        assert_eq!(self.codes(), [""; 0], "{:#?}", self.findings);
    }

    /// Why the run stopped: code, message, and whether one can go on.
    pub fn stop(&self) -> (StopCode, String, bool) {
        match &self.view().status {
            Status::Stopped {
                code,
                message,
                can_go_on,
            } => (*code, message.clone(), *can_go_on),
            other => panic!("{other:?}\n{}", self.exchanges().join("\n")),
        }
    }

    /// The exchanges for such a purpose, in order.
    pub fn sent(&self, fits: impl Fn(&Purpose) -> bool) -> Vec<Exchange> {
        let trace = self.session.trace();
        let fitting = trace
            .exchanges()
            .filter(|(_, exchange)| fits(&exchange.purpose));
        fitting.map(|(_, exchange)| exchange.clone()).collect()
    }

    /// The token requests for this grant.
    pub fn token_requests(&self, grant: Grant) -> Vec<Exchange> {
        self.sent(|purpose| *purpose == Purpose::Token { grant })
    }

    /// The calls of this JSON-RPC method that carried a token.
    pub fn calls(&self, method: &str) -> Vec<Exchange> {
        self.sent(|purpose| matches!(purpose, Purpose::Mcp { method: called } if called == method))
    }

    /// The parameters of each authorization request that the browser was sent with.
    pub fn authorization_requests(&self) -> Vec<HashMap<String, String>> {
        let trace = self.session.trace();
        let visits = trace.entries.iter().filter_map(|entry| match &entry.kind {
            EntryKind::BrowserOpened(visit) => Some(parameters(&visit.url)),
            _ => None,
        });
        visits.collect()
    }

    pub fn decisions(&self) -> Vec<Decision> {
        let trace = self.session.trace();
        let decided = trace
            .entries
            .iter()
            .filter_map(|entry| entry.decision().cloned());
        decided.collect()
    }

    /// The client_id that each authorization server was dealt with under, as decided.
    pub fn clients(&self) -> Vec<String> {
        let decided = self.decisions().into_iter();
        let ids = decided.filter_map(|decision| match decision {
            Decision::Client { client_id, .. } => Some(client_id),
            _ => None,
        });
        ids.collect()
    }

    /// Every URL that something was sent to, the browser's included.
    pub fn urls(&self) -> Vec<String> {
        let all = self.sent(|_| true);
        all.into_iter()
            .map(|exchange| exchange.request.url)
            .collect()
    }
}

/// The query of a URL; a parameter must not be there twice.
pub fn parameters(url: &str) -> HashMap<String, String> {
    unique(query_pairs(url))
}

/// The form that was sent.
pub fn form(exchange: &Exchange) -> HashMap<String, String> {
    unique(pairs(exchange.request.body.text().expect("a form is text")))
}

/// The JSON that was sent.
pub fn json_sent(exchange: &Exchange) -> Value {
    serde_json::from_slice(&exchange.request.body.bytes).expect("JSON was sent")
}

/// The JSON that came back.
pub fn json_answer(exchange: &Exchange) -> Value {
    let response = exchange.response().expect("there was an answer");
    serde_json::from_slice(&response.body.bytes).expect("the answer is JSON")
}

pub fn jwt(token: &str) -> Jwt {
    Jwt::read(token).unwrap_or_else(|error| panic!("{token}: {error}"))
}

/// A member of the answer that is a string.
pub fn told(exchange: &Exchange, name: &str) -> String {
    let answer = json_answer(exchange);
    answer[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {answer}"))
        .to_owned()
}

/// The parts of a scope, in order of the alphabet.
pub fn scopes(scope: &str) -> Vec<&str> {
    let mut parts: Vec<&str> = scope.split(' ').collect();
    parts.sort_unstable();
    parts
}

fn unique(pairs: Vec<trace::Pair>) -> HashMap<String, String> {
    let count = pairs.len();
    let unique: HashMap<String, String> = pairs
        .into_iter()
        .map(|pair| (pair.name, pair.value))
        .collect();
    assert_eq!(unique.len(), count, "a parameter is there twice");
    unique
}
