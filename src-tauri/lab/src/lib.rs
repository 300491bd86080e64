//! An embedded lab: an authorization server and an MCP server, healthy or with one named
//! misbehaviour.
//!
//! Both listen on 127.0.0.1 only, on two ports, so that they are two origins as they are in most
//! real deployments. A second authorization server and an identity provider come on ports of their
//! own when asked for. The MCP server speaks the handshake revisions (2025-03-26, 2025-06-18,
//! 2025-11-25) and the stateless one (2026-07-28) on the same endpoint. All state lives in memory
//! and ends with the [`Lab`].
//!
//! For clients of 2025-03-26, where the authorization server is the MCP server's origin, the MCP
//! origin carries a second, separate authorization server of its own.

#![forbid(unsafe_code)]

mod authorization_server;
mod client_key;
mod clock;
mod dpop;
mod jwt;
mod mcp_server;
mod misbehaviour;
mod once;
mod options;
mod origin;
mod provider;
mod tls;
mod tls_files;
mod web;
mod workload;

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use std::{fmt, io};

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use authorization_server::{
    AuthorizationServer, ENTERPRISE_CLIENT, IDENTITY_CLIENT, Partners, Role, Says, Setup,
    TrustedIssuer,
};
use jwt::{PublicKey, SigningKey};
use mcp_server::McpServer;
use tls::{Peer, ServerTls};
use workload::Platform;

pub use client_key::CLIENT_PRIVATE_KEY;
pub use misbehaviour::{Misbehaviour, Severity};
pub use options::LabOptions;
pub use provider::{Case, Endpoint, PROVIDERS, Provider, ProviderSetup, Wrong};
pub use tls::ClientTls;
pub use tls_files::ClientTlsFiles;
pub use workload::WorkloadJwt;

/// A running lab. Dropping it stops its servers.
pub struct Lab {
    mcp_url: String,
    as_url: String,
    second_as_url: Option<String>,
    enterprise: Option<Enterprise>,
    /// The issuer of the separate authorization server.
    issuer: String,
    misbehaviour: Option<Misbehaviour>,
    provider: Option<ProviderSetup>,
    client_tls: Option<ClientTls>,
    client_tls_files: Option<ClientTlsFiles>,
    // The servers stop when this is dropped: their receivers see the channel close.
    stop: watch::Sender<()>,
    servers: Vec<JoinHandle<()>>,
}

/// Who vouches for people and programs.
struct Enterprise {
    idp: Arc<AuthorizationServer>,
    platform: Platform,
}

/// How long [`Lab::shutdown`] waits for requests that are still being answered.
const SHUTDOWN_PATIENCE: Duration = Duration::from_secs(2);

impl Lab {
    /// Binds the ports and serves until the lab is dropped.
    ///
    /// # Errors
    /// When a port cannot be bound on 127.0.0.1, the system gives no randomness for the signing
    /// key, or [`LabOptions::client_key`] is no P-256 key.
    pub async fn start(options: LabOptions) -> io::Result<Lab> {
        let (tls, client_tls) = options.mtls.then(tls::prepare).transpose()?.unzip();
        let files = client_tls.as_ref().map(ClientTlsFiles::write);
        let client_tls_files = files.transpose()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (mcp_listener, mcp_origin) = bind(scheme, options.mcp_port).await?;
        let (as_listener, as_url) = bind(scheme, options.as_port).await?;
        // A server that mixes clients up needs another server to mix them up with.
        let mixes_up = options.misbehaviour == Some(Misbehaviour::MixUp);
        let second = if options.second_as || options.as_migrates || mixes_up {
            Some(bind(scheme, 0).await?)
        } else {
            None
        };
        let idp = if options.idp {
            Some(bind(scheme, 0).await?)
        } else {
            None
        };
        let (idp_key, platform) = (Arc::new(SigningKey::generate()?), Platform::new()?);
        let plan = Plan::new(
            &options,
            &mcp_origin,
            &as_url,
            second.as_ref().map(|(_, url)| url.clone()),
            idp.as_ref().map(|(_, url)| {
                let idp = TrustedIssuer {
                    issuer: url.clone(),
                    key: idp_key.public().clone(),
                    says: Says::WhoUsesAClient,
                };
                [idp, platform.as_trusted()]
            }),
        )?;
        let key = Arc::new(SigningKey::generate()?);
        let separate = plan.authorization_server(&as_url, key.clone(), options.clone());
        let same_origin = plan.authorization_server(&mcp_origin, key, options.clone());

        let (stop, stopped) = watch::channel(());
        let serve = |listener, router| serve(listener, tls.as_ref(), router, stopped.clone());
        let mut servers = vec![serve(as_listener, separate.router())];
        let mut authorization_servers = vec![separate.clone(), same_origin.clone()];
        let mut second_as_url = None;
        if let Some((listener, url)) = second {
            let healthy = LabOptions {
                misbehaviour: None,
                ..options.clone()
            };
            let second =
                plan.authorization_server(&url, Arc::new(SigningKey::generate()?), healthy);
            servers.push(serve(listener, second.router()));
            authorization_servers.push(second);
            second_as_url = Some(url);
        }
        let enterprise = idp.map(|(listener, url)| {
            let idp = plan.identity_provider(&url, idp_key, &authorization_servers, &options);
            servers.push(serve(listener, idp.router()));
            Enterprise { idp, platform }
        });
        let mcp = Arc::new(McpServer::new(
            &mcp_origin,
            // A provider's issuer has a path of its own.
            match options.provider {
                Some(_) => separate.issuer(),
                None => &as_url,
            },
            second_as_url.as_deref(),
            authorization_servers,
            &options,
        ));
        servers.push(serve(
            mcp_listener,
            mcp.router().merge(same_origin.router()),
        ));
        tracing::debug!(
            mcp = plan.mcp_url,
            authorization_server = as_url,
            "lab started"
        );
        Ok(Lab {
            mcp_url: plan.mcp_url,
            issuer: separate.issuer().to_owned(),
            as_url,
            second_as_url,
            enterprise,
            misbehaviour: options.misbehaviour,
            provider: options.provider,
            client_tls,
            client_tls_files,
            stop,
            servers,
        })
    }

