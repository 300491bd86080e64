use trace::Purpose;

use crate::by_status::by_status;
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, object, text};
use crate::rule::{Findings, rule};
use crate::spec::RFC7592_PAIR;
use crate::wording::{answer_in_words, excerpt, is_http_url};

rule! {
    /// # What it looks at
    /// A registration answer with one of `registration_access_token` and `registration_client_uri`
    /// and without the other; and what reading and updating a registration is answered.
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
    variants: [
        REFUSED: Warning AuthorizationServer Likely "{action} a registration fails",
        NOT_REACHED: Warning Network Likely "{action} a registration fails",
        OF_ANOTHER: Warning AuthorizationServer Certain
            "Reading a registration returns that of another client",
    ],
    spec: [RFC7592_PAIR],
    looks_at: [Registered],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let asked = reading.sent_for(|purpose| action(purpose).is_some());
    let failed = asked.filter_map(|seen| managed(reading, seen)).next();
    failed.into_iter().for_each(|finding| findings.add(finding));
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

fn action(purpose: &Purpose) -> Option<&'static str> {
    match purpose {
        Purpose::RegistrationRead => Some("Reading"),
        Purpose::RegistrationUpdate => Some("Updating"),
        _ => None,
    }
}

/// What is wrong with the answer to reading or updating the registration.
fn managed(reading: &Reading<'_>, seen: ExchangeRef<'_>) -> Option<Finding> {
    let action = action(&seen.exchange.purpose)?;
    let response = seen.response_with_body()?;
    let answer = object(response);
    let finding = RULE
        .found(RFC7592_PAIR)
        .expected("200 with the registration as a JSON object")
        .actual(answer_in_words(seen.exchange));
    if let Some(decided) = by_status(&response, "the authorization server") {
        let variant = if decided.is_of_network() {
            &NOT_REACHED
        } else {
            &REFUSED
        };
        return Some(
            finding
                .variant(variant)
                .title_with([action])
                .at(seen.seq, Part::Status)
                .message(decided.why)
                .fix(decided.fix),
        );
    }
    // A server need not let clients change what they registered.
    let not_offered = matches!(response.status, 405 | 501);
    if not_offered && seen.exchange.purpose == Purpose::RegistrationUpdate {
        return None;
    }
    let Some(answer) = answer.filter(|_| response.status == 200) else {
        return Some(
            finding
                .variant(&REFUSED)
                .title_with([action])
                .at(seen.seq, Part::Status)
                .message(
                    "The registration answer named this URL and the token for it, and neither is \
                     good for that. The token may have been replaced, or the registration is not \
                     known where the URL leads.",
                )
                .fix(
                    "Answer GET and PUT at registration_client_uri with the registration, for the \
                     registration access token that was given with it.",
                ),
        );
    };
    let ours = reading.registrations.iter().rev().find_map(|registered| {
        let answer = object(registered.response_with_body()?)?;
        text(&answer, "client_id").map(str::to_owned)
    })?;
    let named = text(&answer, "client_id")?;
    (named != ours).then(|| {
        finding
            .variant(&OF_ANOTHER)
            .at(seen.seq, Part::body("/client_id"))
            .message(
                "The client asked with its own registration access token. What comes back belongs to \
                 somebody else, so one client can read another one's registration.",
            )
            .expected(format!("client_id {}", excerpt(&ours)))
            .actual(format!("client_id {}", excerpt(named)))
            .fix("Look the client up by its registration access token, and answer with that one alone.")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Purpose, Request};

    use crate::finding::Finding;
    use crate::sample::{AS, Answer, Run, found_in, push_to_server};

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

    fn asked(purpose: Purpose, answer: &Answer) -> Option<Finding> {
        let mut trace = Run::healthy().trace();
        let request = Request::new("GET", format!("{AS}/r/1"));
        push_to_server(&mut trace, purpose, request, answer);
        found_in(&trace, "G30")
    }

    #[test]
    fn what_reading_and_updating_is_answered() {
        let read = |answer: &Answer| asked(Purpose::RegistrationRead, answer);
        for (answer, variant) in [
            (
                Answer::json(401, json!({"error": "invalid_token"})),
                "refused",
            ),
            (Answer::html(200, "Console"), "refused"),
            (Answer::bare(502), "not_reached"),
            (
                Answer::json(200, json!({"client_id": "other"})),
                "of_another",
            ),
        ] {
            assert_eq!(read(&answer).unwrap().variant, variant);
        }
        assert_eq!(read(&Answer::json(200, json!({"client_id": "c1"}))), None);
        assert_eq!(asked(Purpose::RegistrationUpdate, &Answer::bare(405)), None);
    }
}
