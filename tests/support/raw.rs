//! A server that answers with whatever bytes it is told to.

use std::sync::Arc;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// What to answer a request with, given its method and target. None: nothing, and the connection
/// stays open.
type Script = dyn Fn(&str) -> Option<Vec<u8>> + Send + Sync;

/// Answers each request by the script ("GET /path" in, raw bytes out) and closes. `{origin}` in an
/// answer's head or body becomes the server's own origin. Gives the origin.
pub async fn raw(script: impl Fn(&str) -> Option<Vec<u8>> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
    let script: Arc<Script> = Arc::new(script);
    let own = origin.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (script, own) = (script.clone(), own.clone());
            tokio::spawn(async move {
                let mut head = Vec::new();
                let mut part = [0; 4096];
                while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                    match stream.read(&mut part).await {
                        Ok(read) if read > 0 => head.extend_from_slice(&part[..read]),
                        _ => return,
                    }
                }
                let text = String::from_utf8_lossy(&head).into_owned();
                let line = text.lines().next().unwrap_or_default().to_owned();
                let asked = line
                    .rsplit_once(' ')
                    .map_or(line.as_str(), |(asked, _)| asked);
                match script(asked) {
                    Some(answer) => {
                        let answer = replaced(&answer, &own);
                        let _ = stream.write_all(&answer).await;
                        let _ = stream.shutdown().await;
                    }
                    // Held open: whoever asked has a limit.
                    None => while matches!(stream.read(&mut part).await, Ok(read) if read > 0) {},
                }
            });
        }
    });
    origin
}

/// A whole answer with this status, media type and body.
pub fn answer(status: &str, media: &str, body: &str) -> Option<Vec<u8>> {
    with_headers(status, &format!("content-type: {media}\r\n"), body)
}

/// A whole answer with these header lines.
pub fn with_headers(status: &str, headers: &str, body: &str) -> Option<Vec<u8>> {
    Some(format!("HTTP/1.1 {status}\r\n{headers}connection: close\r\n\r\n{body}").into_bytes())
}

fn replaced(answer: &[u8], origin: &str) -> Vec<u8> {
    match std::str::from_utf8(answer) {
        Ok(text) => text.replace("{origin}", origin).into_bytes(),
        Err(_) => answer.to_vec(),
    }
}
