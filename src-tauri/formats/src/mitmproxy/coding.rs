//! Undoes the content coding of a body, which a flow file keeps as it was on the wire.

use std::io::{self, Read};

use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use trace::CodingEnd;

/// Bytes of a decoded body that are kept.
const MOST: u64 = 8 << 20;

/// The bytes under a coding, and how their decoding ended. `None` for a coding that is not known.
pub fn decoded(bytes: &[u8], coding: &str) -> Option<(Vec<u8>, CodingEnd)> {
    Some(match coding.trim().to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => read(MultiGzDecoder::new(bytes), coding),
        "deflate" if is_zlib(bytes) => read(ZlibDecoder::new(bytes), coding),
        "deflate" => bare_deflate(bytes, coding),
        "br" => read(
            brotli::Decompressor::new(bytes.chain(NoMore), BUFFER),
            coding,
        ),
        "zstd" => match zstd::Decoder::with_buffer(bytes) {
            Ok(decoder) => read(decoder, coding),
            Err(error) => (Vec::new(), broken(&error, coding)),
        },
        _ => return None,
    })
}

/// RFC 1950 section 2.2: the method, and the check of the first two bytes.
fn is_zlib(bytes: &[u8]) -> bool {
    match bytes {
        [method, flags, ..] => {
            method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0
        }
        _ => false,
    }
}

/// `deflate` means the zlib format; some servers send it bare (RFC 9110 section 8.4.1.2). Nothing
/// marks it, so it counts only where all of the bytes are it.
fn bare_deflate(bytes: &[u8], coding: &str) -> (Vec<u8>, CodingEnd) {
    let mut decoder = DeflateDecoder::new(bytes);
    match read(&mut decoder, coding) {
        (_, CodingEnd::Broken { .. }) => (Vec::new(), not(coding)),
        (_, CodingEnd::Complete) if decoder.total_in() != bytes.len() as u64 => {
            (Vec::new(), not(coding))
        }
        decoded => decoded,
    }
}

/// Bytes that the brotli decoder reads at a time.
const BUFFER: usize = 16 << 10;

/// What stands after bytes that end too early. The brotli decoder itself gives the same error as
/// for bytes that are something else.
struct NoMore;

impl Read for NoMore {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}

/// All that a decoder gives before its end or its first error.
fn read(mut decoder: impl Read, coding: &str) -> (Vec<u8>, CodingEnd) {
    let mut body = Vec::new();
    let end = match decoder.by_ref().take(MOST).read_to_end(&mut body) {
        Err(error) => broken(&error, coding),
        Ok(_) if body.len() as u64 == MOST => CodingEnd::Truncated { limit: MOST },
        Ok(_) => CodingEnd::Complete,
    };
    (body, end)
}

fn broken(error: &io::Error, coding: &str) -> CodingEnd {
    if error.kind() != io::ErrorKind::UnexpectedEof {
        return not(coding);
    }
    CodingEnd::Broken {
        reason: format!("the bytes end in the middle of {coding}"),
    }
}

fn not(coding: &str) -> CodingEnd {
    CodingEnd::Broken {
        reason: format!("the bytes are not {coding}"),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    /// Text that no coding makes so small that nothing is left to cut off.
    fn text() -> Vec<u8> {
        let lines: Vec<String> = (0..2_000_u32)
            .map(|at| format!("{:x}", at.wrapping_mul(2_654_435_761)))
            .collect();
        lines.join("\n").into_bytes()
    }

    /// The text in each coding.
    fn coded() -> Vec<(&'static str, Vec<u8>)> {
        let text = text();
        let level = Compression::default();
        let mut gzip = GzEncoder::new(Vec::new(), level);
        gzip.write_all(&text).unwrap();
        let mut zlib = ZlibEncoder::new(Vec::new(), level);
        zlib.write_all(&text).unwrap();
        let mut bare = DeflateEncoder::new(Vec::new(), level);
        bare.write_all(&text).unwrap();
        let mut br = Vec::new();
        brotli::CompressorWriter::new(&mut br, BUFFER, 5, 22)
            .write_all(&text)
            .unwrap();
        vec![
            ("gzip", gzip.finish().unwrap()),
            ("deflate", zlib.finish().unwrap()),
            ("deflate", bare.finish().unwrap()),
            ("br", br),
            ("zstd", zstd::encode_all(text.as_slice(), 3).unwrap()),
        ]
    }

    #[test]
    fn whole_bodies_are_decoded() {
        for (coding, bytes) in coded() {
            let (body, end) = decoded(&bytes, coding).unwrap();
            assert_eq!(end, CodingEnd::Complete, "{coding}");
            assert_eq!(body, text(), "{coding}");
        }
        assert_eq!(decoded(b"plain", "rot13"), None);
    }

    #[test]
    fn what_was_cut_off_is_told_from_what_has_another_coding() {
        for (coding, mut bytes) in coded() {
            bytes.truncate(bytes.len() / 2);
            if coding == "deflate" && !is_zlib(&bytes) {
                continue;
            }
            let (_, end) = decoded(&bytes, coding).unwrap();
            let reason = format!("the bytes end in the middle of {coding}");
            assert_eq!(end, CodingEnd::Broken { reason }, "{coding}");
        }
        for coding in ["gzip", "deflate", "br", "zstd"] {
            let (body, end) = decoded(b"{\"plain\": true}", coding).unwrap();
            let reason = format!("the bytes are not {coding}");
            assert_eq!(end, CodingEnd::Broken { reason }, "{coding}");
            assert!(body.is_empty(), "{coding}");
        }
    }

    #[test]
    fn a_body_without_end_is_cut_at_the_limit() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(&vec![0; MOST as usize + 1]).unwrap();
        let (body, end) = decoded(&gzip.finish().unwrap(), "gzip").unwrap();
        assert_eq!(end, CodingEnd::Truncated { limit: MOST });
        assert_eq!(body.len() as u64, MOST);
    }
}
