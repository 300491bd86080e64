//! No secret of any flow is in anything that the program writes: the command's words, its log at
//! its most talkative, its report, the run that it keeps, and every export, also after a server has
//! told each secret once more in every spelling.

mod flows;
mod secrets;
#[path = "../support/spellings.rs"]
mod spellings;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diagnosis::judgement;
use flows::{FLOWS, Flow};
use formats::{Export, FORMATS, Journal, Judged, Language, Redactor};
use lab::{Lab, LabOptions};
use secrets::{essence, secrets};
use session::{Browser, Options};
use spellings::{looked_for, told};
use tokio::task::JoinSet;
use trace::{Body, EntryKind, Exchange, Header, Outcome, Request, Response, Secret, Trace};

/// Most of a run is spent waiting.
const AT_ONCE: usize = 3;

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_any_flow_is_in_anything_that_is_written() {
    let mut left = FLOWS.iter().enumerate();
    let mut running = JoinSet::new();
    let mut leaks = Vec::new();
    loop {
        while running.len() < AT_ONCE
            && let Some((number, flow)) = left.next()
        {
            running.spawn(play(number, flow));
        }
        match running.join_next().await {
            Some(done) => leaks.extend(done.expect("the flow can be played")),
            None => break,
        }
    }
    assert!(leaks.is_empty(), "{}\n{}", leaks.len(), leaks.join("\n"));
}

/// Plays a flow and searches what comes of it. Answers with what leaked.
async fn play(number: usize, flow: &'static Flow) -> Vec<String> {
    let mut lab_options = LabOptions::default();
    (flow.lab)(&mut lab_options);
    let lab = Lab::start(lab_options)
        .await
        .expect("the lab opens its ports");
    let mut options = Options {
        server_url: lab.mcp_url().into(),
        ..Options::headless()
    };
    (flow.run)(&lab, &mut options);
    let searching = move || {
        let run = command(number, &options);
        let trace = &run.trace;
        let urls = trace
            .exchanges()
            .map(|(_, exchange)| exchange.request.url.as_str());
        let urls: Vec<&str> = urls.collect();
        for path in flow.reaches {
            let is_reached = urls.iter().any(|url| url.contains(path));
            assert!(
                is_reached,
                "{}: {path} is not in {urls:#?}\n{}",
                flow.name, run.words
            );
        }
        let typed = typed(&options);
        let mut known = secrets(trace);
        for (name, value) in &typed {
            // A user name may be any word.
            if name != "username" {
                known.insert(value.expose().to_owned(), format!("typed as {name}"));
            }
        }
        assert!(known.len() > 1, "{}: {known:?}", flow.name);
        let search = Search::new(&known);
        let mut leaks = Vec::new();
        let mut look = |what: &str, text: &str| {
            let found = search.first(text);
            leaks.extend(found.map(|leak| format!("{}: {what} has {leak}", flow.name)));
        };
        for (what, text) in run.written {
            match what.as_str() {
                // The code of a device is for the one who reads this.
                "the command" => look(&what, &without_user_code(&text)),
                _ => look(&what, &text),
            }
        }
        let mut echoed = Trace::clone(trace);
        echo(&mut echoed, known.keys());
        for (what, text) in exported(&echoed, &typed) {
            look(&what, &text);
        }
        journal(number, trace, &typed, &mut look);
        leaks
    };
    let searched = tokio::task::spawn_blocking(searching).await;
    drop(lab);
    searched.unwrap_or_else(|error| panic!("{}: {error}", flow.name))
}

fn without_user_code(text: &str) -> String {
    let lines = text
        .lines()
        .map(|line| match line.split_once(" and enter the code ") {
            Some((before, _)) => before,
            None => line,
        });
    lines.collect::<Vec<_>>().join("\n")
}

/// What a run of the command left behind.
struct Run {
    /// Everything with its secrets.
    trace: Trace,
    words: String,
    /// Everything that has to be without: what it is, and its text.
    written: Vec<(String, String)>,
}

