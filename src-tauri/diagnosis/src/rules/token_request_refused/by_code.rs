//! What each error code means, and what to look at.

use trace::Grant;

use crate::code_exchange::ClientAuthentication;
use crate::reading::{ExchangeRef, Reading, form, object, text, value};
use crate::redirect_uris::{names_resource, refuses_resource_to_client};
use crate::spec::{
    RFC6749_INVALID_CLIENT, RFC6749_INVALID_GRANT, RFC6749_INVALID_SCOPE, RFC6749_TOKEN_ERROR,
    RFC6749_UNAUTHORIZED_CLIENT, RFC8707_INVALID_TARGET, RFC9449_PROOF, Spec,
};
use crate::wording::{excerpt, says_missing};

/// A token request that was refused with an OAuth error.
pub(super) struct Refused<'r, 'a> {
    pub reading: &'r Reading<'a>,
    pub seen: ExchangeRef<'a>,
    pub grant: Grant,
    pub error: &'r str,
    pub description: &'r str,
}

impl Refused<'_, '_> {
    /// What the error code means here as a rule, and what to look at.
    pub(super) fn by_code(&self) -> (Spec, String, String) {
        let log = "Look into the authorization server's log for this request";
        let status = self.seen.status().unwrap_or_default();
        match self.error {
            _ if self.not_read().is_some() => (
                RFC6749_TOKEN_ERROR,
                format!(
                    "The server says that {} is missing, and the request has it in its body, as \
                     application/x-www-form-urlencoded. So the body is not read as a form (a JSON \
                     body parser is the usual cause), or something in front takes it away.",
                    self.not_read().unwrap_or_default()
                ),
                "Read the token request as application/x-www-form-urlencoded, and let nothing in \
                 front change its body or its Content-Type."
                    .into(),
            ),
            "invalid_grant" if self.has_bare_plus() => (
                RFC6749_INVALID_GRANT,
                "The code came with a + in the redirect that is not percent-encoded. In a query + \
                 stands for a space, so the client has a space where the server has its +."
                    .into(),
                "Percent-encode the code where it is put into the redirect (+ is %2B), or make \
                 codes of letters, digits, - and _ alone (base64url)."
                    .into(),
            ),
            "invalid_grant" => self.invalid_grant(log),
            "invalid_client" => self.invalid_client(),
            "unauthorized_client" => (
                RFC6749_UNAUTHORIZED_CLIENT,
                format!(
                    "The client is known, but not for the grant type {}.",
                    self.grant_type()
                ),
                format!(
                    "Allow {} for this client at the authorization server; a registration has to \
                     list it in grant_types.",
                    self.grant_type()
                ),
            ),
            "unsupported_grant_type" => (
                RFC6749_TOKEN_ERROR,
                format!(
                    "The request says grant_type={}. Either the server does not offer it, or it \
                     did not read the form in the body (a JSON body parser is the usual cause).",
                    self.grant_type()
                ),
                "Read the token request as application/x-www-form-urlencoded, and enable the grant \
                 type.".into(),
            ),
            "invalid_scope" => (
                RFC6749_INVALID_SCOPE,
                match value(form(self.seen.request()), "scope") {
                    Some(scope) => format!("The request asks for {}.", excerpt(scope)),
                    None => format!(
                        "The token request carries no scope, so it is about the one of the request \
                         before it: {}.",
                        self.reading
                            .scope_asked_for(self.seen.seq)
                            .map_or_else(|| "none".into(), |scope| excerpt(&scope))
                    ),
                },
                "Allow these scopes for the client, or let the MCP server ask for others in its \
                 challenge.".into(),
            ),
            "invalid_target" => {
                let resource = self.reading.resource_asked_for(self.seen).unwrap_or_default();
                let resource = excerpt(&resource);
                let client = value(form(self.seen.request()), "client_id").unwrap_or_default();
                if refuses_resource_to_client(self.description, client) {
                    (
                        RFC8707_INVALID_TARGET,
                        format!(
                            "By its words the authorization server knows the resource {resource} \
                             and does not give it to this client."
                        ),
                        format!(
                            "Allow {resource} for this client at the authorization server; where \
                             clients register themselves, put it among the resources that each new \
                             client gets."
                        ),
                    )
                } else {
                    (
                        RFC8707_INVALID_TARGET,
                        format!("The authorization server does not know the resource {resource}."),
                        format!(
                            "Register {resource} as a resource (audience, API) at the authorization \
                             server, byte for byte."
                        ),
                    )
                }
            }
            "use_dpop_nonce" | "invalid_dpop_proof" if self.seen.request().header_value("dpop").is_some() => (
                RFC9449_PROOF,
                "The request carries a proof of possession (DPoP), and the authorization server \
                 does not accept it. Behind a proxy it may compare htu with a URL that it sees \
                 otherwise; or the clocks differ (iat), or it does not know the algorithm."
                    .into(),
                "Compare htm, htu, iat and alg of the decoded proof with what the authorization \
                 server expects, and set its public URL."
                    .into(),
            ),
            "use_dpop_nonce" | "invalid_dpop_proof" => (
                RFC6749_TOKEN_ERROR,
                "The authorization server demands a proof of possession (DPoP), and the request \
                 had none that it takes."
                    .into(),
                "Turn on DPoP for this run, or allow bearer tokens for this client at the \
                 authorization server."
                    .into(),
            ),
            "invalid_request" if names_resource(self.description) => (
                RFC6749_TOKEN_ERROR,
                "The server does not accept the parameter resource, which MCP clients have to \
                 send. A server that does not know a parameter has to ignore it."
                    .into(),
                "Ignore resource where it is not known, or bind the token to it. Until then run \
                 with --resource off."
                    .into(),
            ),
            "invalid_request" => (
                RFC6749_TOKEN_ERROR,
                "A parameter is missing or is not accepted. Servers that do not know resource or \
                 code_verifier have to ignore them, and some refuse them instead."
                    .into(),
                format!("{log}, and let unknown parameters be ignored."),
            ),
            _ if status >= 500 || matches!(self.error, "server_error" | "temporarily_unavailable") => (
                RFC6749_TOKEN_ERROR,
                "The authorization server itself failed.".into(),
                format!("{log}."),
            ),
            _ => (
                RFC6749_TOKEN_ERROR,
                "The error code is none of those that RFC 6749 section 5.2 has, so clients cannot \
                 act on it.".into(),
                format!("{log}, and answer with one of the standard codes."),
            ),
        }
    }

