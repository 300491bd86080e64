//! Looks at a page without filling in anything.

use trace::{Outcome, Request};
use url::Url;

use super::{Approver, Next, redirected};
use crate::send::Sent;

/// A login page is seldom further away.
const MOST_REDIRECTS: usize = 5;

impl Approver {
    /// Asks for the authorization request's URL once, as a browser without cookies does, and
    /// follows redirects up to the first page. A redirect to the redirect URI is not followed: the
    /// answer is for the browser that is there already. Every hop is given to `on_hop`, also the
    /// one that is under way when this is dropped.
    pub async fn look(&self, url: &str, redirect_uri: &str, on_hop: &mut (dyn FnMut(Sent) + Send)) {
        let mut request = Request::new("GET", url);
        for _ in 0..=MOST_REDIRECTS {
            let sent = self.send(self.dressed(request), &[], on_hop).await;
            let onward = onward(&sent, redirect_uri);
            on_hop(sent);
            match onward {
                Some(following) => request = following,
                None => return,
            }
        }
    }
}

/// Where the answer leads, when it is to another page.
fn onward(sent: &Sent, redirect_uri: &str) -> Option<Request> {
    let Outcome::Response(response) = &sent.outcome else {
        return None;
    };
    if !matches!(response.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let here = Url::parse(&sent.request.url).ok()?;
    let location = response.header_value("location")?;
    match redirected(&here, location, Some(redirect_uri), &sent.request, response).ok()? {
        Next::Request(following) => Some(following),
        _ => None,
    }
}
