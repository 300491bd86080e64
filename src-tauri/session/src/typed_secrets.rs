//! The secrets that the user typed in for a run. They may come back in any text of a server, so
//! every output has to know them, also those that were never sent.

use std::sync::{Arc, Mutex};

use flow::Setup;
use flow::options::{Browser, Options};
use trace::Secret;
use url::Url;

use crate::journal::lock;

/// Grows when the user types in more during the run. Copies are the same list.
#[derive(Clone, Default)]
pub(crate) struct TypedSecrets(Arc<Mutex<Vec<(String, Secret)>>>);

impl TypedSecrets {
    /// Adds those of these options. `setup` has the keys that were read from files.
    pub fn learn(&self, options: &Options, setup: &Setup) {
        let mut known = lock(&self.0);
        for (name, value) in named(options, setup) {
            let is_new = |(_, known): &(String, Secret)| *known != value;
            if !value.is_empty() && known.iter().all(is_new) {
                known.push((name, value));
            }
        }
    }

    /// Each with its name as a request or a form has it: `client_secret`, `assertion`, `password`.
    pub fn all(&self) -> Vec<(String, Secret)> {
        lock(&self.0).clone()
    }
}

fn named(options: &Options, setup: &Setup) -> Vec<(String, Secret)> {
    let mut named = Vec::new();
    let mut add = |name: &str, value: &str| {
        named.push((name.to_owned(), Secret::new(value.trim())));
    };
    for (id, secret) in options.secrets() {
        let name = id.rsplit('.').next().unwrap_or(id);
        add(name.trim_start_matches("idp_"), secret.expose());
    }
    if let Some(key) = &setup.private_key {
        add("private_key", key.to_pem().expose());
    }
    if let Browser::Approver { form } = &options.browser {
        for (field, value) in form {
            add(field, value);
        }
    }
    let proxy = options.network.proxy.as_deref().map(Url::parse);
    if let Some(Ok(proxy)) = &proxy
        && let Some(password) = proxy.password()
    {
        add("password", password);
    }
    named
}

#[cfg(test)]
mod tests {
    use flow::options::{GrantChoice, IdentityProvider, Registration};

    use super::*;

    #[test]
    fn every_secret_is_found_once_under_its_name() {
        let secrets = TypedSecrets::default();
        let setup = Setup::new("https://mcp.example/mcp", flow::Seed([7; 32]));
        let mut options = Options {
            registration: Registration::Preregistered {
                client_id: "me".into(),
                client_secret: Some(" hush ".into()),
                private_key_file: None,
                alg: None,
            },
            grant: GrantChoice::EnterpriseManaged(IdentityProvider {
                id_token: "a.b.c".into(),
                client_id: "here".into(),
                client_secret: Some("hush".into()),
                issuer: None,
                token_endpoint: None,
            }),
            browser: Browser::Approver {
                form: vec![
                    ("password".into(), "open".into()),
                    ("empty".into(), "".into()),
                ],
            },
            ..Options::default()
        };
        options.network.proxy = Some("http://me:through@proxy.example:8080".into());
        secrets.learn(&options, &setup);
        secrets.learn(&options, &setup);
        let all = secrets.all();
        let shown: Vec<_> = all
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose()))
            .collect();
        let expected = [
            ("client_secret", "hush"),
            ("id_token", "a.b.c"),
            ("password", "open"),
            ("password", "through"),
        ];
        assert_eq!(shown, expected);
        options.grant = GrantChoice::JwtBearer {
            assertion: "d.e.f".into(),
        };
        secrets.learn(&options, &setup);
        let last = secrets.all().pop().expect("one more");
        assert_eq!((last.0.as_str(), last.1.expose()), ("assertion", "d.e.f"));
    }

    #[test]
    fn a_key_that_was_read_from_a_file_is_among_them() {
        let mut setup = Setup::new("https://mcp.example/mcp", flow::Seed([7; 32]));
        let key = jose::SigningKey::from_random(&[9; 32]);
        setup.private_key = Some(key.clone());
        let secrets = TypedSecrets::default();
        secrets.learn(&Options::default(), &setup);
        let pem = key.to_pem();
        let all = secrets.all();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].0, "private_key");
        assert_eq!(all[0].1.expose(), pem.expose().trim());
    }
}
