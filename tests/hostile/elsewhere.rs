//! Attacks that come by other ways than a server's answers: files of strangers, the folder of past
//! runs, what a program on this machine sends to our listeners, and pages in a watched browser.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::Value;
use trace::query_pairs;

use crate::case::{Answer, Case, Expect, Front, Leg, Piece, Play, Then, read};
use crate::client;
use crate::front::Files;
use crate::play::{MOST_TIME, Played, broken_promises, is_hidden, watch};
use crate::stage::{MARK, Stage};

/// An attack, and whether it is part of the usual tests.
pub struct Attack {
    pub name: String,
    #[allow(dead_code, reason = "for the tests")]
    pub usual: bool,
    way: Way,
}

enum Way {
    /// A file that is judged, written in other formats, and compared.
    File { name: String, play: Play },
    /// What is in the folder of past runs beside a good one.
    Kept(BTreeMap<String, Play>),
    /// Connections to a listener of ours, which serves others all the same.
    Stranger {
        at: Listener,
        play: Play,
        connections: usize,
    },
    /// A login page in a browser that is watched.
    Page(Play),
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Listener {
    Proxy,
    Lab,
    Callback,
}

#[derive(Deserialize)]
struct FileAttack {
    /// Its ending counts.
    file: String,
    #[serde(flatten)]
    answer: Answer,
}

#[derive(Deserialize)]
struct KeptAttack {
    name: String,
    files: BTreeMap<String, Vec<Piece>>,
}

#[derive(Deserialize)]
struct StrangerAttack {
    at: Vec<Listener>,
    #[serde(default = "one")]
    connections: usize,
    #[serde(flatten)]
    answer: Answer,
}

fn one() -> usize {
    1
}

/// Every attack of these kinds.
pub fn attacks() -> Vec<Attack> {
    let mut all = Vec::new();
    let files: Vec<FileAttack> = read(include_str!("files.json"));
    for (number, attack) in files.into_iter().enumerate() {
        all.push(Attack {
            name: format!("{}, in a file", attack.answer.name),
            usual: number.is_multiple_of(5),
            way: Way::File {
                play: attack.answer.play(),
                name: attack.file,
            },
        });
    }
    let kept: Vec<KeptAttack> = read(include_str!("kept.json"));
    for attack in kept {
        let play = |pieces| Play {
            pieces,
            then: Then::Close,
        };
        let files = attack.files.into_iter();
        all.push(Attack {
            name: format!("{}, among past runs", attack.name),
            usual: true,
            way: Way::Kept(files.map(|(path, pieces)| (path, play(pieces))).collect()),
        });
    }
    let strangers: Vec<StrangerAttack> = read(include_str!("strangers.json"));
    for (number, attack) in strangers.into_iter().enumerate() {
        for (place, at) in attack.at.iter().enumerate() {
            let to = match at {
                Listener::Proxy => "to the proxy",
                Listener::Lab => "to the lab",
                Listener::Callback => "to the callback",
            };
            all.push(Attack {
                name: format!("{}, {to}", attack.answer.name),
                usual: (number + place).is_multiple_of(6),
                way: Way::Stranger {
                    at: *at,
                    play: attack.answer.play(),
                    connections: attack.connections,
                },
            });
        }
    }
    let pages: Vec<Answer> = read(include_str!("pages.json"));
    for page in pages {
        all.push(Attack {
            name: format!("{}, in a watched browser", page.name),
            // They need a browser, and `tests/watch` is where one is.
            usual: false,
            way: Way::Page(page.play()),
        });
    }
    all
}

impl Attack {
    pub fn play(&self) -> Played {
        let files = Files::new();
        let mut met = Met::default();
        let begun = Instant::now();
        match &self.way {
            Way::File { name, play } => met.file(&files.folder, name, play),
            Way::Kept(kept) => met.kept(&files.folder, kept),
            Way::Stranger {
                at,
                play,
                connections,
            } => met.stranger(*at, play, *connections, &files),
            Way::Page(page) => met.page(page, &files),
        }
        Played {
            complaints: met.complaints,
            took: begun.elapsed(),
            memory: met.memory,
        }
    }
}

/// What came of meeting an attack.
#[derive(Default)]
struct Met {
    complaints: Vec<String>,
    memory: u64,
}

impl Met {
    fn complain(&mut self, complaint: impl Into<String>) {
        self.complaints.push(complaint.into());
    }

    /// The command with these arguments has to keep its promises. Its exit code and its output.
    fn run(&mut self, arguments: &[&str]) -> (Option<i32>, String) {
        let child = command(arguments).spawn().expect("the program can be run");
        self.ended(arguments, child, |_| false)
    }

