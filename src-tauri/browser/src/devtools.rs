//! The talk with the browser: which pages there are, and what they request.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use crate::hops::{Hop, Hops, Key, Seen, Then};
use crate::messages::{Pipe, Reader, Writer, over};
use crate::password::Passwords;

/// Says which fields of type password there are and what was typed in them, so that it can be kept
/// out of the record under whatever name it is sent. Runs beside the page's own scripts, not among
/// them.
const FIELDS: &str = r#"
for (const event of ["change", "submit", "formdata"])
  addEventListener(event, () => {
    for (const field of document.querySelectorAll("input[type=password]"))
      authscopeTyped(JSON.stringify([field.name, field.value]));
  }, true);
"#;

/// The name of the world in which that runs.
const WORLD: &str = "authscope";

/// The callback may be here before the browser has told of the redirect that led to it.
const SETTLING: Duration = Duration::from_secs(2);

/// Who ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    ByUs,
    ByUser,
}

pub(crate) struct Talk {
    reader: Reader,
    writer: Writer,
    /// The page of each session.
    pages: HashMap<String, String>,
    bodies: HashMap<u64, Key>,
    /// Commands without whose reply a page may not begin: what is set up later misses events.
    setting_up: HashMap<u64, String>,
    hops: Hops,
    passwords: Passwords,
    seen: mpsc::UnboundedSender<Seen>,
    left_out: Arc<AtomicU32>,
    /// What the first page opens, until there is one.
    first: Option<(String, oneshot::Sender<()>)>,
}

impl Talk {
    pub fn new(
        pipe: Pipe,
        hops: Hops,
        seen: mpsc::UnboundedSender<Seen>,
        left_out: Arc<AtomicU32>,
        first: (String, oneshot::Sender<()>),
    ) -> Self {
        let (reader, writer) = over(pipe);
        Self {
            reader,
            writer,
            pages: HashMap::new(),
            bodies: HashMap::new(),
            setting_up: HashMap::new(),
            hops,
            passwords: Passwords::default(),
            seen,
            left_out,
            first: Some(first),
        }
    }

    /// Until the browser is gone, or `stopped` says that it is to go.
    ///
    /// # Errors
    /// When it says something else than the protocol has.
    pub async fn listen(&mut self, mut stopped: oneshot::Receiver<()>) -> io::Result<Left> {
        let attach = json!({"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true});
        self.writer
            .send(None, "Target.setAutoAttach", attach)
            .await?;
        let mut until = None;
        loop {
            let next = self.reader.next();
            let message = match until {
                None => tokio::select! {
                    message = next => message?,
                    _ = &mut stopped => {
                        until = Some(Instant::now() + SETTLING);
                        continue;
                    }
                },
                Some(_) if self.hops.are_complete() => return Ok(Left::ByUs),
                Some(until) => match timeout_at(until, next).await {
                    Ok(message) => message?,
                    Err(_) => return Ok(Left::ByUs),
                },
            };
            let Some(message) = message else {
                return Ok(Left::ByUser);
            };
            if !self.take(&message).await? {
                return Ok(Left::ByUser);
            }
        }
    }

    /// Whether there is still a page.
    async fn take(&mut self, message: &Value) -> io::Result<bool> {
        if let Some(id) = message["id"].as_u64() {
            self.replied(id, message).await?;
            return Ok(true);
        }
        let params = &message["params"];
        match message["method"].as_str().unwrap_or_default() {
            "Target.attachedToTarget" => self.attached(params).await?,
            "Target.detachedFromTarget" => {
                let gone = params["sessionId"].as_str().unwrap_or_default();
                let was_page = self.pages.remove(gone).is_some();
                return Ok(!was_page || !self.pages.is_empty());
            }
            "Runtime.bindingCalled" => self.typed(params),
            method => {
                let session = message["sessionId"].as_str().unwrap_or_default();
                if let Some(page) = self.pages.get(session) {
                    let then = self.hops.take(session, page, method, params);
                    self.left_out.store(self.hops.left_out, Ordering::Relaxed);
                    self.go_on(then).await?;
                }
            }
        }
        Ok(true)
    }

    async fn replied(&mut self, id: u64, message: &Value) -> io::Result<()> {
        if let Some(session) = self.setting_up.remove(&id)
            && !self.setting_up.values().any(|other| *other == session)
        {
            self.begin(&session).await?;
        }
        if let Some(key) = self.bodies.remove(&id) {
            let then = self.hops.body(&key, message.get("result"));
            self.go_on(then).await?;
        }
        Ok(())
    }

    /// What was under way when the browser was gone, or is left.
    pub fn rest(&mut self) {
        for hop in self.hops.rest() {
            self.emit(hop);
        }
    }

    async fn attached(&mut self, params: &Value) -> io::Result<()> {
        let session = params["sessionId"].as_str().unwrap_or_default();
        let about = &params["targetInfo"];
        if about["type"] != "page" {
            return self.begin(session).await;
        }
        let page = about["targetId"].as_str().unwrap_or_default();
        self.pages.insert(session.to_owned(), page.to_owned());
        for (method, params) in [
            // Bodies are kept also when the page goes on at once, by browsers that can.
            (
                "Network.enable",
                json!({"maxPostDataSize": 1 << 20, "enableDurableMessages": true,
                       "maxTotalBufferSize": 1 << 25, "maxResourceBufferSize": 1 << 24}),
            ),
            ("Page.enable", json!({})),
            ("Runtime.enable", json!({})),
            (
                "Runtime.addBinding",
                json!({"name": "authscopeTyped", "executionContextName": WORLD}),
            ),
            (
                "Page.addScriptToEvaluateOnNewDocument",
                json!({"source": FIELDS, "worldName": WORLD}),
            ),
        ] {
            let id = self.writer.send(Some(session), method, params).await?;
            self.setting_up.insert(id, session.to_owned());
        }
        Ok(())
    }

    /// Lets a page go on that was held until everything was set up.
    async fn begin(&mut self, session: &str) -> io::Result<()> {
        let go_on = "Runtime.runIfWaitingForDebugger";
        self.writer.send(Some(session), go_on, json!({})).await?;
        if self.pages.contains_key(session)
            && let Some((url, ready)) = self.first.take()
        {
            let there = json!({"url": url});
            self.writer
                .send(Some(session), "Page.navigate", there)
                .await?;
            let _ = ready.send(());
        }
        Ok(())
    }

    fn typed(&mut self, params: &Value) {
        let payload = params["payload"].as_str().unwrap_or_default();
        if let Ok((name, value)) = serde_json::from_str::<(String, String)>(payload) {
            self.passwords.typed(&name, &value);
        }
    }

    async fn go_on(&mut self, then: Vec<Then>) -> io::Result<()> {
        for then in then {
            match then {
                Then::Emit(hop) => self.emit(*hop),
                Then::AskForBody(key) => {
                    let which = json!({"requestId": key.1});
                    let get = "Network.getResponseBody";
                    let id = self.writer.send(Some(&key.0), get, which).await?;
                    self.bodies.insert(id, key);
                }
            }
        }
        Ok(())
    }

    fn emit(&mut self, mut hop: Hop) {
        self.passwords.drop_from(&mut hop);
        // Nobody may listen any more.
        let _ = self.seen.send(Seen::Hop(Box::new(hop)));
    }
}
