use serde_json::Value;

use crate::conduct::with_workaround;
use crate::finding::Part;
use crate::reading::{ExchangeRef, Reading, object, response_fields, text, value};
use crate::rule::{Findings, rule};
use crate::spec::MCP_BINDING;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// Whether a client that was watched or recorded registers more than once with the same
    /// authorization server, although its first registration was taken and nothing was refused.
    ///
    /// # Why it matters
    /// Each registration leaves a client behind at the authorization server. Servers with a limit
    /// refuse new ones some day; and a client that mixes up its identifiers sends the code of one
    /// with the identifier of the other.
    ///
    /// # How to fix
    /// In the client: keep the registration, under the issuer that it is for, and use it again. The
    /// authorization server can forget clients that were never used.
    ///
    /// # References
    /// MCP client registration, "Authorization Server Binding".
    "K11" "registered_again" Note Client since None,
    title: "The client registers once more, although it is registered",
    spec: [MCP_BINDING],
    looks_at: [AnotherClient, Registered],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if !reading.is_of_another_client() {
        return;
    }
    let taken: Vec<(ExchangeRef<'_>, String)> = reading
        .registrations
        .iter()
        .filter_map(|seen| {
            let answer = seen.response()?;
            let client = text(&*object(answer)?, "client_id")?.to_owned();
            (200..300)
                .contains(&answer.status)
                .then_some((*seen, client))
        })
        .collect();
    let again = taken.windows(2).find(|pair| {
        let [(first, first_id), (second, second_id)] = pair else {
            return false;
        };
        let between = first.seq..second.seq;
        let turned_away = reading.callbacks.iter().any(|callback| {
            let fields = response_fields(callback.request());
            between.contains(&callback.seq) && value(&fields, "error").is_some()
        });
        let refused = turned_away
            || reading.tokens.iter().any(|(seen, _)| {
                between.contains(&seen.seq) && seen.status().is_some_and(|status| status >= 400)
            });
        // Servers that compare the whole URI know the new one only by another registration.
        let same_uris = redirect_uris(*first) == redirect_uris(*second);
        first.request().url == second.request().url
            && first_id != second_id
            && same_uris
            && !refused
    });
    if let Some([_, (second, client)]) = again {
        let said = "The client has an identifier of this authorization server already, and asks \
                    for another one.";
        let workaround = "forgetting clients that never got a token";
        let finding = RULE
            .found(MCP_BINDING)
            .at(second.seq, Part::RequestUrl)
            .message(with_workaround(said, workaround))
            .expected("the first registration, used again")
            .actual(format!("another client_id, {}", excerpt(client)))
            .fix("In the client: keep the registration for each issuer, and use it again.");
        findings.add(finding);
    }
}

/// The redirect URIs that a registration asks for.
fn redirect_uris(seen: ExchangeRef<'_>) -> Value {
    let asked: Value = serde_json::from_slice(&seen.request().get().body.bytes).unwrap_or_default();
    asked["redirect_uris"].clone()
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Grant, Purpose, Request, Trace};

    use crate::sample::{AS, Answer, Run, found_in, post, push_to_server, watched};

    fn register(trace: &mut Trace, client: &str) {
        let asked = json!({"redirect_uris": ["http://127.0.0.1:49152/callback"]});
        let request = Request::new("POST", format!("{AS}/register")).body(asked.to_string());
        let answer = Answer::json(201, json!({"client_id": client}));
        push_to_server(trace, Purpose::Registration, request, &answer);
    }

    #[test]
    fn a_second_registration() {
        let mut trace = watched(&Run::of_another_client().trace());
        register(&mut trace, "c2");
        assert!(found_in(&trace, "K11").is_some());
    }

    #[test]
    fn is_silent_after_a_refusal() {
        assert!(Run::of_another_client().client_is_silent("K11"));
        let mut trace = watched(&Run::of_another_client().trace());
        let refused = Answer::json(401, json!({"error": "invalid_client"}));
        let grant = Grant::RefreshToken;
        let form = post("/token", &[("grant_type", "refresh_token")]);
        push_to_server(&mut trace, Purpose::Token { grant }, form, &refused);
        register(&mut trace, "c2");
        assert_eq!(found_in(&trace, "K11"), None);
    }
}
