//! The flow itself: where it stands, what comes next, what came of it.

use trace::{ActionKind, Decision, Request, StopCode, Timestamp};

use crate::agenda::{self, Action};
use crate::credentials;
use crate::facts::{Authorization, Client, Facts, Tokens};
use crate::judged::Judged;
use crate::options::{Registration, RegistrationWay};
use crate::proof;
use crate::setup::Setup;
use crate::step::{Hand, Next, Plan, Seen, Step};
use crate::steps::{
    assertion, authorization, challenge, device, errand, event_stream, mcp, pushed, refresh,
    registration, resource_metadata, server_metadata, token, tool,
};

/// Where a flow stands and what it knows: a plain value. Going back is picking an earlier one.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    pub step: Step,
    pub facts: Facts,
}

impl Flow {
    pub fn new(setup: &Setup) -> Self {
        let mut facts = Facts::new(setup.revision);
        if !facts.revision.at_least(trace::Revision::R20250618) {
            facts.era_known = true;
        }
        facts.agenda.actions = setup
            .then
            .iter()
            .map(|kind| Action {
                kind: *kind,
                call: None,
            })
            .collect();
        Self {
            step: Step::ExpectChallenge,
            facts,
        }
    }

    /// A flow that starts with tokens that were kept from an earlier run, and the client they
    /// belong to.
    pub fn with_stored(setup: &Setup, tokens: Tokens, client: Client) -> Self {
        let mut flow = Self::new(setup);
        flow.facts.issuer = tokens.issuer.clone();
        if let Some(key) = &tokens.dpop_key {
            flow.facts.dpop = Some(proof::with_key(key.clone()));
        }
        flow.facts.tokens = Some(tokens);
        flow.facts
            .registered
            .extend(Some(client.clone()).filter(|client| agenda::management(client).is_some()));
        flow.facts.client = Some(client);
        flow
    }

    pub fn next(&self, setup: &Setup, now: Timestamp) -> Next {
        let mut plan = match &self.step {
            Step::ExpectChallenge => challenge::request(self, setup, now),
            Step::ExpectResourceMetadata { attempt } => {
                resource_metadata::request(self, setup, *attempt)
            }
            Step::ExpectServerMetadata { attempt } => server_metadata::request(self, *attempt),
            Step::ExpectListener => return Next::Listen,
            Step::ExpectRegistration => registration::request(self, setup),
            Step::ExpectRequestUri => pushed::request(self, setup, now),
            Step::ExpectCallback => {
                let plan = authorization::request(self, setup, now);
                return Next::Browse(self.proven(setup, plan, now));
            }
            Step::ExpectDeviceCode => device::request(self, setup, now),
            Step::ExpectIdentityProvider { attempt } => {
                assertion::metadata_request(self, setup, *attempt)
            }
            Step::ExpectAssertion => assertion::request(self, setup),
            Step::ExpectToken => token::request(self, setup, now),
            Step::ExpectServerInfo => mcp::server_info_request(self, setup),
            Step::ExpectInitialized => mcp::initialized_request(self, setup),
            Step::ExpectTools => mcp::tools_request(self, setup),
            Step::ExpectToolResult => tool::request(self, setup),
            Step::ExpectEventStream { .. } => event_stream::request(self, setup),
            Step::ExpectRefresh { .. } => refresh::request(self, setup, now),
            Step::ExpectErrand(errand) => match errand::request(self, setup, errand, now) {
                errand::Requests::One(plan) => *plan,
                errand::Requests::Two(plans) => {
                    return Next::SendBoth(Box::new(
                        plans.map(|plan| self.proven(setup, plan, now)),
                    ));
                }
            },
            Step::Stopped {
                code,
                message,
                otherwise,
            } => {
                let can_go_on = otherwise.is_some();
                return Next::Stopped {
                    code: *code,
                    message: message.clone(),
                    can_go_on,
                };
            }
            Step::Done { message } => {
                return Next::Done {
                    message: message.clone(),
                };
            }
        };
        if let Some(redirect) = &self.facts.redirect {
            credentials::redirected(&mut plan.request, redirect);
        }
        Next::Send(self.proven(setup, plan, now))
    }

