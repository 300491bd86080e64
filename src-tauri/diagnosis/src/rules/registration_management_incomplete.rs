use crate::finding::Part;
use crate::reading::{Reading, object, text};
use crate::rule::{Findings, rule};
use crate::spec::RFC7592_PAIR;
use crate::wording::is_http_url;

rule! {
    /// # What it looks at
    /// A registration answer with one of `registration_access_token` and `registration_client_uri`
    /// and without the other.
    ///
    /// # Why it matters
    /// A client needs both to read, change or delete its registration: the address and the token
    /// for it. With one of them it leaves registrations behind that nobody deletes.
    ///
    /// # How to fix
    /// Answer with both, or with neither when registrations cannot be managed.
    ///
    /// # References
    /// RFC 7592 section 3.
    "G30" "registration_management_incomplete" Warning AuthorizationServer since None,
    title: "A registration cannot be managed with what the answer holds",
    spec: [RFC7592_PAIR],
    looks_at: [Registered],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let half = reading.registrations.iter().find_map(|seen| {
        let response = seen
            .response_with_body()
            .filter(|response| (200..300).contains(&response.status))?;
        let answer = object(response)?;
        let token =
            text(&answer, "registration_access_token").is_some_and(|token| !token.is_empty());
        let uri = text(&answer, "registration_client_uri").is_some_and(is_http_url);
        (token != uri).then_some((seen.seq, token))
    });
    let Some((seq, token)) = half else { return };
    let (there, missing) = if token {
        ("registration_access_token", "registration_client_uri")
    } else {
        ("registration_client_uri", "registration_access_token")
    };
    let finding = RULE
        .found(RFC7592_PAIR)
        .at(seq, Part::body(&format!("/{missing}")))
        .message("The client cannot read, change or delete its registration, so it stays behind.")
        .expected("registration_access_token and registration_client_uri, an absolute URL")
        .actual(format!("only {there}"))
        .fix(format!(
            "Put {missing} into the registration answer, or leave {there} out."
        ));
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use crate::sample::Run;

    fn registered(members: &[(&str, &str)]) -> Run {
        let mut run = Run::healthy();
        let (_, answer) = run.registration.as_mut().unwrap();
        answer.edit(|answer| {
            for (name, value) in members {
                answer[*name] = (*value).into();
            }
        });
        run
    }

    #[test]
    fn one_without_the_other() {
        let token = ("registration_access_token", "t");
        assert_eq!(registered(&[token]).found(), ["G30"]);
        assert_eq!(
            registered(&[token, ("registration_client_uri", "/register/1")]).found(),
            ["G30"]
        );
        assert_eq!(
            registered(&[("registration_client_uri", "https://as.example/r/1")]).found(),
            ["G30"]
        );
    }

    #[test]
    fn is_silent_about_both_and_neither() {
        let both = [
            ("registration_access_token", "t"),
            ("registration_client_uri", "https://as.example/r/1"),
        ];
        assert!(registered(&both).is_silent("G30"));
        assert!(registered(&[]).is_silent("G30"));
    }
}
