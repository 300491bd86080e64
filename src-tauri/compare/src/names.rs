//! A run's own ports and fresh values, and names for them that are the same in both runs.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, MatchKind};
use trace::{Purpose, Role, origin_of, query_pairs};

use crate::bodies;
use crate::comparison::Noise;
use crate::shapes;
use crate::side::ComparedRun;
use crate::steps::{CALLBACK, Step, VISIT};

/// How the fresh parts of a run's texts are named.
pub struct Names {
    ports: HashMap<u16, String>,
    /// Where two servers are compared: what the MCP server's origin is.
    server: Option<String>,
    /// Clients that were registered in this run.
    registered: Vec<String>,
    search: Option<AhoCorasick>,
}

/// The names of both.
pub fn names_of(sides: [&ComparedRun<'_>; 2], steps: [&[Step<'_>]; 2]) -> [Names; 2] {
    let servers = [
        server_origin(sides[0], steps[0]),
        server_origin(sides[1], steps[1]),
    ];
    let is_same = servers[0] == servers[1]
        || servers.iter().flatten().all(|origin| {
            // Only the port differs, and ports have names anyway.
            trace::is_loopback(origin)
        });
    let of_side = |at: usize| {
        let server = servers[at].clone().filter(|_| !is_same);
        Names::of(sides[at], steps[at], server)
    };
    [of_side(0), of_side(1)]
}

pub use names_of as of;

/// The origin of the MCP server, as it got the requests.
fn server_origin(side: &ComparedRun<'_>, steps: &[Step<'_>]) -> Option<String> {
    let to_server = steps.iter().find(|step| {
        let exchange = step.exchange.map(|exchange| &exchange.purpose);
        matches!(
            exchange,
            Some(Purpose::Challenge { .. } | Purpose::Mcp { .. })
        )
    });
    let url = to_server.map_or(side.trace.server_url.as_str(), |step| &step.request.url);
    origin_of(url)
}

impl Names {
    fn of(side: &ComparedRun<'_>, steps: &[Step<'_>], server: Option<String>) -> Self {
        let registered = registered(steps);
        let values: Vec<&String> = registered
            .iter()
            .filter(|value| value.len() >= SHORTEST)
            .collect();
        let search = (!values.is_empty()).then(|| {
            AhoCorasick::builder()
                .match_kind(MatchKind::LeftmostLongest)
                .build(values)
        });
        Self {
            ports: ports(side, steps),
            server,
            registered,
            search: search.and_then(Result::ok),
        }
    }

    /// Whether a client of this id was registered in the run, so that it is another one each time.
    pub fn is_registered(&self, client_id: &str) -> bool {
        self.registered.iter().any(|known| known == client_id)
    }

    /// The address with names in it, without its query.
    pub fn url(&self, url: &str) -> String {
        let address = url.split(['?', '#']).next().unwrap_or(url);
        self.named(address).pop().unwrap_or_default()
    }

    /// The text as it is, with ports named, with the run's values named, with all that is fresh by
    /// its form named.
    pub fn named(&self, text: &str) -> Vec<String> {
        let with_server = match &self.server {
            Some(origin) => text.replace(origin.as_str(), "{MCP server}"),
            None => text.to_owned(),
        };
        let with_ports = shapes::with_ports(&with_server, &self.ports);
        let with_values = match &self.search {
            Some(search) => {
                let clients = vec!["{client_id}"; search.patterns_len()];
                search.replace_all(&with_ports, &clients)
            }
            None => with_ports.clone(),
        };
        let shapes = shapes::named(&with_values).text;
        vec![text.to_owned(), with_ports, with_values, shapes]
    }
}

/// Why two texts do not differ, where they do not.
#[derive(Debug, PartialEq, Eq)]
pub enum Alike {
    Equal,
    Noise(Noise),
    Different,
}

/// Compares two texts, each with the names of its run.
pub fn alike(a: &str, b: &str, names: &[Names; 2]) -> Alike {
    if a == b {
        return Alike::Equal;
    }
    let (named_a, named_b) = (names[0].named(a), names[1].named(b));
    let equal_at = named_a.iter().zip(&named_b).position(|(a, b)| a == b);
    match equal_at {
        Some(0) => Alike::Equal,
        Some(1) => Alike::Noise(Noise::Address),
        Some(2) => Alike::Noise(Noise::Fresh),
        Some(_) => {
            let has_times = shapes::named(a).has_times && !shapes::named(a).has_ids;
            Alike::Noise(if has_times { Noise::Time } else { Noise::Fresh })
        }
        None => Alike::Different,
    }
}

/// Clients that the run registered.
fn registered(steps: &[Step<'_>]) -> Vec<String> {
    let registrations = steps.iter().filter(|step| step.kind == "registration");
    let id = |step: &Step<'_>| {
        let document = bodies::answer(step)?;
        Some(document.get("client_id")?.as_str()?.to_owned())
    };
    registrations.filter_map(id).collect()
}

/// Shorter values may stand in a text by chance.
const SHORTEST: usize = 6;

/// The ports of this machine that take part, with what they are.
fn ports(side: &ComparedRun<'_>, steps: &[Step<'_>]) -> HashMap<u16, String> {
    let mut ports = HashMap::new();
    let mut add = |url: &str, name: String| {
        if let Some(port) = shapes::loopback_port(url) {
            ports.entry(port).or_insert(name);
        }
    };
    if let Some(origin) = server_origin(side, steps) {
        add(&origin, "MCP server".into());
    }
    let callbacks = steps.iter().filter(|step| step.kind == VISIT);
    for step in callbacks {
        let asked = query_pairs(&step.request.url);
        let uris = asked.iter().filter(|pair| pair.name == "redirect_uri");
        uris.for_each(|pair| add(&pair.value, "callback".into()));
    }
    for step in steps.iter().filter(|step| step.kind == "registration") {
        for uri in bodies::redirect_uris(&step.request) {
            add(&uri, "callback".into());
        }
    }
    // All that shows it in a recording that begins after the login.
    for step in steps.iter().filter(|step| step.kind == CALLBACK) {
        add(&step.request.url, "callback".into());
    }
    for (role, name) in [
        (Role::AuthorizationServer, "authorization server"),
        (Role::IdentityProvider, "identity provider"),
    ] {
        let of_role = side
            .trace
            .participants
            .iter()
            .filter(|one| one.role == role);
        let origins = of_role.filter_map(|one| one.origin.as_deref());
        for (at, origin) in origins.enumerate() {
            let name = match at {
                0 => name.to_owned(),
                more => format!("{name} {}", more + 1),
            };
            add(origin, name);
        }
    }
    ports
}
