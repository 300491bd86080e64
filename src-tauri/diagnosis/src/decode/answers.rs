//! What an answer carries.

use serde_json::Value;
use trace::{Pair, Response, RpcAnswer, pairs, query_pairs, rpc_answer};

use super::field::{field, fields, group};
use super::json::{self, printed};
use super::jwt;
use super::meanings::Table;
use crate::decoded::Decoded;
use crate::reading::{text, value};
use crate::snapshot::object_of as object;

/// Each challenge of an answer, with its parameters.
pub(super) fn challenges(response: &Response) -> Vec<Decoded> {
    let all = match trace::challenges(response) {
        Ok(all) => all,
        Err(error) => {
            return vec![group(
                "WWW-Authenticate",
                Some(format!("It cannot be read. {error}.")),
                Vec::new(),
            )];
        }
    };
    all.into_iter()
        .map(|challenge| {
            let pairs = challenge
                .parameters
                .into_iter()
                .map(|(name, value)| Pair { name, value })
                .collect();
            let note =
                "The server wants a token; the parameters say where to get one and for what."
                    .to_owned();
            group(
                &format!("WWW-Authenticate: {}", challenge.scheme),
                Some(note),
                fields(pairs, Table::Challenge),
            )
        })
        .collect()
}

/// The token answer's members, and the parts of the tokens in it.
pub(super) fn token(response: &Response, now: u64) -> Vec<Decoded> {
    let Some(answer) = object(response) else {
        let form = response.body.text().map(pairs).unwrap_or_default();
        if value(&form, "access_token").is_none() && value(&form, "error").is_none() {
            return Vec::new();
        }
        let note = "It is form-encoded; the specification demands JSON.".to_owned();
        return vec![group(
            "Token answer",
            Some(note),
            fields(form, Table::Token),
        )];
    };
    let mut all: Vec<Decoded> = json::body("Token answer", response, Table::Token)
        .into_iter()
        .collect();
    for (member, name, or_say) in [
        ("access_token", "Access token", true),
        ("id_token", "ID token", true),
        ("refresh_token", "Refresh token", false),
    ] {
        all.extend(
            text(&answer, member)
                .into_iter()
                .flat_map(|token| jwt::parts(name, token, now, or_say)),
        );
    }
    all
}

/// What a token stands for, as its issuer says (RFC 7662 section 2.2).
pub(super) fn introspection(response: &Response, now: u64) -> Option<Decoded> {
    if response.status >= 400 {
        return json::body("Introspection answer", response, Table::Claims);
    }
    let answer = object(response)?;
    let note = match answer.get("active").and_then(Value::as_bool) {
        Some(false) => "The token is not good, or who asks may not know of it.",
        Some(true)
            if answer
                .get("exp")
                .and_then(Value::as_u64)
                .is_some_and(|exp| exp <= now) =>
        {
            "The token is called active, although its exp is over."
        }
        Some(true) => "The token is good now.",
        None => "It does not say whether the token is active, which it must.",
    };
    Some(group(
        "Introspection answer",
        Some(note.into()),
        jwt::members(&answer, Table::Claims),
    ))
}

/// Each key of a JWK set (RFC 7517 section 5).
pub(super) fn keys(response: &Response) -> Vec<Decoded> {
    let set = object(response).unwrap_or_default();
    let Some(keys) = set.get("keys").and_then(Value::as_array) else {
        return json::body("JWK set", response, Table::Key)
            .into_iter()
            .collect();
    };
    let keys = keys.iter().filter_map(Value::as_object).map(|key| {
        let title = match text(key, "kid") {
            Some(kid) => format!("Key {}", crate::wording::excerpt(kid)),
            None => "Key without kid".into(),
        };
        let private = key
            .contains_key("d")
            .then(|| "It holds its private half, which must never be published.".into());
        let fields = key
            .iter()
            .map(|(name, value)| field(name, printed(value), Table::Key));
        group(&title, private, fields.collect())
    });
    keys.collect()
}

/// The authorization response in the `Location` of a redirect, or the page it leads to.
pub(super) fn redirect(response: &Response) -> Option<Decoded> {
    let location = response.header_value("location")?;
    let query = query_pairs(location);
    let answers = value(&query, "code").is_some() || value(&query, "error").is_some();
    let title = if answers {
        "Authorization response (in the redirect)"
    } else {
        "Redirect"
    };
    (!query.is_empty()).then(|| group(title, None, fields(query, Table::Parameters)))
}

