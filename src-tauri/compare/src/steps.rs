//! The steps of a run: what was asked for and what came, without regard to rows.

use trace::{
    BrowserVisit, Entry, EntryKind, Exchange, FlowId, Grant, MetadataSource, Outcome, Phase,
    Purpose, Request, VerdictKind, WellKnown, short_path,
};

use crate::comparison::ComparedStep;
use crate::side::ComparedRun;

/// A request with its answer, or the visit of a browser of which no answer is seen.
pub struct Step<'a> {
    pub entry: &'a Entry,
    /// The same for all requests with this aim.
    pub kind: String,
    /// Which of them it is.
    pub detail: String,
    pub title: String,
    /// As it would have been without a proxy, where one was in between.
    pub request: Request,
    /// `None` for a visit.
    pub exchange: Option<&'a Exchange>,
}

impl Step<'_> {
    /// Whether it is a call to the MCP server.
    pub fn is_of_mcp(&self) -> bool {
        self.exchange.is_some_and(|exchange| {
            matches!(
                exchange.purpose,
                Purpose::Challenge { .. } | Purpose::Mcp { .. } | Purpose::Unknown
            )
        })
    }

    /// What came back.
    pub fn outcome(&self) -> Option<&Outcome> {
        Some(&self.exchange?.outcome)
    }

    pub fn status(&self) -> Option<u16> {
        match self.outcome()? {
            Outcome::Response(response) => Some(response.status),
            Outcome::Failure(_) => None,
        }
    }

    pub fn phase(&self) -> Phase {
        self.entry.phase
    }

    /// A browser's way, which a client does not see.
    pub fn is_in_browser(&self) -> bool {
        matches!(self.kind.as_str(), VISIT | AUTHORIZATION | CALLBACK)
    }

    /// The flow did not take it for an answer: it was sent once more.
    pub fn was_sent_again(&self) -> bool {
        self.exchange.is_some_and(|exchange| {
            exchange.failure().is_some()
                && exchange
                    .verdict
                    .as_ref()
                    .is_some_and(|verdict| verdict.kind == VerdictKind::MovedOn)
        })
    }

    /// As it is shown. `words` replaces secrets.
    pub fn shown(&self, words: impl Fn(&str) -> String) -> ComparedStep {
        let failure = match self.outcome() {
            Some(Outcome::Failure(failure)) => Some(words(&failure.message)),
            _ => None,
        };
        ComparedStep {
            seq: self.entry.seq,
            method: self.request.method.clone(),
            path: words(&short_path(&self.request.url)),
            status: self.status(),
            failure,
        }
    }
}

pub const AUTHORIZATION: &str = "authorization";
pub const CALLBACK: &str = "callback";
pub const VISIT: &str = "visit";
pub const PREFLIGHT: &str = "preflight";
pub const DEVICE: &str = "device_authorization";
pub const CODE_GRANT: &str = "token authorization_code";
pub const DEVICE_GRANT: &str = "token device_code";

/// The steps of the flow that is compared, without what was given up by going back.
pub fn of<'a>(side: &ComparedRun<'a>) -> Vec<Step<'a>> {
    let flow = flow(side);
    let live = side.trace.live();
    let of_flow = live.filter(|entry| flow.is_none() || entry.flow == flow);
    of_flow.filter_map(step).collect()
}

/// The flow that is compared: the last one, unless another is asked for.
fn flow(side: &ComparedRun<'_>) -> Option<FlowId> {
    let flows = &side.trace.flows;
    let asked = side
        .flow
        .filter(|asked| flows.iter().any(|flow| flow.id == *asked));
    asked.or_else(|| flows.last().map(|flow| flow.id))
}

fn step(entry: &Entry) -> Option<Step<'_>> {
    match &entry.kind {
        EntryKind::Exchange(exchange) => of_exchange(entry, exchange),
        EntryKind::BrowserOpened(visit) => Some(of_visit(entry, visit)),
        EntryKind::Decision(_) | EntryKind::Rewound { .. } => None,
    }
}

