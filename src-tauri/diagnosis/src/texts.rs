//! The full text of findings, one snapshot file for the rules of each letter, so that a change of
//! wording is read as one diff.
//!
//! The unit tests of the rules make the findings: `every_text_is_as_it_was_reviewed` runs them once
//! more in a process of its own, which writes down what they find. Of each variant the shortest
//! text is kept. `INSTA_UPDATE=always cargo test -p diagnosis texts` takes the new texts.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::catalogue::RULES;
use crate::finding::{Certainty, Finding, Level};

/// Names the file that a process writes its findings to.
const COLLECT: &str = "AUTHSCOPE_COLLECT_TEXTS";

/// Variants that no unit test meets, with the reason. A new variant gets a test instead.
const UNSEEN: &str = include_str!("texts_unseen.txt");

/// The shortest text of each variant that was written so far.
static KEPT: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// Writes down what a test has found, where this process was started for it.
pub(crate) fn collect(findings: &[Finding]) {
    let Some(path) = std::env::var_os(COLLECT) else {
        return;
    };
    let mut kept = KEPT.lock().expect("nobody panics with it");
    for finding in findings {
        let key = format!("{}/{}", finding.code, finding.variant);
        let text = text(finding);
        if kept
            .get(&key)
            .is_some_and(|other| rank(other) <= rank(&text))
        {
            continue;
        }
        let mut file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .expect("a file of this test");
        let line = serde_json::json!([key, text]);
        writeln!(file, "{line}").expect("a file of this test");
        kept.insert(key, text);
    }
}

/// What comes first is kept.
fn rank(text: &str) -> (usize, &str) {
    (text.len(), text)
}

fn text(finding: &Finding) -> String {
    let mut text = format!("{}/{}: {}\n", finding.code, finding.variant, finding.title);
    let _ = writeln!(
        text,
        "  {:?}, to change: {:?}, {:?}",
        finding.level, finding.owner, finding.certainty
    );
    let _ = writeln!(text, "  {}", finding.message);
    for (name, value) in [("expected", &finding.expected), ("got", &finding.actual)] {
        if let Some(value) = value {
            let _ = writeln!(text, "  {name}: {value}");
        }
    }
    let _ = writeln!(text, "  fix: {}", finding.fix);
    text
}

/// What the unit tests find, run once more.
fn found() -> BTreeMap<String, String> {
    let name = format!("authscope-texts-{}", std::process::id());
    let path = std::env::temp_dir().join(name);
    let program = std::env::current_exe().expect("this program");
    let status = Command::new(program)
        .args(["--skip", "texts::", "--skip", "linear::"])
        .env(COLLECT, &path)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("this program starts");
    let lines = fs::read_to_string(&path).unwrap_or_default();
    let _ = fs::remove_file(&path);
    assert!(
        status.success(),
        "the tests of the rules fail: run them first"
    );
    let mut shortest: BTreeMap<String, String> = BTreeMap::new();
    for line in lines.lines() {
        let (key, text): (String, String) = serde_json::from_str(line).expect("as written above");
        let kept = shortest.entry(key).or_insert_with(|| text.clone());
        if rank(&text) < rank(kept) {
            *kept = text;
        }
    }
    shortest
}

#[test]
fn every_text_is_as_it_was_reviewed() {
    let found = found();
    let lines = UNSEEN.lines().filter(|line| !line.starts_with('#'));
    let reasons = lines.map(|line| line.split_once(": ").expect("CODE/VARIANT: reason"));
    let mut unseen: BTreeMap<&str, &str> = reasons.collect();
    let mut by_letter: BTreeMap<String, String> = BTreeMap::new();
    let (mut missing, mut seen) = (Vec::new(), Vec::new());
    for rule in RULES {
        let letters = rule.code.trim_end_matches(|c: char| c.is_ascii_digit());
        for variant in rule.variants {
            let key = format!("{}/{}", rule.code, variant.slug());
            let listed = unseen.remove(key.as_str()).is_some();
            match found.get(&key) {
                Some(text) => {
                    if listed {
                        seen.push(key);
                    }
                    let all = by_letter.entry(letters.to_lowercase()).or_default();
                    let _ = writeln!(all, "{text}");
                }
                None if !listed => missing.push(key),
                None => {}
            }
        }
    }
    assert!(
        missing.is_empty(),
        "without a unit test that shows the text: {missing:#?}"
    );
    assert!(
        seen.is_empty(),
        "no longer unseen, take them off the list: {seen:#?}"
    );
    assert!(
        unseen.is_empty(),
        "no variants, take them off the list: {unseen:#?}"
    );
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        for (letters, all) in &by_letter {
            insta::assert_snapshot!(letters.as_str(), all.trim_end());
        }
    });
}

/// For each error and warning that is certain, what excludes every other cause.
const CERTAIN: &str = include_str!("certain.txt");

#[test]
fn what_is_certain_says_what_excludes_the_alternatives() {
    let never = "every finding takes another variant";
    let unused: Vec<&str> = UNSEEN
        .lines()
        .filter_map(|line| line.split_once(": "))
        .filter(|(_, reason)| *reason == never)
        .map(|(key, _)| key)
        .collect();
    let lines = CERTAIN.lines().filter(|line| !line.starts_with('#'));
    let mut argued: BTreeMap<&str, &str> = lines
        .map(|line| line.split_once(": ").expect("CODE/VARIANT: argument"))
        .collect();
    let mut missing = Vec::new();
    for rule in RULES {
        for variant in rule.variants {
            let loud = variant.level > Level::Note && variant.certainty == Certainty::Certain;
            let key = format!("{}/{}", rule.code, variant.slug());
            if loud && !unused.contains(&key.as_str()) {
                match argued.remove(key.as_str()) {
                    Some(argument) => assert!(argument.ends_with('.'), "{key}: {argument}"),
                    None => missing.push(key),
                }
            }
        }
    }
    assert!(
        missing.is_empty(),
        "certain, and certain.txt does not say why: {missing:#?}"
    );
    assert!(argued.is_empty(), "not certain, or not there: {argued:#?}");
}
