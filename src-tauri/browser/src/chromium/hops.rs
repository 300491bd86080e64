//! From the events of the DevTools protocol to hops, one for each request of a page.
//!
//! The requests of a chain of redirects have one id. What was really on the wire, such as cookies,
//! comes in events of its own (`…ExtraInfo`), before or after the event it belongs to, and in the
//! order of the chain.

use std::collections::{BTreeMap, HashMap, VecDeque};

use serde_json::Value;
use trace::{Body, Outcome, Recorded, Recording, Request, Timestamp};

use super::fields::{headers, kind_of_failure, posted, raw_headers, received_body, started};
use crate::hop::{End, Hop, Part, failure, lasted, limited, response};
use crate::login::{Asked, Login};

/// A request is known by the page's session and its id in it.
pub(crate) type Key = (String, String);

/// What is to be done after an event.
pub(crate) enum Then {
    Emit(Box<Hop>),
    AskForBody(Key),
}

pub(crate) struct Hops {
    chains: HashMap<Key, Chain>,
    login: Login,
    body_limit: u64,
    /// How many requests were taken.
    begun: u64,
    /// Complete ones before which another of the same session is still open.
    done: BTreeMap<(String, u64), Hop>,
}

#[derive(Default)]
struct Chain {
    /// Open ones, the first request first.
    open: VecDeque<Open>,
    sent: VecDeque<Value>,
    received: VecDeque<Value>,
    /// Its requests, or its further requests, are not recorded.
    ignored: bool,
}

struct Open {
    number: u64,
    part: Part,
    request: Request,
    body_is_known: bool,
    started: Timestamp,
    /// In seconds of the browser's own clock.
    begun: f64,
    response: Option<Value>,
    has_extra: bool,
    end: Option<End>,
    body: Awaited,
}

enum Awaited {
    Nothing,
    Asked,
    Here(Body),
}

impl Hops {
    pub fn new(redirect_uri: &str, body_limit: u64) -> Self {
        Self {
            chains: HashMap::new(),
            login: Login::new(redirect_uri),
            body_limit,
            begun: 0,
            done: BTreeMap::new(),
        }
    }

    /// Takes an event of the Network domain; `page` is the frame that the session's page is in.
    pub fn take(&mut self, session: &str, page: &str, method: &str, params: &Value) -> Vec<Then> {
        let Some(id) = params["requestId"].as_str() else {
            return Vec::new();
        };
        let key = (session.to_owned(), id.to_owned());
        match method {
            "Network.requestWillBeSent" => {
                if self.sent(&key, page, params) {
                    let mut then = self.leave_pages_before(&key, params);
                    then.extend(self.complete(&key));
                    return then;
                }
            }
            "Network.requestWillBeSentExtraInfo" => {
                let chain = self.chains.entry(key.clone()).or_default();
                chain.sent.push_back(params.clone());
            }
            "Network.responseReceivedExtraInfo" => {
                let chain = self.chains.entry(key.clone()).or_default();
                chain.received.push_back(params.clone());
            }
            "Network.responseReceived" => {
                if let Some(open) = self.last(&key) {
                    open.response = Some(params["response"].clone());
                    open.has_extra = params["hasExtraInfo"] == true;
                }
            }
            "Network.loadingFinished" => return self.finished(&key, params),
            "Network.loadingFailed" => {
                let failed = params["errorText"].as_str().unwrap_or("failed").to_owned();
                match self.last(&key) {
                    Some(open) if open.end.is_some() => {}
                    Some(open) => {
                        open.end = Some(End {
                            at: params["timestamp"].as_f64().unwrap_or(open.begun),
                            failed: Some(failed),
                        });
                    }
                    None => drop(self.chains.remove(&key)),
                }
            }
            _ => return Vec::new(),
        }
        self.complete(&key)
    }

