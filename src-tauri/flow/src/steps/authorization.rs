//! The authorization request through the browser, and what comes back (RFC 6749 section 4.1, RFC
//! 7636, RFC 9207).

use trace::{
    Pair, Phase, Purpose, Request, Revision, StopCode, Verdict, pairs, query_pairs, with_query,
};

use crate::grant::{Authorization, TokenGrant};
use crate::plan::Plan;
use crate::routes::authorization::{parameters, same_state};
use crate::routes::client::token_step;
use crate::setup::Setup;
use crate::state::Flow;
use crate::transition::Transition;

pub(crate) fn request(
    flow: &Flow,
    setup: &Setup,
    authorization: &Authorization,
    request_uri: Option<&str>,
) -> Plan {
    let facts = &flow.facts;
    let (parameters, signature, label) = match request_uri {
        // RFC 9126 section 4: everything else was pushed.
        Some(request_uri) => {
            let client_id = ("client_id".to_owned(), authorization.client_id.clone());
            let request_uri = ("request_uri".to_owned(), request_uri.to_owned());
            (vec![client_id, request_uri], None, "request_uri".to_owned())
        }
        None => {
            let scope = authorization.scope.as_ref();
            let label = scope.map(|scope| format!("scope={scope}"));
            let (parameters, signature) = parameters(facts, setup, authorization);
            (parameters, signature, label.unwrap_or_default())
        }
    };
    let query = parameters
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    let why = "The user logs in and agrees there; the browser then comes back to us with a code.";
    let mut plan = Plan::new(
        facts.phase(Phase::Authorization),
        Purpose::Authorization,
        ("Send the browser to the authorization server", why),
        label,
        Request::new("GET", with_query(authorization.endpoint.url(), query)),
    );
    plan.signatures.extend(signature);
    plan
}

/// Checks `state` and `iss` before anything else in the callback is believed.
pub(crate) fn judge(
    flow: Flow,
    setup: &Setup,
    authorization: Box<Authorization>,
    callback: &Request,
) -> Transition {
    let mut fields = query_pairs(&callback.url);
    if callback.method == "POST" {
        fields.extend(pairs(callback.body.text().unwrap_or_default()));
    }
    let state = state_problem(setup, &authorization, &fields);
    if let Some(message) = state.filter(|_| !flow.facts.waives(StopCode::StateMismatch)) {
        return Transition::refuse(flow, StopCode::StateMismatch, "state refused", message);
    }
    let iss = iss_problem(&flow, &authorization, &fields);
    if let Some(message) = iss.filter(|_| !flow.facts.waives(StopCode::IssMismatch)) {
        return Transition::refuse(flow, StopCode::IssMismatch, "iss refused", message);
    }
    answered(flow, setup, authorization, &fields)
}

fn answered(
    flow: Flow,
    setup: &Setup,
    authorization: Box<Authorization>,
    fields: &[Pair],
) -> Transition {
    if let Some(error) = value(fields, "error") {
        let words = match value(fields, "error_description") {
            Some(description) => format!("{error}: {description}"),
            None => error.to_owned(),
        };
        let message = format!("The authorization server answered with an error: {words}");
        return Transition::stop(flow, StopCode::AuthorizationError, error, message);
    }
    let Some(code) = value(fields, "code").filter(|code| !code.is_empty()) else {
        let message = "The callback carries neither code nor error, so there is nothing to exchange for a token.";
        return Transition::stop(flow, StopCode::NoCode, "no code", message);
    };
    let words = match value(fields, "iss") {
        Some(_) => "code · state ✓ · iss ✓",
        None => "code · state ✓",
    };
    let grant = TokenGrant::Code {
        code: code.into(),
        authorization,
    };
    match token_step(&flow.facts, setup, grant) {
        Ok(step) => Transition::to(flow, step, Verdict::accepted(words)),
        Err(missing) => Transition::missing_endpoint(flow, &missing),
    }
}

/// The `state` that was sent: a parameter that the user gave instead of ours.
pub(crate) fn expected_state<'a>(setup: &'a Setup, authorization: &'a Authorization) -> &'a str {
    let mut given = setup.authorization.parameters.iter();
    let given = given.find(|(name, _)| name == "state");
    given.map_or(authorization.state.expose(), |(_, value)| value)
}

fn state_problem(setup: &Setup, authorization: &Authorization, fields: &[Pair]) -> Option<String> {
    let expected = expected_state(setup, authorization);
    let mut states = fields.iter().filter(|pair| pair.name == "state");
    // RFC 6749 section 3.1: no parameter more than once.
    let got = match (states.next(), states.next()) {
        (Some(state), None) if same_state(expected, &state.value) => return None,
        (Some(_), None) => "another one",
        (Some(_), Some(_)) => "several",
        (None, _) => "none",
    };
    Some(format!(
        "state: expected the value of the authorization request, got {got}. A client must not go on."
    ))
}

