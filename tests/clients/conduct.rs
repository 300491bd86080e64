//! What a client does.

use std::time::Duration;

use reqwest::Method;

/// The pair of RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const REDIRECT_URI: &str = "http://127.0.0.1:43117/callback";

/// What a client does. The default does everything right.
#[derive(Clone)]
pub struct Conduct {
    pub first_method: Method,
    /// What the first request accepts, where that is a GET.
    pub first_accepts: &'static str,
    /// It looks at the metadata before it calls.
    pub looks_first: bool,
    pub metadata_at_root: bool,
    pub openid_first: bool,
    pub registrations: usize,
    pub registered_uris: Vec<&'static str>,
    /// Of the registrations after the first, where it is another one.
    pub registers_again: Option<&'static str>,
    /// How often it logs in, with the same registration.
    pub logins: usize,
    /// Sends the parameters of the authorization request ahead (RFC 9126).
    pub pushes: bool,
    /// Parameters of the authorization request that are set, or left out where they are empty.
    pub ask: Vec<(&'static str, &'static str)>,
    /// The same for the token request.
    pub redeem: Vec<(&'static str, &'static str)>,
    pub redemptions: usize,
    /// What is changed in the callback before the client sees it.
    pub callback: Vec<(&'static str, &'static str)>,
    pub redeems: bool,
    /// How the calls after the login carry the token.
    pub carry: Carry,
    /// Sends a call that needs more scope so many times.
    pub writes: usize,
    /// Goes on with a token that was never good, so many times.
    pub bad_calls: usize,
    pub refresh: Option<Vec<(&'static str, &'static str)>>,
    /// Whether calls follow a refresh.
    pub calls_after_refresh: bool,
    /// How long it was watched after its last request.
    pub watched: Duration,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Carry {
    Header,
    /// In the header, to a URL with a query that does not hold it.
    HeaderBesideQuery,
    Query,
    Nothing,
    /// There are no calls.
    None,
}

impl Default for Conduct {
    fn default() -> Self {
        Self {
            first_method: Method::POST,
            first_accepts: "text/event-stream",
            looks_first: false,
            metadata_at_root: false,
            openid_first: false,
            registrations: 1,
            registered_uris: vec![REDIRECT_URI],
            registers_again: None,
            logins: 1,
            pushes: false,
            ask: Vec::new(),
            redeem: Vec::new(),
            redemptions: 1,
            callback: Vec::new(),
            redeems: true,
            carry: Carry::Header,
            writes: 0,
            bad_calls: 0,
            refresh: Some(Vec::new()),
            calls_after_refresh: true,
            watched: Duration::from_secs(120),
        }
    }
}
