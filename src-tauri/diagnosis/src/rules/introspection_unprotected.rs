use trace::Purpose;

use crate::code_exchange::ClientAuthentication;
use crate::finding::Part;
use crate::reading::{Reading, bearer, form, object, value};
use crate::rule::{Findings, rule};
use crate::spec::RFC7662_AUTHORIZATION;

rule! {
    /// # What it looks at
    /// An introspection request without credentials that is answered `active: true`. One that names
    /// its client may be about a token of that client, which it holds anyhow.
    ///
    /// # Why it matters
    /// Anybody can try tokens there and learn whose they are and what they are good for.
    ///
    /// # How to fix
    /// Demand client authentication, or an access token made for that, at the introspection
    /// endpoint. A `client_id` alone is none.
    ///
    /// # References
    /// RFC 7662 sections 2.1 and 4.
    "V04" "introspection_unprotected" Error AuthorizationServer since None,
    title: "Anybody may introspect tokens",
    variants: [
        CLIENT_NAMED: Note AuthorizationServer Likely
            "A client that proves nothing may introspect its token",
    ],
    spec: [RFC7662_AUTHORIZATION],
    looks_at: [Introspection],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut asked = reading.sent_for(|purpose| matches!(purpose, Purpose::Introspection { .. }));
    let open = asked.find(|seen| {
        let request = seen.request();
        let anonymous = ClientAuthentication::of(request) == ClientAuthentication::None
            && bearer(request).is_none();
        // A certificate does not show in the request.
        let by_certificate = reading
            .client_before(seen.seq)
            .is_some_and(|(_, method)| method.is_none_or(|method| method.contains("tls")));
        let answer = seen
            .response()
            .filter(|response| response.status == 200)
            .and_then(object);
        let active = answer.is_some_and(|answer| {
            answer.get("active").and_then(|active| active.as_bool()) == Some(true)
        });
        anonymous && !by_certificate && active
    });
    let Some(seen) = open else { return };
    let finding = RULE
        .found(RFC7662_AUTHORIZATION)
        .at(seen.seq, Part::Status)
        .expected("401 without credentials")
        .actual("200 with active: true");
    // Some servers answer a public client about tokens of its own, and about no others.
    findings.add(if value(form(seen.request()), "client_id").is_some() {
        finding
            .variant(&CLIENT_NAMED)
            .message(
                "The request named its client and carried no credentials. Where the server answers \
                 a client about its own tokens alone, nobody learns what they could not try out. \
                 Where it answers about every token, anybody may ask.",
            )
            .fix(
                "Make sure that a public client is answered about its own tokens alone, or demand \
                 client authentication at the introspection endpoint.",
            )
    } else {
        finding
            .message(
                "The request carried no credentials, and the answer tells all about the token.",
            )
            .fix("Demand client authentication at the introspection endpoint.")
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Purpose, TokenKind};

    use super::super::introspection_disagrees::tests::introspected;
    use crate::finding::{Certainty, Level};
    use crate::sample::{Answer, Run, found_in, post, push_to_server};

    #[test]
    fn without_credentials_and_without_a_name() {
        let mut trace = Run::healthy().trace();
        let token = TokenKind::AccessToken;
        push_to_server(
            &mut trace,
            Purpose::Introspection { token },
            post("/introspect", &[("token", "t")]),
            &Answer::json(200, json!({"active": true})),
        );
        let open = found_in(&trace, "V04").unwrap();
        assert_eq!(open.level, Level::Error);
    }

    #[test]
    fn a_public_client_may_be_told_of_its_own_tokens() {
        let mut trace = Run::healthy().trace();
        introspected(&mut trace, None, json!({"active": true}));
        let named = found_in(&trace, "V04").unwrap();
        assert_eq!(
            (named.level, named.certainty),
            (Level::Note, Certainty::Likely)
        );
    }

    #[test]
    fn is_silent_with_credentials_and_about_tokens_that_nobody_knows() {
        let mut trace = Run::healthy().trace();
        introspected(&mut trace, Some("Basic YTpi"), json!({"active": true}));
        introspected(&mut trace, Some("Bearer t"), json!({"active": true}));
        introspected(&mut trace, None, json!({"active": false}));
        assert_eq!(found_in(&trace, "V04"), None);
    }
}
