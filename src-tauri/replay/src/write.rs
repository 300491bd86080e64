//! The trace of a recording.

use std::collections::HashSet;

use trace::{
    BrowserVisit, Client, CrossOrigin, Decision, EntryKind, Exchange, FlowId, FlowInfo, Grant,
    HowOpened, Origin, Outcome, ParticipantId, Phase, Purpose, Recorded, Recording, Request,
    Response, Role, Trace, origin_of,
};

use crate::attempts::Told;
use crate::message::{asked, location, value};
use crate::purpose::{label, phase};
use crate::signatures::Signatures;

/// A trace of what was recorded, with its flows.
pub fn trace(bare: &Trace, told: Told) -> Trace {
    let flows: Vec<FlowInfo> = told
        .attempts
        .iter()
        .enumerate()
        .map(|(index, attempt)| FlowInfo {
            id: FlowId(index as u16),
            server_url: attempt.server().map(str::to_owned),
        })
        .collect();
    let server_url = flows.iter().find_map(|flow| flow.server_url.clone());
    let mut trace = Trace::recorded(
        bare.origin.clone(),
        Client::unknown(),
        server_url.unwrap_or_else(|| bare.server_url.clone()),
        bare.started,
    );
    trace.flows = flows;
    let called_back = codes(&told, |exchange| exchange.purpose == Purpose::Callback);
    let redeemed = codes(&told, |exchange| {
        let grant = Grant::AuthorizationCode;
        exchange.purpose == Purpose::Token { grant }
    });
    let mut writer = Writer {
        onward: vec![HashSet::new(); trace.flows.len()],
        visited: vec![None; trace.flows.len()],
        signatures: trace.flows.iter().map(|_| Signatures::default()).collect(),
        trace,
        unseen: redeemed.difference(&called_back).cloned().collect(),
    };
    for (of, exchange) in told.exchanges {
        writer.take(of, exchange);
    }
    let mut trace = writer.trace;
    // The time that a client was watched shows which requests never came.
    let ended = bare
        .entries
        .iter()
        .rfind(|entry| entry.decision() == Some(&Decision::Ended));
    if let Some(ended) = ended {
        trace.push_to(None, ended.at, 0, ended.phase, ended.kind.clone());
    }
    trace.client = diagnosis::client_of(&trace);
    let name = trace.client.name.clone();
    if let Some(client) = trace.participants.first_mut() {
        client.name = name;
    }
    trace
}

/// The codes in such requests, each with its flow.
fn codes(told: &Told, wanted: impl Fn(&Exchange) -> bool) -> HashSet<(usize, String)> {
    let all = told.exchanges.iter();
    let of_flow = all.filter(|(_, exchange)| wanted(exchange));
    of_flow
        .filter_map(|(of, exchange)| {
            let asked = asked(&exchange.request);
            Some(((*of)?, value(&asked, "code")?.to_owned()))
        })
        .collect()
}

struct Writer {
    trace: Trace,
    /// The URL that the browser of each flow was last sent to, until it came back.
    visited: Vec<Option<String>>,
    /// Where redirects led the browser of each flow.
    onward: Vec<HashSet<String>>,
    /// What is known of the tokens of each flow.
    signatures: Vec<Signatures>,
    /// Codes that were redeemed, and whose callback was not recorded.
    unseen: HashSet<(usize, String)>,
}

impl Writer {
    fn take(&mut self, of: Option<usize>, mut exchange: Exchange) {
        exchange.label = label(&exchange);
        let flow = of.map(|index| FlowId(index as u16));
        let phase = phase(&exchange.purpose);
        if let Some(index) = of {
            self.visit(index, phase, &exchange);
        }
        // Our proxy sends the browser on: what the server shows there is not seen.
        let sent_on = self.trace.origin == Origin::Observed
            && exchange.purpose == Purpose::Authorization
            && begins_authorization(&exchange.request);
        if sent_on && flow.is_some() {
            return;
        }
        (exchange.from, exchange.to) = self.between(&exchange, of);
        let at = exchange.started.plus(exchange.timings.total);
        let callback = of.and_then(|index| self.callback_of(index, &exchange));
        let checked = of.map(|index| self.signatures[index].take(&exchange));
        let kind = EntryKind::Exchange(Box::new(exchange));
        self.trace.push_to(flow, at, 0, phase, kind);
        for decision in checked.into_iter().flatten() {
            self.trace
                .push_to(flow, at, 0, phase, EntryKind::Decision(decision));
        }
        if let Some(callback) = callback {
            let kind = EntryKind::Exchange(Box::new(callback));
            self.trace.push_to(flow, at, 0, phase, kind);
        }
    }

    /// The first request of the browser shows that it was sent there.
    fn visit(&mut self, index: usize, phase: Phase, exchange: &Exchange) {
        let url = &exchange.request.url;
        let led_here = self.onward[index].contains(url);
        match exchange.purpose {
            Purpose::Callback => {
                self.visited[index] = None;
                self.onward[index].clear();
            }
            Purpose::Authorization if led_here => self.onward[index].extend(location(exchange)),
            Purpose::Authorization if begins_authorization(&exchange.request) => {
                self.onward[index].extend(location(exchange));
                // A client that looks first whether the server answers, and then the browser.
                if self.visited[index].as_ref() == Some(url) {
                    return;
                }
                self.visited[index] = Some(url.clone());
                let visit = EntryKind::BrowserOpened(BrowserVisit {
                    url: url.clone(),
                    how: HowOpened::System,
                });
                let flow = Some(FlowId(index as u16));
                self.trace.push_to(flow, exchange.started, 0, phase, visit);
            }
            _ => {}
        }
    }

