//! Sends the same requests as Authscope and as hosted clients, and finds what treats the two
//! differently.

use std::collections::HashSet;

use clients::Profile;
use trace::{
    MetadataSource, Outcome, Purpose, Request, ResourceMetadata, Response, WellKnown, origin_of,
    resource_metadata_urls, server_metadata_urls,
};
use url::Url;
use wire::{Sent, Wire};

use super::answers::{EdgeAnswer, sent};

/// Headers that name what stands in front of a server, the most specific first.
const IN_FRONT: [&str; 14] = [
    "cf-mitigated",
    "x-amzn-waf-action",
    "x-amzn-waf-",
    "x-vercel-mitigated",
    "x-datadome",
    "x-sucuri-block",
    "x-iinfo",
    "x-akamai-",
    "akamai-grn",
    "cf-ray",
    "x-amz-cf-id",
    "x-sucuri-id",
    "x-azure-ref",
    "fly-request-id",
];

/// Words of pages that want to see a browser.
const CHALLENGES: [&str; 5] = [
    "just a moment",
    "captcha",
    "challenge-platform",
    "enable javascript and cookies",
    "access denied",
];

/// What was asked, and what came back.
pub(super) struct Asked {
    /// The first call as Authscope sends it.
    pub first_call: Option<Sent>,
    pub answers: Vec<EdgeAnswer>,
}

/// A request that hosted clients send, too.
struct Leg {
    name: &'static str,
    purpose: Purpose,
    request: Request,
}

/// Asks as Authscope and as each hosted client whose `User-Agent` is known for such a request.
pub(super) async fn ask(
    wire: &Wire,
    url: &Url,
    authorization_server: bool,
    doubts: &mut Vec<String>,
) -> Asked {
    let mut asked = Asked {
        first_call: None,
        answers: Vec::new(),
    };
    let mut legs = legs(url.as_str());
    let mut at = 0;
    while at < legs.len() {
        let leg = &legs[at];
        let ours = ask_one(wire, leg, &mut asked.answers, doubts).await;
        let next = match leg.purpose {
            Purpose::ResourceMetadata { .. } => {
                server_metadata(url, &ours, authorization_server, doubts)
            }
            _ => None,
        };
        // Listed right after the request that led to it.
        legs.splice(at + 1..at + 1, next);
        if at == 0 {
            asked.first_call = Some(ours);
        }
        at += 1;
    }
    asked
}

/// Sends one of them as each client. Authscope's own request is sent twice: where its two answers
/// already differ, nothing is said about the others.
async fn ask_one(
    wire: &Wire,
    leg: &Leg,
    answers: &mut Vec<EdgeAnswer>,
    doubts: &mut Vec<String>,
) -> Sent {
    let ours = sent(wire, &leg.request).await;
    let mut theirs = Vec::new();
    for (client, agent) in agents(&leg.purpose) {
        let request = leg.request.clone().header("user-agent", agent);
        theirs.push((client, agent, sent(wire, &request).await));
    }
    let again = sent(wire, &leg.request).await;
    let is_steady = kind(&ours) == kind(&again);
    if !is_steady {
        doubts.push(format!(
            "The {} was answered to Authscope with {} and then with {}, so that nothing can be said \
             of what others get.",
            leg.name,
            in_words(&ours),
            in_words(&again)
        ));
    }
    let own = wire.complete(&leg.request);
    let own = own.header_value("user-agent").unwrap_or_default();
    answers.push(answer(leg, "Authscope", own, &ours, None));
    for (client, agent, their) in &theirs {
        let mut answer = answer(leg, client, agent, their, Some(&ours));
        answer.differs = is_steady && kind(their) != kind(&ours);
        if answer.differs && status(their) == Some(429) {
            // So many requests in a row are not what the client sends.
            answer.differs = false;
            doubts.push(format!(
                "The {} as {client} was answered with 429: so many requests in a row were too many.",
                leg.name
            ));
        }
        answers.push(answer);
    }
    ours
}

/// The hosted clients and the `User-Agent`s that they send such a request with, each once.
fn agents(purpose: &Purpose) -> Vec<(&'static str, &'static str)> {
    let mut known: HashSet<&str> = HashSet::new();
    let hosted = clients::profiles().iter().filter(|profile| profile.hosted);
    let all = hosted.filter_map(|profile: &'static Profile| {
        let agent = profile.play.user_agent_of(purpose)?;
        known
            .insert(agent)
            .then_some((profile.name.as_str(), agent))
    });
    all.collect()
}