    fn ended(
        &mut self,
        arguments: &[&str],
        child: std::process::Child,
        each_line: impl FnMut(&str) -> bool + Send,
    ) -> (Option<i32>, String) {
        let begun = Instant::now();
        let ended = watch(child, each_line);
        let took = begun.elapsed();
        self.memory = self.memory.max(ended.memory);
        let what = arguments.first().copied().unwrap_or_default();
        for promise in broken_promises(&ended) {
            self.complain(format!("{what}: {promise}"));
        }
        match ended.exit {
            Some(0..=2) => {}
            Some(other) => self.complain(format!("{what}: exit code {other}")),
            None => self.complain(format!("{what}: it did not end by itself ({took:?})")),
        }
        if ended.exit == Some(2) && ended.errors.trim_ascii().is_empty() {
            self.complain(format!("{what}: it does not say why not"));
        }
        (
            ended.exit,
            String::from_utf8_lossy(&ended.output).into_owned(),
        )
    }

    fn file(&mut self, folder: &Path, name: &str, play: &Play) {
        let elsewhere = Elsewhere::listen();
        let file = folder.join(name);
        let content = elsewhere.filled(&play.recorded());
        std::fs::write(&file, content).expect("a folder to write to");
        let file = file.to_string_lossy();
        let written = |name: &str| folder.join(name).to_string_lossy().into_owned();
        let (html, own) = (written("out.html"), written("out.authscope"));
        let (exit, _) = self.run(&["check", &file]);
        self.run(&["compare", &file, &file]);
        let (converted, _) = self.run(&["convert", &file, &html]);
        self.run(&["repeat", &file, "1"]);
        if exit != Some(2) && converted == Some(0) {
            self.run(&["convert", &file, &own]);
            let (exit, _) = self.run(&["check", &own]);
            if exit == Some(2) {
                self.complain("our own file of it cannot be read");
            }
            for path in [&html, &own] {
                let text = std::fs::read_to_string(path).unwrap_or_default();
                if text.is_empty() {
                    self.complain(format!("{path} was not written"));
                }
                if let Some(c) = text.chars().find(|c| *c != '\n' && is_hidden(*c)) {
                    self.complain(format!("{c:?} in {path}"));
                }
            }
            let html = std::fs::read_to_string(&html).unwrap_or_default();
            if html.to_ascii_lowercase().contains("<attack") {
                self.complain("markup of the file is markup in the page");
            }
        }
        let mut outside: Vec<PathBuf> = std::fs::read_dir(folder)
            .expect("it can be read")
            .flatten()
            .map(|entry| entry.path())
            .collect();
        outside.retain(|path| {
            !["out.html", "out.authscope", name]
                .iter()
                .any(|it| path.ends_with(it))
        });
        if !outside.is_empty() {
            self.complain(format!("it wrote {outside:?}"));
        }
        if elsewhere.was_asked() {
            self.complain("reading it asked a server that it names");
        }
    }

    fn kept(&mut self, folder: &Path, kept: &BTreeMap<String, Play>) {
        const GOOD: &str = "1795763053007545-1-0";
        let root = folder.to_string_lossy().into_owned();
        let beside = folder.join("precious");
        std::fs::write(&beside, "precious").expect("a folder to write to");
        let good = [(
            format!("runs/{GOOD}/run.json"),
            r#"{"id":"","server_url":"https://good.example/mcp","lab":null,"at":1795763053007545,
                "duration":1,"result":"passed","summary":"The flow works.","note":"","bytes":0}"#
                .as_bytes()
                .to_vec(),
        )];
        let hostile = kept
            .iter()
            .map(|(path, play)| (path.clone(), play.recorded()));
        for (path, content) in good.into_iter().chain(hostile) {
            let path = folder.join(path);
            let above = path.parent().expect("it is in the folder");
            std::fs::create_dir_all(above).expect("a folder to write to");
            match content.strip_prefix(b"-> ") {
                Some(target) => {
                    let target = String::from_utf8_lossy(target).replace("{folder}", &root);
                    link(&target, &path);
                }
                None => std::fs::write(&path, content).expect("a folder to write to"),
            }
        }
        let (_, list) = self.run(&["history", "list", "--folder", &root]);
        if !list.contains("good.example") {
            self.complain(format!("the good run is not listed: {list}"));
        }
        let ids: Vec<&str> = list
            .lines()
            .filter_map(|line| line.split(' ').next())
            .collect();
        for id in ids.iter().filter(|id| **id != GOOD).take(3) {
            self.run(&["history", "open", id, "--folder", &root]);
            self.run(&["history", "note", id, "x", "--folder", &root]);
            self.run(&["history", "forget", id, "--folder", &root]);
        }
        self.run(&["history", "open", "../../precious", "--folder", &root]);
        self.run(&["history", "forget", "../../precious", "--folder", &root]);
        self.run(&["history", "forget", "--all", "--folder", &root]);
        if std::fs::read(&beside).ok().as_deref() != Some(b"precious") {
            self.complain("it touched a file that is no past run");
        }
    }

