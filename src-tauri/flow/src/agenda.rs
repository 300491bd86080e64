//! What a user asks for besides the flow: each action is a few requests, one after another.

use serde::{Deserialize, Serialize};
use trace::{ActionKind, CrossOrigin, Decision, Secret, StopCode, TokenKind, Verdict};
use ts_rs::TS;

use crate::actions::ACTIONS;
use crate::facts::{Client, Facts};
use crate::flow::Flow;
use crate::judged::Judged;
use crate::options::ToolCall;
use crate::setup::Setup;
use crate::step::Step;
use crate::steps::challenge;

/// What is still to be done of what the user asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Agenda {
    /// The action under way.
    pub action: Option<ActionKind>,
    /// What is left of it.
    pub errands: Vec<Errand>,
    /// The actions after it.
    pub actions: Vec<Action>,
    /// The action that waits for the authorization server's metadata, which a stored token did
    /// without.
    pub undiscovered: Option<Action>,
    /// What the flow itself came to.
    pub outcome: Option<String>,
}

/// What a user asks for once there is a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, TS)]
pub struct Action {
    pub kind: ActionKind,
    /// For [`ActionKind::CallTool`].
    #[serde(default)]
    pub call: Option<ToolCall>,
}

/// One request of an action.
#[derive(Debug, Clone, PartialEq)]
pub enum Errand {
    Call(ToolCall),
    Refresh,
    /// A refresh with a refresh token that was replaced.
    ReuseRefreshToken(Secret),
    /// Two refreshes with the same refresh token at the same time.
    RefreshTwice,
    /// A call to the MCP server, whatever it answers.
    Try,
    Revoke(TokenKind),
    Introspect(TokenKind),
    Userinfo,
    /// The issuer's keys, to check the tokens with.
    Jwks,
    ReadRegistration,
    UpdateRegistration,
    /// What a browser asks before a page may send a request there.
    Preflight(CrossOrigin),
    /// The token request with the code that was redeemed, once more.
    ReplayCode,
    /// Of this client.
    DeleteRegistration(Box<Client>),
}

/// The actions that make sense now, in the order a window shows them.
pub(crate) fn possible(flow: &Flow, setup: &Setup) -> Vec<ActionKind> {
    let busy = flow.facts.agenda.action.is_some();
    let all = ACTIONS.iter().map(|info| info.kind);
    all.filter(|kind| !busy && lacking(&flow.facts, setup, *kind).is_none())
        .collect()
}

/// Begins the next action; with none left the flow is done.
pub(crate) fn begin_next(mut judged: Judged, setup: &Setup) -> Judged {
    let agenda = &mut judged.flow.facts.agenda;
    agenda.action = None;
    if agenda.actions.is_empty() {
        let message = agenda.outcome.clone().unwrap_or_default();
        judged.flow.step = Step::Done { message };
        return judged;
    }
    let action = agenda.actions.remove(0);
    begin(judged, setup, action)
}

/// After an errand: the next one, or the end of the action.
pub(crate) fn advance(mut judged: Judged, setup: &Setup) -> Judged {
    let agenda = &mut judged.flow.facts.agenda;
    if agenda.errands.is_empty() {
        return end(judged, setup, None);
    }
    judged.flow.step = Step::ExpectErrand(Box::new(agenda.errands.remove(0)));
    judged
}

/// The action ends here; `message` says how when that is not as it should be.
pub(crate) fn end(mut judged: Judged, setup: &Setup, message: Option<String>) -> Judged {
    judged.flow.facts.agenda.errands.clear();
    if let Some(action) = judged.flow.facts.agenda.action {
        let message = message.unwrap_or_else(|| "Done".into());
        judged
            .decisions
            .push(Decision::ActionDone { action, message });
    }
    begin_next(judged, setup)
}

