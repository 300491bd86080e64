//! An identity provider that vouches for the user is told from an authorization server by what was
//! asked of it: to exchange a token for an assertion, which then went to the other.

use std::collections::HashSet;

use trace::{Exchange, Grant, Purpose, ServerMetadata, origin_of};

use crate::attempts::Told;
use crate::message::address;

/// Renames the metadata requests that were about an identity provider.
pub fn find(told: &mut Told) {
    for flow in 0..told.attempts.len() {
        let named = told.attempts[flow].issuers.clone();
        let providers: HashSet<String> = issuers(told, flow).collect();
        let mine = told
            .exchanges
            .iter_mut()
            .filter(|(of, _)| *of == Some(flow));
        for (_, exchange) in mine {
            if let Purpose::ServerMetadata { issuer, well_known } = &exchange.purpose
                && providers.contains(issuer)
                && !named.contains(issuer)
            {
                exchange.purpose = Purpose::IdentityProviderMetadata {
                    issuer: issuer.clone(),
                    well_known: *well_known,
                };
            }
        }
    }
}

/// The issuers that a flow had a token exchanged by, or would have: one that neither the resource
/// metadata names nor the MCP server could be, beside one that it does name and that answered.
fn issuers(told: &Told, flow: usize) -> impl Iterator<Item = String> {
    let mine = || {
        let all = told.exchanges.iter();
        all.filter(move |(of, _)| *of == Some(flow))
            .map(|(_, exchange)| exchange)
    };
    let exchanged: HashSet<&str> = mine()
        .filter(|exchange| {
            exchange.purpose
                == Purpose::Token {
                    grant: Grant::TokenExchange,
                }
        })
        .map(|exchange| address(&exchange.request.url))
        .collect();
    let attempt = &told.attempts[flow];
    let server = attempt.server().and_then(origin_of);
    let named_answers = mine().any(|exchange| match &exchange.purpose {
        Purpose::ServerMetadata { issuer, .. } => {
            attempt.issuers.contains(issuer) && exchange.status() == Some(200)
        }
        _ => false,
    });
    let issuer = |exchange: &Exchange| {
        let Purpose::ServerMetadata { issuer, .. } = &exchange.purpose else {
            return None;
        };
        let elsewhere = origin_of(issuer) != server
            && attempt
                .issuers
                .iter()
                .all(|named| origin_of(named) != origin_of(issuer));
        if named_answers && elsewhere {
            return Some(issuer.clone());
        }
        let metadata = ServerMetadata::read(exchange.response()?).ok()?;
        let endpoint = metadata.token_endpoint?;
        exchanged
            .contains(address(&endpoint))
            .then(|| issuer.clone())
    };
    mine().filter_map(issuer).collect::<Vec<_>>().into_iter()
}
