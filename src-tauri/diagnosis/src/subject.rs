//! What rules look at. A run holds some of it, and comes to some of it never.

use std::collections::HashSet;

use trace::{ActionKind, Decision, Grant, Phase, Purpose, Recorded, StopCode};

use crate::client_authentication::basic_client_id;
use crate::id_token::id_tokens;
use crate::reading::{
    ExchangeRef, Reading, access_jwt, access_token, challenges, form, response_fields, value,
};
use crate::refused_refresh::refused_refreshes;
use crate::step_up::lacks_scope;
use crate::wording::is_http_url;

/// Defines the subjects: what they are called, in the plural, and the phase in which every run
/// that goes on for long enough comes to them; `none` for what has to be asked for, or depends on
/// the servers.
macro_rules! subjects {
    ($($subject:ident $phase:ident $words:literal,)+) => {
        /// Something that a run holds or does not hold, and that rules are about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Subject {
            $(#[doc = $words] $subject,)+
        }

        impl Subject {
            #[cfg(test)]
            pub const ALL: &[Self] = &[$(Self::$subject),+];

            /// In the plural.
            pub fn words(self) -> &'static str {
                match self {
                    $(Self::$subject => $words,)+
                }
            }

            /// The phase of every run in which it comes.
            pub fn phase(self) -> Option<Phase> {
                match self {
                    $(Self::$subject => subjects!(@phase $phase),)+
                }
            }
        }
    };
    (@phase none) => { None };
    (@phase $phase:ident) => { Some(Phase::$phase) };
}

subjects! {
    Request Challenge "requests",
    AnotherClient none "requests of another client than this program",
    Call Challenge "calls to the MCP server",
    Unauthorized Challenge "answers with status 401",
    Challenge Challenge "challenges in WWW-Authenticate",
    MetadataRequest ResourceMetadata "requests for metadata",
    ResourceMetadataRequest ResourceMetadata "requests for resource metadata",
    ResourceMetadata ResourceMetadata "resource metadata documents",
    ResourceMetadataUrl ResourceMetadata "URLs that resource metadata came from",
    AuthorizationServer ServerMetadata "authorization servers that were named",
    ServerMetadataRequest ServerMetadata "requests for authorization server metadata",
    ServerMetadata ServerMetadata "authorization server metadata documents",
    ServerMetadataUrl ServerMetadata "URLs that authorization server metadata came from",
    IdentityProvider none "requests for an identity provider's metadata",
    WayToRegister Registration "ways to register",
    Client Registration "clients to act as",
    Registration Registration "registration requests",
    Registered Registration "registration answers",
    RegistrationDeletion none "deletions of a registration",
    ClientDocument none "clients with a metadata document",
    PushedRequest none "pushed authorization requests",
    AuthorizationRequest Authorization "authorization requests",
    CodeRequest Authorization "requests of an MCP client for a code",
    Listener Authorization "listeners for the callback",
    AuthorizationPage none "authorization pages that this program saw",
    Callback Authorization "callbacks",
    IssInCallback none "callbacks with iss",
    ScopeAskedFor none "requests for a scope",
    AuthorizationDetails none "requests with authorization_details",
    Device none "device authorization requests",
    DevicePoll none "polls with a device code",
    OtherGrant none "grants other than the authorization code",
    TokenRequest Token "token requests",
    BasicAuthentication none "clients that authenticate by Basic",
    TokenAnswer Token "answers with an access token",
    JwtAccessToken none "access tokens that are JWTs",
    TokenExchange none "token exchanges",
    IdToken none "ID tokens",
    KeySet none "sets of keys that were fetched",
    SignatureCheck none "checks of a token's signature",
    Userinfo none "userinfo requests",
    Dpop none "requests with a DPoP proof",
    ClientCertificate none "client certificates",
    CallWithToken Mcp "calls with a token",
    RefusedForScope none "calls that were refused for want of scope",
    StepUp none "step-ups",
    Refresh none "refresh requests",
    RefusedRefresh none "refresh requests that were refused",
    RotatedAgain none "attempts to use a refresh token again",
    RefreshTwice none "two refreshes at once",
    CodeReplay none "attempts to use a code again",
    Action none "actions that were asked for besides the flow",
    Introspection none "introspection requests",
    Revocation none "revocation requests",
    SideRequest none "introspection and userinfo requests",
    CrossOrigin none "requests as of a page in a browser",
}

