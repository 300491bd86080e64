//! Every scenario of the lab, as the window starts it: the run ends with a verdict that says all
//! there is to say. What a window is told of it is written to `target/lab-runs`, and the tests in
//! `tests/ui` show it in a browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::{App, Ending, LabScenario, Update};
use diagnosis::{Level, Owner};
use serde_json::json;
use session::Options;
use test_support::{options, within};
use tokio::sync::Semaphore;
use vault::Vault;

/// Runs at the same time: most of them wait for each other's servers.
const AT_ONCE: usize = 4;

#[tokio::test(flavor = "multi_thread")]
async fn every_scenario_ends_with_cause_owner_and_change() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../lab-runs");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("the target folder can be written");
    let folder = Arc::new(folder);
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let cards = app::lab_scenarios::cards();
    let runs: Vec<_> = cards
        .into_iter()
        .map(|card| {
            let (folder, places) = (folder.clone(), places.clone());
            tokio::spawn(async move {
                let _place = places.acquire().await;
                recorded(&card, &folder).await
            })
        })
        .collect();
    let mut wrong = Vec::new();
    for run in runs {
        wrong.extend(run.await.expect("a run does not panic"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Runs a scenario to its end and writes what a window would be told. Says what its verdict lacks.
async fn recorded(card: &LabScenario, folder: &Path) -> Option<String> {
    let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("lab-runs");
    let kept = kept.join(card.slug.replace('/', "-"));
    let _ = fs::remove_dir_all(&kept);
    let app = App::with_vault(
        kept.clone(),
        kept.clone(),
        Vault::memory("a test keeps no tokens"),
    );
    let chosen = Options {
        server_url: String::new(),
        ..options("")
    };
    app.start(chosen, Some(&card.slug))
        .await
        .unwrap_or_else(|error| panic!("{}: {error:?}", card.slug));
    let document = app.document().expect("a run was started");
    within(&card.slug, document.rest()).await;
    let session = document.session().expect("it is a run");
    session.run().await.expect("there is a step to do");
    within(&card.slug, document.rest()).await;

    let update: Update = document.viewer().try_next().expect("there is a view");
    let details: Vec<_> = update
        .rows
        .iter()
        .filter_map(|row| document.detail(row.seq, false))
        .collect();
    let file = folder.join(format!("{}.json", card.slug.replace('/', "-")));
    let run = json!({ "scenario": card, "update": update, "details": details });
    fs::write(&file, run.to_string()).expect("the target folder can be written");

    let view = document.view().expect("it has been told");
    let Some(verdict) = &view.verdict else {
        return Some(format!("{}: no verdict at {:?}", card.slug, view.status));
    };
    let wrong = card.level.is_some_and(|level| level > Level::Note);
    let lacks = match (&verdict.cause, verdict.ending) {
        (Some(cause), _) => cause.title.is_empty() || cause.fix.is_empty(),
        // A provider that is set up rightly may still stop the run, with a reason.
        (None, Ending::Works | Ending::WorksBut) => wrong,
        (None, Ending::Stopped | Ending::Ended) => true,
    };
    let owner = verdict.cause.as_ref().map(|cause| cause.owner);
    let unowned = wrong && owner.is_none_or(|owner| owner == Owner::Nobody);
    (lacks || unowned).then(|| format!("{}: {verdict:?}", card.slug))
}
