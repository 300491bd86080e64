//! A server and a keychain that answer only when a test allows it.

#![allow(dead_code, reason = "each test program uses a part of it")]

pub mod keychain;
pub mod server;

use session::{Browser, GrantChoice, Options, Registration, Status};
use test_support::{Watched, options};

use server::Server;

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

/// A run that waits for the browser to come back.
pub async fn at_the_browser(server: &Server) -> Watched {
    let mut run = Watched::start(Options {
        browser: Browser::Show,
        ..options(&server.mcp_url())
    })
    .await;
    run.session.run().await.expect("there is a step to do");
    run.until("the callback to be waited for", |view| {
        matches!(view.status, Status::AwaitingCallback { .. })
    })
    .await;
    run
}

/// A run that waits for the user to enter a code on another device.
pub async fn at_the_device(server: &Server, browser: Browser) -> Watched {
    let mut run = Watched::start(Options {
        grant: GrantChoice::DeviceCode,
        registration: Registration::Dcr,
        browser,
        ..options(&server.mcp_url())
    })
    .await;
    run.session.run().await.expect("there is a step to do");
    until_the_device(&mut run).await;
    run
}

pub async fn until_the_device(run: &mut Watched) {
    run.until("the device to be waited for", |view| {
        matches!(view.status, Status::AwaitingDevice { .. })
    })
    .await;
}
