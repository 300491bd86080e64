use serde_json::Value;

use crate::finding::Part;
use crate::reading::{Reading, oauth_error, object, text};
use crate::rule::{Findings, rule};
use crate::spec::RFC7591_PUBLIC_CLIENT;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A registration that asks for `token_endpoint_auth_method: none` and gets a `client_secret`,
    /// while the answer does not say that another method was set instead.
    ///
    /// # Why it matters
    /// A native client cannot keep a secret and asked for none. Clients differ in what they make of
    /// it: some use it, some do not, some refuse; and a token endpoint that then demands it turns
    /// them away.
    ///
    /// # How to fix
    /// Give no secret for `none`. A server that only has confidential clients says so by answering
    /// with the method it set.
    ///
    /// # References
    /// RFC 7591 sections 2 and 3.2.1.
    "G07" "secret_for_public_client" Warning AuthorizationServer since None,
    title: "A client that asked for no secret is given one",
    variants: [
        SECRET_WANTED: Error AuthorizationServer Likely
            "A client that asked for no secret is given one, and is then refused",
    ],
    spec: [RFC7591_PUBLIC_CLIENT],
    looks_at: [Registered],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let given = reading.registrations.iter().find(|seen| {
        let Some(answer) = seen.response().and_then(object) else {
            return false;
        };
        // A server may set another method than the one asked for, when it says so.
        let method = text(&answer, "token_endpoint_auth_method").unwrap_or("none");
        if method != "none" || text(&answer, "client_secret").is_none() {
            return false;
        }
        let asked: Value = serde_json::from_slice(&seen.request().body.bytes).unwrap_or_default();
        asked["token_endpoint_auth_method"] == "none"
    });
    let Some(seen) = given else { return };
    let finding = RULE
        .found(RFC7591_PUBLIC_CLIENT)
        .at(seen.seq, Part::body("/client_secret"))
        .message(
            "The client registered with token_endpoint_auth_method none, a public client. Some \
             clients use the secret all the same, some do not, and some stop.",
        )
        .expected("no client_secret")
        .actual("client_secret in the answer")
        .fix(
            "Give no client_secret for none, or answer with the token_endpoint_auth_method that \
             was set instead.",
        );
    findings.add(match refused_for_it(reading, seen.seq) {
        None => finding,
        Some(said) => finding
            .variant(&SECRET_WANTED)
            .message(
                "The client registered with token_endpoint_auth_method none, a public client. The \
                 answer has a secret and does not say how to send it, so each client does it its own \
                 way or not at all. The token endpoint then refuses the client, which says that it \
                 wants the secret sent in one way.",
            )
            .expected("token_endpoint_auth_method beside client_secret, or no client_secret")
            .actual(excerpt(&format!(
                "client_secret without token_endpoint_auth_method; the token endpoint answers {said}"
            )))
            .fix(
                "Take public clients (none) without a secret at the token endpoint. Or write the \
                 method that is wanted, such as client_secret_post, into token_endpoint_auth_method \
                 of the registration answer and into token_endpoint_auth_methods_supported.",
            ),
    });
}

/// What the token endpoint said of a client that it refused after this registration.
fn refused_for_it(reading: &Reading<'_>, registered: u32) -> Option<String> {
    let (last, _) = reading
        .tokens
        .last()
        .filter(|(seen, _)| seen.seq > registered)?;
    let error = oauth_error(last.response()?)?;
    (error.error == "invalid_client").then(|| error.words())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Phase, StopCode};

    use crate::sample::{Answer, Run};

    fn with_secret(method: &str) -> Run {
        let mut run = Run::healthy();
        run.registration.as_mut().unwrap().1.edit(|client| {
            client["client_secret"] = json!("hush");
            client["token_endpoint_auth_method"] = json!(method);
        });
        run
    }

    #[test]
    fn fires_and_does_not_tell_the_value() {
        assert!(!format!("{:?}", with_secret("none").finding("G07")).contains("hush"));
    }

    #[test]
    fn a_client_that_is_refused_after_it() {
        let mut run = with_secret("none");
        run.token = Answer::json(401, json!({"error": "invalid_client"}));
        run.stop(Phase::Token, StopCode::TokenRejected);
        assert_eq!(run.finding("G07").variant, "secret_wanted");
        assert_eq!(run.found()[0], "G07");
        run.token = Answer::json(400, json!({"error": "invalid_grant"}));
        assert_eq!(run.finding("G07").variant, "default");
    }

    #[test]
    fn is_silent_when_the_server_says_that_it_set_another_method() {
        assert!(with_secret("client_secret_post").is_silent("G07"));
    }
}