    /// The callback that a redirect shows, where the request itself was not recorded: a proxy does
    /// not see what the browser sends to this machine.
    fn callback_of(&mut self, index: usize, exchange: &Exchange) -> Option<Exchange> {
        if exchange.purpose != Purpose::Authorization {
            return None;
        }
        let url = location(exchange)?;
        let code = value(&trace::query_pairs(&url), "code")?.to_owned();
        if !self.unseen.remove(&(index, code)) {
            return None;
        }
        self.visited[index] = None;
        let mut callback = Exchange {
            purpose: Purpose::Callback,
            from: ParticipantId::BROWSER,
            to: ParticipantId::CLIENT,
            request: Request::new("GET", url),
            outcome: Outcome::Response(Response {
                status: 200,
                headers: Vec::new(),
                body: trace::Body::empty(),
            }),
            started: exchange.started.plus(exchange.timings.total),
            timings: trace::Timings::default(),
            recorded: Recording {
                request_headers: Recorded::NotRecorded,
                request_body: Recorded::Whole,
                response_headers: Recorded::NotRecorded,
                response_body: Recorded::NotRecorded,
                times: exchange.recorded.times,
                checked: exchange.recorded.checked,
                ..Recording::default()
            },
            ..exchange.clone()
        };
        callback.label = format!("{}, seen in the redirect", label(&callback));
        Some(callback)
    }

    fn between(
        &mut self,
        exchange: &Exchange,
        of: Option<usize>,
    ) -> (ParticipantId, ParticipantId) {
        let purpose = &exchange.purpose;
        if *purpose == Purpose::Callback {
            return (ParticipantId::BROWSER, ParticipantId::CLIENT);
        }
        let from = match purpose {
            Purpose::Authorization | Purpose::WithinPage => ParticipantId::BROWSER,
            _ => ParticipantId::CLIENT,
        };
        let url = &exchange.request.url;
        let origin = place(url);
        let server = of.and_then(|index| self.trace.flows[index].server_url.clone());
        let own = server.as_deref().and_then(origin_of).as_deref() == Some(origin.as_str());
        let known = |role| {
            let mut all = self.trace.participants.iter();
            all.any(|one| one.role == role && one.origin.as_deref() == Some(origin.as_str()))
        };
        let role = match purpose {
            Purpose::IdentityProviderMetadata { .. }
            | Purpose::Token {
                grant: Grant::TokenExchange,
            } => Role::IdentityProvider,
            Purpose::Unrelated => Role::Other,
            Purpose::Challenge { .. }
            | Purpose::Mcp { .. }
            | Purpose::Unknown
            | Purpose::ResourceMetadata { .. }
            | Purpose::Preflight {
                of: CrossOrigin::McpEndpoint | CrossOrigin::McpCall | CrossOrigin::ResourceMetadata,
            }
            | Purpose::FromPage {
                of: CrossOrigin::McpEndpoint | CrossOrigin::McpCall | CrossOrigin::ResourceMetadata,
            } => {
                if own {
                    Role::McpServer
                } else {
                    Role::Other
                }
            }
            Purpose::Authorization if known(Role::AuthorizationServer) => Role::AuthorizationServer,
            Purpose::Authorization if known(Role::McpServer) => Role::McpServer,
            Purpose::Authorization if !begins_authorization(&exchange.request) => Role::Other,
            _ => Role::AuthorizationServer,
        };
        (from, self.trace.participant(role, &origin))
    }
}

/// Where a URL leads: its origin, that of the page which made it, or its scheme and host.
fn place(url: &str) -> String {
    let url = url.strip_prefix("blob:").unwrap_or(url);
    origin_of(url).unwrap_or_else(|| {
        let (scheme, rest) = url.split_once(':').unwrap_or((url, ""));
        let host = rest.strip_prefix("//").unwrap_or_default();
        let host = host.split(['/', '?', '#']).next().unwrap_or_default();
        if host.is_empty() {
            format!("{scheme}:")
        } else {
            format!("{scheme}://{host}")
        }
    })
}

/// Whether it is the authorization request itself, and no page after it.
fn begins_authorization(request: &Request) -> bool {
    let asked = asked(request);
    let has = |name| value(&asked, name).is_some();
    has("client_id") && (has("response_type") || has("request_uri")) || has("code_challenge")
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn what_has_no_origin_has_a_place() {
        for (url, expected) in [
            (
                "https://mcp.example:8443/mcp?a=b",
                "https://mcp.example:8443",
            ),
            ("blob:https://app.example/0a1b-2c3d", "https://app.example"),
            ("mcp://files/tools/list", "mcp://files"),
            ("data:text/css,a{}", "data:"),
        ] {
            assert_eq!(place(url), expected);
        }
    }
}