    /// The MCP endpoint, `http://127.0.0.1:PORT/mcp`; also the resource identifier.
    pub fn mcp_url(&self) -> &str {
        &self.mcp_url
    }

    /// The authorization server's base URL, without a trailing slash; its issuer when that is
    /// healthy.
    pub fn as_url(&self) -> &str {
        &self.as_url
    }

    /// The second authorization server's issuer, where there is one ([`LabOptions::second_as`],
    /// [`LabOptions::as_migrates`], [`Misbehaviour::MixUp`]).
    pub fn second_as_url(&self) -> Option<&str> {
        self.second_as_url.as_deref()
    }

    /// The identity provider's issuer, with [`LabOptions::idp`]. Its token endpoint is `/token`,
    /// its client ([`Self::idp_client_id`]) needs no secret; at the authorization server the same
    /// client is `lab-confidential`.
    pub fn idp_url(&self) -> Option<&str> {
        self.enterprise
            .as_ref()
            .map(|enterprise| enterprise.idp.issuer())
    }

    /// The identity provider's one client, with [`LabOptions::idp`].
    pub fn idp_client_id(&self) -> Option<&str> {
        self.enterprise.as_ref().map(|_| IDENTITY_CLIENT)
    }

    /// An ID token of the identity provider, as if a person had just logged in to its client.
    /// `None` without [`LabOptions::idp`].
    pub fn id_token(&self) -> Option<String> {
        self.enterprise.as_ref()?.idp.id_token(IDENTITY_CLIENT)
    }

    /// A platform's token for one of its programs, which the authorization server takes as a grant
    /// (RFC 7523 section 2.1) without or with the client `lab-workload`. `None` without
    /// [`LabOptions::idp`].
    pub fn workload_jwt(&self, kind: WorkloadJwt) -> Option<String> {
        let now = UNIX_EPOCH
            .elapsed()
            .map(|since| since.as_secs())
            .unwrap_or_default();
        self.enterprise
            .as_ref()?
            .platform
            .jwt(kind, &self.issuer, now)
    }

    /// What a client needs with [`LabOptions::mtls`].
    pub fn client_tls(&self) -> Option<&ClientTls> {
        self.client_tls.as_ref()
    }

    /// The same in files, which are there for as long as the lab is.
    pub fn client_tls_files(&self) -> Option<&ClientTlsFiles> {
        self.client_tls_files.as_ref()
    }

    /// What goes wrong here.
    pub fn misbehaviour(&self) -> Option<Misbehaviour> {
        self.misbehaviour
    }

    /// The provider that is played here.
    pub fn provider(&self) -> Option<ProviderSetup> {
        self.provider
    }

    /// Stops the servers and waits until their ports are free, at most two seconds.
    pub async fn shutdown(self) {
        let Lab { stop, servers, .. } = self;
        drop(stop);
        for server in servers {
            if tokio::time::timeout(SHUTDOWN_PATIENCE, server)
                .await
                .is_err()
            {
                tracing::debug!("a lab server was still answering when it was left");
            }
        }
    }
}