/// Begins an action: with a stored token by finding the authorization server's endpoints first.
pub(crate) fn begin(mut judged: Judged, setup: &Setup, action: Action) -> Judged {
    let kind = action.kind;
    judged.decisions.push(Decision::Action { action: kind });
    judged.flow.facts.agenda.action = Some(kind);
    let facts = &judged.flow.facts;
    if facts.server_metadata.is_some() || facts.tokens.is_none() || !needs_endpoint(kind) {
        return go(judged, setup, action);
    }
    judged.flow.facts.agenda.undiscovered = Some(action);
    judged.flow.facts.challenged = true;
    let verdict = judged.verdict.clone();
    let mut discovery = challenge::to_metadata(judged.flow, setup, Verdict::moved_on(""));
    discovery.verdict = verdict;
    discovery.decisions.splice(0..0, judged.decisions);
    discovery.effects.splice(0..0, judged.effects);
    discovery
}

/// The endpoints are known: what was asked for begins. `Err` gives the verdict back when nothing
/// waits for them.
pub(crate) fn discovered(
    mut flow: Flow,
    setup: &Setup,
    verdict: Verdict,
) -> Result<Judged, Box<(Flow, Verdict)>> {
    let Some(action) = flow.facts.agenda.undiscovered.take() else {
        return Err(Box::new((flow, verdict)));
    };
    let issued_by = flow
        .facts
        .tokens
        .as_ref()
        .and_then(|tokens| tokens.issuer.clone());
    let elsewhere = issued_by.filter(|issuer| Some(issuer) != flow.facts.issuer.as_ref());
    let judged = Judged::go(flow, Step::ExpectTools, verdict);
    Ok(match elsewhere {
        Some(issuer) => end(
            judged,
            setup,
            Some(format!("Not possible: the token is one of {issuer}.")),
        ),
        None => go(judged, setup, action),
    })
}

fn go(mut judged: Judged, setup: &Setup, action: Action) -> Judged {
    if let Some(reason) = lacking(&judged.flow.facts, setup, action.kind) {
        return end(judged, setup, Some(format!("Not possible: {reason}.")));
    }
    judged.flow.facts.agenda.errands = errands(&judged.flow.facts, setup, action);
    advance(judged, setup)
}

fn needs_endpoint(kind: ActionKind) -> bool {
    !matches!(
        kind,
        ActionKind::CallTool
            | ActionKind::ReplayCode
            | ActionKind::ReadRegistration
            | ActionKind::UpdateRegistration
            | ActionKind::DeleteRegistration
    )
}

/// What an action consists of.
fn errands(facts: &Facts, setup: &Setup, action: Action) -> Vec<Errand> {
    let refresh_token = facts
        .tokens
        .as_ref()
        .and_then(|tokens| tokens.refresh_token.clone());
    let has_refresh_token = refresh_token.is_some();
    match action.kind {
        ActionKind::CallTool => vec![Errand::Call(action.call.unwrap_or_default())],
        ActionKind::Refresh | ActionKind::PretendExpired => vec![Errand::Refresh, Errand::Try],
        ActionKind::Rotate => vec![Errand::Refresh, Errand::Refresh, Errand::Try],
        ActionKind::ReuseRotated => {
            let replaced = refresh_token.unwrap_or_else(|| Secret::new(""));
            vec![
                Errand::Refresh,
                Errand::ReuseRefreshToken(replaced),
                Errand::Try,
            ]
        }
        ActionKind::RefreshTwice => vec![Errand::RefreshTwice, Errand::Try],
        ActionKind::RevokeAndTry => vec![Errand::Revoke(TokenKind::AccessToken), Errand::Try],
        // The refresh token first: revoking it may take the access token along (RFC 7009 section
        // 2.1).
        ActionKind::Revoke if has_refresh_token => vec![
            Errand::Revoke(TokenKind::RefreshToken),
            Errand::Revoke(TokenKind::AccessToken),
        ],
        ActionKind::Revoke => vec![Errand::Revoke(TokenKind::AccessToken)],
        ActionKind::Introspect if has_refresh_token => vec![
            Errand::Introspect(TokenKind::AccessToken),
            Errand::Introspect(TokenKind::RefreshToken),
        ],
        ActionKind::Introspect => vec![Errand::Introspect(TokenKind::AccessToken)],
        ActionKind::Userinfo => vec![Errand::Userinfo],
        ActionKind::CheckSignatures => vec![Errand::Jwks],
        // The server may revoke what the code brought (RFC 6749 section 4.1.2): the call tells.
        ActionKind::ReplayCode => vec![Errand::ReplayCode, Errand::Try],
        ActionKind::CheckCors => {
            let endpoints = crate::steps::errand::endpoints(facts, setup);
            endpoints.into_iter().map(Errand::Preflight).collect()
        }
        ActionKind::ReadRegistration => vec![Errand::ReadRegistration],
        ActionKind::UpdateRegistration => vec![Errand::UpdateRegistration],
        ActionKind::DeleteRegistration => {
            let all = facts.registered.iter().cloned();
            all.map(|client| Errand::DeleteRegistration(Box::new(client)))
                .collect()
        }
    }
}

