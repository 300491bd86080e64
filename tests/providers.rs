//! Identity providers as the lab plays them: set up rightly they are silent, and set up wrongly the
//! first finding names the provider and its own remedy.

use std::collections::HashMap;
use std::sync::LazyLock;

use app::lab_scenarios::way_to_healthy;
use diagnosis::{Finding, Level, Owner};
use lab::{Lab, LabOptions, ProviderSetup};
use session::Status;
use test_support::{Watched, options};
use trace::StopCode;

/// At loopback addresses nothing shows these: their hosts do, and tokens that they issue.
const KNOWN_BY_HOST_ALONE: [&str; 3] = ["cognito", "google", "clerk"];

/// What the first finding of a set-up says, by its name: whose it is, and words of its fix.
static SAID: LazyLock<HashMap<String, Said>> = LazyLock::new(|| {
    serde_json::from_str(include_str!("providers.json")).expect("the file is JSON of this shape")
});

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Said {
    owner: Owner,
    /// In any case.
    fix: String,
}

async fn findings(setup: ProviderSetup) -> Vec<Finding> {
    let lab = Lab::start(LabOptions {
        provider: Some(setup),
        auto_approve: true,
        ..LabOptions::default()
    })
    .await
    .expect("the lab opens its ports");
    let mut run_options = options(lab.mcp_url());
    (way_to_healthy(&lab).run)(&lab, &mut run_options);
    let mut run = Watched::start(run_options).await;
    run.run().await;
    // Where PKCE is not advertised, as at Entra, a user may insist.
    let at_pkce = |run: &Watched| match run.view().status {
        Status::Stopped { code, .. } => code == StopCode::PkceUnsupported,
        _ => false,
    };
    if at_pkce(&run) && setup.wants_client_id() {
        run.session.go_on().await.expect("the user may insist");
        run.rest().await;
        run.run().await;
    }
    run.findings.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_set_up_rightly_is_silent_and_what_is_wrong_has_the_provider_s_remedy() {
    let mut wrong = Vec::new();
    let hidden =
        |setup: &ProviderSetup| KNOWN_BY_HOST_ALONE.contains(&setup.provider.name.as_str());
    for setup in ProviderSetup::all().filter(|setup| !hidden(setup)) {
        let slug = setup.slug();
        let found = findings(setup).await;
        let loud = |one: &&Finding| one.level != Level::Note && one.code != "A07";
        let first = found.iter().find(loud);
        let pkce = found.iter().find(|one| one.code == "A07");
        let lawful = pkce.is_none_or(|one| one.level == Level::Warning);
        if !lawful || pkce.is_some() == setup.provider.says_pkce {
            wrong.push(format!("{slug}: PKCE {pkce:?}"));
        }
        let Some(first) = first else {
            if setup.case.is_some() {
                wrong.push(format!("{slug}: nothing was found"));
            }
            continue;
        };
        let fix = first.fix.to_lowercase();
        let says = SAID
            .get(&slug)
            .is_none_or(|said| first.owner == said.owner && fix.contains(&said.fix.to_lowercase()));
        let named = format!("this is {}", setup.provider.title);
        if setup.case.is_none() || !says || !first.message.contains(&named) {
            wrong.push(format!("{slug}: {first:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn the_table_names_set_ups_that_exist() {
    for slug in SAID.keys() {
        assert!(ProviderSetup::parse(slug).is_some(), "{slug}");
    }
}
