//! The flow itself: where it stands, what comes next, what came of it.

use trace::{Decision, Outcome, Phase, Purpose, Request, Secret, StopCode, Timestamp};

use crate::facts::{Authorization, Client, Facts, Tokens};
use crate::judged::Judged;
use crate::setup::Setup;
use crate::steps::{
    authorization, challenge, mcp, refresh, registration, resource_metadata, server_metadata, token,
};

/// Where a flow stands and what it knows: a plain value. Going back is picking an earlier one.
#[derive(Debug, Clone, PartialEq)]
pub struct Flow {
    pub step: Step,
    pub facts: Facts,
}

/// A place in the flow, named for what it awaits.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// The answer to the first call.
    ExpectChallenge,
    /// A protected resource metadata document; `attempt` counts the candidates from 0.
    ExpectResourceMetadata {
        attempt: usize,
    },
    /// An authorization server metadata document; `attempt` counts the candidates from 0.
    ExpectServerMetadata {
        attempt: usize,
    },
    /// The redirect URI, once the listener for it is open.
    ExpectListener,
    ExpectRegistration,
    ExpectCallback,
    ExpectToken,
    /// The answer to the first call with a token: `server/discover` or `initialize`.
    ExpectServerInfo,
    /// The acceptance of `notifications/initialized`.
    ExpectInitialized,
    ExpectTools,
    /// The answer to a refresh request; `then` is where the flow was.
    ExpectRefresh {
        then: Box<Step>,
    },
    /// Nothing more, unless the user insists: then `otherwise` holds.
    Stopped {
        code: StopCode,
        message: String,
        otherwise: Option<Box<Judged>>,
    },
    Done {
        message: String,
    },
}

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Send this request and give the outcome to [`Flow::judge`].
    Send(Plan),
    /// Open the listener for the callback and give its redirect URI to [`Flow::judge`].
    Listen,
    /// Send the browser to the request's URL and give the callback to [`Flow::judge`].
    Browse(Plan),
    Stopped {
        code: StopCode,
        message: String,
        can_go_on: bool,
    },
    Done {
        message: String,
    },
}

/// A request with the words that explain it.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    pub phase: Phase,
    pub purpose: Purpose,
    /// "Register this client"
    pub title: String,
    /// Why it is needed, in one sentence.
    pub why: String,
    /// A few words that say what the request carries.
    pub label: String,
    pub request: Request,
}

