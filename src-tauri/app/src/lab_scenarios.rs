//! What the lab's cards start: each with the lab's options, and those of a run that meets it.

use std::path::Path;

use diagnosis::Level;
use lab::{Lab, LabOptions, Misbehaviour, ProviderSetup, Severity};
use serde_json::{Value, json};
use session::{
    Browser, ClientCertificate, GrantChoice, IdentityProvider, Options, Registration, ToolCall,
};
use trace::{ActionKind, Phase};

use crate::contract::LabScenario;
use crate::tour;

/// How a lab is started, and what a run against it asks for: what is not named stays as the user
/// has it.
#[derive(Clone, Copy)]
pub struct Way {
    pub lab: fn(&mut LabOptions),
    pub run: fn(&Lab, &mut Options),
}

impl Way {
    /// The arguments of the command's `run` that meet this scenario in a lab that was started for
    /// it.
    pub fn arguments(&self, lab: &Lab) -> Vec<String> {
        let mut options = Options {
            server_url: lab.mcp_url().into(),
            ..Options::headless()
        };
        (self.run)(lab, &mut options);
        options.to_arguments()
    }
}

/// A card.
#[derive(Clone, Copy)]
pub struct Scenario {
    pub misbehaviour: Option<Misbehaviour>,
    pub provider: Option<ProviderSetup>,
    pub way: Way,
}

/// A card on which nothing is wrong.
pub struct Healthy {
    pub slug: &'static str,
    title: &'static str,
    sentence: &'static str,
    pub way: Way,
}

pub const HEALTHY: [Healthy; 6] = [
    Healthy {
        slug: "healthy",
        title: "A healthy server",
        sentence: "The whole flow, from the first 401 to the list of tools. Start here.",
        way: USUAL,
    },
    Healthy {
        slug: "healthy_client_document",
        title: "Client metadata document",
        sentence: "Instead of registering, the client names a document about itself, which the server fetches.",
        way: CLIENT_DOCUMENT,
    },
    Healthy {
        slug: "healthy_step_up",
        title: "Step-up",
        sentence: "A tool needs more scope than the token has, and the client authorizes once more.",
        way: WRITE_NOTE,
    },
    Healthy {
        slug: "healthy_device",
        title: "Device",
        sentence: "A client without a browser shows a code and polls; the lab approves it by itself at the third poll.",
        way: Way {
            lab: |lab| lab.device_polls = Some(2),
            run: |_, run| run.grant = GrantChoice::DeviceCode,
        },
    },
    Healthy {
        slug: "healthy_dpop_nonces",
        title: "DPoP with nonces",
        sentence: "The tokens are bound to a key, and both servers want a nonce in every proof.",
        way: Way {
            lab: |lab| lab.dpop_nonce = true,
            run: |_, run| run.dpop = true,
        },
    },
    Healthy {
        slug: "healthy_two_servers",
        title: "Two authorization servers",
        sentence: "The resource metadata names two authorization servers, and the run goes to the second.",
        way: Way {
            lab: |lab| lab.second_as = true,
            run: |lab, run| run.issuer = lab.second_as_url().map(Into::into),
        },
    },
];

/// All cards: the healthy ones, what goes wrong in the order of the flow, then the providers.
pub fn cards() -> Vec<LabScenario> {
    let healthy = HEALTHY.iter().map(|healthy| LabScenario {
        slug: healthy.slug.into(),
        code: None,
        phase: None,
        group: None,
        is_provider: false,
        common: healthy.slug == HEALTHY[0].slug,
        title: healthy.title.into(),
        sentence: healthy.sentence.into(),
        level: None,
    });
    let all = Misbehaviour::ALL.iter().chain(Misbehaviour::EXTENDED);
    let mut broken: Vec<LabScenario> = all.copied().map(broken).collect();
    broken.sort_by_key(|card| card.phase);
    healthy
        .chain(broken)
        .chain(ProviderSetup::all().map(provider))
        .collect()
}

/// So many of the misbehaviours, which come with the most frequent first, are offered at once.
const COMMON: usize = 5;

fn broken(misbehaviour: Misbehaviour) -> LabScenario {
    let phase = phase_of(misbehaviour);
    LabScenario {
        slug: misbehaviour.slug().into(),
        code: Some(misbehaviour.code().into()),
        phase: Some(phase),
        group: Some(phase.title().into()),
        is_provider: false,
        common: Misbehaviour::ALL
            .iter()
            .take(COMMON)
            .any(|one| *one == misbehaviour),
        title: misbehaviour.title().into(),
        sentence: misbehaviour.sentence().into(),
        level: Some(match misbehaviour.severity() {
            Severity::Error => Level::Error,
            Severity::Warning => Level::Warning,
            Severity::Note => Level::Note,
        }),
    }
}

