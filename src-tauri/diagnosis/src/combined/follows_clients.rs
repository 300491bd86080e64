//! What a client does wrong that a server's fault led to: the fault stands first.

use serde_json::json;
use trace::{Phase, Revision, StopCode, Trace};

use super::runs::*;
use crate::sample::{Answer, Run, call, end_after, watched};

/// The first code comes of the second.
pub const FOLLOWS_CLIENTS: &[Shown] = &[
    ("K07", "T42", || unused("token_type", None)),
    ("K07", "T45", || unused("expires_in", Some(json!("3600")))),
    ("K07", "T46", || unused("scope", Some(json!(["mcp"])))),
    ("K13", "T43", || {
        let mut trace = watched(&Run::of_another_client().trace());
        let challenge = "Bearer error=\"insufficient_scope\"";
        let refused = Answer::bare(403).header("www-authenticate", challenge);
        for _ in 0..2 {
            call(&mut trace, &refused, "opaque");
        }
        trace
    }),
    ("K14", "R12", || {
        watched(&answered("https://other.example").trace())
    }),
    ("K14", "R13", || {
        let mut run = answered("");
        run.server_tries[0].2.edit(|metadata| {
            metadata["authorization_response_iss_parameter_supported"] = true.into();
        });
        watched(&run.trace())
    }),
    ("K15", "T41", || {
        let mut run = Run::of_another_client();
        run.calls.clear();
        run.refresh = None;
        run.token = Answer::json(400, json!({"error": "invalid_grant"}));
        let mut trace = watched(&run.trace());
        let again = trace.entries.last().cloned().expect("the token request");
        trace.push(again.at, 0, again.phase, again.kind.clone());
        trace
    }),
    ("K16", "A05", || {
        let mut run = Run::of_another_client();
        run.callback.retain(|(name, _)| *name != "state");
        watched(&run.trace())
    }),
    ("K17", "R12", || given_up(answered("https://other.example"))),
    ("K17", "R13", || {
        let mut run = answered("");
        run.server_tries[0].2.edit(|metadata| {
            metadata["authorization_response_iss_parameter_supported"] = true.into();
        });
        given_up(run)
    }),
    ("K17", "A05", || {
        let mut run = Run::of_another_client();
        run.callback.retain(|(name, _)| *name != "state");
        given_up(run)
    }),
];

/// A token answer with another member, or without it, and nothing after it.
fn unused(member: &str, value: Option<serde_json::Value>) -> Trace {
    let mut run = Run::of_another_client();
    run.calls.clear();
    run.refresh = None;
    match value {
        Some(value) => run.token.edit(|answer| answer[member] = value),
        None => without(&mut run.token, member),
    }
    let mut trace = watched(&run.trace());
    end_after(&mut trace, 61);
    trace
}

/// A login that is answered with this iss; with none where it is empty.
fn answered(iss: &str) -> Run {
    let mut run = Run::of_another_client();
    run.revision = Revision::R20260728;
    // This answer names the revision that the sample speaks otherwise.
    run.calls.remove(0);
    run.refresh = None;
    run.callback.retain(|(name, _)| *name != "iss");
    if !iss.is_empty() {
        run.callback.push(("iss", iss.into()));
    }
    run
}

/// The client does not redeem the code.
fn given_up(mut run: Run) -> Trace {
    run.stop(Phase::Authorization, StopCode::IssMismatch);
    let mut trace = watched(&run.trace());
    end_after(&mut trace, 61);
    trace
}