/// What an action needs and is not there; none when it can be done.
fn lacking(facts: &Facts, setup: &Setup, kind: ActionKind) -> Option<String> {
    let no_endpoint = |name: &str| match facts.endpoint(setup, name) {
        // Not known yet: it is looked for first.
        _ if facts.server_metadata.is_none() => None,
        Some(url) if crate::steps::is_http(&url) => None,
        Some(url) => Some(format!(
            "{name} is expected to be an http or https URL, it is \"{url}\""
        )),
        None => Some(format!(
            "the authorization server's metadata names no {name}"
        )),
    };
    let Some(tokens) = &facts.tokens else {
        let managed = matches!(
            kind,
            ActionKind::ReadRegistration
                | ActionKind::UpdateRegistration
                | ActionKind::DeleteRegistration
        );
        return match managed {
            _ if kind == ActionKind::CheckCors => None,
            true => no_management(facts, kind),
            false => Some("there is no access token".into()),
        };
    };
    let no_refresh_token = || match tokens.refresh_token {
        Some(_) => no_endpoint("token_endpoint"),
        None => Some("there is no refresh token".into()),
    };
    match kind {
        ActionKind::CallTool if facts.server.tools.is_empty() => {
            Some("the MCP server lists no tools".into())
        }
        ActionKind::CallTool => None,
        ActionKind::Refresh
        | ActionKind::PretendExpired
        | ActionKind::Rotate
        | ActionKind::ReuseRotated
        | ActionKind::RefreshTwice => no_refresh_token(),
        ActionKind::RevokeAndTry | ActionKind::Revoke => no_endpoint("revocation_endpoint"),
        ActionKind::Introspect => no_endpoint("introspection_endpoint"),
        ActionKind::Userinfo => no_endpoint("userinfo_endpoint"),
        ActionKind::CheckSignatures => no_endpoint("jwks_uri"),
        ActionKind::CheckCors => None,
        ActionKind::ReplayCode => {
            let redeemed = facts.redeemed_code.is_some();
            (!redeemed).then(|| "no authorization code was redeemed in this run".into())
        }
        ActionKind::ReadRegistration
        | ActionKind::UpdateRegistration
        | ActionKind::DeleteRegistration => no_management(facts, kind),
    }
}

fn no_management(facts: &Facts, kind: ActionKind) -> Option<String> {
    let managed = match kind {
        ActionKind::DeleteRegistration => !facts.registered.is_empty(),
        _ => facts
            .client
            .as_ref()
            .is_some_and(|client| management(client).is_some()),
    };
    let why =
        "no client was registered with a registration_client_uri and a registration_access_token";
    (!managed).then(|| why.into())
}

/// Where a registration is managed, and with which token (RFC 7592 section 3).
pub(crate) fn management(client: &Client) -> Option<(&str, &str)> {
    let answer = client.registration.as_ref()?;
    let uri = answer["registration_client_uri"].as_str()?;
    let token = answer["registration_access_token"].as_str()?;
    crate::steps::is_http(uri).then_some((uri, token))
}

/// A stop in the middle of an action ends the action, not the run.
pub(crate) fn stopped(judged: Judged, setup: &Setup) -> Judged {
    let busy = judged.flow.facts.agenda.action.is_some();
    let Step::Stopped { code, message, .. } = &judged.flow.step else {
        return judged;
    };
    if !busy || *code == StopCode::Cancelled {
        return judged;
    }
    let message = message.clone();
    let mut ended = judged;
    ended
        .decisions
        .retain(|decision| !matches!(decision, Decision::Stopped { .. }));
    if ended.verdict.is_none() {
        ended.verdict = Some(Verdict::rejected("failed"));
    }
    end(ended, setup, Some(message))
}
