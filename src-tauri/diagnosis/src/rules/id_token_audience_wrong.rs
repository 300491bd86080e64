use crate::finding::Part;
use crate::id_token::id_tokens;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::OIDC_AUDIENCE;
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// `aud` and `azp` of the ID token next to the client that asked for it.
    ///
    /// # Why it matters
    /// An ID token says to one client who logged in. One that names another client must be thrown
    /// away: it may have been issued to somebody else.
    ///
    /// # How to fix
    /// Put the `client_id` of the request into `aud` of the ID token. The resource belongs into the
    /// access token.
    ///
    /// # References
    /// OpenID Connect Core 1.0 section 3.1.3.7.
    "O02" "id_token_audience_wrong" Error AuthorizationServer since None,
    title: "The ID token is not meant for this client",
    spec: [OIDC_AUDIENCE],
    supersedes: ["O05/default" anywhere],
    stops: [IdTokenInvalid],
    looks_at: [IdToken],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let foreign = id_tokens(reading).into_iter().find_map(|token| {
        let (client, _) = reading.client_before(token.seen.seq)?;
        let jwt = token.jwt.as_ref().ok()?;
        let audience: Vec<String> = jwt.audience().into_iter().map(str::to_owned).collect();
        let other_party = jwt
            .text("azp")
            .filter(|azp| *azp != client)
            .map(str::to_owned);
        let listed = audience.iter().any(|one| one == client);
        (!listed || other_party.is_some()).then_some((
            token.seen.seq,
            client,
            audience,
            other_party,
            listed,
        ))
    });
    let Some((seq, client, audience, other_party, listed)) = foreign else {
        return;
    };
    let finding = RULE
        .found(OIDC_AUDIENCE)
        .at(seq, Part::body("/id_token"))
        .message(
            "Clients of OpenID Connect throw such an ID token away. The access token is not \
                  concerned.",
        );
    findings.add(match other_party {
        Some(azp) if listed => finding
            .expected(format!("azp {}", excerpt(client)))
            .actual(format!("azp {}", excerpt(&azp)))
            .fix("Put the client_id of the request into azp, or leave azp out."),
        _ => finding
            .expected(format!("aud with {}", excerpt(client)))
            .actual(match audience.as_slice() {
                [] => "no aud".into(),
                audience => excerpt(&format!("aud {}", list(audience))),
            })
            .fix("Put the client_id of the request into aud of the ID token."),
    });
}

#[cfg(test)]
mod tests {
    use crate::sample::{Run, id_token};

    fn claiming(change: impl FnOnce(&mut serde_json::Value)) -> Run {
        let mut run = Run::healthy();
        run.token
            .edit(|answer| answer["id_token"] = id_token(change).into());
        run
    }

    #[test]
    fn another_client_in_either_claim() {
        let finding = claiming(|claims| claims["aud"] = "other".into()).finding("O02");
        assert_eq!(finding.actual.as_deref(), Some("aud other"));
        let finding = claiming(|claims| claims["azp"] = "other".into()).finding("O02");
        assert_eq!(finding.actual.as_deref(), Some("azp other"));
    }

    #[test]
    fn is_silent_about_this_client_among_others() {
        assert!(
            claiming(|claims| claims["aud"] = serde_json::json!(["api", "c1"])).is_silent("O02")
        );
        assert_eq!(claiming(|_| {}).found(), [""; 0]);
    }
}