/// Where a run holds a subject.
pub(crate) struct Place {
    pub entry: Option<u32>,
    /// Why nothing can be said of it, when it could not be read.
    pub unread: Option<&'static str>,
}

impl Place {
    fn at(entry: u32) -> Self {
        Self {
            entry: Some(entry),
            unread: None,
        }
    }
}

impl Subject {
    /// The part of the flow that it belongs to, also where few runs come to it.
    pub fn belongs_to(self) -> Phase {
        match self {
            Self::IdentityProvider => Phase::ServerMetadata,
            Self::RegistrationDeletion | Self::ClientDocument => Phase::Registration,
            Self::PushedRequest
            | Self::AuthorizationPage
            | Self::IssInCallback
            | Self::ScopeAskedFor
            | Self::AuthorizationDetails
            | Self::Device => Phase::Authorization,
            Self::RefusedForScope | Self::StepUp => Phase::StepUp,
            Self::Refresh | Self::RefusedRefresh | Self::RotatedAgain | Self::RefreshTwice => {
                Phase::Refresh
            }
            Self::Userinfo
            | Self::Action
            | Self::Introspection
            | Self::Revocation
            | Self::SideRequest
            | Self::CrossOrigin => Phase::Extra,
            other => other.phase().unwrap_or(Phase::Token),
        }
    }

