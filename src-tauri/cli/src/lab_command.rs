//! `authscope-cli lab`: the lab on its own.

use std::process::ExitCode;

use lab::{Lab, LabOptions, Misbehaviour};
use serde_json::json;

use crate::arguments::LabArguments;

/// Prints one JSON line with the URLs, then serves until it is told to end.
pub async fn run(arguments: LabArguments) -> Result<ExitCode, String> {
    let misbehaviour = match &arguments.misbehave {
        None => None,
        Some(text) => Some(Misbehaviour::parse(text).ok_or_else(|| {
            let known: Vec<String> = Misbehaviour::ALL
                .iter()
                .map(|known| format!("{} {}", known.code(), known.slug()))
                .collect();
            format!(
                "--misbehave: expected one of the codes or names below, got \"{text}\"\n  {}",
                known.join("\n  ")
            )
        })?),
    };
    let options = LabOptions {
        misbehaviour,
        mcp_port: arguments.port.unwrap_or(0),
        as_port: arguments.as_port.unwrap_or(0),
        auto_approve: arguments.auto_approve,
        ..LabOptions::default()
    };
    let lab = Lab::start(options).await.map_err(|error| {
        let ports = [("--port", arguments.port), ("--as-port", arguments.as_port)];
        let given = ports
            .iter()
            .filter_map(|(name, port)| port.map(|port| format!("{name} {port}")));
        let given: Vec<String> = given.collect();
        format!("the lab could not open its ports ({}): {error}", given.join(", "))
    })?;
    let misbehave = misbehaviour.map(Misbehaviour::slug);
    println!(
        "{}",
        json!({ "mcp": lab.mcp_url(), "as": lab.as_url(), "misbehave": misbehave })
    );
    ended().await;
    lab.shutdown().await;
    Ok(ExitCode::SUCCESS)
}

/// Until the user or the system asks to end.
async fn ended() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    // An error means that there is no such signal here; then only the system can end it.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
