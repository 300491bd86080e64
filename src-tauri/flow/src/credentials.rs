//! Which credentials a request carries, and where each of them may go.
//!
//! An access token goes to the MCP server and to the endpoints of the authorization server that
//! issued it; everything else to the endpoints alone. [`binding`] says which endpoints these are.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trace::{Credential, Request, Secret, origin_of, pairs, query_pairs};

use crate::binding;
use crate::client::RegisteredBy;
use crate::facts::Facts;
use crate::grant::{Authorization, TokenGrant};
use crate::options::GrantChoice;
use crate::plan::{Plan, ToSign, UNSIGNED};
use crate::queue::ActionRequest;
use crate::setup::Setup;
use crate::state::{Flow, Redirect};
use crate::step::Step;

/// Headers that speak for the client or for its user.
const HEADERS: [&str; 4] = ["authorization", "cookie", "dpop", "mcp-session-id"];

/// Sends the request where the redirect leads: to another origin without credentials.
pub(crate) fn redirected(request: &mut Request, redirect: &Redirect) {
    if redirect.left_origin || origin_of(&redirect.url) != origin_of(&request.url) {
        request.headers.retain(|header| {
            let carries = |name: &&str| header.name.eq_ignore_ascii_case(name);
            !HEADERS.iter().any(carries)
        });
    }
    request.url.clone_from(&redirect.url);
}

/// The credentials of the flow that the request carries: in `Authorization`, `Mcp-Session-Id`, in
/// the form of its body, or in its query. An assertion of the client is signed when the request is
/// sent; what stands in its place until then is bound as the assertion is.
pub(crate) fn carried(flow: &Flow, setup: &Setup, plan: &Plan) -> Vec<Credential> {
    let sent = values(&plan.request);
    let mut known = Known::of(flow, setup);
    let asserts = |signature: &ToSign| matches!(signature, ToSign::ClientAssertion { .. });
    if plan.signatures.iter().any(asserts) {
        let may = known.may_authenticate();
        known.at(may, binding::CLIENT_ASSERTION, Some(&UNSIGNED.into()));
    }
    let carried =
        |credential: &Credential| sent.iter().any(|value| value == credential.value.expose());
    known.all.into_iter().filter(carried).collect()
}

/// All credentials that the flow holds, and where each of them may go.
pub(crate) fn held(flow: &Flow, setup: &Setup) -> Vec<Credential> {
    Known::of(flow, setup).all
}

/// The values in a request that may be credentials.
fn values(request: &Request) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    values.extend(request.header_value("mcp-session-id").map(Into::into));
    match request
        .header_value("authorization")
        .and_then(|value| value.split_once(' '))
    {
        Some(("Basic", joined)) => values.extend(basic_password(joined)),
        Some((_, token)) => values.push(token.into()),
        None => {}
    }
    values.extend(query_pairs(&request.url).into_iter().map(|pair| pair.value));
    let is_form = request
        .header_value("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if is_form {
        let form = pairs(request.body.text().unwrap_or_default());
        values.extend(form.into_iter().map(|pair| pair.value));
    }
    values
}

/// The client secret of RFC 6749 section 2.3.1.
fn basic_password(joined: &str) -> Option<String> {
    let decoded = String::from_utf8(STANDARD.decode(joined).ok()?).ok()?;
    let (_, password) = decoded.split_once(':')?;
    pairs(&format!("secret={password}"))
        .pop()
        .map(|pair| pair.value)
}

/// The credentials of a flow.
struct Known<'a> {
    facts: &'a Facts,
    setup: &'a Setup,
    /// Those of the authorization server in use that its credentials may go to.
    endpoints: Vec<String>,
    all: Vec<Credential>,
}

impl<'a> Known<'a> {
    /// All that the flow holds.
    fn of(flow: &'a Flow, setup: &'a Setup) -> Self {
        let mut known = Self {
            facts: &flow.facts,
            setup,
            endpoints: binding::endpoints(&flow.facts, setup),
            all: Vec::new(),
        };
        known.of_facts();
        known.of_step(&flow.step);
        known
    }

