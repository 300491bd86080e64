use trace::StopCode;

use crate::finding::Part;
use crate::reading::{Reading, response_fields};
use crate::rule::{Findings, rule};
use crate::spec::RFC6749_CODE;
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// A callback that carries neither `code` nor `error`.
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
        NO_PARAMETERS: Error AuthorizationServer Likely,
        CODE_LEFT_OUT: Error AuthorizationServer Likely,
    ],
    spec: [RFC6749_CODE],
    stops: [NoCode],
    looks_at: [Callback],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let stopped = reading.stopped(StopCode::NoCode);
    let Some((callback, _)) = reading.callbacks.last().zip(stopped) else {
        return;
    };
    let names: Vec<String> = response_fields(callback.request())
        .into_iter()
        .map(|pair| excerpt(&pair.name))
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

#[cfg(test)]
mod tests {
    use trace::{Phase, StopCode};

    use crate::finding::Certainty;
    use crate::sample::Run;

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
    fn is_silent_about_a_code_and_about_an_error() {
        assert!(Run::healthy().is_silent("A32"));
        let mut run = without_code();
        run.callback.push(("error", "access_denied".into()));
        run.stop(Phase::Authorization, StopCode::AuthorizationError);
        assert!(run.is_silent("A32"));
    }
}
