//! Stands in for the browser and the person before it, where there is no screen.

mod choice;
mod form;
mod look;
mod memory;

use std::collections::HashSet;
use std::time::SystemTime;

use thiserror::Error;
use trace::{Credential, Outcome, Request, Response, Secret, Timestamp};
use url::Url;

use crate::outgoing::without_query;
use crate::place::is_at;
use crate::send::{Sent, Wire};
use form::{Submission, Unanswered, next_on};

pub use memory::BrowserMemory;

/// Follows redirects, keeps cookies, fills in login and consent forms with their own values and the
/// given ones, and presses what approves.
///
/// The given values may be a password, so they are for the first origin that asks for one of them.
/// A form or a redirect that would bring a value that was typed in to another origin ends the
/// login. What was chosen among what a page offers is not a secret, and goes where the page says.
pub struct Approver {
    wire: Wire,
    form: Vec<(String, String)>,
    /// For every page that asks.
    codes: Vec<(String, String)>,
    memory: BrowserMemory,
    deliver: bool,
    most_requests: u32,
}

/// Where the way to the redirect URI, or to the last page, ended, and why. Names the page without
/// its query.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("stuck at {url}{}: {why}", status.map(|status| format!(" (status {status})")).unwrap_or_default())]
pub struct Stuck {
    /// Without query and fragment.
    pub url: String,
    /// `None` when no response came.
    pub status: Option<u16>,
    pub why: String,
}

/// A request without an answer yet.
struct UnderWay<'a> {
    request: Option<Request>,
    started: Timestamp,
    on_hop: &'a mut (dyn FnMut(Sent) + Send),
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(request) = self.request.take() {
            (self.on_hop)(Sent::cancelled(request, self.started));
        }
    }
}

/// What a page leads to.
enum Next {
    Request(Request),
    /// A form was filled in with these values.
    Form(Request, Vec<Credential>),
    /// The callback, which has not been sent.
    Arrived(Request),
    /// The page asks for nothing more.
    LastPage,
}

impl Approver {
    /// `form` holds values for the fields of forms, by name; they win over the values the fields
    /// have.
    pub fn new(wire: Wire, form: Vec<(String, String)>) -> Self {
        Self {
            wire,
            form,
            codes: Vec::new(),
            memory: BrowserMemory::default(),
            deliver: false,
            most_requests: 20,
        }
    }

    /// How many requests it may take from the first one to the redirect URI, or to the last page;
    /// 20 unless this says otherwise.
    pub fn at_most(mut self, requests: u32) -> Self {
        self.most_requests = requests;
        self
    }

    /// Remembers what another one remembers: who is logged in there is not asked again.
    pub fn remembering(mut self, memory: BrowserMemory) -> Self {
        self.memory = memory;
        self
    }

    /// A value for the field of a form at any origin, as the code that a device shows is.
    pub fn code(mut self, field: &str, value: &str) -> Self {
        self.codes.push((field.into(), value.into()));
        self
    }

    /// Requests the redirect URI too, so that the callback listener sees it.
    pub fn deliver(mut self, deliver: bool) -> Self {
        self.deliver = deliver;
        self
    }

    /// Goes from the authorization request's URL to the redirect URI and returns the request that
    /// brings the answer there: a GET of the URL as the authorization server wrote it, or the POST
    /// of a form (OAuth 2.0 Form Post Response Mode). Every hop is given to `on_hop`, also the one
    /// that is under way when this is dropped. Cookies stay for the next call, as in a browser.
    pub async fn approve(
        &mut self,
        url: &str,
        redirect_uri: &str,
        on_hop: &mut (dyn FnMut(Sent) + Send),
    ) -> Result<Request, Stuck> {
        let callback = self.walk(url, Some(redirect_uri), on_hop).await?;
        let callback =
            callback.ok_or_else(|| stuck(url, None, "the redirect URI is not reached"))?;
        if self.deliver {
            let sent = self.send(self.dressed(callback.clone()), &[], on_hop).await;
            let failed = failure(&sent);
            on_hop(sent);
            failed.map_or(Ok(()), Err)?;
        }
        Ok(callback)
    }

