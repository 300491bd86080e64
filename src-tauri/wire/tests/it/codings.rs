use std::time::Duration;

use async_compression::tokio::write::{
    BrotliEncoder, DeflateEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use trace::{Body, BodyEnd, CodingEnd, Request};
use wire::{Settings, Wire};

use crate::server::{Reply, Server, response, wire, within};

const JSON: &str = "{\"issuer\":\"https://as.example\",\"scopes\":[\"a\",\"b\",\"a\",\"b\"]}";

/// Data in a coding. `bare` is deflate without the zlib format.
async fn coded(coding: &str, data: impl AsyncRead + Unpin) -> Vec<u8> {
    macro_rules! with {
        ($encoder:ident, $data:expr) => {{
            let mut encoder = $encoder::new(Vec::new());
            tokio::io::copy(&mut $data, &mut encoder).await.unwrap();
            encoder.shutdown().await.unwrap();
            encoder.into_inner()
        }};
    }
    let mut data = data;
    match coding {
        "gzip" | "x-gzip" => with!(GzipEncoder, data),
        "deflate" => with!(ZlibEncoder, data),
        "bare" => with!(DeflateEncoder, data),
        "br" => with!(BrotliEncoder, data),
        "zstd" => with!(ZstdEncoder, data),
        _ => unreachable!("{coding}"),
    }
}

/// The bytes as they came, of a body whose coding was undone.
fn raw(body: &Body) -> &[u8] {
    let coding = body.coding.as_ref().expect("there was a coding");
    let raw = &coding.raw.as_ref().expect("they were kept").0;
    assert_eq!(coding.length, raw.len() as u64);
    raw
}

fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\n{headers}content-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

async fn body(wire: Wire, reply: Reply) -> Body {
    let reply = std::sync::Mutex::new(Some(reply));
    let server = Server::start(move |_| reply.lock().unwrap().take().unwrap()).await;
    let sent = within(wire.send(Request::new("GET", server.url("/")), &[])).await;
    response(&sent).body.clone()
}

#[tokio::test]
async fn what_is_accepted_is_said_and_can_be_changed() {
    let mut server = Server::answering("HTTP/1.1 204 x\r\n\r\n").await;
    within(wire().send(Request::new("GET", server.url("/")), &[])).await;
    let request = server.received().await;
    assert!(
        request.ends_with("accept-encoding: gzip, deflate, br, zstd\r\n\r\n"),
        "{request}"
    );
    let own = Request::new("GET", server.url("/")).header("Accept-Encoding", "identity");
    within(wire().send(own, &[])).await;
    let request = server.received().await;
    assert!(
        request.contains("accept-encoding: identity\r\n"),
        "{request}"
    );
    assert_eq!(request.matches("accept-encoding").count(), 1, "{request}");
}

#[tokio::test]
async fn every_coding_is_undone_and_the_bytes_are_kept_as_they_came() {
    for (coding, announced) in [
        ("gzip", "gzip"),
        ("gzip", "GZIP"),
        ("x-gzip", "x-gzip"),
        ("deflate", "deflate"),
        ("bare", "deflate"),
        ("br", "br"),
        ("zstd", "zstd"),
    ] {
        let bytes = coded(coding, JSON.as_bytes()).await;
        let headers = format!("Content-Encoding: {announced}\r\n");
        let chunked = bytes.iter().fold(
            format!("HTTP/1.1 200 OK\r\n{headers}transfer-encoding: chunked\r\n\r\n").into_bytes(),
            |whole, byte| [&whole[..], b"1\r\n", &[*byte], b"\r\n"].concat(),
        );
        let chunked = [&chunked[..], b"0\r\n\r\n"].concat();
        for whole in [answer(&headers, &bytes), chunked] {
            let body = body(wire(), Reply::Then(whole)).await;
            assert_eq!(body.text(), Some(JSON), "{coding}: {body:?}");
            assert_eq!(body.end, BodyEnd::Complete);
            assert_eq!(raw(&body), bytes);
            let coding = body.coding.unwrap();
            assert_eq!(coding.end, CodingEnd::Complete);
            assert_eq!(coding.name, announced.to_ascii_lowercase());
        }
    }
    let inner = coded("gzip", JSON.as_bytes()).await;
    let bytes = coded("br", &inner[..]).await;
    let body = body(
        wire(),
        Reply::Then(answer("Content-Encoding: gzip, br\r\n", &bytes)),
    )
    .await;
    assert_eq!((body.text(), raw(&body)), (Some(JSON), &bytes[..]));
}

#[tokio::test]
async fn a_coding_that_nobody_announced_or_that_is_not_there_is_recorded() {
    let gzip = coded("gzip", JSON.as_bytes()).await;
    let hidden = body(
        wire(),
        Reply::Then(answer("Content-Type: application/json\r\n", &gzip)),
    )
    .await;
    assert_eq!(hidden.text(), Some(JSON));
    assert_eq!(raw(&hidden), gzip);
    assert_eq!(hidden.coding.unwrap().name, "gzip");

    let archive = body(
        wire(),
        Reply::Then(answer("Content-Type: application/gzip\r\n", &gzip)),
    )
    .await;
    assert_eq!((archive.bytes, archive.coding), (gzip, None));

    let long = JSON.repeat(10_000);
    for coding in ["gzip", "deflate", "br", "zstd"] {
        for text in [JSON, "no", &long] {
            let headers = format!("Content-Encoding: {coding}\r\n");
            let plain = body(wire(), Reply::Then(answer(&headers, text.as_bytes()))).await;
            assert_eq!(plain.text(), Some(text), "{coding}: {plain:?}");
            assert_eq!(plain.end, BodyEnd::Complete, "{coding}");
            let found = plain.coding.unwrap();
            assert_eq!((&*found.name, found.raw), (coding, None));
            assert!(
                matches!(&found.end, CodingEnd::Broken { reason } if reason.contains("bytes")),
                "{coding}: {:?}",
                found.end
            );
        }
    }
    let unknown = body(
        wire(),
        Reply::Then(answer("Content-Encoding: compress\r\n", b"xyz")),
    )
    .await;
    assert_eq!(unknown.bytes, b"xyz");
    assert_eq!(unknown.coding, None);
    let none = body(
        wire(),
        Reply::Then(answer("Content-Encoding: gzip\r\n", b"")),
    )
    .await;
    assert_eq!(none, Body::empty());
}

#[tokio::test]
async fn a_body_grows_to_the_limit_and_no_further() {
    const LIMIT: u64 = 100_000;
    let settings = Settings {
        body_limit: LIMIT,
        ..Settings::default()
    };
    let limited = Wire::new(&settings).unwrap();
    for coding in ["gzip", "deflate", "bare", "br", "zstd"] {
        // Much less than what it becomes.
        let bomb = coded(coding, tokio::io::repeat(0).take(8 << 20)).await;
        let announced = if coding == "bare" { "deflate" } else { coding };
        let headers = format!("Content-Encoding: {announced}\r\n");
        let body = body(limited.clone(), Reply::Then(answer(&headers, &bomb))).await;
        assert_eq!(body.bytes.len() as u64, LIMIT, "{coding}");
        assert_eq!(body.end, BodyEnd::Truncated { limit: LIMIT }, "{coding}");
        assert!(raw(&body).len() as u64 <= LIMIT);
    }
}

#[tokio::test]
async fn coded_data_that_ends_or_breaks_in_the_middle_is_cut_off() {
    let text: String = (0..20_000)
        .map(|number| format!("{number}: {}\n", number * 7919))
        .collect();
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let bytes = coded(coding, text.as_bytes()).await;
        let headers = format!("Content-Encoding: {coding}\r\n");
        let half = body(
            wire(),
            Reply::Then(answer(&headers, &bytes[..bytes.len() / 2])),
        )
        .await;
        assert!(text.as_bytes().starts_with(&half.bytes), "{coding}");
        assert!(
            matches!(&half.end, BodyEnd::CutOff { reason } if reason.contains(coding)),
            "{coding}: {:?}",
            half.end
        );
        let closed = answer(&headers, &bytes);
        let closed = closed[..closed.len() - bytes.len() / 2].to_vec();
        let closed = body(wire(), Reply::Close(closed)).await;
        assert!(
            matches!(&closed.end, BodyEnd::CutOff { reason } if reason.contains("connection was closed")),
            "{coding}: {:?}",
            closed.end
        );
    }
}

