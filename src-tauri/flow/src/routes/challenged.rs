//! A 401 that leads to a new authorization.

use trace::{Challenge, Response, Verdict, challenges};

use crate::endpoint::Endpoint;
use crate::facts::ChallengeFacts;
use crate::proof;
use crate::routes::discovery::to_metadata;
use crate::setup::Setup;
use crate::state::Flow;
use crate::transition::Transition;

/// Keeps what a 401 says and goes on to discovery.
pub(crate) fn challenged(mut flow: Flow, setup: &Setup, response: &Response) -> Transition {
    // Each scheme has a challenge of its own; one of them may say what another leaves out.
    let others = challenges(response).unwrap_or_default();
    let all: Vec<Challenge> = token_challenge(response)
        .into_iter()
        .chain(others)
        .collect();
    let parameter = |name: &str| {
        let mut values = all.iter().filter_map(|challenge| challenge.parameter(name));
        values.next().map(str::to_owned)
    };
    let url = parameter("resource_metadata");
    let facts = ChallengeFacts {
        resource_metadata: Endpoint::read("resource_metadata", url.as_deref()).ok(),
        scope: parameter("scope").filter(|scope| !scope.trim().is_empty()),
    };
    let mut words: Vec<String> = parameter("error").into_iter().collect();
    if facts.resource_metadata.is_some() {
        words.push("resource_metadata".into());
    }
    words.extend(facts.scope.as_ref().map(|scope| format!("scope={scope}")));
    if response.header_value("www-authenticate").is_none() {
        words.push("no WWW-Authenticate".into());
    } else if words.is_empty() {
        words.push("challenge without resource_metadata".into());
    }
    flow.facts.challenge = Some(facts);
    flow.facts.session_id = None;
    let mut bound = None;
    if demands_proof(response) {
        let why = "the MCP server's challenge demands it";
        bound = proof::bind(&mut flow.facts, setup, why);
    }
    to_metadata(flow, setup, Verdict::accepted(words.join(" · "))).decided(bound)
}

/// The challenge about the token: of several schemes the one that names an error, which is the one
/// that was tried (RFC 9449 section 7.2); else the one for bearer tokens.
pub(crate) fn token_challenge(response: &Response) -> Option<Challenge> {
    let all = challenges(response).ok()?;
    let of = |scheme: &str, with_error: bool| {
        let mut of_scheme = all.iter().filter(|challenge| challenge.is(scheme));
        of_scheme
            .find(|challenge| !with_error || challenge.parameter("error").is_some())
            .cloned()
    };
    of("Bearer", true)
        .or_else(|| of("DPoP", true))
        .or_else(|| of("Bearer", false))
        .or_else(|| of("DPoP", false))
}

/// Whether only bound tokens are taken.
fn demands_proof(response: &Response) -> bool {
    let all = challenges(response).unwrap_or_default();
    let has = |scheme: &str| all.iter().any(|challenge| challenge.is(scheme));
    has("DPoP") && !has("Bearer")
}

#[cfg(test)]
mod tests {
    use trace::{Body, Decision, Header};

    use super::*;
    use crate::facts::Facts;
    use crate::setup::Seed;
    use crate::step::Step;

    fn judged(challenges: &[&str]) -> Transition {
        let header = |value: &&str| Header::new("WWW-Authenticate", *value);
        let response = Response {
            status: 401,
            headers: challenges.iter().map(header).collect(),
            body: Body::empty(),
        };
        let setup = Setup::new("https://mcp.example/mcp", Seed([7; 32]));
        let flow = Flow::at(
            Step::ExpectChallenge { with_token: false },
            Facts::new(None),
        );
        challenged(flow, &setup, &response)
    }

    fn words(challenges: &[&str]) -> String {
        judged(challenges).verdict.unwrap().text
    }

    #[test]
    fn says_what_the_challenge_names() {
        let full = r#"Bearer error="invalid_token", scope="a b", resource_metadata="https://m.example/prm""#;
        assert_eq!(
            words(&[full]),
            "invalid_token · resource_metadata · scope=a b"
        );
        assert_eq!(words(&[]), "no WWW-Authenticate");
        assert_eq!(words(&["Bearer"]), "challenge without resource_metadata");
        // Anything but an http or https URL is ignored.
        assert_eq!(
            words(&[r#"Bearer resource_metadata="file:///etc/passwd""#]),
            "challenge without resource_metadata"
        );
        let facts = judged(&[r#"Bearer scope=" ""#]).flow.facts;
        assert_eq!(facts.challenge, Some(ChallengeFacts::default()));
    }

    #[test]
    fn tokens_are_bound_where_nothing_else_is_taken() {
        let bound = |challenges: &[&str]| {
            let transition = judged(challenges);
            let decided = transition.decisions.iter();
            let decided = decided.filter(|it| matches!(it, Decision::SenderConstrained { .. }));
            assert_eq!(decided.count() == 1, transition.flow.facts.dpop.is_some());
            transition.flow.facts.dpop.is_some()
        };
        assert!(bound(&["DPoP algs=\"ES256\""]));
        assert!(!bound(&["DPoP algs=\"ES256\"", "Bearer"]));
        assert!(!bound(&["Bearer"]));
    }
}
