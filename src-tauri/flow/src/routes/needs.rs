//! What each action consists of, and what it needs.

use trace::{ActionKind, CrossOrigin, TokenKind};

use crate::client::Client;
use crate::endpoint::{Endpoint, MissingEndpoint};
use crate::facts::Facts;
use crate::options::ToolCall;
use crate::page::asks_first;
use crate::queue::{
    AboutToken, Action, ActionPart, ActionRequest, RefreshKind, RegistrationRequest, TokenTried,
};
use crate::setup::Setup;

/// What an action consists of.
pub(crate) fn parts(facts: &Facts, setup: &Setup, action: Action) -> Vec<ActionPart> {
    let tokens = facts.tokens.as_ref();
    let refresh_token = tokens.and_then(|tokens| tokens.refresh_token.clone());
    let kinds = |refresh_first: bool| match (&refresh_token, refresh_first) {
        (Some(_), true) => vec![TokenKind::RefreshToken, TokenKind::AccessToken],
        (Some(_), false) => vec![TokenKind::AccessToken, TokenKind::RefreshToken],
        (None, _) => vec![TokenKind::AccessToken],
    };
    match action.kind {
        ActionKind::CallTool => vec![ActionPart::Call(action.call.unwrap_or_default())],
        ActionKind::Refresh | ActionKind::PretendExpired => {
            vec![ActionPart::Refresh, ActionPart::Try]
        }
        ActionKind::Rotate => vec![ActionPart::Refresh, ActionPart::Refresh, ActionPart::Try],
        ActionKind::ReuseRotated => {
            let reuse = refresh_token.map(ActionPart::ReuseRefreshToken);
            let parts = [Some(ActionPart::Refresh), reuse, Some(ActionPart::Try)];
            parts.into_iter().flatten().collect()
        }
        ActionKind::RefreshTwice => vec![ActionPart::RefreshTwice, ActionPart::Try],
        ActionKind::RevokeAndTry => {
            vec![ActionPart::Revoke(TokenKind::AccessToken), ActionPart::Try]
        }
        // The refresh token first: the server may revoke the access token together with it (RFC
        // 7009 section 2.1).
        ActionKind::Revoke => kinds(true).into_iter().map(ActionPart::Revoke).collect(),
        ActionKind::Introspect => {
            let kinds = kinds(false).into_iter();
            kinds.map(ActionPart::Introspect).collect()
        }
        ActionKind::Userinfo => vec![ActionPart::Userinfo],
        ActionKind::CheckSignatures => vec![ActionPart::Jwks],
        // The server may revoke what the code brought (RFC 6749 section 4.1.2): the call shows
        // that.
        ActionKind::ReplayCode => vec![ActionPart::ReplayCode, ActionPart::Try],
        ActionKind::CheckCors => {
            let all = [
                CrossOrigin::ResourceMetadata,
                CrossOrigin::ServerMetadata,
                CrossOrigin::Registration,
                CrossOrigin::Token,
                CrossOrigin::McpEndpoint,
                CrossOrigin::McpCall,
            ];
            let known = all
                .into_iter()
                .filter(|of| cross_origin(facts, setup, *of).is_ok());
            let parts = known.flat_map(|of| {
                let asked = asks_first(facts, of).then_some(ActionPart::Preflight(of));
                asked.into_iter().chain([ActionPart::FromPage(of)])
            });
            parts.collect()
        }
        ActionKind::TryInvalidToken => vec![ActionPart::TryGarbled],
        ActionKind::ReadRegistration => vec![ActionPart::ReadRegistration],
        ActionKind::UpdateRegistration => vec![ActionPart::UpdateRegistration],
        ActionKind::DeleteRegistration => {
            let all = facts.registered.iter().cloned().map(Box::new);
            all.map(ActionPart::DeleteRegistration).collect()
        }
    }
}

