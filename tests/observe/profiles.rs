//! The profiles of clients that can be installed here: what the real one sends, as recorded, is
//! what its profile says, and what a run sends that plays it.

use std::collections::BTreeMap;
use std::process::{Command, Stdio};

use clients::{Leg, Profile};
use serde_json::{Value, json};
use trace::{pairs, query_pairs};

use crate::proxy::{Lab, Observing, output};
use crate::real::{Client, ENTRIES};
use crate::{FRESH, list};

/// Where a request goes, how long it is and what a call says in it: no profile holds them.
const OF_THE_REQUEST: [&str; 9] = [
    "host",
    "content-length",
    "connection",
    "authorization",
    "mcp-session-id",
    "mcp-method",
    "mcp-name",
    "cache-control",
    "transfer-encoding",
];

#[test]
fn what_a_client_sends_is_what_its_profile_says_and_what_a_run_sends_that_plays_it() {
    let mut differences = Vec::new();
    for client in ENTRIES {
        let profile = clients::profile(client.profile).expect("it is known");
        let lab = Lab::start(client.lab);
        let real = real(client, &lab);
        differences.extend(headers(profile, &real));
        // A fresh one at the same place.
        let lab = lab.again(client.lab);
        let played = played(&lab, profile);
        let before = profile.play.before.len();
        let asked: Vec<String> = real.iter().take(before).map(method_and_path).collect();
        if asked != profile.play.before {
            differences.push(format!("{}: before: {asked:?}", profile.id));
        }
        let [real, played] = [&real[before..], &played].map(|all| up_to_the_token(all, profile));
        if real != played {
            differences.push(format!(
                "{}\nreal   {real:#?}\nplayed {played:#?}",
                profile.id
            ));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// What passed of a real client.
fn real(client: &Client, lab: &Lab) -> Vec<Value> {
    let observing = Observing::start(&lab.url, &[]);
    let (said, listed) = client.list_tools(&observing.url);
    let (report, _) = observing.end();
    assert!(listed, "{}: {said}", client.profile);
    let known = report["client_profile"]["id"].as_str();
    if client.is_recognized {
        assert_eq!(known, Some(client.profile), "{:#}", report["client"]);
    }
    requests(&report)
}

/// What a run sends that plays it.
fn played(lab: &Lab, profile: &Profile) -> Vec<Value> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authscope-cli"));
    command
        .args(["run", &lab.url, "--as", &profile.id, "--as-consent"])
        .args(["--json", "-"])
        .stdin(Stdio::null());
    let (report, reached) = output(command);
    assert!(reached, "{}: {report}", profile.id);
    requests(&serde_json::from_str(&report).expect("it is JSON"))
}

/// The requests of a report, as their client sent them, and the authorization requests.
fn requests(report: &Value) -> Vec<Value> {
    let exchange = |number: &Value| {
        let all = list(&report["exchanges"]);
        all.iter().find(|one| one["exchange"] == *number)
    };
    let mut opened = false;
    let one = |step: &Value| {
        let what = step["what"].as_str().unwrap_or_default();
        if let Some(url) = what.strip_prefix("open ") {
            opened = true;
            return Some(json!({"method": "open", "url": url, "purpose": "authorization"}));
        }
        let exchange = exchange(&step["exchange"])?;
        let purpose = exchange["purpose"].clone();
        let is_browsers = ["authorization", "callback"].contains(&purpose["is"].as_str()?);
        if is_browsers {
            return None;
        }
        let mut request = exchange["request"].clone();
        request["purpose"] = purpose;
        Some(request)
    };
    list(&report["steps"]).iter().filter_map(one).collect()
}

/// How the headers of requests differ from those of the profile.
fn headers(profile: &Profile, requests: &[Value]) -> Vec<String> {
    let mut differences = Vec::new();
    for request in requests.iter().skip(profile.play.before.len()) {
        let Ok(purpose) = serde_json::from_value(request["purpose"].clone()) else {
            continue;
        };
        let Some(expected) = profile.play.headers_of(&purpose) else {
            continue;
        };
        let is_call = Leg::of(&purpose) == Some(Leg::Call);
        let got: BTreeMap<String, String> = list(&request["headers"])
            .iter()
            .map(|header| {
                let text = |name: &str| header[name].as_str().unwrap_or_default().to_owned();
                (text("name").to_ascii_lowercase(), text("value"))
            })
            .filter(|(name, _)| !OF_THE_REQUEST.contains(&name.as_str()))
            .filter(|(name, _)| !(is_call && name == "mcp-protocol-version"))
            .collect();
        if got != *expected {
            let request = method_and_path(request);
            differences.push(format!(
                "{}: {request}: {got:?} instead of {expected:?}",
                profile.id
            ));
        }
    }
    differences
}

/// Everything up to the token request, and the first call with the token, without what is another
/// one each time and what is the program's that uses an SDK.
fn up_to_the_token(requests: &[Value], profile: &Profile) -> Vec<Value> {
    let is_token = |request: &Value| request["purpose"]["is"] == "token";
    let token = requests.iter().position(is_token);
    let end = token.map_or(requests.len(), |at| requests.len().min(at + 2));
    requests[..end]
        .iter()
        .map(|request| {
            let url = request["url"].as_str().unwrap_or_default();
            let body = request["body"]["content"]["text"].as_str();
            json!([
                request["method"],
                url.split('?').next(),
                parameters(query_pairs(url), profile),
                said(body.unwrap_or_default(), profile)
            ])
        })
        .collect()
}

/// What a body says.
fn said(body: &str, profile: &Profile) -> Value {
    let Ok(mut json) = serde_json::from_str::<Value>(body) else {
        return json!(parameters(pairs(body), profile));
    };
    if json["jsonrpc"] == "2.0" {
        let params = &json["params"];
        let meta = &params["_meta"];
        let info = [
            &params["clientInfo"],
            &meta["io.modelcontextprotocol/clientInfo"],
        ];
        let name = info.iter().find_map(|info| info["name"].as_str());
        let known = profile.play.client_info.is_some();
        return json!([
            json["method"],
            params["protocolVersion"],
            name.filter(|_| known)
        ]);
    }
    if profile.play.client_name.is_none() {
        json["client_name"] = Value::Null;
    }
    for uri in json["redirect_uris"].as_array_mut().into_iter().flatten() {
        *uri = json!(redirect_uri(uri.as_str().unwrap_or_default(), profile));
    }
    json
}

fn parameters(all: Vec<trace::Pair>, profile: &Profile) -> BTreeMap<String, String> {
    all.into_iter()
        .map(|pair| {
            let value = match pair.name.as_str() {
                name if FRESH.contains(&name) => "…".to_owned(),
                "redirect_uri" => redirect_uri(&pair.value, profile),
                _ => pair.value,
            };
            (pair.name, value)
        })
        .collect()
}

/// Without the port, where that is one of the moment.
fn redirect_uri(uri: &str, profile: &Profile) -> String {
    let authority = uri.split('/').nth(2).unwrap_or_default();
    let host = authority.split(':').next().unwrap_or_default();
    let fixed = profile.play.redirect_uri.contains(authority);
    if fixed {
        uri.to_owned()
    } else {
        uri.replacen(authority, host, 1)
    }
}

fn method_and_path(request: &Value) -> String {
    let url = request["url"].as_str().unwrap_or_default();
    let path: Vec<&str> = url.split('/').skip(3).collect();
    let method = request["method"].as_str().unwrap_or_default();
    format!("{method} /{}", path.join("/"))
}