    /// Goes to a page that sends nobody back, as a device's verification page (RFC 8628 section
    /// 3.3), and answers what it asks until a page comes that asks nothing: one without a form, or
    /// with none that approves. An error page is no such page. Whether it was a yes, only the
    /// device gets to know.
    pub async fn visit(
        &mut self,
        url: &str,
        on_hop: &mut (dyn FnMut(Sent) + Send),
    ) -> Result<(), Stuck> {
        self.walk(url, None, on_hop).await.map(drop)
    }

    /// The callback, when a redirect URI is to be reached; else nothing, from the last page.
    async fn walk(
        &mut self,
        url: &str,
        redirect_uri: Option<&str>,
        on_hop: &mut (dyn FnMut(Sent) + Send),
    ) -> Result<Option<Request>, Stuck> {
        let mut request = Request::new("GET", url);
        let mut submitted = HashSet::new();
        let mut typed = Vec::new();
        for _ in 0..self.most_requests {
            let sent = self.send(self.dressed(request), &typed, on_hop).await;
            let next = self.after(&sent, redirect_uri);
            on_hop(sent);
            match next? {
                Next::Request(following) => {
                    // Only a body is brought along; the rest is the server's own.
                    if following.body.is_empty() {
                        typed.clear();
                    }
                    request = following;
                }
                Next::Form(filled_in, values) => {
                    typed = values;
                    if !submitted.insert((filled_in.url.clone(), filled_in.body.bytes.clone())) {
                        let why = "the form came back after it was filled in the same way";
                        return Err(stuck(&filled_in.url, None, why));
                    }
                    request = filled_in;
                }
                Next::Arrived(callback) => return Ok(Some(callback)),
                Next::LastPage => return Ok(None),
            }
        }
        let missed = match redirect_uri {
            Some(_) => "the redirect URI is not reached",
            None => "there is no end to it",
        };
        let why = format!(
            "more than {} requests (--max-login-requests raises that), and {missed}",
            self.most_requests
        );
        Err(stuck(&request.url, None, &why))
    }

    /// Sends a request. `on_hop` gets it as cancelled when the approver is dropped before an
    /// answer.
    async fn send(
        &self,
        request: Request,
        typed: &[Credential],
        on_hop: &mut (dyn FnMut(Sent) + Send),
    ) -> Sent {
        let mut under_way = UnderWay {
            request: Some(request.clone()),
            started: Timestamp::from_system(SystemTime::now()),
            on_hop,
        };
        let sent = self.wire.send(request, typed).await;
        under_way.request = None;
        sent
    }