/// The request of a part, with what it needs.
///
/// # Errors
/// What is missing.
pub(crate) fn request(
    facts: &Facts,
    setup: &Setup,
    part: ActionPart,
) -> Result<ActionRequest, String> {
    let endpoint = |name| {
        let endpoint = facts.endpoint(setup, name);
        endpoint.map_err(|missing| lacking_endpoint(&missing))
    };
    let refresh = |kind, refresh_token| {
        Ok(ActionRequest::Refresh {
            endpoint: endpoint("token_endpoint")?,
            refresh_token,
            kind,
        })
    };
    let token = |kind: TokenKind| {
        let tokens = facts.tokens.as_ref();
        let token = match kind {
            TokenKind::AccessToken => tokens.map(|tokens| tokens.access_token.clone()),
            TokenKind::RefreshToken => tokens.and_then(|tokens| tokens.refresh_token.clone()),
            TokenKind::IdToken => tokens.and_then(|tokens| tokens.id_token.clone()),
        };
        token.ok_or_else(|| format!("there is no {} any more", kind.as_str()))
    };
    let about = |name, kind| {
        Ok::<_, String>(AboutToken {
            endpoint: endpoint(name)?,
            kind,
            token: token(kind)?,
        })
    };
    let refresh_token = || {
        let tokens = facts.tokens.as_ref();
        let token = tokens.and_then(|tokens| tokens.refresh_token.clone());
        token.ok_or_else(|| NO_REFRESH_TOKEN.to_owned())
    };
    let registration = |what, client: Option<&Client>| {
        let client = client.ok_or(NO_MANAGEMENT)?;
        Ok::<_, String>(ActionRequest::Registration {
            what,
            at: client.management().ok_or(NO_MANAGEMENT)?,
            client: Box::new(client.clone()),
        })
    };
    match part {
        ActionPart::Call(call) => Ok(ActionRequest::Call(named(facts, call))),
        ActionPart::Try => Ok(ActionRequest::Try(TokenTried {
            token: token(TokenKind::AccessToken)?,
            garbled: false,
        })),
        ActionPart::TryGarbled => {
            let token = token(TokenKind::AccessToken)?;
            Ok(ActionRequest::Try(TokenTried::garbled(&token)))
        }
        ActionPart::Refresh => refresh(RefreshKind::Newest, refresh_token()?),
        ActionPart::ReuseRefreshToken(replaced) => refresh(RefreshKind::Replaced, replaced),
        ActionPart::RefreshTwice => refresh(RefreshKind::Twice, refresh_token()?),
        ActionPart::Revoke(kind) => about("revocation_endpoint", kind).map(ActionRequest::Revoke),
        ActionPart::Introspect(kind) => {
            about("introspection_endpoint", kind).map(ActionRequest::Introspect)
        }
        ActionPart::Userinfo => Ok(ActionRequest::Userinfo {
            endpoint: endpoint("userinfo_endpoint")?,
        }),
        ActionPart::Jwks => Ok(ActionRequest::Jwks {
            endpoint: endpoint("jwks_uri")?,
        }),
        ActionPart::Preflight(of) => Ok(ActionRequest::Preflight {
            of,
            endpoint: cross_origin(facts, setup, of).map_err(|it| lacking_endpoint(&it))?,
        }),
        ActionPart::FromPage(of) => Ok(ActionRequest::FromPage {
            of,
            endpoint: cross_origin(facts, setup, of).map_err(|it| lacking_endpoint(&it))?,
        }),
        ActionPart::ReplayCode => Ok(ActionRequest::ReplayCode {
            endpoint: endpoint("token_endpoint")?,
            redeemed: facts.redeemed.clone().ok_or(NO_CODE)?,
        }),
        ActionPart::ReadRegistration => {
            registration(RegistrationRequest::Read, facts.client.as_ref())
        }
        ActionPart::UpdateRegistration => {
            registration(RegistrationRequest::Update, facts.client.as_ref())
        }
        ActionPart::DeleteRegistration(client) => {
            registration(RegistrationRequest::Delete, Some(&client))
        }
    }
}

/// The call with the name of its tool: the first one listed where none is named.
pub(crate) fn named(facts: &Facts, call: ToolCall) -> ToolCall {
    let first = || facts.server.tools.first().map(|tool| tool.name.clone());
    ToolCall {
        tool: call.tool.or_else(first),
        arguments: call.arguments,
    }
}

