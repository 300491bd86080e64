//! Messages of WebDriver BiDi over a WebSocket on this machine.

use std::io;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use crate::process::Pipe;

/// More than the largest page that is kept, in Base64.
const LONGEST: usize = 64 * 1024 * 1024;

/// What the browser says before it names its port is not longer.
const LONGEST_GREETING: u64 = 1024 * 1024;

/// The words before the address where it listens.
const LISTENING: &str = "WebDriver BiDi listening on ";

/// Connecting to a port of this machine does not take longer.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Socket {
    socket: WebSocketStream<TcpStream>,
    last: u64,
}

/// The browser's other output. Nobody needs it, but it has to be read.
pub(crate) type Chatter = BufReader<Pipe>;

impl Socket {
    /// Connects to the port that the browser names.
    ///
    /// # Errors
    /// When it ends before that, or does not answer there.
    pub async fn of(said: Pipe) -> io::Result<(Self, Chatter)> {
        let mut chatter = BufReader::new(said);
        let url = listening(&mut chatter).await?;
        let connecting = async {
            let address = url.strip_prefix("ws://").unwrap_or(&url);
            let stream = TcpStream::connect(address).await?;
            let config = WebSocketConfig::default()
                .max_message_size(Some(LONGEST))
                .max_frame_size(Some(LONGEST));
            let there = format!("{url}/session");
            let opened = tokio_tungstenite::client_async_with_config(there, stream, Some(config));
            opened.await.map_err(io::Error::other)
        };
        let (socket, _) = timeout(PATIENCE, connecting).await??;
        Ok((Self { socket, last: 0 }, chatter))
    }

    /// The next message; `None` when the browser is gone. Nothing is lost when this is dropped.
    ///
    /// # Errors
    /// When what comes is no such message.
    pub async fn next(&mut self) -> io::Result<Option<Value>> {
        loop {
            return match self.socket.next().await {
                Some(Ok(Message::Text(text))) => Ok(Some(serde_json::from_str(&text)?)),
                Some(Ok(Message::Close(_)) | Err(Error::ConnectionClosed)) | None => Ok(None),
                Some(Ok(_)) => continue,
                // A connection ends like this when the browser was killed.
                Some(Err(Error::Io(_) | Error::Protocol(_))) => Ok(None),
                Some(Err(error)) => Err(io::Error::other(error)),
            };
        }
    }

    /// Sends a command and returns its number, which the reply has too.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn send(&mut self, method: &str, params: Value) -> io::Result<u64> {
        self.last += 1;
        let message = json!({"id": self.last, "method": method, "params": params});
        let sent = self.socket.send(Message::text(message.to_string()));
        sent.await.map_err(io::Error::other)?;
        Ok(self.last)
    }
}

async fn listening(chatter: &mut Chatter) -> io::Result<String> {
    let mut limited = chatter.take(LONGEST_GREETING);
    let mut line = Vec::new();
    while limited.read_until(b'\n', &mut line).await? > 0 {
        let text = String::from_utf8_lossy(&line);
        if let Some(url) = text.trim().strip_prefix(LISTENING) {
            return Ok(url.to_owned());
        }
        line.clear();
    }
    Err(io::ErrorKind::UnexpectedEof.into())
}