    /// Whether the page itself goes there.
    fn sent(&mut self, key: &Key, page: &str, params: &Value) -> bool {
        let chain = self.chains.entry(key.clone()).or_default();
        let at = params["timestamp"].as_f64().unwrap_or_default();
        if let (Some(redirected), Some(open)) =
            (params.get("redirectResponse"), chain.open.back_mut())
        {
            open.response = Some(redirected.clone());
            open.has_extra = params["redirectHasExtraInfo"] == true;
            open.end = Some(End { at, failed: None });
        }
        let request = &params["request"];
        let url = format!(
            "{}{}",
            request["url"].as_str().unwrap_or_default(),
            request["urlFragment"].as_str().unwrap_or_default()
        );
        let method = request["method"].as_str().unwrap_or("GET");
        let asked = match params["type"].as_str() {
            Some("Document") if params["frameId"] == page => Asked::Part(Part::Page),
            Some("Document") => Asked::Part(Part::Frame),
            Some("XHR" | "Fetch") => Asked::Part(Part::Script),
            _ => Asked::Other,
        };
        let is_page = asked == Asked::Part(Part::Page);
        // A redirect of a request that was left out is left out as well.
        let takes = !chain.ignored && self.login.takes(asked, method, &url);
        let Some(part) = takes.then_some(asked).and_then(Asked::part) else {
            chain.ignored = true;
            return is_page;
        };
        let body = posted(request);
        self.begun += 1;
        chain.open.push_back(Open {
            number: self.begun,
            part,
            request: Request {
                method: method.to_owned(),
                url,
                headers: headers(&request["headers"]),
                body: Body::new(body.clone().unwrap_or_default()),
            },
            body_is_known: body.is_some(),
            started: started(params),
            begun: at,
            response: None,
            has_extra: false,
            end: None,
            body: Awaited::Nothing,
        });
        is_page
    }

    /// A page that is left does not load any further: the browser reports its end late or never.
    fn leave_pages_before(&mut self, key: &Key, params: &Value) -> Vec<Then> {
        let at = params["timestamp"].as_f64().unwrap_or_default();
        let mut left = Vec::new();
        for (other, chain) in &mut self.chains {
            if other.0 != key.0 || other == key || chain.ignored {
                continue;
            }
            if let Some(open) = chain.open.back_mut()
                && open.response.is_some()
                && open.end.is_none()
            {
                open.end = Some(End { at, failed: None });
                open.body = Awaited::Asked;
                left.push(Then::AskForBody(other.clone()));
            }
        }
        left
    }

    fn finished(&mut self, key: &Key, params: &Value) -> Vec<Then> {
        let Some(open) = self.last(key) else {
            self.chains.remove(key);
            return Vec::new();
        };
        if open.end.is_some() {
            return Vec::new();
        }
        open.end = Some(End {
            at: params["timestamp"].as_f64().unwrap_or(open.begun),
            failed: None,
        });
        open.body = Awaited::Asked;
        vec![Then::AskForBody(key.clone())]
    }

    /// The answer to [`Then::AskForBody`]: without one the browser has not kept it.
    pub fn body(&mut self, key: &Key, result: Option<&Value>) -> Vec<Then> {
        let limit = self.body_limit;
        if let Some(open) = self.last(key) {
            open.body = match result.and_then(received_body) {
                Some(bytes) => Awaited::Here(limited(bytes, limit)),
                None => Awaited::Nothing,
            };
        }
        self.complete(key)
    }

    /// How many requests were no part of the login.
    pub fn left_out(&self) -> u32 {
        self.login.left_out
    }

    /// Whether no request of a page is under way.
    pub fn are_complete(&self) -> bool {
        self.chains.values().all(|chain| chain.open.is_empty())
    }

    /// What is still open, as far as it came.
    pub fn rest(&mut self) -> Vec<Hop> {
        let mut rest: Vec<_> = std::mem::take(&mut self.done).into_values().collect();
        for (_, mut chain) in self.chains.drain() {
            while let Some(open) = chain.open.pop_front() {
                rest.push(hop(
                    open,
                    chain.sent.pop_front(),
                    chain.received.pop_front(),
                ));
            }
        }
        rest.sort_by_key(|hop| hop.started);
        rest
    }

    /// The request of a chain that is under way.
    fn last(&mut self, key: &Key) -> Option<&mut Open> {
        let chain = self.chains.get_mut(key)?;
        chain.open.back_mut().filter(|_| !chain.ignored)
    }

