use std::collections::HashMap;

use serde_json::Value;

use crate::conduct::{with_workaround, without_loopback_port, without_workaround};
use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, object, text};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_CLIENT_REDIRECT_URI, RFC8252_LOOPBACK};
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// The `redirect_uri` that a client which was watched or recorded sends, against the ones that
    /// it registered in the same run.
    ///
    /// # Why it matters
    /// An authorization server compares both byte for byte and refuses what differs. Only the port
    /// of a loopback address may be another one, and not every server lets that through.
    ///
    /// # How to fix
    /// In the client: register the redirect URI that it listens on, and send exactly that. The
    /// authorization server has to let any port through for loopback addresses.
    ///
    /// # References
    /// MCP authorization, "Open Redirection"; RFC 8252 section 7.3.
    "K10" "redirect_uri_not_registered" Error Client since None,
    title: "The client sends a redirect URI that it did not register",
    variants: [
        OTHER_PORT: Note Client Certain
            "The client counts on any port being taken for its loopback redirect URI",
    ],
    spec: [MCP_CLIENT_REDIRECT_URI, RFC8252_LOOPBACK],
    looks_at: [AnotherClient, Registered, AuthorizationRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if !reading.is_of_another_client() {
        return;
    }
    let registered: HashMap<String, Registered> = reading
        .registrations
        .iter()
        .copied()
        .filter_map(registration)
        .collect();
    let found = reading.authorization_requests().find_map(|asked| {
        let (client, uri) = (asked.value("client_id")?, asked.value("redirect_uri")?);
        let known = registered.get(client)?;
        // What the authorization server made of a registration is not the client's doing.
        let is_known = known.all().any(|one| one == uri);
        let is_other = known.seq < asked.seq && !known.taken.is_empty() && !is_known;
        is_other.then(|| (asked.seq, uri.to_owned(), known.taken.clone()))
    });
    let Some((seq, uri, registered)) = found else {
        return;
    };
    let bare = without_loopback_port(&uri);
    let by_port = bare.is_some()
        && registered
            .iter()
            .any(|known| without_loopback_port(known) == bare);
    let finding = if by_port {
        let said = "The client registered the loopback address with another port, or with none, \
                    and listens on a port of the moment. That is lawful, and fails at servers \
                    that compare the whole URI.";
        let workaround = "letting any port through for loopback redirect URIs, as it has to";
        RULE.found(RFC8252_LOOPBACK)
            .variant(&OTHER_PORT)
            .message(with_workaround(said, workaround))
    } else {
        let said = "The authorization server has to refuse a redirect URI that the client did not \
                    register.";
        let why = "to accept any redirect URI would give codes to others";
        RULE.found(MCP_CLIENT_REDIRECT_URI)
            .message(without_workaround(said, why))
    };
    let registered: Vec<String> = registered.iter().map(|uri| excerpt(uri)).collect();
    let finding = finding
        .at(seq, Part::RequestUrl)
        .expected(list(&registered))
        .actual(excerpt(&uri))
        .fix("In the client: register the redirect URI that is sent, byte for byte.");
    findings.add(finding);
}

/// The redirect URIs of a registration.
struct Registered {
    seq: u32,
    /// As the answer has them, or else the request.
    taken: Vec<String>,
    asked: Vec<String>,
}

impl Registered {
    fn all(&self) -> impl Iterator<Item = &String> {
        self.taken.iter().chain(&self.asked)
    }
}

/// The identifier that a registration gave out, with its redirect URIs.
fn registration(seen: ExchangeRef<'_>) -> Option<(String, Registered)> {
    // Without the request nobody knows what the client asked for.
    if !seen.request().has_body() {
        return None;
    }
    let answer = object(seen.response_with_body()?)?;
    let client = text(&answer, "client_id")?.to_owned();
    let asked: Value = serde_json::from_slice(&seen.request().get().body.bytes).unwrap_or_default();
    let texts = |uris: &Value| {
        let uris = uris.as_array().into_iter().flatten();
        uris.filter_map(Value::as_str).map(str::to_owned).collect()
    };
    let taken = answer.get("redirect_uris").or(asked.get("redirect_uris"))?;
    let registered = Registered {
        seq: seen.seq,
        taken: texts(taken),
        asked: texts(&asked["redirect_uris"]),
    };
    Some((client, registered))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::Run;

    fn registered(uri: &str) -> Run {
        let mut run = Run::of_another_client();
        let (asked, answer) = run.registration.as_mut().unwrap();
        asked["redirect_uris"] = json!([uri]);
        answer.edit(|answer| answer["redirect_uris"] = json!([uri]));
        run
    }

    #[test]
    fn another_one_is_a_fault_and_another_port_a_note() {
        let run = registered("http://127.0.0.1:49152/other");
        assert_eq!(run.finding_of_client("K10").variant, "default");
        for uri in ["http://127.0.0.1/callback", "http://127.0.0.1:1/callback"] {
            assert_eq!(
                registered(uri).finding_of_client("K10").variant,
                "other_port"
            );
        }
    }

    #[test]
    fn is_silent_when_the_server_changed_what_was_asked_for() {
        let mut run = Run::of_another_client();
        let (asked, answer) = run.registration.as_mut().unwrap();
        asked["redirect_uris"] = json!(["http://127.0.0.1:49152/callback"]);
        answer.edit(|answer| answer["redirect_uris"] = json!(["https://other.example/cb"]));
        assert!(run.client_is_silent("K10"));
    }

    #[test]
    fn is_silent_when_it_is_the_same_or_nothing_was_registered() {
        let mut run = Run::of_another_client();
        assert!(run.client_is_silent("K10"));
        run.registration = None;
        assert!(run.client_is_silent("K10"));
    }
}
