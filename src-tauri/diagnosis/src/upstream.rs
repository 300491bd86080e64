//! Pages of an identity provider behind the authorization server, where the way to it was seen.

use trace::{Purpose, query_pairs};

use crate::fields::response_fields;
use crate::reading::{ExchangeRef, Reading, value};
use crate::redirect_uris::refuses_redirect_uri;

/// A request with which the authorization server sent the browser on, as a client of its own.
pub(crate) struct Upstream {
    /// The redirect URI of that client.
    pub redirect_uri: String,
    /// The page answers to that request itself, and not to what was entered in a page before it.
    pub at_once: bool,
}

/// The request that led to this page; none where it was the run's own.
pub(crate) fn upstream_of(reading: &Reading<'_>, page: ExchangeRef<'_>) -> Option<Upstream> {
    let (began, own) = reading.authorization_before(page.seq)?;
    let pages = match page.exchange.purpose {
        Purpose::AuthorizationProbe => &reading.probes,
        _ => &reading.hops,
    };
    let on_the_way = |hop: &&ExchangeRef<'_>| began < hop.seq && hop.seq <= page.seq;
    let mut at_once = true;
    for hop in pages.iter().rev().filter(on_the_way) {
        at_once &= hop.seq == page.seq || is_redirect(*hop);
        let sent = query_pairs(&hop.request().url);
        if let Some(redirect_uri) = value(&sent, "redirect_uri") {
            let is_own = value(own, "redirect_uri") == Some(redirect_uri);
            return (!is_own).then(|| Upstream {
                redirect_uri: redirect_uri.to_owned(),
                at_once,
            });
        }
    }
    None
}

/// The request that this page refuses, where it was not the run's own. A page about the user, or
/// about trouble of its own, refuses no request.
pub(crate) fn refused_upstream(reading: &Reading<'_>, page: ExchangeRef<'_>) -> Option<Upstream> {
    let text = shown(page).filter(|_| is_refusal(page))?;
    let upstream = upstream_of(reading, page)?;
    let bare = matches!(page.status(), Some(400 | 401 | 404 | 422)) && !may_draw_itself(page);
    (speaks_of_request(&text) || (upstream.at_once && bare)).then_some(upstream)
}

/// Whether the scripts of a page may make a login of it, whatever its status, as those of many
/// applications do.
pub(crate) fn may_draw_itself(page: ExchangeRef<'_>) -> bool {
    shown(page).is_some_and(|text| text.contains("<script") && !speaks_of_request(&text))
}

fn speaks_of_request(page: &str) -> bool {
    let client = ["client_id", "invalid_client", "unauthorized_client"];
    refuses_redirect_uri(page) || client.iter().any(|word| page.contains(word))
}

/// Whether nobody can get past this page by filling it in.
pub(crate) fn is_refusal(page: ExchangeRef<'_>) -> bool {
    // Without its body it may be a form to try again.
    let Some(text) = shown(page) else {
        return false;
    };
    let refuses = page.status().is_some_and(|status| status >= 400);
    (refuses || refuses_redirect_uri(&text)) && !text.contains("<form")
}

/// What a page says, in lower case.
fn shown(page: ExchangeRef<'_>) -> Option<String> {
    let response = page.response_with_body()?;
    Some(response.text().unwrap_or_default().to_ascii_lowercase())
}

fn is_redirect(hop: ExchangeRef<'_>) -> bool {
    let status = hop.status();
    status.is_some_and(|status| (300..400).contains(&status))
}

/// Whether the browser came back with a code after this page: then it was no obstacle.
pub(crate) fn came_back_after(reading: &Reading<'_>, page: ExchangeRef<'_>) -> bool {
    let next_visit = reading.visits.iter().find(|visit| visit.seq > page.seq);
    let until = next_visit.map_or(u32::MAX, |visit| visit.seq);
    let mut callbacks = reading.callbacks.iter();
    callbacks.any(|callback| {
        let fields = response_fields(callback.request());
        page.seq < callback.seq && callback.seq < until && value(&fields, "code").is_some()
    })
}