/// What a browser is told of a request that a page of another origin wants to send.
pub(super) fn preflight(response: &Response) -> Option<Decoded> {
    told_of_pages("Preflight answer", response)
}

/// What a browser is told of the answer to a page of another origin.
pub(super) fn for_a_page(response: &Response) -> Option<Decoded> {
    told_of_pages("Answer to a page", response)
}

fn told_of_pages(title: &str, response: &Response) -> Option<Decoded> {
    let all: Vec<_> = response
        .headers
        .iter()
        .filter(|header| {
            header
                .name
                .to_ascii_lowercase()
                .starts_with("access-control-")
        })
        .map(|header| {
            field(
                header.name.to_ascii_lowercase(),
                header.value.as_str(),
                Table::Cors,
            )
        })
        .collect();
    let note = if all.is_empty() {
        "There is no Access-Control header, so a browser refuses."
    } else {
        "The browser goes by these."
    };
    Some(group(title, Some(note.into()), all))
}

/// What a JSON-RPC answer says, in short.
pub(super) fn json_rpc(response: &Response) -> Option<Decoded> {
    match rpc_answer(response) {
        RpcAnswer::Result(Value::Object(result)) => {
            let all = result
                .iter()
                .map(|(name, value)| field(name, summary(value), Table::JsonRpc))
                .collect();
            Some(group("JSON-RPC result", None, all))
        }
        RpcAnswer::Result(other) => Some(group(
            "JSON-RPC result",
            None,
            vec![field("result", printed(&other), Table::JsonRpc)],
        )),
        RpcAnswer::Error {
            code,
            message,
            data,
        } => {
            let mut all = vec![
                field("code", code.to_string(), Table::JsonRpc),
                field("message", message, Table::JsonRpc),
            ];
            if !data.is_null() {
                all.push(field("data", printed(&data), Table::JsonRpc));
            }
            Some(group("JSON-RPC error", None, all))
        }
        RpcAnswer::Other(_) => None,
    }
}

/// A value in short: a list of named things by their names.
fn summary(value: &Value) -> String {
    const SHOWN: usize = 20;
    let Some(things) = value
        .as_array()
        .filter(|things| things.iter().any(Value::is_object))
    else {
        return printed(value);
    };
    let name = |thing: &Value| {
        Some(
            thing
                .get("name")
                .or_else(|| thing.get("uri"))?
                .as_str()?
                .to_owned(),
        )
    };
    let mut names: Vec<String> = things.iter().filter_map(name).take(SHOWN).collect();
    if names.len() < things.len() {
        names.push("…".into());
    }
    format!("{}: {}", things.len(), names.join(", "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Body, Header};

    use super::*;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        Response {
            status,
            headers: headers
                .iter()
                .map(|(name, value)| Header::new(name, *value))
                .collect(),
            body: Body::new(body.as_bytes().to_vec()),
        }
    }

    #[test]
    fn challenges_are_explained_and_broken_ones_named() {
        let all = challenges(&response(
            401,
            &[("www-authenticate", "Bearer scope=\"a b\", odd=1")],
            "",
        ));
        assert!(all[0].fields[0].meaning.is_some());
        assert!(all[0].fields[1].meaning.is_none());
        let broken = challenges(&response(401, &[("www-authenticate", "Bearer a=\"")], ""));
        assert!(
            broken[0]
                .note
                .as_deref()
                .unwrap()
                .contains("closing quotation mark")
        );
    }

    #[test]
    fn token_answers_in_either_form() {
        let form = token(&response(200, &[], "access_token=x&token_type=bearer"), 0);
        assert!(form[0].note.is_some() && form[0].fields[0].secret);
        let error = token(&response(400, &[], r#"{"error":"invalid_grant"}"#), 0);
        assert_eq!(error[0].title, "Error");
        assert!(error[0].fields[0].meaning.is_some());
        assert_eq!(token(&response(500, &[], "oops"), 0), []);
    }

    #[test]
    fn tools_are_listed_by_name() {
        let body = json!({"id": 1, "result": {"tools": [{"name": "a"}, {"name": "b"}], "n": 1}})
            .to_string();
        let decoded = json_rpc(&response(200, &[], &body)).unwrap();
        assert_eq!(decoded.fields[0].value, "2: a, b");
        assert_eq!(json_rpc(&response(200, &[], "x")), None);
    }
}