fn command(number: usize, options: &Options) -> Run {
    let folder = folder(&format!("command-{number}"));
    let raw = folder.with_extension("authscope");
    let report = folder.with_extension("json");
    let output = Command::new(env!("CARGO_BIN_EXE_authscope-cli"))
        .arg("run")
        .args(options.to_arguments())
        .args(["--keep", "--include-secrets", "--export"])
        .arg(&raw)
        .arg("--json")
        .arg(&report)
        .env("AUTHSCOPE_LOG", "trace")
        .env("AUTHSCOPE_FOLDER", &folder)
        .stdin(Stdio::null())
        .output()
        .expect("the command can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (words, log) = (text(&output.stdout), text(&output.stderr));
    assert!(
        output.status.code().is_some_and(|code| code < 2),
        "{words}\n{log}"
    );
    let mut written = vec![
        ("the command".to_owned(), words.clone()),
        ("the log".to_owned(), log),
    ];
    let report = std::fs::read(&report).expect("the report was written");
    written.push(("the report".to_owned(), text(&report)));
    let kept = files_below(&folder);
    assert!(kept.len() > 1, "the run was kept: {kept:?}");
    for file in kept {
        let bytes = std::fs::read(&file).expect("it was written");
        written.push((file.display().to_string(), text(&bytes)));
    }
    let mut file = std::fs::File::open(&raw).expect("the run was exported");
    let opened = formats::open(Some(&raw), &mut file).expect("it is our own file");
    Run {
        trace: opened.trace,
        words,
        written,
    }
}

/// What the user gave for this run, with the names the window knows it under.
fn typed(options: &Options) -> Vec<(String, Secret)> {
    let given = options.secrets().into_iter();
    let mut typed: Vec<(String, Secret)> = given
        .map(|(id, secret)| {
            let name = id.rsplit('.').next().unwrap_or(id);
            (name.trim_start_matches("idp_").to_owned(), secret)
        })
        .collect();
    if let Browser::Approver { form } = &options.browser {
        let form = form.iter();
        typed.extend(form.map(|(name, value)| (name.clone(), Secret::new(value.clone()))));
    }
    typed
}

/// Everything that can be handed on of a trace: each format, each request as code, and what a log
/// or a panic would say of it.
fn exported(trace: &Trace, typed: &[(String, Secret)]) -> Vec<(String, String)> {
    let judged = judgement(trace);
    let export = Export {
        typed,
        judged: Some(Judged {
            findings: &judged.findings,
            ledger: &judged.ledger,
            ..Judged::default()
        }),
        ..Export::redacted(trace, "0.0.0")
    };
    let mut all = Vec::new();
    for format in FORMATS.iter().filter(|format| format.about().can_write) {
        let mut out = Vec::new();
        let written = format.write(&export, &mut out);
        written.expect("memory can be written to");
        let text = String::from_utf8(out).expect("it is text");
        all.push((format.about().id.to_owned(), text));
    }
    let redactor = Redactor::of(trace, typed);
    for (entry, exchange) in trace.exchanges() {
        let mut code = formats::raw_request(exchange, Some(&redactor));
        for language in Language::ALL {
            code += &formats::repeat(exchange, Some(&redactor), language);
        }
        all.push((format!("code of {}", entry.seq), code));
    }
    all.push(("debug".to_owned(), format!("{trace:?}{redactor:?}")));
    all
}

/// Lets a server say every secret once more, in every spelling.
fn echo<'a>(trace: &mut Trace, secrets: impl Iterator<Item = &'a String>) {
    let said: String = secrets
        .flat_map(|secret| told(secret))
        .map(|text| format!("got [{text}] "))
        .collect();
    let (_, last) = trace.exchanges().last().expect("something was sent");
    let exchange = Exchange {
        request: Request::new("GET", "http://127.0.0.1:9/log"),
        outcome: Outcome::Response(Response {
            status: 500,
            headers: vec![Header::new("content-type", "text/plain")],
            body: Body::new(said.into_bytes()),
        }),
        ..last.clone()
    };
    let end = trace.entries.last().expect("it has entries");
    let (at, branch, phase) = (end.at, end.branch, end.phase);
    trace.push(at, branch, phase, EntryKind::Exchange(Box::new(exchange)));
}

/// The journal holds no secret after any of its entries.
fn journal(
    number: usize,
    trace: &Trace,
    typed: &[(String, Secret)],
    look: &mut impl FnMut(&str, &str),
) {
    let path = folder(&format!("journal-{number}")).join("journal");
    let upto = |count: usize| Trace {
        entries: trace.entries[..count].to_vec(),
        ..trace.clone()
    };
    let mut journal = Journal::create(&path, &upto(0), typed).expect("there is room");
    for count in 1..=trace.entries.len() {
        journal.append(&upto(count), typed).expect("there is room");
        let text = std::fs::read_to_string(&path).expect("it is there");
        look(&format!("the journal after {count} entries"), &text);
    }
}

/// Letters from which on a spelling is no chance.
const SURE: usize = 16;

/// Finds secrets in every spelling.
struct Search {
    /// The spelling, what it is of, and the place of that.
    needles: Vec<(String, String, String)>,
    search: AhoCorasick,
}

impl Search {
    fn new(secrets: &BTreeMap<String, String>) -> Self {
        let mut needles = Vec::new();
        for (secret, place) in secrets {
            let secret = essence(secret);
            // What is short is found by chance within other words.
            let spellings = looked_for(secret).into_iter();
            let sure = spellings.filter(|one| one.len() >= SURE || one == secret);
            needles.extend(sure.map(|spelling| (spelling, secret.to_owned(), place.clone())));
        }
        let search = AhoCorasick::new(needles.iter().map(|(spelling, ..)| spelling));
        Self {
            search: search.expect("there are few secrets"),
            needles,
        }
    }

    /// The first secret in a text or in a part of a token in it, in words.
    fn first(&self, text: &str) -> Option<String> {
        let tokens = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '_');
        let decoded = tokens
            .filter(|part| part.starts_with("eyJ"))
            .filter_map(|part| String::from_utf8(URL_SAFE_NO_PAD.decode(part).ok()?).ok());
        let all: String = [text.to_owned()].into_iter().chain(decoded).collect();
        let found = self.search.find(&all)?;
        let (spelling, secret, place) = &self.needles[found.pattern()];
        let mut start = found.start().saturating_sub(90);
        while !all.is_char_boundary(start) {
            start -= 1;
        }
        let near = &all[start..found.end()];
        Some(format!("{secret} ({place}) as {spelling}: …{near}"))
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("leaks-{name}"));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).expect("a folder can be made");
    folder
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files.extend(files_below(&path));
        } else {
            files.push(path);
        }
    }
    files
}
