//! What the parts of a message mean, each where it stands.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use trace::{CrossOrigin, EntryKind, Exchange, Purpose, Request, Response, pairs, query_pairs};

use super::meanings::{self, Meaning, Table};
use crate::decoded::{MeantPart, PartMeaning};

/// Told of one message at most; a stranger may send any number of members.
const MOST: usize = 400;

/// How deep a document is looked into.
const DEEPEST: usize = 8;

/// What the known parts of an entry's messages mean.
pub fn part_meanings(entry: &EntryKind) -> Vec<PartMeaning> {
    let mut found = Found::default();
    match entry {
        EntryKind::BrowserOpened(visit) => found.query(&visit.url),
        EntryKind::Exchange(exchange) => found.exchange(exchange),
        EntryKind::Decision(_) | EntryKind::Rewound { .. } => {}
    }
    found.told()
}

/// What the known parts of a request mean that was not sent yet.
pub fn part_meanings_of_request(purpose: &Purpose, request: &Request) -> Vec<PartMeaning> {
    let mut found = Found::default();
    found.request(purpose, request);
    found.told()
}

/// By where they stand, so that each is told once.
#[derive(Default)]
struct Found(BTreeMap<(u8, String), (MeantPart, Meaning)>);

impl Found {
    fn exchange(&mut self, exchange: &Exchange) {
        self.request(&exchange.purpose, &exchange.request);
        let Some(response) = exchange.response() else {
            return;
        };
        for header in &response.headers {
            self.header(MeantPart::ResponseHeader, &header.name);
        }
        let document = documents(&exchange.purpose).1;
        if let Some(table) = document {
            self.answer(response, table);
        }
    }

    fn answer(&mut self, response: &Response, table: Table) {
        let Ok(Value::Object(document)) = trace::json_value(&response.body.bytes) else {
            return;
        };
        if response.status >= 400 && table != Table::JsonRpc {
            self.members(MeantPart::ResponseMember, &document, Table::Error, "", 0);
        }
        self.members(MeantPart::ResponseMember, &document, table, "", 0);
    }

    fn request(&mut self, purpose: &Purpose, request: &Request) {
        for header in &request.headers {
            self.header(MeantPart::RequestHeader, &header.name);
        }
        if is_unknown(purpose) {
            return;
        }
        self.query(&request.url);
        let media = request.header_value("content-type").unwrap_or_default();
        if media.starts_with("application/x-www-form-urlencoded") {
            for pair in request.body.text().map(pairs).unwrap_or_default() {
                self.parameter(MeantPart::Form, &pair.name);
            }
        }
        if let (Some(table), Ok(Value::Object(document))) =
            (documents(purpose).0, trace::json_value(&request.body.bytes))
        {
            self.members(MeantPart::RequestMember, &document, table, "", 0);
        }
    }

    fn query(&mut self, url: &str) {
        for pair in query_pairs(url) {
            self.parameter(MeantPart::Query, &pair.name);
        }
    }

    fn parameter(&mut self, of: MeantPart, name: &str) {
        self.add(of, name.into(), meanings::meaning(Table::Parameters, name));
    }

    fn header(&mut self, of: MeantPart, name: &str) {
        self.add(of, name.to_ascii_lowercase(), meanings::of_header(name));
    }

