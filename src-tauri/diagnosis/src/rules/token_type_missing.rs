use crate::finding::Part;
use crate::reading::{Reading, access_token, object};
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_TOKEN_TYPE;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A token answer with an access token and without a `token_type` of type string.
    ///
    /// # Why it matters
    /// A client must not use a token whose type it does not understand. Some go on as if it said
    /// Bearer, the SDKs with strict schemas refuse the answer.
    ///
    /// # How to fix
    /// Add `"token_type": "Bearer"`.
    ///
    /// # References
    /// RFC 6749 section 5.1.
    "T42" "token_type_missing" Error AuthorizationServer since None,
    title: "The token answer does not say of which type the token is",
    spec: [RFC6749_TOKEN_TYPE],
    stops: [InvalidTokenResponse],
    looks_at: [TokenAnswer],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let untyped = reading.tokens.iter().find_map(|(seen, _)| {
        let response = seen.response_with_body()?;
        access_token(response)?;
        let answer = object(response)?;
        let kind = answer.get("token_type").cloned();
        let named = kind
            .as_ref()
            .and_then(|kind| kind.as_str())
            .is_some_and(|kind| !kind.is_empty());
        (!named).then_some((seen.seq, kind))
    });
    let Some((seq, kind)) = untyped else { return };
    let finding = RULE
        .found(RFC6749_TOKEN_TYPE)
        .at(seq, Part::body("/token_type"))
        .message("This run goes on as if it said Bearer. Strict clients refuse the whole answer.")
        .expected("\"token_type\": \"Bearer\"")
        .actual(kind.map_or_else(
            || "no token_type".into(),
            |kind| excerpt(&format!("token_type {kind}")),
        ))
        .fix("Add \"token_type\": \"Bearer\" to the token answer.");
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::Run;

    #[test]
    fn missing_or_no_text() {
        let mut run = Run::healthy();
        run.token.edit(|token| {
            token.as_object_mut().unwrap().remove("token_type");
        });
        assert_eq!(run.finding("T42").actual.as_deref(), Some("no token_type"));
        run.token.edit(|token| token["token_type"] = json!(null));
        assert_eq!(run.found(), ["T42"]);
    }

    #[test]
    fn any_case_is_right() {
        let mut run = Run::healthy();
        run.token
            .edit(|token| token["token_type"] = json!("bearer"));
        assert!(run.is_silent("T42"));
    }
}
