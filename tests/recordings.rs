//! What was recorded is judged like what is seen live: each run against the lab is written to a
//! file, read as if another client had sent it, and judged again.

use app::{Document, HandedOn};
use diagnosis::{Certainty, Finding, Level, Owner};
use formats::Secrets;
use lab::Misbehaviour;
use serde_json::Value;
use test_support::{Watched, run_against};
use trace::Trace;

fn written(run: &Watched, format: &str, secrets: Secrets) -> Vec<u8> {
    let handed_on = HandedOn::of(&run.document);
    let export = handed_on.export(secrets);
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
const NEEDS_DECISIONS: [(&str, &str); 5] = [
    ("A31", "only our approver plays the browser"),
    (
        "M04",
        "the grant that a user chose and the flow did not use sends nothing",
    ),
    ("G32", "a request that was held back is not in the traffic"),
    ("MT1", "the certificate that was shown is not in HTTP"),
    ("M05", "what was asked for and not done sends nothing"),
];

/// `needs`: the rules that may be silent; `None` for any.
async fn compare(format: &str, secrets: Secrets, needs: Option<&[(&str, &str)]>) -> Vec<String> {
    compare_after(format, secrets, needs, <[u8]>::to_vec).await
}

async fn compare_after(
    format: &str,
    secrets: Secrets,
    needs: Option<&[(&str, &str)]>,
    change: impl Fn(&[u8]) -> Vec<u8>,
) -> Vec<String> {
    let mut differ = Vec::new();
    for misbehaviour in all() {
        let run = run_against(misbehaviour, misbehaviour).await;
        let file = change(&written(&run, format, secrets));
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

/// The file without what the rules said when it was written.
fn without_findings(file: &[u8]) -> Vec<u8> {
    let mut file: Value = serde_json::from_slice(file).expect("it is JSON");
    let members = file.as_object_mut().expect("it is an object");
    members.remove("judgement").expect("the findings are kept");
    file.to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redacted_trace_file_is_judged_again_as_the_run_was() {
    let differ = compare_after("authscope", Secrets::Redacted, Some(&[]), without_findings).await;
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

/// What a client sends: none of the questions that only this program asks as a page.
fn told(trace: &Trace) -> impl Iterator<Item = &trace::Exchange> {
    let all = trace.exchanges().map(|(_, exchange)| exchange);
    all.filter(|exchange| !matches!(exchange.purpose, trace::Purpose::FromPage { .. }))
}

/// What a text does not show beside that, and why.
const NOT_IN_TEXT: [(&str, &str); 2] = [
    ("N01", "why no answer came is not in the messages"),
    ("S20", "what a page may read is asked by this program alone"),
];

/// The exchanges as somebody would copy them into an issue: each request and its answer as text.
fn as_messages(trace: &Trace) -> String {
    let mut text = String::new();
    let fields = |headers: &[trace::Header]| -> String {
        let lines = headers
            .iter()
            .map(|header| format!("{}: {}\n", header.name, header.value));
        lines.collect()
    };
    for exchange in told(trace) {
        let request = &exchange.request;
        text += &format!("{} {} HTTP/1.1\n", request.method, request.url);
        text += &fields(&request.headers);
        text += &format!(
            "Host: {}\n\n",
            request.url.split('/').nth(2).unwrap_or_default()
        );
        text += request.body.text().unwrap_or_default();
        if let Some(response) = exchange.response() {
            text += &format!("\n\nHTTP/1.1 {}\n", response.status);
            text += &fields(&response.headers);
            text += "\n";
            text += response.body.text().unwrap_or_default();
        }
        text += "\n\n";
    }
    text
}

/// The same as commands with what `curl -i` prints.
fn as_commands(trace: &Trace) -> String {
    let mut text = String::new();
    for exchange in told(trace) {
        let command = formats::curl(exchange, None);
        // Bytes that no argument holds come by a pipe.
        let Some(at) = command.find("curl ") else {
            continue;
        };
        text += &format!("```console\n$ {}\n", &command[at..]);
        if let Some(response) = exchange.response() {
            text += &format!("HTTP/2 {}\n", response.status);
            for header in &response.headers {
                text += &format!("{}: {}\n", header.name.to_lowercase(), header.value);
            }
            text += "\n";
            text += response.body.text().unwrap_or_default();
        }
        text += "\n```\n\n";
    }
    text
}

/// `way`: how a run is put into words.
async fn compare_pasted(way: fn(&Trace) -> String) -> Vec<String> {
    let mut differ = Vec::new();
    for misbehaviour in all() {
        let run = run_against(misbehaviour, misbehaviour).await;
        let text = way(&run.document.trace());
        let opened = app::open_recording(None, &mut text.as_bytes()).expect("it is text");
        let again = Document::recorded(1, opened.clone()).await.findings();
        let (live, pasted) = (said(&run.findings), said(&again));
        let is_known = |one: &&Said| {
            let mut silent = NEEDS_DECISIONS.iter().chain(&NOT_IN_TEXT);
            !silent.any(|(code, _)| *code == one.0)
        };
        let lost: Vec<&Said> = live
            .iter()
            .filter(|one| !pasted.contains(one))
            .filter(is_known)
            .collect();
        let new: Vec<&Said> = pasted.iter().filter(|one| !live.contains(one)).collect();
        if !lost.is_empty() || !new.is_empty() {
            let name = misbehaviour.map_or("healthy", |one| one.slug());
            differ.push(format!("{name}: lost {lost:?}; new {new:?}"));
        }
    }
    differ
}

#[tokio::test(flavor = "multi_thread")]
async fn pasted_messages_give_the_findings_of_the_run() {
    let differ = compare_pasted(as_messages).await;
    assert!(differ.is_empty(), "{}\n{}", differ.len(), differ.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn pasted_commands_with_their_output_give_the_findings_of_the_run() {
    let differ = compare_pasted(as_commands).await;
    assert!(differ.is_empty(), "{}\n{}", differ.len(), differ.join("\n"));
}
