//! Identity providers that the lab plays: what their metadata looks like, where their endpoints
//! are, which clients they take, what audience they give, and what they say when they are set up
//! wrongly.
//!
//! A provider is a file in `providers`. A new one is named in `FILES` as well.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The files, in the order in which front-ends offer the providers.
const FILES: &[&str] = &[
    include_str!("../providers/workos.json"),
    include_str!("../providers/supabase.json"),
    include_str!("../providers/auth0.json"),
    include_str!("../providers/okta.json"),
    include_str!("../providers/entra.json"),
    include_str!("../providers/cognito.json"),
    include_str!("../providers/google.json"),
    include_str!("../providers/github.json"),
    include_str!("../providers/keycloak.json"),
    include_str!("../providers/hydra.json"),
    include_str!("../providers/zitadel.json"),
    include_str!("../providers/authentik.json"),
    include_str!("../providers/clerk.json"),
    include_str!("../providers/stytch.json"),
    include_str!("../providers/descope.json"),
    include_str!("../providers/fusionauth.json"),
    include_str!("../providers/logto.json"),
    include_str!("../providers/scalekit.json"),
    include_str!("../providers/pingone.json"),
    include_str!("../providers/duende.json"),
    include_str!("../providers/spring.json"),
    include_str!("../providers/salesforce.json"),
    include_str!("../providers/slack.json"),
    include_str!("../providers/cloudflare.json"),
];

/// Every provider that the lab plays. The files are part of the program, and a test reads each.
pub static PROVIDERS: LazyLock<Vec<Provider>> = LazyLock::new(|| {
    let read = FILES.iter().map(|file| serde_json::from_str(file));
    read.filter_map(Result::ok).collect()
});

/// A provider as the lab plays it. Paths are below the origin of the authorization server.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    pub name: String,
    pub title: String,
    /// What comes after the origin in the issuer.
    pub issuer: String,
    pub authorize: String,
    pub token: String,
    /// Empty where clients cannot register themselves.
    #[serde(default)]
    pub register: String,
    pub jwks: String,
    /// Whether there is a document of RFC 8414, and not the OpenID one alone.
    pub oauth_document: bool,
    /// Whether the metadata says that it takes PKCE.
    pub says_pkce: bool,
    /// Members that show whose metadata it is. A text that begins with a slash is a path.
    #[serde(default)]
    pub members: Map<String, Value>,
    /// What it puts into `aud` whatever is asked for, or nothing where this is empty. `None` where
    /// `aud` follows `resource`.
    #[serde(default)]
    pub audience: Option<String>,
    /// What goes wrong here when it is set up wrongly.
    pub cases: Vec<Case>,
}

/// A way to set a provider up wrongly.
#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    /// A few words for a card's head, without the provider's name.
    pub title: String,
    pub wrong: Wrong,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Wrong {
    /// The run comes without a client where none can register.
    NoClient,
    /// The MCP server expects its own URL as audience, and the provider gives another one.
    Audience,
    /// An endpoint answers with this status and text.
    Answer {
        endpoint: Endpoint,
        status: u16,
        body: String,
    },
    /// The browser comes back with this error and description.
    Callback { error: String, description: String },
    /// Access tokens have these claims in the place of their own.
    Claims(Map<String, Value>),
    /// The access token is this text, which the MCP server cannot read.
    OpaqueToken(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    Metadata,
    Authorization,
    Token,
    Registration,
}

/// A provider, and in which way it is set up.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProviderSetup {
    pub provider: &'static Provider,
    /// `None` is the right way.
    pub case: Option<&'static Case>,
}

