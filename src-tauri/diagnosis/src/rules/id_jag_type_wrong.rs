use trace::Grant;

use crate::client_authentication::basic_client_id;
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, access_jwt, form, object, text, value};
use crate::rule::{Findings, rule};
use crate::spec::{ID_JAG_AUDIENCE, ID_JAG_CLIENT, ID_JAG_TYPE};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// The `typ` in the header of an ID-JAG that an identity provider issued; and its `aud` and
    /// `client_id`, where the authorization server refuses it.
    ///
    /// # Why it matters
    /// The authorization server has to refuse an assertion of another type, so that no other JWT of
    /// the identity provider can be passed off as one. It also has to refuse one that is for
    /// another authorization server or another client.
    ///
    /// # How to fix
    /// Set `typ` to `oauth-id-jag+jwt`, `aud` to the issuer of the MCP server's authorization
    /// server, and `client_id` to the ID that the client has there.
    ///
    /// # References
    /// MCP, Enterprise-Managed Authorization; RFC 8725 section 3.11.
    "X02" "id_jag_type_wrong" Error AuthorizationServer since None,
    title: "The identity provider's assertion is not marked as an ID-JAG",
    variants: [
        AUDIENCE: Error AuthorizationServer Likely
            "The identity provider's assertion is for another authorization server",
        CLIENT: Error AuthorizationServer Likely
            "The identity provider's assertion is for another client",
    ],
    spec: [ID_JAG_TYPE, ID_JAG_AUDIENCE, ID_JAG_CLIENT],
    stops: [InvalidTokenResponse],
    looks_at: [TokenExchange],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let exchanges = reading
        .tokens
        .iter()
        .filter(|(_, grant)| *grant == Grant::TokenExchange);
    let wrong = exchanges.into_iter().find_map(|(seen, _)| {
        let sent = form(seen.request());
        value(sent, "requested_token_type").filter(|kind| kind.ends_with(":id-jag"))?;
        let jwt = access_jwt(seen.response()?)?.ok()?;
        let typ = jwt
            .header
            .get("typ")
            .and_then(|typ| typ.as_str())
            .unwrap_or_default()
            .to_owned();
        let media = typ.strip_prefix("application/").unwrap_or(&typ);
        (!media.eq_ignore_ascii_case("oauth-id-jag+jwt")).then_some((seen.seq, typ))
    });
    let Some((seq, typ)) = wrong else {
        let refused = refused_for_a_claim(reading);
        return refused
            .into_iter()
            .for_each(|finding| findings.add(finding));
    };
    let finding = RULE
        .found(ID_JAG_TYPE)
        .at(seq, Part::body("/access_token"))
        .message("Authorization servers that check the type refuse it with invalid_grant.")
        .expected("typ oauth-id-jag+jwt")
        .actual(match typ.as_str() {
            "" => "no typ".into(),
            typ => format!("typ {}", excerpt(typ)),
        })
        .fix(
            "Let the identity provider set typ to oauth-id-jag+jwt in the header of the assertion.",
        );
    findings.add(finding);
}

