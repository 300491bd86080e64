//! Identity providers that the lab plays: what their metadata looks like, where their endpoints
//! are, which clients they take, what audience they give, and what they say when they are set up
//! wrongly.

mod table;

use serde_json::{Value, json};

pub use table::PROVIDERS;

/// A provider as the lab plays it. Paths are below the origin of the authorization server.
#[derive(Debug, PartialEq, Eq)]
pub struct Provider {
    pub name: &'static str,
    pub title: &'static str,
    /// What comes after the origin in the issuer.
    pub issuer: &'static str,
    pub authorize: &'static str,
    pub token: &'static str,
    /// Empty where clients cannot register themselves.
    pub register: &'static str,
    pub jwks: &'static str,
    /// Whether there is a document of RFC 8414, and not the OpenID one alone.
    pub oauth_document: bool,
    /// Whether the metadata says that it takes PKCE.
    pub says_pkce: bool,
    /// Members that show whose metadata it is, as JSON.
    pub members: &'static str,
    /// What it puts into `aud` whatever is asked for; none where that follows `resource`.
    pub audience: Option<&'static str>,
    /// What goes wrong here when it is set up wrongly.
    pub cases: &'static [Case],
}

/// A way to set a provider up wrongly.
#[derive(Debug, PartialEq, Eq)]
pub struct Case {
    pub name: &'static str,
    pub wrong: Wrong,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Wrong {
    /// The run comes without a client where none can register.
    NoClient,
    /// The MCP server expects its own URL as audience, and the provider gives another one.
    Audience,
    /// An endpoint answers with this status and text.
    Answer(Endpoint, u16, &'static str),
    /// The browser comes back with this error and description.
    Callback(&'static str, &'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Endpoint {
    Authorization,
    Token,
    Registration,
}

/// A provider, and in which way it is set up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProviderSetup {
    pub provider: &'static Provider,
    /// None is the right way.
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
            Some(case) => Some(provider.cases.iter().find(|known| known.name == case)?),
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
            None => self.provider.name.to_owned(),
        }
    }

    /// A few words for a card's head, without the provider's name.
    pub fn title(&self) -> String {
        let Some(case) = self.case else {
            return "Set up rightly".to_owned();
        };
        let words = match case.name {
            "no_api" => "No API for the server",
            "no_client" => "No client",
            "redirect_uri" => "Redirect URI not known",
            "registration_off" => "Registration switched off",
            "registration_token" => "Registration wants a token",
            "trusted_hosts" => "Host not trusted",
            "third_party" => "Third parties not allowed",
            "secret" => "Client secret missing",
            other => other,
        };
        let mut words = words.replace('_', " ");
        if let Some(first) = words.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        words
    }

    /// One plain sentence for a card.
    pub fn sentence(&self) -> String {
        let name = self.provider.title;
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
            Some(Wrong::Answer(endpoint, status, _)) => {
                let endpoint = match endpoint {
                    Endpoint::Authorization => "authorization",
                    Endpoint::Token => "token",
                    Endpoint::Registration => "registration",
                };
                format!("The {endpoint} endpoint refuses the request with status {status}.")
            }
            Some(Wrong::Callback(error, _)) => {
                format!("The browser comes back with the error {error}.")
            }
        }
    }

    /// Whether a run needs the ID of a client that is there already.
    pub fn wants_client_id(&self) -> bool {
        let without = self.case.is_some_and(|case| case.wrong == Wrong::NoClient);
        self.provider.register.is_empty() && !without
    }

    /// The audience that the MCP server takes besides its own URL.
    pub(crate) fn expected_audience(&self) -> Option<&'static str> {
        let unexpected = self.case.is_some_and(|case| case.wrong == Wrong::Audience);
        self.provider.audience.filter(|_| !unexpected)
    }

    pub(crate) fn answer_at(&self, endpoint: Endpoint) -> Option<(u16, &'static str)> {
        match self.case?.wrong {
            Wrong::Answer(at, status, text) if at == endpoint => Some((status, text)),
            _ => None,
        }
    }

    pub(crate) fn error_at_callback(&self) -> Option<(&'static str, &'static str)> {
        match self.case?.wrong {
            Wrong::Callback(error, description) => Some((error, description)),
            _ => None,
        }
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
            "authorization_endpoint": at(provider.authorize),
            "token_endpoint": at(provider.token),
            "jwks_uri": at(provider.jwks),
            "scopes_supported": own["scopes_supported"],
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_methods_supported": ["none", "client_secret_basic", "client_secret_post"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": own["id_token_signing_alg_values_supported"],
            "authorization_response_iss_parameter_supported": true,
        });
        if !provider.register.is_empty() {
            document["registration_endpoint"] = at(provider.register);
        }
        if provider.says_pkce {
            document["code_challenge_methods_supported"] = json!(["S256"]);
        }
        let members: Value = serde_json::from_str(provider.members).unwrap_or_default();
        for (name, value) in members.as_object().into_iter().flatten() {
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
    fn every_set_up_is_found_by_its_name() {
        for setup in ProviderSetup::all() {
            assert_eq!(ProviderSetup::parse(&setup.slug()), Some(setup));
            let members: Value = serde_json::from_str(setup.provider.members).unwrap();
            assert!(members.is_object());
            assert!(setup.title().len() < 45 && !setup.title().contains('_'));
            assert!(setup.sentence().ends_with('.') && setup.sentence().len() < 130);
        }
        assert!(PROVIDERS.iter().all(|provider| provider.cases.len() >= 2));
        assert_eq!(ProviderSetup::parse("auth0/no_such_case"), None);
    }
}
