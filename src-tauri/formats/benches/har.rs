//! Reading a file of 1 GB, most of it bodies of no flow: how fast, and the most memory it takes.
//! Reading a smaller one, and one as a browser writes it, with many entries of middling size,
//! against `serde_json` reading the same bytes.
//!
//! Writing a trace of 10,000 exchanges as HAR, against `serde_json` writing the same finished
//! document. Redaction is most of the difference: each text is searched for every secret of the
//! trace in every spelling.

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::io::{self, Read};
use std::time::Instant;

use formats::{Export, Secrets};
use serde_json::{Value, json};
use support::{Secrets as Planted, empty, flow, tool_calls};
use trace::Trace;

const EXCHANGES: usize = 10_000;
const ROUNDS: usize = 15;

fn main() {
    // First, since the most memory that a process took never falls again.
    read_large();
    let mut few_large_texts = Vec::new();
    Generated::new(&file_of_flow(), 24_000_000)
        .read_to_end(&mut few_large_texts)
        .expect("memory takes it");
    read_small("few large texts", &few_large_texts);
    read_small("as a browser writes it", &ordinary(&file_of_flow()));
    // A long session: now and then the whole flow with secrets of its own, tool calls in between.
    let session = trace(|trace, planted| {
        flow(trace, planted);
        tool_calls(trace, planted, 86);
    });
    // Nothing but secrets.
    let flows = trace(flow);
    for secrets in [Secrets::Redacted, Secrets::Included] {
        measure("a session", &session, secrets);
        measure("only flows", &flows, secrets);
    }
}

/// Bytes of the large file.
const LARGE: usize = 1_000_000_000;

fn read_large() {
    let flow = file_of_flow();
    let before = most_memory();
    let begin = Instant::now();
    let mut file = Generated::new(&flow, LARGE);
    let opened = formats::open(None, &mut file).expect("it is a HAR file");
    let seconds = begin.elapsed().as_secs_f64();
    let taken = match (before, most_memory()) {
        (Some(before), Some(after)) => format!("{:.0} MB more", (after - before) as f64 / 1e6),
        _ => "not known here".to_owned(),
    };
    println!(
        "reading {:.2} GB with a flow of {:.2} MB: {:.0} MB/s, most memory {taken}, {} exchanges, \
         notes {:?}",
        file.given as f64 / 1e9,
        flow.len() as f64 / 1e6,
        file.given as f64 / 1e6 / seconds,
        opened.trace.exchanges().count(),
        opened.notes,
    );
}

fn read_small(what: &str, bytes: &[u8]) {
    let mut ours = Vec::new();
    let mut plain = Vec::new();
    for _ in 0..ROUNDS {
        plain.push(milliseconds(|| {
            black_box(serde_json::from_slice::<serde_json::Value>(bytes).unwrap());
        }));
        ours.push(milliseconds(|| {
            black_box(formats::open(None, &mut &bytes[..]).unwrap());
        }));
    }
    let (ours, plain) = (median(ours), median(plain));
    println!(
        "reading {:.1} MB, {what}: ours {ours:.1} ms, serde_json {plain:.1} ms, ratio {:.2}",
        bytes.len() as f64 / 1e6,
        plain / ours,
    );
}

/// Entries of an ordinary file.
const ORDINARY: usize = 1_500;

/// What Chrome saves of some minutes on a page, with a flow at its end: header fields by the
/// dozen, cookies, timings and call stacks, and bodies of some kilobytes.
fn ordinary(flow: &[u8]) -> Vec<u8> {
    let fields = |from: usize, count: usize| -> Vec<Value> {
        let all = from..from + count;
        all.map(|nth| {
            let name = format!("x-field-{}", nth % 40);
            json!({"name": name, "value": format!("a value, \"{nth}\"; q=0.9")})
        })
        .collect()
    };
    let entries = (0..ORDINARY).map(|nth| {
        let row = format!("{{\"id\": {nth}, \"name\": \"entry \\u00e9 {nth}\"}},\n");
        let (media, text) = match nth % 3 {
            0 => ("application/json", row.repeat(20 + nth % 200)),
            1 => (
                "text/html",
                "<li class=\"row\">one</li>\n".repeat(10 + nth % 400),
            ),
            _ => (
                "text/javascript",
                "function a(b) {\n\treturn b + 1;\n}\n".repeat(nth % 300),
            ),
        };
        let url = format!("https://www.example/api/v1/things/{nth}?page={}", nth % 7);
        json!({
            "_initiator": {"type": "script", "stack": {"callFrames": [
                {"functionName": "load", "scriptId": "12", "url": url, "lineNumber": nth},
                {"functionName": "", "scriptId": "13", "url": url, "lineNumber": 1},
            ]}},
            "_priority": "High", "_resourceType": "fetch", "cache": {}, "connection": "443",
            "pageref": "page_1", "serverIPAddress": "203.0.113.5",
            "startedDateTime": "2026-11-26T10:00:00.000Z", "time": 12.25,
            "request": {
                "method": "GET", "url": url, "httpVersion": "http/2.0", "headers": fields(nth, 18),
                "queryString": [{"name": "page", "value": "1"}], "headersSize": -1, "bodySize": 0,
                "cookies": [{"name": "sid", "value": "0123456789abcdef", "path": "/"}],
            },
            "response": {
                "status": 200, "statusText": "", "httpVersion": "http/2.0",
                "headers": fields(nth, 22),
                "cookies": [], "redirectURL": "", "headersSize": -1, "bodySize": -1,
                "content": {"size": text.len(), "mimeType": media, "text": text},
            },
            "timings": {"blocked": 1.5, "dns": -1, "connect": -1, "ssl": -1, "send": 0.1,
                "wait": 9.2, "receive": 1.4},
        })
    });
    let all: Vec<String> = entries.map(|entry| entry.to_string()).collect();
    let start = memchr::memmem::find(flow, b"\"entries\":[").expect("a HAR file has entries");
    let head = r#"{"log":{"version":"1.2","creator":{"name":"WebInspector","version":"537.36"},"entries":["#;
    let mut file = head.as_bytes().to_vec();
    file.extend_from_slice(all.join(",").as_bytes());
    file.push(b',');
    file.extend_from_slice(&flow[start + 11..]);
    file
}