/// The table of 2026-07-28 basic/authorization, "Authorization Response Validation" (RFC 9207
/// section 2.4).
fn iss_problem(flow: &Flow, authorization: &Authorization, fields: &[Pair]) -> Option<String> {
    if !flow.facts.revision.at_least(Revision::R20260728) {
        return None;
    }
    let metadata = flow.facts.server_metadata.as_ref();
    let advertised = metadata.is_some_and(|it| it.authorization_response_iss_parameter_supported);
    match (value(fields, "iss"), authorization.issuer.as_deref()) {
        (None, _) if advertised => Some(
            "iss: expected in the callback, since the metadata says it is supported, got none."
                .into(),
        ),
        (None, _) | (Some(_), None) => None,
        (Some(iss), Some(expected)) if iss == expected => None,
        (Some(iss), Some(expected)) => {
            Some(format!("iss: expected \"{expected}\", got \"{iss}\"."))
        }
    }
}

fn value<'a>(fields: &'a [Pair], name: &str) -> Option<&'a str> {
    let pair = fields.iter().find(|pair| pair.name == name);
    pair.map(|pair| pair.value.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::step::Step;
    use crate::testing::{authorization, flow, setup, stopped};

    fn judged(flow: Flow, query: &str) -> Transition {
        let callback = Request::new("GET", format!("http://127.0.0.1:1/callback?{query}"));
        judge(flow, &setup(), authorization(), &callback)
    }

    #[test]
    fn after_pushing_the_url_holds_the_reference_alone() {
        let flow = flow(Step::ExpectTools);
        let plan = request(&flow, &setup(), &authorization(), Some("urn:x"));
        let names: Vec<String> = query_pairs(&plan.request.url)
            .into_iter()
            .map(|pair| pair.name)
            .collect();
        assert_eq!(names, ["client_id", "request_uri"]);
        let whole = request(&flow, &setup(), &authorization(), None);
        assert!(query_pairs(&whole.request.url).len() > 5);
    }

    #[test]
    fn the_code_is_believed_after_state_and_iss_only() {
        let good = judged(flow(Step::ExpectTools), "code=x&state=st");
        assert!(matches!(
            good.flow.step,
            Step::ExpectToken { grant: TokenGrant::Code { ref code, .. }, .. } if code.expose() == "x"
        ));
        for wrong in [
            "state=other",
            "state=st&state=st",
            "state=st&state=other",
            "",
        ] {
            let refused = judged(flow(Step::ExpectTools), &format!("code=x&{wrong}"));
            let expected = Some((StopCode::StateMismatch, true));
            assert_eq!(stopped(&refused), expected, "{wrong}");
        }
        let mut latest = flow(Step::ExpectTools);
        latest.facts.revision = Revision::R20260728;
        let foreign = judged(latest.clone(), "code=x&state=st&iss=https://evil.example");
        assert_eq!(stopped(&foreign), Some((StopCode::IssMismatch, true)));
        latest.facts.waived.push(StopCode::IssMismatch);
        let used = judged(latest, "code=x&state=st&iss=https://evil.example");
        assert!(matches!(used.flow.step, Step::ExpectToken { .. }));
    }

    #[test]
    fn errors_and_nothing_stop_for_good() {
        for (query, code) in [
            ("state=st&error=access_denied", StopCode::AuthorizationError),
            ("state=st", StopCode::NoCode),
            ("state=st&code=", StopCode::NoCode),
        ] {
            let end = judged(flow(Step::ExpectTools), query);
            assert_eq!(stopped(&end), Some((code, false)), "{query}");
        }
    }

    #[test]
    fn a_form_post_is_read_from_its_body() {
        let callback = Request::new("POST", "http://127.0.0.1:1/callback").body("code=x&state=st");
        let good = judge(
            flow(Step::ExpectTools),
            &setup(),
            authorization(),
            &callback,
        );
        assert!(matches!(good.flow.step, Step::ExpectToken { .. }));
    }

    #[test]
    fn without_a_token_endpoint_there_is_nothing_to_exchange_the_code_at() {
        let mut flow = flow(Step::ExpectTools);
        flow.facts.server_metadata.as_mut().unwrap().token_endpoint = None;
        let end = judged(flow, "code=x&state=st");
        assert_eq!(stopped(&end), Some((StopCode::MissingEndpoint, false)));
    }
}