    fn of_facts(&mut self) {
        let facts = self.facts;
        let server = self.setup.server_url.as_str();
        if let Some(tokens) = &facts.tokens {
            // No server but the one that issued them gets any of them.
            let same = tokens.issuer == facts.issuer;
            let endpoints = self.endpoints.iter().filter(|_| same);
            let urls = [server].into_iter().chain(endpoints.map(String::as_str));
            let token = Credential::new("access token", tokens.access_token.clone(), urls);
            self.add(token);
            self.at(same, "refresh token", tokens.refresh_token.as_ref());
            self.at(same, "ID token", tokens.id_token.as_ref());
        }
        if let Some(id) = &facts.session_id {
            self.add(Credential::new("session ID", id.clone(), [server]));
        }
        if let Some(client) = &facts.client {
            let may = self.may_authenticate();
            self.at(may, "client secret", client.client_secret.as_ref());
        }
    }

    /// Whether the client may show the authorization server in use who it is.
    fn may_authenticate(&self) -> bool {
        self.facts.client.as_ref().is_some_and(|client| {
            client.issuer == self.facts.issuer
                && (client.by != RegisteredBy::Hand || self.entered_for_it())
        })
    }

    /// The credentials that only the present step has.
    fn of_step(&mut self, step: &Step) {
        match step {
            Step::ExpectRegistration { .. } => {
                let token = self.setup.initial_access_token.as_ref();
                self.at(self.entered_for_it(), "initial access token", token);
            }
            Step::ExpectToken { grant, .. } => match grant {
                TokenGrant::Code {
                    code,
                    authorization,
                } => self.of_code(code, authorization),
                TokenGrant::DeviceCode(device) => {
                    self.at(true, "device code", Some(&device.device_code));
                }
                TokenGrant::Assertion(assertion) => {
                    let entered = matches!(self.setup.grant, GrantChoice::JwtBearer { .. });
                    let may = !entered || self.entered_for_it();
                    self.at(may, "assertion", Some(assertion));
                }
                TokenGrant::ClientCredentials => {}
            },
            Step::ExpectAssertion { endpoint, vouched } => {
                let GrantChoice::EnterpriseManaged(provider) = &self.setup.grant else {
                    return;
                };
                let url = endpoint.url();
                let url = binding::identity_provider(self.facts, self.setup, url, *vouched);
                let at = |name, value: &Secret| Credential::new(name, value.clone(), url);
                self.add(at("ID token", &provider.id_token));
                if let Some(secret) = &provider.client_secret {
                    self.add(at("client secret for the identity provider", secret));
                }
            }
            Step::ExpectAction(request) => match &**request {
                ActionRequest::Refresh { refresh_token, .. } => {
                    self.at(true, "refresh token", Some(refresh_token));
                }
                ActionRequest::ReplayCode { redeemed, .. } => {
                    self.of_code(&redeemed.code, &redeemed.authorization);
                }
                ActionRequest::Registration { client, at, .. } => {
                    let same = client.issuer == self.facts.issuer;
                    self.at(same, "registration access token", Some(&at.token));
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// Whether what the user entered for an authorization server is for the one in use.
    fn entered_for_it(&self) -> bool {
        binding::is_for_this_issuer(self.facts, self.setup)
    }

    fn of_code(&mut self, code: &Secret, authorization: &Authorization) {
        self.at(true, "authorization code", Some(code));
        self.at(true, "code verifier", Some(&authorization.code_verifier));
    }

    /// Bound to the authorization server in use, or to nobody if it was not `issued` by it or for
    /// it.
    fn at(&mut self, issued: bool, name: &str, value: Option<&Secret>) {
        if let Some(value) = value {
            let urls = self.endpoints.iter().filter(|_| issued).map(String::as_str);
            let credential = Credential::new(name, value.clone(), urls);
            self.add(credential);
        }
    }

    /// Each value once: what is good for two servers may go to both.
    fn add(&mut self, credential: Credential) {
        match self.all.iter_mut().find(|it| it.value == credential.value) {
            Some(same) => same.origins.extend(credential.origins),
            None => self.all.push(credential),
        }
    }
}
