//! Runs the lab until it is killed: `lab [--misbehave CODE] [--auto-approve] [--port P] [--as-port Q]`.
//! Prints one JSON line with its URLs when it is ready.

use std::process::ExitCode;

use lab::{Lab, LabOptions, Misbehaviour};

#[tokio::main]
async fn main() -> ExitCode {
    let options = match read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(wrong) => {
            eprintln!("{wrong}\nlab [--misbehave CODE] [--auto-approve] [--port P] [--as-port Q]");
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
        serde_json::json!({ "mcp": lab.mcp_url(), "as": lab.as_url() })
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
        let port = |text: String| text.parse().map_err(|_| format!("{text} is no port"));
        match argument.as_str() {
            "--auto-approve" => options.auto_approve = true,
            "--port" => options.mcp_port = port(value()?)?,
            "--as-port" => options.as_port = port(value()?)?,
            "--misbehave" => {
                let name = value()?;
                let known = Misbehaviour::parse(&name);
                options.misbehaviour = Some(known.ok_or_else(|| format!("{name} is no misbehaviour"))?);
            }
            _ => return Err(format!("{argument} is unknown")),
        }
    }
    Ok(options)
}
