use trace::Purpose;

use crate::code_exchange::ClientAuthentication;
use crate::finding::Part;
use crate::reading::{Reading, bearer, object};
use crate::rule::{Findings, rule};
use crate::spec::RFC7662_AUTHORIZATION;

rule! {
    /// # What it looks at
    /// An introspection request without credentials that is answered `active: true`.
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
        .message("The request carried no credentials, and the answer tells all about the token.")
        .expected("401 without credentials")
        .actual("200 with active: true")
        .fix("Demand client authentication at the introspection endpoint.");
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::introspection_disagrees::tests::introspected;
    use crate::sample::{Run, found_in};

    #[test]
    fn without_credentials() {
        let mut trace = Run::healthy().trace();
        introspected(&mut trace, None, json!({"active": true}));
        assert!(found_in(&trace, "V04").is_some());
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
