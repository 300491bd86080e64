//! Plays the cases: starts the peers with a proxy in front of each, runs the command, and holds
//! what it says against what a user must be told.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::case::{Case, PeerName};
use crate::expect::{Outcome, judge};
use crate::proxy::{Proxy, Swapped};
use test_support::ports::free_port;

use crate::start::{self, Peer};

/// A peer, and the proxies its traffic goes through.
pub struct Stage {
    url: String,
    proxies: Vec<Proxy>,
    _peers: Vec<Peer>,
}

/// Every case of `tests/faults/cases`, in the order of the files and within them.
pub fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/faults/cases");
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .expect("tests/faults/cases is there")
        .map(|file| file.expect("it can be listed").path())
        .collect();
    files.sort();
    let read = |file: &std::path::PathBuf| -> Vec<Case> {
        let text = std::fs::read_to_string(file).expect("it can be read");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    };
    files.iter().flat_map(read).collect()
}

impl Stage {
    fn open(name: PeerName) -> Self {
        let swapped = Swapped::default();
        match name {
            PeerName::Fastmcp => {
                let (front, back) = (listener(), free_port());
                let public = port(&front);
                let peer = start::fastmcp_behind(back, public);
                Self {
                    url: format!("http://127.0.0.1:{public}/mcp"),
                    proxies: vec![Proxy::start(front, local(back), &swapped)],
                    _peers: vec![peer],
                }
            }
            PeerName::Oidc => {
                let (as_front, as_back) = (listener(), free_port());
                let (front, back) = (listener(), free_port());
                let (issuer_port, public) = (port(&as_front), port(&front));
                let url = format!("http://127.0.0.1:{public}/mcp");
                let server = start::oidc_as(as_back, issuer_port, &url);
                let as_proxy = Proxy::start(as_front, local(as_back), &swapped);
                let issuer = format!("http://127.0.0.1:{issuer_port}");
                let resource = start::oidc_rs(back, public, &issuer);
                Self {
                    url,
                    proxies: vec![as_proxy, Proxy::start(front, local(back), &swapped)],
                    _peers: vec![server, resource],
                }
            }
        }
    }

    /// Plays one case. Only one may be played at a time.
    fn play(&self, case: &Case) -> Outcome {
        for proxy in &self.proxies {
            proxy.arm(&case.faults);
        }
        let mut arguments = vec![self.url.as_str()];
        arguments.extend(case.args.iter().map(String::as_str));
        let report = start::authscope(&arguments);
        let unmet: Vec<_> = self.proxies.iter().map(Proxy::disarm).collect();
        let mut outcome = judge(&case.expect, &report);
        for (at, fault) in case.faults.iter().enumerate() {
            let nowhere = unmet.iter().all(|unmet| {
                unmet
                    .iter()
                    .any(|left| format!("{left:?}") == format!("{fault:?}"))
            });
            if nowhere {
                outcome
                    .complaints
                    .push(format!("fault {at} met no request"));
            }
        }
        outcome
    }
}

/// The stages that are open and free: as many of each peer as cases are played at once.
#[derive(Default)]
pub struct Theatre(Mutex<HashMap<PeerName, Vec<Stage>>>);

impl Theatre {
    pub fn play(&self, case: &Case) -> Outcome {
        let free = self.free().entry(case.peer).or_default().pop();
        let stage = free.unwrap_or_else(|| Stage::open(case.peer));
        let outcome = stage.play(case);
        self.free().entry(case.peer).or_default().push(stage);
        outcome
    }

    fn free(&self) -> MutexGuard<'_, HashMap<PeerName, Vec<Stage>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("a free port")
}

fn port(listener: &TcpListener) -> u16 {
    listener.local_addr().expect("it is bound").port()
}

fn local(port: u16) -> SocketAddr {
    (Ipv4Addr::LOCALHOST, port).into()
}
