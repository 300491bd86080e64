//! Redirects.

use trace::{Outcome, Request, Verdict, origin_of};
use url::Url;

use crate::setup::Setup;
use crate::state::{Flow, Redirect};
use crate::step::Step;
use crate::transition::Transition;

/// Follows a redirect where a client may: a GET anywhere, a POST only by 307 or 308 within its
/// origin (RFC 9110 section 15.4). `None` when there is nothing to follow.
pub(crate) fn follow(
    flow: &Flow,
    setup: &Setup,
    request: &Request,
    outcome: &Outcome,
) -> Option<Transition> {
    let redirect = next(flow, request, outcome)?;
    if redirect.hops > setup.limits.redirects {
        return None;
    }
    let verdict = Verdict::moved_on(format!("→ {}", redirect.url));
    let mut flow = flow.clone();
    flow.attempt.redirect = Some(redirect);
    Some(Transition::stay(flow, verdict))
}

/// Says that there is one redirect more than may be followed.
pub(crate) fn one_too_many(
    flow: &Flow,
    setup: &Setup,
    request: &Request,
    outcome: &Outcome,
) -> Option<String> {
    let most = setup.limits.redirects;
    let redirect = next(flow, request, outcome)?;
    (redirect.hops > most).then(|| format!("after {most} redirects, the limit (--max-redirects)"))
}

/// Where a redirect leads, however often the request was redirected before.
fn next(flow: &Flow, request: &Request, outcome: &Outcome) -> Option<Redirect> {
    let Outcome::Response(response) = outcome else {
        return None;
    };
    let keeps_method = matches!(response.status, 307 | 308);
    let is_get = request.method == "GET";
    let redirects = keeps_method || is_get && matches!(response.status, 301..=303);
    if !redirects || carries_credentials(&flow.step) {
        return None;
    }
    let location = response.header_value("location")?;
    let target = Url::parse(&request.url).ok()?.join(location).ok()?;
    let target = matches!(target.scheme(), "http" | "https").then(|| target.to_string())?;
    let crosses = origin_of(&target) != origin_of(&request.url);
    if crosses && !is_get {
        return None;
    }
    let earlier = flow.attempt.redirect.as_ref();
    let hops = earlier.map_or(0, |redirect| redirect.hops);
    let left_origin = crosses || earlier.is_some_and(|redirect| redirect.left_origin);
    Some(Redirect {
        url: target,
        hops: hops.saturating_add(1),
        left_origin,
    })
}

/// Credentials in a body are only for the endpoint that they were sent to.
fn carries_credentials(step: &Step) -> bool {
    matches!(
        step,
        Step::ExpectToken { .. }
            | Step::ExpectRefresh { .. }
            | Step::ExpectRequestUri { .. }
            | Step::ExpectDeviceCode { .. }
            | Step::ExpectAssertion { .. }
            | Step::ExpectAction(_)
    )
}