/// The file of one flow, with its secrets.
fn file_of_flow() -> Vec<u8> {
    let mut trace = empty();
    flow(&mut trace, &Planted::plain(10));
    let export = Export {
        secrets: Secrets::Included,
        ..Export::redacted(&trace, "0.1.0")
    };
    let mut file = Vec::new();
    let har = formats::format("har").expect("the format is in the table");
    har.write(&export, &mut file).expect("memory takes it");
    file
}

/// The most memory that this process has taken so far, in bytes.
fn most_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// A HAR file with the entries of a flow at its end, made while it is read.
struct Generated {
    /// The end: the flow.
    end: Vec<u8>,
    part: Vec<u8>,
    at: usize,
    given: usize,
    size: usize,
    entries: usize,
    ended: bool,
}

impl Generated {
    fn new(flow: &[u8], size: usize) -> Self {
        let start = memchr::memmem::find(flow, b"\"entries\":[").expect("a HAR file has entries");
        Self {
            end: flow[start + 11..].to_vec(),
            part: br#"{"log":{"version":"1.2","creator":{"name":"a browser","version":"1"},"entries":["#
                .to_vec(),
            at: 0,
            given: 0,
            size,
            entries: 0,
            ended: false,
        }
    }

    /// One of no flow: a picture, a script, an answer of another service, of up to 40 MB.
    fn entry(&self) -> Vec<u8> {
        let (media, length, encoding) = match self.entries % 8 {
            0 => ("image/png", 400_000, ",\"encoding\":\"base64\""),
            1 => ("text/javascript", 700_000, ""),
            2 => ("application/json", 30_000, ""),
            3 => ("text/html", 90_000, ""),
            4 if self.entries % 64 == 4 => ("application/json", 40_000_000, ""),
            4 => ("video/mp4", 3_000_000, ",\"encoding\":\"base64\""),
            5 => ("application/json", 2_000_000, ""),
            6 => ("font/woff2", 60_000, ",\"encoding\":\"base64\""),
            _ => ("text/css", 120_000, ""),
        };
        // Not to be larger than what is asked for.
        let length = length.min(self.size / 8);
        let nth = self.entries;
        let mut entry = format!(
            r#"{{"startedDateTime":"2026-11-26T10:00:00.000Z","time":12,"request":{{"method":"GET",
            "url":"https://www.example/{nth}","headers":[{{"name":"Accept","value":"*/*"}}]}},
            "response":{{"status":200,"headers":[{{"name":"Content-Type","value":"{media}"}}],
            "content":{{"size":{length},"mimeType":"{media}"{encoding},"text":""#
        )
        .into_bytes();
        entry.resize(entry.len() + length, b'a');
        entry.extend_from_slice(b"\"}}},");
        entry
    }
}

impl Read for Generated {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        if self.at == self.part.len() {
            self.at = 0;
            self.part = if self.given < self.size {
                self.entry()
            } else if self.ended {
                Vec::new()
            } else {
                self.ended = true;
                std::mem::take(&mut self.end)
            };
            self.entries += 1;
        }
        let count = to.len().min(self.part.len() - self.at);
        to[..count].copy_from_slice(&self.part[self.at..self.at + count]);
        self.at += count;
        self.given += count;
        Ok(count)
    }
}

fn trace(mut append: impl FnMut(&mut Trace, &Planted)) -> Trace {
    let mut trace = empty();
    let mut tag = 0;
    while trace.exchanges().count() < EXCHANGES {
        tag += 10;
        append(&mut trace, &Planted::plain(tag));
    }
    trace
}

fn measure(what: &str, trace: &Trace, secrets: Secrets) {
    let har = formats::format("har").expect("the format is in the table");
    let export = Export {
        secrets,
        ..Export::redacted(trace, "0.1.0")
    };
    let mut file = Vec::new();
    har.write(&export, &mut file).expect("memory takes it");
    let document: serde_json::Value = serde_json::from_slice(&file).expect("a HAR file is JSON");
    let size = file.len();
    let mut ours = Vec::new();
    let mut plain = Vec::new();
    for _ in 0..ROUNDS {
        plain.push(milliseconds(|| {
            serde_json::to_writer(io::BufWriter::with_capacity(1 << 16, Sink), &document).unwrap();
        }));
        ours.push(milliseconds(|| har.write(&export, &mut Sink).unwrap()));
    }
    let (ours, plain) = (median(ours), median(plain));
    let ratio = ours / plain;
    println!(
        "har of {what}, {secrets:?}: {} exchanges, {:.1} MB, our writer {ours:.1} ms, serde_json {plain:.1} ms, ratio {ratio:.2}",
        trace.exchanges().count(),
        size as f64 / 1e6,
    );
}

fn milliseconds(work: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    work();
    begin.elapsed().as_secs_f64() * 1e3
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Takes everything, and is not optimised away.
struct Sink;

impl io::Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        black_box(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