    fn members(
        &mut self,
        of: MeantPart,
        object: &Map<String, Value>,
        table: Table,
        above: &str,
        depth: usize,
    ) {
        for (name, value) in object {
            let pointer = format!("{above}/{}", name.replace('~', "~0").replace('/', "~1"));
            self.add(of, pointer.clone(), meanings::meaning(table, name));
            let Some(inner) = within(table, name).filter(|_| depth < DEEPEST) else {
                continue;
            };
            match value {
                Value::Object(object) => self.members(of, object, inner, &pointer, depth + 1),
                Value::Array(items) => {
                    let below = format!("{pointer}/*");
                    for item in items.iter().filter_map(Value::as_object) {
                        self.members(of, item, inner, &below, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    /// What is known first of a place stays.
    fn add(&mut self, of: MeantPart, name: String, meaning: Option<Meaning>) {
        if let Some(meaning) = meaning
            && self.0.len() < MOST
        {
            self.0.entry((of as u8, name)).or_insert((of, meaning));
        }
    }

    fn told(self) -> Vec<PartMeaning> {
        let told = self
            .0
            .into_iter()
            .map(|((_, name), (of, meaning))| PartMeaning {
                of,
                name,
                meaning: meaning.text.into(),
                source: meaning.source.section(),
            });
        told.collect()
    }
}

/// What it was for is not known, so neither is what its parameters mean.
fn is_unknown(purpose: &Purpose) -> bool {
    matches!(
        purpose.original(),
        Purpose::Unrelated | Purpose::WithinPage | Purpose::Unknown
    )
}

/// What the JSON of a request, and that of its answer, are.
fn documents(purpose: &Purpose) -> (Option<Table>, Option<Table>) {
    match purpose.original() {
        Purpose::Challenge { .. } | Purpose::Mcp { .. } => {
            (Some(Table::JsonRpc), Some(Table::JsonRpc))
        }
        Purpose::ResourceMetadata { .. } => (None, Some(Table::Resource)),
        Purpose::ServerMetadata { .. } | Purpose::IdentityProviderMetadata { .. } => {
            (None, Some(Table::Server))
        }
        Purpose::Registration
        | Purpose::RegistrationRead
        | Purpose::RegistrationUpdate
        | Purpose::RegistrationDeletion => (Some(Table::Client), Some(Table::Client)),
        Purpose::ClientMetadata => (None, Some(Table::Client)),
        Purpose::Token { .. } | Purpose::Revocation { .. } => (None, Some(Table::Token)),
        Purpose::PushedAuthorization => (None, Some(Table::Pushed)),
        Purpose::DeviceAuthorization => (None, Some(Table::Device)),
        Purpose::Introspection { .. } | Purpose::Userinfo => (None, Some(Table::Claims)),
        Purpose::Jwks => (None, Some(Table::Key)),
        Purpose::FromPage { of } => match of {
            CrossOrigin::McpEndpoint | CrossOrigin::McpCall => {
                (Some(Table::JsonRpc), Some(Table::JsonRpc))
            }
            CrossOrigin::ResourceMetadata => (None, Some(Table::Resource)),
            CrossOrigin::ServerMetadata => (None, Some(Table::Server)),
            CrossOrigin::Registration => (Some(Table::Client), Some(Table::Client)),
            CrossOrigin::Token => (None, Some(Table::Token)),
        },
        Purpose::Authorization
        | Purpose::AuthorizationProbe
        | Purpose::Callback
        | Purpose::Preflight { .. }
        | Purpose::Unrelated
        | Purpose::WithinPage
        | Purpose::Unknown
        | Purpose::Copy { .. } => (None, None),
    }
}

/// What the objects in a member are.
fn within(table: Table, name: &str) -> Option<Table> {
    match (table, name) {
        (Table::JsonRpc, "params" | "result" | "error" | "_meta" | "data") => Some(Table::JsonRpc),
        (Table::JsonRpc, "tools") => Some(Table::Tool),
        (
            Table::JsonRpc,
            "clientInfo"
            | "serverInfo"
            | "io.modelcontextprotocol/clientInfo"
            | "io.modelcontextprotocol/serverInfo",
        ) => Some(Table::Implementation),
        (Table::Server, "mtls_endpoint_aliases") => Some(Table::Server),
        (Table::Client, "jwks") | (Table::Key, "keys") => Some(Table::Key),
        (Table::Token | Table::Claims, "authorization_details") => Some(Table::AuthorizationDetail),
        (Table::Claims, "cnf") => Some(Table::Confirmation),
        (Table::Claims, "act") => Some(Table::Claims),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::TokenKind;

    use super::*;
    use crate::sample::{Answer, Run, post, push_to_server};

    fn of(purpose: Purpose, request: Request, answer: &Answer) -> Vec<PartMeaning> {
        let mut trace = Run::healthy().trace();
        push_to_server(&mut trace, purpose, request, answer);
        part_meanings(&trace.entries.last().unwrap().kind)
    }

    fn told(all: &[PartMeaning], part: MeantPart) -> Vec<&str> {
        let of_part = all.iter().filter(|one| one.of == part);
        of_part.map(|one| one.name.as_str()).collect()
    }

    #[test]
    fn headers_parameters_and_members_are_told_where_they_stand() {
        let request = post("/introspect?audience=a", &[("token", "x"), ("own", "y")]);
        let answer = Answer::json(
            200,
            json!({"active": true, "cnf": {"jkt": "k", "own": 1}, "own": 2,
                   "authorization_details": [{"type": "a"}, {"type": "b", "actions": []}]}),
        );
        let token = TokenKind::AccessToken;
        let all = of(Purpose::Introspection { token }, request, &answer);
        assert_eq!(told(&all, MeantPart::Query), ["audience"]);
        assert_eq!(told(&all, MeantPart::Form), ["token"]);
        assert_eq!(
            told(&all, MeantPart::ResponseMember),
            [
                "/active",
                "/authorization_details",
                "/authorization_details/*/actions",
                "/authorization_details/*/type",
                "/cnf",
                "/cnf/jkt"
            ]
        );
        assert!(told(&all, MeantPart::RequestHeader).contains(&"content-type"));
        let active = all.iter().find(|one| one.name == "/active").unwrap();
        let section = active.source.as_ref().unwrap();
        assert_eq!(section.title, "RFC 7662 section 2.2");
    }

    #[test]
    fn an_error_means_what_errors_mean_and_a_stranger_s_request_is_left_alone() {
        let answer = Answer::json(400, json!({"error": "invalid_grant", "scope": "x"}));
        let grant = trace::Grant::AuthorizationCode;
        let all = of(Purpose::Token { grant }, post("/token", &[]), &answer);
        assert_eq!(told(&all, MeantPart::ResponseMember), ["/error", "/scope"]);
        let all = of(
            Purpose::Unknown,
            post("/x?code=1", &[("code", "1")]),
            &answer,
        );
        assert_eq!(told(&all, MeantPart::Query), [""; 0]);
        assert_eq!(told(&all, MeantPart::Form), [""; 0]);
        assert!(!told(&all, MeantPart::RequestHeader).is_empty());
    }

    #[test]
    fn any_number_of_members_and_any_depth_is_bounded() {
        let mut deep = json!({});
        for _ in 0..60 {
            deep = json!({ "act": deep, "sub": "x" });
        }
        let all = of(Purpose::Userinfo, post("/u", &[]), &Answer::json(200, deep));
        assert!(told(&all, MeantPart::ResponseMember).len() <= 2 * (DEEPEST + 1));
        let many: Map<String, Value> = (0..5_000).map(|at| (format!("m{at}"), json!(1))).collect();
        let all = of(
            Purpose::Userinfo,
            post("/u", &[]),
            &Answer::json(200, many.into()),
        );
        assert!(all.len() <= MOST);
    }
}
