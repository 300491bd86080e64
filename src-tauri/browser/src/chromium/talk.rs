//! The talk with the browser: which pages there are, and what they request.

use std::collections::{HashMap, HashSet};
use std::io;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::chromium::hops::{Hops, Key, Then};
use crate::chromium::messages::{Reader, Writer, over};
use crate::ending::{Ending, Left};
use crate::process::Pipe;
use crate::teller::{FIELDS, Teller, WORLD};

/// The frame that is a page, in a session that has none.
const NO_PAGE: &str = "";

/// Asks for reports of new pages and frames, each held until everything is set up.
fn attach() -> Value {
    json!({"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true})
}

pub(crate) struct Talk {
    reader: Reader,
    writer: Writer,
    /// The page of each session.
    pages: HashMap<String, String>,
    /// Sessions of frames that the browser keeps apart from their page, being of another site.
    frames: HashSet<String>,
    bodies: HashMap<u64, Key>,
    /// Commands without whose reply a page may not begin: what is set up later misses events.
    setting_up: HashMap<u64, String>,
    hops: Hops,
    teller: Teller,
    /// What the first page is to open, until there is a page.
    first: Option<(String, oneshot::Sender<()>)>,
}

impl Talk {
    pub fn new(
        pipe: Pipe,
        hops: Hops,
        teller: Teller,
        first: (String, oneshot::Sender<()>),
    ) -> Self {
        let (reader, writer) = over(pipe);
        Self {
            reader,
            writer,
            pages: HashMap::new(),
            frames: HashSet::new(),
            bodies: HashMap::new(),
            setting_up: HashMap::new(),
            hops,
            teller,
            first: Some(first),
        }
    }

    /// Tells what is seen until the browser is gone, or `stopped` says that it is to go.
    pub async fn run(mut self, stopped: oneshot::Receiver<()>) {
        let left = self.listen(stopped).await;
        self.teller.end(left, self.hops.rest());
    }

    /// Until the browser is gone, or `stopped` says that it is to go.
    ///
    /// # Errors
    /// When it says something else than the protocol has.
    async fn listen(&mut self, mut stopped: oneshot::Receiver<()>) -> io::Result<Left> {
        let attaching = self.writer.send(None, "Target.setAutoAttach", attach());
        attaching.await?;
        let mut ending = Ending::default();
        loop {
            if ending.has_told_all() && self.hops.are_complete() {
                return Ok(Left::ByUs);
            }
            let message = tokio::select! {
                message = self.reader.next() => message?,
                () = ending.time_is_up() => return Ok(Left::ByUs),
                _ = &mut stopped, if !ending.has_begun() => {
                    let asked = self.writer.send(None, "Browser.getVersion", json!({}));
                    ending.begin(asked.await?);
                    continue;
                }
            };
            let Some(message) = message else {
                return Ok(Left::ByUser);
            };
            ending.note(&message);
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
                self.frames.remove(gone);
                let was_page = self.pages.remove(gone).is_some();
                return Ok(!was_page || !self.pages.is_empty());
            }
            "Runtime.bindingCalled" => {
                let said = params["payload"].as_str().unwrap_or_default();
                self.teller.typed(said);
            }
            method => {
                let session = message["sessionId"].as_str().unwrap_or_default();
                let page = self.pages.get(session).map(String::as_str);
                let page = page.or_else(|| self.frames.contains(session).then_some(NO_PAGE));
                if let Some(page) = page {
                    let then = self.hops.take(session, page, method, params);
                    self.teller.left_out(self.hops.left_out());
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

    async fn attached(&mut self, params: &Value) -> io::Result<()> {
        let session = params["sessionId"].as_str().unwrap_or_default();
        let about = &params["targetInfo"];
        match about["type"].as_str() {
            Some("page") => {
                let page = about["targetId"].as_str().unwrap_or_default();
                self.pages.insert(session.to_owned(), page.to_owned());
            }
            Some("iframe") => drop(self.frames.insert(session.to_owned())),
            _ => return self.begin(session).await,
        }
        for (method, params) in [
            ("Target.setAutoAttach", attach()),
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

    /// Lets a page load that was held until everything was set up.
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

    async fn go_on(&mut self, then: Vec<Then>) -> io::Result<()> {
        for then in then {
            match then {
                Then::Emit(hop) => self.teller.tell(*hop),
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
}