/// What the authorization servers of one lab have in common.
struct Plan {
    mcp_url: String,
    as_url: String,
    second_as_url: Option<String>,
    /// The resource identifiers that tokens are issued for.
    resources: Vec<String>,
    client_key: PublicKey,
    trusted: Vec<TrustedIssuer>,
}

impl Plan {
    fn new(
        options: &LabOptions,
        mcp_origin: &str,
        as_url: &str,
        second_as_url: Option<String>,
        trusted: Option<[TrustedIssuer; 2]>,
    ) -> io::Result<Self> {
        let mcp_url = format!("{mcp_origin}/mcp");
        let mut resources = vec![mcp_url.clone()];
        let advertised = mcp_server::advertised_resource(&mcp_url, as_url, options.misbehaviour);
        if advertised != mcp_url {
            // A client that goes on with the wrong identifier gets a token for it, as it would in
            // the wild.
            resources.push(advertised);
        }
        Ok(Self {
            mcp_url,
            as_url: as_url.to_owned(),
            second_as_url,
            resources,
            client_key: match &options.client_key {
                Some(jwk) => PublicKey::from_jwk(jwk).map_err(io::Error::other)?,
                None => SigningKey::from_pem(CLIENT_PRIVATE_KEY)?.public().clone(),
            },
            trusted: trusted.into_iter().flatten().collect(),
        })
    }

    /// One that issues tokens for the MCP server.
    fn authorization_server(
        &self,
        base: &str,
        key: Arc<SigningKey>,
        options: LabOptions,
    ) -> Arc<AuthorizationServer> {
        Arc::new(AuthorizationServer::new(Setup {
            base,
            as_url: &self.as_url,
            second_as_url: self.second_as_url.as_deref(),
            resources: self.resources.clone(),
            key,
            role: Role::ForMcp {
                client_key: self.client_key.clone(),
                trusted: self.trusted.clone(),
            },
            options,
        }))
    }

    /// One that vouches for its people to these authorization servers. It is healthy, unless it is
    /// what goes wrong.
    fn identity_provider(
        &self,
        base: &str,
        key: Arc<SigningKey>,
        partners: &[Arc<AuthorizationServer>],
        options: &LabOptions,
    ) -> Arc<AuthorizationServer> {
        Arc::new(AuthorizationServer::new(Setup {
            base,
            as_url: &self.as_url,
            second_as_url: self.second_as_url.as_deref(),
            resources: vec![base.to_owned()],
            key,
            role: Role::IdentityProvider(Partners {
                issuers: partners
                    .iter()
                    .map(|server| server.issuer().to_owned())
                    .collect(),
                client_id: ENTERPRISE_CLIENT.to_owned(),
                resources: self.resources.clone(),
            }),
            options: LabOptions {
                auto_approve: options.auto_approve,
                misbehaviour: options
                    .misbehaviour
                    .filter(|misbehaviour| misbehaviour.is_of_identity_provider()),
                ..LabOptions::default()
            },
        }))
    }
}

impl fmt::Debug for Lab {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lab")
            .field("mcp_url", &self.mcp_url)
            .field("as_url", &self.as_url)
            .field("misbehaviour", &self.misbehaviour)
            .finish_non_exhaustive()
    }
}

/// A listener, and its origin.
async fn bind(scheme: &str, port: u16) -> io::Result<(TcpListener, String)> {
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let origin = format!("{scheme}://{}", listener.local_addr()?);
    Ok((listener, origin))
}

fn serve(
    listener: TcpListener,
    tls: Option<&ServerTls>,
    router: Router,
    mut stopped: watch::Receiver<()>,
) -> JoinHandle<()> {
    let port = listener
        .local_addr()
        .map(|address| address.port())
        .unwrap_or_default();
    let router = origin::guard_host(router, port);
    let until_stopped = async move {
        // The channel never carries a value: it only closes.
        while stopped.changed().await.is_ok() {}
    };
    let listener = match tls {
        Some(tls) => Ok(tls.listen(listener)),
        None => Err(listener),
    };
    tokio::spawn(async move {
        let served = match listener {
            Ok(listener) => {
                axum::serve(
                    listener,
                    router.into_make_service_with_connect_info::<Peer>(),
                )
                .with_graceful_shutdown(until_stopped)
                .await
            }
            Err(listener) => {
                axum::serve(listener, router)
                    .with_graceful_shutdown(until_stopped)
                    .await
            }
        };
        if let Err(error) = served {
            tracing::error!(%error, "a lab server ended");
        }
    })
}
