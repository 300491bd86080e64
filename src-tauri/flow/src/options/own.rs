//! The options of a run that depart from their defaults.

use serde_json::{Map, Value};
use trace::OwnOption;

use super::info::{Group, Kind, OptionInfo};
use super::json::{counts, get, to_json};
use super::{OPTIONS, Options};

impl Options {
    /// The options that are not at their defaults and can be why a server or the network refuses
    /// something.
    pub fn own(&self) -> Vec<OwnOption> {
        let (json, defaults) = (to_json(self), to_json(&Self::default()));
        let own = OPTIONS.iter().filter(|info| {
            can_matter(info)
                && counts(&json, info)
                && get(&json, info.id) != get(&defaults, info.id)
                // No arguments are what a call has by default.
                && get(&json, info.id) != Some(&Value::Object(Map::new()))
        });
        own.map(|info| OwnOption {
            id: info.id.into(),
            title: info.title.into(),
            flag: info.flag.map(|flag| format!("--{}", flag.name)),
            value: get(&json, info.id).and_then(|value| shown(info, value)),
        })
        .collect()
    }
}

/// The server's URL is what the run is about, the kind of browser is not sent to any server, and
/// what comes after the flow is asked for by itself.
fn can_matter(info: &OptionInfo) -> bool {
    let apart = matches!(info.group, Group::Server) || info.id.starts_with("browser.");
    !apart && info.id != "then" && info.id != "use_stored_token"
}

fn shown(info: &OptionInfo, value: &Value) -> Option<String> {
    match (info.kind, value) {
        (Kind::Choice { values, .. }, Value::String(chosen)) => {
            let choice = values.iter().find(|choice| choice.value == Some(chosen))?;
            // As it is typed. What is not a word there is a text of the user's.
            let word = choice.words.first().map(|word| (*word).to_owned());
            word.or_else(|| info.flag.is_none().then(|| chosen.clone()))
        }
        (Kind::Number { .. }, Value::Number(number)) => Some(number.to_string()),
        (Kind::Pairs { .. }, Value::Array(pairs)) => {
            let names = pairs.iter().filter_map(|pair| pair.get(0)?.as_str());
            Some(names.collect::<Vec<_>>().join(" "))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use trace::{Revision, Secret};

    use super::*;
    use crate::options::{GrantChoice, IdentityProvider, Network, Registration, ResourceChoice};

    #[test]
    fn a_usual_run_has_none() {
        assert_eq!(Options::for_server("https://mcp.example/mcp").own(), []);
        assert_eq!(Options::headless().own(), []);
    }

    #[test]
    fn a_call_without_arguments_has_none_of_its_own() {
        let called = |arguments: &str| {
            let call = crate::options::ToolCall {
                tool: None,
                arguments: serde_json::from_str(arguments).expect("JSON"),
            };
            let options = Options {
                call: Some(call),
                ..Options::for_server("https://mcp.example/mcp")
            };
            let own = options.own();
            own.iter().any(|one| one.id == "call.arguments")
        };
        assert!(!called("{}"));
        assert!(called(r#"{"city":"Bern"}"#));
    }

    #[test]
    fn a_choice_is_named_as_it_is_typed() {
        let options = Options {
            grant: GrantChoice::EnterpriseManaged(IdentityProvider {
                id_token: Secret::new("a.b.c"),
                client_id: "me".into(),
                client_secret: None,
                issuer: None,
                token_endpoint: None,
            }),
            ..Options::for_server("https://mcp.example/mcp")
        };
        let own = options.own();
        let grant = own.iter().find(|one| one.id == "grant.is").expect("chosen");
        assert_eq!(grant.value.as_deref(), Some("token-exchange"));
    }

    #[test]
    fn what_departs_is_named_without_its_texts() {
        let options = Options {
            revision: Some(Revision::R20250326),
            resource: ResourceChoice::Given {
                uri: "https://other.example".into(),
            },
            registration: Registration::Preregistered {
                client_id: "me".into(),
                client_secret: Some(Secret::new("hush")),
                private_key_file: None,
                alg: None,
            },
            network: Network {
                timeout_seconds: 2,
                ..Network::default()
            },
            ..Options::for_server("https://mcp.example/mcp")
        };
        let own = options.own();
        let told: Vec<_> = own
            .iter()
            .map(|one| (one.flag.as_deref().unwrap_or(""), one.value.as_deref()))
            .collect();
        assert_eq!(
            told,
            [
                ("--revision", Some("2025-03-26")),
                ("--resource", None),
                ("", None),
                ("--registration", Some("preregistered")),
                ("--client-id", None),
                ("--client-secret", None),
                ("--timeout", Some("2")),
            ]
        );
        assert!(!format!("{own:?}").contains("hush"));
    }
}
