//! Reports and pictures, opened by what people open them with: a browser, a reader of Markdown, a
//! reader of XML.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use diagnosis::{Certainty, Finding, Level, Owner, SpecReference};
use formats::{Export, FORMATS, Judged, Kind, Secrets};
use serde_json::Value;
use support::diagrams::{MARKUP, sample, saying};
use trace::Trace;

/// A finding about the first exchange that says this wherever it can.
fn finding(owner: Owner, level: Level, says: &str) -> Finding {
    Finding {
        code: "X01".into(),
        rule: "x".into(),
        variant: String::new(),
        level,
        certainty: Certainty::Likely,
        owner,
        owner_name: format!("the owner {says}"),
        exchange: Some(1),
        part: None,
        title: format!("The server says {says}"),
        message: format!("{says} is what it says"),
        expected: Some(says.into()),
        actual: Some(says.into()),
        fix: format!("Say something else than {says}"),
        spec: SpecReference {
            title: "RFC 6749 section 5.2".into(),
            url: "https://www.rfc-editor.org/rfc/rfc6749#section-5.2".into(),
            quote: "The authorization server responds with an error.".into(),
        },
        cause: None,
    }
}

fn write(trace: &Trace, findings: &[Finding], name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("reports");
    fs::create_dir_all(&folder).expect("the test's folder can be made");
    let path = folder.join(name);
    let format = formats::format_of(&path).expect("the extension is of a format");
    let export = Export {
        secrets: Secrets::Included,
        judged: Some(Judged {
            verdict: findings.first().map(|finding| finding.title.as_str()),
            works: false,
            findings,
            ledger: &[],
        }),
        ..Export::redacted(trace, "0.0.0")
    };
    let mut file = fs::File::create(&path).expect("the file can be made");
    format.write(&export, &mut file).expect("it can be written");
    path
}

#[test]
fn no_format_for_people_holds_a_secret_even_when_asked() {
    let (trace, planted) = sample();
    let told = planted.all().into_iter().map(|(_, secret)| secret);
    let findings: Vec<Finding> = told
        .map(|secret| finding(Owner::McpServer, Level::Error, secret))
        .collect();
    for format in FORMATS.iter().map(|format| format.about()) {
        if format.kind == Kind::Recording {
            continue;
        }
        let path = write(
            &trace,
            &findings,
            &format!("secret.{}", format.extensions[0]),
        );
        let text = fs::read_to_string(path).expect("it is text");
        assert!(!text.contains("S3NT1NEL"), "{}: {text}", format.id);
        for (name, secret) in planted.all() {
            assert!(!text.contains(secret), "{name} is in {}", format.id);
        }
    }
}

