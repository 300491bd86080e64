//! Runs the lab until it is killed, and prints one JSON line with its URLs when it is ready.

use std::process::ExitCode;
use std::time::Duration;

use lab::{Lab, LabOptions, Misbehaviour, WorkloadJwt};

const USAGE: &str = "lab [--misbehave CODE] [--auto-approve] [--port P] [--as-port Q] [--token-lifetime SECONDS] [--cimd] \
    [--require-par] [--dpop-nonce] [--dpop-required] [--device-polls N] [--idp] [--second-as] [--as-migrates] \
    [--transfer-tool]";

#[tokio::main]
async fn main() -> ExitCode {
    let options = match read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(wrong) => {
            eprintln!("{wrong}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let lab = match Lab::start(options).await {
        Ok(lab) => lab,
        Err(error) => {
            eprintln!("the lab does not start: {error}");
            return ExitCode::from(2);
        }
    };
    println!(
        "{}",
        serde_json::json!({
            "mcp": lab.mcp_url(),
            "as": lab.as_url(),
            "second_as": lab.second_as_url(),
            "idp": lab.idp_url(),
            "id_token": lab.id_token(),
            "workload_jwt": lab.workload_jwt(WorkloadJwt::Valid),
        })
    );
    std::future::pending().await
}

fn read(mut arguments: impl Iterator<Item = String>) -> Result<LabOptions, String> {
    let mut options = LabOptions::default();
    while let Some(argument) = arguments.next() {
        let mut value = || {
            arguments
                .next()
                .ok_or_else(|| format!("{argument} wants a value"))
        };
        let port = |text: String| text.parse().map_err(|_| format!("{text} is not a port"));
        let number = |text: String| {
            text.parse::<u32>()
                .map_err(|_| format!("{text} is not a number"))
        };
        match argument.as_str() {
            "--auto-approve" => options.auto_approve = true,
            "--port" => options.mcp_port = port(value()?)?,
            "--as-port" => options.as_port = port(value()?)?,
            "--token-lifetime" => {
                options.access_token_lifetime = Duration::from_secs(number(value()?)?.into());
            }
            "--cimd" => options.cimd = true,
            "--require-par" => options.require_par = true,
            "--dpop-nonce" => options.dpop_nonce = true,
            "--dpop-required" => options.dpop_required = true,
            "--device-polls" => options.device_polls = Some(number(value()?)?),
            "--idp" => options.idp = true,
            "--second-as" => options.second_as = true,
            "--as-migrates" => options.as_migrates = true,
            "--transfer-tool" => options.transfer_tool = true,
            "--misbehave" => {
                let name = value()?;
                let known = Misbehaviour::parse(&name);
                options.misbehaviour =
                    Some(known.ok_or_else(|| format!("{name} is no misbehaviour"))?);
            }
            _ => return Err(format!("{argument} is unknown")),
        }
    }
    Ok(options)
}
