//! The client metadata document that Authscope serves itself.

use flow::{Setup, client_document};
use tokio::sync::mpsc;
use wire::{DocumentHost, DocumentHostSettings, Fetched};

use crate::error::{AppError, invalid};
use flow::options::{Options, Registration};

/// The server of the document. Dropping it closes the server.
pub(crate) struct Documents {
    host: DocumentHost,
    fetched: mpsc::Receiver<Fetched>,
}

impl Documents {
    /// Opens it, unless the document is served elsewhere. A document that is needed and for which
    /// nothing was arranged is served here.
    ///
    /// # Errors
    /// When the port cannot be opened or the tunnel's URL is not one.
    pub fn open(options: &Options) -> Result<Option<Self>, AppError> {
        let given = &options.client_metadata;
        let needed = options.registration == Registration::Cimd && given.url.is_none();
        if !given.serve && !needed {
            return Ok(None);
        }
        let settings = DocumentHostSettings {
            port: given.port,
            public_url: given.url.clone(),
            ..DocumentHostSettings::default()
        };
        let (host, fetched) =
            DocumentHost::open(&settings).map_err(|error| invalid(error.to_string()))?;
        Ok(Some(Self { host, fetched }))
    }

    /// The client_id.
    pub fn url(&self) -> &str {
        self.host.document_url()
    }

    /// From now on the document names this redirect URI.
    pub fn show(&self, setup: &Setup, redirect_uri: Option<&str>) {
        self.host
            .set_document(&client_document(setup, self.url(), redirect_uri));
    }

    /// The next fetch that was not taken yet.
    pub fn fetched(&mut self) -> Option<Fetched> {
        self.fetched.try_recv().ok()
    }
}