fn provider(setup: ProviderSetup) -> LabScenario {
    let stops = setup.case.is_some();
    LabScenario {
        slug: setup.slug(),
        code: None,
        phase: None,
        group: Some(setup.provider.title.as_str().into()),
        is_provider: true,
        common: false,
        title: setup.title().into(),
        sentence: setup.sentence(),
        level: match (stops, setup.provider.says_pkce) {
            (true, _) => Some(Level::Error),
            (false, false) => Some(Level::Warning),
            (false, true) => None,
        },
    }
}

/// Where in the flow it goes wrong: what the rule of the same code looks at.
fn phase_of(misbehaviour: Misbehaviour) -> Phase {
    let code = misbehaviour.code();
    let rule = diagnosis::catalogue().iter().find(|rule| rule.code == code);
    match (rule, misbehaviour) {
        (Some(rule), _) => rule.phase,
        (None, Misbehaviour::TokenExpiresEarly) => Phase::Refresh,
        (None, _) => Phase::Mcp,
    }
}

/// What the scenario of this name is called.
pub fn title(slug: &str) -> Option<String> {
    if let Some(leg) = tour::leg(slug) {
        return Some(leg.title.into());
    }
    let card = cards().into_iter().find(|card| card.slug == slug)?;
    Some(card.title)
}

/// The scenario of this name, a card or a part of the tour; `None` when there is no such one.
pub fn scenario(slug: &str) -> Option<Scenario> {
    if let Some(leg) = tour::leg(slug) {
        return Some(Scenario {
            misbehaviour: leg.misbehaviour,
            provider: None,
            way: BY_ITSELF,
        });
    }
    let healthy = HEALTHY.iter().find(|healthy| healthy.slug == slug);
    if let Some(healthy) = healthy {
        return Some(Scenario {
            misbehaviour: None,
            provider: None,
            way: healthy.way,
        });
    }
    if let Some(misbehaviour) = Misbehaviour::parse(slug) {
        return Some(Scenario {
            misbehaviour: Some(misbehaviour),
            provider: None,
            way: way_to(misbehaviour),
        });
    }
    Some(Scenario {
        misbehaviour: None,
        provider: Some(ProviderSetup::parse(slug)?),
        way: PROVIDER,
    })
}

