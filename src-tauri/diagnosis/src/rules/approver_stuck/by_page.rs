//! What is said of each page at which the run is stuck.

use super::page::Page;
use crate::by_status::{ByStatus, Decided};
use crate::finding::Finding;
use crate::reading::{Reading, value};
use crate::redirect_uris::to_a_firewall;
use crate::wording::{excerpt, says_missing};

pub(super) fn in_circle(finding: Finding) -> Finding {
    finding
        .message(
            "Each page leads to the next, and then to the first again, so a browser gives up. A \
             cookie that does not come back, or a proxy that redirects what is redirected back, \
             are the usual causes.",
        )
        .fix(
            "Follow the redirects in a browser's network view, and end the circle: let the page \
             answer itself, or redirect to the redirect URI with an error.",
        )
}

pub(super) fn too_many_steps(finding: Finding) -> Finding {
    finding
        .message(
            "One redirect leads to the next until the limit of this run, and none to the \
             redirect URI. Most likely login or consent is asked for again and again, because \
             what was answered is not enough or not remembered. A login that takes more steps \
             than that looks the same.",
        )
        .fix(
            "Look into the log of the authorization server for why it asks again. If the login \
             takes that many steps, raise --max-login-requests.",
        )
}

pub(super) fn by_post(finding: Finding) -> Finding {
    finding
        .message(
            "The page is a form that sends code and state to the redirect URI by POST \
             (form_post). Nobody asked for that, and most clients read the query of a GET alone. \
             Nothing is missing in the form.",
        )
        .fix(
            "Redirect to the redirect URI with code and state in its query unless the request \
             says response_mode=form_post. Until then run with --response-mode form_post here.",
        )
}

pub(super) fn other_place(finding: Finding, redirect_uri: &str) -> Finding {
    finding
        .message(format!(
            "The last redirect leads to the client's own port, and not to its redirect URI. \
             Nothing is there, so the client waits in vain. The request said {}.",
            excerpt(redirect_uri)
        ))
        .fix(format!(
            "Redirect to the redirect URI as the request has it, byte for byte: {}, and add \
             the answer after ?.",
            excerpt(redirect_uri)
        ))
}

pub(super) fn by_status(
    finding: Finding,
    page: &Page<'_>,
    reading: &Reading<'_>,
    decided: &ByStatus,
) -> Finding {
    let asked = reading.authorization_before(page.hop.seq);
    let uri = asked.and_then(|(_, asked)| value(asked, "redirect_uri"));
    let dislikes = uri
        .filter(|_| page.is_first && decided.kind == Decided::InFront)
        .and_then(to_a_firewall);
    let (more, way_around) = dislikes.unwrap_or_default();
    let status = page.response.status;
    finding
        .message(format!("A page on the way answers {status}. {} {more}", decided.why).trim_end())
        .fix(format!("{} {way_around}", decided.fix).trim_end())
}

pub(super) fn redirect_to_nowhere(finding: Finding, status: u16) -> Finding {
    finding
        .message(format!(
            "A page on the way answers {status}, which is a redirect, without Location: \
             there is nowhere to go, for a browser neither."
        ))
        .fix("Send Location with the redirect, and let proxies pass it on.")
}

pub(super) fn location_without_redirect(finding: Finding, status: u16) -> Finding {
    finding
        .message(format!(
            "The page answers {status} with Location. A browser follows Location on a \
             status from 300 to 399 alone, so it stays where it is, and the client waits in \
             vain. A proxy that replaces the status looks the same."
        ))
        .fix("Answer 302 where the browser is sent on with Location.")
}

pub(super) fn not_web(finding: Finding) -> Finding {
    finding
        .message(
            "A browser does not follow a redirect to a script, a file or data, and asks for a \
             program of this machine for any other scheme. The client waits at its redirect URI all \
             the while.",
        )
        .fix(
            "Redirect to the redirect URI of the authorization request, or to a page of http or \
             https that leads there.",
        )
}

pub(super) fn refused_later(finding: Finding, page: &Page<'_>, reading: &Reading<'_>) -> Finding {
    let asked = reading.authorization_before(page.hop.seq);
    let words = page.words();
    let lost = asked.and_then(|(_, asked)| {
        let names = asked.iter().map(|pair| pair.name.as_str());
        let lost = |name: &&str| words.contains(*name) && says_missing(&words);
        // "state" and "scope" are words of every page.
        let mut names = names.filter(|name| name.contains('_'));
        names.find(lost)
    });
    match lost {
        Some(name) => finding
            .message(format!(
                "The page misses {name}, which the authorization request had: it was lost \
                 between the pages. A login that leads back without the parameters of the \
                 request, or a cookie that does not come back, are the usual causes."
            ))
            .fix(
                "Keep the whole authorization request over the login, and go on with it \
                 afterwards.",
            ),
        None => finding
            .message(
                "The authorization endpoint led on, and a page behind it refuses. It has no \
                 form, so a person would not get on from here either; its own words are all \
                 there is.",
            )
            .fix(
                "Do what the page says, and look into the authorization server's log for this \
                 request.",
            ),
    }
}