#[test]
fn browsers_and_readers_see_what_was_meant_and_nothing_a_server_made() {
    let hostile = saying(&MARKUP);
    let owners = [Owner::McpServer, Owner::Client, Owner::Nobody];
    let levels = [Level::Error, Level::Warning, Level::Note];
    let findings: Vec<Finding> = MARKUP
        .iter()
        .enumerate()
        .map(|(at, says)| finding(owners[at % 3], levels[at % 3], says))
        .collect();
    let page = write(&hostile, &findings, "hostile.html");
    let picture = write(&hostile, &findings, "hostile.svg");
    let report = write(&hostile, &findings, "hostile.md");
    let bug_report = write(&hostile, &findings, "hostile.mcp-server.md");
    let (sample, _) = sample();
    let har = write(&sample, &[], "sample.har");
    let whole = write(&sample, &[], "sample.html");

    let xmllint = Command::new("xmllint")
        .arg("--noout")
        .arg(&picture)
        .output();
    let xmllint = xmllint.expect("xmllint can be started");
    let said = String::from_utf8_lossy(&xmllint.stderr);
    assert!(xmllint.status.success() && said.is_empty(), "{said}");

    let [
        page_seen,
        picture_seen,
        report_seen,
        bug_report_seen,
        har_seen,
        whole_seen,
    ] = looked_at([&page, &picture, &report, &bug_report, &har, &whole]);
    for seen in [
        &page_seen,
        &picture_seen,
        &report_seen,
        &bug_report_seen,
        &whole_seen,
    ] {
        assert_eq!(seen["violations"], Value::Array(vec![]), "{seen:#}");
        assert_eq!(seen["errors"], Value::Array(vec![]), "{seen:#}");
        assert_eq!(
            (&seen["dialogs"], &seen["foreign"]),
            (&0.into(), &0.into()),
            "{seen:#}"
        );
        // Nothing is fetched but the file itself.
        let requests = seen["requests"].as_array().expect("a list");
        assert!(requests.len() <= 1, "{requests:?}");
    }

    let exchanges = MARKUP.len() as u64;
    assert_eq!(page_seen["exchanges"], exchanges);
    assert_eq!(page_seen["findings"], exchanges);
    assert_eq!(page_seen["steps"], exchanges * 2);
    assert_eq!(page_seen["none"], 0);
    assert_eq!(page_seen["found"], 1);
    assert_eq!(page_seen["opened"], 1);
    assert_eq!(page_seen["scripts"], 1);
    assert_eq!(page_seen["wide"], false, "{page_seen:#}");
    assert_eq!(page_seen["printed_filter"], false);
    for seen in [&page_seen, &whole_seen] {
        assert!(seen["pages"].as_u64().expect("a number") > 1, "{seen:#}");
    }
    assert_eq!(whole_seen["exchanges"], sample.exchanges().count() as u64);

    assert_eq!(picture_seen["root"], "svg");
    assert_eq!(picture_seen["steps"], exchanges * 2);
    assert_eq!(picture_seen["over"], 0, "{picture_seen:#}");

    // A title, three owners, a heading for each finding, the diagram, the versions.
    let headings = |seen: &Value| seen["headings"].as_array().map(Vec::len);
    assert_eq!(
        headings(&report_seen),
        Some(1 + 3 + MARKUP.len() + 2),
        "{report_seen:#}"
    );
    assert_eq!(report_seen["blocks"], 1);
    assert_eq!(
        headings(&bug_report_seen),
        Some(1 + 3 + 2),
        "{bug_report_seen:#}"
    );
    assert_eq!(bug_report_seen["blocks"], 3 + 1);
    for seen in [&report_seen, &bug_report_seen] {
        let links = seen["links"].as_array().expect("a list");
        let are_ours = |link: &Value| {
            let link = link.as_str().unwrap_or_default();
            link.starts_with("https://www.rfc-editor.org/")
        };
        assert!(links.iter().all(are_ours), "{links:?}");
    }

    let answers = har_seen["answers"].as_array().expect("a list");
    assert!(!answers.is_empty());
    assert!(answers.iter().all(|two| two[0] == two[1]), "{answers:?}");
}

/// What `tests/browser/check.mjs` says of each file. Installs what it needs at first use, under the
/// tests' own folder of the target.
fn looked_at<const N: usize>(files: [&PathBuf; N]) -> [Value; N] {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser-tools");
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    fs::create_dir_all(&tools).expect("the test's folder can be made");
    for file in ["package.json", "package-lock.json", ".npmrc"] {
        fs::copy(here.join(file), tools.join(file)).expect("it can be copied");
    }
    if !tools.join("node_modules/.package-lock.json").exists() {
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        run(Command::new(npm)
            .args(["ci", "--silent"])
            .current_dir(&tools));
    }
    let mut check = Command::new("node");
    check.arg(here.join("check.mjs")).args(files);
    let said = run(check.env("BROWSER_TOOLS", &tools));
    let seen: Vec<Value> = said
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    seen.try_into().expect("a line for each file")
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("node and npm can be started");
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}");
    String::from_utf8(output.stdout).expect("it is text")
}