    /// The headers a browser would add.
    fn dressed(&self, request: Request) -> Request {
        let mut request = request
            .header("accept", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8")
            .header("accept-language", "en");
        if let Ok(url) = Url::parse(&request.url)
            && let Some(cookies) = self.memory.cookies_for(&url)
        {
            request = request.header("cookie", cookies);
        }
        request
    }

    fn after(&self, sent: &Sent, redirect_uri: Option<&str>) -> Result<Next, Stuck> {
        if let Some(stuck) = failure(sent) {
            return Err(stuck);
        }
        let Outcome::Response(response) = &sent.outcome else {
            return Err(stuck(&sent.request.url, None, "no response"));
        };
        let here = Url::parse(&sent.request.url)
            .map_err(|_| stuck(&sent.request.url, None, "the URL cannot be read"))?;
        for cookie in response.header_values("set-cookie") {
            self.memory.set_cookie(cookie, &here);
        }
        let stuck = |why: &str| stuck(&sent.request.url, Some(response.status), why);
        if matches!(response.status, 301 | 302 | 303 | 307 | 308) {
            let Some(location) = response.header_value("location") else {
                return Err(stuck("a redirect without location"));
            };
            return redirected(&here, location, redirect_uri, &sent.request, response)
                .map_err(|why| stuck(&why));
        }
        let may_end = redirect_uri.is_none() && (200..300).contains(&response.status);
        let Some(page) = response.body.text().filter(|_| is_page(response)) else {
            return if may_end {
                Ok(Next::LastPage)
            } else {
                Err(stuck("neither a redirect nor an HTML page"))
            };
        };
        let given = [&self.form[..], &self.codes].concat();
        match next_on(page, &here, &given) {
            Ok(submission) => {
                let typed = self.typed(&here, &submission);
                submitted(&here, submission, typed, redirect_uri).map_err(|why| stuck(&why))
            }
            Err(Unanswered::AsksNothing(_)) if may_end => Ok(Next::LastPage),
            Err(Unanswered::AsksNothing(why) | Unanswered::Unanswerable(why)) => Err(stuck(&why)),
        }
    }
}

impl Approver {
    /// The values of the user's that a submission carries, bound to who asked first.
    fn typed(&self, here: &Url, submission: &Submission) -> Vec<Credential> {
        let is_code = |name: &String| self.codes.iter().any(|(code, _)| code == name);
        let typed: Vec<&String> = submission
            .typed
            .iter()
            .filter(|name| !is_code(name))
            .collect();
        if typed.is_empty() {
            return Vec::new();
        }
        let here = here.origin().ascii_serialization();
        let origin = self.memory.asked_by(here);
        let values = submission
            .pairs
            .iter()
            .filter(|(name, _)| typed.contains(&name));
        values
            .map(|(name, value)| Credential {
                name: format!("value for the field `{name}`"),
                value: Secret::new(value.clone()),
                origins: vec![origin.clone()],
            })
            .collect()
    }
}

/// RFC 9110 section 15.4: 307 and 308 keep method and body, browsers turn the others into GET.
fn redirected(
    here: &Url,
    location: &str,
    redirect_uri: Option<&str>,
    request: &Request,
    response: &Response,
) -> Result<Next, String> {
    let arrives = |url: &str| redirect_uri.is_some_and(|redirect_uri| is_at(url, redirect_uri));
    if arrives(location) {
        return Ok(Next::Arrived(Request::new("GET", location)));
    }
    let target = web_page(here, location)?;
    if arrives(&target) {
        return Ok(Next::Arrived(Request::new("GET", target)));
    }
    let mut following = Request::new("GET", target);
    if matches!(response.status, 307 | 308) && request.method != "GET" {
        following.method = request.method.clone();
        following.body = request.body.clone();
        if let Some(media) = request.header_value("content-type") {
            following = following.header("content-type", media);
        }
    }
    Ok(Next::Request(following))
}

fn submitted(
    here: &Url,
    submission: Submission,
    typed: Vec<Credential>,
    redirect_uri: Option<&str>,
) -> Result<Next, String> {
    let target = web_page(here, &submission.action)?;
    let pairs: Vec<(&str, &str)> = submission
        .pairs
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let arrives = redirect_uri.is_some_and(|redirect_uri| is_at(&target, redirect_uri));
    let next = |request| {
        if arrives {
            Next::Arrived(request)
        } else {
            Next::Form(request, typed)
        }
    };
    if !submission.post {
        let action = without_query(&target);
        return Ok(next(Request::new("GET", trace::with_query(action, pairs))));
    }
    let mut request = Request::new("POST", &*target)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("origin", here.origin().ascii_serialization())
        .body(trace::encode_pairs(pairs));
    if Url::parse(&target).is_ok_and(|target| target.origin() == here.origin()) {
        request = request.header("referer", without_fragment(here));
    }
    Ok(next(request))
}

/// An absolute http or https URL; other schemes start programs, and there is nobody to ask.
fn web_page(here: &Url, reference: &str) -> Result<String, String> {
    let target = here.join(reference).map_err(|error| {
        format!(
            "leads to {:?}, which is not a URL ({error})",
            without_query(reference)
        )
    })?;
    match target.scheme() {
        "http" | "https" => Ok(target.into()),
        scheme => Err(format!(
            "leads to a URL of the scheme {scheme}, which is not followed"
        )),
    }
}

fn is_page(response: &Response) -> bool {
    matches!(
        response.media_type().as_deref(),
        Some("text/html" | "application/xhtml+xml") | None
    )
}

fn failure(sent: &Sent) -> Option<Stuck> {
    match &sent.outcome {
        Outcome::Failure(failure) => Some(stuck(&sent.request.url, None, &failure.message)),
        Outcome::Response(_) => None,
    }
}

fn stuck(url: &str, status: Option<u16>, why: &str) -> Stuck {
    Stuck {
        url: without_query(url).into(),
        status,
        why: why.into(),
    }
}

fn without_fragment(url: &Url) -> String {
    let mut url = url.clone();
    url.set_fragment(None);
    url.into()
}
