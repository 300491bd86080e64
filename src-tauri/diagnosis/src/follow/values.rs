//! Every named value of a trace, with where it stands and how it is wrapped there.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use trace::{
    EntryKind, Exchange, FlowId, Header, Jwt, Pair, Request, Response, Trace, challenges,
    json_value, pairs, query_pairs,
};

use crate::finding::Part;

/// Bytes of a body that is read for values: documents and token answers are far smaller.
const LONGEST_BODY: usize = 1 << 20;

/// Members of one body at most.
const MOST_MEMBERS: usize = 5_000;

/// A value and where it stands.
pub(crate) struct Seen {
    pub entry: u32,
    pub flow: Option<FlowId>,
    pub part: Part,
    pub name: String,
    pub value: String,
    pub how: Option<String>,
}

/// Every value, in the order of the entries.
pub(crate) fn all(trace: &Trace) -> Vec<Seen> {
    let mut seen = Vec::new();
    for entry in &trace.entries {
        let mut of = Reader {
            entry: entry.seq,
            flow: entry.flow,
            seen: &mut seen,
        };
        match &entry.kind {
            EntryKind::Exchange(exchange) => of.exchange(exchange),
            EntryKind::BrowserOpened(visit) => of.url(&visit.url, &Part::RequestUrl),
            EntryKind::Decision(_) | EntryKind::Rewound { .. } => {}
        }
    }
    seen
}

struct Reader<'s> {
    entry: u32,
    flow: Option<FlowId>,
    seen: &'s mut Vec<Seen>,
}

