//! What the fields of each message are for, in one sentence each.

mod client;
mod http;
mod messages;
mod metadata;
mod parameters;
mod rows;
mod scopes;
mod token;

use client::CLIENT;
use http::{CORS, HEADERS};
use messages::{CHALLENGE, ERROR, IMPLEMENTATION, JSON_RPC, TOOL};
use metadata::{RESOURCE, SERVER};
use parameters::{AUTHORIZATION_DETAIL, DEVICE, PARAMETERS, PUSHED, TOKEN};
use rows::Rows;
pub(crate) use scopes::scope_meaning;
use token::{CLAIMS, CONFIRMATION, JWT_HEADER, KEY};

use crate::spec::source::Source;

/// Which message a field is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// Header fields of HTTP, OAuth and MCP.
    Headers,
    /// Authorization request and response, token request.
    Parameters,
    Token,
    Error,
    Challenge,
    /// Protected resource metadata.
    Resource,
    /// Authorization server metadata.
    Server,
    /// Client metadata, in registration.
    Client,
    /// Answer to a pushed authorization request.
    Pushed,
    /// Device authorization answer.
    Device,
    /// A part of `authorization_details` (RFC 9396).
    AuthorizationDetail,
    JwtHeader,
    Claims,
    /// What a token is bound to.
    Confirmation,
    /// A key of a JWK set.
    Key,
    JsonRpc,
    /// A tool in a list of tools.
    Tool,
    /// What a client or a server says of itself.
    Implementation,
    /// Preflight request and answer.
    Cors,
}

/// What a field is for, in one sentence, and where that is defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Meaning {
    pub text: &'static str,
    pub source: Source,
}

/// Every table, and how messages of it are called.
const TABLES: &[(Table, &str, Rows)] = &[
    (Table::Headers, "header", HEADERS),
    (Table::Cors, "header", CORS),
    (Table::Challenge, "parameter of a challenge", CHALLENGE),
    (
        Table::Resource,
        "member of protected resource metadata",
        RESOURCE,
    ),
    (
        Table::Server,
        "member of authorization server metadata",
        SERVER,
    ),
    (Table::Client, "member of client metadata", CLIENT),
    (Table::Parameters, "parameter", PARAMETERS),
    (
        Table::Pushed,
        "member of a pushed authorization answer",
        PUSHED,
    ),
    (
        Table::Device,
        "member of a device authorization answer",
        DEVICE,
    ),
    (
        Table::AuthorizationDetail,
        "member of authorization_details",
        AUTHORIZATION_DETAIL,
    ),
    (Table::Token, "member of a token answer", TOKEN),
    (Table::Error, "member of an error", ERROR),
    (Table::JwtHeader, "header of a JWT", JWT_HEADER),
    (Table::Claims, "claim", CLAIMS),
    (Table::Confirmation, "member of cnf", CONFIRMATION),
    (Table::Key, "member of a key", KEY),
    (Table::JsonRpc, "member of a message of MCP", JSON_RPC),
    (Table::Tool, "member of a tool", TOOL),
    (
        Table::Implementation,
        "member of clientInfo or serverInfo",
        IMPLEMENTATION,
    ),
];

/// What a field of this message is for; none when it is not known.
pub(super) fn meaning(table: Table, name: &str) -> Option<Meaning> {
    let or_error = matches!(table, Table::Parameters | Table::Token).then_some(Table::Error);
    [Some(table), or_error]
        .into_iter()
        .flatten()
        .find_map(|table| find(rows(table), |known| known == name))
}

/// What a header field is for, however its name is written.
pub(super) fn of_header(name: &str) -> Option<Meaning> {
    const MIRRORED: Meaning = Meaning {
        text: "An argument of the tool once more, for gateways that do not read bodies (2026-07-28).",
        source: crate::spec::source::STREAMABLE_HTTP,
    };
    let known = [Table::Headers, Table::Cors]
        .into_iter()
        .find_map(|table| find(rows(table), |known| known.eq_ignore_ascii_case(name)));
    known.or_else(|| {
        let start = name.get(.."mcp-param-".len())?;
        start.eq_ignore_ascii_case("mcp-param-").then_some(MIRRORED)
    })
}

