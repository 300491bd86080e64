use trace::{StopCode, pairs};

use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, response_fields, value};
use crate::rule::{Findings, rule};
use crate::spec::{RFC6749_CODE, RFC6749_ONCE};
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// A callback that carries neither `code` nor `error`, or one of them twice, and a redirect
    /// that has them in its fragment.
    ///
    /// # Why it matters
    /// There is nothing to exchange for a token. Most often the answer came in a way that the
    /// client did not ask for: in the fragment of the URL, which no server sees, or a page in
    /// between lost the query.
    ///
    /// # How to fix
    /// Send `code` in the query of the redirect URI. Look at pages and proxies between the
    /// authorization server and the redirect URI.
    ///
    /// # References
    /// RFC 6749 section 4.1.2.
    "A32" "callback_without_code" Error AuthorizationServer since None,
    title: "The callback carries neither code nor error",
    variants: [
        OWN_OPTION: Error Client Likely
            "The callback has no code because of this run's own {option}",
        NO_PARAMETERS: Error AuthorizationServer Likely,
        CODE_LEFT_OUT: Error AuthorizationServer Likely,
        IN_FRAGMENT: Error AuthorizationServer Certain
            "The authorization server answers in the fragment of the redirect URI",
        TOKEN_BESIDES: Warning AuthorizationServer Certain
            "The callback has an access token besides the code",
        REPEATED: Error AuthorizationServer Certain "The callback has {parameter} more than once",
    ],
    spec: [RFC6749_CODE, RFC6749_ONCE],
    stops: [NoCode, StateMismatch],
    looks_at: [Callback],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some(callback) = reading.callbacks.last() else {
        return;
    };
    if let Some(finding) = in_fragment(reading, *callback)
        .or_else(|| repeated(*callback))
        .or_else(|| token_besides(*callback))
    {
        return findings.add(finding);
    }
    let bare = response_fields(callback.request()).is_empty();
    let redirect = reading.hops.iter().rev().find(|hop| hop.seq < callback.seq);
    // Without its headers nobody knows what the redirect had in its fragment.
    if bare && redirect.is_some_and(|hop| hop.response_with_headers().is_none()) {
        return;
    }
    let stopped = reading.stopped(StopCode::NoCode).is_some()
        || bare && reading.stopped(StopCode::StateMismatch).is_some();
    if !stopped {
        return;
    }
    let names: Vec<String> = response_fields(callback.request())
        .into_iter()
        .map(|pair| match (pair.name.as_str(), pair.value.as_str()) {
            (name @ ("code" | "error"), "") => format!("an empty {name}"),
            (name, _) => excerpt(name),
        })
        .collect();
    let implicit = names
        .iter()
        .any(|name| matches!(name.as_str(), "access_token" | "id_token"));
    let finding = RULE
        .found(RFC6749_CODE)
        .at(callback.seq, Part::RequestUrl)
        .expected("code in the query of the callback")
        .actual(match names.as_slice() {
            [] => "no parameters".into(),
            names => format!("only {}", list(names)),
        });
    findings.add(match (implicit, names.is_empty()) {
        (true, _) => finding
            .message(
                "Tokens came in place of a code: the authorization server answered in the \
                      implicit way.",
            )
            .fix("Answer response_type=code with a code; no other response type was asked for."),
        (false, true) => finding
            .variant(&NO_PARAMETERS)
            .message(
                "The redirect URI was opened without any parameter. The authorization server may \
                 have answered in the fragment (response_mode=fragment), which the browser keeps \
                 to itself; a page in between may have lost the query; or somebody opened the URL \
                 by hand.",
            )
            .fix(
                "Send code and state in the query of the redirect URI, and keep the query in \
                  every redirect.",
            ),
        (false, false) => finding
            .variant(&CODE_LEFT_OUT)
            .message(
                "The authorization server answered and left the code out, or a page or proxy in \
                 between took it for a secret and removed it.",
            )
            .fix("Send code, or error, in every authorization response."),
    });
}

/// An access token in the URL of the callback, next to the code that was asked for.
fn token_besides(callback: ExchangeRef<'_>) -> Option<Finding> {
    let fields = response_fields(callback.request());
    let has = |name: &str| fields.iter().any(|field| field.name == name);
    (has("code") && has("access_token")).then(|| {
        RULE.found(RFC6749_CODE)
            .variant(&TOKEN_BESIDES)
            .at(callback.seq, Part::RequestUrl)
            .message(
                "Nobody asked for it: response_type was code. A token in a URL stays in the history \
                 of the browser and in the logs of everything on the way, and clients that know the \
                 hybrid answer take it for the one to use.",
            )
            .expected("code and state, and no access_token")
            .actual("code and access_token")
            .fix("Answer response_type=code with a code alone, and give the token out for the code.")
    })
}

