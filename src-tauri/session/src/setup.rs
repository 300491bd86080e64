//! From the options to what a flow is started with: files are read, texts are checked.

use std::path::PathBuf;
use std::time::Duration;

use flow::{
    AuthorizationExtras, GrantChoice, IdentityProvider, ResourceChoice, Seed, Setup, ToolCall,
};
use jose::SigningKey;
use serde_json::Value;
use trace::Secret;

use crate::error::{AppError, ErrorCode, invalid};
use crate::options::{self, Options, Registration, ResponseMode};

/// # Errors
/// Names the option, what was expected and what came; never repeats a key.
pub(crate) fn setup(options: &Options) -> Result<Setup, AppError> {
    let server_url = Setup::check_server_url(&options.server_url).map_err(|error| AppError {
        code: ErrorCode::Invalid,
        message: error.to_string(),
        hint: Some("Give the URL your MCP client is configured with.".into()),
    })?;
    let mut seed = [0; 32];
    crate::env::random(&mut seed);
    let mut setup = Setup::new(server_url, Seed(seed));
    setup.revision = options.revision;
    setup.registration = registration(&options.registration)?;
    setup.client_metadata_url = client_metadata_url(options)?;
    setup.grant = grant(&options.grant)?;
    setup.issuer = text(&options.issuer);
    setup.resource = match &options.resource {
        options::ResourceChoice::Advertised => ResourceChoice::Advertised,
        options::ResourceChoice::Off => ResourceChoice::Off,
        options::ResourceChoice::Given { uri } => ResourceChoice::Given(uri.trim().into()),
    };
    setup.authorization = authorization(&options.authorization)?;
    setup.dpop = options.dpop;
    setup.call = options.call.as_ref().map(call);
    setup.then = options.then.clone();
    setup.scope = text(&options.scope);
    setup.client_version = env!("CARGO_PKG_VERSION").into();
    Ok(setup)
}

pub(crate) fn registration(chosen: &Registration) -> Result<flow::Registration, AppError> {
    let Registration::Preregistered {
        client_id,
        client_secret,
        private_key_file,
        alg,
    } = chosen
    else {
        return Ok(match chosen {
            Registration::Dcr => flow::Registration::Dcr,
            Registration::Cimd => flow::Registration::Cimd,
            _ => flow::Registration::Auto,
        });
    };
    if client_id.trim().is_empty() {
        return Err(invalid(
            "client ID: expected the pre-registered client's ID, got nothing",
        ));
    }
    let private_key = text(private_key_file)
        .map(|file| private_key(&file, text(alg).as_deref()))
        .transpose()?;
    Ok(flow::Registration::Preregistered {
        client_id: client_id.trim().into(),
        client_secret: secret(client_secret),
        private_key: private_key.map(Box::new),
    })
}

pub(crate) fn call(call: &options::ToolCall) -> ToolCall {
    ToolCall {
        tool: call.tool.clone(),
        arguments: call.arguments.clone(),
    }
}

pub(crate) fn wire_settings(options: &Options) -> wire::Settings {
    let network = &options.network;
    wire::Settings {
        proxy: text(&network.proxy),
        ca_files: network.ca_files.iter().map(PathBuf::from).collect(),
        body_limit: network.body_limit,
        timeout: Duration::from_secs(network.timeout_seconds.into()),
        client_certificate: network.client_certificate.as_ref().map(|files| {
            wire::ClientCertificate {
                certificate_file: PathBuf::from(&files.certificate_file),
                key_file: PathBuf::from(&files.key_file),
            }
        }),
        ..wire::Settings::default()
    }
}

fn private_key(file: &str, alg: Option<&str>) -> Result<SigningKey, AppError> {
    let pem = std::fs::read_to_string(file).map_err(|error| {
        invalid(format!(
            "private key: expected a PEM file that can be read, got {file}: {error}"
        ))
    })?;
    SigningKey::from_pem(&pem, alg).map_err(|error| invalid(error.to_string()))
}

/// The document's own URL; what Authscope serves itself gets its URL when it is opened.
fn client_metadata_url(options: &Options) -> Result<Option<String>, AppError> {
    let given = &options.client_metadata;
    let Some(url) = text(&given.url).filter(|_| !given.serve) else {
        return Ok(None);
    };
    match trace::origin_of(&url) {
        Some(_) => Ok(Some(url)),
        None => Err(invalid(format!(
            "client metadata URL: expected an http or https URL, got \"{url}\""
        ))),
    }
}

