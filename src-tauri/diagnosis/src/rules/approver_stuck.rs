use trace::StopCode;

use crate::finding::Part;
use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::{RFC6749_AUTHORIZATION_ERROR, RFC6749_LOGIN};
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A run without a browser that comes to a page from which there is no way on: a form that
    /// wants values nobody gave, a page made by scripts, an error page.
    ///
    /// # Why it matters
    /// It says nothing about the MCP server: how a person logs in is up to each authorization
    /// server, and a program cannot do all of it.
    ///
    /// # How to fix
    /// Give the form its values with `--form NAME=VALUE`, or use a real browser. An error page is
    /// the authorization server's, and says what it does not like.
    ///
    /// # References
    /// RFC 6749 sections 3.1 and 4.1.2.1.
    "A31" "approver_stuck" Error Client since None,
    title: "The run without a browser does not get past a page",
    variants: [
        REQUEST_REFUSED: Error AuthorizationServer Likely
            "The authorization endpoint answers with an error page",
        PAGE_FAILS: Error AuthorizationServer Likely
            "The authorization server fails at its own page",
    ],
    spec: [RFC6749_LOGIN, RFC6749_AUTHORIZATION_ERROR],
    follows: ["N03/default"],
    stops: [ApproverStuck],
    looks_at: [AuthorizationPage],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((seq, said)) = reading.stopped_saying(StopCode::ApproverStuck) else {
        return;
    };
    let Some(&hop) = reading.hops.iter().rev().find(|hop| hop.seq < seq) else {
        return;
    };
    // No answer at all is the network's matter.
    let Some(status) = hop.status() else { return };
    // Only the page itself shows what it is about.
    if hop.response_with_body().is_none() {
        return;
    }
    let first = reading.hops.iter().all(|other| other.seq >= hop.seq);
    let refused = first && status >= 400;
    let finding = RULE
        .found(if refused {
            RFC6749_AUTHORIZATION_ERROR
        } else {
            RFC6749_LOGIN
        })
        .at(hop.seq, Part::body(""))
        .expected("a page that leads on, or a redirect to the redirect URI")
        .actual(excerpt(said));
    findings.add(match status {
        // The first page answers to the request itself, later ones to what was filled in.
        400.. if refused => finding
            .variant(&REQUEST_REFUSED)
            .message(format!(
                "The authorization server answers the authorization request with {status} and does \
                 not send the error back, so the page is all there is. It may not know the client, \
                 or not take the redirect URI; a firewall that wants a real browser looks the same."
            ))
            .fix(
                "Read the page: it says what the authorization server does not like. Check client \
                 ID and redirect URI there, or open the URL in a real browser.",
            ),
        401 | 403 => finding
            .message(
                "The page came back after its form was sent. Most likely user name or password are \
                 wrong or missing, or there is a field that nobody filled in.",
            )
            .fix(
                "Give the values with --form NAME=VALUE, or use a real browser for this \
                  authorization server.",
            ),
        500.. => finding
            .variant(&PAGE_FAILS)
            .message(format!("A page on the way answers {status}."))
            .fix("Look into the authorization server's log for this request."),
        _ => finding
            .message(
                "A person would get on from here. The page wants values that nobody gave, or needs \
                 scripts, which are not run.",
            )
            .fix(
                "Give the form's fields with --form NAME=VALUE. When the page needs scripts or a \
                 second factor, use a real browser.",
            ),
    });
}

#[cfg(test)]
mod tests {
    use trace::{FailureKind, Phase, StopCode};

    use crate::finding::Owner;
    use crate::sample::{Answer, Run};

    fn stuck(hops: Vec<Answer>) -> Run {
        let mut run = Run::healthy();
        run.hops = hops;
        run.stop_message =
            "stuck at https://as.example/authorize (status 200): the page \"Login\" has no form";
        run.stop(Phase::Authorization, StopCode::ApproverStuck);
        run
    }

    #[test]
    fn a_page_that_wants_something_is_the_client_s_and_an_error_the_server_s() {
        let login = stuck(vec![Answer::html(200, "Login")]).finding("A31");
        assert_eq!(login.owner, Owner::Client);
        assert!(login.fix.contains("--form NAME=VALUE"));
        assert!(login.actual.unwrap().contains("has no form"));
        let refused = stuck(vec![Answer::html(400, "Unknown client")]).finding("A31");
        assert_eq!(refused.owner, Owner::AuthorizationServer);
        let again = stuck(vec![
            Answer::html(200, "Login"),
            Answer::html(403, "Wrong password"),
        ]);
        assert_eq!(again.finding("A31").owner, Owner::Client);
        let broken = stuck(vec![Answer::html(200, "Login"), Answer::html(500, "Oops")]);
        assert_eq!(broken.finding("A31").owner, Owner::AuthorizationServer);
    }

    #[test]
    fn is_silent_where_another_rule_explains_it() {
        assert_eq!(
            stuck(vec![Answer::html(400, "Invalid redirect_uri")]).found(),
            ["S07"]
        );
        assert_eq!(
            stuck(vec![Answer::failed(FailureKind::Refused)]).found(),
            ["N01"]
        );
        assert!(Run::healthy().is_silent("A31"));
    }
}
