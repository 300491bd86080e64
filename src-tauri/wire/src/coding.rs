//! Content codings: which one a body has, and undoing it while it comes.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use async_compression::tokio::bufread::{
    BrotliDecoder, DeflateDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder,
};
use async_compression::zstd::DParameter;
use futures_util::Stream;
use tokio::io::{AsyncRead, BufReader, ReadBuf};
use trace::Response;

/// What is accepted, as `accept-encoding` says it.
pub(crate) const ACCEPTED: &str = "gzip, deflate, br, zstd";

/// Enough bytes to recognise a coding by its beginning.
pub(crate) const MAGIC: usize = 4;

/// Codings that are undone on one body. More than one is lawful and rare.
const MOST_CODINGS: usize = 3;

/// RFC 9659 section 3: a window of at most 8 MB. It bounds the memory for a body.
const ZSTD_WINDOW_LOG: u32 = 23;

/// What the first bytes and the headers say of a body's coding.
pub(crate) struct Guess {
    /// What `content-encoding` says, in the order the codings were applied.
    pub(crate) announced: Vec<String>,
    pub(crate) kind: Kind,
}

#[derive(Debug, PartialEq)]
pub(crate) enum Kind {
    /// To be left as it is: there is no coding, or none that is known here.
    Plain,
    /// To be undone, the first one of the list first. Also where none was announced.
    Coded(Vec<&'static str>),
    /// Not what was announced. The text says why.
    False(String),
}

impl Guess {
    pub(crate) fn of(response: &Response, first: &[u8]) -> Self {
        let announced: Vec<String> = response
            .header_values("content-encoding")
            .flat_map(|value| value.split(','))
            .map(|coding| coding.trim().to_ascii_lowercase())
            .filter(|coding| !coding.is_empty() && coding != "identity")
            .collect();
        let kind = if first.is_empty() {
            Kind::Plain
        } else if announced.is_empty() {
            let hidden = magic(first).filter(|_| !is_archive(response));
            hidden.map_or(Kind::Plain, |coding| Kind::Coded(vec![coding]))
        } else {
            kind_of(&announced, first)
        };
        Self { announced, kind }
    }
}

fn kind_of(announced: &[String], first: &[u8]) -> Kind {
    let known: Option<Vec<&'static str>> = announced.iter().rev().map(|name| known(name)).collect();
    let Some(codings) = known.filter(|codings| codings.len() <= MOST_CODINGS) else {
        return Kind::Plain;
    };
    match codings.first() {
        // Both formats begin with a magic number.
        Some(outer @ &("gzip" | "zstd")) if first.len() >= 2 && !begins_as(outer, first) => {
            Kind::False(format!("the bytes do not begin as {outer} does"))
        }
        _ => Kind::Coded(codings),
    }
}

/// RFC 9110 section 8.4.1 has the names; `x-gzip` is an old one of gzip.
fn known(name: &str) -> Option<&'static str> {
    Some(match name {
        "gzip" | "x-gzip" => "gzip",
        "deflate" => "deflate",
        "br" => "br",
        "zstd" => "zstd",
        _ => return None,
    })
}

fn magic(first: &[u8]) -> Option<&'static str> {
    ["gzip", "zstd"]
        .into_iter()
        .find(|coding| first.len() >= 3 && begins_as(coding, first))
}

/// Whether the bytes, as many as there are, begin as a coding does.
fn begins_as(coding: &str, first: &[u8]) -> bool {
    let number: &[u8] = match coding {
        // RFC 1952 section 2.3.1: with the only method there is.
        "gzip" => &[0x1f, 0x8b, 8],
        // RFC 8878 section 3.1.1.
        _ => &[0x28, 0xb5, 0x2f, 0xfd],
    };
    first
        .iter()
        .zip(number)
        .all(|(byte, expected)| byte == expected)
}

/// Bodies that are compressed files: that is not a content coding.
fn is_archive(response: &Response) -> bool {
    let media = response.media_type().unwrap_or_default();
    media == "application/octet-stream" || media.contains("gzip") || media.contains("zstd")
}

