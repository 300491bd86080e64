//! The flow itself: where it stands, what comes next, what came of it.

use trace::{ActionKind, Credential, Decision, Outcome, Request, Secret, StopCode, Timestamp};

use crate::binding;
use crate::client::Client;
use crate::consent::Consent;
use crate::credentials;
use crate::facts::Facts;
use crate::grant::{Device, TokenGrant};
use crate::options::{Registration, RegistrationWay};
use crate::plan::{Env, Next, Plan, StepOutcome};
use crate::played;
use crate::proof;
use crate::queue::Action;
use crate::redirect;
use crate::routes::actions;
use crate::routes::authorization::redrawn;
use crate::routes::issuer::go_to_issuer;
use crate::setup::Setup;
use crate::state::{Flow, Refused, Seen};
use crate::step::Step;
use crate::steps::actions::{refreshes, request as action};
use crate::steps::{
    assertion, authorization, challenge, device, event_stream, mcp, pushed, refresh, registration,
    resource_metadata, server_metadata, token, tool,
};
use crate::tokens::{Dpop, Tokens};
use crate::transition::Transition;

impl Flow {
    pub fn new(setup: &Setup) -> Self {
        let mut facts = Facts::new(setup.revision);
        let actions = setup.then.iter();
        facts.queue.actions = actions
            .map(|kind| Action {
                kind: *kind,
                call: None,
            })
            .collect();
        Self::at(Step::ExpectChallenge { with_token: false }, facts)
    }

    /// A flow that starts with tokens that were kept from an earlier run, and the client they
    /// belong to.
    pub fn with_stored(setup: &Setup, tokens: Tokens, client: Client, now: Timestamp) -> Self {
        let mut flow = Self::new(setup);
        let with_token = !tokens.expired(now);
        flow.step = Step::ExpectChallenge { with_token };
        let facts = &mut flow.facts;
        facts.issuer.clone_from(&tokens.issuer);
        // The issuer at which its secret was used before.
        facts
            .consents
            .extend(client.issuer.clone().map(Consent::Issuer));
        facts.dpop = tokens.dpop_key.clone().map(Dpop::with_key);
        facts.tokens = Some(tokens);
        if client.management().is_some() {
            facts.registered.push(client.clone());
        }
        facts.client = Some(client);
        flow
    }

    /// What comes next. Asking changes nothing, and gives the same answer each time.
    pub fn next(&self, setup: &Setup) -> Next {
        let facts = &self.facts;
        let mut plan = match &self.step {
            Step::ExpectChallenge { with_token } => challenge::request(self, setup, *with_token),
            Step::ExpectResourceMetadata { source, url, .. } => {
                resource_metadata::request(self, *source, url)
            }
            Step::ExpectServerMetadata {
                issuer,
                well_known,
                url,
                attempt,
            } => server_metadata::request(self, issuer, *well_known, url, *attempt),
            Step::ExpectListener => return Next::Listen,
            Step::ExpectRegistration {
                endpoint,
                redirect_uri,
            } => registration::request(self, setup, endpoint, redirect_uri.as_deref()),
            Step::ExpectRequestUri {
                endpoint,
                authorization,
            } => pushed::request(self, setup, endpoint, authorization),
            Step::ExpectCallback {
                authorization,
                request_uri,
            } => {
                let uri = request_uri.as_deref();
                let plan = authorization::request(self, setup, authorization, uri);
                return Next::Browse(self.completed(setup, plan));
            }
            Step::ExpectDeviceCode { endpoint } => device::request(self, setup, endpoint),
            Step::ExpectIdentityProvider {
                issuer,
                well_known,
                url,
                ..
            } => assertion::metadata_plan(self, issuer, *well_known, url),
            Step::ExpectAssertion { endpoint, .. } => assertion::request(self, setup, endpoint),
            Step::ExpectToken { endpoint, grant } => token::request(self, setup, endpoint, grant),
            Step::ExpectServerInfo => mcp::server_info_request(facts, setup),
            Step::ExpectInitialized => mcp::initialized_request(facts, setup),
            Step::ExpectTools => mcp::tools_request(facts, setup),
            Step::ExpectMoreTools(pages) => mcp::more_tools_request(facts, setup, pages),
            Step::ExpectToolResult { call } => tool::request(facts, setup, call, trace::Phase::Mcp),
            Step::ExpectEventStream {
                last_event_id,
                not_before,
                ..
            } => event_stream::request(facts, setup, last_event_id, *not_before),
            Step::ExpectRefresh {
                endpoint,
                refresh_token,
                ..
            } => refresh::request(facts, setup, endpoint, refresh_token),
            Step::ExpectAction(request) => match action::request(self, setup, request) {
                (plan, None) => plan,
                (one, Some(other)) => {
                    let both = [one, other].map(|plan| self.completed(setup, plan));
                    return Next::SendBoth(Box::new(both));
                }
            },
            Step::Stopped {
                code,
                message,
                can_go_on,
            } => {
                return Next::Stopped {
                    code: *code,
                    message: message.clone(),
                    can_go_on: *can_go_on,
                };
            }
            Step::Done { message } => {
                return Next::Done {
                    message: message.clone(),
                };
            }
        };
        if let Some(redirect) = &self.attempt.redirect {
            credentials::redirected(&mut plan.request, redirect);
        }
        Next::Send(self.completed(setup, plan))
    }

