//! Undoes the content coding of a body, which a flow file keeps as it was on the wire.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use tokio::io::{AsyncRead, ReadBuf};

/// Whether a coding can be undone.
pub fn is_known(coding: &str) -> bool {
    let known = ["gzip", "x-gzip", "deflate", "br", "zstd"];
    known.contains(&coding.trim().to_ascii_lowercase().as_str())
}

/// The bytes under a coding, at most [`MOST`] of them. `None` for a coding that is not known, and
/// where the bytes are not what it says.
pub fn decoded(bytes: &[u8], coding: &str) -> Option<Vec<u8>> {
    match coding.trim().to_ascii_lowercase().as_str() {
        "gzip" | "x-gzip" => all(GzipDecoder::new(bytes)),
        "deflate" => all(ZlibDecoder::new(bytes)),
        "br" => all(BrotliDecoder::new(bytes)),
        "zstd" => all(ZstdDecoder::new(bytes)),
        _ => None,
    }
}

/// What a reader over bytes in memory gives. It never waits.
fn all(mut reader: impl AsyncRead + Unpin) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut context = Context::from_waker(Waker::noop());
    let mut part = vec![0; 16 << 10];
    while out.len() < MOST {
        let mut part = ReadBuf::new(&mut part);
        match Pin::new(&mut reader).poll_read(&mut context, &mut part) {
            Poll::Ready(Ok(())) if part.filled().is_empty() => return Some(out),
            Poll::Ready(Ok(())) => out.extend_from_slice(part.filled()),
            Poll::Ready(Err(_)) | Poll::Pending => return None,
        }
    }
    Some(out)
}

/// Bytes of a decoded body.
const MOST: usize = 8 << 20;
