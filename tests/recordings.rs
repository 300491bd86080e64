//! What was recorded is judged like what is seen live: each run against the lab is written to a
//! file, read as if another client had sent it, and judged again.

use app::{Document, lab_scenarios};
use diagnosis::{Certainty, Finding, Level, Owner};
use formats::{Export, Secrets};
use lab::{Lab, LabOptions, Misbehaviour};
use serde_json::json;
use session::{Browser, Status};
use test_support::{Watched, options};
use trace::Trace;

/// Runs against the lab as far as it goes.
async fn run_against(misbehaviour: Option<Misbehaviour>) -> Watched {
    let is_usual = misbehaviour.is_none_or(|one| Misbehaviour::ALL.contains(&one));
    let way = if is_usual {
        None
    } else {
        misbehaviour.map(lab_scenarios::way_to)
    };
    let mut lab_options = LabOptions {
        misbehaviour,
        ..LabOptions::default()
    };
    if let Some(way) = way {
        (way.lab)(&mut lab_options);
    }
    let lab = Lab::start(lab_options)
        .await
        .expect("the lab opens its ports");
    let mut run_options = options(lab.mcp_url());
    if let Some(way) = way {
        let value = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let form = vec![
            value("username", "alice"),
            value("password", "wonderland"),
            value("one_time_code", "271828"),
        ];
        run_options.browser = Browser::Approver { form };
        (way.run)(&lab, &mut run_options);
    }
    let mut run = Watched::start(run_options).await;
    run.run().await;
    for _ in 0..4 {
        if !matches!(
            run.view().status,
            Status::Stopped {
                can_go_on: true,
                ..
            }
        ) {
            break;
        }
        run.session
            .go_on()
            .await
            .expect("it says that one can go on");
        run.rest().await;
        if run.view().next.is_some() {
            run.run().await;
        }
    }
    run
}

fn written(run: &Watched, format: &str, secrets: Secrets) -> Vec<u8> {
    let trace = run.document.trace();
    let judgement = json!({ "findings": run.findings, "rules": *run.document.ledger() });
    let trace: &Trace = &trace;
    let export = Export {
        secrets,
        judgement: Some(&judgement),
        ..Export::redacted(trace, "0.0.0")
    };
    let mut file = Vec::new();
    let format = formats::format(format).expect("there is such a format");
    format
        .write(&export, &mut file)
        .expect("memory can be written to");
    file
}

/// What a finding says without the words.
type Said = (String, Owner, Level);

fn said(findings: &[Finding]) -> Vec<Said> {
    let mut all: Vec<Said> = findings
        .iter()
        .filter(|finding| finding.certainty != Certainty::NotChecked)
        .map(|finding| (finding.code.clone(), finding.owner, finding.level))
        .collect();
    all.sort_by(|one, other| one.0.cmp(&other.0).then(one.2.cmp(&other.2)));
    all.dedup();
    all
}

fn all() -> impl Iterator<Item = Option<Misbehaviour>> {
    let all = Misbehaviour::ALL.iter().chain(Misbehaviour::EXTENDED);
    [None].into_iter().chain(all.copied().map(Some))
}

/// What traffic alone does not show, and why.
const NEEDS_DECISIONS: [(&str, &str); 7] = [
    ("A31", "only our approver plays the browser"),
    (
        "J01",
        "which keys a client checks a token against does not show",
    ),
    (
        "J04",
        "whether a signature is right is computed when the flow runs",
    ),
    (
        "M04",
        "the grant that a user chose and the flow did not use sends nothing",
    ),
    ("G32", "a request that was held back is not in the traffic"),
    ("MT1", "the certificate that was shown is not in HTTP"),
    ("M05", "what was asked for and not done sends nothing"),
];

/// `needs`: the rules that may be silent; none for any.
async fn compare(format: &str, secrets: Secrets, needs: Option<&[(&str, &str)]>) -> Vec<String> {
    let mut differ = Vec::new();
    for misbehaviour in all() {
        let run = run_against(misbehaviour).await;
        let file = written(&run, format, secrets);
        let opened = app::open_recording(None, &mut file.as_slice()).expect("we wrote it");
        assert!(opened.notes.is_empty(), "{:?}", opened.notes);
        let document = Document::recorded(1, opened.clone()).await;
        let again = document.findings();
        let live = said(&run.findings);
        let recorded = said(&again);
        let is_known =
            |one: &&Said| needs.is_some_and(|needs| !needs.iter().any(|(code, _)| *code == one.0));
        let lost: Vec<&Said> = live
            .iter()
            .filter(|one| !recorded.contains(one))
            .filter(is_known)
            .collect();
        let new: Vec<&Said> = recorded.iter().filter(|one| !live.contains(one)).collect();
        let flows = opened.trace.flows.len();
        if !lost.is_empty() || !new.is_empty() || flows != 1 {
            let name = misbehaviour.map_or("healthy", |one| one.slug());
            differ.push(format!("{name}: {flows} flows; lost {lost:?}; new {new:?}"));
        }
    }
    differ
}

#[tokio::test(flavor = "multi_thread")]
async fn a_har_file_with_secrets_gives_the_findings_of_the_run() {
    let differ = compare("har", Secrets::Included, Some(&NEEDS_DECISIONS)).await;
    assert!(differ.is_empty(), "{}\n{}", differ.len(), differ.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redacted_trace_file_gives_the_findings_of_the_run() {
    let differ = compare("authscope", Secrets::Redacted, Some(&[])).await;
    assert!(differ.is_empty(), "{}\n{}", differ.len(), differ.join("\n"));
}

/// What is told where the secret that shows the cause was replaced: that a request was refused.
const REFUSALS: [&str; 2] = ["T40", "T41"];

#[tokio::test(flavor = "multi_thread")]
async fn a_har_file_without_secrets_accuses_nobody_else() {
    let mut differ = compare("har", Secrets::Redacted, None).await;
    differ.retain(|one| {
        !REFUSALS
            .iter()
            .any(|code| one.contains(&format!("new [(\"{code}\"")))
    });
    assert!(differ.is_empty(), "{}\n{}", differ.len(), differ.join("\n"));
}