    fn invalid_grant(&self, log: &str) -> (Spec, String, String) {
        let (means, left) = match self.grant {
            Grant::AuthorizationCode => (
                "The authorization server does not accept the code: it expired, was not stored (or \
                 in the memory of another instance), or the server compares something else with \
                 what it remembers.",
                "how long a code lives, whether all instances share their codes, and how \
                 redirect_uri and code_challenge are stored",
            ),
            Grant::RefreshToken => (
                "The refresh token is no longer good, and there was no way to authorize afresh.",
                "how long refresh tokens live, and whether this one was used or revoked before",
            ),
            Grant::DeviceCode => (
                "The authorization server does not accept the device code: it does not know it, or \
                 not for this client, or it was used before.",
                "whether all instances share their device codes, and whether the client is the \
                 same in both requests",
            ),
            Grant::JwtBearer => (
                "The authorization server does not accept the assertion: it does not trust its \
                 issuer or key, or aud, exp, typ, resource or client_id in it are not what it \
                 expects.",
                "which issuers it trusts and where it finds their keys, and whether aud of the \
                 decoded assertion is its own issuer",
            ),
            _ => (
                "The server does not accept what was sent.",
                "whether the subject token was issued to this client and is still good",
            ),
        };
        (
            RFC6749_INVALID_GRANT,
            means.into(),
            format!("{log}. What is left: {left}."),
        )
    }

    fn invalid_client(&self) -> (Spec, String, String) {
        let sent = ClientAuthentication::of(self.seen.request());
        let method = sent.method();
        let metadata = self.reading.server_metadata();
        let listed = metadata
            .and_then(|(_, metadata)| metadata.token_endpoint_auth_methods_supported.clone());
        let offered = listed.is_some_and(|methods| methods.iter().any(|known| known == method));
        let agreed = self.agreed();
        let mut means = format!(
            "The authorization server does not know the client, or does not accept the way it \
             authenticates: {method}."
        );
        if agreed.as_deref() == Some(method) {
            means.push_str(" The registration answer says that very method.");
        } else if let Some(agreed) = &agreed {
            means.push_str(&format!(
                " The registration answer says {}.",
                excerpt(agreed)
            ));
        }
        if offered {
            means.push_str(" The metadata lists it as supported.");
        }
        let fix = match sent {
            ClientAuthentication::None | ClientAuthentication::Unknown => {
                "Accept public clients (token_endpoint_auth_method none) at the token endpoint, or \
                 give the client a secret when it registers. A client arranged by hand needs its \
                 secret in this run's settings, when it has one."
            }
            ClientAuthentication::Basic | ClientAuthentication::Post => {
                "Compare client ID and secret with what the authorization server has for this \
                 client, and which method it is set to: client_secret_basic or client_secret_post."
            }
            ClientAuthentication::Assertion => {
                "Compare the key and the aud of the client assertion with what the authorization \
                 server expects."
            }
        };
        (RFC6749_INVALID_CLIENT, means, fix.into())
    }

    /// A parameter of the form that the server says is missing although it was sent.
    fn not_read(&self) -> Option<&'static str> {
        let words = self.description.to_ascii_lowercase();
        let sent = form(self.seen.request());
        let is_sent = |name: &str| value(sent, name).is_some_and(|value| !value.is_empty());
        // Only the shortest words: "a valid redirect_uri is required" is about its value.
        let about_value = ["valid", "match", "correct", "unknown", "wrong"];
        if !says_missing(&words) || about_value.iter().any(|word| words.contains(word)) {
            return None;
        }
        let mut names = words.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
        names.find_map(|name| {
            let known = FORM.iter().find(|known| **known == name);
            known.copied().filter(|known| is_sent(known))
        })
    }

    /// Whether the code was mangled in the redirect: what was a + came as a space.
    fn has_bare_plus(&self) -> bool {
        let code = value(form(self.seen.request()), "code").unwrap_or_default();
        self.grant == Grant::AuthorizationCode && code.contains(' ')
    }

    /// The method that the registration answered with.
    fn agreed(&self) -> Option<String> {
        let registration = self
            .reading
            .registrations
            .last()?
            .response()
            .and_then(object)?;
        text(&registration, "token_endpoint_auth_method").map(str::to_owned)
    }

    fn grant_type(&self) -> String {
        let sent = form(self.seen.request());
        excerpt(value(sent, "grant_type").unwrap_or("none"))
    }
}

/// Parameters of a token request that a server may miss.
const FORM: [&str; 6] = [
    "grant_type",
    "code",
    "client_id",
    "code_verifier",
    "redirect_uri",
    "refresh_token",
];