    /// Takes out what is complete, in the order in which the page asked.
    fn complete(&mut self, key: &Key) -> Vec<Then> {
        let Some(chain) = self.chains.get_mut(key) else {
            return Vec::new();
        };
        let done_before = self.done.len();
        while let Some(open) = chain.open.front()
            && open.is_complete(&chain.sent, &chain.received)
            && let Some(open) = chain.open.pop_front()
        {
            let (has_extra, failed) = (open.has_extra, open.response.is_none());
            let sent = (has_extra || failed)
                .then(|| chain.sent.pop_front())
                .flatten();
            let received = has_extra.then(|| chain.received.pop_front()).flatten();
            let place = (key.0.clone(), open.number);
            self.done.insert(place, hop(open, sent, received));
        }
        if chain.open.is_empty() && !chain.ignored && self.done.len() > done_before {
            // The chain ends here, unless it was a redirect: then its next request is there
            // already.
            self.chains.remove(key);
        }
        self.emit(&key.0)
    }

    fn emit(&mut self, session: &str) -> Vec<Then> {
        let here = self.chains.iter().filter(|(key, _)| key.0 == session);
        let open = here.flat_map(|(_, chain)| chain.open.iter().map(|open| open.number));
        let first_open = open.min().unwrap_or(u64::MAX);
        let from = (session.to_owned(), 0);
        let to = (session.to_owned(), first_open);
        let ready: Vec<_> = self
            .done
            .range(from..to)
            .map(|(place, _)| place.clone())
            .collect();
        let hops = ready.iter().filter_map(|place| self.done.remove(place));
        hops.map(|hop| Then::Emit(Box::new(hop))).collect()
    }
}

impl Open {
    fn is_complete(&self, sent: &VecDeque<Value>, received: &VecDeque<Value>) -> bool {
        let extras = !self.has_extra || (!sent.is_empty() && !received.is_empty());
        self.end.is_some() && extras && !matches!(self.body, Awaited::Asked)
    }
}