    /// The flow after what was seen. Something seen that the step does not await leaves the flow as
    /// it is.
    pub fn judge(self, setup: &Setup, seen: Seen<'_>, hand: &mut Hand<'_>) -> Judged {
        let judged = match seen {
            Seen::Failed { code, message } => Judged::stop(self, code, message, message),
            Seen::Answer { request, outcome } => self.answered(setup, request, outcome, hand),
            Seen::Answers(outcomes) => errand::judge_both(self, setup, outcomes, hand),
            Seen::Listening { redirect_uri } if self.step == Step::ExpectListener => {
                registration::judge_listening(self, setup, redirect_uri, hand)
            }
            Seen::Callback { request } if self.step == Step::ExpectCallback => {
                authorization::judge(self, setup, request)
            }
            Seen::Listening { .. } | Seen::Callback { .. } => Judged::nothing(self),
        };
        agenda::stopped(judged, setup)
    }

    fn answered(
        self,
        setup: &Setup,
        request: &Request,
        outcome: &trace::Outcome,
        hand: &mut Hand<'_>,
    ) -> Judged {
        let flow = match crate::steps::redirect(self, request, outcome) {
            Ok(followed) => return followed,
            Err(flow) => *flow,
        };
        let mut flow = match proof::nonce_demanded(flow, request, outcome) {
            Ok(repeated) => return repeated,
            Err(flow) => *flow,
        };
        flow = match event_stream::ended_early(flow, outcome, hand) {
            Ok(taken_up) => return taken_up,
            Err(flow) => *flow,
        };
        if let Step::ExpectEventStream { then, .. } = flow.step {
            flow.step = *then;
        }
        match flow.step.clone() {
            Step::ExpectChallenge => challenge::judge(flow, setup, outcome, hand),
            Step::ExpectResourceMetadata { attempt } => {
                resource_metadata::judge(flow, setup, attempt, request, outcome)
            }
            Step::ExpectServerMetadata { attempt } => {
                server_metadata::judge(flow, setup, attempt, request, outcome, hand)
            }
            Step::ExpectRegistration => registration::judge(flow, setup, request, outcome, hand),
            Step::ExpectRequestUri => pushed::judge(flow, outcome),
            Step::ExpectDeviceCode => device::judge(flow, outcome, hand),
            Step::ExpectIdentityProvider { attempt } => {
                assertion::judge_metadata(flow, setup, attempt, outcome)
            }
            Step::ExpectAssertion => assertion::judge(flow, outcome),
            Step::ExpectToken => token::judge(flow, setup, outcome, hand),
            Step::ExpectServerInfo => mcp::judge_server_info(flow, setup, outcome, hand),
            Step::ExpectInitialized => mcp::judge_initialized(flow, setup, outcome, hand),
            Step::ExpectTools => mcp::judge_tools(flow, setup, outcome, hand),
            Step::ExpectToolResult => tool::judge(flow, setup, outcome, hand),
            Step::ExpectRefresh { then } => refresh::judge(flow, setup, *then, outcome, hand),
            Step::ExpectErrand(errand) => {
                flow.facts.redirect = None;
                errand::judge(flow, setup, *errand, outcome, hand)
            }
            Step::ExpectEventStream { .. }
            | Step::ExpectListener
            | Step::ExpectCallback
            | Step::Stopped { .. }
            | Step::Done { .. } => Judged::nothing(flow),
        }
    }

    /// Goes on where the flow stopped although the specification says not to. None when there is no
    /// way on.
    pub fn go_on_anyway(self) -> Option<Judged> {
        let Step::Stopped {
            code,
            otherwise: Some(otherwise),
            ..
        } = self.step
        else {
            return None;
        };
        let mut judged = *otherwise;
        judged.flow.facts.waived.push(code);
        judged.decisions.insert(0, Decision::WentOnAnyway { code });
        judged.verdict = None;
        Some(judged)
    }

