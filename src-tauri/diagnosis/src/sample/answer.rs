//! What a server answers in a trace made by hand.

use serde_json::Value;
use trace::{Body, Failure, FailureKind, Header, Outcome, Response};

/// What a server answers, or that it does not.
#[derive(Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<Header>,
    pub body: String,
    pub failure: Option<FailureKind>,
}

impl Answer {
    pub fn bare(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: String::new(),
            failure: None,
        }
    }

    pub fn json(status: u16, body: Value) -> Self {
        let mut answer = Self::bare(status).header("content-type", "application/json");
        answer.body = body.to_string();
        answer
    }

    pub fn html(status: u16, text: &str) -> Self {
        let mut answer = Self::bare(status).header("content-type", "text/html; charset=utf-8");
        answer.body = format!("<!doctype html><title>{text}</title>");
        answer
    }

    pub fn failed(kind: FailureKind) -> Self {
        Self {
            failure: Some(kind),
            ..Self::bare(0)
        }
    }

    /// In these words.
    pub fn failed_with(kind: FailureKind, words: &str) -> Self {
        Self {
            body: words.into(),
            ..Self::failed(kind)
        }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push(Header::new(name, value));
        self
    }

    pub fn drop_header(&mut self, name: &str) {
        self.headers
            .retain(|header| !header.name.eq_ignore_ascii_case(name));
    }

    /// Changes the JSON body.
    pub fn edit(&mut self, change: impl FnOnce(&mut Value)) {
        let mut body: Value = serde_json::from_str(&self.body).unwrap();
        change(&mut body);
        self.body = body.to_string();
    }

    pub fn outcome(&self) -> Outcome {
        match self.failure {
            Some(kind) => Outcome::Failure(Failure {
                kind,
                message: if self.body.is_empty() {
                    format!("{kind:?} at the host")
                } else {
                    self.body.clone()
                },
            }),
            None => Outcome::Response(Response {
                status: self.status,
                headers: self.headers.clone(),
                body: Body::new(self.body.clone().into_bytes()),
            }),
        }
    }
}
