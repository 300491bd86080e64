//! What the fields of each message are for, in one sentence each.

mod messages;
mod metadata;
mod parameters;
mod rows;
mod scopes;
mod token;

use messages::{CHALLENGE, CORS, ERROR, JSON_RPC};
use metadata::{CLIENT, RESOURCE, SERVER};
use parameters::{DEVICE, PARAMETERS, PUSHED, TOKEN};
pub(crate) use scopes::scope_meaning;
use token::{CLAIMS, JWT_HEADER, KEY};

/// Which message a field is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
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
    JwtHeader,
    Claims,
    /// A key of a JWK set.
    Key,
    JsonRpc,
    /// Preflight request and answer.
    Cors,
}

/// What a field of this message is for; none when it is not known.
pub(super) fn meaning(table: Table, name: &str) -> Option<&'static str> {
    let rows = match table {
        Table::Parameters => PARAMETERS,
        Table::Token => TOKEN,
        Table::Error => ERROR,
        Table::Challenge => CHALLENGE,
        Table::Resource => RESOURCE,
        Table::Server => SERVER,
        Table::Client => CLIENT,
        Table::Pushed => PUSHED,
        Table::Device => DEVICE,
        Table::JwtHeader => JWT_HEADER,
        Table::Claims => CLAIMS,
        Table::Key => KEY,
        Table::JsonRpc => JSON_RPC,
        Table::Cors => CORS,
    };
    let find =
        |rows: &'static [(&str, &'static str)]| rows.iter().find(|(known, _)| *known == name);
    let found = find(rows)
        .or_else(|| find(ERROR).filter(|_| matches!(table, Table::Parameters | Table::Token)));
    found.map(|(_, meaning)| *meaning)
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
        for rows in [
            PARAMETERS, TOKEN, ERROR, CHALLENGE, RESOURCE, SERVER, CLIENT, JWT_HEADER, CLAIMS,
            JSON_RPC, CORS, PUSHED, DEVICE, KEY,
        ] {
            let names: HashSet<&str> = rows.iter().map(|(name, _)| *name).collect();
            assert_eq!(names.len(), rows.len());
            assert!(rows.iter().all(|(_, meaning)| meaning.ends_with('.')));
        }
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
