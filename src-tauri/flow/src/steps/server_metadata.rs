//! Authorization server metadata: where its endpoints are and what it can do (RFC 8414).

use trace::{
    Decision, Grant, Outcome, Phase, Purpose, Request, Revision, ServerMetadata, StopCode, Verdict,
    WellKnown, server_metadata_urls,
};

use crate::agenda;
use crate::flow::Flow;
use crate::judged::Judged;
use crate::setup::Setup;
use crate::step::{Hand, Plan, Step};
use crate::steps::resource_metadata::metadata_request;
use crate::steps::{beginning, refresh};

pub(crate) fn request(flow: &Flow, attempt: usize) -> Plan {
    let issuer = flow.facts.issuer.clone().unwrap_or_default();
    let candidate = candidates(flow).get(attempt).cloned();
    let (well_known, url) = candidate.unwrap_or((WellKnown::OauthInserted, issuer.clone()));
    let why = match (attempt, well_known) {
        (0, _) => {
            "It says where to register, authorize and get a token. This is the first place to look."
        }
        (_, WellKnown::OidcAppended) => {
            "Not found yet: OpenID Connect appends the well-known path to the issuer."
        }
        _ => "Not found yet: OpenID Connect has a well-known document of its own.",
    };
    Plan {
        phase: Phase::ServerMetadata,
        purpose: Purpose::ServerMetadata { issuer, well_known },
        title: "Read the authorization server's metadata".into(),
        why: why.into(),
        label: String::new(),
        request: metadata_request(flow, url),
        not_before: None,
        credentials: Vec::new(),
    }
}

pub(crate) fn judge(
    mut flow: Flow,
    setup: &Setup,
    attempt: usize,
    request: &Request,
    outcome: &Outcome,
    hand: &mut Hand<'_>,
) -> Judged {
    let read = match outcome {
        Outcome::Response(response) => {
            ServerMetadata::read(response).map_err(|error| error.to_string())
        }
        Outcome::Failure(failure) => Err(failure.message.clone()),
    };
    let metadata = match read {
        Ok(metadata) => metadata,
        Err(why) => return next_candidate(flow, setup, attempt, why, hand),
    };
    flow.facts.server_metadata_from = Some(request.url.clone());
    let issuer = flow.facts.issuer.clone().unwrap_or_default();
    let claimed = metadata.issuer.clone();
    let words = match pkce_s256(&metadata) {
        true => "issuer ✓ S256 ✓",
        false => "issuer ✓ no S256",
    };
    if claimed.as_deref() == Some(issuer.as_str()) {
        return accept(flow, setup, metadata, Verdict::accepted(words), hand);
    }
    // 2025-03-26 knows no issuer to compare with, only the origin it looked at: that is a finding,
    // not a refusal.
    let named = claimed.map_or("none".to_owned(), |claimed| format!("\"{claimed}\""));
    if !flow.facts.revision.at_least(Revision::R20250618) {
        return accept(
            flow,
            setup,
            metadata,
            Verdict::accepted(format!("issuer {named}")),
            hand,
        );
    }
    let otherwise = accept(
        flow.clone(),
        setup,
        metadata,
        Verdict::accepted(format!("issuer {named}, used anyway")),
        hand,
    );
    Judged::stop_unless_waived(
        flow,
        StopCode::IssuerMismatch,
        "issuer differs",
        format!(
            "The metadata's issuer is {named}, the resource metadata names \"{issuer}\": a client must not use it."
        ),
        otherwise,
    )
}

fn accept(
    mut flow: Flow,
    setup: &Setup,
    metadata: ServerMetadata,
    verdict: Verdict,
    hand: &mut Hand<'_>,
) -> Judged {
    let pkce = pkce_s256(&metadata);
    let listed = metadata.code_challenge_methods_supported.clone();
    flow.facts.server_metadata = Some(metadata);
    let ready = with_metadata(flow.clone(), setup, verdict, hand);
    if matches!(ready.flow.step, Step::Stopped { .. }) {
        return ready;
    }
    // From 2025-11-25 on a client must refuse; before, PKCE is used without being advertised. Only
    // the code needs it.
    let asked_for = flow.facts.agenda.action.is_some() && !flow.facts.step_up.under_way;
    let needed = ready.flow.facts.grant == Grant::AuthorizationCode && !asked_for;
    if pkce || !needed || !flow.facts.revision.at_least(Revision::R20251125) {
        return ready;
    }
    let (short, message) = match listed {
        None => (
            "PKCE not advertised",
            "code_challenge_methods_supported is absent: a client must refuse to go on without it."
                .to_owned(),
        ),
        Some(methods) => (
            "S256 not offered",
            format!(
                "code_challenge_methods_supported is [{}]: S256 is missing, so a client must refuse to go on.",
                methods.join(", ")
            ),
        ),
    };
    Judged::stop_unless_waived(flow, StopCode::PkceUnsupported, short, message, ready)
}

