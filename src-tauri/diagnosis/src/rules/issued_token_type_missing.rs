use trace::Grant;

use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, access_token, form, object, text, value};
use crate::rule::{Findings, rule};
use crate::spec::{RFC8693_ISSUED_TYPE, RFC8693_NOT_APPLICABLE};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// `issued_token_type` in the answer to a token exchange, against the type that was asked for.
    ///
    /// # Why it matters
    /// What is issued is in `access_token` whatever it is: an access token, an ID-JAG, something
    /// else. Only `issued_token_type` tells, and strict clients refuse an answer without it.
    ///
    /// # How to fix
    /// Add `issued_token_type`, for an ID-JAG `urn:ietf:params:oauth:token-type:id-jag`.
    ///
    /// # References
    /// RFC 8693 section 2.2.1; MCP, Enterprise-Managed Authorization.
    "X01" "issued_token_type_missing" Error AuthorizationServer since None,
    title: "The answer to a token exchange does not say what was issued",
    variants: [
        OTHER: Error AuthorizationServer Certain
            "A token exchange brings something else than the assertion asked for",
        NOT_A_TOKEN: Warning AuthorizationServer Certain
            "The identity provider gives its assertion out as an access token",
    ],
    spec: [RFC8693_ISSUED_TYPE, RFC8693_NOT_APPLICABLE],
    stops: [InvalidTokenResponse],
    looks_at: [TokenExchange],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let exchanges = reading
        .tokens
        .iter()
        .filter(|(_, grant)| *grant == Grant::TokenExchange);
    let untyped = exchanges.into_iter().find(|(seen, _)| {
        let Some(response) = seen
            .response_with_body()
            .filter(|response| access_token(*response).is_some())
        else {
            return false;
        };
        object(response)
            .is_some_and(|answer| text(&answer, "issued_token_type").is_none_or(str::is_empty))
    });
    let Some((seen, _)) = untyped else {
        let other = reading.tokens.iter().find_map(|(seen, _)| other(*seen));
        let found = other.or_else(|| {
            let mut all = reading.tokens.iter();
            all.find_map(|(seen, _)| given_out_as_token(*seen))
        });
        return found.into_iter().for_each(|finding| findings.add(finding));
    };
    let finding = RULE
        .found(RFC8693_ISSUED_TYPE)
        .at(seen.seq, Part::body("/issued_token_type"))
        .message(
            "It is the identity provider that has to say it. Without it a client cannot know \
                  whether the token is the assertion that it asked for.",
        )
        .expected("issued_token_type in the answer")
        .actual("no issued_token_type")
        .fix("Add issued_token_type to the answer of the identity provider.");
    findings.add(finding);
}

/// Told where the answer names another type than the request asks for.
fn other(seen: ExchangeRef<'_>) -> Option<Finding> {
    let asked = value(form(seen.request()), "requested_token_type")?;
    let response = seen.response_with_body()?;
    access_token(response)?;
    let answer = object(response)?;
    let issued = text(&answer, "issued_token_type").filter(|issued| *issued != asked)?;
    let finding = RULE
        .found(RFC8693_ISSUED_TYPE)
        .variant(&OTHER)
        .at(seen.seq, Part::body("/issued_token_type"))
        .message(
            "Clients that check the type stop here, since the authorization server takes the \
             assertion asked for and nothing else.",
        )
        .expected(format!("issued_token_type {}", excerpt(asked)))
        .actual(format!("issued_token_type {}", excerpt(issued)))
        .fix(format!(
            "Let the identity provider issue {} where requested_token_type asks for it, or refuse \
             the request.",
            excerpt(asked)
        ));
    Some(finding)
}

/// Told where an assertion for an authorization server comes with the type of an access token.
fn given_out_as_token(seen: ExchangeRef<'_>) -> Option<Finding> {
    value(form(seen.request()), "requested_token_type").filter(|kind| kind.ends_with(":id-jag"))?;
    let response = seen.response_with_body()?;
    access_token(response)?;
    let answer = object(response)?;
    let named = text(&answer, "token_type").filter(|named| !named.eq_ignore_ascii_case("N_A"))?;
    let finding = RULE
        .found(RFC8693_NOT_APPLICABLE)
        .variant(&NOT_A_TOKEN)
        .at(seen.seq, Part::body("/token_type"))
        .message(
            "The assertion is for the authorization server alone, which exchanges it for an access \
             token. Clients that check token_type refuse the answer, and others may send the \
             assertion to the MCP server as if it were a token.",
        )
        .expected("token_type N_A")
        .actual(format!("token_type {}", excerpt(named)))
        .fix("Let the identity provider answer with token_type N_A where it issues an ID-JAG.");
    Some(finding)
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};
    use trace::{Grant, Purpose, Trace};

    use crate::sample::{Answer, Run, found_in, jwt_with, post, push_to_server};

    pub const ID_JAG: &str = "urn:ietf:params:oauth:token-type:id-jag";

    pub fn exchanged(typ: &str, change: impl FnOnce(&mut Value)) -> Trace {
        let mut trace = Run::healthy().trace();
        let claims = json!({"iss": "https://idp.example", "aud": "https://as.example", "exp": 1_800_000_300});
        let mut body = json!({
            "issued_token_type": ID_JAG,
            "access_token": jwt_with(&json!({"alg": "ES256", "typ": typ}), &claims),
            "token_type": "N_A",
            "expires_in": 300,
        });
        change(&mut body);
        let grant = Grant::TokenExchange;
        let form = [
            ("grant_type", grant.grant_type()),
            ("requested_token_type", ID_JAG),
            ("subject_token", "x"),
        ];
        let answer = Answer::json(200, body).header("cache-control", "no-store");
        push_to_server(
            &mut trace,
            Purpose::Token { grant },
            post("/token", &form),
            &answer,
        );
        trace
    }

    #[test]
    fn an_assertion_is_no_bearer_token() {
        let with = |token_type: Value| {
            let trace = exchanged("oauth-id-jag+jwt", |body| body["token_type"] = token_type);
            found_in(&trace, "X01").map(|finding| finding.variant)
        };
        assert_eq!(with("Bearer".into()).as_deref(), Some("not_a_token"));
        assert_eq!(with("N_A".into()), None);
        assert_eq!(with("n_a".into()), None);
    }

    #[test]
    fn missing_or_empty() {
        let without = exchanged("oauth-id-jag+jwt", |body| {
            body.as_object_mut().unwrap().remove("issued_token_type");
        });
        assert!(found_in(&without, "X01").is_some());
        assert!(
            found_in(
                &exchanged("oauth-id-jag+jwt", |body| body["issued_token_type"] =
                    "".into()),
                "X01"
            )
            .is_some()
        );
    }

    #[test]
    fn another_type_than_asked_for() {
        let jwt = "urn:ietf:params:oauth:token-type:jwt";
        let other = exchanged("oauth-id-jag+jwt", |body| {
            body["issued_token_type"] = jwt.into()
        });
        let finding = found_in(&other, "X01").unwrap();
        assert_eq!(finding.variant, "other");
        assert!(finding.fix.contains(ID_JAG));
    }

    #[test]
    fn a_whole_answer_has_no_finding_at_all() {
        assert_eq!(crate::diagnose(&exchanged("oauth-id-jag+jwt", |_| {})), []);
    }
}
