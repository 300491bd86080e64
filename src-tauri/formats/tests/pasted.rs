//! Whatever is pasted is read, in a bounded time, and whatever is left out is named.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use formats::{Opened, open};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng as _, SeedableRng as _};

/// Generous: a busy machine, and a build without optimisation.
const ENOUGH: Duration = Duration::from_secs(60);

fn corpus() -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/recordings");
    let mut all = Vec::new();
    for part in ["pasted", "seen", "mitmproxy"] {
        let files = std::fs::read_dir(folder.join(part)).expect("there are fixtures");
        for file in files.flatten() {
            all.push(std::fs::read(file.path()).expect("a fixture can be read"));
        }
    }
    assert!(all.len() > 15, "{}", all.len());
    all
}

fn read(bytes: &[u8]) -> Option<Opened> {
    open(None, &mut &bytes[..]).ok()
}

/// Cuts, repeats, swaps and changes bytes.
fn changed(random: &mut StdRng, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = corpus.choose(random).cloned().unwrap_or_default();
    bytes.truncate(24 << 10);
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..=bytes.len());
        let to = random.random_range(at..=bytes.len().min(at + 200));
        match random.random_range(0..6) {
            0 => drop(bytes.drain(at..to)),
            1 => {
                let part = bytes[at..to].to_vec();
                bytes.splice(at..at, part);
            }
            2 => bytes.truncate(at),
            3 => {
                let signs = b"\"'`{}[]<>\\\n\r|:$^%,;=0\xff\xc3\x1b";
                let sign = *signs.choose(random).unwrap_or(&b'x');
                bytes.insert(at, sign);
            }
            4 => {
                let other = corpus.choose(random).cloned().unwrap_or_default();
                let part = other.iter().take(300).copied().collect::<Vec<u8>>();
                bytes.splice(at..at, part);
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.random_range(0..8);
                }
            }
        }
    }
    bytes
}

#[test]
fn damaged_evidence_never_panics_and_names_lines_that_there_are() {
    let corpus = corpus();
    let mut random = StdRng::seed_from_u64(7);
    let begun = Instant::now();
    for _ in 0..3_000 {
        let bytes = changed(&mut random, &corpus);
        let Some(opened) = read(&bytes) else { continue };
        let lines = bytes.split(|byte| matches!(byte, b'\n' | b'\r')).count();
        for piece in &opened.pieces {
            let (first, last) = piece.lines;
            assert!(
                1 <= first && first <= last && last <= lines.max(1),
                "{piece:?}, {lines}"
            );
        }
    }
    assert!(begun.elapsed() < ENOUGH, "{:?}", begun.elapsed());
}

#[test]
fn what_never_ends_is_read_in_a_bounded_time() {
    let megabytes = |unit: &str, count: usize| unit.repeat((count << 20) / unit.len());
    for unit in [
        "curl '\n",
        "curl \"https://a.example/x?\n",
        "{\"a\":\n",
        "[\n",
        "a: b\n",
        "> GET / HTTP/1.1\n",
        "< HTTP/1.1 401 Unauthorized\n",
        "HTTP/1.1 401 Unauthorized\n",
        "GET /mcp HTTP/1.1\nHost: a.example\n\n",
        "10.0.0.1 - - [x] \"POST /mcp HTTP/1.1\" 401 2 \"-\" \"-\"\n",
        "| POST | /mcp | 401 |\n",
        "Bearer a=\"b\"\n",
        "fetch(\"https://a.example/\", {\n",
        "eyJhbGciOiJub25lIn0.e30.\n",
        "Request URL\nhttps://a.example/\n",
        "word ",
        "```\n",
    ] {
        let text = megabytes(unit, 1);
        let begun = Instant::now();
        read(text.as_bytes()).unwrap_or_else(|| panic!("{unit}"));
        assert!(begun.elapsed() < ENOUGH, "{unit}: {:?}", begun.elapsed());
    }
}

#[test]
fn text_of_power_shell_is_read_too() {
    let text = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\n";
    let units = text.encode_utf16().flat_map(u16::to_le_bytes);
    let bytes: Vec<u8> = [0xff, 0xfe].into_iter().chain(units).collect();
    let opened = read(&bytes).expect("it is text");
    assert_eq!(opened.trace.exchanges().count(), 1);
    assert!(read(&[0, 159, 146, 150]).is_none());
}
