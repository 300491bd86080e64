//! Which authorization server it is, and what is known of it: told by host names that are its own,
//! and by what its metadata, answers and tokens have in common with others of its kind. One file
//! for each provider.
//!
//! | module | what it has |
//! |---|---|
//! | `provider` | what is known of a provider, as data |
//! | `said` | what an answer says went wrong, wherever it says it |
//! | `advice` | puts recipes and explanations into findings |
//! | `fronts` | what stands in front of servers |

mod advice;
mod atlassian;
mod auth0;
mod authentik;
mod clerk;
mod cloudflare;
mod cognito;
mod descope;
mod duende;
mod entra;
mod fronts;
mod fusionauth;
mod github;
mod google;
mod hydra;
mod keycloak;
mod linear;
mod logto;
mod notion;
mod okta;
mod pingone;
mod provider;
pub(crate) mod recognized;
mod said;
mod salesforce;
mod scalekit;
mod slack;
mod spring;
mod stytch;
mod supabase;
mod workos;
mod zitadel;

use trace::{Document, Evidence, Purpose, Trace};
use url::Url;

use crate::finding::Certainty;
use crate::reading::{ExchangeRef, Reading, access_token, jwt};
use crate::snapshot::Snapshot;
use crate::wording::list;
pub(crate) use advice::{BY_HAND, advise};
pub(crate) use fronts::{access_proxy, answers_itself, own_error, unrouted};
pub use provider::{Cannot, Provider};
use provider::{Sign, Trait};
pub use recognized::Recognized;
pub(crate) use said::words;

const PROVIDERS: [&Provider; 27] = [
    &workos::PROVIDER,
    &auth0::PROVIDER,
    &supabase::PROVIDER,
    &entra::PROVIDER,
    &okta::PROVIDER,
    &cognito::PROVIDER,
    &google::PROVIDER,
    &github::PROVIDER,
    &keycloak::PROVIDER,
    &hydra::PROVIDER,
    &zitadel::PROVIDER,
    &authentik::PROVIDER,
    &clerk::PROVIDER,
    &stytch::PROVIDER,
    &descope::PROVIDER,
    &fusionauth::PROVIDER,
    &logto::PROVIDER,
    &scalekit::PROVIDER,
    &pingone::PROVIDER,
    &duende::PROVIDER,
    &spring::PROVIDER,
    &salesforce::PROVIDER,
    &slack::PROVIDER,
    &atlassian::PROVIDER,
    &notion::PROVIDER,
    &linear::PROVIDER,
    &cloudflare::PROVIDER,
];

/// Whose authorization server has this host, where that is one of its own.
pub(crate) fn by_host(issuer: &str) -> Option<&'static Provider> {
    let url = Url::parse(issuer).ok()?;
    let host = url.host_str()?;
    let mut providers = PROVIDERS.iter().copied();
    providers.find(|one| one.hosts.iter().any(|known| known.fits(host)))
}

/// How a provider was recognised, in one sentence.
fn how(known: &Recognized) -> String {
    let name = known.provider.name;
    let evidence: Vec<&str> = known.evidence.iter().map(|one| one.what.as_str()).collect();
    match known.certainty {
        Certainty::Certain => format!("(This is {name}, by its {}.)", list(&evidence)),
        _ => format!("(Most likely this is {name}: {}.)", list(&evidence)),
    }
}

/// What is looked at to recognise a provider.
struct Seen<'r, 'a> {
    issuer: &'r str,
    metadata: Option<std::rc::Rc<Document>>,
    /// Answers of the authorization server, the first of each kind.
    answers: Vec<ExchangeRef<'a>>,
    tokens: Vec<String>,
}

/// How many answers are looked at.
const ANSWERS: usize = 12;

impl Reading<'_> {
    /// Whose authorization server it is, if that is known.
    pub(crate) fn provider(&self) -> Option<&Recognized> {
        self.provider.get_or_init(|| recognize(self)).as_ref()
    }
}

/// The provider of the authorization server that a run went to, if it is known.
fn recognize(reading: &Reading<'_>) -> Option<Recognized> {
    let metadata = reading.server_metadata().map(|(attempt, _)| attempt);
    let tried = || reading.server_tries.last().map(|attempt| attempt.issuer);
    let issuer = metadata
        .map(|attempt| attempt.issuer)
        .or_else(|| reading.issuer())
        .or_else(tried)
        .unwrap_or_default();
    if let Some(provider) = by_host(issuer) {
        let url = Url::parse(issuer).ok();
        let host = url
            .as_ref()
            .and_then(|url| url.host_str())
            .unwrap_or_default();
        return Some(Recognized {
            provider,
            evidence: vec![Evidence {
                entry: metadata.map(|attempt| attempt.seen.seq),
                what: format!("host {host}"),
            }],
            certainty: Certainty::Certain,
        });
    }
    let tries = reading.server_tries.iter().map(|attempt| attempt.seen);
    let tokens = reading.tokens.iter().map(|(seen, _)| *seen);
    let answers = (tries.take(ANSWERS))
        .chain(reading.registrations.iter().copied().take(ANSWERS))
        .chain(reading.hops.iter().copied().take(ANSWERS))
        .chain(reading.callbacks.iter().copied().take(ANSWERS))
        .chain(tokens.take(ANSWERS));
    let answers: Vec<_> = answers.collect();
    let seen = Seen {
        issuer,
        metadata: metadata.and_then(|attempt| attempt.seen.response()?.object()),
        tokens: answers
            .iter()
            .filter(|seen| matches!(seen.exchange.purpose, Purpose::Token { .. }))
            .filter_map(|seen| access_token(seen.response()?))
            .collect(),
        answers,
    };
    by_traits(&seen)
}

