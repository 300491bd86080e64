//! A server and a keychain that answer only when they are let.

#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod keychain;
pub mod server;

use session::{Browser, GrantChoice, Options, Registration};

/// A client that needs neither browser nor registration.
pub fn without_user(url: &str) -> Options {
    Options {
        server_url: url.into(),
        browser: Browser::Show,
        use_stored_token: false,
        grant: GrantChoice::ClientCredentials,
        registration: Registration::Preregistered {
            client_id: "c".into(),
            client_secret: Some("s".into()),
            private_key_file: None,
            alg: None,
        },
        ..Options::default()
    }
}
