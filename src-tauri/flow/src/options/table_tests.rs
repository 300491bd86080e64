//! Tests that the table and the options match.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use trace::Revision;

use super::json::{get, set, to_json};
use super::*;

/// A value that an option can have and that is not its default.
fn sample(info: &OptionInfo) -> Value {
    match info.kind {
        Kind::Toggle => (!get(&to_json(&Options::default()), info.id)
            .and_then(Value::as_bool)
            .unwrap_or_default())
        .into(),
        Kind::Text { format, .. } | Kind::Secret { format } => match format {
            Format::Any => "some".into(),
            Format::WebUrl | Format::Uri | Format::ProxyUrl | Format::Origins => {
                "https://a.example".into()
            }
            Format::Jwt => "a.b.c".into(),
            Format::UrlPath => "/other".into(),
        },
        Kind::Number { .. } => 4321.into(),
        Kind::Choice { values, .. } => values.last().and_then(|choice| choice.value).into(),
        Kind::File { .. } => "/some/file.pem".into(),
        Kind::Files => json!(["/some/file.pem"]),
        Kind::Pairs { .. } => json!([["name", "value"]]),
        Kind::JsonArray => "[]".into(),
        Kind::JsonObject => json!({ "a": 1 }),
        Kind::Tool => "some".into(),
        Kind::Actions => json!(["refresh"]),
    }
}

/// Options in which an option counts and has its sample.
fn with_sample(info: &'static OptionInfo) -> Value {
    let mut json = to_json(&Options::default());
    if let Some(when) = info.when {
        set(&mut json, when.id, when.is[0].into());
        let rest = OPTIONS.iter().filter(|other| other.when == info.when);
        for other in rest {
            set(&mut json, other.id, other.empty());
        }
    }
    if let Required::With(other) = info.required {
        set(&mut json, other, sample(option(other)));
    }
    set(&mut json, info.id, sample(info));
    if let Kind::Choice { values, .. } = info.kind {
        let chosen = values.last().and_then(|choice| choice.value);
        for other in OPTIONS.iter().filter(|other| {
            other
                .when
                .is_some_and(|when| when.id == info.id && chosen == Some(when.is[0]))
        }) {
            set(&mut json, other.id, other.empty());
        }
    }
    json
}

#[test]
fn every_entry_is_where_its_id_says() {
    for info in OPTIONS {
        let json = with_sample(info);
        let read: Options =
            serde_json::from_value(json).unwrap_or_else(|error| panic!("{}: {error}", info.id));
        let again = to_json(&read);
        assert_eq!(get(&again, info.id), Some(&sample(info)), "{}", info.id);
    }
}

#[test]
fn every_part_of_the_options_has_an_entry() {
    fn leaves(json: &Value, path: &str, found: &mut BTreeSet<String>) {
        match json {
            Value::Object(members) if !members.is_empty() && path != "call.arguments" => {
                for (name, value) in members {
                    let path = if path.is_empty() {
                        name.clone()
                    } else {
                        format!("{path}.{name}")
                    };
                    leaves(value, &path, found);
                }
            }
            _ => {
                found.insert(path.into());
            }
        }
    }
    // Each variant of each choice, with all that it can hold.
    let mut found = BTreeSet::new();
    for info in OPTIONS {
        leaves(&with_sample(info), "", &mut found);
        if let Kind::Choice { values, .. } = info.kind {
            for value in values.iter().filter_map(|choice| choice.value) {
                let mut json = to_json(&Options::default());
                set(&mut json, info.id, value.into());
                for other in OPTIONS.iter().filter(|other| {
                    other
                        .when
                        .is_some_and(|when| when.id == info.id && when.is == [value])
                }) {
                    set(&mut json, other.id, sample(other));
                }
                let read: Options = serde_json::from_value(json)
                    .unwrap_or_else(|error| panic!("{} {value}: {error}", info.id));
                leaves(&to_json(&read), "", &mut found);
            }
        }
    }
    let known: BTreeSet<String> = OPTIONS.iter().map(|info| info.id.to_owned()).collect();
    // Parts that are null as a whole while nothing in them is given.
    let parents = ["call", "network.client_certificate"];
    let missing: Vec<&String> = found
        .difference(&known)
        .filter(|path| !parents.contains(&path.as_str()))
        .collect();
    assert!(missing.is_empty(), "not in the table: {missing:?}");
}

#[test]
fn every_choice_offers_all_values_of_its_type() {
    use ts_rs::TS as _;

    let offered = |id: &str| -> BTreeSet<String> {
        let Kind::Choice { values, .. } = option(id).kind else {
            panic!("{id}: expected a choice");
        };
        let values = values.iter().filter_map(|choice| choice.value);
        values.map(|value| format!("\"{value}\"")).collect()
    };
    // The types of the window name every value.
    let config = Default::default();
    for (id, ts) in [
        ("registration.is", Registration::inline(&config)),
        ("grant.is", GrantChoice::inline(&config)),
        ("resource.is", ResourceChoice::inline(&config)),
        ("browser.is", Browser::inline(&config)),
        ("callback.host", CallbackHost::inline(&config)),
        ("authorization.response_mode", ResponseMode::inline(&config)),
        ("revision", Revision::inline(&config)),
    ] {
        let defined: BTreeSet<String> = ts
            .split('"')
            .skip(1)
            .step_by(2)
            .filter(|text| *text != "is")
            .map(|text| format!("\"{text}\""))
            .collect();
        assert_eq!(offered(id), defined, "{id}");
    }
}

