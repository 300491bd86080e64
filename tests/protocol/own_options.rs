//! Options that a healthy lab cannot serve: what fails is the run's own, and the fix names the
//! option. Beside each the same option as the lab can serve it, which has to stay silent.

use diagnosis::{Finding, Level, Owner};
use lab::{Lab, LabOptions};
use session::{GrantChoice, Options, Registration, ResourceChoice, TokenAuthMethod};

use test_support::sent::{call, client, client_with_key, lab_with};
use test_support::{Watched, options};

/// One option, given wrongly and rightly.
struct Case {
    flag: &'static str,
    lab: fn(&mut LabOptions),
    wrong: fn(&Lab, &mut Options),
    right: fn(&Lab, &mut Options),
}

const HEALTHY: fn(&mut LabOptions) = |_| {};

const CASES: &[Case] = &[
    Case {
        flag: "--scope",
        lab: HEALTHY,
        wrong: |_, run| run.scope = Some("mcp:everything".into()),
        right: |_, run| run.scope = Some("mcp:read".into()),
    },
    Case {
        flag: "--resource",
        lab: HEALTHY,
        wrong: |_, run| run.resource = given("https://other.example/mcp"),
        right: |lab, run| run.resource = given(lab.mcp_url()),
    },
    Case {
        flag: "--client-id",
        lab: HEALTHY,
        wrong: |_, run| run.registration = client("nobody", None),
        right: |_, run| run.registration = client("lab-public", None),
    },
    Case {
        flag: "--client-secret",
        lab: HEALTHY,
        wrong: |_, run| run.registration = client("lab-confidential", Some("guessed")),
        right: |_, run| run.registration = client("lab-confidential", Some("lab-secret")),
    },
    Case {
        flag: "--private-key",
        lab: HEALTHY,
        wrong: |_, run| run.registration = client_with_key("lab-jwt", OTHER_KEY),
        right: |_, run| run.registration = client_with_key("lab-jwt", lab::CLIENT_PRIVATE_KEY),
    },
    Case {
        flag: "--token-auth-method",
        lab: HEALTHY,
        wrong: |_, run| {
            run.registration = client("lab-confidential", Some("lab-secret"));
            run.token_auth_method = TokenAuthMethod::None;
        },
        right: |_, run| {
            run.registration = client("lab-confidential", Some("lab-secret"));
            run.token_auth_method = TokenAuthMethod::ClientSecretPost;
        },
    },
    Case {
        flag: "--registration",
        lab: HEALTHY,
        wrong: |_, run| {
            run.registration = Registration::Cimd;
            run.client_metadata.serve = true;
        },
        right: |_, run| run.registration = Registration::Dcr,
    },
    Case {
        flag: "--client-metadata-url",
        lab: |lab| lab.cimd = true,
        wrong: |_, run| run.client_metadata.url = Some("http://127.0.0.1:9/client.json".into()),
        right: |_, run| run.client_metadata.serve = true,
    },
    Case {
        flag: "--redirect-path",
        lab: HEALTHY,
        wrong: |_, run| {
            run.registration = client("lab-public", None);
            run.callback.path = "/elsewhere".into();
        },
        right: |_, run| run.callback.path = "/elsewhere".into(),
    },
    Case {
        flag: "--param",
        lab: HEALTHY,
        wrong: |_, run| parameter(run, "response_type", "token"),
        right: |_, run| parameter(run, "login_hint", "alice"),
    },
    Case {
        flag: "--param",
        lab: HEALTHY,
        wrong: |_, run| parameter(run, "code_challenge_method", "plain"),
        right: |_, run| parameter(run, "ui_locales", "de"),
    },
    Case {
        flag: "--authorization-details",
        lab: HEALTHY,
        wrong: |_, run| details(run, "[{\"type\":\"unheard_of\"}]"),
        right: |_, run| details(run, "[{\"type\":\"mcp_tool\",\"actions\":[\"call\"]}]"),
    },
    Case {
        flag: "--issuer",
        lab: HEALTHY,
        wrong: |_, run| run.issuer = Some("http://127.0.0.1:9".into()),
        right: |lab, run| run.issuer = Some(lab.as_url().into()),
    },
    Case {
        flag: "--grant",
        lab: HEALTHY,
        wrong: |_, run| {
            run.registration = client("lab-workload", None);
            run.grant = GrantChoice::DeviceCode;
        },
        right: |_, run| {
            run.registration = client("lab-confidential", Some("lab-secret"));
            run.grant = GrantChoice::ClientCredentials;
        },
    },
    Case {
        flag: "--call",
        lab: HEALTHY,
        wrong: |_, run| run.call = Some(call("no_such_tool", "{}")),
        right: |_, run| run.call = Some(call("add", "{\"a\":1,\"b\":2}")),
    },
    Case {
        flag: "--proxy",
        lab: HEALTHY,
        wrong: |_, run| {
            run.network.proxy = Some("http://127.0.0.1:9".into());
            run.network.proxy_loopback = true;
        },
        // Requests to this machine do not go through it.
        right: |_, run| run.network.proxy = Some("http://127.0.0.1:9".into()),
    },
    Case {
        flag: "--body-limit",
        lab: HEALTHY,
        wrong: |_, run| run.network.body_limit = 100,
        right: |_, run| run.network.body_limit = 1_000_000,
    },
];

/// A key that the lab does not know.
const OTHER_KEY: &str = "\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgm6Pc1LA6/ZveMBhf
4BK4J9pmx/b5fv//QLITZQjxZ26hRANCAAQa90hfawSaK2u1boK8KgR6m6wsw+bF
R2xGzH+ALbUdPdKkGMC1oEItMgCcGVCR3jpmfqj9KIzf6fTA36kHOnS9
-----END PRIVATE KEY-----
";

fn given(uri: &str) -> ResourceChoice {
    ResourceChoice::Given { uri: uri.into() }
}

fn parameter(run: &mut Options, name: &str, value: &str) {
    run.authorization.parameters = vec![(name.into(), value.into())];
}

fn details(run: &mut Options, json: &str) {
    run.authorization.authorization_details = Some(json.into());
}

/// The errors and warnings of a run with these options.
async fn loud(case: &Case, set: fn(&Lab, &mut Options)) -> (Vec<Finding>, Vec<String>) {
    let lab = lab_with(case.lab).await;
    let mut options = options(lab.mcp_url());
    set(&lab, &mut options);
    let mut run = Watched::start(options).await;
    run.run().await;
    let mut found = run.findings.clone();
    found.retain(|finding| finding.level > Level::Note);
    (found, run.exchanges())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_option_causes_is_the_runs_own_and_the_fix_names_the_option() {
    let mut complaints = Vec::new();
    for case in CASES {
        let (found, lines) = loud(case, case.wrong).await;
        let right = found
            .first()
            .is_some_and(|first| first.owner == Owner::Client && first.fix.contains(case.flag));
        if !right {
            complaints.push(format!("{}: {found:#?}\n{lines:#?}", case.flag));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_option_as_the_lab_can_serve_it_is_silent() {
    for case in CASES {
        let (found, lines) = loud(case, case.right).await;
        assert!(found.is_empty(), "{}: {found:#?}\n{lines:#?}", case.flag);
    }
}