/// Undoes codings, the first one of the list first.
pub(crate) fn undone(
    source: impl AsyncRead + Send + Unpin + 'static,
    first: &[u8],
    codings: &[&'static str],
) -> Pin<Box<dyn AsyncRead + Send>> {
    let mut reader: Pin<Box<dyn AsyncRead + Send>> = Box::pin(source);
    for (at, coding) in codings.iter().enumerate() {
        let inner = BufReader::new(reader);
        reader = match *coding {
            "gzip" => {
                let mut decoder = GzipDecoder::new(inner);
                decoder.multiple_members(true);
                Box::pin(decoder)
            }
            "br" => Box::pin(BrotliDecoder::new(inner)),
            "zstd" => {
                let window = [DParameter::window_log_max(ZSTD_WINDOW_LOG)];
                let mut decoder = ZstdDecoder::with_params(inner, &window);
                decoder.multiple_members(true);
                Box::pin(decoder)
            }
            // `deflate` means the zlib format; some servers send it bare (RFC 9110 section
            // 8.4.1.2).
            _ if at == 0 && !is_zlib(first) => Box::pin(DeflateDecoder::new(inner)),
            _ => Box::pin(ZlibDecoder::new(inner)),
        };
    }
    reader
}

/// RFC 1950 section 2.2: the method, and the check of the first two bytes.
fn is_zlib(first: &[u8]) -> bool {
    match first {
        [method, flags, ..] => {
            method & 0x0f == 8 && (u16::from(*method) << 8 | u16::from(*flags)) % 31 == 0
        }
        _ => true,
    }
}

/// The body as it comes, kept as it came up to a limit. Copies read the same body.
pub(crate) struct Incoming<S>(Arc<Mutex<Inner<S>>>);

struct Inner<S> {
    stream: S,
    limit: usize,
    /// What came so far.
    raw: Vec<u8>,
    /// How much of that was read by the decoder.
    read: usize,
    /// More came than the limit allows.
    over: bool,
    ended: bool,
}

impl<S> Clone for Incoming<S> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S, B> Incoming<S>
where
    S: Stream<Item = reqwest::Result<B>> + Unpin,
    B: AsRef<[u8]>,
{
    pub(crate) fn new(stream: S, limit: usize) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            stream,
            limit,
            raw: Vec::new(),
            read: 0,
            over: false,
            ended: false,
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Inner<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for more. False at the end, or at the limit.
    pub(crate) async fn more(&self) -> reqwest::Result<bool> {
        std::future::poll_fn(|cx| self.lock().poll_more(cx)).await
    }

    /// What came so far.
    pub(crate) fn with_raw<T>(&self, look: impl FnOnce(&[u8]) -> T) -> T {
        look(&self.lock().raw)
    }

    pub(crate) fn take_raw(&self) -> Vec<u8> {
        std::mem::take(&mut self.lock().raw)
    }

    /// More came than the limit allows.
    pub(crate) fn is_over(&self) -> bool {
        self.lock().over
    }
}

impl<S, B> Inner<S>
where
    S: Stream<Item = reqwest::Result<B>> + Unpin,
    B: AsRef<[u8]>,
{
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<reqwest::Result<bool>> {
        loop {
            if self.ended || self.over {
                return Poll::Ready(Ok(false));
            }
            match ready!(Pin::new(&mut self.stream).poll_next(cx)) {
                None => self.ended = true,
                Some(Err(error)) => {
                    self.ended = true;
                    return Poll::Ready(Err(error));
                }
                Some(Ok(chunk)) => {
                    let chunk = chunk.as_ref();
                    let room = self.limit - self.raw.len();
                    self.raw.extend_from_slice(&chunk[..chunk.len().min(room)]);
                    self.over = chunk.len() > room;
                    if !chunk.is_empty() {
                        return Poll::Ready(Ok(true));
                    }
                }
            }
        }
    }
}

impl<S, B> AsyncRead for Incoming<S>
where
    S: Stream<Item = reqwest::Result<B>> + Unpin,
    B: AsRef<[u8]>,
{
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut inner = self.lock();
        while inner.read == inner.raw.len() {
            if !ready!(inner.poll_more(cx)).map_err(io::Error::other)? {
                return Poll::Ready(Ok(()));
            }
        }
        let rest = &inner.raw[inner.read..];
        let taken = rest.len().min(into.remaining());
        into.put_slice(&rest[..taken]);
        inner.read += taken;
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use trace::{Body, Header};

    use super::*;

    fn guess(headers: &[(&str, &str)], first: &[u8]) -> Guess {
        let response = Response {
            status: 200,
            headers: headers
                .iter()
                .map(|(name, value)| Header::new(name, *value))
                .collect(),
            body: Body::empty(),
        };
        Guess::of(&response, first)
    }

    #[test]
    fn what_is_announced_and_what_is_there_are_told_apart() {
        const GZIP: &[u8] = &[0x1f, 0x8b, 8, 0];
        const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
        let coded = |codings: &[&'static str]| Kind::Coded(codings.to_vec());
        for (encoding, media, first, kind) in [
            ("", "", &b"{}"[..], Kind::Plain),
            ("identity", "", b"{}", Kind::Plain),
            ("gzip", "", GZIP, coded(&["gzip"])),
            (" X-GZIP ", "", GZIP, coded(&["gzip"])),
            ("gzip, br", "", b"..", coded(&["br", "gzip"])),
            ("zstd", "", ZSTD, coded(&["zstd"])),
            ("gzip", "", b"", Kind::Plain),
            ("", "application/json", GZIP, coded(&["gzip"])),
            ("", "text/html", ZSTD, coded(&["zstd"])),
            ("", "application/gzip", GZIP, Kind::Plain),
            ("", "application/octet-stream", GZIP, Kind::Plain),
            ("compress", "", b"..", Kind::Plain),
            ("gzip, gzip, gzip, gzip", "", GZIP, Kind::Plain),
        ] {
            let headers = [("Content-Encoding", encoding), ("Content-Type", media)];
            assert_eq!(guess(&headers, first).kind, kind, "{encoding} {media}");
        }
        let two = [("content-encoding", "gzip"), ("content-encoding", "br")];
        assert_eq!(guess(&two, b"..").kind, coded(&["br", "gzip"]));
        let wrong = guess(&[("content-encoding", "gzip")], b"{\"a\":1}").kind;
        assert!(matches!(wrong, Kind::False(_)));
    }
}
