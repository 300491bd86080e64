//! The talk with the browser: which pages there are, and what they request.

use std::collections::{HashMap, HashSet};
use std::io;

use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::sync::oneshot;

use crate::ending::{Ending, Left};
use crate::firefox::hops::{Data, Hops, Key, Then};
use crate::firefox::socket::Socket;
use crate::process::Pipe;
use crate::teller::{FIELDS, Teller, WORLD};

/// The events that the browser is asked to report.
const EVENTS: [&str; 7] = [
    "browsingContext.contextCreated",
    "browsingContext.contextDestroyed",
    "network.beforeRequestSent",
    "network.responseStarted",
    "network.responseCompleted",
    "network.fetchError",
    "script.message",
];

/// The channel over which [`FIELDS`] reports.
const CHANNEL: &str = "authscope";

pub(crate) struct Talk {
    said: Option<Pipe>,
    /// The pages that are open. Frames are not among them.
    pages: HashSet<String>,
    asked: HashMap<u64, (Data, Key)>,
    hops: Hops,
    teller: Teller,
    first: Option<(String, oneshot::Sender<()>)>,
}

impl Talk {
    /// What the browser says at its start names its port. The first page opens `first`.
    pub fn new(
        said: Pipe,
        hops: Hops,
        teller: Teller,
        first: (String, oneshot::Sender<()>),
    ) -> Self {
        Self {
            said: Some(said),
            pages: HashSet::new(),
            asked: HashMap::new(),
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
        let Some(said) = self.said.take() else {
            return Ok(Left::ByUs);
        };
        let (mut socket, mut chatter) = Socket::of(said).await?;
        self.set_up(&mut socket).await?;
        let mut ending = Ending::default();
        let mut unread = [0; 1024];
        loop {
            if ending.has_told_all() && self.hops.are_complete() {
                return Ok(Left::ByUs);
            }
            let message = tokio::select! {
                message = socket.next() => message?,
                () = ending.time_is_up() => return Ok(Left::ByUs),
                read = chatter.read(&mut unread) => match read {
                    Ok(1..) => continue,
                    _ => None,
                },
                _ = &mut stopped, if !ending.has_begun() => {
                    ending.begin(socket.send("session.status", json!({})).await?);
                    continue;
                }
            };
            let Some(message) = message else {
                return Ok(Left::ByUser);
            };
            ending.note(&message);
            if !self.take(&mut socket, &message).await? {
                return Ok(Left::ByUser);
            }
        }
    }

    /// Subscribes to everything before the first page is opened.
    ///
    /// # Errors
    /// When the session is not ours: whoever has it could see the login.
    async fn set_up(&mut self, socket: &mut Socket) -> io::Result<()> {
        let begun = self.call(socket, "session.new", json!({"capabilities": {}}));
        begun.await?;
        let told = self.call(socket, "session.subscribe", json!({"events": EVENTS}));
        told.await?;
        let script = format!("(authscopeTyped) => {{{FIELDS}}}");
        let channel = json!({"type": "channel", "value": {"channel": CHANNEL}});
        let script = json!({
            "functionDeclaration": script, "arguments": [channel], "sandbox": WORLD,
        });
        let watched = self.call(socket, "script.addPreloadScript", script);
        watched.await?;
        for kind in ["request", "response"] {
            let collector = json!({"dataTypes": [kind], "maxEncodedDataSize": 1 << 24});
            let collects = self.call(socket, "network.addDataCollector", collector);
            // An older browser keeps less: then bodies are not recorded.
            if let Err(error) = collects.await {
                tracing::warn!(%error, kind, "the browser keeps no bodies");
            }
        }
        let tree = self.call(socket, "browsingContext.getTree", json!({}));
        let tree = tree.await?;
        let contexts = tree["contexts"].as_array().into_iter().flatten();
        let contexts = contexts.filter_map(|context| context["context"].as_str());
        self.pages.extend(contexts.map(str::to_owned));
        if let Some(page) = self.pages.iter().next()
            && let Some((url, ready)) = self.first.take()
        {
            let there = json!({"context": page, "url": url, "wait": "none"});
            socket.send("browsingContext.navigate", there).await?;
            let _ = ready.send(());
        }
        Ok(())
    }

    /// Sends a command and waits for its reply. Events that come in between are handled.
    async fn call(
        &mut self,
        socket: &mut Socket,
        method: &str,
        params: Value,
    ) -> io::Result<Value> {
        let id = socket.send(method, params).await?;
        loop {
            let Some(message) = socket.next().await? else {
                return Err(io::ErrorKind::UnexpectedEof.into());
            };
            if message["id"].as_u64() != Some(id) {
                self.take(socket, &message).await?;
                continue;
            }
            let Some(result) = message.get("result") else {
                let why = message["message"].as_str().unwrap_or("refused");
                return Err(io::Error::other(format!("{method}: {why}")));
            };
            return Ok(result.clone());
        }
    }

    /// Whether there is still a page.
    async fn take(&mut self, socket: &mut Socket, message: &Value) -> io::Result<bool> {
        if let Some(id) = message["id"].as_u64() {
            if let Some((data, key)) = self.asked.remove(&id) {
                let then = self.hops.data(data, &key, message.get("result"));
                self.go_on(socket, then).await?;
            }
            return Ok(true);
        }
        let params = &message["params"];
        let context = params["context"].as_str().unwrap_or_default();
        match message["method"].as_str().unwrap_or_default() {
            "browsingContext.contextCreated" if params["parent"].is_null() => {
                self.pages.insert(context.to_owned());
            }
            "browsingContext.contextDestroyed" => {
                let was_page = self.pages.remove(context);
                return Ok(!was_page || !self.pages.is_empty());
            }
            "script.message" if params["channel"] == CHANNEL => {
                let said = params["data"]["value"].as_str().unwrap_or_default();
                self.teller.typed(said);
            }
            method => {
                let then = self.hops.take(method, params);
                self.teller.left_out(self.hops.left_out());
                self.go_on(socket, then).await?;
            }
        }
        Ok(true)
    }

    async fn go_on(&mut self, socket: &mut Socket, then: Vec<Then>) -> io::Result<()> {
        for then in then {
            match then {
                Then::Tell(hop) => self.teller.tell(*hop),
                Then::AskFor(data, key) => {
                    let kind = match data {
                        Data::Request => "request",
                        Data::Response => "response",
                    };
                    let which = json!({"dataType": kind, "request": key.0});
                    let id = socket.send("network.getData", which).await?;
                    self.asked.insert(id, (data, key));
                }
            }
        }
        Ok(())
    }
}
