//! Two runs side by side: the right difference is named, and what differs in every run does not
//! count as one.

use std::sync::Arc;

use app::{AppError, Compared, Document, HandedOn, compare_documents};
use compare::{Comparison, RowState, WhatBecame};
use formats::Secrets;
use lab::Misbehaviour;
use serde_json::json;
use test_support::{Watched, run_against};

/// `a` and `b`: a document, and the number of its flow.
fn flows_compared(
    a: (&Document, Option<u16>),
    b: (&Document, Option<u16>),
) -> Result<Comparison, AppError> {
    let side = |name, (document, flow)| Compared {
        name,
        document,
        flow,
    };
    compare_documents(side("A", a), side("B", b))
}

fn compared(a: &Document, b: &Document) -> Comparison {
    flows_compared((a, None), (b, None)).expect("each has a last flow")
}

async fn reopened(run: &Watched, format: &str, secrets: Secrets) -> Arc<Document> {
    let handed_on = HandedOn::of(&run.document);
    let export = handed_on.export(secrets);
    let mut file = Vec::new();
    let format = formats::format(format).expect("there is such a format");
    format
        .write(&export, &mut file)
        .expect("memory can be written to");
    let opened = app::open_recording(None, &mut file.as_slice()).expect("we wrote it");
    Document::recorded(2, opened).await
}

fn all() -> impl Iterator<Item = Misbehaviour> {
    let all = Misbehaviour::ALL.iter().chain(Misbehaviour::EXTENDED);
    all.copied()
}

/// What counts, in lines.
fn told(comparison: &Comparison) -> String {
    let mut lines = vec![comparison.sentence.clone()];
    for row in &comparison.rows {
        if matches!(row.state, RowState::Same | RowState::NotCounted) {
            continue;
        }
        lines.push(format!("  {} {:?}", row.title, row.state));
        let differences = row.differences.iter();
        lines.extend(differences.map(|one| {
            format!(
                "    {:?} {}: {:?} / {:?}",
                one.place, one.name, one.a, one.b
            )
        }));
    }
    let changed = comparison.findings.iter().filter(|change| change.counts);
    lines.extend(changed.map(|change| format!("  {:?} {}", change.became, change.code)));
    lines.join("\n")
}

/// Shows something else than its own rule in the usual run.
const OTHER_CODES: [&str; 2] = ["token_expires_early", "mix_up"];

/// The files in which a run can be kept.
const FILES: [(&str, Secrets); 3] = [
    ("authscope", Secrets::Redacted),
    ("har", Secrets::Redacted),
    ("har", Secrets::Included),
];

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_is_named_and_the_same_server_or_its_file_is_the_same() {
    let mut wrong = Vec::new();
    let mut sentences = Vec::new();
    for misbehaviour in all() {
        let name = misbehaviour.slug();
        let healthy = run_against(None, Some(misbehaviour)).await;
        let broken = run_against(Some(misbehaviour), Some(misbehaviour)).await;
        let again = run_against(Some(misbehaviour), Some(misbehaviour)).await;

        let comparison = compared(&healthy.document, &broken.document);
        let after_fix = compared(&broken.document, &healthy.document);
        let has = |comparison: &Comparison, became: WhatBecame| {
            let mut changes = comparison.findings.iter();
            changes.any(|one| one.became == became && one.code == misbehaviour.code())
                || OTHER_CODES.contains(&name)
        };
        let (came, went) = (
            has(&comparison, WhatBecame::Came),
            has(&after_fix, WhatBecame::Went),
        );
        if comparison.same || after_fix.same || !came || !went {
            wrong.push(format!("{name}: {came}, {went}: {}", told(&comparison)));
        }
        let sentence = without_chance(&comparison.sentence);
        sentences.push(format!("{name}\n    {sentence}"));
        wrong.extend(secrets_told(&comparison, [&healthy, &broken]));

        let mut same = vec![compared(&broken.document, &again.document)];
        for (format, secrets) in FILES {
            let file = reopened(&broken, format, secrets).await;
            same.push(compared(&broken.document, &file));
            same.push(compared(&file, &broken.document));
        }
        let differ = same.iter().filter(|comparison| !comparison.same);
        wrong.extend(differ.map(|one| format!("{name}: not the same: {}", told(one))));
    }
    assert!(wrong.is_empty(), "{}\n{}", wrong.len(), wrong.join("\n"));
    insta::assert_snapshot!("sentences", sentences.join("\n"));
}

