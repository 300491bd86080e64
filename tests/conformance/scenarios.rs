//! Which scenarios are run, in which version of the suite and at which wire, and why the others are
//! not.

use std::fmt;

/// A version of the suite: the newest one that npm calls so, and the newest one that knows the
/// revision 2026-07-28.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    V01,
    V02,
}

/// A server of the suite with one thing to watch.
pub struct Scenario {
    pub name: &'static str,
    /// Checks that must have been made and come out well; many scenarios fail none when the client
    /// does nothing.
    pub shows: &'static [&'static str],
}

/// One scenario in one version of the suite at one wire.
pub struct Run {
    pub version: Version,
    /// The revision the suite's server speaks and the command is told to follow. Without it the
    /// suite takes its own choice and the command finds it out.
    pub wire: Option<&'static str>,
    pub scenario: &'static Scenario,
    /// The revision the suite chooses by itself.
    default: &'static str,
}

/// For those that are about the way: the token was taken at its end.
const REACHED: &[&str] = &["token-request", "valid-bearer-token"];

const fn scenario(name: &'static str, shows: &'static [&'static str]) -> Scenario {
    Scenario { name, shows }
}

/// Its suite `auth`, the same in both versions.
const AUTH: &[Scenario] = &[
    scenario("auth/metadata-default", REACHED),
    scenario("auth/metadata-var1", REACHED),
    scenario("auth/metadata-var2", REACHED),
    scenario("auth/metadata-var3", REACHED),
    scenario("auth/basic-cimd", &["cimd-client-id-used"]),
    scenario(
        "auth/scope-from-www-authenticate",
        &["scope-from-www-authenticate"],
    ),
    scenario(
        "auth/scope-from-scopes-supported",
        &["scope-from-scopes-supported"],
    ),
    scenario(
        "auth/scope-omitted-when-undefined",
        &["scope-omitted-when-undefined"],
    ),
    scenario(
        "auth/scope-step-up",
        &["scope-step-up-initial", "scope-step-up-escalation"],
    ),
    scenario("auth/scope-retry-limit", &["scope-retry-limit"]),
    scenario(
        "auth/token-endpoint-auth-basic",
        &["token-endpoint-auth-method"],
    ),
    scenario(
        "auth/token-endpoint-auth-post",
        &["token-endpoint-auth-method"],
    ),
    scenario(
        "auth/token-endpoint-auth-none",
        &["token-endpoint-auth-method"],
    ),
    scenario("auth/pre-registration", &["pre-registration-auth"]),
];

const BACKCOMPAT: &[Scenario] = &[
    scenario("auth/2025-03-26-oauth-metadata-backcompat", REACHED),
    scenario("auth/2025-03-26-oauth-endpoint-fallback", REACHED),
];

const EXTENSIONS_01: &[Scenario] = &[
    scenario(
        "auth/client-credentials-jwt",
        &["client-credentials-jwt-verified"],
    ),
    scenario(
        "auth/client-credentials-basic",
        &["client-credentials-basic-auth"],
    ),
    scenario(
        "auth/cross-app-access-complete-flow",
        &["complete-flow-token-exchange", "complete-flow-jwt-bearer"],
    ),
];

const EXTENSIONS: &[Scenario] = &[
    scenario(
        "auth/client-credentials-jwt",
        &["client-credentials-jwt-verified"],
    ),
    scenario(
        "auth/client-credentials-basic",
        &["client-credentials-basic-auth"],
    ),
    scenario(
        "auth/enterprise-managed-authorization",
        &["complete-flow-token-exchange", "complete-flow-jwt-bearer"],
    ),
    scenario(
        "auth/dpop",
        &[
            "sep-1932-client-token-request-proof",
            "sep-1932-client-dpop-auth-scheme",
            "sep-1932-client-fresh-proof",
        ],
    ),
    scenario(
        "auth/dpop-nonce",
        &[
            "sep-1932-client-as-nonce",
            "sep-1932-client-rs-nonce",
            "sep-1932-client-fresh-proof",
        ],
    ),
    scenario("auth/wif-jwt-bearer", &["wif-assertion-verified"]),
];

const DRAFT_01: &[Scenario] = &[
    scenario("auth/resource-mismatch", &["resource-mismatch-rejected"]),
    scenario(
        "auth/offline-access-scope",
        &[
            "sep-2207-client-metadata-grant-types",
            "sep-2207-offline-access-requested",
        ],
    ),
    scenario(
        "auth/offline-access-not-supported",
        &["sep-2207-offline-access-not-requested"],
    ),
];

const DRAFT: &[Scenario] = &[
    scenario("auth/resource-mismatch", &["resource-mismatch-rejected"]),
    scenario(
        "auth/offline-access-scope",
        &[
            "sep-2207-client-metadata-grant-types",
            "sep-2207-offline-access-requested",
        ],
    ),
    scenario(
        "auth/offline-access-not-supported",
        &["sep-2207-offline-access-not-requested"],
    ),
    scenario(
        "auth/authorization-server-migration",
        &[
            "sep-2352-reregister-on-as-change",
            "sep-2352-no-reuse-on-as-change",
            "sep-2352-no-cross-as-credential-reuse",
        ],
    ),
    scenario(
        "auth/iss-supported",
        &["sep-2468-client-compare-iss-supported"],
    ),
    scenario(
        "auth/iss-not-advertised",
        &["sep-2468-client-proceed-no-iss"],
    ),
    scenario(
        "auth/iss-supported-missing",
        &["sep-2468-client-reject-missing-iss"],
    ),
    scenario(
        "auth/iss-wrong-issuer",
        &["sep-2468-client-compare-iss-supported"],
    ),
    scenario(
        "auth/iss-unexpected",
        &["sep-2468-client-compare-iss-unadvertised"],
    ),
    scenario("auth/iss-normalized", &["sep-2468-client-no-normalization"]),
    scenario(
        "auth/metadata-issuer-mismatch",
        &["sep-2468-client-validate-metadata-issuer"],
    ),
];

/// What lies before a token or after it, in the revisions with `initialize`.
const LEGACY_CALLS: &[Scenario] = &[
    scenario("initialize", &["mcp-client-initialization"]),
    scenario("tools_call", &["tool-add-numbers"]),
    scenario(
        "sse-retry",
        &["client-sse-graceful-reconnect", "client-sse-retry-timing"],
    ),
];

/// The same since 2026-07-28.
const CALLS: &[Scenario] = &[
    scenario("tools_call", &["tool-add-numbers"]),
    scenario(
        "request-metadata",
        &[
            "sep-2575-client-populates-meta",
            "sep-2575-http-version-header-matches-meta",
            "sep-2575-client-retry-supported-version",
        ],
    ),
    scenario(
        "http-standard-headers",
        &["sep-2243-client-includes-standard-headers"],
    ),
    scenario(
        "http-custom-headers",
        &[
            "sep-2243-client-mirrors-designated-params",
            "sep-2243-client-encode-values",
            "sep-2243-client-omit-null",
        ],
    ),
    scenario(
        "http-invalid-tool-headers",
        &["sep-2243-client-reject-invalid-tool"],
    ),
    scenario(
        "json-schema-ref-no-deref",
        &["sep-2106-no-network-ref-deref"],
    ),
];

/// What no run can come to, and why. None of them is about authorization.
pub const NOT_RUN: &[(&str, &str)] = &[
    (
        "elicitation-sep1034-client-defaults",
        "the server asks the user for values; Authscope offers no server a way to ask",
    ),
    (
        "sep-2322-client-request-state",
        "a call that is answered with questions to the user; Authscope offers no server a way to ask",
    ),
    (
        "json-schema-2020-12-preservation",
        "wants a tool's schema handed back as another tool's argument; the command shows schemas and passes none on",
    ),
    ("sep-2640-client-no-prefetch", SKILLS),
    ("sep-2640-client-verify-digest", SKILLS),
    ("sep-2640-client-verify-size", SKILLS),
    ("sep-2640-client-verify-frontmatter", SKILLS),
];

const SKILLS: &str = "skills served as resources, an extension; Authscope reads no resources";

/// Everything that is run.
pub fn runs() -> Vec<Run> {
    use Version::{V01, V02};
    let of = |version, wires: &[Option<&'static str>], default, scenarios: &'static [Scenario]| {
        let all = wires.iter().flat_map(move |wire| {
            scenarios.iter().map(move |scenario| Run {
                version,
                wire: *wire,
                scenario,
                default,
            })
        });
        all.collect::<Vec<_>>()
    };
    let (legacy, modern) = ("2025-11-25", "2026-07-28");
    [
        of(V01, &[None], legacy, AUTH),
        of(V01, &[None], legacy, EXTENSIONS_01),
        of(V01, &[None], legacy, BACKCOMPAT),
        of(V01, &[None], legacy, DRAFT_01),
        of(V01, &[Some(legacy)], legacy, LEGACY_CALLS),
        of(V02, &[None, Some(legacy), Some(modern)], legacy, AUTH),
        of(V02, &[None, Some(modern)], legacy, EXTENSIONS),
        of(V02, &[None], legacy, BACKCOMPAT),
        of(V02, &[None], modern, DRAFT),
        of(V02, &[Some(legacy)], legacy, LEGACY_CALLS),
        of(V02, &[Some(modern)], modern, CALLS),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Run {
    /// `0.2.0-alpha.12::2026-07-28::auth/dpop`
    pub fn name(&self) -> String {
        format!(
            "{}::{}::{}",
            self.version,
            self.wire.unwrap_or("auto"),
            self.scenario.name
        )
    }

    pub fn is_at(&self, revision: &str) -> bool {
        self.wire.unwrap_or(self.default) == revision
    }
}

impl Version {
    pub const ALL: [Version; 2] = [Self::V01, Self::V02];

    /// The extensions belong to no revision and are run at a chosen one only when told twice.
    pub fn force(self) -> Option<&'static str> {
        (self == Self::V02).then_some("--force")
    }

    /// The name it is installed under.
    pub fn package(self) -> &'static str {
        match self {
            Self::V01 => "conformance-0.1",
            Self::V02 => "conformance-0.2",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V01 => "0.1.16",
            Self::V02 => "0.2.0-alpha.12",
        })
    }
}
