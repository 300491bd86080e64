use trace::Purpose;

use crate::finding::Part;
use crate::id_token::id_tokens;
use crate::reading::{Reading, object, text};
use crate::rule::{Findings, rule};
use crate::spec::OIDC_SUBJECT;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// `sub` in the UserInfo answer next to `sub` of the ID token before it.
    ///
    /// # Why it matters
    /// If they differ, the claims are about somebody else, and a client must not use them.
    ///
    /// # How to fix
    /// Take `sub` from one place in both. Pairwise identifiers have to be those of the same client.
    ///
    /// # References
    /// OpenID Connect Core 1.0 section 5.3.2.
    "O06" "userinfo_subject_wrong" Error AuthorizationServer since None,
    title: "UserInfo speaks of another user than the ID token",
    spec: [OIDC_SUBJECT],
    looks_at: [Userinfo],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let tokens = id_tokens(reading);
    let mut answers = reading.sent_for(|purpose| *purpose == Purpose::Userinfo);
    let other = answers.find_map(|seen| {
        let response = seen.response().filter(|response| response.status == 200)?;
        let told = text(&*object(response)?, "sub").map(str::to_owned);
        let before = tokens.partition_point(|token| token.seen.seq < seen.seq);
        let token = tokens[..before].last()?;
        let subject = token.jwt.as_ref().ok()?.text("sub")?;
        (told.as_deref() != Some(subject)).then(|| (seen.seq, told, subject.to_owned()))
    });
    let Some((seq, told, subject)) = other else {
        return;
    };
    let finding = RULE
        .found(OIDC_SUBJECT)
        .at(seq, Part::body("/sub"))
        .message(
            "Clients must not use these claims: they cannot tell that they are about who \
                  logged in.",
        )
        .expected(format!("sub {}", excerpt(&subject)))
        .actual(told.map_or_else(|| "no sub".into(), |told| format!("sub {}", excerpt(&told))))
        .fix("Answer with the same sub as in the ID token of this client.");
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use trace::{Purpose, Request, Trace};

    use crate::sample::{AS, Answer, Run, found_in, id_token, push_to_server};

    fn told(body: Value) -> Trace {
        let mut run = Run::healthy();
        run.token
            .edit(|answer| answer["id_token"] = id_token(|_| {}).into());
        let mut trace = run.trace();
        let request = Request::new("GET", format!("{AS}/userinfo"));
        push_to_server(
            &mut trace,
            Purpose::Userinfo,
            request,
            &Answer::json(200, body),
        );
        trace
    }

    #[test]
    fn another_subject_and_none() {
        assert!(found_in(&told(json!({"sub": "bob"})), "O06").is_some());
        assert_eq!(
            found_in(&told(json!({})), "O06").unwrap().actual.as_deref(),
            Some("no sub")
        );
    }

    #[test]
    fn is_silent_about_the_same() {
        assert_eq!(found_in(&told(json!({"sub": "alice"})), "O06"), None);
    }
}