/// What came of a step.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// The request as it was sent, and what came back.
    Answer {
        request: &'a Request,
        outcome: &'a Outcome,
    },
    /// The listener is open at this redirect URI.
    Listening { redirect_uri: &'a str },
    /// The browser came to the redirect URI with this request.
    Callback { request: &'a Request },
    /// It could not come about: no listener, no callback, no way through the pages.
    Failed { code: StopCode, message: &'a str },
}

/// The clock and the dice, handed in.
pub struct Hand<'a> {
    pub now: Timestamp,
    /// Fills the slice with random bytes.
    pub random: &'a mut dyn FnMut(&mut [u8]),
}

impl Flow {
    pub fn new(setup: &Setup) -> Self {
        let mut facts = Facts::new(setup.revision);
        if !facts.revision.at_least(trace::Revision::R20250618) {
            facts.era_known = true;
        }
        Self {
            step: Step::ExpectChallenge,
            facts,
        }
    }

    /// A flow that starts with tokens that were kept from an earlier run, and the client they belong to.
    pub fn with_stored(setup: &Setup, tokens: Tokens, client: Client) -> Self {
        let mut flow = Self::new(setup);
        flow.facts.issuer = tokens.issuer.clone();
        flow.facts.tokens = Some(tokens);
        flow.facts.client = Some(client);
        flow
    }

    pub fn next(&self, setup: &Setup, now: Timestamp) -> Next {
        let mut plan = match &self.step {
            Step::ExpectChallenge => challenge::request(self, setup, now),
            Step::ExpectResourceMetadata { attempt } => resource_metadata::request(self, setup, *attempt),
            Step::ExpectServerMetadata { attempt } => server_metadata::request(self, *attempt),
            Step::ExpectListener => return Next::Listen,
            Step::ExpectRegistration => registration::request(self, setup),
            Step::ExpectCallback => return Next::Browse(authorization::request(self, setup)),
            Step::ExpectToken => token::request(self, setup),
            Step::ExpectServerInfo => mcp::server_info_request(self, setup),
            Step::ExpectInitialized => mcp::initialized_request(self, setup),
            Step::ExpectTools => mcp::tools_request(self, setup),
            Step::ExpectRefresh { .. } => refresh::request(self, setup),
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
        if let Some((url, _)) = &self.facts.redirect {
            plan.request.url = url.clone();
        }
        Next::Send(plan)
    }

    /// The flow after what was seen. Something seen that the step does not await leaves the flow as it is.
    pub fn judge(self, setup: &Setup, seen: Seen<'_>, hand: &mut Hand<'_>) -> Judged {
        if let Seen::Failed { code, message } = seen {
            return Judged::stop(self, code, message, message);
        }
        let (request, outcome) = match (&self.step, seen) {
            (Step::ExpectListener, Seen::Listening { redirect_uri }) => {
                return registration::judge_listening(self, setup, redirect_uri, hand);
            }
            (Step::ExpectCallback, Seen::Callback { request }) => {
                return authorization::judge(self, request);
            }
            (_, Seen::Answer { request, outcome }) => (request, outcome),
            _ => {
                return Judged {
                    flow: self,
                    verdict: None,
                    decisions: Vec::new(),
                    effects: Vec::new(),
                };
            }
        };
        let flow = match crate::steps::redirect(self, request, outcome) {
            Ok(followed) => return followed,
            Err(flow) => *flow,
        };
        match flow.step.clone() {
            Step::ExpectChallenge => challenge::judge(flow, setup, outcome, hand),
            Step::ExpectResourceMetadata { attempt } => {
                resource_metadata::judge(flow, setup, attempt, outcome)
            }
            Step::ExpectServerMetadata { attempt } => {
                server_metadata::judge(flow, setup, attempt, outcome, hand)
            }
            Step::ExpectRegistration => registration::judge(flow, setup, request, outcome, hand),
            Step::ExpectToken => token::judge(flow, outcome, hand),
            Step::ExpectServerInfo => mcp::judge_server_info(flow, setup, outcome),
            Step::ExpectInitialized => mcp::judge_initialized(flow, setup, outcome),
            Step::ExpectTools => mcp::judge_tools(flow, setup, outcome),
            Step::ExpectRefresh { then } => refresh::judge(flow, *then, outcome, hand),
            Step::ExpectListener | Step::ExpectCallback | Step::Stopped { .. } | Step::Done { .. } => {
                Judged {
                    flow,
                    verdict: None,
                    decisions: Vec::new(),
                    effects: Vec::new(),
                }
            }
        }
    }

    /// Goes on where the flow stopped although the specification says not to. None when there is no way on.
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

    /// The flow with a refresh request before anything else, when there is a refresh token and somewhere to send it.
    pub fn refresh_now(mut self) -> Option<Self> {
        self.facts.tokens.as_ref()?.refresh_token.as_ref()?;
        self.facts.server_metadata.as_ref()?.token_endpoint.as_ref()?;
        self.step = Step::ExpectRefresh {
            then: Box::new(self.step),
        };
        Some(self)
    }

    /// The same place with a new `state` and code verifier, for going through the authorization request once more.
    pub fn renewed(mut self, hand: &mut Hand<'_>) -> Self {
        if self.step == Step::ExpectCallback {
            self.facts.authorization = self.facts.authorization.map(|old| Authorization {
                state: hand.secret(16),
                code_verifier: hand.secret(32),
                ..old
            });
        }
        self
    }
}

impl Hand<'_> {
    /// `bytes` random bytes as base64url.
    pub(crate) fn secret(&mut self, bytes: usize) -> Secret {
        use base64::Engine as _;
        let mut random = vec![0; bytes];
        (self.random)(&mut random);
        Secret::new(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(random))
    }
}