    /// The first place where it can be read, or else the first at all.
    pub fn place(self, reading: &Reading<'_>) -> Option<Place> {
        let tokens = || reading.tokens.iter().map(|(seen, _)| *seen);
        let granted = move |seen: &ExchangeRef<'_>| {
            let token = seen.response().and_then(access_token);
            token.is_some()
        };
        let by_grant = |wanted: Grant| {
            let all = reading.tokens.iter();
            first(
                all.filter(|(_, grant)| *grant == wanted)
                    .map(|(seen, _)| *seen),
            )
        };
        let sent = |wanted: fn(&Purpose) -> bool| first(reading.sent_for(wanted));
        let did = |wanted: ActionKind| {
            let action = reading.actions().iter().find(|one| one.kind == wanted);
            action.map(|action| Place::at(action.begin))
        };
        let decided = |wanted: fn(&Decision) -> bool| {
            let mut all = reading.decisions.iter();
            let found = all.find(|(_, decision)| wanted(decision));
            found.map(|(seq, _)| Place::at(*seq))
        };
        let asked = |name: &'static str| {
            let (seq, pairs) = reading.authorization_before(u32::MAX)?;
            value(pairs, name).map(|_| Place::at(seq))
        };
        match self {
            Self::Request => first(reading.all.iter().copied()),
            Self::AnotherClient => {
                let first = reading.all.first();
                let first = first.filter(|_| reading.is_of_another_client());
                first.map(|seen| Place::at(seen.seq))
            }
            Self::Call => first(reading.first_calls.iter().chain(&reading.calls).copied()),
            Self::Unauthorized => {
                let calls = reading.first_calls.iter().chain(&reading.calls).copied();
                first(calls.filter(|call| call.status() == Some(401)))
            }
            Self::Challenge => {
                let calls = reading.first_calls.iter().chain(&reading.calls).copied();
                first(calls.filter(|call| {
                    let all = call.response().map(challenges);
                    all.is_some_and(|all| all.is_err() || all.is_ok_and(|all| !all.is_empty()))
                }))
            }
            Self::MetadataRequest => first(
                reading
                    .resource_tries
                    .iter()
                    .map(|attempt| attempt.seen)
                    .chain(reading.server_tries.iter().map(|attempt| attempt.seen)),
            ),
            Self::ResourceMetadataRequest => {
                first(reading.resource_tries.iter().map(|attempt| attempt.seen))
            }
            Self::ResourceMetadata => reading
                .resource_metadata()
                .map(|(attempt, _)| Place::at(attempt.seen.seq))
                .or_else(|| {
                    let unread = reading.resource_tries.iter().filter(|one| one.is_unread());
                    first(unread.map(|attempt| attempt.seen))
                }),
            Self::ResourceMetadataUrl => {
                located(reading.resource_tries.iter().map(|attempt| attempt.seen))
            }
            Self::ServerMetadataUrl => {
                located(reading.server_tries.iter().map(|attempt| attempt.seen))
            }
            Self::AuthorizationServer => Self::ServerMetadataRequest.place(reading).or_else(|| {
                let metadata = Self::ResourceMetadata.place(reading);
                reading.issuer().and(metadata)
            }),
            Self::ServerMetadataRequest => {
                first(reading.server_tries.iter().map(|attempt| attempt.seen))
            }
            Self::ServerMetadata => reading
                .server_metadata()
                .map(|(attempt, _)| Place::at(attempt.seen.seq))
                .or_else(|| {
                    let unread = reading.server_tries.iter().filter(|one| one.is_unread());
                    first(unread.map(|attempt| attempt.seen))
                }),
            Self::IdentityProvider => {
                sent(|purpose| matches!(purpose, Purpose::IdentityProviderMetadata { .. }))
            }
            Self::WayToRegister => Self::ServerMetadata
                .place(reading)
                .or_else(|| Self::Registration.place(reading)),
            Self::Client => reading.client_before(u32::MAX).map(|_| {
                let decided = decided(|one| matches!(one, Decision::Client { .. }));
                let entry = decided.and_then(|place| place.entry);
                let unread = None;
                Place { entry, unread }
            }),
            Self::Registration => first(reading.registrations.iter().copied()),
            Self::Registered => {
                let all = reading.registrations.iter().copied();
                first(all.filter(|seen| {
                    seen.status()
                        .is_some_and(|status| (200..300).contains(&status))
                }))
            }
            Self::RegistrationDeletion => sent(|purpose| *purpose == Purpose::RegistrationDeletion),
            Self::ClientDocument => {
                let (client, _) = reading.client_before(u32::MAX)?;
                let visit = reading.visits.last();
                let entry = visit.map(|visit| visit.seq);
                is_http_url(client).then_some(Place {
                    entry,
                    unread: None,
                })
            }
            Self::PushedRequest => sent(|purpose| *purpose == Purpose::PushedAuthorization),
            Self::AuthorizationRequest => reading.visits.first().map(|visit| Place::at(visit.seq)),
            Self::CodeRequest => reading
                .code_requests()
                .next()
                .map(|asked| Place::at(asked.seq)),
            Self::Listener => Self::AuthorizationRequest.place(reading).or_else(|| {
                let failed = reading.stopped(StopCode::ListenerFailed);
                failed.map(Place::at)
            }),
            Self::AuthorizationPage => {
                let pages = reading.hops.iter().chain(&reading.probes);
                first(pages.copied())
            }
            Self::Callback => {
                let mut all = reading.callbacks.iter().chain(&reading.strays);
                all.next().map(|seen| Place::at(seen.seq))
            }
            Self::IssInCallback => {
                let mut all = reading.callbacks.iter();
                let with =
                    all.find(|seen| value(&response_fields(seen.request()), "iss").is_some());
                with.map(|seen| Place::at(seen.seq))
            }
            Self::ScopeAskedFor => {
                let last = reading.tokens.last()?.0;
                let asked = reading.scope_asked_for(last.seq);
                asked.map(|_| Place::at(last.seq))
            }
            Self::AuthorizationDetails => asked("authorization_details"),
            Self::Device => sent(|purpose| *purpose == Purpose::DeviceAuthorization),
            Self::DevicePoll => by_grant(Grant::DeviceCode),
            Self::OtherGrant => {
                let chosen = reading.chosen_grant();
                let other = chosen.filter(|(_, grant)| *grant != Grant::AuthorizationCode);
                other.map(|(seq, _)| Place::at(seq))
            }
            Self::TokenRequest => first(tokens()),
            Self::BasicAuthentication => {
                first(tokens().filter(|seen| basic_client_id(seen.request()).is_some()))
            }
            Self::TokenAnswer => first(tokens().filter(granted)),
            Self::JwtAccessToken => {
                let jwt = tokens().find(|seen| {
                    let token = seen.response().and_then(access_jwt);
                    token.is_some_and(|jwt| jwt.is_ok())
                });
                jwt.map(|seen| Place::at(seen.seq)).or_else(|| {
                    let opaque = tokens().find(granted)?;
                    Some(Place {
                        entry: Some(opaque.seq),
                        unread: Some("The access token is no JWT that can be read."),
                    })
                })
            }
            Self::TokenExchange => by_grant(Grant::TokenExchange),
            Self::IdToken => first(id_tokens(reading).into_iter().map(|token| token.seen)),
            Self::KeySet => sent(|purpose| *purpose == Purpose::Jwks),
            Self::SignatureCheck => decided(|one| matches!(one, Decision::TokenChecked { .. })),
            Self::Userinfo => sent(|purpose| *purpose == Purpose::Userinfo),
            Self::Dpop => {
                let all = reading.all.iter().copied();
                first(all.filter(|seen| seen.request().header_value("dpop").is_some()))
            }
            Self::ClientCertificate => {
                decided(|one| matches!(one, Decision::ClientCertificate { .. }))
            }
            Self::CallWithToken => first(reading.calls.iter().copied()),
            Self::RefusedForScope => first(
                reading
                    .calls
                    .iter()
                    .copied()
                    .filter(|call| lacks_scope(*call)),
            ),
            Self::StepUp => decided(|one| matches!(one, Decision::StepUp { .. }))
                .or_else(|| reading.step_ups_for_scope().next().map(Place::at)),
            Self::Refresh => by_grant(Grant::RefreshToken),
            Self::RefusedRefresh => first(
                refused_refreshes(reading)
                    .into_iter()
                    .map(|refused| refused.seen),
            ),
            Self::RotatedAgain => {
                did(ActionKind::ReuseRotated).or_else(|| used_twice(tokens(), "refresh_token"))
            }
            Self::RefreshTwice => did(ActionKind::RefreshTwice),
            Self::CodeReplay => {
                did(ActionKind::ReplayCode).or_else(|| used_twice(tokens(), "code"))
            }
            Self::Action => reading.actions().first().map(|one| Place::at(one.begin)),
            Self::Introspection => sent(|purpose| matches!(purpose, Purpose::Introspection { .. })),
            Self::SideRequest => {
                sent(|purpose| matches!(purpose, Purpose::Introspection { .. } | Purpose::Userinfo))
            }
            Self::Revocation => sent(|purpose| matches!(purpose, Purpose::Revocation { .. })),
            Self::CrossOrigin => sent(|purpose| {
                matches!(
                    purpose,
                    Purpose::Preflight { .. } | Purpose::FromPage { .. }
                )
            }),
        }
    }
}