fn hop(open: Open, sent: Option<Value>, received: Option<Value>) -> Hop {
    let mut recorded = Recording::default();
    let mut request = open.request;
    match sent {
        Some(sent) => request.headers = headers(&sent["headers"]),
        None => recorded.request_headers = Recorded::Incomplete,
    }
    if !open.body_is_known {
        recorded.request_body = Recorded::NotRecorded;
    }
    let total = open.end.as_ref().map_or(0.0, |end| end.at - open.begun);
    let failed = open.end.and_then(|end| end.failed);
    let outcome = match open.response {
        Some(answer) => {
            let extra = received.as_ref();
            let status = extra
                .and_then(|extra| extra["statusCode"].as_u64())
                .or_else(|| answer["status"].as_u64());
            let fields = match extra {
                Some(extra) => raw_headers(extra["headersText"].as_str())
                    .unwrap_or_else(|| headers(&extra["headers"])),
                None => {
                    recorded.response_headers = Recorded::Incomplete;
                    headers(&answer["headers"])
                }
            };
            let body = match open.body {
                Awaited::Here(body) => Some(body),
                Awaited::Nothing | Awaited::Asked => None,
            };
            response(status, fields, body, &mut recorded)
        }
        None => Outcome::Failure(failure(&request.url, failed.as_deref(), kind_of_failure)),
    };
    Hop {
        part: open.part,
        request,
        outcome,
        started: open.started,
        total: lasted(total),
        recorded,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;
    use trace::{BodyEnd, FailureKind};

    use super::*;

    const CALLBACK: &str = "http://127.0.0.1:9/callback";

    fn request(url: &str, more: Value) -> Value {
        let mut event = json!({
            "requestId": "1", "type": "Document", "frameId": "page", "timestamp": 1.0,
            "wallTime": 1_700_000_000.0, "request": {"url": url, "method": "GET", "headers": {}},
        });
        let all = event.as_object_mut().unwrap();
        all.extend(more.as_object().unwrap().clone());
        event
    }

    fn emitted(then: Vec<Then>) -> Vec<Hop> {
        let hops = then.into_iter().filter_map(|then| match then {
            Then::Emit(hop) => Some(*hop),
            Then::AskForBody(_) => None,
        });
        hops.collect()
    }

    /// What was on the wire comes before the events of its requests, after them, or not at all.
    #[test]
    fn each_request_of_a_chain_gets_what_was_on_the_wire_for_it() {
        let mut hops = Hops::new(CALLBACK, 100);
        let mut all = Vec::new();
        let mut take = |method: &str, event: Value| {
            all.extend(emitted(hops.take(
                "s",
                "page",
                &format!("Network.{method}"),
                &event,
            )));
        };
        let wire = |cookie: &str| json!({"requestId": "1", "headers": {"Cookie": cookie}});
        let answer = |to: &str| {
            let text = format!(
                "HTTP/1.1 302 Found\r\nLocation: {to}\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\n"
            );
            json!({"requestId": "1", "statusCode": 302, "headers": {}, "headersText": text})
        };
        take("requestWillBeSentExtraInfo", wire("first"));
        take(
            "requestWillBeSent",
            request("https://as.example/authorize", json!({})),
        );
        take("responseReceivedExtraInfo", answer("https://idp.example/"));
        let redirected = json!({
            "redirectResponse": {"status": 302, "headers": {}}, "redirectHasExtraInfo": true,
        });
        take(
            "requestWillBeSent",
            request("https://idp.example/", redirected.clone()),
        );
        take(
            "requestWillBeSent",
            request(&format!("{CALLBACK}?code=x"), redirected),
        );
        take("responseReceivedExtraInfo", answer(CALLBACK));
        take("requestWillBeSentExtraInfo", wire("second"));

        let urls: Vec<_> = all.iter().map(|hop| hop.request.url.as_str()).collect();
        assert_eq!(
            urls,
            ["https://as.example/authorize", "https://idp.example/"]
        );
        let cookies: Vec<_> = all
            .iter()
            .map(|hop| hop.request.header_value("cookie"))
            .collect();
        assert_eq!(cookies, [Some("first"), Some("second")]);
        for hop in &all {
            let Outcome::Response(response) = &hop.outcome else {
                panic!("{:?}", hop.outcome);
            };
            assert_eq!(response.header_values("set-cookie").count(), 2);
            assert_eq!(hop.recorded.request_headers, Recorded::Whole);
            assert_eq!(hop.recorded.response_body, Recorded::NotRecorded);
        }
        assert!(hops.rest().is_empty());
    }

    #[test]
    fn what_is_no_page_is_counted_and_a_frame_is_no_page() {
        let mut hops = Hops::new(CALLBACK, 100);
        for (id, more) in [
            ("2", json!({"type": "Script"})),
            ("3", json!({"frameId": "within"})),
        ] {
            let mut event = request("https://as.example/x", more);
            event["requestId"] = id.into();
            assert!(
                hops.take("s", "page", "Network.requestWillBeSent", &event)
                    .is_empty()
            );
        }
        assert_eq!(hops.left_out(), 2);
        assert!(hops.rest().is_empty());
    }

    #[test]
    fn without_what_was_on_the_wire_nothing_is_called_missing() {
        let mut hops = Hops::new(CALLBACK, 3);
        hops.take(
            "s",
            "page",
            "Network.requestWillBeSent",
            &request("https://as.example/", json!({})),
        );
        let response =
            json!({"requestId": "1", "response": {"status": 200, "headers": {"a": "b"}}});
        hops.take("s", "page", "Network.responseReceived", &response);
        let end = json!({"requestId": "1", "timestamp": 1.5});
        let asked = hops.take("s", "page", "Network.loadingFinished", &end);
        assert!(matches!(asked[..], [Then::AskForBody(_)]));
        let key = ("s".to_owned(), "1".to_owned());
        let done = emitted(hops.body(&key, Some(&json!({"body": "<html>"}))));
        let recorded = done[0].recorded;
        assert_eq!(recorded.request_headers, Recorded::Incomplete);
        assert_eq!(recorded.response_headers, Recorded::Incomplete);
        assert_eq!(recorded.response_body, Recorded::Whole);
        let Outcome::Response(response) = &done[0].outcome else {
            panic!("{:?}", done[0].outcome);
        };
        assert_eq!(response.body.end, BodyEnd::Truncated { limit: 3 });
        assert_eq!(done[0].total, Duration::from_millis(500));
    }

    #[test]
    fn a_host_that_does_not_answer_is_named() {
        for (text, kind) in [
            ("net::ERR_NAME_NOT_RESOLVED", FailureKind::Dns),
            ("net::ERR_CERT_AUTHORITY_INVALID", FailureKind::Tls),
            ("net::ERR_ABORTED", FailureKind::Cancelled),
        ] {
            let failure = failure("https://idp.example/a?b", Some(text), kind_of_failure);
            assert_eq!(failure.kind, kind);
            assert!(
                failure.message.contains("https://idp.example "),
                "{}",
                failure.message
            );
        }
    }
}
