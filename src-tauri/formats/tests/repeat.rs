//! The code that repeats a request sends what was recorded: run by Node.js and by Python, and
//! looked at where it arrives.

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use formats::{Language, Redactor};
use support::{empty, flow, sample_exchange};
use trace::{Exchange, Request, Secret};

/// A request as it arrived.
#[derive(Debug)]
struct Arrived {
    line: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

/// What a program in this language sends when the variables are set like this.
fn sent(
    language: Language,
    make: impl Fn(&str) -> Exchange,
    redactor: Option<&Redactor>,
    variables: &[(&str, &str)],
) -> Arrived {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let port = listener.local_addr().expect("it is bound").port();
    let code = formats::repeat(
        &make(&format!("http://127.0.0.1:{port}")),
        redactor,
        language,
    );
    let server = thread::spawn(move || received(&listener));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("repeat");
    fs::create_dir_all(&folder).expect("the test's folder can be made");
    let (file, mut command) = match language {
        Language::Fetch => (folder.join(format!("{port}.mjs")), Command::new("node")),
        Language::Python => (folder.join(format!("{port}.py")), Command::new(python())),
        Language::Curl => (folder.join(format!("{port}.sh")), Command::new("sh")),
    };
    fs::write(&file, &code).expect("it can be written");
    let output = command.arg(&file).envs(variables.iter().copied()).output();
    let output = output.expect("the language is installed");
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}\n{code}");
    server.join().expect("the server got a request")
}

fn received(listener: &TcpListener) -> Arrived {
    let (mut stream, _) = listener.accept().expect("a connection comes");
    let patience = Some(Duration::from_secs(60));
    stream.set_read_timeout(patience).expect("it can be set");
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    let (head, length) = loop {
        let read = stream.read(&mut buffer).expect("the head comes");
        assert!(read > 0, "the head is whole");
        bytes.extend_from_slice(&buffer[..read]);
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
            bytes.drain(..end + 4);
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                let is_length = name.eq_ignore_ascii_case("content-length");
                is_length.then(|| value.trim().parse::<usize>().ok())?
            });
            break (head, length.unwrap_or_default());
        }
    };
    while bytes.len() < length {
        let read = stream.read(&mut buffer).expect("the body comes");
        assert!(read > 0, "the body is whole");
        bytes.extend_from_slice(&buffer[..read]);
    }
    let answer = b"HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\
                   connection: close\r\n\r\n";
    stream.write_all(answer).expect("it can be answered");
    let mut lines = head.lines();
    let line = lines.next().unwrap_or_default().to_owned();
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    });
    Arrived {
        line,
        headers: headers.collect(),
        body: bytes,
    }
}

/// Python with `requests`, installed at first use.
fn python() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("requests");
    let python = folder.join("bin/python");
    let ready = folder.join("ready");
    if !ready.exists() {
        let run = |command: &mut Command| {
            let output = command.output().expect("Python is installed");
            let problem = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{problem}");
        };
        run(Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder));
        let install = ["-m", "pip", "install", "--quiet", "requests==2.32.5"];
        run(Command::new(&python).args(install));
        fs::write(&ready, "").expect("it can be written");
    }
    python
}

const NASTY: &str = "it's ${x} `y` \"z\" \\ \u{2028} \u{e0041} %s \u{5e9} #{a} {b}";

#[test]
fn what_arrives_is_what_was_recorded() {
    for language in Language::ALL {
        let form = |origin: &str| {
            let url = format!("{origin}/token?a=b%20c&d=%7B1%7D");
            let request = Request::new("POST", url)
                .header("content-type", "text/plain")
                .header("x-one", "it's ${x} `y` \"z\" \\")
                .header("x-two", "a")
                .header("x-two", "b")
                .header("content-length", "5")
                .body(NASTY);
            sample_exchange(request)
        };
        let arrived = sent(language, form, None, &[]);
        assert_eq!(
            arrived.line, "POST /token?a=b%20c&d=%7B1%7D HTTP/1.1",
            "{language:?}"
        );
        let header = |name: &str| arrived.headers.get(name).map(String::as_str);
        assert_eq!(
            header("x-one"),
            Some("it's ${x} `y` \"z\" \\"),
            "{language:?}"
        );
        assert_eq!(header("content-type"), Some("text/plain"));
        assert_eq!(
            String::from_utf8_lossy(&arrived.body),
            NASTY,
            "{language:?}"
        );
        if language == Language::Fetch {
            assert_eq!(header("x-two"), Some("a, b"));
        } else {
            // Nothing that the language would add by itself.
            for name in ["user-agent", "accept", "accept-encoding"] {
                assert_eq!(header(name), None, "{language:?} {name}");
            }
        }
        let bytes: Vec<u8> = (0..=255).collect();
        let binary =
            |origin: &str| sample_exchange(Request::new("PUT", origin).body(bytes.clone()));
        assert_eq!(
            sent(language, binary, None, &[]).body,
            bytes,
            "{language:?}"
        );
    }
}

#[test]
fn secrets_come_from_the_environment_and_are_spelt_as_their_place_asks() {
    let typed = [
        ("access_token".to_owned(), Secret::new("at-0123456789")),
        ("client_secret".to_owned(), Secret::new("cs-0123456789")),
        ("refresh_token".to_owned(), Secret::new("rt-0123456789")),
    ];
    let redactor = Redactor::of(&empty(), &typed);
    let variables = [
        ("ACCESS_TOKEN", "new \"token\""),
        ("CLIENT_SECRET", "p:w \u{fc}"),
        ("REFRESH_TOKEN", "a&b=c"),
    ];
    for language in [Language::Fetch, Language::Python] {
        let call = |origin: &str| {
            let request = Request::new("POST", format!("{origin}/mcp"))
                .header("authorization", "Bearer at-0123456789");
            sample_exchange(request.body("note: rt-0123456789"))
        };
        let arrived = sent(language, call, Some(&redactor), &variables);
        assert_eq!(arrived.headers["authorization"], "Bearer new \"token\"");
        assert_eq!(arrived.body, b"note: a&b=c");
        let refresh = |origin: &str| {
            // "c1:cs-0123456789"
            let basic = "Basic YzE6Y3MtMDEyMzQ1Njc4OQ==";
            let request = Request::new("POST", format!("{origin}/token"))
                .header("authorization", basic)
                .header("content-type", "application/x-www-form-urlencoded");
            sample_exchange(request.body("refresh_token=rt-0123456789&x=1"))
        };
        let arrived = sent(language, refresh, Some(&redactor), &variables);
        // "c1:p:w ü"
        assert_eq!(
            arrived.headers["authorization"], "Basic YzE6cDp3IMO8",
            "{language:?}"
        );
        assert_eq!(arrived.body, b"refresh_token=a%26b%3Dc&x=1", "{language:?}");
    }
}

#[test]
fn no_secret_is_in_the_code() {
    let planted = support::Secrets::new(3);
    let mut trace = empty();
    flow(&mut trace, &planted);
    let redactor = Redactor::of(&trace, &[]);
    for (_, exchange) in trace.exchanges() {
        for language in Language::ALL {
            let code = formats::repeat(exchange, Some(&redactor), language);
            assert!(!code.contains("S3NT1NEL"), "{code}");
            for part in support::decoded_parts(&code) {
                assert!(!part.contains("S3NT1NEL"), "{part}");
            }
        }
    }
}