#[tokio::test]
async fn a_coded_event_stream_is_read_up_to_its_answer_and_not_waited_for() {
    let event = "data: {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}\n\n";
    let settings = Settings {
        timeout: Duration::from_secs(15),
        ..Settings::default()
    };
    let patient = Wire::new(&settings).unwrap();
    let headers = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-encoding: ";
    for coding in ["gzip", "deflate", "br", "zstd"] {
        macro_rules! flushed {
            ($encoder:ident) => {{
                let mut encoder = $encoder::new(Vec::new());
                encoder.write_all(event.as_bytes()).await.unwrap();
                encoder.flush().await.unwrap();
                encoder.get_ref().clone()
            }};
        }
        let begun = match coding {
            "gzip" => flushed!(GzipEncoder),
            "deflate" => flushed!(ZlibEncoder),
            "br" => flushed!(BrotliEncoder),
            _ => flushed!(ZstdEncoder),
        };
        let bytes = [format!("{headers}{coding}\r\n\r\n").as_bytes(), &begun].concat();
        let body = body(patient.clone(), Reply::Hold(bytes)).await;
        assert_eq!(body.text(), Some(event), "{coding}");
        assert_eq!(body.end, BodyEnd::Complete, "{coding}");
        assert_eq!(raw(&body), begun);
    }
}
