//! Writing a trace of 10,000 exchanges as HAR, against `serde_json` writing the same finished
//! document. Redaction is most of the difference: each text is searched for every secret of the
//! trace in every spelling.

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::io;
use std::time::Instant;

use formats::{Export, Secrets};
use support::{Secrets as Planted, empty, flow, tool_calls};
use trace::Trace;

const EXCHANGES: usize = 10_000;
const ROUNDS: usize = 15;

fn main() {
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