/// Whether the status of the answer was recorded.
fn has_status(seen: ExchangeRef<'_>) -> bool {
    seen.exchange.recorded.status == Recorded::Whole
}

/// The first request that sends the same text under this name as one before it.
fn used_twice<'a>(
    requests: impl Iterator<Item = ExchangeRef<'a>>,
    name: &'static str,
) -> Option<Place> {
    let mut used = HashSet::new();
    let mut sent = requests.filter_map(|seen| Some((seen, value(form(seen.request()), name)?)));
    let again = sent.find(|(_, text)| !used.insert(*text));
    again.map(|(seen, _)| Place::at(seen.seq))
}

/// The first of these exchanges whose URL was recorded, or else the first.
fn located<'a>(exchanges: impl Iterator<Item = ExchangeRef<'a>>) -> Option<Place> {
    let mut unread = None;
    for seen in exchanges {
        if seen.exchange.recorded.request_line != Recorded::NotRecorded {
            return Some(Place::at(seen.seq));
        }
        unread.get_or_insert(Place {
            entry: Some(seen.seq),
            unread: Some("The recording does not say which URL was asked for."),
        });
    }
    unread
}

/// The first of these exchanges with an answer that was recorded whole, or else the first.
fn first<'a>(exchanges: impl Iterator<Item = ExchangeRef<'a>>) -> Option<Place> {
    let mut unread = None;
    for seen in exchanges {
        let why = match seen.response_with_headers() {
            Some(response) if response.has_body() && has_status(seen) => {
                return Some(Place::at(seen.seq));
            }
            _ if seen.response().is_some() => "The recording does not hold all of the answer.",
            _ => "No answer came.",
        };
        unread.get_or_insert(Place {
            entry: Some(seen.seq),
            unread: Some(why),
        });
    }
    unread
}