#[test]
fn every_option_and_group_has_words() {
    for info in OPTIONS {
        assert!(
            !info.title.is_empty() && !info.explanation.is_empty(),
            "{}",
            info.id
        );
        assert!(!info.explanation.ends_with('.'), "{}", info.id);
        assert!(
            GROUPS.iter().any(|group| group.group == info.group),
            "{}",
            info.id
        );
    }
}

#[test]
fn secrets_are_not_kept() {
    for info in OPTIONS.iter().filter(|info| info.is_secret()) {
        let options: Options = serde_json::from_value(with_sample(info)).unwrap();
        let kept = to_json(&options.without_secrets());
        assert_ne!(get(&kept, info.id), Some(&sample(info)), "{}", info.id);
        if matches!(info.kind, Kind::Secret { .. }) {
            assert_eq!(options.secrets().len(), 1, "{}", info.id);
        }
    }
    assert_eq!(Options::default().without_secrets(), Options::default());

    let mut options = Options::for_server("https://mcp.example/mcp?api_key=hush#hush");
    options.network.proxy = Some("http://me:hush@proxy.example:8080".into());
    options.issuer = Some("https://as.example/tenant".into());
    options.authorization.parameters = vec![
        ("audience".into(), "api".into()),
        ("subscription-key".into(), "hush".into()),
    ];
    let kept = options.without_secrets();
    let json = to_json(&kept).to_string();
    assert!(!json.contains("hush"), "{json}");
    assert_eq!(kept.server_url, "https://mcp.example/mcp");
    assert_eq!(
        kept.network.proxy.as_deref(),
        Some("http://proxy.example:8080/")
    );
    assert_eq!(kept.issuer, options.issuer);
    assert_eq!(
        kept.authorization.parameters,
        [("audience".into(), "api".into())]
    );
}

#[test]
fn settings_of_an_earlier_version_are_read() {
    let old = json!({
        "server_url": "https://mcp.example/mcp",
        "registration": { "is": "preregistered", "client_id": "me", "client_secret": null },
        "grant": {
            "is": "enterprise_managed", "idp_id_token": "a.b.c", "idp_client_id": "me",
            "idp_client_secret": null, "idp_issuer": "https://idp.example", "idp_token_endpoint": null,
        },
        "authorization": { "authorization_details": "[]" },
    });
    let options: Options = serde_json::from_value(old).unwrap();
    let GrantChoice::EnterpriseManaged(provider) = &options.grant else {
        panic!("{:?}", options.grant);
    };
    assert_eq!(provider.id_token.expose(), "a.b.c");
    assert_eq!(
        options.authorization.authorization_details.as_deref(),
        Some("[]")
    );
}

fn wrong(change: impl FnOnce(&mut Options)) -> String {
    let mut options = Options::for_server("https://mcp.example/mcp");
    change(&mut options);
    options.checked().unwrap_err().to_string()
}

#[test]
fn each_option_that_cannot_be_used_is_named_with_what_was_expected() {
    let details = |text: &str| {
        let text = text.to_owned();
        wrong(|options| options.authorization.authorization_details = Some(text))
    };
    assert_eq!(
        details("{}"),
        "authorization_details: expected a JSON array, got another JSON value"
    );
    assert!(details("[").contains("got text that is not JSON"));
    let url = wrong(|options| options.client_metadata.url = Some("client.json".into()));
    assert!(url.contains("\"client.json\""), "{url}");
    let nothing = wrong(|options| {
        options.grant = GrantChoice::JwtBearer {
            assertion: " ".into(),
        };
    });
    assert!(nothing.starts_with("Assertion: expected a JWT") && nothing.ends_with("got nothing"));
    let path = wrong(|options| options.callback.path = "cb".into());
    assert!(
        path.starts_with("Path of the redirect URI: expected a path"),
        "{path}"
    );
    let port = wrong(|options| options.callback.port = Some(0));
    assert!(
        port.starts_with("Port of the redirect URI") && port.ends_with("got 0"),
        "{port}"
    );
    let half = wrong(|options| {
        options.network.client_certificate = Some(ClientCertificate {
            certificate_file: "/a.pem".into(),
            key_file: String::new(),
        });
    });
    assert!(
        half.starts_with("Key file of the client certificate"),
        "{half}"
    );
    let nameless =
        wrong(|options| options.authorization.parameters = vec![(" ".into(), "x".into())]);
    assert!(nameless.starts_with("Extra parameters"), "{nameless}");
    let provider = wrong(|options| {
        options.grant = GrantChoice::EnterpriseManaged(IdentityProvider {
            id_token: "a.b.c".into(),
            client_id: "me".into(),
            client_secret: None,
            issuer: None,
            token_endpoint: None,
        });
    });
    assert!(
        provider.starts_with("Issuer of the identity provider"),
        "{provider}"
    );
}

#[test]
fn what_was_typed_loses_the_blanks_around_it() {
    let mut options = Options::for_server(" https://mcp.example/mcp ");
    options.scope = Some("  ".into());
    options.issuer = Some(" https://as.example ".into());
    options.registration = Registration::Preregistered {
        client_id: " me ".into(),
        client_secret: Some(" ".into()),
        private_key_file: None,
        alg: None,
    };
    let checked = options.checked().unwrap();
    assert_eq!(checked.server_url, "https://mcp.example/mcp");
    assert_eq!(
        (checked.scope, checked.issuer.as_deref()),
        (None, Some("https://as.example"))
    );
    let Registration::Preregistered {
        client_id,
        client_secret,
        ..
    } = checked.registration
    else {
        panic!("it was chosen");
    };
    assert_eq!((client_id.as_str(), client_secret), ("me", None));
}
