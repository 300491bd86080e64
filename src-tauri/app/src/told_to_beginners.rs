//! What the window tells beginners, written beside the types for the window's fake.

use serde_json::{Value, json};
use trace::{Grant, MetadataSource, Phase, Purpose, WellKnown};

/// What a beginner is told, for the window's tests.
pub(crate) fn told_to_beginners() -> Value {
    let phases = Phase::MAIN.map(|phase| (phase, diagnosis::phase_in_a_sentence(phase)));
    json!({
        "terms": diagnosis::terms(),
        "browser_shows": diagnosis::browser_guides(),
        "tour": crate::tour::tour(),
        "phases": phases,
        "steps": steps().map(|purpose| (diagnosis::step_guide(&purpose), purpose)),
        "names": diagnosis::known_names(),
    })
}

/// Those that the window's fake sends.
fn steps() -> [Purpose; 12] {
    let (issuer, well_known) = (String::new(), WellKnown::OauthInserted);
    let method = String::new();
    [
        Purpose::Challenge {
            method: method.clone(),
        },
        Purpose::ResourceMetadata {
            source: MetadataSource::Header,
        },
        Purpose::ServerMetadata { issuer, well_known },
        Purpose::Registration,
        Purpose::Authorization,
        Purpose::Callback,
        Purpose::Token {
            grant: Grant::AuthorizationCode,
        },
        Purpose::Token {
            grant: Grant::RefreshToken,
        },
        Purpose::Token {
            grant: Grant::DeviceCode,
        },
        Purpose::DeviceAuthorization,
        Purpose::PushedAuthorization,
        Purpose::Mcp { method },
    ]
}