/// The first call, the resource metadata, and a call with a token that is not good.
fn legs(url: &str) -> Vec<Leg> {
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"edge check","version":"1"}}}"#;
    let call = || {
        Request::new("POST", url)
            .header("accept", "application/json, text/event-stream")
            .header("content-type", "application/json")
            .body(body)
    };
    let method = "initialize".to_owned();
    let mut all = vec![Leg {
        name: "first call",
        purpose: Purpose::Challenge {
            method: method.clone(),
        },
        request: call(),
    }];
    let metadata = resource_metadata_urls(url).into_iter().next();
    all.extend(metadata.map(|(source, url): (MetadataSource, String)| Leg {
        name: "resource metadata",
        purpose: Purpose::ResourceMetadata { source },
        request: Request::new("GET", url).header("accept", "application/json"),
    }));
    all.push(Leg {
        name: "call with a token",
        purpose: Purpose::Mcp { method },
        request: call().header("authorization", "Bearer edge-check-not-a-token"),
    });
    all
}

/// The metadata of the authorization server that the resource metadata names: where it is on the
/// same host, or the user says that it is theirs.
fn server_metadata(
    url: &Url,
    metadata: &Sent,
    is_theirs: bool,
    doubts: &mut Vec<String>,
) -> Option<Leg> {
    let Outcome::Response(response) = &metadata.outcome else {
        return None;
    };
    let metadata = ResourceMetadata::read(response).ok()?;
    let issuer = metadata.authorization_servers.into_iter().next()?;
    let host = |url: &str| Url::parse(url).ok()?.host_str().map(str::to_owned);
    if !is_theirs && host(&issuer) != host(url.as_str()) {
        doubts.push(format!(
            "The authorization server {} was not asked: it is on another host, and may be somebody \
             else's.",
            origin_of(&issuer).unwrap_or_default()
        ));
        return None;
    }
    let (well_known, place): (WellKnown, String) =
        server_metadata_urls(&issuer).into_iter().next()?;
    Some(Leg {
        name: "authorization server metadata",
        purpose: Purpose::ServerMetadata { issuer, well_known },
        request: Request::new("GET", place).header("accept", "application/json"),
    })
}

fn answer(leg: &Leg, client: &str, agent: &str, sent: &Sent, ours: Option<&Sent>) -> EdgeAnswer {
    EdgeAnswer {
        request: leg.name.into(),
        client: client.into(),
        user_agent: agent.into(),
        answer: in_words(sent),
        differs: false,
        in_front: response(sent).and_then(|its| in_front(its, ours.and_then(response))),
    }
}

fn response(sent: &Sent) -> Option<&Response> {
    match &sent.outcome {
        Outcome::Response(response) => Some(response),
        Outcome::Failure(_) => None,
    }
}

fn status(sent: &Sent) -> Option<u16> {
    response(sent).map(|response| response.status)
}

/// What counts when two answers are compared.
fn kind(sent: &Sent) -> (Option<u16>, bool) {
    (status(sent), response(sent).is_some_and(is_page))
}

fn is_page(response: &Response) -> bool {
    let kind = response.header_value("content-type").unwrap_or_default();
    kind.trim_start()
        .to_ascii_lowercase()
        .starts_with("text/html")
}

fn in_words(sent: &Sent) -> String {
    match &sent.outcome {
        Outcome::Response(response) if is_page(response) => {
            format!("{}, an HTML page", response.status)
        }
        Outcome::Response(response) => response.status.to_string(),
        Outcome::Failure(failure) => format!("no answer: {}", failure.message),
    }
}

/// What names who answered: a header that our answer does not have, else one of those that stand
/// for such places, else the page itself.
fn in_front(response: &Response, ours: Option<&Response>) -> Option<String> {
    let is_new = |name: &str| ours.is_none_or(|ours| ours.header_value(name).is_none());
    let of = |wanted: &str| {
        let mut headers = response.headers.iter();
        headers.find(|header| {
            let name = header.name.to_ascii_lowercase();
            name == wanted || (wanted.ends_with('-') && name.starts_with(wanted))
        })
    };
    let known: Vec<_> = IN_FRONT.iter().filter_map(|name| of(name)).collect();
    let told = known.iter().find(|header| is_new(&header.name));
    if let Some(header) = told.or(known.first()) {
        return Some(format!("{}: {}", header.name, header.value));
    }
    let ours = ours?;
    let server = response.header_value("server");
    if let Some(server) = server.filter(|server| ours.header_value("server") != Some(*server)) {
        return Some(format!("server: {server}"));
    }
    let text = response
        .body
        .text()
        .unwrap_or_default()
        .to_ascii_lowercase();
    let word = CHALLENGES.iter().find(|word| text.contains(**word))?;
    is_page(response).then(|| format!("a page that says \"{word}\""))
}