/// The one with most on its side. Shared traits alone have to be two, and of equals there is none.
fn by_traits(seen: &Seen<'_, '_>) -> Option<Recognized> {
    let weighed = PROVIDERS.iter().filter_map(|provider| {
        let mut weight = 0;
        let mut evidence = Vec::new();
        for one in provider.traits {
            let (sign, adds) = match one {
                Trait::Own(sign) => (sign, 2),
                Trait::Shared(sign) => (sign, 1),
            };
            if seen.has(sign) {
                weight += adds;
                evidence.push(Evidence {
                    entry: None,
                    what: what(sign),
                });
            }
        }
        let recognized = Recognized {
            provider,
            evidence,
            certainty: Certainty::Likely,
        };
        (weight >= 2).then_some((weight, recognized))
    });
    let mut weighed: Vec<_> = weighed.collect();
    weighed.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
    match weighed.as_slice() {
        [(one, _), (other, _), ..] if one == other => None,
        [] => None,
        _ => Some(weighed.swap_remove(0).1),
    }
}

impl Seen<'_, '_> {
    fn has(&self, sign: &Sign) -> bool {
        match sign {
            Sign::IssuerPath(part) => path(self.issuer).is_some_and(|path| path.contains(part)),
            Sign::Path(member, start, end) => self
                .url(member)
                .is_some_and(|path| path.starts_with(start) && path.ends_with(end)),
            Sign::InPath(member, part) => self.url(member).is_some_and(|path| path.contains(part)),
            Sign::Member(name) => self.member(name).is_some(),
            Sign::Holds(name, part) => self
                .member(name)
                .is_some_and(|value| value.to_string().contains(part)),
            Sign::Header(name) => self.answers.iter().any(|seen| {
                seen.response()
                    .is_some_and(|response| response.header_value(name).is_some())
            }),
            Sign::Token(start) => self.tokens.iter().any(|token| token.starts_with(start)),
            Sign::TokenHeader(name, start) => self
                .tokens
                .iter()
                .any(|token| header(token).is_some_and(|header| begins(header.get(*name), start))),
            Sign::Claim(name, start) => self
                .tokens
                .iter()
                .any(|token| jwt(token).is_ok_and(|token| begins(token.claims.get(*name), start))),
            Sign::Says(part) => self.answers.iter().any(|seen| {
                let refused = seen.status().is_none_or(|status| status >= 300);
                (refused || seen.exchange.purpose == Purpose::Callback)
                    && said::says(&said::words(*seen), &[part])
            }),
        }
    }

    fn member(&self, name: &str) -> Option<&serde_json::Value> {
        let value = self.metadata.as_ref()?.get(name)?;
        (!value.is_null()).then_some(value)
    }

    /// The path of the URL in this member.
    fn url(&self, member: &str) -> Option<String> {
        path(self.member(member)?.as_str()?)
    }
}

/// The header of a token, be it signed or encrypted.
fn header(token: &str) -> Option<Document> {
    let (header, rest) = token.split_once('.')?;
    // Header and claims of a signed token are read in the same way.
    match rest.matches('.').count() {
        1 | 3 => Some(jwt(&format!("{header}.e30.")).ok()?.header.clone()),
        _ => None,
    }
}

fn begins(value: Option<&serde_json::Value>, start: &str) -> bool {
    match value {
        None | Some(serde_json::Value::Null) => false,
        Some(serde_json::Value::String(text)) => text.starts_with(start),
        Some(other) => start.is_empty() || other.to_string().contains(start),
    }
}

fn path(url: &str) -> Option<String> {
    Some(Url::parse(url).ok()?.path().to_owned())
}

/// A sign in words.
fn what(sign: &Sign) -> String {
    match sign {
        Sign::IssuerPath(part) => format!("the issuer has {part} in its path"),
        Sign::Path(member, _, "") => format!("{member} is where this provider has it"),
        Sign::Path(member, "", end) => format!("{member} ends in {end}"),
        Sign::Path(member, start, end) => format!("{member} is {start}…{end}"),
        Sign::InPath(member, part) => format!("{member} has {part} in its path"),
        Sign::Member(name) => format!("the metadata has {name}"),
        Sign::Holds(name, part) => format!("{name} has {part}"),
        Sign::Header(name) => format!("its answers have the header {name}"),
        Sign::Token(start) => format!("access tokens begin with {start}"),
        Sign::TokenHeader(name, _) => format!("the header of the access token has {name}"),
        Sign::Claim(name, _) => format!("the access token has the claim {name}"),
        Sign::Says(part) => format!("an error says {part}"),
    }
}

/// The provider of the authorization server whose metadata a trace holds, if it is known.
pub fn provider_of(trace: &Trace) -> Option<Recognized> {
    let snapshot = Snapshot::of_first(trace, trace.entries.len());
    recognize(&Reading::of(&snapshot))
}

#[cfg(test)]
mod tests;
