//! What the command finds at real servers is listed with its proof, and nothing else is found.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use test_support::ports::free_port;

use crate::keys;
use crate::start::{
    Peer, authscope, fastmcp_current, oidc_as, oidc_as_with_keys, oidc_rs, oidc_rs_trusting,
    ts_sdk_server, workers_oauth_provider,
};

/// The runs, with the errors and warnings of each.
const LISTED: &str = include_str!("findings.json");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    peer: Name,
    /// Options of the command; `{issuer}` and `{keys}` are filled in.
    #[serde(default)]
    run: Vec<String>,
    outcome: String,
    /// CODE/VARIANT with what proves that it is true of this peer.
    found: BTreeMap<String, String>,
}

#[derive(Deserialize, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
enum Name {
    Fastmcp,
    TsSdk,
    OidcProvider,
    OidcProviderWithKeys,
    WorkersOauthProvider,
}

/// A server, with all that it needs to go on.
struct Running {
    url: String,
    issuer: String,
    _peers: Vec<Peer>,
}

impl Running {
    fn start(name: Name, keys: &Path) -> Self {
        let alone = |peer: Peer| Self {
            url: peer.url().to_owned(),
            issuer: String::new(),
            _peers: vec![peer],
        };
        match name {
            Name::Fastmcp => alone(fastmcp_current()),
            Name::TsSdk => alone(ts_sdk_server()),
            Name::WorkersOauthProvider => alone(workers_oauth_provider()),
            Name::OidcProvider | Name::OidcProviderWithKeys => {
                let (as_port, port) = (free_port(), free_port());
                let resource = format!("http://127.0.0.1:{port}/mcp");
                let with_keys = name == Name::OidcProviderWithKeys;
                let server = if with_keys {
                    oidc_as_with_keys(as_port, &resource, keys)
                } else {
                    oidc_as(as_port, as_port, &resource)
                };
                let issuer = server.url().to_owned();
                let mcp = if with_keys {
                    oidc_rs_trusting(port, &issuer, &keys.join("ca.pem"))
                } else {
                    oidc_rs(port, port, &issuer)
                };
                Self {
                    url: resource,
                    issuer,
                    _peers: vec![server, mcp],
                }
            }
        }
    }
}

#[test]
fn nothing_is_found_that_is_not_listed_with_its_proof() {
    let listed: Vec<Listed> = serde_json::from_str(LISTED).expect("the list can be read");
    let keys = keys::written();
    let names: BTreeSet<Name> = listed.iter().map(|one| one.peer).collect();
    let mut wrong = Vec::new();
    for name in names {
        let running = Running::start(name, &keys);
        for one in listed.iter().filter(|one| one.peer == name) {
            wrong.extend(differs(one, &running, &keys));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Where a run differs from the list.
fn differs(listed: &Listed, running: &Running, keys: &Path) -> Option<String> {
    for (found, proof) in &listed.found {
        assert!(proof.ends_with('.'), "{found}: {proof}");
    }
    let filled = listed.run.iter().map(|argument| {
        let argument = argument.replace("{issuer}", &running.issuer);
        argument.replace("{keys}", &keys.display().to_string())
    });
    let arguments: Vec<String> = std::iter::once(running.url.clone()).chain(filled).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let report = authscope(&arguments);
    let all = report["findings"].as_array().expect("a list of findings");
    let loud = all.iter().filter(|finding| finding["level"] != "note");
    let found: BTreeSet<String> = loud
        .map(|finding| {
            let part = |name: &str| finding[name].as_str().unwrap_or_default().to_owned();
            format!("{}/{}", part("code"), part("variant"))
        })
        .collect();
    let wanted: BTreeSet<String> = listed.found.keys().cloned().collect();
    let same = found == wanted && report["outcome"] == listed.outcome.as_str();
    (!same).then(|| {
        format!(
            "{}: {}, found {found:?}, listed {wanted:?}",
            arguments.join(" "),
            report["outcome"]
        )
    })
}
