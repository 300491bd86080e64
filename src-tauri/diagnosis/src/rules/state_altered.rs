use trace::Pair;

use crate::finding::Part;
use crate::reading::{Reading, response_fields, value};
use crate::rule::{Findings, rule};
use crate::snapshot::ResponseRef;
use crate::spec::RFC6749_STATE;
use crate::wording::{excerpt, from_cache};

rule! {
    /// # What it looks at
    /// The `state` of the callback, against the one of the authorization request before it.
    ///
    /// # Why it matters
    /// `state` ties the response to the request and so keeps a foreign response out. A client that
    /// gets another one, or none, must throw the response away.
    ///
    /// # How to fix
    /// Send back the exact text of `state`, whatever its length and characters, in success and in
    /// error responses, and through every page and redirect in between.
    ///
    /// # References
    /// RFC 6749 sections 4.1.2 and 10.12.
    "A05" "state_altered" Error AuthorizationServer Likely since None,
    title: "The callback does not carry the state that was sent",
    variants: [
        CHANGED: Error AuthorizationServer Likely,
        NOT_TAKEN: Error AuthorizationServer Likely,
    ],
    spec: [RFC6749_STATE],
    follows: ["A32"],
    stops: [StateMismatch, CallbackTimeout, BrowserClosed],
    looks_at: [Callback],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let taken = reading.callbacks.last();
    let strays = reading.strays.last();
    let stray = strays.filter(|stray| taken.is_none_or(|taken| taken.seq < stray.seq));
    let Some(callback) = stray.or(taken) else {
        return;
    };
    let Some((_, request)) = reading.authorization_before(callback.seq) else {
        return;
    };
    let Some(sent) = value(request, "state") else {
        return;
    };
    let query = response_fields(callback.request());
    let received = value(&query, "state");
    let several = query.iter().filter(|pair| pair.name == "state").count() > 1;
    if received == Some(sent) && !several {
        return;
    }
    // Who refuses a request object without reading it does not know the state in it.
    if received.is_none() && value(&query, "error").is_some() && is_in_object(request) {
        return;
    }
    let finding = RULE
        .found(RFC6749_STATE)
        .at(callback.seq, Part::RequestUrl)
        .expected(format!("state={}", excerpt(sent)))
        .fix("Send state back exactly as it came, in success and in error responses.");
    findings.add(match received {
        _ if stray.is_some() => finding
            .variant(&NOT_TAKEN)
            .message(format!(
                "A request came to the redirect URI without the state that was sent. {} any page \
                 in the browser can send one. If it came when the user had agreed, the \
                 authorization server, or a page or redirect in between, lost or changed state.",
                if reading.is_of_another_client() {
                    "Clients throw it away:"
                } else {
                    "It was answered 400, and the wait went on:"
                }
            ))
            .actual(match received {
                None => "no state".to_owned(),
                Some(other) => format!("state={}", excerpt(other)),
            }),
        Some(_) if several => finding
            .message(
                "state came more than once, which no parameter may. Clients throw the response \
                 away.",
            )
            .actual("several values of state"),
        None if in_fragment(reading, callback.seq) => finding
            .message(
                "state came after #, in the fragment of the redirect, which the browser keeps to \
                 itself. Clients get the rest without state and throw it away.",
            )
            .actual("state in the fragment of the redirect"),
        None => finding
            .message(
                "The authorization server left out state, or a page or redirect in between lost \
                 it. Clients throw the response away.",
            )
            .actual("no state"),
        Some(other) => {
            let finding = finding
                .variant(&CHANGED)
                .actual(format!("state={}", excerpt(other)));
            match cached(reading, callback.seq) {
                Some(old) => finding
                    .message(format!(
                        "Clients throw the response away. {old} It was made for another request."
                    ))
                    .fix(
                        "Send Cache-Control: no-store with every redirect of the authorization \
                         endpoint, and let no cache in front of it keep them.",
                    ),
                None => finding.message(
                    "Clients throw the response away. The authorization server may have changed \
                     state (cut it off, encoded it twice); a callback of an earlier attempt, from \
                     a tab that was still open, looks the same.",
                ),
            }
        }
    });
}

/// The redirect that led to a callback.
fn redirect<'a>(reading: &Reading<'a>, callback: u32) -> Option<ResponseRef<'a>> {
    let mut hops = reading.hops.iter().rev();
    hops.find(|hop| hop.seq < callback)?.response_with_headers()
}

fn in_fragment(reading: &Reading<'_>, callback: u32) -> bool {
    let location = redirect(reading, callback);
    let location = location.and_then(|answer| answer.header_value("location"));
    let fragment = location.and_then(|location| location.split_once('#'));
    fragment.is_some_and(|(_, fragment)| fragment.split('&').any(|it| it.starts_with("state=")))
}

fn cached(reading: &Reading<'_>, callback: u32) -> Option<String> {
    let response = redirect(reading, callback)?;
    from_cache(&response)
}

/// Whether the state was sent in a request object alone: its members come after it.
fn is_in_object(request: &[Pair]) -> bool {
    let position = |name: &str| request.iter().position(|pair| pair.name == name);
    position("request").is_some_and(|object| position("state").is_some_and(|at| at > object))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::finding::Certainty;
    use crate::sample::{Run, jwt};

    fn with_state(state: Option<&str>) -> Run {
        let mut run = Run::healthy();
        run.callback.retain(|(name, _)| *name != "state");
        run.callback
            .extend(state.map(|state| ("state", state.to_owned())));
        run
    }

    #[test]
    fn none_and_another_one_are_likely() {
        assert_eq!(with_state(None).finding("A05").certainty, Certainty::Likely);
        let other = with_state(Some("st-0")).finding("A05");
        assert_eq!(other.certainty, Certainty::Likely);
        assert_eq!(other.expected.as_deref(), Some("state=st-1"));
    }

    #[test]
    fn what_the_redirect_tells_of_it() {
        let mut run = with_state(None);
        let last = run.hops.last_mut().unwrap();
        last.drop_header("location");
        *last = last
            .clone()
            .header("Location", "http://127.0.0.1/cb?code=a#state=st-1");
        let actual = run.finding("A05").actual.unwrap();
        assert!(actual.contains("fragment"), "{actual}");
        let mut run = with_state(Some("st-0"));
        let last = run.hops.last_mut().unwrap();
        *last = last.clone().header("Age", "700");
        assert!(run.finding("A05").message.contains("cache"));
    }

    #[test]
    fn one_state_too_many_is_told() {
        let mut run = with_state(Some("st-1"));
        run.callback.push(("state", "st-1".to_owned()));
        assert_eq!(
            run.finding("A05").actual.as_deref(),
            Some("several values of state")
        );
    }

    #[test]
    fn a_request_object_that_was_not_read_keeps_its_state() {
        let mut run = with_state(None);
        run.callback
            .push(("error", "request_not_supported".to_owned()));
        assert_eq!(run.finding("A05").actual.as_deref(), Some("no state"));
        run.authorization.retain(|(name, _)| *name == "client_id");
        let object = jwt(&json!({"state": "st-1"}));
        run.authorization.push(("request", object));
        assert!(run.is_silent("A05"));
        // Who answers with a code has read it.
        run.callback.retain(|(name, _)| *name != "error");
        assert_eq!(run.finding("A05").actual.as_deref(), Some("no state"));
    }

    #[test]
    fn is_silent_when_none_was_sent() {
        let mut run = with_state(None);
        run.authorization.retain(|(name, _)| *name != "state");
        assert!(run.is_silent("A05"));
    }
}
