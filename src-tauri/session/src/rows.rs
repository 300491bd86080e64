//! Turns entries into rows, and decisions into sentences.

use trace::{Decision, Entry, EntryKind, ScopeSource};
use url::Url;

use crate::view::{Row, RowKind};

pub(crate) fn row(entry: &Entry) -> Row {
    let kind = match &entry.kind {
        EntryKind::Exchange(exchange) => RowKind::Exchange {
            from: exchange.from.0,
            to: exchange.to.0,
            method: exchange.request.method.clone(),
            path: short_path(&exchange.request.url),
            label: exchange.label.clone(),
            status: exchange.status(),
            failure: exchange.failure().map(|failure| failure.message.clone()),
            verdict: exchange.verdict.clone(),
            duration: exchange.timings.total,
            edited: exchange.edited,
        },
        EntryKind::BrowserOpened(visit) => RowKind::Browser {
            path: short_path(&visit.url),
            how: visit.how,
        },
        EntryKind::Decision(decision) => RowKind::Decision {
            text: sentence(decision),
        },
        EntryKind::Rewound { to } => RowKind::Rewound { to: *to },
    };
    Row {
        seq: entry.seq,
        at: entry.at,
        branch: entry.branch,
        phase: entry.phase,
        kind,
    }
}

/// A decision in one sentence.
pub fn sentence(decision: &Decision) -> String {
    match decision {
        Decision::Revision { revision, why } => format!("Revision {revision}: {why}"),
        Decision::NoAuthorizationNeeded => "The MCP server answers without a token".into(),
        Decision::DefaultEndpoints { origin } => {
            format!("No metadata: using /authorize, /token and /register of {origin}")
        }
        Decision::AuthorizationServer { issuer, offered } if offered.len() > 1 => {
            format!("Authorization server {issuer}, the first of {}", offered.len())
        }
        Decision::AuthorizationServer { issuer, .. } => format!("Authorization server {issuer}"),
        Decision::Client {
            client_id,
            how,
            auth_method,
        } => {
            format!("Client {client_id} ({how}, {auth_method} at the token endpoint)")
        }
        Decision::Scope { scope: None, .. } => {
            "No scope parameter: neither challenge nor metadata names one".into()
        }
        Decision::Scope {
            scope: Some(scope),
            source,
        } => match source {
            ScopeSource::Given => format!("Scope {scope}, as given"),
            ScopeSource::Challenge => format!("Scope {scope}, as challenged"),
            ScopeSource::ScopesSupported | ScopeSource::Omitted => {
                format!("Scope {scope}, from the resource metadata")
            }
        },
        Decision::StoredTokenUsed { expired: true } => "A stored token was found; it has expired".into(),
        Decision::StoredTokenUsed { expired: false } => "A stored token was found and is used".into(),
        Decision::TokensStored { place } => format!("Tokens kept in {place}"),
        Decision::TokensForgotten { why } => format!("Tokens forgotten: {why}"),
        Decision::Stopped { message, .. } => format!("Stopped: {message}"),
        Decision::WentOnAnyway { .. } => "Went on anyway, as told".into(),
        Decision::Reached {
            method,
            tools: Some(tools),
        } => format!("Reached {method}: {tools} tools"),
        Decision::Reached { method, tools: None } => format!("Reached {method}"),
        Decision::Ended => "Ended by the user".into(),
    }
}

/// The path, with the names of the query's parameters.
pub(crate) fn short_path(url: &str) -> String {
    let Ok(parsed) = Url::parse(url) else {
        return url.into();
    };
    let names: Vec<String> = parsed.query_pairs().map(|(name, _)| name.into_owned()).collect();
    match names.is_empty() {
        true => parsed.path().into(),
        false => format!("{}?{}", parsed.path(), names.join("&")),
    }
}
