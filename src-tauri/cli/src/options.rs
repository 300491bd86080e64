//! From the command line to what a session is started with.

use serde_json::Value;
use session::{
    Authorization, Browser, Callback, ClientCertificate, ClientMetadata, GrantChoice, Network,
    Options, Registration, ResourceChoice, ResponseMode, ToolCall,
};
use trace::ActionKind;

use crate::arguments::{
    Approve, FlowArguments, GrantArguments, GrantChoice as Given, RegistrationArguments,
    RegistrationChoice, ResponseModeChoice, RunArguments,
};

/// # Errors
/// Names the flag, what was expected and what came.
pub fn options(arguments: &RunArguments) -> Result<Options, String> {
    Ok(Options {
        server_url: arguments.url.clone(),
        revision: arguments.flow.revision.0,
        registration: registration(&arguments.registration)?,
        client_metadata: ClientMetadata {
            url: arguments.registration.client_metadata_url.clone(),
            serve: arguments.registration.serve_client_metadata,
            port: arguments.registration.client_metadata_port,
        },
        grant: grant(&arguments.grant)?,
        issuer: arguments.flow.issuer.clone(),
        resource: match arguments.flow.resource.as_deref() {
            None => ResourceChoice::Advertised,
            Some("off") => ResourceChoice::Off,
            Some(uri) => ResourceChoice::Given { uri: uri.into() },
        },
        authorization: Authorization {
            parameters: arguments.authorization.param.clone(),
            par: arguments.authorization.par,
            request_object: arguments.authorization.request_object,
            authorization_details: arguments.authorization.authorization_details.clone(),
            response_mode: match arguments.authorization.response_mode {
                ResponseModeChoice::Query => ResponseMode::Query,
                ResponseModeChoice::FormPost => ResponseMode::FormPost,
            },
        },
        dpop: arguments.grant.dpop,
        call: call(&arguments.flow)?,
        then: then(arguments),
        callback: Callback {
            host: arguments.authorization.redirect_host.into(),
            port: arguments.authorization.redirect_port,
            path: arguments.authorization.redirect_path.clone(),
            timeout_seconds: arguments.authorization.callback_timeout,
        },
        scope: arguments.flow.scope.clone(),
        network: network(arguments),
        browser: match arguments.authorization.approve {
            Approve::Auto => Browser::Approver {
                form: arguments.authorization.form.clone(),
            },
            Approve::Browser => Browser::System,
        },
        use_stored_token: false,
    })
}

fn registration(given: &RegistrationArguments) -> Result<Registration, String> {
    let preregistered = || match &given.client_id {
        Some(client_id) => Ok(Registration::Preregistered {
            client_id: client_id.clone(),
            client_secret: given.client_secret.clone(),
            private_key_file: given
                .private_key
                .as_ref()
                .map(|path| path.to_string_lossy().into_owned()),
            alg: given.alg.clone(),
        }),
        None => {
            Err("--registration preregistered: expected --client-id with it, got none".to_owned())
        }
    };
    match given.registration {
        RegistrationChoice::Auto if given.client_id.is_some() => preregistered(),
        RegistrationChoice::Auto => Ok(Registration::Auto),
        RegistrationChoice::Dcr => Ok(Registration::Dcr),
        RegistrationChoice::Cimd => Ok(Registration::Cimd),
        RegistrationChoice::Preregistered => preregistered(),
    }
}

fn grant(given: &GrantArguments) -> Result<GrantChoice, String> {
    let enterprise = || match (&given.idp_id_token, &given.idp_client_id) {
        (Some(id_token), Some(client_id)) => Ok(GrantChoice::EnterpriseManaged {
            idp_id_token: id_token.clone(),
            idp_client_id: client_id.clone(),
            idp_client_secret: given.idp_client_secret.clone(),
            idp_issuer: given.idp_issuer.clone(),
            idp_token_endpoint: given.idp_token_endpoint.clone(),
        }),
        (token, _) => {
            let missing = if token.is_none() {
                "--idp-id-token"
            } else {
                "--idp-client-id"
            };
            Err(format!(
                "--grant token-exchange: expected {missing} with it, got none"
            ))
        }
    };
    match given.grant {
        Given::Auto if given.idp_id_token.is_some() => enterprise(),
        Given::Auto => Ok(match &given.assertion {
            Some(assertion) => GrantChoice::JwtBearer {
                assertion: assertion.clone(),
            },
            None => GrantChoice::Auto,
        }),
        Given::AuthorizationCode => Ok(GrantChoice::AuthorizationCode),
        Given::ClientCredentials => Ok(GrantChoice::ClientCredentials),
        Given::DeviceCode => Ok(GrantChoice::DeviceCode),
        Given::TokenExchange => enterprise(),
        Given::JwtBearer => match &given.assertion {
            Some(assertion) => Ok(GrantChoice::JwtBearer {
                assertion: assertion.clone(),
            }),
            None => Err("--grant jwt-bearer: expected --assertion with it, got none".into()),
        },
    }
}

fn call(given: &FlowArguments) -> Result<Option<ToolCall>, String> {
    let Some(tool) = &given.call else {
        return Ok(None);
    };
    let text = given.args.as_deref().unwrap_or("{}");
    let wrong = |got: &str| format!("--args: expected a JSON object, got {got}");
    let arguments = match serde_json::from_str(text) {
        Ok(Value::Object(arguments)) => arguments,
        Ok(_) => return Err(wrong("another JSON value")),
        Err(error) => return Err(wrong(&format!("no JSON ({error})"))),
    };
    let tool = (tool != "first").then(|| tool.clone());
    Ok(Some(ToolCall { tool, arguments }))
}

/// In the order in which each still finds what it needs.
fn then(arguments: &RunArguments) -> Vec<ActionKind> {
    let after = &arguments.after;
    let wanted = [
        (after.check_signatures, ActionKind::CheckSignatures),
        (after.userinfo, ActionKind::Userinfo),
        (after.introspect, ActionKind::Introspect),
        (after.check_cors, ActionKind::CheckCors),
        (after.refresh, ActionKind::Refresh),
        (after.replay_code, ActionKind::ReplayCode),
        (after.reuse_rotated, ActionKind::ReuseRotated),
        (after.refresh_twice, ActionKind::RefreshTwice),
        (after.revoke, ActionKind::Revoke),
        (after.read_registration, ActionKind::ReadRegistration),
        (after.delete_registration, ActionKind::DeleteRegistration),
    ];
    wanted
        .into_iter()
        .filter_map(|(wanted, action)| wanted.then_some(action))
        .collect()
}

fn network(arguments: &RunArguments) -> Network {
    let network = &arguments.network;
    let text = |path: &std::path::PathBuf| path.to_string_lossy().into_owned();
    Network {
        proxy: network.proxy.clone(),
        ca_files: network.ca.iter().map(text).collect(),
        client_certificate: network.cert.as_ref().zip(network.key.as_ref()).map(
            |(certificate, key)| ClientCertificate {
                certificate_file: text(certificate),
                key_file: text(key),
            },
        ),
        body_limit: network.body_limit,
        timeout_seconds: network.timeout,
    }
}