/// Everything that this name means, each with the kind of message it is in.
pub(crate) fn everywhere(name: &str) -> Vec<(&'static str, Meaning)> {
    let of = |(table, kind, rows): &(Table, &'static str, Rows)| {
        let is_header = matches!(table, Table::Headers | Table::Cors);
        let same = |known: &str| known == name || is_header && known.eq_ignore_ascii_case(name);
        Some((*kind, find(rows, same)?))
    };
    TABLES.iter().filter_map(of).collect()
}

/// Every name with the kind of message it is in and its meaning.
pub(crate) fn everything() -> impl Iterator<Item = (&'static str, &'static str, Meaning)> {
    TABLES.iter().flat_map(|(_, kind, rows)| {
        let told = |(name, text, source): &(&'static str, &'static str, Source)| {
            let meaning = Meaning {
                text,
                source: *source,
            };
            (*name, *kind, meaning)
        };
        rows.iter().map(told)
    })
}

fn rows(table: Table) -> Rows {
    TABLES
        .iter()
        .find(|(known, ..)| *known == table)
        .map_or(&[], |(_, _, rows)| rows)
}

fn find(rows: Rows, is_it: impl Fn(&str) -> bool) -> Option<Meaning> {
    let (_, text, source) = rows.iter().find(|(known, ..)| is_it(known))?;
    Some(Meaning {
        text,
        source: *source,
    })
}

/// Whether the value of this field lets its holder act in someone's name.
pub(super) fn is_secret(table: Table, name: &str) -> bool {
    if table == Table::Key {
        // The private members of RSA, EC and symmetric keys (RFC 7518 sections 6.2.2, 6.3.2 and
        // 6.4.1).
        return matches!(name, "d" | "p" | "q" | "dp" | "dq" | "qi" | "k");
    }
    if !matches!(
        table,
        Table::Parameters | Table::Token | Table::Client | Table::Device | Table::Pushed
    ) {
        return false;
    }
    let secret = [
        "access_token",
        "refresh_token",
        "id_token",
        "id_token_hint",
        "code",
        "code_verifier",
        "client_secret",
        "client_assertion",
        "assertion",
        "subject_token",
        "actor_token",
        "device_code",
        "registration_access_token",
        "password",
        "token",
    ];
    secret.contains(&name) || name.to_ascii_lowercase().contains("password")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_stands_once_in_its_table_with_a_sentence() {
        for (table, _, rows) in TABLES {
            let names: HashSet<&str> = rows.iter().map(|(name, ..)| *name).collect();
            assert_eq!(names.len(), rows.len(), "{table:?}");
            for (name, meaning, _) in *rows {
                assert!(
                    meaning.ends_with('.') && meaning.len() > 9,
                    "{name}: {meaning}"
                );
                assert!(!meaning.contains(". "), "one sentence: {name}: {meaning}");
            }
        }
    }

    #[test]
    fn a_header_is_known_however_it_is_written() {
        let text = |name| of_header(name).map(|meaning| meaning.text);
        assert_eq!(text("www-authenticate"), text("WWW-Authenticate"));
        assert!(text("access-control-allow-origin").is_some());
        assert!(text("Mcp-Param-Region").is_some());
        assert_eq!(text("mcp-para"), None);
        assert_eq!(text("é"), None);
    }

    #[test]
    fn a_name_is_found_wherever_it_means_something() {
        let kinds: Vec<_> = everywhere("iss").iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, ["parameter", "claim"]);
        assert!(everywhere("x_own").is_empty());
    }

    #[test]
    fn the_same_name_means_different_things_in_different_messages() {
        assert_ne!(
            meaning(Table::Parameters, "iss"),
            meaning(Table::Claims, "iss")
        );
        assert!(meaning(Table::Parameters, "error").is_some());
        assert_eq!(meaning(Table::Server, "x_own"), None);
    }
}
