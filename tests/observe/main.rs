//! Real clients through the recording proxy: they ask the same as without it, and what is wrong
//! with a server is still the server's.

mod profiles;
mod proxy;
mod real;
#[path = "../peers/start.rs"]
#[allow(dead_code, reason = "each test program uses a part of it")]
mod start;

use proxy::{Lab, Observing, output};
use real::{Client, ENTRIES};
use serde_json::{Value, json};
use trace::{pairs, query_pairs};

/// What differs each time.
const FRESH: [&str; 9] = [
    "client_id",
    "code",
    "code_challenge",
    "code_verifier",
    "refresh_token",
    "state",
    "client_secret",
    "token",
    "iss",
];

#[test]
fn the_sdks_clients_ask_the_same_as_without_the_proxy() {
    for era in ["modern", "auto", "legacy", "v1"] {
        let lab = Lab::start(&[]);
        let without = sdk_client(&lab.url, era).expect("it works without the proxy");
        // A fresh one at the same place.
        let lab = lab.again(&[]);
        let observing = Observing::start(&lab.url, &[]);
        let with = sdk_client(&observing.url, era);
        let (report, code) = observing.end();
        assert!(with.is_ok(), "{era}: {}", with.unwrap_err());
        assert_eq!(report["outcome"], "reached", "{era}: {report:#}");
        assert_eq!(code, Some(0), "{era}");
        assert_eq!(report["recording"]["origin"]["is"], "observed");
        let errors: Vec<&Value> = list(&report["findings"])
            .iter()
            .filter(|finding| finding["level"] == "error")
            .collect();
        assert!(errors.is_empty(), "{era}: {errors:#?}");
        let asked = list(&without["sent"]).iter().filter_map(asked);
        let passed = list(&report["exchanges"]).iter().filter_map(passed);
        assert_eq!(in_order(passed), in_order(asked), "{era}");
    }
}

#[test]
fn the_other_clients_list_the_tools() {
    for (profile, names) in [
        ("mcp-remote", ["mcp-remote"]),
        ("python-sdk", ["Python SDK"]),
        ("fastmcp", ["FastMCP"]),
        ("inspector", ["Inspector"]),
    ] {
        let client = Client::of(profile);
        let lab = Lab::start(client.lab);
        let observing = Observing::start(&lab.url, &[]);
        let (tools, listed) = client.list_tools(&observing.url);
        reaches(observing, &names, &tools, listed);
    }
}

/// A client that came through lists the lab's tools, is recognised by one of these names, and has
/// no findings.
fn reaches(observing: Observing, names: &[&str], tools: &str, listed: bool) {
    let (report, code) = observing.end();
    assert!(listed, "{tools}");
    let tools: Value = serde_json::from_str(tools).expect("it prints JSON");
    assert_eq!(tools, json!(["echo", "add", "write_note"]));
    assert_eq!(code, Some(0), "{report:#}");
    let name = report["client"]["name"].as_str().unwrap_or_default();
    assert!(names.iter().any(|one| name.contains(one)), "{name}");
    let errors = list(&report["findings"])
        .iter()
        .filter(|one| one["level"] == "error");
    assert_eq!(errors.count(), 0, "{:#}", report["findings"]);
}