fn of_visit<'a>(entry: &'a Entry, visit: &BrowserVisit) -> Step<'a> {
    Step {
        entry,
        kind: VISIT.into(),
        detail: String::new(),
        title: "Authorization request".into(),
        request: Request::new("GET", visit.url.as_str()),
        exchange: None,
    }
}

fn of_exchange<'a>(entry: &'a Entry, exchange: &'a Exchange) -> Option<Step<'a>> {
    let (kind, detail, title) = kind(&exchange.purpose)?;
    Some(Step {
        entry,
        kind,
        detail,
        title,
        request: exchange.request.clone(),
        exchange: Some(exchange),
    })
}

/// The kind of a purpose, which one of its kind it is, and the title; `None` for what is not a
/// step.
fn kind(purpose: &Purpose) -> Option<(String, String, String)> {
    let known = |kind: &str, detail: &str, title: &str| {
        Some((kind.to_owned(), detail.to_owned(), title.to_owned()))
    };
    match purpose {
        Purpose::Unrelated | Purpose::WithinPage | Purpose::Unknown | Purpose::Copy { .. } => None,
        Purpose::Challenge { method } => known("challenge", method, "Challenge"),
        Purpose::ResourceMetadata { source } => known(
            "resource_metadata",
            match source {
                MetadataSource::Header => "named by the challenge",
                MetadataSource::PathInserted => "with the path",
                MetadataSource::Root => "at the root",
            },
            "Resource metadata",
        ),
        Purpose::ServerMetadata { well_known, .. } => known(
            "server_metadata",
            document(*well_known),
            "Authorization server metadata",
        ),
        Purpose::IdentityProviderMetadata { well_known, .. } => known(
            "identity_provider_metadata",
            document(*well_known),
            "Identity provider metadata",
        ),
        Purpose::Registration => known("registration", "", "Registration"),
        Purpose::Authorization => known(AUTHORIZATION, "", "Login pages"),
        Purpose::AuthorizationProbe => known(
            "authorization_probe",
            "",
            "Login page asked for without cookies",
        ),
        Purpose::Callback => known(CALLBACK, "", "Callback"),
        Purpose::Token { grant } => token(*grant),
        Purpose::Mcp { method } => known(&format!("mcp {method}"), "", &format!("MCP {method}")),
        Purpose::PushedAuthorization => {
            known("pushed_authorization", "", "Pushed authorization request")
        }
        Purpose::DeviceAuthorization => known(DEVICE, "", "Device authorization"),
        Purpose::ClientMetadata => known("client_metadata", "", "Client metadata document"),
        Purpose::Introspection { token } => known("introspection", token.as_str(), "Introspection"),
        Purpose::Revocation { token } => known("revocation", token.as_str(), "Revocation"),
        Purpose::Userinfo => known("userinfo", "", "Userinfo"),
        Purpose::Jwks => known("jwks", "", "Keys of the issuer"),
        Purpose::RegistrationRead => known("registration_read", "", "Registration, read"),
        Purpose::RegistrationUpdate => known("registration_update", "", "Registration, changed"),
        Purpose::RegistrationDeletion => {
            known("registration_deletion", "", "Registration, deleted")
        }
        Purpose::Preflight { of } => known(PREFLIGHT, &format!("{of:?}"), "Preflight"),
        Purpose::FromPage { of } => known("from_page", &format!("{of:?}"), "Request of a web page"),
    }
}

fn token(grant: Grant) -> Option<(String, String, String)> {
    let name = grant.grant_type().rsplit(':').next().unwrap_or_default();
    let title = match grant {
        Grant::RefreshToken => "Refresh".to_owned(),
        Grant::AuthorizationCode => "Token request".to_owned(),
        _ => format!("Token request, {name}"),
    };
    Some((format!("token {name}"), String::new(), title))
}

fn document(well_known: WellKnown) -> &'static str {
    match well_known {
        WellKnown::OauthInserted => "oauth-authorization-server",
        WellKnown::OidcInserted => "openid-configuration before the path",
        WellKnown::OidcAppended => "openid-configuration after the path",
    }
}
