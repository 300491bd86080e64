//! For each consequence that is declared a run that shows it with its cause.

use serde_json::json;
use trace::{
    Decision, FailureKind, Grant, MetadataSource, Phase, Purpose, Request, StopCode, TokenKind,
};

use super::runs::*;
use crate::sample::{
    AS, Answer, MCP, Run, access_jwt, call, dpop_proof, jwt, post, push_to_server, stop,
    token_answer,
};

/// The first code comes of the second.
pub const FOLLOWS: &[Shown] = &[
    ("T19", "T43", || {
        let mut run = Run::healthy();
        let challenge = "Bearer error=\"insufficient_scope\"";
        run.calls[1] = Answer::bare(403).header("www-authenticate", challenge);
        run.stop(Phase::Mcp, StopCode::InsufficientScope).trace()
    }),
    ("T19", "A20", || {
        let mut run = Run::healthy();
        run.ask("scope", Some("mcp write"));
        let claims = json!({"iss": AS, "aud": MCP, "exp": 4_000_000_000_u64, "scope": "mcp"});
        run.token = token_answer(&jwt(&claims), "refresh-1");
        let challenge = "Bearer error=\"insufficient_scope\", scope=\"mcp write\"";
        run.calls[1] = Answer::bare(403).header("www-authenticate", challenge);
        run.stop(Phase::Mcp, StopCode::InsufficientScope).trace()
    }),
    ("DV2", "DV1", || {
        let mut trace = Run::healthy().trace();
        let form = [("client_id", "c1"), ("scope", "mcp")];
        let answer = json!({"device_code": "d", "user_code": "AB-CD", "expires_in": 300});
        push_to_server(
            &mut trace,
            Purpose::DeviceAuthorization,
            post("/device_authorization", &form),
            &Answer::json(200, answer),
        );
        stop(&mut trace, StopCode::DeviceNotApproved);
        trace
    }),
    ("T40", "J01", || {
        refused_with_keys(json!({"keys": [{"kid": "k2"}]}), not_checked())
    }),
    ("T40", "J03", || {
        refused_with_keys(json!({"issuer": AS}), not_checked())
    }),
    ("T40", "J04", || {
        refused_with_keys(json!({"keys": [{"kid": "k1"}]}), invalid())
    }),
    ("T40", "J02", || {
        let claims = json!({"iss": AS, "aud": MCP, "iat": 1_800_000_000, "exp": 1_799_999_940});
        let mut run = refused_call();
        run.token = token_answer(&jwt(&claims), "refresh-1");
        run.trace()
    }),
    ("T40", "MT1", || {
        let cnf = json!({"x5t#S256": "another"});
        let claims = json!({"iss": AS, "aud": MCP, "exp": 4_000_000_000_u64, "cnf": cnf});
        let mut run = Run::healthy();
        run.token = token_answer(&jwt(&claims), "refresh-1");
        run.calls = refused_call().calls;
        let thumbprint = "ours".into();
        run.decisions = vec![Decision::ClientCertificate { thumbprint }];
        let mut trace = run.trace();
        stop(&mut trace, StopCode::TokenNotAccepted);
        trace
    }),
    ("T40", "T46", || {
        let mut run = refused_call();
        run.token = token_answer("a token", "refresh-1");
        run.trace()
    }),
    ("A31", "G20", || {
        let mut run = Run::healthy();
        let answer = &mut run.registration.as_mut().unwrap().1;
        answer.edit(|answer| answer["client_id"] = json!("undefined"));
        run.hops = vec![Answer::html(400, "Unknown client")];
        run.stop(Phase::Authorization, StopCode::ApproverStuck)
            .trace()
    }),
    ("S12", "T46/nothing_to_refresh", || {
        let mut run = Run::healthy_with_refresh();
        run.token
            .edit(|token| token["refresh_token"] = json!("null"));
        run.refresh = Some(Answer::json(400, json!({"error": "invalid_grant"})));
        run.trace()
    }),
    ("T40", "D01/in_front", || {
        let page = Answer::html(401, "Authentication Required")
            .header("set-cookie", "_vercel_sso_nonce=x; Path=/");
        let mut run = refused_call();
        (run.challenge, run.calls) = (page.clone(), vec![page]);
        run.trace()
    }),
    ("T40", "D01/other_scheme", || {
        let basic = Answer::bare(401).header("www-authenticate", "Basic realm=\"staging\"");
        let mut run = refused_call();
        run.calls = vec![basic];
        run.trace()
    }),
    ("N03", "B02/coding_by_mcp_server", || {
        let mut run = Run::healthy();
        nowhere(&mut run, &Answer::html(200, "Home"));
        badly_coded(&run.trace(), |purpose| {
            matches!(purpose, Purpose::ResourceMetadata { .. })
        })
    }),
    ("N04", "B02/coding_by_mcp_server", || {
        let mut run = Run::healthy();
        run.stop(Phase::ResourceMetadata, StopCode::InvalidResourceMetadata);
        let of_metadata: fn(&Purpose) -> bool =
            |purpose| matches!(purpose, Purpose::ResourceMetadata { .. });
        badly_coded(&cut_off(&run, of_metadata), of_metadata)
    }),
    ("N05", "B03/session_id", || {
        let mut run = Run::healthy();
        run.calls[0] = run.calls[0].clone().header("mcp-session-id", "a b");
        run.calls[1] = Answer::bare(404);
        run.stop(Phase::Mcp, StopCode::McpError).trace()
    }),
    ("T40", "DP2", || {
        let mut trace = Run::healthy().trace();
        let token = jwt(&json!({"iss": AS, "aud": MCP, "exp": 4_000_000_000_u64}));
        let mut answer = token_answer(&token, "refresh-9");
        answer.edit(|answer| answer["token_type"] = "DPoP".into());
        let grant = Grant::ClientCredentials;
        let form = [("grant_type", "client_credentials"), ("resource", MCP)];
        let request = post("/token", &form).header("DPoP", dpop_proof());
        push_to_server(&mut trace, Purpose::Token { grant }, request, &answer);
        call(&mut trace, &refused_call().calls[0], &token);
        stop(&mut trace, StopCode::TokenNotAccepted);
        trace
    }),
    ("T41", "X01", || exchanged("oauth-id-jag+jwt", "")),
    ("T41", "X02", || {
        exchanged("JWT", "urn:ietf:params:oauth:token-type:id-jag")
    }),
    ("T41", "G21", || {
        let mut run = refused("invalid_client", "");
        registered_otherwise(&mut run);
        run.trace()
    }),
    ("S07", "G21", || {
        let mut run = stuck("Invalid redirect URI");
        registered_otherwise(&mut run);
        run.trace()
    }),
    ("T40", "R10/misnamed", || {
        let mut run = refused_by_issuer("https://as.example/tenant");
        let token = json!({"iss": "https://as.example/tenant", "aud": MCP});
        run.token = token_answer(&jwt(&token), "refresh-1");
        run.trace()
    }),
    ("T40", "R02", || {
        let mut run = refused_call();
        let base = "https://mcp.example";
        run.token = token_answer("opaque", "refresh-1");
        run.resource_tries[0]
            .2
            .edit(|document| document["resource"] = base.into());
        run.exchange.retain(|(name, _)| *name != "resource");
        run.exchange.push(("resource", base.into()));
        run.trace()
    }),
    ("N01", "R02", || {
        let mut run = Run::healthy();
        run.resource_tries[0]
            .2
            .edit(|document| document["resource"] = "https://api.example/mcp".into());
        run.issuer = "https://api.example".into();
        run.server_tries[0].1 = "https://api.example/.well-known/oauth-authorization-server".into();
        run.server_tries[0].2 = Answer::failed(FailureKind::Dns);
        run.stop(Phase::ServerMetadata, StopCode::Transport).trace()
    }),
    ("R10", "N03", || guessed(StopCode::IssuerMismatch)),
    ("G32", "R10", || guessed(StopCode::CredentialsElsewhere)),
    ("A30", "R01", || {
        resource_unknown("https://mcp.example/mcp/")
    }),
    ("A30", "R02", || {
        resource_unknown("https://other.example/mcp")
    }),
    ("A30", "G21", || {
        let mut run = Run::healthy();
        registered_otherwise(&mut run);
        run.callback.retain(|(name, _)| *name != "code");
        run.callback.push(("error", "unauthorized_client".into()));
        run.stop(Phase::Authorization, StopCode::AuthorizationError)
            .trace()
    }),
    ("N03", "S09", || {
        let mut run = misnamed();
        nowhere(&mut run, &Answer::bare(404));
        run.trace()
    }),
    ("N03", "D40/default", || {
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        run.challenge = run
            .challenge
            .header("www-authenticate", "Bearer resource_metadata=\"https");
        nowhere(&mut run, &Answer::bare(404));
        run.trace()
    }),
    ("N03", "D15/resource_metadata", || {
        let mut run = Run::healthy();
        nowhere(&mut run, &Answer::html(200, "Home"));
        run.trace()
    }),
    ("N03", "N01", || {
        let mut run = Run::healthy();
        let url = "https://elsewhere.example/metadata".to_owned();
        nowhere(&mut run, &Answer::bare(404));
        run.resource_tries[0] = (
            MetadataSource::Header,
            url,
            Answer::failed(FailureKind::Dns),
        );
        run.trace()
    }),
    ("D02", "N03", || {
        let mut run = Run::healthy();
        run.challenge.drop_header("www-authenticate");
        run.challenge = run
            .challenge
            .header("www-authenticate", "Bearer realm=\"x\"");
        nowhere(&mut run, &Answer::bare(404));
        run.trace()
    }),
    ("S01", "N01", || {
        no_server(&[Answer::bare(404), Answer::failed(FailureKind::Tls)])
    }),
    ("G03", "A08/commas_refused", || {
        let mut run = with_commas();
        let body = json!({"error": "invalid_client_metadata", "error_description": "scope"});
        run.registration.as_mut().unwrap().1 = Answer::json(400, body);
        run.stop(Phase::Registration, StopCode::RegistrationRejected)
            .trace()
    }),
    ("A30", "A08/commas_refused", || {
        let mut run = with_commas();
        run.callback.retain(|(name, _)| *name != "code");
        run.callback.push(("error", "invalid_scope".into()));
        run.stop(Phase::Authorization, StopCode::AuthorizationError)
            .trace()
    }),
    ("T41", "M06/key_needed", || {
        let mut run = keys_only();
        run.token = Answer::json(401, json!({"error": "invalid_client"}));
        run.stop(Phase::Token, StopCode::TokenRejected).trace()
    }),
    ("G03", "M06/key_needed", || {
        let mut run = keys_only();
        let said = "token_endpoint_auth_method none is not accepted";
        let body = json!({"error": "invalid_client_metadata", "error_description": said});
        run.registration.as_mut().unwrap().1 = Answer::json(400, body);
        run.stop(Phase::Registration, StopCode::RegistrationRejected)
            .trace()
    }),
    ("T41", "G07/secret_wanted", || {
        let mut run = Run::healthy();
        let registered = &mut run.registration.as_mut().unwrap().1;
        registered.edit(|client| client["client_secret"] = json!("hush"));
        run.token = Answer::json(401, json!({"error": "invalid_client"}));
        run.stop(Phase::Token, StopCode::TokenRejected).trace()
    }),
    ("T41", "M06/sets_parameter", || {
        let mut run = Run::healthy();
        let endpoint = "https://as.example/authorize?resource=https%3A%2F%2Fas.example";
        run.server_tries[0]
            .2
            .edit(|document| document["authorization_endpoint"] = json!(endpoint));
        run.token = Answer::json(400, json!({"error": "invalid_target"}));
        run.stop(Phase::Token, StopCode::TokenRejected).trace()
    }),
    ("G32", "M02", || {
        let mut run = Run::healthy();
        run.server_tries[0].2.edit(|document| {
            document["token_endpoint"] = json!("http://keycloak.internal:8080/token");
        });
        run.stop(Phase::Token, StopCode::CredentialsElsewhere)
            .trace()
    }),
    ("N01", "T46/unsendable", || {
        let mut run = Run::healthy();
        run.token = token_answer("a\nb", "refresh-1");
        run.calls = vec![Answer::failed(FailureKind::InvalidRequest)];
        run.stop = None;
        let mut trace = run.trace();
        stop(&mut trace, StopCode::Transport);
        trace
    }),
    ("T41", "A32/repeated", || {
        let mut run = Run::healthy();
        run.callback.push(("code", "another".into()));
        run.token = Answer::json(400, json!({"error": "invalid_grant"}));
        run.stop(Phase::Token, StopCode::TokenRejected).trace()
    }),
    ("A31", "M06/fragment", || {
        let mut run = Run::healthy();
        run.server_tries[0].2.edit(|document| {
            document["authorization_endpoint"] = json!(format!("{AS}/authorize#top"));
        });
        run.hops = vec![Answer::html(400, "Field required")];
        run.stop(Phase::Authorization, StopCode::ApproverStuck)
            .trace()
    }),
    ("G03", "A08/offline_access_refused", || {
        let mut run = with_offline_access();
        let said = "unknown scope offline_access";
        let body = json!({"error": "invalid_client_metadata", "error_description": said});
        run.registration.as_mut().unwrap().1 = Answer::json(400, body);
        run.stop(Phase::Registration, StopCode::RegistrationRejected)
            .trace()
    }),
    ("A30", "A08/offline_access_refused", || {
        let mut run = with_offline_access();
        run.callback.retain(|(name, _)| *name != "code");
        run.callback.push(("error", "invalid_scope".into()));
        let said = "offline_access is not allowed";
        run.callback.push(("error_description", said.into()));
        run.stop(Phase::Authorization, StopCode::AuthorizationError)
            .trace()
    }),
    ("G03", "A08/characters", || {
        let mut run = with_json_scope();
        let body = json!({"error": "invalid_client_metadata", "error_description": "scope"});
        run.registration.as_mut().unwrap().1 = Answer::json(400, body);
        run.stop(Phase::Registration, StopCode::RegistrationRejected)
            .trace()
    }),
    ("A30", "A08/characters", || {
        let mut run = with_json_scope();
        run.callback.retain(|(name, _)| *name != "code");
        run.callback.push(("error", "invalid_scope".into()));
        run.stop(Phase::Authorization, StopCode::AuthorizationError)
            .trace()
    }),
    ("N01", "M02", || {
        let mut run = Run::healthy();
        let elsewhere = "http://as.example.com/token";
        run.server_tries[0]
            .2
            .edit(|document| document["token_endpoint"] = elsewhere.into());
        run.stop = None;
        let mut trace = run.trace();
        let grant = Grant::RefreshToken;
        let request = Request::new("POST", elsewhere);
        let none = Answer::failed(FailureKind::Dns);
        push_to_server(&mut trace, Purpose::Token { grant }, request, &none);
        stop(&mut trace, StopCode::Transport);
        trace
    }),
    ("N01", "T46/unsendable", || {
        let mut run = Run::healthy();
        run.token = Answer::json(
            200,
            json!({"access_token": "a\r\nb", "token_type": "Bearer"}),
        );
        let words = "header 3 (authorization): expected a value without line breaks, got one";
        run.calls = vec![Answer::failed_with(FailureKind::InvalidRequest, words)];
        run.stop(Phase::Mcp, StopCode::Transport).trace()
    }),
    ("S06", "M06/registration_endpoint", || {
        let mut run = Run::healthy();
        run.server_tries[0]
            .2
            .edit(|metadata| metadata["registration_endpoint"] = json!(null));
        run.registration = None;
        run.stop(Phase::Registration, StopCode::NoRegistration)
            .trace()
    }),
    ("S06", "N03/default", || {
        let mut run = fallen_back();
        run.registration.as_mut().unwrap().1 = Answer::bare(403);
        run.stop(Phase::Registration, StopCode::RegistrationRejected)
            .trace()
    }),
    ("G03", "N03/default", || {
        let mut run = fallen_back();
        run.registration.as_mut().unwrap().1 = Answer::bare(500);
        run.stop(Phase::Registration, StopCode::RegistrationRejected)
            .trace()
    }),
    ("A31", "N03/default", || {
        let mut run = fallen_back();
        run.hops = vec![Answer::html(404, "Not found")];
        run.stop(Phase::Authorization, StopCode::ApproverStuck)
            .trace()
    }),
    ("T03", "N03/default", || {
        let mut run = fallen_back();
        run.token = Answer::html(404, "Not found");
        run.stop(Phase::Token, StopCode::TokenRejected).trace()
    }),
    ("A05", "A32", || lost_query().trace()),
    ("T15", "R02", || other_resource("https://other.example/mcp")),
    ("T15", "R01", || other_resource("https://mcp.example/mcp/")),
    ("S02", "S04", || preflights(&Answer::bare(204))),
    ("S03", "S04", || {
        preflights(&Answer::bare(204).header("access-control-allow-origin", "*"))
    }),
    ("V01", "V02", || {
        let mut trace = Run::healthy().trace();
        let token = access_jwt(json!(MCP));
        let form = [("token", token.as_str()), ("client_id", "c1")];
        let kind = TokenKind::AccessToken;
        let refused = Answer::json(401, json!({"error": "invalid_client"}));
        for answer in [refused, Answer::bare(200)] {
            let purpose = Purpose::Revocation { token: kind };
            push_to_server(&mut trace, purpose, post("/revoke", &form), &answer);
        }
        call(&mut trace, &Run::healthy().calls[1], &token);
        trace
    }),
    ("S12", "T41", || refused_refresh("invalid_grant", "")),
];