    /// The flow after what was seen. Something seen that the step does not await leaves the flow as
    /// it is.
    pub fn judge(self, setup: &Setup, seen: StepOutcome<'_>, env: &mut Env<'_>) -> Transition {
        let before = self.clone();
        let mut transition = match (seen, self.step.clone()) {
            (StepOutcome::Failed { code, message }, _) => {
                Transition::stop(self, code, message, message)
            }
            (StepOutcome::Answer { request, outcome }, _) => {
                self.answered(setup, request, outcome, env)
            }
            (StepOutcome::Answers(outcomes), Step::ExpectAction(_)) => {
                refreshes::judge_both(self, setup, outcomes, env)
            }
            (StepOutcome::Listening { redirect_uri }, Step::ExpectListener) => {
                registration::judge_listening(self, setup, redirect_uri, env)
            }
            (StepOutcome::Callback { request }, Step::ExpectCallback { authorization, .. }) => {
                authorization::judge(self, setup, authorization, request)
            }
            _ => Transition::nothing(self),
        };
        transition.flow.refused = None;
        if let Step::Stopped {
            can_go_on: true, ..
        } = transition.flow.step
        {
            transition.flow.refused = Seen::of(seen).map(|seen| {
                let at = env.now;
                Box::new(Refused::Seen {
                    flow: before,
                    seen,
                    at,
                })
            });
        }
        binding::held(actions::stopped(transition, setup), setup)
    }

    /// Goes on where the flow stopped although the specification says not to. `None` when there is
    /// no way on.
    pub fn go_on_anyway(self, setup: &Setup, env: &mut Env<'_>) -> Option<Transition> {
        let Step::Stopped { code, .. } = self.step else {
            return None;
        };
        let (mut flow, seen, at) = match *self.refused? {
            Refused::Seen { flow, seen, at } => (flow, seen, at),
            Refused::Held { mut flow, consent } => {
                flow.facts.consents.push(consent);
                let gone_on = Transition::nothing(flow).decided(Decision::WentOnAnyway { code });
                return Some(binding::held(gone_on, setup));
            }
        };
        flow.facts.waived.push(code);
        // When the answer came: the lifetimes in it begin here.
        let env = &mut Env {
            now: at,
            random: &mut *env.random,
        };
        let mut transition = flow
            .judge(setup, seen.outcome(), env)
            .after([Decision::WentOnAnyway { code }]);
        transition.verdict = None;
        Some(transition)
    }

    /// What the user can ask for here, besides the flow's own steps.
    pub fn actions(&self, setup: &Setup) -> Vec<ActionKind> {
        match self.step {
            Step::Done { .. } | Step::Stopped { .. } => actions::possible(&self.facts, setup),
            _ => Vec::new(),
        }
    }

    /// Begins an action. `None` where it cannot be begun.
    pub fn act(self, setup: &Setup, action: Action) -> Option<Transition> {
        if !self.actions(setup).contains(&action.kind) {
            return None;
        }
        let mut flow = self;
        if flow.facts.queue.outcome.is_none()
            && let Step::Done { message } | Step::Stopped { message, .. } = &flow.step
        {
            flow.facts.queue.outcome = Some(message.clone());
        }
        flow.refused = None;
        let begun = actions::begin(Transition::nothing(flow), setup, action);
        Some(binding::held(begun, setup))
    }

    /// Goes on with another of the authorization servers that the resource metadata names, from its
    /// metadata on. `None` when it names no such server.
    pub fn with_authorization_server(
        self,
        setup: &Setup,
        issuer: &str,
        env: &mut Env<'_>,
    ) -> Option<Transition> {
        let metadata = self.facts.resource_metadata.as_ref()?;
        let offered = metadata.authorization_servers.iter();
        let issuer = offered
            .into_iter()
            .find(|offered| *offered == issuer)?
            .clone();
        let flow = Self::at(self.step, self.facts);
        Some(go_to_issuer(flow, setup, &issuer, None, env))
    }

    /// Goes back to where the client registers, to do it in the way the setup says now. `None`
    /// before the authorization server is known.
    pub fn registering_again(mut self) -> Option<Transition> {
        self.facts.server_metadata.as_ref()?;
        self.facts.client = None;
        self.facts.tokens = None;
        let flow = Self::at(Step::ExpectListener, self.facts);
        Some(Transition::nothing(flow))
    }