fn grant(chosen: &options::GrantChoice) -> Result<GrantChoice, AppError> {
    use options::GrantChoice as Chosen;
    Ok(match chosen {
        Chosen::Auto => GrantChoice::Auto,
        Chosen::AuthorizationCode => GrantChoice::AuthorizationCode,
        Chosen::ClientCredentials => GrantChoice::ClientCredentials,
        Chosen::DeviceCode => GrantChoice::DeviceCode,
        Chosen::JwtBearer { assertion } => GrantChoice::JwtBearer {
            assertion: required("assertion", assertion)?,
        },
        Chosen::EnterpriseManaged {
            idp_id_token,
            idp_client_id,
            idp_client_secret,
            idp_issuer,
            idp_token_endpoint,
        } => {
            let (issuer, token_endpoint) = (text(idp_issuer), text(idp_token_endpoint));
            let url = |field: &str, url: &Option<String>| match url {
                Some(url) if trace::origin_of(url).is_none() => Err(invalid(format!(
                    "{field}: expected an http or https URL, got \"{url}\""
                ))),
                _ => Ok(()),
            };
            url("identity provider's issuer", &issuer)?;
            url("identity provider's token endpoint", &token_endpoint)?;
            if issuer.is_none() && token_endpoint.is_none() {
                return Err(invalid(
                    "identity provider: expected its issuer or its token endpoint, got neither",
                ));
            }
            GrantChoice::EnterpriseManaged(IdentityProvider {
                id_token: required("ID token", idp_id_token)?,
                client_id: idp_client_id.trim().into(),
                client_secret: secret(idp_client_secret),
                issuer,
                token_endpoint,
            })
        }
    })
}

fn authorization(given: &options::Authorization) -> Result<AuthorizationExtras, AppError> {
    let details = text(&given.authorization_details)
        .map(|text| match serde_json::from_str::<Value>(&text) {
            Ok(Value::Array(details)) => Ok(Value::Array(details)),
            Ok(_) => Err("another JSON value".to_owned()),
            Err(error) => Err(format!("no JSON ({error})")),
        })
        .transpose()
        .map_err(|got| {
            invalid(format!(
                "authorization_details: expected a JSON array, got {got}"
            ))
        })?;
    let named = |(name, value): &(String, String)| (name.trim().to_owned(), value.clone());
    let parameters: Vec<(String, String)> = given.parameters.iter().map(named).collect();
    if parameters.iter().any(|(name, _)| name.is_empty()) {
        return Err(invalid(
            "authorization parameters: expected a name for each, got none",
        ));
    }
    Ok(AuthorizationExtras {
        parameters,
        par: given.par,
        request_object: given.request_object,
        authorization_details: details,
        form_post: given.response_mode == ResponseMode::FormPost,
    })
}

fn required(field: &str, value: &str) -> Result<Secret, AppError> {
    match value.trim() {
        "" => Err(invalid(format!("{field}: expected a JWT, got nothing"))),
        text => Ok(Secret::new(text)),
    }
}

fn secret(value: &Option<String>) -> Option<Secret> {
    text(value).map(Secret::new)
}

/// None for what is empty, as a form's field is.
fn text(value: &Option<String>) -> Option<String> {
    let text = value.as_ref()?.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(change: impl FnOnce(&mut Options)) -> String {
        let mut options = Options {
            server_url: "https://mcp.example/mcp".into(),
            ..Options::default()
        };
        change(&mut options);
        setup(&options).unwrap_err().message
    }

    #[test]
    fn each_option_that_cannot_be_used_is_named_with_what_was_expected() {
        let details = |text: &str| {
            let text = text.to_owned();
            wrong(|options| options.authorization.authorization_details = Some(text))
        };
        assert_eq!(
            details("{}"),
            "authorization_details: expected a JSON array, got another JSON value"
        );
        assert!(details("[").contains("got no JSON"));
        let url = wrong(|options| options.client_metadata.url = Some("client.json".into()));
        assert!(url.contains("\"client.json\""), "{url}");
        let nothing = wrong(|options| {
            options.grant = options::GrantChoice::JwtBearer {
                assertion: " ".into(),
            };
        });
        assert_eq!(nothing, "assertion: expected a JWT, got nothing");
        let key = wrong(|options| {
            options.registration = Registration::Preregistered {
                client_id: "me".into(),
                client_secret: None,
                private_key_file: Some("no/such/file.pem".into()),
                alg: None,
            };
        });
        assert!(key.starts_with("private key: expected a PEM file"), "{key}");
    }
}
