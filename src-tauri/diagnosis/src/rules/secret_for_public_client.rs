use serde_json::Value;

use crate::finding::Part;
use crate::reading::{Reading, object, text};
use crate::rule::{Findings, rule};
use crate::spec::RFC7591_PUBLIC_CLIENT;

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
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::Run;

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
    fn is_silent_when_the_server_says_that_it_set_another_method() {
        assert!(with_secret("client_secret_post").is_silent("G07"));
    }
}