    fn stranger(&mut self, at: Listener, play: &Play, connections: usize, files: &Files) {
        let stage = Stage::of(&right());
        let url = format!("{}/mcp", stage.origin);
        let report = files.report.to_string_lossy().into_owned();
        let mut arguments = match at {
            Listener::Proxy => vec!["observe", &url, "--port", "0", "--timeout", "2"],
            Listener::Lab => vec!["lab", "--auto-approve"],
            Listener::Callback => vec!["run", &url, "--approve", "show"],
        };
        if !matches!(at, Listener::Lab) {
            arguments.extend(["--json", &report]);
            // Without optimization the command takes long for what is read by default.
            if cfg!(debug_assertions) {
                arguments.extend(["--body-limit", "1000000"]);
            }
        }
        if matches!(at, Listener::Callback) {
            arguments.extend(["--callback-timeout", "30"]);
        }
        let child = command(&arguments).spawn().expect("the program can be run");
        let id = child.id().to_string();
        let mut went = Vec::new();
        let told = &mut went;
        let (exit, output) = self.ended(&arguments, child, |line| {
            let Some(place) = at.place(line) else {
                return false;
            };
            let attackers = attackers(play, connections, &place);
            told.extend(at.serves(line));
            drop(attackers);
            if !matches!(at, Listener::Callback) {
                // SIGTERM is how both are told to end.
                let _ = Command::new("kill").args(["-TERM", &id]).status();
            }
            true
        });
        self.complaints.extend(went);
        if exit != Some(0) {
            self.complain(format!("exit code {exit:?}: {output}"));
        }
    }

    fn page(&mut self, page: &Play, files: &Files) {
        let mut case = right();
        case.leg = Leg::Authorization;
        case.play = page.clone();
        let stage = Stage::of(&case);
        let url = format!("{}/mcp", stage.origin);
        let report = files.report.to_string_lossy().into_owned();
        let arguments = [
            "run",
            &url,
            "--approve",
            "watch",
            "--callback-timeout",
            "6",
            "--json",
            &report,
        ];
        let folder = files.folder.to_string_lossy().into_owned();
        let child = command(&arguments)
            .env("AUTHSCOPE_WATCH_HEADLESS", "1")
            .env("TMPDIR", &files.folder)
            .spawn()
            .expect("the program can be run");
        let (exit, output) = self.ended(&arguments, child, |_| false);
        // A run that found no browser meets nothing.
        if exit == Some(2) || stage.times_met() == 0 {
            self.complain(format!("the page was not seen: {output}"));
        }
        for leaked in stage.leaked() {
            self.complain(format!("went to another origin: {leaked}"));
        }
        let left = processes_of(&folder);
        if !left.is_empty() {
            self.complain(format!("processes are left: {left:?}"));
        }
        let text = std::fs::read_to_string(&files.report).unwrap_or_default();
        if let Some(c) = text.chars().find(|c| *c != '\n' && is_hidden(*c)) {
            self.complain(format!("{c:?} in the report"));
        }
        let entries = std::fs::read_dir(&files.folder).expect("it can be read");
        for entry in entries.flatten().filter(|it| it.path() != files.report) {
            let name = entry.file_name();
            if name.to_string_lossy().starts_with("authscope-browser") {
                self.complain(format!("{name:?} is left"));
            }
        }
    }
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_authscope-cli"));
    command
        .args(arguments)
        .env_remove("AUTHSCOPE_LOG")
        .env_remove("NO_PROXY")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Servers at which nothing is wrong.
fn right() -> Case {
    Case {
        name: String::new(),
        front: Front::Run,
        leg: Leg::Device,
        play: Play {
            pieces: Vec::new(),
            then: Then::Close,
        },
        arguments: Vec::new(),
        expect: Expect::default(),
        usual: true,
    }
}

impl Listener {
    /// Where it listens, from a line of the command; none when the line does not say.
    fn place(self, line: &str) -> Option<String> {
        let url = match self {
            Self::Proxy | Self::Lab => {
                let ready: Value = serde_json::from_str(line).ok()?;
                let name = if matches!(self, Self::Lab) {
                    "mcp"
                } else {
                    "url"
                };
                ready[name].as_str()?.to_owned()
            }
            Self::Callback => redirect(line)?,
        };
        let (authority, _) = url.strip_prefix("http://")?.split_once('/')?;
        Some(authority.to_owned())
    }

