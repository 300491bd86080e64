//! The authorization response on its way through us, where that can be arranged.
//!
//! A client that registers gets our callback registered beside its own. An authorization request of
//! such a client then asks for ours; what comes back to it is handed on to the client's own, with
//! the issuer's name as the client knows it (RFC 9207). The token request names the callback that
//! the code came to (RFC 6749 section 4.1.3), also where the browser did not reach us and the user
//! copied the code out of its address.

use std::collections::{HashMap, VecDeque};

use trace::{Pair, pairs, query_pairs};
use url::Url;

use crate::messages::{with_query_values, with_values};

/// How many of each kind are remembered. The oldest is forgotten first.
const MOST: usize = 256;

/// Schemes that a browser would run as a program instead of opening a page.
const NEVER: [&str; 5] = ["javascript", "data", "vbscript", "blob", "file"];

/// What is known of the clients' redirect URIs.
#[derive(Debug, Default)]
pub struct Callbacks {
    /// The redirect URIs of each client that has ours besides, by its id.
    clients: HashMap<String, Vec<String>>,
    /// Authorization requests that ask for ours, oldest first.
    open: VecDeque<Open>,
    /// Codes that came to ours, oldest first.
    codes: VecDeque<String>,
}

/// An authorization request whose answer comes to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Open {
    client_id: String,
    state: Option<String>,
    /// Its answer came by us.
    returned: bool,
    /// Where the client waits for it.
    pub redirect_uri: String,
    /// The name that the client has for this machine.
    pub host: String,
}

impl Callbacks {
    /// A client was registered with these redirect URIs and with ours.
    pub fn registered(&mut self, client_id: String, redirect_uris: Vec<String>) {
        if self.clients.len() < MOST {
            let opened = |uri: &String| is_opened(uri);
            let uris = redirect_uris.into_iter().filter(opened).collect();
            self.clients.insert(client_id, uris);
        }
    }

    /// The query or form of an authorization request that asks for our callback instead; `None`
    /// where that is not possible.
    pub fn arranged(&mut self, request: &str, callback: &str, host: &str) -> Option<String> {
        let asked = pairs(request);
        let value = |name: &str| value(&asked, name);
        let redirect_uri = value("redirect_uri")?;
        let client_id = value("client_id")?;
        let own = self.clients.get(client_id)?;
        let known = own.iter().any(|uri| uri == redirect_uri);
        // The others answer by a form or behind a #, which we would not see, and what is signed or
        // was pushed cannot be changed here.
        let by_query = value("response_mode").is_none_or(|mode| mode == "query");
        if !known || !by_query || value("request").is_some() || value("request_uri").is_some() {
            return None;
        }
        push(
            &mut self.open,
            Open {
                client_id: client_id.to_owned(),
                state: value("state").map(str::to_owned),
                returned: false,
                redirect_uri: redirect_uri.to_owned(),
                host: host.to_owned(),
            },
        );
        with_values(request, |name, _| {
            (name == "redirect_uri").then(|| callback.to_owned())
        })
    }

    /// The request that an answer is for, by its `state`; the last one without where it has none.
    pub fn returned(&mut self, query: &str) -> Option<Open> {
        let asked = pairs(query);
        let state = value(&asked, "state");
        let of_state = |open: &&mut Open| open.state.as_deref() == state;
        let open = self.open.iter_mut().rev().find(of_state)?;
        open.returned = true;
        let open = open.clone();
        if let Some(code) = value(&asked, "code") {
            push(&mut self.codes, code.to_owned());
        }
        Some(open)
    }

    /// The form of a token request with the callback that its code came to; `None` where that is
    /// the client's.
    pub fn redeemed(&self, form: &str, callback: &str) -> Option<String> {
        let asked = pairs(form);
        let code = value(&asked, "code")?;
        if !self.codes.iter().any(|known| known == code) && !self.is_of_open(&asked) {
            return None;
        }
        with_values(form, |name, _| {
            (name == "redirect_uri").then(|| callback.to_owned())
        })
    }

    /// Whether a token request is for an authorization request whose answer has not come by us.
    fn is_of_open(&self, form: &[Pair]) -> bool {
        let client_id = value(form, "client_id");
        let redirect_uri = value(form, "redirect_uri");
        self.open.iter().any(|open| {
            !open.returned
                && redirect_uri == Some(&*open.redirect_uri)
                && client_id.is_none_or(|client_id| client_id == open.client_id)
        })
    }
}

/// Where the browser goes on to the client, with what came back. `iss` says how the client knows an
/// issuer.
pub fn onward(open: &Open, query: &str, iss: impl Fn(&str) -> String) -> String {
    let uri = &open.redirect_uri;
    let (uri, fragment) = uri.split_once('#').unwrap_or((uri, ""));
    let joint = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    let url = format!("{uri}{joint}{query}");
    let url =
        with_query_values(&url, |name, value| (name == "iss").then(|| iss(value))).unwrap_or(url);
    if fragment.is_empty() {
        url
    } else {
        format!("{url}#{fragment}")
    }
}

/// The URL that the client would have got without us.
pub fn direct(open: &Open, query: &str) -> String {
    onward(open, query, str::to_owned)
}

/// Whether a query brings the answer to an authorization request.
pub fn is_answer(url: &str) -> bool {
    let asked = query_pairs(url);
    ["code", "error", "response"]
        .iter()
        .any(|name| value(&asked, name).is_some())
}