/// Where a preflight goes.
fn cross_origin(
    facts: &Facts,
    setup: &Setup,
    of: CrossOrigin,
) -> Result<Endpoint, MissingEndpoint> {
    let read_from = |url: &Option<String>| Endpoint::read("the document's URL", url.as_deref());
    match of {
        CrossOrigin::ResourceMetadata => read_from(&facts.resource_metadata_from),
        CrossOrigin::ServerMetadata => read_from(&facts.server_metadata_from),
        CrossOrigin::Registration => facts.endpoint(setup, "registration_endpoint"),
        CrossOrigin::Token => facts.endpoint(setup, "token_endpoint"),
        CrossOrigin::McpEndpoint => Endpoint::read("the server URL", Some(&setup.server_url)),
        CrossOrigin::McpCall if facts.tokens.is_none() => Err(MissingEndpoint {
            name: "access token",
            got: None,
        }),
        CrossOrigin::McpCall => Endpoint::read("the server URL", Some(&setup.server_url)),
    }
}

/// Whether it needs the authorization server's metadata.
pub(crate) fn needs_endpoint(kind: ActionKind) -> bool {
    !matches!(
        kind,
        ActionKind::CallTool
            | ActionKind::ReplayCode
            | ActionKind::TryInvalidToken
            | ActionKind::ReadRegistration
            | ActionKind::UpdateRegistration
            | ActionKind::DeleteRegistration
    )
}

const NO_REFRESH_TOKEN: &str = "there is no refresh token";
const NO_CODE: &str = "no authorization code was redeemed in this run";
const NO_MANAGEMENT: &str =
    "no client was registered with a registration_client_uri and a registration_access_token";

/// What an action needs and is not there; `None` when it can be done.
pub(crate) fn lacking(facts: &Facts, setup: &Setup, kind: ActionKind) -> Option<String> {
    let endpoint = |name| match facts.endpoint(setup, name) {
        // Not known yet: it is looked for first.
        _ if facts.server_metadata.is_none() => None,
        Ok(_) => None,
        Err(missing) => Some(lacking_endpoint(&missing)),
    };
    let tokens = facts.tokens.as_ref();
    let managed = |client: &Client| client.management().is_some();
    match kind {
        ActionKind::ReadRegistration | ActionKind::UpdateRegistration => {
            (!facts.client.as_ref().is_some_and(managed)).then(|| NO_MANAGEMENT.into())
        }
        ActionKind::DeleteRegistration => facts.registered.is_empty().then(|| NO_MANAGEMENT.into()),
        ActionKind::CheckCors => None,
        _ if tokens.is_none() => Some("there is no access token".into()),
        ActionKind::CallTool => {
            let none = facts.server.tools.is_empty();
            none.then(|| "the MCP server lists no tools".into())
        }
        ActionKind::Refresh
        | ActionKind::PretendExpired
        | ActionKind::Rotate
        | ActionKind::ReuseRotated
        | ActionKind::RefreshTwice => match tokens.and_then(|it| it.refresh_token.as_ref()) {
            Some(_) => endpoint("token_endpoint"),
            None => Some(NO_REFRESH_TOKEN.into()),
        },
        ActionKind::RevokeAndTry | ActionKind::Revoke => endpoint("revocation_endpoint"),
        ActionKind::Introspect => endpoint("introspection_endpoint"),
        ActionKind::Userinfo => endpoint("userinfo_endpoint"),
        ActionKind::CheckSignatures => endpoint("jwks_uri"),
        // An access token is all it takes.
        ActionKind::TryInvalidToken => None,
        ActionKind::ReplayCode => facts.redeemed.is_none().then(|| NO_CODE.into()),
    }
}

fn lacking_endpoint(missing: &MissingEndpoint) -> String {
    let name = missing.name;
    match &missing.got {
        None => format!("the authorization server's metadata names no {name}"),
        Some(url) => {
            format!("{name} is expected to be an http or https URL, it is \"{url}\"")
        }
    }
}