/// Without the proxy `run` names the same cause.
#[test]
fn a_broken_server_is_found_through_the_proxy_and_not_held_against_any_client() {
    let mut wrong = Vec::new();
    for client in ENTRIES {
        for code in ["S01", "R10", "R02", "G03", "T01", "T15"] {
            let broken = [client.lab, &["--misbehave", code]].concat();
            let lab = Lab::start(&broken);
            let observing = Observing::start(&lab.url, &[]);
            // It fails, or it does not look.
            let _ = client.list_tools(&observing.url);
            let (report, _) = observing.end();
            let told = told(&report);
            let first = &report["findings"][0];
            let is_servers = ["mcp_server", "authorization_server"]
                .iter()
                .any(|owner| first["owner"] == *owner);
            let names_us = first.to_string().contains(&observing_port(&report));
            if first["code"] != code || !is_servers || names_us {
                wrong.push(format!("{}, {code}: {told:?}", client.profile));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The findings, each with whose fault it is.
fn told(report: &Value) -> Vec<String> {
    let one = |finding: &Value| {
        let level = finding["level"].as_str().unwrap_or_default();
        format!("{} {} {level}", finding["code"], finding["owner"])
    };
    list(&report["findings"]).iter().map(one).collect()
}

#[test]
fn it_ends_by_itself_when_nothing_passes() {
    let lab = Lab::start(&[]);
    let observing = Observing::start(&lab.url, &["--idle", "1"]);
    let (report, code) = observing.wait();
    assert_eq!(code, Some(1));
    assert_eq!(report["outcome"], "failed");
    assert_eq!(list(&report["exchanges"]).len(), 0);
}

#[test]
fn the_url_stays_the_same() {
    let lab = Lab::start(&[]);
    let first = Observing::start(&lab.url, &[]);
    let url = first.url.clone();
    first.end();
    let again = Observing::start(&lab.url, &["--snippet", "codex"]);
    assert_eq!(again.url, url);
    again.end();
}

/// The stream that a client opens beside its calls has no fixed place among them, so it is put
/// last.
fn in_order(requests: impl Iterator<Item = Value>) -> Vec<Value> {
    let is_stream = |request: &Value| {
        let url = request[1].as_str().unwrap_or_default();
        request[0] == "GET" && url.ends_with("/mcp") && !url.contains("/.well-known/")
    };
    let (streams, calls): (Vec<Value>, Vec<Value>) = requests.partition(is_stream);
    calls.into_iter().chain(streams).collect()
}

/// The port of the proxy, by the side of an exchange that the client saw.
fn observing_port(report: &Value) -> String {
    let url = report["exchanges"][0]["client_side"]["request"]["url"].as_str();
    let url = url.unwrap_or_default();
    let authority = url.split('/').nth(2).unwrap_or_default();
    authority.to_owned()
}

/// Runs the SDK's client: what it says, or its last words.
fn sdk_client(url: &str, era: &str) -> Result<Value, String> {
    let (text, ended_well) = output(real::sdk(url, era));
    if ended_well {
        serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))
    } else {
        Err(text)
    }
}

/// A request as the client says that it sent it; `None` for the browser's.
fn asked(sent: &Value) -> Option<Value> {
    let url = sent["url"].as_str()?;
    let browsers = url.contains("/authorize") || url.contains("/callback");
    (!browsers).then(|| {
        same(
            &sent["method"],
            url,
            sent["body"].as_str().unwrap_or_default(),
        )
    })
}

/// A request as the report has it; `None` for the browser's.
fn passed(exchange: &Value) -> Option<Value> {
    let request = &exchange["request"];
    let url = request["url"].as_str()?;
    let browsers = ["authorization", "callback"].contains(&exchange["purpose"]["is"].as_str()?);
    let body = request["body"]["content"]["text"]
        .as_str()
        .unwrap_or_default();
    (!browsers).then(|| same(&request["method"], url, body))
}

/// What is the same each time of a request.
fn same(method: &Value, url: &str, body: &str) -> Value {
    let fields = |all: Vec<trace::Pair>| -> Vec<String> {
        let one = |pair: trace::Pair| {
            let fresh = FRESH.contains(&pair.name.as_str());
            let value = if fresh { "…" } else { &pair.value };
            format!("{}={value}", pair.name)
        };
        all.into_iter().map(one).collect()
    };
    let body = match serde_json::from_str::<Value>(body) {
        Ok(json) => json,
        Err(_) => json!(fields(pairs(body))),
    };
    let address = url.split('?').next().unwrap_or(url);
    json!([method, address, fields(query_pairs(url)), body])
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