/// Whether a browser opens a redirect URI and does not run it as a program.
fn is_opened(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|uri| !NEVER.contains(&uri.scheme()))
        && !uri.chars().any(|c| c.is_control())
}

fn value<'a>(pairs: &'a [Pair], name: &str) -> Option<&'a str> {
    let pair = pairs.iter().find(|pair| pair.name == name)?;
    Some(pair.value.as_str())
}

fn push<T>(queue: &mut VecDeque<T>, new: T) {
    if queue.len() == MOST {
        queue.pop_front();
    }
    queue.push_back(new);
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "http://127.0.0.1:17001/authscope/callback";

    fn callbacks() -> Callbacks {
        let mut callbacks = Callbacks::default();
        let uris = [
            "http://localhost:8080/cb?a=b",
            "cursor://anysphere/cb",
            "javascript:alert(1)",
        ];
        callbacks.registered("me".into(), uris.map(str::to_owned).to_vec());
        callbacks
    }

    #[test]
    fn an_answer_goes_the_whole_way_back_with_the_issuer_that_the_client_knows() {
        let mut callbacks = callbacks();
        let asked = "client_id=me&state=s1&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fcb%3Fa%3Db";
        let sent = callbacks.arranged(asked, OURS, "localhost").unwrap();
        assert_eq!(value(&pairs(&sent), "redirect_uri"), Some(OURS));
        let query = "code=c1&state=s1&iss=https%3A%2F%2Fas.example";
        let open = callbacks.returned(query).unwrap();
        assert_eq!(
            onward(&open, query, |_| "http://localhost:17002".into()),
            "http://localhost:8080/cb?a=b&code=c1&state=s1&iss=http%3A%2F%2Flocalhost%3A17002"
        );
        assert_eq!(
            direct(&open, query),
            format!("http://localhost:8080/cb?a=b&{query}")
        );
        let form = "grant_type=authorization_code&code=c1&redirect_uri=http%3A%2F%2Flocalhost";
        let sent = callbacks.redeemed(form, OURS).unwrap();
        assert_eq!(value(&pairs(&sent), "redirect_uri"), Some(OURS));
        assert_eq!(callbacks.redeemed("code=other&redirect_uri=x", OURS), None);
    }

    #[test]
    fn a_code_that_the_user_copied_is_redeemed_with_the_callback_that_it_came_to() {
        let mut callbacks = callbacks();
        let uri = "redirect_uri=cursor%3A%2F%2Fanysphere%2Fcb";
        let form = format!("code=copied&client_id=me&{uri}");
        assert_eq!(callbacks.redeemed(&form, OURS), None);
        let asked = format!("client_id=me&state=s1&{uri}");
        callbacks.arranged(&asked, OURS, "localhost").unwrap();
        for form in [&*form, &format!("code=copied&{uri}")] {
            let sent = callbacks.redeemed(form, OURS).unwrap();
            assert_eq!(value(&pairs(&sent), "redirect_uri"), Some(OURS), "{form}");
        }
        for other in [
            "code=copied&client_id=me&redirect_uri=x".to_owned(),
            format!("code=copied&client_id=else&{uri}"),
        ] {
            assert_eq!(callbacks.redeemed(&other, OURS), None, "{other}");
        }
        // Once the answer has come, its code is known, and another one is not of it.
        callbacks.returned("code=c1&state=s1").unwrap();
        assert_eq!(callbacks.redeemed(&form, OURS), None);
    }

    #[test]
    fn what_cannot_come_back_by_us_is_left_to_the_client() {
        let mut callbacks = callbacks();
        for asked in [
            "client_id=me",
            "client_id=else&redirect_uri=cursor%3A%2F%2Fanysphere%2Fcb",
            // The server has to refuse what was not registered.
            "client_id=me&redirect_uri=http%3A%2F%2Flocalhost%3A8080%2Fother",
            "client_id=me&redirect_uri=javascript%3Aalert(1)",
            "client_id=me&redirect_uri=cursor%3A%2F%2Fanysphere%2Fcb&response_mode=form_post",
            "client_id=me&redirect_uri=cursor%3A%2F%2Fanysphere%2Fcb&request=e30",
            "client_id=me&redirect_uri=cursor%3A%2F%2Fanysphere%2Fcb&request_uri=urn:x",
        ] {
            assert_eq!(
                callbacks.arranged(asked, OURS, "localhost"),
                None,
                "{asked}"
            );
        }
        for stranger in ["", "code=x", "code=x&state=none", "error=x&state="] {
            assert_eq!(callbacks.returned(stranger), None, "{stranger}");
        }
        // A client that sends no state gets its answer all the same.
        let asked = "client_id=me&redirect_uri=cursor%3A%2F%2Fanysphere%2Fcb";
        assert!(callbacks.arranged(asked, OURS, "localhost").is_some());
        let open = callbacks.returned("code=c").unwrap();
        assert_eq!(direct(&open, "code=c"), "cursor://anysphere/cb?code=c");
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let mut callbacks = callbacks();
        for number in 0..2 * MOST {
            let asked =
                format!("client_id=me&state={number}&redirect_uri=cursor%3A%2F%2Fanysphere%2Fcb");
            callbacks.arranged(&asked, OURS, "localhost");
            callbacks.returned(&format!("code={number}&state={number}"));
        }
        assert_eq!((callbacks.open.len(), callbacks.codes.len()), (MOST, MOST));
    }
}
