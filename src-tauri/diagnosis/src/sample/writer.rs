//! Writes a run down as a trace.

use serde_json::Value;
use trace::{
    BrowserVisit, Decision, EntryKind, Exchange, Grant, Phase, Purpose, Request, Role, StopCode,
    Timestamp, Timings, Trace, encode_pairs, with_query,
};

use super::answer::Answer;
use super::run::Run;
use super::values::{MCP, REDIRECT};

pub struct Writer {
    pub trace: Trace,
    now: Timestamp,
}

impl Writer {
    pub fn new(server_url: &str) -> Self {
        let now = Timestamp(1_800_000_000_000_000);
        Self {
            trace: Trace::new(server_url, now),
            now,
        }
    }

    /// Goes on with a trace.
    pub fn after(trace: Trace) -> Self {
        let now = trace.entries.last().map_or(trace.started, |entry| entry.at);
        Self { trace, now }
    }

    /// None when the flow stops on the way.
    pub fn write(&mut self, run: &Run) -> Option<()> {
        self.first_call(run)?;
        self.discovery(run)?;
        self.registration(run)?;
        self.authorization(run)?;
        self.tokens(run)?;
        for decision in &run.decisions {
            self.decide(Phase::Mcp, decision.clone());
        }
        Some(())
    }

    fn first_call(&mut self, run: &Run) -> Option<()> {
        let revision = run.revision;
        self.decide(
            Phase::Challenge,
            Decision::Revision {
                revision,
                why: "chosen".into(),
            },
        );
        let method = "initialize".to_owned();
        let request = Request::new("POST", &run.server_url)
            .header("content-type", "application/json")
            .body(r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#);
        self.send(
            Phase::Challenge,
            Purpose::Challenge { method },
            Role::McpServer,
            request,
            &run.challenge,
        );
        self.stop(run, Phase::Challenge)
    }

    fn discovery(&mut self, run: &Run) -> Option<()> {
        for (source, url, answer) in &run.resource_tries {
            let purpose = Purpose::ResourceMetadata { source: *source };
            self.send(
                Phase::ResourceMetadata,
                purpose,
                Role::McpServer,
                Request::new("GET", url),
                answer,
            );
        }
        self.stop(run, Phase::ResourceMetadata)?;
        let issuer = run.issuer.clone();
        let offered = vec![issuer.clone()];
        self.decide(
            Phase::ServerMetadata,
            Decision::AuthorizationServer { issuer, offered },
        );
        for (well_known, url, answer) in &run.server_tries {
            let purpose = Purpose::ServerMetadata {
                issuer: run.issuer.clone(),
                well_known: *well_known,
            };
            let request = Request::new("GET", url);
            self.send(
                Phase::ServerMetadata,
                purpose,
                Role::AuthorizationServer,
                request,
                answer,
            );
        }
        self.stop(run, Phase::ServerMetadata)
    }

    fn registration(&mut self, run: &Run) -> Option<()> {
        if let Some((asked, answer)) = &run.registration {
            let request = Request::new("POST", format!("{}/register", run.issuer))
                .header("content-type", "application/json")
                .body(asked.to_string());
            self.send(
                Phase::Registration,
                Purpose::Registration,
                Role::AuthorizationServer,
                request,
                answer,
            );
        }
        self.stop(run, Phase::Registration)?;
        let (client_id, auth_method) = ("c1".to_owned(), "none".to_owned());
        self.decide(
            Phase::Registration,
            Decision::Client {
                client_id,
                how: "".into(),
                auth_method,
                issuer: Some(run.issuer.clone()),
            },
        );
        Some(())
    }

    fn authorization(&mut self, run: &Run) -> Option<()> {
        let query = run
            .authorization
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let url = with_query(&format!("{}/authorize", run.issuer), query);
        let visit = BrowserVisit {
            url: url.clone(),
            how: run.how,
        };
        self.push(Phase::Authorization, EntryKind::BrowserOpened(visit));
        for answer in &run.hops {
            let request = Request::new("GET", &url);
            self.send(
                Phase::Authorization,
                Purpose::Authorization,
                Role::AuthorizationServer,
                request,
                answer,
            );
        }
        for answer in &run.probes {
            self.send(
                Phase::Authorization,
                Purpose::AuthorizationProbe,
                Role::AuthorizationServer,
                Request::new("GET", &url),
                answer,
            );
        }
        if let Some(shows) = run.shows {
            self.decide(Phase::Authorization, Decision::BrowserShows { shows });
        }
        if let Some(query) = run.stray {
            let request = Request::new("GET", format!("{REDIRECT}?{query}"));
            self.send(
                Phase::Authorization,
                Purpose::Callback,
                Role::Client,
                request,
                &Answer::html(400, "This answer does not belong here"),
            );
        }
        let after_callback = [
            StopCode::AuthorizationError,
            StopCode::NoCode,
            StopCode::StateMismatch,
            StopCode::IssMismatch,
        ];
        let before = run
            .stop
            .is_none_or(|(_, code)| !after_callback.contains(&code));
        if before {
            self.stop(run, Phase::Authorization)?;
        }
        let query = run
            .callback
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let request = Request::new("GET", with_query(REDIRECT, query));
        self.send(
            Phase::Authorization,
            Purpose::Callback,
            Role::Client,
            request,
            &Answer::html(200, "Done"),
        );
        self.stop(run, Phase::Authorization)
    }

    fn tokens(&mut self, run: &Run) -> Option<()> {
        let exchange: Vec<(&str, &str)> = run
            .exchange
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let mut request = self.token_request(run, &exchange);
        if let Some(credentials) = &run.client_authentication {
            request = request.header("authorization", credentials.as_str());
        }
        let purpose = Purpose::Token {
            grant: Grant::AuthorizationCode,
        };
        self.send(
            Phase::Token,
            purpose,
            Role::AuthorizationServer,
            request,
            &run.token,
        );
        self.stop(run, Phase::Token)?;
        let token = issued(&run.token);
        for answer in &run.calls {
            self.call(answer, &token);
        }
        self.stop(run, Phase::Mcp)?;
        if let Some(answer) = &run.refresh {
            let request = self.token_request(
                run,
                &[
                    ("grant_type", "refresh_token"),
                    ("refresh_token", "refresh-1"),
                    ("client_id", "c1"),
                    ("resource", MCP),
                ],
            );
            let purpose = Purpose::Token {
                grant: Grant::RefreshToken,
            };
            self.send(
                Phase::Refresh,
                purpose,
                Role::AuthorizationServer,
                request,
                answer,
            );
            self.stop(run, Phase::Refresh)?;
            if answer.status == 200 {
                self.call(&run.calls[0], &issued(answer));
            }
        }
        Some(())
    }

    fn token_request(&self, run: &Run, form: &[(&str, &str)]) -> Request {
        Request::new("POST", format!("{}/token", run.issuer))
            .header("accept", "application/json")
            .header("content-type", "application/x-www-form-urlencoded")
            .body(encode_pairs(form.iter().copied()))
    }

    pub fn call(&mut self, answer: &Answer, token: &str) {
        let initializes = answer.body.contains("protocolVersion");
        let method = if initializes {
            "initialize"
        } else {
            "tools/list"
        }
        .to_owned();
        let request = Request::new("POST", MCP)
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(format!(
                r#"{{"jsonrpc":"2.0","id":2,"method":"{method}","params":{{}}}}"#
            ));
        self.send(
            Phase::Mcp,
            Purpose::Mcp { method },
            Role::McpServer,
            request,
            answer,
        );
    }

    fn stop(&mut self, run: &Run, phase: Phase) -> Option<()> {
        match run.stop {
            Some((after, code)) if after == phase => {
                self.decide(
                    phase,
                    Decision::Stopped {
                        code,
                        message: run.stop_message.into(),
                        can_go_on: false,
                    },
                );
                None
            }
            _ => Some(()),
        }
    }

    fn decide(&mut self, phase: Phase, decision: Decision) {
        self.push(phase, EntryKind::Decision(decision));
    }

    pub fn send(
        &mut self,
        phase: Phase,
        purpose: Purpose,
        role: Role,
        request: Request,
        answer: &Answer,
    ) {
        let origin = trace::origin_of(&request.url).unwrap_or_default();
        let exchange = Exchange {
            purpose,
            from: trace::ParticipantId::CLIENT,
            to: self.trace.participant(role, &origin),
            label: String::new(),
            request,
            edited: false,
            answer_edited: false,
            outcome: answer.outcome(),
            started: self.now,
            timings: Timings::default(),
            connection: None,
            verdict: None,
            recorded: trace::Recording::default(),
            client_side: None,
            server_side: None,
        };
        self.push(phase, EntryKind::Exchange(Box::new(exchange)));
    }

    fn push(&mut self, phase: Phase, kind: EntryKind) {
        self.now = self.now.plus(std::time::Duration::from_millis(5));
        self.trace.push(self.now, 0, phase, kind);
    }
}

/// The access token in an answer; what it is is of no matter when the flow cannot read it either.
fn issued(answer: &Answer) -> String {
    let body: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    body["access_token"].as_str().unwrap_or("none").to_owned()
}
