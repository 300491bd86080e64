//! From the options to what a flow is started with: they are checked, and files are read.

use std::path::PathBuf;
use std::time::Duration;

use clients::Profile;
use flow::options::{Options, Registration};
use flow::{Seed, Setup};
use jose::SigningKey;

use crate::error::{AppError, ErrorCode, invalid};

/// # Errors
/// Names the option, what was expected and what came; never repeats a key.
pub(crate) fn setup(options: &Options) -> Result<Setup, AppError> {
    let options = checked(options)?;
    let profile = crate::played::profile(&options)?;
    let options = crate::played::with_its_options(options, profile);
    let name = profile.and_then(|profile| profile.play.client_name.clone());
    let mut seed = [0; 32];
    crate::env::random(&mut seed);
    Ok(Setup {
        private_key: private_key(&options.registration)?,
        // What Authscope serves itself gets its URL when it is opened.
        client_metadata_url: options
            .client_metadata
            .url
            .clone()
            .filter(|_| !options.client_metadata.serve),
        authorization_details: options
            .authorization
            .authorization_details
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok()),
        ..played_as(profile, name, Setup::with(options, Seed(seed)))
    })
}

/// Under the name of the client that is played, or under ours.
fn played_as(profile: Option<&'static Profile>, name: Option<String>, setup: Setup) -> Setup {
    let version = profile.map(|profile| profile.version.clone());
    Setup {
        client_name: name.unwrap_or(setup.client_name),
        client_version: version.unwrap_or_else(|| env!("CARGO_PKG_VERSION").into()),
        profile,
        ..setup
    }
}

/// # Errors
/// As [`setup`].
pub(crate) fn checked(options: &Options) -> Result<Options, AppError> {
    options.checked().map_err(|error| AppError {
        code: ErrorCode::Invalid,
        message: error.to_string(),
        hint: (error.field == "server URL")
            .then(|| "Give the URL your MCP client is configured with.".into()),
    })
}

/// The key in the file that a registration names.
///
/// # Errors
/// When it cannot be read or is no key; never repeats it.
pub(crate) fn private_key(registration: &Registration) -> Result<Option<SigningKey>, AppError> {
    let Registration::Preregistered {
        private_key_file: Some(file),
        alg,
        ..
    } = registration
    else {
        return Ok(None);
    };
    let pem = std::fs::read_to_string(file).map_err(|error| {
        invalid(format!(
            "private key: expected a PEM file that can be read, got {file}: {error}"
        ))
    })?;
    SigningKey::from_pem(&pem, alg.as_deref())
        .map(Some)
        .map_err(|error| invalid(error.to_string()))
}

/// What sends as these options say, for a server that is not run against but observed.
///
/// # Errors
/// Names the option, what was expected and what came.
pub fn wire_of(options: &Options) -> Result<wire::Wire, AppError> {
    let options = checked(options)?;
    wire::Wire::new(&wire_settings(&options)).map_err(|error| invalid(error.to_string()))
}

/// Of options that were checked.
pub(crate) fn wire_settings(options: &Options) -> wire::Settings {
    let network = &options.network;
    wire::Settings {
        proxy: network.proxy.clone(),
        proxy_loopback: network.proxy_loopback,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_file_that_cannot_be_read_is_named() {
        let options = Options {
            registration: Registration::Preregistered {
                client_id: "me".into(),
                client_secret: None,
                private_key_file: Some("no/such/file.pem".into()),
                alg: None,
            },
            ..Options::for_server("https://mcp.example/mcp")
        };
        let error = setup(&options).unwrap_err().message;
        assert!(
            error.starts_with("private key: expected a PEM file"),
            "{error}"
        );
        assert!(error.contains("no/such/file.pem"), "{error}");
    }

    #[test]
    fn the_url_that_cannot_be_used_comes_with_advice() {
        let error = setup(&Options::for_server("mcp.example")).unwrap_err();
        assert!(error.message.starts_with("server URL: expected"), "{error}");
        assert!(error.hint.is_some());
    }
}