    /// What the user can ask for here, besides the flow's own steps.
    pub fn actions(&self, setup: &Setup) -> Vec<ActionKind> {
        match self.step {
            Step::Done { .. } | Step::Stopped { .. } => agenda::possible(self, setup),
            _ => Vec::new(),
        }
    }

    /// Begins an action. None where it cannot be begun.
    pub fn act(self, setup: &Setup, action: Action) -> Option<Judged> {
        if !self.actions(setup).contains(&action.kind) {
            return None;
        }
        let mut flow = self;
        if flow.facts.agenda.outcome.is_none()
            && let Step::Done { message } | Step::Stopped { message, .. } = &flow.step
        {
            flow.facts.agenda.outcome = Some(message.clone());
        }
        Some(agenda::begin(Judged::nothing(flow), setup, action))
    }

    /// Goes on with another of the authorization servers that the resource metadata names, from its
    /// metadata on. None when it names no such server.
    pub fn with_authorization_server(mut self, issuer: &str) -> Option<Judged> {
        let offered = self
            .facts
            .resource_metadata
            .as_ref()?
            .authorization_servers
            .clone();
        let issuer = offered.iter().find(|offered| *offered == issuer)?.clone();
        self.facts.at_issuer(issuer.clone());
        self.facts.redirect = None;
        self.step = Step::ExpectServerMetadata { attempt: 0 };
        let judged = Judged::nothing(self);
        Some(judged.decided(Decision::AuthorizationServer { issuer, offered }))
    }

    /// Goes back to where the client registers, to do it in the way the setup says now. None before
    /// the authorization server is known.
    pub fn registering_anew(mut self) -> Option<Judged> {
        self.facts.server_metadata.as_ref()?;
        self.facts.client = None;
        self.facts.tokens = None;
        self.facts.redirect = None;
        self.step = Step::ExpectListener;
        Some(Judged::nothing(self))
    }

    /// The ways to become a client that are open when the flow stopped for want of one.
    pub fn registration_ways(&self, setup: &Setup) -> Vec<RegistrationWay> {
        let wanting = match &self.step {
            Step::Stopped { code, .. } => matches!(
                code,
                StopCode::NoRegistration | StopCode::RegistrationRejected | StopCode::NotPossible
            ),
            _ => false,
        };
        let Some(metadata) = self.facts.server_metadata.as_ref().filter(|_| wanting) else {
            return Vec::new();
        };
        let documents = metadata.client_id_metadata_document_supported
            && setup.registration != Registration::Cimd;
        let dynamic = metadata.registration_endpoint.is_some();
        let ways = [
            (documents, RegistrationWay::Cimd),
            (dynamic, RegistrationWay::Dcr),
            (true, RegistrationWay::Preregistered),
        ];
        ways.into_iter()
            .filter_map(|(open, way)| open.then_some(way))
            .collect()
    }

    /// The same place with a new `state` and code verifier, for going through the authorization
    /// request once more.
    pub fn renewed(mut self, hand: &mut Hand<'_>) -> Self {
        if self.step == Step::ExpectCallback {
            self.facts.authorization = self.facts.authorization.map(|old| Authorization {
                state: hand.secret(16),
                code_verifier: hand.secret(32),
                nonce: hand.secret(16),
                ..old
            });
            // A request_uri belongs to the request that was pushed (RFC 9126 section 2.2).
            if self.facts.request_uri.take().is_some() {
                self.step = Step::ExpectRequestUri;
            }
        }
        self
    }

    /// The request with the proof of possession that belongs to it, and what it carries.
    fn proven(&self, setup: &Setup, mut plan: Plan, now: Timestamp) -> Plan {
        proof::attach(&self.facts, setup, &mut plan, now);
        plan.credentials = credentials::carried(self, setup, &plan.request);
        plan
    }
}
