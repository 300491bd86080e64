//! Whom the owner of a finding means: an owner is a role, and a trace knows who plays it.

use trace::{Participant, Role, Trace};

use crate::finding::{Finding, Owner};
use crate::reading::Reading;

/// For example "the authorization server https://as.example".
pub(crate) fn of(trace: &Trace, reading: &Reading<'_>, finding: &Finding) -> String {
    match finding.owner {
        Owner::McpServer => match trace::origin_of(reading.server_url) {
            Some(origin) => format!("the MCP server {origin}"),
            None => "the MCP server".into(),
        },
        Owner::AuthorizationServer => authorization_server(trace, reading, finding),
        Owner::Network => "the network, or a proxy or gateway in it".into(),
        Owner::Client => format!("the client {}", trace.client.name),
        Owner::Nobody => "nobody".into(),
    }
}

/// The server the exchange was with; else the one that was decided for.
fn authorization_server(trace: &Trace, reading: &Reading<'_>, finding: &Finding) -> String {
    let exchange = finding
        .exchange
        .and_then(|seq| trace.entry(seq)?.exchange());
    let addressee = exchange.and_then(|exchange| {
        let id = exchange.to;
        trace.participants.iter().find(|one| one.id == id)
    });
    let name = |participant: &Participant, role: &str| {
        let origin = participant.origin.as_deref()?;
        Some(format!("the {role} {origin}"))
    };
    let by_exchange = addressee.and_then(|participant| match participant.role {
        Role::AuthorizationServer => name(participant, "authorization server"),
        Role::IdentityProvider => name(participant, "identity provider"),
        _ => None,
    });
    let before = finding.exchange.unwrap_or(u32::MAX);
    let by_decision = || {
        let issuer = reading.issuer_before(before)?;
        Some(format!("the authorization server {issuer}"))
    };
    let by_participant = || {
        let mut servers = trace.participants.iter();
        let server = servers.find(|one| one.role == Role::AuthorizationServer)?;
        name(server, "authorization server")
    };
    by_exchange
        .or_else(by_decision)
        .or_else(by_participant)
        .unwrap_or_else(|| "the authorization server".into())
}

#[cfg(test)]
mod tests {
    use crate::sample::Run;

    #[test]
    fn an_owner_is_named_as_the_trace_knows_it() {
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        run.token.drop_header("cache-control");
        let named = |code| run.finding(code).owner_name;
        assert_eq!(named("D01"), "the MCP server https://mcp.example");
        assert_eq!(named("C01"), "the authorization server https://as.example");
    }
}