/// The sentence without what is another one in every run.
fn without_chance(sentence: &str) -> String {
    let mut words = Vec::new();
    for word in sentence.split(' ') {
        let port = word.find("127.0.0.1:").or(word.find("localhost:"));
        let word = match port {
            Some(at) => {
                let digits = at + word[at..].find(':').unwrap_or_default() + 1;
                let rest = word[digits..].trim_start_matches(|c: char| c.is_ascii_digit());
                format!("{}PORT{rest}", &word[..digits])
            }
            None => word.to_owned(),
        };
        let is_row = words
            .last()
            .is_some_and(|before: &String| before.ends_with("(row"));
        let word = match word.trim_start_matches(|c: char| c.is_ascii_digit()) {
            rest if is_row => format!("N{rest}"),
            // A second may begin between the two.
            "" if of_request(&word, sentence) => "N".into(),
            _ => word,
        };
        let is_id = |part: &&str| part.len() >= 40 && !part.contains('.');
        match word.split(['/', '"']).find(is_id) {
            Some(id) => words.push(word.replace(id, "ID")),
            None => words.push(word),
        }
    }
    words.join(" ")
}

fn of_request(number: &str, sentence: &str) -> bool {
    let is_said = |when: &str| sentence.contains(&format!(" {number} s {when} the request"));
    !number.is_empty() && (is_said("after") || is_said("before"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_that_is_refused_with_another_error_differs_in_that_error() {
    let before = Misbehaviour::RefreshCatchAllError;
    let after = Misbehaviour::RefreshTokenRejected;
    let a = run_against(Some(before), Some(before)).await;
    let b = run_against(Some(after), Some(after)).await;
    let comparison = compared(&a.document, &b.document);
    assert_eq!(
        comparison.sentence,
        "Refresh: the answer's member error is \"invalid_request\" in A, and \"invalid_grant\" in B.",
        "{}",
        told(&comparison)
    );
}

/// Secrets of the two runs that the comparison tells.
fn secrets_told(comparison: &Comparison, runs: [&Watched; 2]) -> Vec<String> {
    let text = json!(comparison).to_string();
    let traces = runs.map(|run| run.document.trace());
    let exchanges = traces.iter().flat_map(|trace| trace.exchanges());
    let told = exchanges.flat_map(|(_, exchange)| secrets(exchange));
    told.filter(|secret| text.contains(secret.as_str()))
        .collect()
}

/// Tokens, codes and secrets of an exchange.
fn secrets(exchange: &trace::Exchange) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(value) = exchange.request.header_value("authorization") {
        found.extend(value.split(' ').nth(1).map(str::to_owned));
    }
    let asked = trace::query_pairs(&exchange.request.url);
    let form = exchange.request.body.text().unwrap_or_default().to_owned();
    let sent = asked.into_iter().chain(trace::pairs(&form));
    let names = [
        "code",
        "state",
        "code_verifier",
        "refresh_token",
        "client_secret",
    ];
    found.extend(
        sent.filter(|pair| names.contains(&pair.name.as_str()))
            .map(|pair| pair.value),
    );
    if let Some(response) = exchange.response()
        && let Ok(json) = trace::json_value(&response.body.bytes)
    {
        let names = [
            "access_token",
            "refresh_token",
            "client_secret",
            "registration_access_token",
        ];
        let values = names.iter().filter_map(|name| json.get(name)?.as_str());
        found.extend(values.map(str::to_owned));
    }
    found.retain(|secret| secret.len() > 8);
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn another_client_differs_in_what_it_sends() {
    let usual = Misbehaviour::ServerMetadataNotFound;
    let ours = run_against(None, Some(usual)).await;
    let file = reopened(&ours, "har", Secrets::Included).await;
    let mut theirs = file.trace().as_ref().clone();
    for entry in &mut theirs.entries {
        let entry = Arc::make_mut(entry);
        let trace::EntryKind::Exchange(exchange) = &mut entry.kind else {
            continue;
        };
        let headers = &mut exchange.request.headers;
        headers.retain(|header| header.name != "user-agent");
        headers.push(trace::Header::new("user-agent", "node"));
        headers.push(trace::Header::new("accept-language", "*"));
        headers.push(trace::Header::new("x-trace", "1"));
        if matches!(exchange.purpose, trace::Purpose::Token { .. }) {
            let form = exchange.request.body.text().unwrap_or_default().to_owned();
            let pairs = trace::pairs(&form);
            let without = pairs.iter().filter(|pair| pair.name != "resource");
            let without = without.map(|pair| (pair.name.as_str(), pair.value.as_str()));
            exchange.request.body = trace::Body::new(trace::encode_pairs(without).into_bytes());
        }
    }
    let theirs = Document::recorded(3, theirs).await;
    let comparison = compared(&ours.document, &theirs);
    let sentence = without_chance(&comparison.sentence);
    assert_eq!(
        sentence,
        "Token request: the form field resource is http://127.0.0.1:PORT/mcp in A, and missing in B.",
        "{}",
        told(&comparison)
    );
}