    /// Complaints about how it serves those it is there for.
    fn serves(self, line: &str) -> Vec<String> {
        match self {
            Self::Proxy => client::talk(line),
            Self::Lab => {
                let place = self.place(line).unwrap_or_default();
                let asked = get(&place, "/.well-known/oauth-protected-resource/mcp");
                let served = asked.is_some_and(|answer| answer.starts_with("HTTP/1.1 200 "));
                let complaint = (!served).then(|| "the lab does not answer".to_owned());
                complaint.into_iter().collect()
            }
            Self::Callback => {
                let place = self.place(line).unwrap_or_default();
                let parameter = |name: &str| {
                    let mut pairs = query_pairs(line).into_iter();
                    let found = pairs.find(|pair| pair.name == name);
                    found.map(|pair| pair.value).unwrap_or_default()
                };
                let (state, url) = (parameter("state"), line.trim());
                let issuer = url.split("/authorize").next().unwrap_or_default();
                let target = format!("/callback?code={MARK}-code&state={state}&iss={issuer}");
                let asked = get(&place, &target);
                let served = asked.is_some_and(|answer| answer.starts_with("HTTP/1.1 200 "));
                let complaint = (!served).then(|| "the browser's answer was not taken".to_owned());
                complaint.into_iter().collect()
            }
        }
    }
}

/// The redirect URI of an authorization URL.
fn redirect(line: &str) -> Option<String> {
    let url = line.trim();
    let is_request = url.starts_with("http") && url.contains("/authorize?");
    let mut pairs = is_request.then(|| query_pairs(url))?.into_iter();
    pairs
        .find(|pair| pair.name == "redirect_uri")
        .map(|pair| pair.value)
}

/// The answer to an honest request, within a generous time.
fn get(place: &str, target: &str) -> Option<String> {
    let mut stream = TcpStream::connect(place).ok()?;
    stream.set_read_timeout(Some(MOST_TIME / 2)).ok()?;
    let asked = format!("GET {target} HTTP/1.1\r\nhost: {place}\r\nconnection: close\r\n\r\n");
    stream.write_all(asked.as_bytes()).ok()?;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// Connections that attack, until this is dropped. Each has said what it says at once when this
/// returns.
struct Attackers {
    _end: std::sync::mpsc::Sender<()>,
}

fn attackers(play: &Play, connections: usize, place: &str) -> Attackers {
    let begin: Vec<u8> = play.pieces.iter().flat_map(Piece::bytes).collect();
    let text = |bytes: &[u8]| match std::str::from_utf8(bytes) {
        Ok(text) => text.replace("{host}", place).into_bytes(),
        Err(_) => bytes.to_vec(),
    };
    let begin = text(&begin);
    let (end, ended) = channel::<()>();
    let mut open = Vec::new();
    for _ in 0..connections {
        let Ok(mut stream) = TcpStream::connect(place) else {
            continue;
        };
        let _ = stream.set_write_timeout(Some(Duration::from_millis(500)));
        // It may be closed at any moment, which is an answer too.
        let _ = stream.write_all(&begin);
        open.push(stream);
    }
    let then = play.then.clone();
    thread::spawn(move || {
        let over = |wait: u64| {
            let waited = ended.recv_timeout(Duration::from_millis(wait));
            waited != Err(RecvTimeoutError::Timeout)
        };
        match then {
            Then::Close => {}
            Then::Reset => {
                for stream in &open {
                    let _ = stream.set_read_timeout(Some(Duration::from_millis(1)));
                }
            }
            Then::Hold => while !over(50) {},
            Then::Flood(piece) => {
                let many = piece.repeat(1 + 16_384 / piece.len());
                while !over(1) {
                    open.retain_mut(|stream| stream.write_all(&many).is_ok());
                }
            }
            Then::Drip(piece) => {
                for byte in piece.iter().cycle() {
                    if over(50) {
                        break;
                    }
                    open.retain_mut(|stream| stream.write_all(&[*byte]).is_ok());
                }
            }
        }
    });
    Attackers { _end: end }
}

/// A server that a file names, and that nobody has to ask.
struct Elsewhere(TcpListener);

impl Elsewhere {
    fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener
            .set_nonblocking(true)
            .expect("the system lets it be so");
        Self(listener)
    }

    fn was_asked(&self) -> bool {
        self.0.accept().is_ok()
    }

    fn filled(&self, content: &[u8]) -> Vec<u8> {
        let place = self.0.local_addr().expect("it is bound");
        match std::str::from_utf8(content) {
            Ok(text) => text
                .replace("{evil}", &format!("http://{place}"))
                .into_bytes(),
            Err(_) => content.to_vec(),
        }
    }
}

#[cfg(unix)]
fn link(target: &str, path: &Path) {
    std::os::unix::fs::symlink(target, path).expect("a folder to write to");
}

#[cfg(not(unix))]
fn link(_: &str, _: &Path) {}

/// The processes whose command line names this folder, where the system tells.
fn processes_of(folder: &str) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    ids.filter(|id| {
        let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
        *id != std::process::id() && String::from_utf8_lossy(&line).contains(folder)
    })
    .collect()
}