/// A parameter of the answer that came more than once.
fn repeated(callback: ExchangeRef<'_>) -> Option<Finding> {
    let fields = response_fields(callback.request());
    let known = ["code", "state", "iss", "error"];
    let count = |name: &str| fields.iter().filter(|field| field.name == name).count();
    let name = known.into_iter().find(|name| count(name) > 1)?;
    Some(
        RULE.found(RFC6749_ONCE)
            .variant(&REPEATED)
            .title_with([name])
            .at(callback.seq, Part::RequestUrl)
            .message(
                "Each parameter may come once. Some clients take the first one, some the last, and \
                 strict ones refuse the answer. Most likely two parts of the server add it, or the \
                 redirect URI carries one from before.",
            )
            .expected(format!("{name} once"))
            .actual(format!("{name} {} times", count(name)))
            .fix(format!("Send {name} once in the redirect to the client.")),
    )
}

/// The redirect to this callback, when it has the answer after a `#`.
fn in_fragment(reading: &Reading<'_>, callback: ExchangeRef<'_>) -> Option<Finding> {
    if !response_fields(callback.request()).is_empty() {
        return None;
    }
    let hop = reading
        .hops
        .iter()
        .rev()
        .find(|hop| hop.seq < callback.seq)?;
    let location = hop.response()?.header_value("location")?;
    let (_, fragment) = location.split_once('#')?;
    let fields = pairs(fragment);
    let names: Vec<&str> = fields.iter().map(|pair| pair.name.as_str()).collect();
    if !names
        .iter()
        .any(|name| matches!(*name, "code" | "error" | "access_token" | "id_token"))
    {
        return None;
    }
    let (_, asked) = reading.authorization_before(callback.seq)?;
    // Who asked for it gets it.
    if value(asked, "response_mode") == Some("fragment") {
        return None;
    }
    Some(
        RULE.found(RFC6749_CODE)
            .variant(&IN_FRAGMENT)
            .at(hop.seq, Part::response_header("Location"))
            .message(
                "The browser keeps what comes after # to itself, so it never reaches a client that \
                 listens at the redirect URI. The request asked for no response mode, and then a \
                 code is sent in the query.",
            )
            .expected("code and state after ? in the redirect")
            .actual(format!("#{} in the redirect", excerpt(&names.join("&"))))
            .fix("Send code and state in the query of the redirect URI (response_mode=query)."),
    )
}

#[cfg(test)]
mod tests {
    use trace::{Phase, StopCode};

    use crate::finding::Certainty;
    use crate::sample::{Answer, Run};

    #[test]
    fn a_token_besides_the_code() {
        let mut run = Run::healthy();
        run.callback.push(("access_token", "secret-token".into()));
        assert_eq!(run.finding("A32").variant, "token_besides");
    }

    fn without_code() -> Run {
        let mut run = Run::healthy();
        run.callback.retain(|(name, _)| *name != "code");
        run.stop(Phase::Authorization, StopCode::NoCode);
        run
    }

    #[test]
    fn says_what_came_instead() {
        let mut run = without_code();
        assert_eq!(
            run.finding("A32").actual.as_deref(),
            Some("only state and iss")
        );
        assert_eq!(run.found(), ["A32"]);
        run.callback.push(("access_token", "secret-token".into()));
        assert_eq!(run.finding("A32").certainty, Certainty::Certain);
        run.callback.clear();
        assert!(run.finding("A32").message.contains("fragment"));
    }

    #[test]
    fn an_answer_in_the_fragment_is_seen_in_the_redirect() {
        let mut run = without_code();
        run.callback.clear();
        run.hops = vec![
            Answer::bare(302).header("location", "http://127.0.0.1:1/callback#code=c&state=s"),
        ];
        run.stop(Phase::Authorization, StopCode::StateMismatch);
        assert_eq!(run.finding("A32").variant, "in_fragment");
        assert_eq!(run.found()[0], "A32");
    }

    #[test]
    fn is_silent_about_a_code_and_about_an_error() {
        assert!(Run::healthy().is_silent("A32"));
        let mut run = without_code();
        run.callback.push(("error", "access_denied".into()));
        run.stop(Phase::Authorization, StopCode::AuthorizationError);
        assert!(run.is_silent("A32"));
    }

    #[test]
    fn a_parameter_that_comes_twice() {
        let mut run = Run::healthy();
        run.callback.push(("code", "another".into()));
        let finding = run.finding("A32");
        assert_eq!(finding.variant, "repeated");
        assert_eq!(finding.actual.as_deref(), Some("code 2 times"));
    }
}