impl Reader<'_> {
    fn exchange(&mut self, exchange: &Exchange) {
        self.request(&exchange.request);
        if let Some(response) = exchange.response() {
            self.response(response);
        }
    }

    fn request(&mut self, request: &Request) {
        self.url(&request.url, &Part::RequestUrl);
        for header in &request.headers {
            let name = header.name.clone();
            self.header(header, &Part::RequestHeader { name });
        }
        let Some(text) = text_of(&request.body.bytes) else {
            return;
        };
        if request
            .header_value("content-type")
            .is_some_and(|kind| kind.contains("form-urlencoded"))
        {
            self.pairs(pairs(text), &Part::RequestBody);
        } else if let Ok(value) = json_value(text.as_bytes()) {
            let mut left = MOST_MEMBERS;
            self.json(&value, "", "", &mut left, &|_| Part::RequestBody);
        }
    }

    fn response(&mut self, response: &Response) {
        for header in &response.headers {
            let name = header.name.clone();
            let part = Part::ResponseHeader { name };
            if header.name.eq_ignore_ascii_case("location") {
                self.url(&header.value, &part);
            } else {
                self.header(header, &part);
            }
        }
        for challenge in challenges(response).unwrap_or_default() {
            let name = "www-authenticate".to_owned();
            for (parameter, value) in challenge.parameters {
                let part = Part::ResponseHeader { name: name.clone() };
                self.value(&parameter, value, &part, None);
            }
        }
        let read = text_of(&response.body.bytes).map(|text| json_value(text.as_bytes()));
        if let Some(Ok(value)) = read {
            let mut left = MOST_MEMBERS;
            self.json(&value, "", "", &mut left, &|pointer| Part::ResponseBody {
                pointer: pointer.to_owned(),
            });
        }
    }

    /// The URL without its query, as identifiers of servers are written, and what is in the query.
    fn url(&mut self, url: &str, part: &Part) {
        let bare = url.split(['?', '#']).next().unwrap_or(url);
        self.add("URL", bare.to_owned(), part, None);
        self.pairs(query_pairs(url), part);
        if let Some((_, fragment)) = url.split_once('#') {
            self.pairs(pairs(fragment), part);
        }
    }

    fn pairs(&mut self, all: Vec<Pair>, part: &Part) {
        for pair in all {
            self.value(&pair.name, pair.value, part, None);
        }
    }

    fn header(&mut self, header: &Header, part: &Part) {
        let value = header.value.trim();
        if !header.name.eq_ignore_ascii_case("authorization") {
            self.value(&header.name, value.to_owned(), part, None);
            return;
        }
        let (scheme, rest) = value.split_once(' ').unwrap_or(("", value));
        if !scheme.eq_ignore_ascii_case("basic") {
            self.value(&header.name, rest.trim().to_owned(), part, None);
            return;
        }
        // RFC 6749 section 2.3.1: both are form-encoded before Basic joins them.
        let decoded = STANDARD.decode(rest.trim()).unwrap_or_default();
        let text = String::from_utf8(decoded).unwrap_or_default();
        if let Some((id, secret)) = text.split_once(':') {
            for (name, encoded) in [("client_id", id), ("client_secret", secret)] {
                let value = pairs(&format!("v={encoded}"));
                let value = value.into_iter().next().map_or(String::new(), |p| p.value);
                self.value(name, value, part, Some("in Basic credentials"));
            }
        }
    }

    fn json(
        &mut self,
        value: &Value,
        name: &str,
        pointer: &str,
        left: &mut usize,
        part: &dyn Fn(&str) -> Part,
    ) {
        if *left == 0 {
            return;
        }
        *left -= 1;
        match value {
            Value::Object(members) => {
                for (member, value) in members {
                    let token = member.replace('~', "~0").replace('/', "~1");
                    self.json(value, member, &format!("{pointer}/{token}"), left, part);
                }
            }
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    self.json(item, name, &format!("{pointer}/{at}"), left, part);
                }
            }
            Value::String(text) => self.value(name, text.clone(), &part(pointer), None),
            Value::Number(number) => self.add(name, number.to_string(), &part(pointer), None),
            Value::Bool(_) | Value::Null => {}
        }
    }

    /// A value, and what is in it: the items of a list with blanks, the claims of a token.
    fn value(&mut self, name: &str, value: String, part: &Part, how: Option<&str>) {
        if is_list(name) && value.contains(' ') {
            for item in value.split_ascii_whitespace() {
                self.add(name, item.to_owned(), part, Some("one of several"));
            }
        }
        if let Ok(jwt) = Jwt::read(&value) {
            let wrapped = format!("claim of {}", name.to_ascii_lowercase());
            self.claims(&jwt.claims, part, &wrapped);
            if let Some(jwk) = jwt.header.get("jwk") {
                let how = format!("header of {}", name.to_ascii_lowercase());
                self.add("jwk", jwk.to_string(), part, Some(&how));
            }
            if let Some(alg) = jwt.header.get("alg").and_then(Value::as_str) {
                let how = format!("header of {}", name.to_ascii_lowercase());
                self.add("alg", alg.to_owned(), part, Some(&how));
            }
        }
        self.add(name, value, part, how);
    }

    fn claims(&mut self, claims: &Map<String, Value>, part: &Part, how: &str) {
        for (name, value) in claims {
            match value {
                Value::String(text) => {
                    if is_list(name) {
                        for item in text.split_ascii_whitespace() {
                            self.add(name, item.to_owned(), part, Some(how));
                        }
                    }
                    self.add(name, text.clone(), part, Some(how));
                }
                Value::Array(items) => {
                    for item in items.iter().filter_map(Value::as_str) {
                        self.add(name, item.to_owned(), part, Some(how));
                    }
                }
                // `cnf` names the key that the token is bound to.
                Value::Object(members) => {
                    for (member, value) in members {
                        if let Some(text) = value.as_str() {
                            let name = format!("{name}.{member}");
                            self.add(&name, text.to_owned(), part, Some(how));
                        }
                    }
                }
                Value::Number(number) => self.add(name, number.to_string(), part, Some(how)),
                Value::Bool(_) | Value::Null => {}
            }
        }
    }

    fn add(&mut self, name: &str, value: String, part: &Part, how: Option<&str>) {
        if value.is_empty() {
            return;
        }
        self.seen.push(Seen {
            entry: self.entry,
            flow: self.flow,
            part: part.clone(),
            name: name.to_owned(),
            value,
            how: how.map(str::to_owned),
        });
    }
}

/// Whether blanks separate the values of a parameter of this name.
fn is_list(name: &str) -> bool {
    matches!(
        name,
        "scope" | "scp" | "response_type" | "acr_values" | "prompt"
    )
}

fn text_of(bytes: &[u8]) -> Option<&str> {
    let readable = !bytes.is_empty() && bytes.len() <= LONGEST_BODY;
    std::str::from_utf8(bytes).ok().filter(|_| readable)
}
