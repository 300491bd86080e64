//! Pairs of faults that have nothing to do with each other.

use serde_json::json;
use trace::{Grant, Phase, Purpose, StopCode};

use super::runs::*;
use crate::sample::{
    AS, Answer, MCP, Run, access_jwt, jwt, post, push_to_server, refresh, stop, token_answer,
    watched,
};

/// Two faults that have nothing to do with each other, and the one that has to be told first: what
/// the flow stopped at, or else the worse, or else the earlier.
pub const PAIRS: &[Shown] = &[
    ("T41", "D01", || {
        let mut run = refused("invalid_grant", "");
        run.challenge.drop_header("www-authenticate");
        run.trace()
    }),
    ("T41", "C01", || {
        let mut run = refused("invalid_grant", "");
        run.registration.as_mut().unwrap().1.status = 200;
        run.token.drop_header("cache-control");
        run.refresh = None;
        let mut trace = run.trace();
        refresh(&mut trace, "refresh-1", &{
            let mut answer = token_answer(&access_jwt(json!(MCP)), "refresh-2");
            answer.drop_header("cache-control");
            answer
        });
        push_to_server(
            &mut trace,
            Purpose::Token {
                grant: Grant::AuthorizationCode,
            },
            post(
                "/token",
                &[("grant_type", "authorization_code"), ("code", "c-2")],
            ),
            &Answer::json(400, json!({"error": "invalid_grant"})),
        );
        stop(&mut trace, StopCode::TokenRejected);
        trace
    }),
    ("A07", "D01", || {
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        without(
            &mut run.server_tries[0].2,
            "code_challenge_methods_supported",
        );
        run.stop(Phase::ServerMetadata, StopCode::PkceUnsupported)
            .trace()
    }),
    ("A07", "M06", || {
        let mut run = Run::healthy();
        without(&mut run.server_tries[0].2, "response_types_supported");
        without(
            &mut run.server_tries[0].2,
            "code_challenge_methods_supported",
        );
        run.stop(Phase::ServerMetadata, StopCode::PkceUnsupported)
            .trace()
    }),
    ("R10", "M06", || {
        let mut run = Run::healthy();
        without(&mut run.server_tries[0].2, "response_types_supported");
        run.server_tries[0]
            .2
            .edit(|document| document["issuer"] = "https://inner.example".into());
        run.stop(Phase::ServerMetadata, StopCode::IssuerMismatch)
            .trace()
    }),
    ("M01", "M06", || {
        let mut run = Run::healthy();
        without(&mut run.server_tries[0].2, "response_types_supported");
        without(&mut run.server_tries[0].2, "token_endpoint");
        run.stop(Phase::ServerMetadata, StopCode::MissingEndpoint)
            .trace()
    }),
    ("S06", "R02", || {
        let mut run = Run::healthy();
        run.resource_tries[0]
            .2
            .edit(|document| document["resource"] = "https://mcp.example".into());
        without(&mut run.server_tries[0].2, "registration_endpoint");
        run.registration = None;
        run.stop(Phase::Registration, StopCode::NoRegistration)
            .trace()
    }),
    ("R10", "D01", || {
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        run.server_tries[0]
            .2
            .edit(|document| document["issuer"] = "https://inner.example".into());
        run.stop(Phase::ServerMetadata, StopCode::IssuerMismatch)
            .trace()
    }),
    ("A05", "R13", || {
        let mut run = Run::healthy();
        run.callback.retain(|(name, _)| *name == "code");
        run.stop(Phase::Authorization, StopCode::StateMismatch)
            .trace()
    }),
    ("T40", "C01", || {
        let mut run = refused_call();
        run.token.drop_header("cache-control");
        run.trace()
    }),
    ("T40", "R13", || {
        let mut run = refused_call();
        run.callback.retain(|(name, _)| *name != "iss");
        run.trace()
    }),
    ("T15", "A20", || {
        let mut run = refused_call();
        run.ask("scope", Some("mcp write"));
        let claims = json!({"iss": AS, "aud": AS, "exp": 4_000_000_000_u64, "scope": "mcp"});
        run.token = token_answer(&jwt(&claims), "refresh-1");
        run.trace()
    }),
    ("N05", "D41", || {
        let mut run = Run::healthy();
        let challenge = "Bearer error=\"invalid_token\", resource_metadata=\"https://mcp.example/\
                         .well-known/oauth-protected-resource/mcp\"";
        run.challenge.drop_header("www-authenticate");
        run.challenge = run.challenge.header("www-authenticate", challenge);
        run.calls[1] = Answer::bare(500);
        run.stop(Phase::Mcp, StopCode::McpError).trace()
    }),
    ("N05", "T46", || {
        let mut run = Run::healthy();
        run.token.edit(|token| token["expires_in"] = json!(-1));
        run.calls[1] = Answer::bare(500);
        run.stop(Phase::Mcp, StopCode::McpError).trace()
    }),
    ("G20", "D01", || {
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        run.registration.as_mut().unwrap().1 = Answer::json(201, json!({"client": "c1"}));
        run.stop(Phase::Registration, StopCode::RegistrationRejected)
            .trace()
    }),
    ("N04", "D01", || {
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        without(&mut run.resource_tries[0].2, "authorization_servers");
        run.stop(Phase::ResourceMetadata, StopCode::InvalidResourceMetadata)
            .trace()
    }),
    // What another client stops at, whatever it did wrong before.
    ("T01", "K02", || {
        let mut run = Run::of_another_client();
        run.exchange.retain(|(name, _)| *name != "resource");
        run.token = Answer::bare(200).header("content-type", "application/x-www-form-urlencoded");
        run.token.body = "access_token=secret-token&token_type=bearer".into();
        run.calls.clear();
        run.refresh = None;
        watched(&run.trace())
    }),
    // Nothing stops here: the worse first, then the earlier.
    ("D01", "R13", || {
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        run.callback.retain(|(name, _)| *name != "iss");
        run.trace()
    }),
    ("R13", "G06", || {
        let mut run = Run::healthy();
        run.registration.as_mut().unwrap().1.status = 200;
        run.callback.retain(|(name, _)| *name != "iss");
        run.trace()
    }),
    ("G06", "C01", || {
        let mut run = Run::healthy();
        run.registration.as_mut().unwrap().1.status = 200;
        run.token.drop_header("cache-control");
        run.trace()
    }),
];