pub(super) fn later_page_missing(finding: Finding) -> Finding {
    finding
        .message(
            "The authorization endpoint answers, and what it leads to does not exist. Nobody can \
             log in there. A login page that is not deployed, or has another path behind a proxy, \
             is the usual cause.",
        )
        .fix(
            "Deploy the login page at the address that the authorization endpoint redirects to, or \
             redirect to where it is.",
        )
}

/// An answer that no browser shows as a page.
pub(super) fn no_page(finding: Finding, page: &Page<'_>) -> Finding {
    if page.response.body.bytes.is_empty() {
        finding
            .message(
                "The answer has no content: there is nothing to fill in, to agree to or to run. \
                 Most likely the server failed while it made the page.",
            )
            .fix("Look into the log of the authorization server for this request.")
    } else {
        finding
            .message(
                "Nothing there leads on, not even for a person: it has no form and no script, \
                 since it is not HTML. authorization_endpoint may name another endpoint than \
                 the login page, or the page comes without its Content-Type.",
            )
            .fix(
                "Write the URL of the login page into authorization_endpoint of the metadata, \
                 and send that page with Content-Type: text/html.",
            )
    }
}

/// A form that the server sent itself and does not take back.
pub(super) fn taken_for_forged(finding: Finding) -> Finding {
    finding
        .message(
            "The form was sent as the page gave it, with the cookies that came with it, and by its \
             words the server takes it for one of another site. Most often a proxy in front passes \
             another Host or scheme than the browser used, so that Origin or the cookie does not fit. \
             People are refused in the same way then; a page whose script fills in the token is \
             the exception.",
        )
        .fix(
            "Let the proxy pass Host and X-Forwarded-Proto on as they came, and name the public \
             origin among those that the server trusts (Django: CSRF_TRUSTED_ORIGINS). If a browser \
             gets past this page, use a browser.",
        )
}

/// A page that a person may get past.
pub(super) fn wants_something(finding: Finding, page: &Page<'_>) -> Finding {
    if matches!(page.response.status, 401 | 403) {
        finding
            .message(
                "The page came back after its form was sent. Most likely user name or password \
                 are wrong or missing, or there is a field that nobody filled in.",
            )
            .fix(
                "Give the values with --form NAME=VALUE, or use a real browser for this \
                 authorization server.",
            )
    } else {
        finding
            .message(
                "Most likely a person would get on from here: the page wants other values than \
                 were given, or needs scripts, which are not run.",
            )
            .fix(
                "Give the form's fields with --form NAME=VALUE. When the page needs scripts or \
                 a second factor, use a real browser.",
            )
    }
}

pub(super) fn registered_client_unknown(finding: Finding) -> Finding {
    finding
        .message(
            "The client was registered a moment ago, and the page does not know it: \
             registrations are kept where the page does not look, are lost at a restart, or \
             another server behind the same address answered.",
        )
        .fix(
            "Keep registered clients in a store that all instances share and that outlives \
             a restart.",
        )
}

pub(super) fn client_id_unknown(finding: Finding) -> Finding {
    finding
        .message(
            "The client ID comes from the settings of this run, or from an earlier \
             registration. The authorization server does not have it, or no longer, or in \
             another tenant.",
        )
        .fix(
            "Correct the client ID in the settings of this run, or leave it out so that a client \
             is registered.",
        )
}

pub(super) fn endpoint_not_there(finding: Finding, status: u16) -> Finding {
    finding
        .message(format!(
            "The URL in authorization_endpoint is answered {status}: the path is another \
             one, or the page behind it is not deployed."
        ))
        .fix("Write the URL of the login page into authorization_endpoint of the metadata.")
}

pub(super) fn request_refused(finding: Finding, status: u16) -> Finding {
    finding
        .message(format!(
            "The authorization server answers the authorization request with {status} and does \
             not send the error back, so its own words are all there is. It may not know the \
             client, or not take a parameter; a firewall that wants a real browser looks the \
             same."
        ))
        .fix(
            "Do what the page says. Check client ID and redirect URI at the authorization \
             server, or open the URL in a real browser.",
        )
}
