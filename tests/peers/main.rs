//! The command against servers that nobody here wrote: FastMCP from PyPI; from npm the TypeScript
//! SDK's own example server, node oidc-provider and Cloudflare's OAuth provider library. They are
//! installed into the target folder at their first use, from pinned lists.

#[allow(dead_code, reason = "each test program uses a part of it")]
mod start;

mod findings;
mod keys;

use start::{authscope, fastmcp, sdk_client_through_the_lab, ts_sdk_server};

#[test]
fn fastmcp_is_reached_in_every_revision_it_speaks() {
    let peer = fastmcp();
    for revision in [
        "auto",
        "2025-03-26",
        "2025-06-18",
        "2025-11-25",
        "2026-07-28",
    ] {
        let report = authscope(&[peer.url(), "--revision", revision]);
        assert_eq!(report["outcome"], "reached", "{revision}: {report:#}");
        let errors: Vec<_> = findings(&report, "error");
        assert!(errors.is_empty(), "{revision}: {errors:?}");
    }
}

#[test]
fn the_typescript_sdks_server_is_reached_with_its_session() {
    let peer = ts_sdk_server();
    for revision in ["auto", "2025-06-18", "2025-11-25"] {
        let report = authscope(&[
            peer.url(),
            "--revision",
            revision,
            "--redirect-host",
            "localhost",
        ]);
        assert_eq!(report["outcome"], "reached", "{revision}: {report:#}");
        let errors: Vec<_> = findings(&report, "error");
        assert!(errors.is_empty(), "{revision}: {errors:?}");
    }
}

/// The lab is as it should be: the SDK's own client comes through it, in every era, with and
/// without a refresh.
#[test]
fn the_typescript_sdks_client_comes_through_the_lab() {
    sdk_client_through_the_lab();
}

/// The codes of the findings of a level.
fn findings(report: &serde_json::Value, level: &str) -> Vec<String> {
    let all = report["findings"].as_array().expect("a list of findings");
    let of_level = all.iter().filter(|finding| finding["level"] == level);
    of_level
        .map(|finding| format!("{} {}", finding["code"], finding["actual"]))
        .collect()
}
