//! Entries in words: what the diagram writes beside an arrow, and every text made from a trace.

use url::Url;

use crate::actions::action_info;
use crate::decision::{ClaimProblem, Decision, ScopeSource, SignatureCheck};

/// A decision in one sentence.
pub fn sentence(decision: &Decision) -> String {
    match decision {
        Decision::Revision { revision, why } => format!("Revision {revision}: {why}"),
        Decision::NoAuthorizationNeeded => "The MCP server answers without a token".into(),
        Decision::DefaultEndpoints { origin } => {
            format!("No metadata: using /authorize, /token and /register of {origin}")
        }
        Decision::AuthorizationServer { issuer, offered } if offered.len() > 1 => {
            format!(
                "Authorization server {issuer}, the first of {}",
                offered.len()
            )
        }
        Decision::AuthorizationServer { issuer, .. } => format!("Authorization server {issuer}"),
        Decision::Client {
            client_id,
            how,
            auth_method,
            ..
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
            ScopeSource::StepUp => format!("Scope {scope}, as challenged and as asked for before"),
            ScopeSource::ScopesSupported | ScopeSource::Omitted => {
                format!("Scope {scope}, from the resource metadata")
            }
        },
        Decision::Grant { grant, why } => format!("Grant {}: {why}", grant.grant_type()),
        Decision::SenderConstrained { thumbprint, why } => {
            format!("Tokens are bound to the key {thumbprint} (DPoP): {why}")
        }
        Decision::ClientCertificate { thumbprint } => {
            format!("Client certificate {thumbprint} for servers that ask for one")
        }
        Decision::StepUp {
            scope,
            acr_values,
            max_age,
            attempt,
        } => {
            let wanted = [
                ("scope", scope),
                ("acr_values", acr_values),
                ("max_age", max_age),
            ];
            let wanted = wanted
                .into_iter()
                .filter_map(|(name, value)| Some(format!("{name} {}", value.as_ref()?)));
            let wanted: Vec<String> = wanted.collect();
            format!(
                "Step-up {attempt}: authorize once more for {}",
                wanted.join(", ")
            )
        }
        Decision::AuthorizationServerChanged { from, to } => {
            format!(
                "The authorization server has changed from {from} to {to}: nothing of the old one is used"
            )
        }
        Decision::BrowserShows { shows } => {
            format!("The user says that the browser shows {}.", shows.words())
        }
        Decision::BrowserNotWatched { why } => {
            format!("The system's browser is used, and not watched: {why}")
        }
        Decision::BrowserWatched { browser, left_out } => match left_out {
            0 => format!("{browser} was watched."),
            1 => format!(
                "{browser} was watched; 1 request for an image, script or the like is not drawn."
            ),
            _ => format!(
                "{browser} was watched; {left_out} requests for images, scripts and the like are \
                 not drawn."
            ),
        },
        Decision::DeviceCodeShown { verification_uri } => {
            format!("The user enters the code at {verification_uri}")
        }
        Decision::TokenChecked {
            token,
            alg,
            kid,
            signature,
            problems,
        } => token_checked(
            token.as_str(),
            alg.as_deref(),
            kid.as_deref(),
            signature,
            problems,
        ),
        Decision::Action { action } => action_info(*action).title.into(),
        Decision::ActionDone { message, .. } => message.clone(),
        Decision::StoredTokenUsed { expired: true, .. } => {
            "A stored token was found; it has expired".into()
        }
        Decision::StoredTokenUsed { expired: false, .. } => {
            "A stored token was found and is used".into()
        }
        Decision::TokensStored { place } => format!("Tokens kept in {place}"),
        Decision::TokensForgotten { why } => format!("Tokens forgotten: {why}"),
        Decision::Stopped { message, .. } => format!("Stopped: {message}"),
        Decision::WentOnAnyway { .. } => "Went on anyway, as the user chose".into(),
        Decision::Reached {
            method,
            tools: Some(tools),
        } => {
            let plural = if *tools == 1 { "" } else { "s" };
            format!("Reached {method}: {tools} tool{plural}")
        }
        Decision::Reached {
            method,
            tools: None,
        } => format!("Reached {method}"),
        // By the user, by the system, or because nothing passed any more.
        Decision::Ended => "Ended".into(),
    }
}

fn token_checked(
    token: &str,
    alg: Option<&str>,
    kid: Option<&str>,
    signature: &SignatureCheck,
    problems: &[ClaimProblem],
) -> String {
    let key = match (alg, kid) {
        (Some(alg), Some(kid)) => format!("{alg}, kid {kid}"),
        (Some(alg), None) => format!("{alg}, no kid"),
        (None, _) => "no alg".into(),
    };
    let signature = match signature {
        SignatureCheck::Valid => "signature ✓".to_owned(),
        SignatureCheck::Invalid { why } => format!("signature ✕ {why}"),
        SignatureCheck::NotChecked { why } => format!("signature not checked: {why}"),
    };
    let problems = problems.iter().map(|problem| {
        format!(
            "{}: expected {}, got {}",
            problem.claim, problem.expected, problem.got
        )
    });
    let parts: Vec<String> = [format!("{token} ({key}): {signature}")]
        .into_iter()
        .chain(problems)
        .collect();
    parts.join("; ")
}

/// The path, with the names of the query's parameters.
pub fn short_path(url: &str) -> String {
    let Ok(parsed) = Url::parse(url) else {
        return url.into();
    };
    let names: Vec<String> = parsed
        .query_pairs()
        .map(|(name, _)| name.into_owned())
        .collect();
    if names.is_empty() {
        parsed.path().into()
    } else {
        format!("{}?{}", parsed.path(), names.join("&"))
    }
}

/// Whether a text is what a program writes where it has no value.
pub fn is_word_for_nothing(text: &str) -> bool {
    const WORDS: [&str; 7] = [
        "undefined",
        "null",
        "none",
        "nil",
        "nan",
        "[object object]",
        "<nil>",
    ];
    WORDS.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::ActionKind;

    #[test]
    fn a_short_path_names_the_parameters_without_their_values() {
        for (url, expected) in [
            (
                "https://as.example/authorize?state=hush&code=hush#x",
                "/authorize?state&code",
            ),
            ("https://as.example", "/"),
            ("no url", "no url"),
        ] {
            assert_eq!(short_path(url), expected);
        }
    }

    #[test]
    fn a_decision_is_one_sentence() {
        let decision = Decision::Reached {
            method: "tools/list".into(),
            tools: Some(1),
        };
        assert_eq!(sentence(&decision), "Reached tools/list: 1 tool");
        let decision = Decision::Action {
            action: ActionKind::Refresh,
        };
        assert_eq!(sentence(&decision), "Refresh now");
    }
}
