//! One server being observed.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use tokio::sync::watch;
use trace::{Client, EntryKind, Origin, Phase, Timestamp, Trace, origin_of};
use wire::Wire;

use crate::places::Places;
use crate::port::bound;
use crate::proxy::Proxy;
use crate::settings::{Settings, StartError};

/// A server that is being observed. It ends when this is dropped.
pub struct Observer {
    proxy: Arc<Proxy>,
    url: String,
    port: u16,
    started: Timestamp,
    ended: watch::Sender<bool>,
}

impl Observer {
    /// Opens the port, and passes on from now.
    ///
    /// # Errors
    /// [`StartError`] names what cannot be used.
    pub async fn start(settings: Settings, wire: Wire) -> Result<Self, StartError> {
        settings.check()?;
        let origin = origin_of(&settings.server_url)
            .ok_or_else(|| StartError::ServerUrl { got: String::new() })?;
        let (sockets, port) = bound(settings.port).await?;
        let places = Places::new(origin, port, settings.tunnel.clone());
        let url = url::Url::parse(&settings.server_url).map_or(String::new(), String::from);
        let url = places.outward(&url, "127.0.0.1").unwrap_or_default();
        let (ended, watched) = watch::channel(false);
        let proxy = Proxy::new(settings, wire, places, watched);
        proxy.clone().serve(0, sockets);
        Ok(Self {
            proxy,
            url,
            port,
            started: Timestamp::from_system(SystemTime::now()),
            ended,
        })
    }

    /// What to give to the client in place of the server's URL.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The port on this machine, which a tunnel leads to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What passed so far, bare: nothing in it says yet what a request was for.
    pub async fn trace(&self) -> Trace {
        let server_url = self.proxy.settings().server_url.clone();
        let mut trace = Trace::recorded(
            Origin::Observed,
            Client::unknown(),
            server_url,
            self.started,
        );
        for exchange in self.proxy.record().exchanges().await {
            let at = exchange.started.plus(exchange.timings.total);
            let kind = EntryKind::Exchange(Box::new(exchange));
            trace.push_to(None, at, 0, Phase::Extra, kind);
        }
        trace
    }

    /// Wakes at everything that passes.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.proxy.record().changes()
    }

    /// When something passed last.
    pub fn last(&self) -> Instant {
        self.proxy.record().last()
    }

    /// What could not be observed, and what the client may meet because of us, in sentences.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = self.proxy.limits_met();
        let left_out = self.proxy.record().left_out();
        if left_out > 0 {
            notes.push(format!(
                "{left_out} later requests were passed on and not recorded."
            ));
        }
        notes
    }

    /// Takes no more requests. What is under way is cut off after a moment.
    pub async fn stop(&self) {
        self.ended.send_replace(true);
        self.proxy.ended().await;
    }
}

impl Drop for Observer {
    fn drop(&mut self) {
        self.ended.send_replace(true);
    }
}
