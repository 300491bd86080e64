//! Which client sent the requests of a trace: by what it says of itself, and by the library that
//! its `User-Agent` names.

use clients::Sign;
use serde_json::Value;
use trace::{Client, Evidence, Exchange, Origin, Purpose, Trace, query_pairs};

use crate::fields::value;

/// Libraries by the product of their `User-Agent`, in lower case; they say little of the program.
const LIBRARIES: [(&str, &str); 4] = [
    ("node", "a client on Node.js"),
    ("undici", "a client on Node.js"),
    ("python-httpx", "a client on Python (httpx)"),
    ("go-http-client", "a client on Go"),
];

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
    agents: Vec<String>,
    redirect_uris: Vec<String>,
    /// URLs of client metadata documents.
    documents: Vec<String>,
    /// Origins that requests came from.
    pages: Vec<String>,
    library: Option<&'static str>,
    evidence: Vec<Evidence>,
}

impl Told {
    fn take(&mut self, seq: u32, exchange: &Exchange) {
        if exchange.purpose == Purpose::Callback || exchange.purpose.is_of_no_flow() {
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
            for uri in uris.filter_map(Value::as_str) {
                self.take_redirect_uri(seq, uri);
            }
        }
        if exchange.purpose == Purpose::Authorization {
            let asked = query_pairs(&exchange.request.url);
            if let Some(uri) = value(&asked, "redirect_uri") {
                self.take_redirect_uri(seq, uri);
            }
            let document = value(&asked, "client_id").filter(|id| id.starts_with("https://"));
            if let Some(id) = document {
                self.saw(seq, format!("client_id {id}"));
                self.documents.push(id.to_owned());
            }
        }
        let info = if body["params"]["clientInfo"].is_object() {
            &body["params"]["clientInfo"]
        } else {
            &body["params"]["_meta"]["io.modelcontextprotocol/clientInfo"]
        };
        if let Some(name) = text(&info["name"]) {
            self.saw(seq, format!("clientInfo \"{name}\""));
            self.initialized
                .get_or_insert((name, text(&info["version"])));
        }
        let page = exchange.request.header_value("origin");
        let page = page.filter(|page| clients::recognize(&[Sign::Page(page)]).is_some());
        if let Some(page) = page {
            self.saw(seq, format!("Origin {page}"));
            self.pages.push(page.to_owned());
        }
        // What the browser says of itself is not the client's.
        let agent = exchange.request.header_value("user-agent");
        if let Some(agent) = agent.filter(|_| exchange.purpose != Purpose::Authorization) {
            self.take_agent(seq, agent);
        }
    }

    fn take_redirect_uri(&mut self, seq: u32, uri: &str) {
        if clients::recognize(&[Sign::RedirectUri(uri)]).is_some() {
            self.saw(seq, format!("redirect URI {uri}"));
            self.redirect_uris.push(uri.to_owned());
        }
    }

    fn take_agent(&mut self, seq: u32, agent: &str) {
        let lower = agent.to_ascii_lowercase();
        let known = LIBRARIES
            .iter()
            .find(|(product, _)| lower.starts_with(product));
        if known.is_none() && clients::recognize(&[Sign::UserAgent(agent)]).is_none() {
            return;
        }
        self.saw(seq, format!("User-Agent \"{agent}\""));
        if !self.agents.iter().any(|known| known == agent) {
            self.agents.push(agent.to_owned());
        }
        if let Some((_, library)) = known {
            self.library.get_or_insert(library);
        }
    }

    fn saw(&mut self, entry: u32, what: String) {
        if !self.evidence.iter().any(|known| known.what == what) {
            let entry = Some(entry);
            self.evidence.push(Evidence { entry, what });
        }
    }

    fn client(self) -> Option<Client> {
        let mut signs: Vec<Sign<'_>> = Vec::new();
        signs.extend(self.registered.as_deref().map(Sign::ClientName));
        let initialized = self.initialized.as_ref();
        signs.extend(initialized.map(|(name, _)| Sign::ClientInfo(name)));
        signs.extend(self.redirect_uris.iter().map(|uri| Sign::RedirectUri(uri)));
        signs.extend(self.documents.iter().map(|id| Sign::ClientId(id)));
        signs.extend(self.pages.first().map(|page| Sign::Page(page)));
        let by_words = clients::recognize(&signs);
        signs.extend(self.agents.iter().map(|agent| Sign::UserAgent(agent)));
        let version = initialized.and_then(|(_, version)| version.clone());
        let own = self
            .registered
            .clone()
            .or_else(|| initialized.map(|(name, _)| name.clone()));
        // A library says less than a name that nobody knows.
        let known = match own {
            Some(_) => by_words,
            None => clients::recognize(&signs),
        };
        let known = known.map(|profile| profile.name.clone());
        Some(Client {
            name: known.or(own).or(self.library.map(str::to_owned))?,
            version,
            evidence: self.evidence,
        })
    }
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
