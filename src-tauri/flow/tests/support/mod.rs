//! A flow that is played without a network.
#![allow(dead_code)] // Each test file uses a part of it.

use flow::{Env, Flow, Next, Plan, Seed, Setup, Step, StepOutcome, Transition};
use trace::{
    Body, Decision, Header, Outcome, Request, Response, Revision, StopCode, Timestamp, VerdictKind,
    query_pairs,
};

pub const SERVER: &str = "https://mcp.example/mcp";
pub const ISSUER: &str = "https://as.example";
pub const REDIRECT: &str = "http://127.0.0.1:40000/callback";

pub struct Play {
    pub setup: Setup,
    pub flow: Flow,
    pub decisions: Vec<Decision>,
    pub last: Option<VerdictKind>,
}

impl Play {
    pub fn new(revision: Option<Revision>) -> Self {
        let mut setup = Setup::new(SERVER, Seed([7; 32]));
        setup.revision = revision;
        let flow = Flow::new(&setup);
        Self {
            setup,
            flow,
            decisions: Vec::new(),
            last: None,
        }
    }

    pub fn plan(&self) -> Plan {
        self.try_plan().expect("a request is next")
    }

    pub fn try_plan(&self) -> Option<Plan> {
        match self.flow.next(&self.setup) {
            Next::Send(plan) | Next::Browse(plan) => Some(plan),
            _ => None,
        }
    }

    pub fn see(&mut self, seen: StepOutcome<'_>) -> &mut Self {
        let transition = self.flow.clone().judge(&self.setup, seen, &mut env());
        self.take(transition)
    }

    /// Goes on where the flow stopped, and marks that.
    pub fn go_on(&mut self) -> &mut Self {
        let flow = self.flow.clone();
        let transition = flow
            .go_on_anyway(&self.setup, &mut env())
            .expect("a way on");
        self.take(transition)
    }

    pub fn take(&mut self, judged: Transition) -> &mut Self {
        self.decisions.extend(judged.decisions);
        self.last = judged.verdict.map(|verdict| verdict.kind);
        self.flow = judged.flow;
        self
    }

    pub fn answer(&mut self, status: u16, headers: &[(&str, &str)], body: &str) -> &mut Self {
        let request = self.plan().request;
        let outcome = response(status, headers, body);
        self.see(StepOutcome::Answer {
            request: &request,
            outcome: &outcome,
        })
    }

    pub fn json(&mut self, status: u16, body: &serde_json::Value) -> &mut Self {
        self.answer(status, &[], &body.to_string())
    }

    pub fn challenged(&mut self) -> &mut Self {
        let url = "https://mcp.example/.well-known/oauth-protected-resource/mcp";
        let value = format!("Bearer resource_metadata=\"{url}\", scope=\"mcp:read\"");
        self.answer(401, &[("www-authenticate", &value)], "")
    }

    pub fn resource(&mut self, resource: &str) -> &mut Self {
        self.json(
            200,
            &serde_json::json!({ "resource": resource, "authorization_servers": [ISSUER] }),
        )
    }

    pub fn metadata(&mut self, change: impl FnOnce(&mut serde_json::Value)) -> &mut Self {
        let mut body = serde_json::json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://as.example/authorize",
            "token_endpoint": "https://as.example/token",
            "registration_endpoint": "https://as.example/register",
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        });
        change(&mut body);
        self.json(200, &body)
    }

    /// A stream of events that ends here.
    pub fn stream(&mut self, events: &str) -> &mut Self {
        let request = self.plan().request;
        let outcome = Outcome::Response(Response {
            status: 200,
            headers: vec![Header::new("content-type", "text/event-stream")],
            body: Body::new(events.into()),
        });
        self.see(StepOutcome::Answer {
            request: &request,
            outcome: &outcome,
        })
    }

    pub fn registered(&mut self) -> &mut Self {
        self.registered_as(&serde_json::json!({
            "client_id": "c1", "token_endpoint_auth_method": "none",
        }))
    }

    pub fn registered_as(&mut self, answer: &serde_json::Value) -> &mut Self {
        self.see(StepOutcome::Listening {
            redirect_uri: REDIRECT,
        });
        self.json(201, answer)
    }

    /// The browser comes back with these parameters; `STATE` stands for the state that was sent.
    pub fn callback(&mut self, query: &str) -> &mut Self {
        let sent = query_pairs(&self.plan().request.url);
        let state = sent
            .iter()
            .find(|pair| pair.name == "state")
            .expect("a state is sent")
            .value
            .clone();
        let request = Request::new(
            "GET",
            format!("{REDIRECT}?{}", query.replace("STATE", &state)),
        );
        self.see(StepOutcome::Callback { request: &request })
    }

    pub fn to_callback(revision: Option<Revision>) -> Self {
        let client = serde_json::json!({ "client_id": "c1", "token_endpoint_auth_method": "none" });
        Self::to_callback_as(revision, &client)
    }

    pub fn to_callback_as(revision: Option<Revision>, client: &serde_json::Value) -> Self {
        let mut play = Self::new(revision);
        play.challenged().resource(SERVER).metadata(|_| {});
        play.registered_as(client);
        assert!(matches!(play.flow.step, Step::ExpectCallback { .. }));
        play
    }

    pub fn stopped(&self) -> Option<(StopCode, bool)> {
        match &self.flow.step {
            Step::Stopped {
                code, can_go_on, ..
            } => Some((*code, *can_go_on)),
            _ => None,
        }
    }
}

/// A JSON answer.
pub fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Outcome {
    let mut all: Vec<Header> = headers
        .iter()
        .map(|(name, value)| Header::new(name, *value))
        .collect();
    all.push(Header::new("content-type", "application/json"));
    Outcome::Response(Response {
        status,
        headers: all,
        body: Body::new(body.into()),
    })
}

/// The second 1 since 1970, and bytes that count.
pub fn env() -> Env<'static> {
    let mut byte = 0;
    let random: &'static mut dyn FnMut(&mut [u8]) =
        Box::leak(Box::new(move |bytes: &mut [u8]| {
            for random in bytes {
                byte += 1;
                *random = byte;
            }
        }));
    Env {
        now: Timestamp(1_000_000),
        random,
    }
}
