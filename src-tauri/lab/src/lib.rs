//! An embedded lab: an authorization server and an MCP server, healthy or with one named misbehaviour.
//!
//! Both listen on 127.0.0.1 only, on two ports, so that they are two origins as they are in most real
//! deployments. The MCP server speaks the handshake revisions (2025-03-26, 2025-06-18, 2025-11-25) and the
//! stateless one (2026-07-28) on the same endpoint. All state lives in memory and ends with the [`Lab`].
//!
//! For clients of 2025-03-26, where the authorization server is the MCP server's origin, the MCP origin carries a
//! second, separate authorization server of its own.

mod authorization_server;
mod client_key;
mod dpop;
mod jwt;
mod mcp_server;
mod misbehaviour;
mod once;
mod options;
mod origin;
mod web;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use authorization_server::AuthorizationServer;
use mcp_server::McpServer;

pub use client_key::CLIENT_PRIVATE_KEY;
pub use misbehaviour::{Misbehaviour, Severity};
pub use options::LabOptions;

/// A running lab. Dropping it stops both servers.
#[derive(Debug)]
pub struct Lab {
    mcp_url: String,
    as_url: String,
    misbehaviour: Option<Misbehaviour>,
    // Both servers stop when this is dropped: their receivers see the channel close.
    stop: watch::Sender<()>,
    servers: Vec<JoinHandle<()>>,
}

/// How long [`Lab::shutdown`] waits for requests that are still being answered.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(2);

impl Lab {
    /// Binds both ports and serves until the lab is dropped.
    ///
    /// # Errors
    /// When a port cannot be bound on 127.0.0.1, the system gives no randomness for the signing key, or
    /// [`LabOptions::client_key`] is no P-256 key.
    pub async fn start(options: LabOptions) -> io::Result<Lab> {
        let mcp_listener = TcpListener::bind(("127.0.0.1", options.mcp_port)).await?;
        let as_listener = TcpListener::bind(("127.0.0.1", options.as_port)).await?;
        let mcp_origin = format!("http://{}", mcp_listener.local_addr()?);
        let as_url = format!("http://{}", as_listener.local_addr()?);
        let mcp_url = format!("{mcp_origin}/mcp");

        let key = Arc::new(jwt::SigningKey::generate()?);
        let client_key = match &options.client_key {
            Some(jwk) => jwt::PublicKey::from_jwk(jwk).map_err(io::Error::other)?,
            None => jwt::SigningKey::from_pem(CLIENT_PRIVATE_KEY)?.public().clone(),
        };
        let separate = Arc::new(AuthorizationServer::new(
            &as_url,
            &mcp_url,
            &as_url,
            key.clone(),
            &client_key,
            &options,
        ));
        let same_origin = Arc::new(AuthorizationServer::new(
            &mcp_origin,
            &mcp_url,
            &as_url,
            key,
            &client_key,
            &options,
        ));
        let mcp = Arc::new(McpServer::new(
            &mcp_origin,
            &as_url,
            vec![separate.clone(), same_origin.clone()],
            &options,
        ));

        let (stop, stopped) = watch::channel(());
        let servers = vec![
            serve(
                mcp_listener,
                mcp.router().merge(same_origin.router()),
                stopped.clone(),
            ),
            serve(as_listener, separate.router(), stopped),
        ];
        tracing::debug!(mcp = mcp_url, authorization_server = as_url, "lab started");
        Ok(Lab {
            mcp_url,
            as_url,
            misbehaviour: options.misbehaviour,
            stop,
            servers,
        })
    }

    /// The MCP endpoint, `http://127.0.0.1:PORT/mcp`; also the resource identifier.
    pub fn mcp_url(&self) -> &str {
        &self.mcp_url
    }

    /// The authorization server's base URL, without a trailing slash; its issuer when that is healthy.
    pub fn as_url(&self) -> &str {
        &self.as_url
    }

    /// What goes wrong here.
    pub fn misbehaviour(&self) -> Option<Misbehaviour> {
        self.misbehaviour
    }

    /// Stops both servers and waits until their ports are free, at most two seconds.
    pub async fn shutdown(self) {
        let Lab { stop, servers, .. } = self;
        drop(stop);
        for server in servers {
            if tokio::time::timeout(SHUTDOWN_PATIENCE, server).await.is_err() {
                tracing::debug!("a lab server was still answering when it was left");
            }
        }
    }
}

fn serve(listener: TcpListener, router: Router, mut stopped: watch::Receiver<()>) -> JoinHandle<()> {
    let port = listener
        .local_addr()
        .map(|address| address.port())
        .unwrap_or_default();
    let router = origin::guard_host(router, port);
    tokio::spawn(async move {
        let until_stopped = async move {
            // The channel never carries a value: it only closes.
            while stopped.changed().await.is_ok() {}
        };
        if let Err(error) = axum::serve(listener, router)
            .with_graceful_shutdown(until_stopped)
            .await
        {
            tracing::error!(%error, "a lab server ended");
        }
    })
}