/// Refreshes when that is what is needed, else goes the way to a new token.
fn with_metadata(mut flow: Flow, setup: &Setup, verdict: Verdict, hand: &mut Hand<'_>) -> Judged {
    let verdict = match agenda::discovered(flow, setup, verdict) {
        Ok(begun) => return begun,
        Err(nothing_waits) => {
            let verdict = nothing_waits.1;
            flow = nothing_waits.0;
            verdict
        }
    };
    let stepping_up = flow.facts.step_up.under_way;
    let refreshable = flow.facts.tokens.as_ref().is_some_and(|tokens| {
        tokens.refresh_token.is_some()
            && tokens.issuer == flow.facts.issuer
            && flow.facts.client.is_some()
    });
    let expired = flow
        .facts
        .tokens
        .as_ref()
        .is_some_and(|tokens| tokens.expired(hand.now));
    let stored = flow
        .facts
        .tokens
        .as_ref()
        .is_some_and(|tokens| tokens.stored);
    if refreshable && !stepping_up {
        let then = Box::new(Step::ExpectServerInfo);
        let used = Decision::StoredTokenUsed {
            expired,
            issuer: flow
                .facts
                .tokens
                .as_ref()
                .and_then(|tokens| tokens.issuer.clone()),
            resource: Some(setup.server_url.clone()),
        };
        let judged = Judged::go(flow, Step::ExpectRefresh { then }, verdict);
        return if stored { judged.decided(used) } else { judged };
    }
    // For a step-up the present tokens are good until there are better ones.
    let forgotten = if stepping_up {
        None
    } else {
        refresh::forget(&mut flow)
    };
    let mut judged = beginning::begin(flow, setup, verdict, hand);
    judged.effects.extend(forgotten);
    judged
}

fn next_candidate(
    flow: Flow,
    setup: &Setup,
    attempt: usize,
    why: String,
    hand: &mut Hand<'_>,
) -> Judged {
    if attempt + 1 < candidates(&flow).len() {
        return Judged::go(
            flow,
            Step::ExpectServerMetadata {
                attempt: attempt + 1,
            },
            Verdict::moved_on(why),
        );
    }
    let issuer = flow.facts.issuer.clone().unwrap_or_default();
    let origin = trace::origin_of(&issuer).unwrap_or_default();
    let mut with_defaults = flow.clone();
    with_defaults.facts.server_metadata = Some(ServerMetadata::default_endpoints(&origin));
    let mut otherwise = with_metadata(with_defaults, setup, Verdict::moved_on(why.clone()), hand);
    otherwise
        .decisions
        .insert(0, Decision::DefaultEndpoints { origin });
    // The default endpoints belong to 2025-03-26; when that was not asked for, it is only a guess
    // that the server is that old.
    if setup.revision.is_some() && !flow.facts.revision.at_least(Revision::R20250618) {
        return otherwise;
    }
    if !flow.facts.revision.at_least(Revision::R20250618) {
        let message = "The MCP server asks for authorization, but neither its protected resource metadata nor \
                       authorization server metadata at its own origin is to be found.";
        return Judged::stop_unless_waived(
            flow,
            StopCode::NoResourceMetadata,
            &why,
            message,
            otherwise,
        );
    }
    let message = format!(
        "The authorization server \"{issuer}\" serves no metadata at any of the places to look."
    );
    Judged::stop_unless_waived(flow, StopCode::NoServerMetadata, &why, message, otherwise)
}

/// The places to look, by revision: RFC 8414 only before 2025-11-25; at the origin only in
/// 2025-03-26.
fn candidates(flow: &Flow) -> Vec<(WellKnown, String)> {
    let issuer = flow.facts.issuer.as_deref().unwrap_or_default();
    let mut all = server_metadata_urls(issuer);
    if !flow.facts.revision.at_least(Revision::R20251125) {
        all.truncate(1);
    }
    all
}

fn pkce_s256(metadata: &ServerMetadata) -> bool {
    let methods = metadata.code_challenge_methods_supported.as_deref();
    methods.is_some_and(|methods| methods.iter().any(|method| method == "S256"))
}