impl ProviderSetup {
    /// `NAME` or `NAME/CASE`.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, case) = match text.split_once('/') {
            Some((name, case)) => (name, Some(case)),
            None => (text, None),
        };
        let provider = PROVIDERS.iter().find(|provider| provider.name == name)?;
        let case = match case {
            Some(name) => Some(provider.cases.iter().find(|known| known.name == name)?),
            None => None,
        };
        Some(Self { provider, case })
    }

    /// Every one, the right way of each provider first.
    pub fn all() -> impl Iterator<Item = Self> {
        PROVIDERS.iter().flat_map(|provider| {
            let cases = provider.cases.iter().map(Some);
            std::iter::once(None)
                .chain(cases)
                .map(move |case| Self { provider, case })
        })
    }

    /// What [`Self::parse`] reads.
    pub fn slug(&self) -> String {
        match self.case {
            Some(case) => format!("{}/{}", self.provider.name, case.name),
            None => self.provider.name.clone(),
        }
    }

    /// A few words for a card's head, without the provider's name.
    pub fn title(&self) -> &'static str {
        self.case.map_or("Set up rightly", |case| &case.title)
    }

    /// One plain sentence for a card.
    pub fn sentence(&self) -> String {
        let name = &self.provider.title;
        match self.case.map(|case| &case.wrong) {
            None if self.provider.says_pkce => {
                format!("The whole flow with an authorization server like {name}.")
            }
            None => format!(
                "Like {name}: the metadata does not say that it takes PKCE, so the run stops and asks."
            ),
            Some(Wrong::NoClient) => {
                format!("Clients cannot register themselves at {name}, and the run has none.")
            }
            Some(Wrong::Audience) => {
                "The token is for another audience than the MCP server expects.".to_owned()
            }
            Some(Wrong::Answer {
                endpoint, status, ..
            }) => {
                let what = match endpoint {
                    Endpoint::Metadata => "metadata document",
                    Endpoint::Authorization => "authorization endpoint",
                    Endpoint::Token => "token endpoint",
                    Endpoint::Registration => "registration endpoint",
                };
                format!("The {what} answers with status {status} and an error.")
            }
            Some(Wrong::Callback { error, .. }) => {
                format!("The browser comes back with the error {error}.")
            }
            Some(Wrong::Claims(claims)) => {
                let names: Vec<&str> = claims.keys().map(String::as_str).collect();
                let names = names.join(" and ");
                format!("The access token has another {names} than the MCP server expects.")
            }
            Some(Wrong::OpaqueToken(_)) => {
                "The access token is not a JWT, and the MCP server cannot read it.".to_owned()
            }
        }
    }

    /// Whether a run needs the ID of an existing client.
    pub fn wants_client_id(&self) -> bool {
        let without = self.wrong() == Some(&Wrong::NoClient);
        self.provider.register.is_empty() && !without
    }

    /// The audience that the MCP server takes besides its own URL.
    pub(crate) fn expected_audience(&self) -> Option<&'static str> {
        let unexpected = self.wrong() == Some(&Wrong::Audience);
        let audience = self.provider.audience.as_deref();
        audience.filter(|_| !unexpected)
    }

    pub(crate) fn answer_at(&self, at: Endpoint) -> Option<(u16, &'static str)> {
        match self.wrong()? {
            Wrong::Answer {
                endpoint,
                status,
                body,
            } if *endpoint == at => Some((*status, body)),
            _ => None,
        }
    }

    pub(crate) fn error_at_callback(&self) -> Option<(&'static str, &'static str)> {
        match self.wrong()? {
            Wrong::Callback { error, description } => Some((error, description)),
            _ => None,
        }
    }

    /// The claims of access tokens that are not as they should be.
    pub(crate) fn wrong_claims(&self) -> Option<&'static Map<String, Value>> {
        match self.wrong()? {
            Wrong::Claims(claims) => Some(claims),
            _ => None,
        }
    }

    /// What stands in the place of every access token.
    pub(crate) fn opaque_token(&self) -> Option<&'static str> {
        match self.wrong()? {
            Wrong::OpaqueToken(token) => Some(token),
            _ => None,
        }
    }

    fn wrong(&self) -> Option<&'static Wrong> {
        self.case.map(|case| &case.wrong)
    }

    /// Where the well-known documents are, when there is a path in the issuer.
    pub(crate) fn well_known(&self) -> Vec<String> {
        let path = self.provider.issuer.trim_end_matches('/');
        let mut paths = vec![format!("{path}/.well-known/openid-configuration")];
        if self.provider.oauth_document {
            paths.push(format!("/.well-known/oauth-authorization-server{path}"));
        }
        paths
    }

    /// The lab's own metadata as this provider would have it.
    pub(crate) fn metadata(&self, base: &str, own: &Value) -> Value {
        let provider = self.provider;
        let at = |path: &str| json!(format!("{base}{path}"));
        let mut document = json!({
            "issuer": own["issuer"],
            "authorization_endpoint": at(&provider.authorize),
            "token_endpoint": at(&provider.token),
            "jwks_uri": at(&provider.jwks),
            "scopes_supported": own["scopes_supported"],
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": own["id_token_signing_alg_values_supported"],
            "authorization_response_iss_parameter_supported": true,
        });
        if !provider.register.is_empty() {
            document["registration_endpoint"] = at(&provider.register);
        }
        if provider.says_pkce {
            document["code_challenge_methods_supported"] = json!(["S256"]);
        }
        for (name, value) in &provider.members {
            document[name] = match value.as_str() {
                Some(path) if path.starts_with('/') => at(path),
                _ => value.clone(),
            };
        }
        document
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_read() {
        for file in FILES {
            serde_json::from_str::<Provider>(file).unwrap();
        }
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/providers");
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), PROVIDERS.len());
    }

    #[test]
    fn every_set_up_is_found_by_its_name() {
        for setup in ProviderSetup::all() {
            assert_eq!(ProviderSetup::parse(&setup.slug()), Some(setup));
            assert!(setup.title().len() < 45 && !setup.title().contains('_'));
            assert!(setup.sentence().ends_with('.') && setup.sentence().len() < 130);
        }
        assert!(PROVIDERS.iter().all(|provider| provider.cases.len() >= 2));
        assert_eq!(ProviderSetup::parse("auth0/no_such_case"), None);
    }
}
