//! For each fact that one rule tells better than another a run that shows it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use trace::{Decision, Phase, Purpose, StopCode};

use super::runs::*;
use crate::sample::{AS, Answer, MCP, Run, access_jwt, call, decide, jwt, stop, token_answer};

/// The first code tells the second one's fact better.
pub const SUPERSEDES: &[Shown] = &[
    ("D01", "D02", || {
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        run.challenge = run
            .challenge
            .header("www-authenticate", "Basic realm=\"x\"");
        run.trace()
    }),
    ("D40", "S09", || {
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        let challenge = "Bearer resource_metadata='https://mcp.example/x'";
        run.challenge = run.challenge.header("www-authenticate", challenge);
        run.trace()
    }),
    ("B01", "N05", || {
        let mut run = Run::healthy();
        run.calls[1] = Answer::bare(200);
        run.calls[1].body = "data: {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}\n\n".into();
        run.stop(Phase::Mcp, StopCode::McpError).trace()
    }),
    ("B02", "N05", || {
        let mut run = Run::healthy();
        run.stop(Phase::Mcp, StopCode::McpError);
        cut_off(&run, |purpose| matches!(purpose, Purpose::Mcp { .. }))
    }),
    ("B02", "T02", || {
        let mut run = Run::healthy();
        run.stop(Phase::Token, StopCode::InvalidTokenResponse);
        cut_off(&run, |purpose| matches!(purpose, Purpose::Token { .. }))
    }),
    ("B02", "D15", || {
        let mut run = Run::healthy();
        run.server_tries[0].2 = Answer::html(200, "App");
        run.stop(Phase::ServerMetadata, StopCode::NoServerMetadata);
        badly_coded(&run.trace(), |purpose| {
            matches!(purpose, Purpose::ServerMetadata { .. })
        })
    }),
    ("G09", "T41", || {
        let mut run = refused("invalid_client", "Missing client_id");
        run.exchange.retain(|(name, _)| *name != "client_id");
        run.client_authentication = Some(format!("Basic {}", STANDARD.encode("c1:pass")));
        run.trace()
    }),
    ("S11", "T41", || {
        refused_refresh("invalid_request", "Token request failed")
    }),
    ("T05", "T41", || {
        refused_refresh("invalid_request", "The refresh token is invalid")
    }),
    ("DP3", "T41", || {
        let mut run = refused("use_dpop_nonce", "");
        run.token.drop_header("dpop-nonce");
        run.trace()
    }),
    ("DP3", "T40", || {
        let mut run = refused_call();
        let challenge = "DPoP error=\"use_dpop_nonce\"";
        run.calls = vec![Answer::bare(401).header("www-authenticate", challenge)];
        run.trace()
    }),
    ("T01", "T02", || {
        let mut run = Run::healthy();
        run.token = Answer::bare(200);
        run.token.body = "access_token=secret-token&token_type=bearer".into();
        run.stop(Phase::Token, StopCode::InvalidTokenResponse)
            .trace()
    }),
    ("T01", "T03", || {
        let mut run = Run::healthy();
        run.token = Answer::bare(400);
        run.token.body = "error=invalid_grant".into();
        run.stop(Phase::Token, StopCode::TokenRejected).trace()
    }),
    ("T46", "J05", || {
        let mut run = Run::healthy();
        run.token
            .edit(|token| token["expires_in"] = json!(1_790_000_000_000_000_u64));
        run.trace()
    }),
    ("O01", "O05/default", || {
        let mut run = with_id_token(|claims| claims["nonce"] = "n-2".into());
        run.ask("nonce", Some("n-1"));
        run.trace()
    }),
    ("O02", "O05/default", || {
        with_id_token(|claims| claims["aud"] = "other".into()).trace()
    }),
    ("O03", "O05/default", || {
        with_id_token(|claims| claims["at_hash"] = "x".into()).trace()
    }),
    ("O04", "O05/default", || {
        with_id_token(|claims| claims["iss"] = "https://other.example".into()).trace()
    }),
    ("J01", "O05/default", || {
        let mut trace = with_keys(json!({"keys": [{"kid": "k2"}]}), not_checked());
        stop(&mut trace, StopCode::IdTokenInvalid);
        trace
    }),
    ("J03", "O05/default", || {
        let mut trace = with_keys(json!({"issuer": AS}), not_checked());
        stop(&mut trace, StopCode::IdTokenInvalid);
        trace
    }),
    ("J04", "O05/default", || {
        let mut trace = with_keys(json!({"keys": [{"kid": "k1"}]}), invalid());
        stop(&mut trace, StopCode::IdTokenInvalid);
        trace
    }),
    ("J01", "J04", || {
        with_keys(json!({"keys": [{"kid": "k2"}]}), invalid())
    }),
    ("S06", "G03", || {
        let mut run = Run::healthy();
        run.registration.as_mut().unwrap().1 = Answer::bare(403);
        run.stop(Phase::Registration, StopCode::RegistrationRejected)
            .trace()
    }),
    ("S07", "A31", || stuck("Invalid redirect URI").trace()),
    ("S07", "A18", || away("Invalid redirect URI").trace()),
    ("A31", "A18", || away("Unknown client").trace()),
    ("S07", "G14", || {
        of_document(&mut stuck("Invalid redirect URI"))
    }),
    ("G14", "A31", || {
        of_document(&mut stuck("The client is unknown"))
    }),
    ("S09", "D02", || misnamed().trace()),
    ("D04", "N02", || {
        let mut run = Run::healthy();
        run.challenge = Answer::bare(403);
        run.stop(Phase::Challenge, StopCode::NotAnMcpServer).trace()
    }),
    ("T20", "T19", || {
        let token =
            jwt(&json!({"iss": AS, "aud": MCP, "exp": 4_000_000_000_u64, "scope": "mcp write"}));
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"write\"";
        let answer = Answer::bare(403).header("www-authenticate", challenge);
        let mut trace = Run::healthy().trace();
        let step_up = Decision::StepUp {
            scope: Some("mcp write".into()),
            acr_values: None,
            max_age: None,
            attempt: 1,
        };
        decide(&mut trace, step_up);
        call(&mut trace, &answer, &token);
        stop(&mut trace, StopCode::InsufficientScope);
        trace
    }),
    ("T15", "T40", || {
        let mut run = refused_call();
        run.token = token_answer(&access_jwt(json!(AS)), "refresh-1");
        run.trace()
    }),
];