/// The MCP server refuses a token of a server whose metadata names another issuer, and the user
/// went on.
fn refused_by_issuer(issuer: &str) -> Run {
    let mut run = refused_call();
    run.server_tries[0]
        .2
        .edit(|document| document["issuer"] = issuer.into());
    run.callback.retain(|(name, _)| *name != "iss");
    run.callback.push(("iss", issuer.into()));
    run
}

/// The authorization server does not know the resource that the metadata names.
fn resource_unknown(resource: &str) -> trace::Trace {
    let mut run = Run::healthy();
    run.resource_tries[0]
        .2
        .edit(|document| document["resource"] = resource.into());
    run.ask("resource", Some(resource));
    run.callback.retain(|(name, _)| *name != "code");
    run.callback.push(("error", "invalid_target".into()));
    run.stop(Phase::Authorization, StopCode::AuthorizationError)
        .trace()
}

/// Nobody names an authorization server, and what is at the MCP server's origin calls itself
/// otherwise.
fn guessed(end: StopCode) -> trace::Trace {
    let mut run = Run::healthy();
    nowhere(&mut run, &Answer::bare(404));
    run.server_tries[0]
        .2
        .edit(|document| document["issuer"] = "https://inner.example".into());
    run.stop = None;
    let mut trace = run.trace();
    stop(&mut trace, end);
    trace
}
