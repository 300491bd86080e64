//! What may be written to the log.

use tracing::{Level, Metadata};

/// Our own crates: what they log carries no secret.
const OURS: &[&str] = &[
    "app",
    "authscope",
    "authscope_cli",
    "cli",
    "clients",
    "compare",
    "diagnosis",
    "flow",
    "formats",
    "jose",
    "lab",
    "observe",
    "replay",
    "session",
    "trace",
    "vault",
    "wire",
];

/// Whether a log line may be written. At their most detailed levels, libraries print what they
/// handle: pages with their forms, cookies, messages to the keychain. So only their warnings and
/// errors are written, whatever level was asked for.
pub fn may_be_logged(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    let of = target.split("::").next().unwrap_or(target);
    OURS.contains(&of) || *metadata.level() <= Level::WARN
}
