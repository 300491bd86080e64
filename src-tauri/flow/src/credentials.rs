//! Which credentials a request carries, and where each of them may go.
//!
//! An access token goes to the MCP server and to the endpoints of the authorization server that
//! issued it; everything else to the endpoints alone. Endpoints that verified metadata names belong
//! to the authorization server, whatever their origin.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trace::{Credential, Request, Secret, ServerMetadata, origin_of, pairs, query_pairs};

use crate::grant::{Authorization, TokenGrant};
use crate::options::GrantChoice;
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
/// the form of its body, or in its query.
pub(crate) fn carried(flow: &Flow, setup: &Setup, request: &Request) -> Vec<Credential> {
    let sent = values(request);
    let mut known = Known {
        endpoints: flow
            .facts
            .server_metadata
            .as_ref()
            .map(endpoints)
            .unwrap_or_default(),
        all: Vec::new(),
    };
    known.of_facts(flow, setup);
    known.of_step(&flow.step, setup);
    let carried =
        |credential: &Credential| sent.iter().any(|value| value == credential.value.expose());
    known.all.into_iter().filter(carried).collect()
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
struct Known {
    /// The endpoints of the authorization server in use.
    endpoints: Vec<String>,
    all: Vec<Credential>,
}

impl Known {
    fn of_facts(&mut self, flow: &Flow, setup: &Setup) {
        let facts = &flow.facts;
        let server = setup.server_url.as_str();
        if let Some(tokens) = &facts.tokens {
            let urls = [server]
                .into_iter()
                .chain(self.endpoints.iter().map(String::as_str));
            let token = Credential::new("access token", tokens.access_token.clone(), urls);
            self.add(token);
            self.at_server("refresh token", tokens.refresh_token.as_ref());
            self.at_server("ID token", tokens.id_token.as_ref());
        }
        if let Some(id) = &facts.session_id {
            self.add(Credential::new("session ID", id.clone(), [server]));
        }
        let client = facts.client.as_ref();
        self.at_server(
            "client secret",
            client.and_then(|it| it.client_secret.as_ref()),
        );
    }

    /// What only the present step has.
    fn of_step(&mut self, step: &Step, setup: &Setup) {
        match step {
            Step::ExpectRegistration { endpoint, .. } => {
                if let Some(token) = &setup.initial_access_token {
                    let name = "initial access token";
                    self.add(Credential::new(name, token.clone(), [endpoint.url()]));
                }
            }
            Step::ExpectToken { grant, .. } => match grant {
                TokenGrant::Code {
                    code,
                    authorization,
                } => self.of_code(code, authorization),
                TokenGrant::DeviceCode(device) => {
                    self.at_server("device code", Some(&device.device_code));
                }
                TokenGrant::Assertion(assertion) => self.at_server("assertion", Some(assertion)),
                TokenGrant::ClientCredentials => {}
            },
            Step::ExpectAssertion { endpoint } => {
                let GrantChoice::EnterpriseManaged(provider) = &setup.grant else {
                    return;
                };
                let at =
                    |name, value: &Secret| Credential::new(name, value.clone(), [endpoint.url()]);
                self.add(at("ID token", &provider.id_token));
                if let Some(secret) = &provider.client_secret {
                    self.add(at("client secret for the identity provider", secret));
                }
            }
            Step::ExpectAction(request) => match &**request {
                ActionRequest::Refresh { refresh_token, .. } => {
                    self.at_server("refresh token", Some(refresh_token));
                }
                ActionRequest::ReplayCode { redeemed, .. } => {
                    self.of_code(&redeemed.code, &redeemed.authorization);
                }
                ActionRequest::Registration { at, .. } => {
                    let name = "registration access token";
                    self.add(Credential::new(name, at.token.clone(), [at.endpoint.url()]));
                }
                _ => {}
            },
            _ => {}
        }
    }

    fn of_code(&mut self, code: &Secret, authorization: &Authorization) {
        self.at_server("authorization code", Some(code));
        self.at_server("code verifier", Some(&authorization.code_verifier));
    }

    fn at_server(&mut self, name: &str, value: Option<&Secret>) {
        if let Some(value) = value {
            let urls = self.endpoints.iter().map(String::as_str);
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

/// The URLs to which a client of this authorization server sends requests.
fn endpoints(metadata: &ServerMetadata) -> Vec<String> {
    let named = [
        &metadata.authorization_endpoint,
        &metadata.token_endpoint,
        &metadata.registration_endpoint,
        &metadata.revocation_endpoint,
        &metadata.introspection_endpoint,
        &metadata.userinfo_endpoint,
        &metadata.pushed_authorization_request_endpoint,
        &metadata.device_authorization_endpoint,
    ];
    let aliases = metadata.mtls_endpoint_aliases.iter().map(|(_, url)| url);
    named
        .into_iter()
        .flatten()
        .chain(aliases)
        .cloned()
        .collect()
}
