//! Every scenario of the lab, as the window starts it: the run ends with a verdict that says all
//! there is to say. What a window is told of it is written to `target/lab-runs`, and the tests in
//! `tests/ui` show it in a browser.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use app::{App, Detail, Ending, LabScenario, Update};
use diagnosis::{Level, MeantPart, Owner};
use serde_json::{Value, json};
use session::{Options, Status};
use test_support::{options, within};
use tokio::sync::Semaphore;
use trace::{EntryKind, Purpose, pairs, query_pairs};
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

    let unexplained = unexplained(&details);
    if !unexplained.is_empty() {
        return Some(format!("{}: no meaning of {unexplained:?}", card.slug));
    }
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

/// What this program sent that no sentence explains.
fn unexplained(details: &[Detail]) -> Vec<String> {
    let mut all: Vec<String> = details.iter().flat_map(unexplained_in).collect();
    all.sort();
    all.dedup();
    all
}

fn unexplained_in(detail: &Detail) -> Vec<String> {
    let EntryKind::Exchange(exchange) = &detail.entry.kind else {
        return Vec::new();
    };
    // Others send these: the lab's own pages, and its fetch of the client's document.
    let by_others = [Purpose::Authorization, Purpose::ClientMetadata];
    if by_others.contains(&exchange.purpose) && !exchange.request.url.contains("client_id=") {
        return Vec::new();
    }
    let request = &exchange.request;
    let mut sent: Vec<(MeantPart, String)> = Vec::new();
    for header in &request.headers {
        sent.push((MeantPart::RequestHeader, header.name.to_ascii_lowercase()));
    }
    for pair in query_pairs(&request.url) {
        sent.push((MeantPart::Query, pair.name));
    }
    let media = request.header_value("content-type").unwrap_or_default();
    if media.starts_with("application/x-www-form-urlencoded") {
        let form = request.body.text().map(pairs).unwrap_or_default();
        sent.extend(form.into_iter().map(|pair| (MeantPart::Form, pair.name)));
    }
    if let Ok(Value::Object(document)) = serde_json::from_slice(&request.body.bytes) {
        sent.extend(members("", &document));
        for inner in ["params", "jwks"] {
            if let Some(Value::Object(object)) = document.get(inner) {
                sent.extend(members(&format!("/{inner}"), object));
            }
        }
    }
    let known = |(part, name): &(MeantPart, String)| {
        let mut all = detail.meanings.iter();
        all.any(|meaning| meaning.of == *part && meaning.name == *name)
    };
    let unknown = sent.into_iter().filter(|part| !known(part));
    unknown.map(|(_, name)| name).collect()
}

fn members(above: &str, object: &serde_json::Map<String, Value>) -> Vec<(MeantPart, String)> {
    let pointer = |name: &String| format!("{above}/{}", name.replace('/', "~1"));
    let names = object.keys().map(pointer);
    names.map(|name| (MeantPart::RequestMember, name)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tour_explains_each_step_and_ends_with_a_fault_and_its_change() {
    let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("tour");
    let _ = fs::remove_dir_all(&kept);
    let vault = Vault::memory("a test keeps no tokens");
    let app = App::with_vault(kept.clone(), kept, vault);
    let tour = app.boot().await.tour;
    let [healthy, broken] = tour.legs.as_slice() else {
        panic!("two runs: {:?}", tour.legs);
    };
    // What the user chose for other runs does not count.
    let chosen = Options {
        dpop: true,
        ..options("https://elsewhere.example/mcp")
    };
    app.start(chosen.clone(), Some(&healthy.lab))
        .await
        .expect("the lab starts");
    let document = app.document().expect("a run was started");
    within("the tour", document.rest()).await;
    let session = document.session().expect("it is a run");
    let mut steps = Vec::new();
    while let Some(next) = document.view().and_then(|view| view.next.clone()) {
        let guide = next.guide.unwrap_or_else(|| panic!("{}", next.title));
        assert!(!next.meanings.is_empty(), "{}", next.title);
        steps.push(guide.name);
        session.next().await.expect("there is a step to do");
        within("the tour", document.rest()).await;
    }
    let view = document.view().expect("it has been told");
    assert!(
        matches!(view.status, Status::Done { .. }),
        "{:?}",
        view.status
    );
    assert!(steps.contains(&"the registration".to_owned()), "{steps:?}");
    assert!(document.findings().is_empty());

    app.start(chosen, Some(&broken.lab))
        .await
        .expect("the lab starts");
    let document = app.document().expect("a run was started");
    within("the tour", document.rest()).await;
    let session = document.session().expect("it is a run");
    session.run().await.expect("there is a step to do");
    within("the tour", document.rest()).await;
    let view = document.view().expect("it has been told");
    let verdict = view.verdict.as_ref().expect("it is over");
    let cause = verdict.cause.as_ref().expect("it is found");
    assert_eq!(
        (cause.code.as_str(), verdict.ending),
        ("S01", Ending::Stopped)
    );
    assert!(!cause.fix.is_empty());
}
