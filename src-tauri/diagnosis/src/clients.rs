//! Which client sent the requests of a trace: by what it says of itself, and by the library that
//! its `User-Agent` names.

use serde_json::Value;
use trace::{Client, Evidence, Exchange, Origin, Purpose, Trace};

/// What is known of a client by the name it registers or initializes with. In lower case.
const APPLICATIONS: [(&str, &str); 4] = [
    ("inspector", "MCP Inspector"),
    ("mcp-remote", "mcp-remote"),
    ("mcp cli proxy", "mcp-remote"),
    ("fastmcp", "FastMCP"),
];

/// Libraries by the product of their `User-Agent`, in lower case; they say little of the program.
const LIBRARIES: [(&str, &str); 4] = [
    ("node", "a client on Node.js"),
    ("undici", "a client on Node.js"),
    ("python-httpx", "a client on Python (httpx)"),
    ("go-http-client", "a client on Go"),
];

/// MCP Inspector's own callback, under the port that it has unless another is chosen.
const INSPECTOR_CALLBACK: &str = ":6274/oauth/callback";

/// The client of a trace, with the evidence for it. Our own runs are ours without any.
pub fn client_of(trace: &Trace) -> Client {
    if trace.origin == Origin::Live {
        return trace.client.clone();
    }
    let mut told = Told::default();
    for (entry, exchange) in trace.exchanges() {
        told.take(entry.seq, exchange);
    }
    told.client().unwrap_or_else(|| trace.client.clone())
}

/// What the requests say of their client.
#[derive(Default)]
struct Told {
    /// Of the registration: the name that the user sees.
    registered: Option<String>,
    /// `clientInfo` of `initialize`: name and version.
    initialized: Option<(String, Option<String>)>,
    library: Option<&'static str>,
    evidence: Vec<Evidence>,
}

impl Told {
    fn take(&mut self, seq: u32, exchange: &Exchange) {
        if matches!(exchange.purpose, Purpose::Callback | Purpose::Unrelated) {
            return;
        }
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let body: Value = serde_json::from_slice(&exchange.request.body.bytes).unwrap_or_default();
        if exchange.purpose == Purpose::Registration {
            if let Some(name) = text(&body["client_name"]) {
                self.saw(seq, format!("client_name \"{name}\" in the registration"));
                self.registered.get_or_insert(name);
            }
            let uris = body["redirect_uris"].as_array().into_iter().flatten();
            let mut uris = uris.filter_map(Value::as_str);
            if let Some(uri) = uris.find(|uri| uri.ends_with(INSPECTOR_CALLBACK)) {
                self.saw(seq, format!("redirect URI {uri}"));
                self.registered
                    .get_or_insert_with(|| "MCP Inspector".into());
            }
        }
        let info = &body["params"]["clientInfo"];
        if let Some(name) = text(&info["name"]) {
            self.saw(seq, format!("clientInfo \"{name}\""));
            self.initialized
                .get_or_insert((name, text(&info["version"])));
        }
        if let Some(agent) = exchange.request.header_value("user-agent") {
            let lower = agent.to_ascii_lowercase();
            let known = LIBRARIES
                .iter()
                .find(|(product, _)| lower.starts_with(product));
            if let Some((_, library)) = known {
                self.saw(seq, format!("User-Agent \"{agent}\""));
                self.library.get_or_insert(library);
            }
        }
    }

    fn saw(&mut self, entry: u32, what: String) {
        if !self.evidence.iter().any(|known| known.what == what) {
            let entry = Some(entry);
            self.evidence.push(Evidence { entry, what });
        }
    }

    fn client(self) -> Option<Client> {
        let version = self
            .initialized
            .as_ref()
            .and_then(|(_, version)| version.clone());
        let own = self.registered.or(self.initialized.map(|(name, _)| name));
        let name = own.map(|name| application(&name).map_or(name, str::to_owned));
        Some(Client {
            name: name.or(self.library.map(str::to_owned))?,
            version,
            evidence: self.evidence,
        })
    }
}

fn application(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let known = APPLICATIONS.iter().find(|(part, _)| lower.contains(part));
    known.map(|(_, application)| *application)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Request, Timestamp};

    use super::*;
    use crate::sample::{Answer, push};

    fn recorded(bodies: &[(Purpose, Value)], agent: &str) -> Trace {
        let origin = Origin::Observed;
        let url = "https://mcp.example/mcp";
        let mut trace = Trace::recorded(origin, Client::unknown(), url, Timestamp(0));
        for (purpose, body) in bodies {
            let request = Request::new("POST", url)
                .header("User-Agent", agent)
                .body(body.to_string());
            push(&mut trace, purpose.clone(), request, &Answer::bare(200));
        }
        trace
    }

    #[test]
    fn an_application_is_known_by_what_it_says_of_itself() {
        let registration = json!({"client_name": "MCP Inspector", "redirect_uris": []});
        let first = json!({"method": "initialize",
                           "params": {"clientInfo": {"name": "inspector-client", "version": "2.12.0"}}});
        let method = "initialize".to_owned();
        let all = [
            (Purpose::Registration, registration),
            (Purpose::Challenge { method }, first),
        ];
        let client = client_of(&recorded(&all, "node"));
        assert_eq!(client.name, "MCP Inspector");
        assert_eq!(client.version.as_deref(), Some("2.12.0"));
        let said: Vec<&str> = client
            .evidence
            .iter()
            .map(|one| one.what.as_str())
            .collect();
        assert_eq!(
            said,
            [
                "client_name \"MCP Inspector\" in the registration",
                "User-Agent \"node\"",
                "clientInfo \"inspector-client\""
            ]
        );
    }

    #[test]
    fn a_redirect_uri_or_a_library_is_better_than_nothing() {
        let registration = json!({"redirect_uris": ["http://127.0.0.1:6274/oauth/callback"]});
        let all = [(Purpose::Registration, registration)];
        assert_eq!(client_of(&recorded(&all, "x")).name, "MCP Inspector");
        let all = [(Purpose::Jwks, Value::Null)];
        let client = client_of(&recorded(&all, "python-httpx/0.28"));
        assert_eq!(client.name, "a client on Python (httpx)");
        assert_eq!(client_of(&recorded(&all, "curl/8")), Client::unknown());
    }

    #[test]
    fn our_own_runs_are_ours() {
        let trace = crate::sample::Run::healthy().trace();
        assert_eq!(client_of(&trace).name, "Authscope");
    }
}
