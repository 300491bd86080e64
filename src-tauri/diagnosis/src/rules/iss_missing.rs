use trace::Revision;

use crate::finding::Part;
use crate::reading::{Reading, response_fields, value};
use crate::rule::{Findings, rule};
use crate::spec::RFC9207_ISS;

rule! {
    /// # What it looks at
    /// An authorization response without `iss` from an authorization server whose metadata says
    /// `authorization_response_iss_parameter_supported: true`.
    ///
    /// # Why it matters
    /// Having announced it, the server makes clients demand it: they throw the response away after
    /// the user has logged in and consented.
    ///
    /// # How to fix
    /// Add `iss` to every authorization response, errors included, or take the announcement out of
    /// the metadata. If the response passes through a relay of the client, the relay must pass
    /// `iss` on.
    ///
    /// # References
    /// RFC 9207 sections 2 and 2.4; MCP 2026-07-28 authorization, "Authorization Response
    /// Validation".
    "R13" "iss_missing" Error AuthorizationServer Likely since Some(Revision::R20260728),
    title: "The authorization response lacks the iss that the metadata announces",
    spec: [RFC9207_ISS],
    stops: [IssMismatch],
    looks_at: [Callback],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(callback) = reading.callbacks.last() else {
        return;
    };
    let Some((_, metadata)) = reading.server_metadata_before(callback.seq) else {
        return;
    };
    let query = response_fields(callback.request());
    if !metadata.authorization_response_iss_parameter_supported || value(&query, "iss").is_some() {
        return;
    }
    // A callback of something else than the authorization server is not its response.
    if value(&query, "code").is_none() && value(&query, "error").is_none() {
        return;
    }
    let issuer = metadata.issuer.as_deref().unwrap_or_default();
    let names: Vec<&str> = query.iter().map(|pair| pair.name.as_str()).collect();
    let finding = RULE
        .found(RFC9207_ISS)
        .at(callback.seq, Part::RequestUrl)
        .message(
            "The metadata says authorization_response_iss_parameter_supported, so clients throw a \
             response without iss away: they cannot tell which server it is from.",
        )
        .expected(format!("iss={issuer}"))
        .actual(format!("only {}", names.join(", ")))
        .fix(
            "Add iss to every authorization response, errors included, or stop announcing it in \
             the metadata.",
        );
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::sample::Run;

    fn without_iss() -> Run {
        let mut run = Run::healthy();
        run.callback.retain(|(name, _)| *name != "iss");
        run
    }

    #[test]
    fn fires_on_success_and_on_error() {
        let mut run = without_iss();
        assert_eq!(
            run.finding("R13").actual.as_deref(),
            Some("only code, state")
        );
        run.callback = vec![("error", "access_denied".into()), ("state", "st-1".into())];
        assert!(!run.is_silent("R13"));
    }

    #[test]
    fn is_silent_when_it_is_not_announced() {
        let mut run = without_iss();
        let flag = "authorization_response_iss_parameter_supported";
        run.server_tries[0]
            .2
            .edit(|metadata| metadata[flag] = json!(false));
        assert!(run.is_silent("R13"));
    }
}