    /// The ways to become a client that are left when the flow stopped because it has no client.
    pub fn registration_ways(&self, setup: &Setup) -> Vec<RegistrationWay> {
        let for_want_of_one = matches!(
            self.step,
            Step::Stopped {
                code: StopCode::NoRegistration
                    | StopCode::RegistrationRejected
                    | StopCode::NotPossible,
                ..
            }
        );
        let metadata = self.facts.server_metadata.as_ref();
        let Some(metadata) = metadata.filter(|_| for_want_of_one) else {
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
    pub fn renewed(mut self, setup: &Setup, env: &mut Env<'_>) -> Self {
        let Step::ExpectCallback {
            authorization,
            request_uri,
        } = self.step
        else {
            return self;
        };
        let authorization = Box::new(redrawn(*authorization, env));
        let name = "pushed_authorization_request_endpoint";
        self.step = match (request_uri, self.facts.endpoint(setup, name)) {
            // A request_uri belongs to the request that was pushed (RFC 9126 section 2.2).
            (Some(_), Ok(endpoint)) => Step::ExpectRequestUri {
                endpoint,
                authorization,
            },
            _ => Step::ExpectCallback {
                authorization,
                request_uri: None,
            },
        };
        self
    }

    /// All credentials that the flow holds now, and where each of them may go: for a request that
    /// the flow did not plan.
    pub fn credentials(&self, setup: &Setup) -> Vec<Credential> {
        credentials::held(self, setup)
    }

    /// The device authorization that the user is to approve.
    pub fn device(&self) -> Option<&Device> {
        match &self.step {
            Step::ExpectToken {
                grant: TokenGrant::DeviceCode(device),
                ..
            } => Some(device),
            _ => None,
        }
    }

    /// The `state` that the callback has to carry.
    pub fn expected_state(&self, setup: &Setup) -> Option<Secret> {
        match &self.step {
            Step::ExpectCallback { authorization, .. } => {
                Some(authorization::expected_state(setup, authorization).into())
            }
            _ => None,
        }
    }

    fn answered(
        self,
        setup: &Setup,
        request: &Request,
        outcome: &Outcome,
        env: &mut Env<'_>,
    ) -> Transition {
        let limit = redirect::one_too_many(&self, setup, request, outcome)
            .or_else(|| event_stream::one_too_many(&self, setup, outcome));
        let transition = self.judged(setup, request, outcome, env);
        match limit {
            Some(limit) => transition.at_limit(&limit),
            None => transition,
        }
    }

    fn judged(
        mut self,
        setup: &Setup,
        request: &Request,
        outcome: &Outcome,
        env: &mut Env<'_>,
    ) -> Transition {
        if let Some(followed) = redirect::follow(&self, setup, request, outcome) {
            return followed;
        }
        if proof::take_nonce(&mut self, request, outcome) {
            return Transition::stay(self, trace::Verdict::moved_on("nonce demanded"));
        }
        if let Some(resumed) = event_stream::ended_early(&self, setup, outcome, env) {
            return resumed;
        }
        if let Step::ExpectEventStream { then, .. } = self.step {
            self.step = *then;
        }
        let flow = self;
        match flow.step.clone() {
            Step::ExpectChallenge { with_token } => {
                challenge::judge(flow, setup, with_token, outcome)
            }
            Step::ExpectResourceMetadata { attempt, .. } => {
                resource_metadata::judge(flow, setup, attempt, request, outcome, env)
            }
            Step::ExpectServerMetadata {
                issuer, attempt, ..
            } => {
                let asked = (issuer.as_str(), attempt);
                server_metadata::judge(flow, setup, asked, request, outcome, env)
            }
            Step::ExpectRegistration { .. } => {
                registration::judge(flow, setup, request, outcome, env)
            }
            Step::ExpectRequestUri { authorization, .. } => {
                pushed::judge(flow, authorization, outcome)
            }
            Step::ExpectDeviceCode { .. } => device::judge(flow, setup, outcome, env),
            Step::ExpectIdentityProvider {
                issuer, attempt, ..
            } => assertion::judge_metadata(flow, &issuer, attempt, outcome),
            Step::ExpectAssertion { .. } => assertion::judge(flow, setup, outcome),
            Step::ExpectToken { endpoint, grant } => {
                token::judge(flow, setup, &endpoint, grant, outcome, env)
            }
            Step::ExpectServerInfo => mcp::judge_server_info(flow, setup, outcome, env),
            Step::ExpectInitialized => mcp::judge_initialized(flow, setup, outcome, env),
            Step::ExpectTools => mcp::judge_tools(flow, setup, None, outcome, env),
            Step::ExpectMoreTools(earlier) => {
                mcp::judge_tools(flow, setup, Some(earlier), outcome, env)
            }
            Step::ExpectToolResult { .. } => tool::judge(flow, setup, outcome, env),
            Step::ExpectRefresh { then, .. } => refresh::judge(flow, setup, *then, outcome, env),
            Step::ExpectAction(request) => action::judge(flow, setup, &request, outcome, env),
            Step::ExpectEventStream { .. }
            | Step::ExpectListener
            | Step::ExpectCallback { .. }
            | Step::Stopped { .. }
            | Step::Done { .. } => Transition::nothing(flow),
        }
    }

    /// The request with the proof of possession that belongs to it, and what it carries.
    fn completed(&self, setup: &Setup, mut plan: Plan) -> Plan {
        played::dress(setup, &mut plan);
        proof::attach(&self.facts, &mut plan);
        plan.credentials = credentials::carried(self, setup, &plan);
        plan
    }
}