/// How a run meets a misbehaviour.
pub fn way_to(misbehaviour: Misbehaviour) -> Way {
    use Misbehaviour as M;
    match misbehaviour {
        M::CertificateBindingWrong => Way {
            lab: |lab| lab.mtls = true,
            run: TLS.run,
        },
        M::CorsMissing
        | M::CorsHeaderMissing
        | M::CorsHeaderNotExposed
        | M::PreflightRedirected => run(|_, run| {
            run.then = vec![ActionKind::CheckCors];
        }),
        M::CodeReplayWorks | M::TokenErrorMalformed => {
            run(|_, run| run.then = vec![ActionKind::ReplayCode])
        }
        M::EndlessStepUp | M::InsufficientScopeWithoutScope => WRITE_NOTE,
        M::LoginNotSufficient => Way {
            lab: |lab| lab.transfer_tool = true,
            run: |_, run| {
                run.call = Some(call("transfer", json!({ "amount": 3 })));
                fill_in(run);
            },
        },
        M::JwksKeyMissing | M::JwksUnusable | M::SignatureWrong => run(|_, run| {
            run.then = vec![ActionKind::CheckSignatures];
        }),
        M::IdTokenNonceWrong
        | M::IdTokenAudienceWrong
        | M::IdTokenIssuerWrong
        | M::IdTokenUnusable
        | M::AccessTokenHashWrong => run(|_, run| run.scope = Some("openid mcp:read".into())),
        M::UserinfoSubjectWrong => run(|_, run| {
            run.scope = Some("openid mcp:read".into());
            run.then = vec![ActionKind::Userinfo];
        }),
        M::DpopIgnored | M::DpopTokenUnbound | M::DpopNonceMissing => run(|_, run| run.dpop = true),
        M::PushedStatusNotCreated | M::PushedAnswerUnusable | M::PushedRequestRejected => {
            run(|_, run| run.authorization.par = true)
        }
        M::AuthorizationDetailsDropped => run(|_, run| {
            run.authorization.authorization_details = Some(r#"[{"type":"mcp_tool"}]"#.into());
        }),
        M::CredentialsElsewhere | M::RegistrationNotDeleted => {
            run(|_, run| run.then = vec![ActionKind::DeleteRegistration])
        }
        M::ClientDocumentRefused => CLIENT_DOCUMENT,
        M::DeviceAnswerIncomplete
        | M::DeviceNotApproved
        | M::DeviceRequestRejected
        | M::SlowDownAtInterval => Way {
            lab: |lab| lab.device_polls = lab.device_polls.or(Some(0)),
            run: |_, run| run.grant = GrantChoice::DeviceCode,
        },
        M::RotatedTokenAccepted => run(|_, run| run.then = vec![ActionKind::ReuseRotated]),
        M::RevokedTokenAccepted => run(|_, run| run.then = vec![ActionKind::RevokeAndTry]),
        M::RevocationRefused => run(|_, run| run.then = vec![ActionKind::Revoke]),
        M::IntrospectionDisagrees | M::SideRequestFails | M::AnswerMemberWrong => run(|_, run| {
            run.registration = confidential();
            run.then = vec![ActionKind::Introspect];
        }),
        M::IntrospectionUnprotected | M::EndpointNotOffered => run(|_, run| {
            run.then = vec![ActionKind::Introspect];
        }),
        M::GrantNotOffered => run(|_, run| {
            run.registration = confidential();
            run.grant = GrantChoice::ClientCredentials;
        }),
        M::IdentityProviderNotFound | M::IssuedTokenTypeMissing | M::IdJagTypeWrong => Way {
            lab: |lab| lab.idp = true,
            run: |lab, run| {
                run.registration = confidential();
                run.grant = GrantChoice::EnterpriseManaged(IdentityProvider {
                    id_token: lab.id_token().unwrap_or_default().into(),
                    client_id: lab.idp_client_id().unwrap_or_default().into(),
                    client_secret: None,
                    issuer: lab.idp_url().map(Into::into),
                    token_endpoint: None,
                });
            },
        },
        _ => USUAL,
    }
}

/// How a run meets a lab in which nothing is wrong.
pub fn way_to_healthy(lab: &Lab) -> Way {
    if lab.provider().is_some() {
        PROVIDER
    } else if lab.client_tls_files().is_some() {
        TLS
    } else {
        USUAL
    }
}

const USUAL: Way = run(|_, _| {});

/// Nobody has to log in, and the user's choices for other runs are not used.
const BY_ITSELF: Way = run(|lab, run| {
    *run = Options {
        server_url: lab.mcp_url().into(),
        ..Options::headless()
    };
});

/// To a lab that plays a provider: with a client that is known there, where none can register.
const PROVIDER: Way = run(|lab, run| {
    if lab.provider().is_some_and(|setup| setup.wants_client_id()) {
        run.registration = Registration::Preregistered {
            client_id: "lab-public".into(),
            client_secret: None,
            private_key_file: None,
            alg: None,
        };
    }
});

/// To a lab that speaks TLS.
const TLS: Way = run(|lab, run| {
    if let Some(files) = lab.client_tls_files() {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        run.network.ca_files = vec![path(&files.authority)];
        run.network.client_certificate = Some(ClientCertificate {
            certificate_file: path(&files.certificate),
            key_file: path(&files.private_key),
        });
    }
});

const CLIENT_DOCUMENT: Way = Way {
    lab: |lab| lab.cimd = true,
    run: |_, run| {
        run.registration = Registration::Cimd;
        run.client_metadata.serve = true;
    },
};

const WRITE_NOTE: Way = run(|_, run| run.call = Some(call("write_note", json!({ "text": "x" }))));

/// The usual lab, and a run with these options.
const fn run(run: fn(&Lab, &mut Options)) -> Way {
    Way { lab: |_| {}, run }
}

/// What a person would type into the lab's forms, for a run without a browser.
fn fill_in(run: &mut Options) {
    if let Browser::Approver { form } = &mut run.browser {
        let value = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        form.extend([
            value("username", "alice"),
            value("password", "wonderland"),
            value("one_time_code", "271828"),
        ]);
    }
}

fn call(tool: &str, arguments: Value) -> ToolCall {
    ToolCall {
        tool: Some(tool.into()),
        arguments: arguments.as_object().cloned().unwrap_or_default(),
    }
}

/// The lab's client that can authenticate.
fn confidential() -> Registration {
    Registration::Preregistered {
        client_id: "lab-confidential".into(),
        client_secret: Some("lab-secret".into()),
        private_key_file: None,
        alg: None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_card_has_a_name_of_its_own_and_can_be_started() {
        let cards = cards();
        let slugs: HashSet<_> = cards.iter().map(|card| card.slug.as_str()).collect();
        assert_eq!(slugs.len(), cards.len());
        for card in &cards {
            let scenario = scenario(&card.slug).expect("it is a card");
            let mut options = LabOptions::default();
            (scenario.way.lab)(&mut options);
            assert_eq!(
                options.misbehaviour, None,
                "that is said by the card itself"
            );
            assert_eq!(
                scenario.misbehaviour.map(Misbehaviour::code),
                card.code.as_deref()
            );
            assert_eq!(scenario.provider.is_some(), card.is_provider);
        }
        let phases: Vec<Phase> = cards.iter().filter_map(|card| card.phase).collect();
        assert!(phases.is_sorted(), "in the order of the flow");
        assert_eq!(cards[0].slug, "healthy");
        assert!(scenario("x").is_none());
    }

    #[test]
    fn each_run_of_the_tour_can_be_started_and_is_no_card() {
        for leg in tour::tour().legs {
            assert!(scenario(&leg.lab).is_some());
            assert!(title(&leg.lab).is_some_and(|title| title.starts_with("The tour")));
            assert!(cards().iter().all(|card| card.slug != leg.lab));
        }
    }
}
