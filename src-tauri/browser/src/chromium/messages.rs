//! Messages of the DevTools protocol over a pipe: JSON, each ended by a NUL.

use std::io;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};

use crate::process::Pipe;

/// More than the largest page that is kept, in Base64.
const LONGEST: u64 = 64 * 1024 * 1024;

pub(crate) struct Reader {
    pipe: BufReader<tokio::io::ReadHalf<Pipe>>,
    /// The result of reading the next message.
    line: Vec<u8>,
}

pub(crate) struct Writer {
    pipe: tokio::io::WriteHalf<Pipe>,
    last: u64,
}

pub(crate) fn over(pipe: Pipe) -> (Reader, Writer) {
    let (read, write) = tokio::io::split(pipe);
    let writer = Writer {
        pipe: write,
        last: 0,
    };
    let reader = Reader {
        pipe: BufReader::new(read),
        line: Vec::new(),
    };
    (reader, writer)
}

impl Reader {
    /// The next message; `None` when the browser is gone. Nothing is lost when this is dropped.
    ///
    /// # Errors
    /// When what comes is no such message.
    pub async fn next(&mut self) -> io::Result<Option<Value>> {
        let room = LONGEST.saturating_sub(self.line.len() as u64);
        let mut limited = (&mut self.pipe).take(room);
        match limited.read_until(0, &mut self.line).await {
            Ok(_) => {}
            // A pipe ends like this when its other side was killed with something unread.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
            Err(error) => return Err(error),
        }
        let line = std::mem::take(&mut self.line);
        match line.split_last() {
            Some((0, message)) => Ok(Some(serde_json::from_slice(message)?)),
            _ if line.len() as u64 >= LONGEST => {
                Err(io::Error::other("a message of the browser is too long"))
            }
            // The browser ended, perhaps in the middle of a message.
            _ => Ok(None),
        }
    }
}

impl Writer {
    /// Sends a command and returns its number, which the reply has too.
    ///
    /// # Errors
    /// When the browser is gone.
    pub async fn send(
        &mut self,
        session: Option<&str>,
        method: &str,
        params: Value,
    ) -> io::Result<u64> {
        self.last += 1;
        let mut message = serde_json::json!({
            "id": self.last, "method": method, "params": params,
        });
        if let Some(session) = session {
            message["sessionId"] = session.into();
        }
        let mut line = serde_json::to_vec(&message)?;
        line.push(0);
        self.pipe.write_all(&line).await?;
        Ok(self.last)
    }
}