/// Told where the authorization server refuses the assertion, and it is made for another one or for
/// another client than the one that hands it in.
fn refused_for_a_claim(reading: &Reading<'_>) -> Option<Finding> {
    let mut issued = reading.tokens.iter().rev();
    let (exchange, _) = issued.find(|(_, grant)| *grant == Grant::TokenExchange)?;
    let mut sent = reading.tokens.iter();
    let (refused, _) = sent.find(|(seen, grant)| {
        let status = seen.status().unwrap_or_default();
        *grant == Grant::JwtBearer && seen.seq > exchange.seq && (400..500).contains(&status)
    })?;
    let answer = object(refused.response()?)?;
    if text(&answer, "error") != Some("invalid_grant") {
        return None;
    }
    let jwt = access_jwt(exchange.response()?)?.ok()?;
    let (_, metadata) = reading.server_metadata_before(refused.seq)?;
    let issuer = metadata.issuer.as_deref()?;
    let at = |spec| {
        RULE.found(spec)
            .at(exchange.seq, Part::body("/access_token"))
    };
    if !jwt.audience().contains(&issuer) {
        let audience = jwt.claims.get("aud").map(ToString::to_string);
        let finding = at(ID_JAG_AUDIENCE)
            .variant(&AUDIENCE)
            .message(
                "The authorization server refuses the assertion with invalid_grant. Its aud is not \
                 the issuer in the metadata of this authorization server; they are compared letter by \
                 letter.",
            )
            .expected(format!("aud {issuer}"))
            .actual(audience.map_or("no aud".into(), |audience| format!("aud {}", excerpt(&audience))))
            .fix(format!(
                "Let the identity provider write {issuer} into aud of the assertion: this client \
                 sends it as audience of the token exchange."
            ));
        return Some(finding);
    }
    let client = client_of(*refused)?;
    let named = jwt.text("client_id").unwrap_or_default();
    (named != client).then(|| {
        at(ID_JAG_CLIENT)
            .variant(&CLIENT)
            .message(
                "The authorization server refuses the assertion with invalid_grant. Its client_id is \
                 not the client that hands it in: a client often has one ID at the identity provider \
                 and another one at the authorization server, and here the latter has to stand.",
            )
            .expected(format!("client_id {}", excerpt(&client)))
            .actual(match named {
                "" => "no client_id".into(),
                named => format!("client_id {}", excerpt(named)),
            })
            .fix(format!(
                "Let the identity provider write {} into client_id of the assertion for this \
                 authorization server: tell it the ID that the client has there.",
                excerpt(&client)
            ))
    })
}

/// The client that sends a token request, by its form or by its Authorization header.
fn client_of(seen: ExchangeRef<'_>) -> Option<String> {
    let in_form = value(form(seen.request()), "client_id").map(str::to_owned);
    in_form.or_else(|| basic_client_id(seen.request()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Grant, Purpose, Trace};

    use super::super::issued_token_type_missing::tests::exchanged;
    use crate::sample::{Answer, found_in, jwt_with, post, push_to_server};

    /// The authorization server answers the assertion with these claims so.
    fn handed_in(claims: &serde_json::Value, error: &str) -> Trace {
        let jag = jwt_with(&json!({"alg": "ES256", "typ": "oauth-id-jag+jwt"}), claims);
        let mut trace = exchanged("oauth-id-jag+jwt", |body| body["access_token"] = jag.into());
        let grant = Grant::JwtBearer;
        let form = [
            ("grant_type", grant.grant_type()),
            ("assertion", "x"),
            ("client_id", "me"),
        ];
        push_to_server(
            &mut trace,
            Purpose::Token { grant },
            post("/token", &form),
            &Answer::json(400, json!({"error": error})),
        );
        trace
    }

    #[test]
    fn a_refused_assertion_is_held_against_server_and_client() {
        let as_it_is = "https://as.example";
        let told = |aud: serde_json::Value, client: &str| {
            let claims = json!({"aud": aud, "client_id": client});
            let found = found_in(&handed_in(&claims, "invalid_grant"), "X02");
            found.map(|finding| finding.variant)
        };
        assert_eq!(
            told(json!("https://as.example/token"), "me").unwrap(),
            "audience"
        );
        assert_eq!(told(json!(null), "me").unwrap(), "audience");
        assert_eq!(told(json!(as_it_is), "someone").unwrap(), "client");
        assert_eq!(told(json!(["x", as_it_is]), "me"), None);
        let other = json!({"aud": "x", "client_id": "y"});
        assert_eq!(found_in(&handed_in(&other, "invalid_client"), "X02"), None);
        // Who takes it as it is may know itself by several names.
        let taken = exchanged("oauth-id-jag+jwt", |_| {});
        assert_eq!(found_in(&taken, "X02"), None);
    }

    #[test]
    fn another_type() {
        assert_eq!(
            found_in(&exchanged("JWT", |_| {}), "X02")
                .unwrap()
                .actual
                .as_deref(),
            Some("typ JWT")
        );
    }

    #[test]
    fn is_silent_about_the_right_one_in_either_form() {
        assert_eq!(
            found_in(&exchanged("oauth-id-jag+jwt", |_| {}), "X02"),
            None
        );
        assert_eq!(
            found_in(&exchanged("application/oauth-id-jag+jwt", |_| {}), "X02"),
            None
        );
    }
}
