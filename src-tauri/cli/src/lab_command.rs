//! `authscope-cli lab`: the lab on its own.

use std::process::ExitCode;
use std::time::Duration;

use app::lab_scenarios::{self, Way};
use lab::{CLIENT_PRIVATE_KEY, Lab, LabOptions, Misbehaviour, ProviderSetup, WorkloadJwt};
use serde_json::{Value, json};

use crate::arguments::LabArguments;
use crate::terminal::{Failure, Terminal};

/// Prints one JSON line with the URLs, then serves until it is interrupted.
pub async fn run(arguments: LabArguments) -> Result<ExitCode, Failure> {
    let mut options = options(&arguments)?;
    let misbehaviour = options.misbehaviour;
    if let Some(misbehaviour) = misbehaviour {
        (lab_scenarios::way_to(misbehaviour).lab)(&mut options);
    }
    let lab = Lab::start(options).await.map_err(|error| {
        let ports = [
            ("--port", arguments.servers.port),
            ("--as-port", arguments.servers.as_port),
        ];
        let given = ports
            .iter()
            .filter_map(|(name, port)| port.map(|port| format!("{name} {port}")));
        let given: Vec<String> = given.collect();
        format!(
            "the lab could not open its ports ({}): {error}",
            given.join(", ")
        )
    })?;
    let terminal = Terminal::standard_output();
    let ending = ending();
    let way = match misbehaviour {
        Some(misbehaviour) => lab_scenarios::way_to(misbehaviour),
        None => lab_scenarios::way_to_healthy(&lab),
    };
    terminal.json_line(&description(&lab, way))?;
    // When nobody reads the line, nobody knows the URLs.
    if !terminal.reader_gone() {
        ending.await;
    }
    lab.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

fn options(arguments: &LabArguments) -> Result<LabOptions, Failure> {
    let LabArguments {
        misbehave,
        provider,
        servers,
        authorization_server,
        tokens,
        mcp_server,
    } = arguments;
    Ok(LabOptions {
        misbehaviour: misbehave.as_deref().map(misbehaviour).transpose()?,
        provider: provider.as_deref().map(provider_setup).transpose()?,
        mcp_port: servers.port.unwrap_or(0),
        as_port: servers.as_port.unwrap_or(0),
        access_token_lifetime: Duration::from_secs(tokens.access_token_lifetime.into()),
        auto_approve: authorization_server.auto_approve,
        cimd: authorization_server.cimd,
        require_par: authorization_server.require_par,
        client_key: None,
        dpop_nonce: tokens.dpop_nonce,
        device_polls: authorization_server.device_polls,
        device_slow_down: authorization_server.device_slow_down,
        idp: servers.idp,
        second_as: servers.second_as,
        as_migrates: servers.as_migrates,
        transfer_tool: mcp_server.transfer_tool,
        dpop_required: mcp_server.dpop_required,
        no_metadata: servers.no_metadata,
        mtls: servers.mtls,
    })
}

fn misbehaviour(text: &str) -> Result<Misbehaviour, Failure> {
    Misbehaviour::parse(text).ok_or_else(|| {
        let expected = "--misbehave: expected one of the codes or names below";
        let known = Misbehaviour::ALL
            .iter()
            .chain(Misbehaviour::EXTENDED)
            .map(|known| format!("{} {}", known.code(), known.slug()));
        Failure(
            std::iter::once(format!("{expected}, got \"{text}\""))
                .chain(known)
                .collect(),
        )
    })
}

fn provider_setup(text: &str) -> Result<ProviderSetup, Failure> {
    ProviderSetup::parse(text).ok_or_else(|| {
        let expected = format!("--provider: expected one of the names below, got \"{text}\"");
        let known = ProviderSetup::all().map(|setup| setup.slug());
        Failure(std::iter::once(expected).chain(known).collect())
    })
}

/// What a client needs to know of the lab; null for what it does not have.
fn description(lab: &Lab, way: Way) -> Value {
    json!({
        "mcp": lab.mcp_url(),
        "as": lab.as_url(),
        "misbehave": lab.misbehaviour().map(Misbehaviour::slug),
        "provider": lab.provider().map(|setup| setup.slug()),
        "run": way.arguments(lab),
        "second_as": lab.second_as_url(),
        "idp_issuer": lab.idp_url(),
        "idp_token_endpoint": lab.idp_url().map(|issuer| format!("{issuer}/token")),
        "idp_client_id": lab.idp_client_id(),
        "idp_id_token": lab.id_token(),
        "workload_jwt": lab.workload_jwt(WorkloadJwt::Valid),
        // It is in the lab's source, too, and protects nothing.
        "client_private_key": CLIENT_PRIVATE_KEY,
        "ca": lab.client_tls().map(|tls| &tls.authority),
        "client_certificate": lab.client_tls().map(|tls| &tls.certificate),
        "client_certificate_key": lab.client_tls().map(|tls| &tls.private_key),
    })
}

/// Until the user or the system asks to end. It counts from the call on, not from the first wait.
pub fn ending() -> impl Future<Output = ()> {
    #[cfg(unix)]
    let signals = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::interrupt())
            .ok()
            .zip(signal(SignalKind::terminate()).ok())
    };
    async move {
        #[cfg(unix)]
        if let Some((mut interrupt, mut terminate)) = signals {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
        // An error means that there is no such signal here; then only the system can end it.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
