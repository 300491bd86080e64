//! What the runs with two faults are made of.

use serde_json::{Value, json};
use trace::{
    CrossOrigin, Decision, EntryKind, Grant, HowOpened, MetadataSource, Phase, Purpose, Request,
    Revision, SignatureCheck, StopCode, TokenKind, Trace,
};

use crate::sample::{
    AS, Answer, MCP, Run, access_jwt, decide, id_token, jwt_with, post, push_to_server, stop,
    token_answer,
};

/// Two codes, and a run in which both are there.
pub type Shown = (&'static str, &'static str, fn() -> Trace);

pub fn without(answer: &mut Answer, member: &str) {
    answer.edit(|document| {
        document.as_object_mut().unwrap().remove(member);
    });
}

/// The code exchange is refused.
pub fn refused(error: &str, description: &str) -> Run {
    let mut run = Run::healthy();
    let body = json!({"error": error, "error_description": description});
    run.token = Answer::json(400, body).header("dpop-nonce", "n");
    run.stop(Phase::Token, StopCode::TokenRejected);
    run
}

pub fn refused_refresh(error: &str, description: &str) -> Trace {
    let mut run = Run::healthy_with_refresh();
    let body = json!({"error": error, "error_description": description});
    run.refresh = Some(Answer::json(400, body));
    run.stop(Phase::Refresh, StopCode::TokenRejected).trace()
}

/// The first call with the token is refused.
pub fn refused_call() -> Run {
    let mut run = Run::healthy();
    let challenge = "Bearer error=\"invalid_token\"";
    run.calls = vec![Answer::bare(401).header("www-authenticate", challenge)];
    run.stop(Phase::Mcp, StopCode::TokenNotAccepted);
    run
}

pub fn with_id_token(change: impl FnOnce(&mut Value)) -> Run {
    let mut run = Run::healthy();
    let token = id_token(change);
    run.token.edit(|answer| answer["id_token"] = token.into());
    run.stop(Phase::Token, StopCode::IdTokenInvalid);
    run
}

pub fn not_checked() -> SignatureCheck {
    let why = "no key".into();
    SignatureCheck::NotChecked { why }
}

pub fn invalid() -> SignatureCheck {
    let why = "it is not of this key".into();
    SignatureCheck::Invalid { why }
}

pub fn with_keys(keys: Value, signature: SignatureCheck) -> Trace {
    add_keys(Run::healthy().trace(), keys, signature)
}

pub fn refused_with_keys(keys: Value, signature: SignatureCheck) -> Trace {
    let mut run = refused_call();
    run.stop = None;
    let mut trace = add_keys(run.trace(), keys, signature);
    stop(&mut trace, StopCode::TokenNotAccepted);
    trace
}

pub fn add_keys(mut trace: Trace, keys: Value, signature: SignatureCheck) -> Trace {
    let request = Request::new("GET", format!("{AS}/jwks"));
    push_to_server(&mut trace, Purpose::Jwks, request, &Answer::json(200, keys));
    let checked = Decision::TokenChecked {
        token: TokenKind::AccessToken,
        alg: Some("ES256".into()),
        kid: Some("k1".into()),
        signature,
        problems: Vec::new(),
    };
    decide(&mut trace, checked);
    trace
}

/// The first authorization page is an error page that says this.
pub fn stuck(page: &str) -> Run {
    let mut run = Run::healthy();
    run.hops = vec![Answer::html(400, page)];
    run.stop(Phase::Authorization, StopCode::ApproverStuck);
    run
}

/// A browser that does not come back, from a page that says so without cookies.
pub fn away(page: &str) -> Run {
    let mut run = Run::healthy();
    run.how = HowOpened::System;
    run.hops = Vec::new();
    run.probes = vec![Answer::html(400, page)];
    run.stop(Phase::Authorization, StopCode::CallbackTimeout);
    run
}

/// The client is one of a client metadata document.
pub fn of_document(run: &mut Run) -> Trace {
    run.server_tries[0]
        .2
        .edit(|metadata| metadata["client_id_metadata_document_supported"] = true.into());
    let mut trace = run.trace();
    for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
        if let EntryKind::Decision(Decision::Client { client_id, .. }) = &mut entry.kind {
            *client_id = "https://client.example/client.json".into();
        }
    }
    trace
}

pub fn registered_otherwise(run: &mut Run) {
    let (_, answer) = run.registration.as_mut().unwrap();
    answer.edit(|answer| answer["redirect_uris"] = json!(["https://other.example/cb"]));
}

pub fn misnamed() -> Run {
    let mut run = Run::healthy();
    run.challenge.drop_header("www-authenticate");
    let challenge = "Bearer resource=\"https://mcp.example/.well-known/oauth-protected-resource\"";
    run.challenge = run.challenge.header("www-authenticate", challenge);
    run
}

/// The resource metadata is nowhere: the first place answers so, the second 404.
pub fn nowhere(run: &mut Run, first: &Answer) {
    let places = [MetadataSource::PathInserted, MetadataSource::Root];
    let answers = [first.clone(), Answer::bare(404)];
    let urls = trace::resource_metadata_urls(MCP)
        .into_iter()
        .map(|(_, url)| url);
    let tries = places.into_iter().zip(urls).zip(answers);
    run.resource_tries = tries
        .map(|((place, url), answer)| (place, url, answer))
        .collect();
    run.stop(Phase::ResourceMetadata, StopCode::NoResourceMetadata);
}

/// No metadata at all, and the client goes on with the endpoints of 2025-03-26.
pub fn fallen_back() -> Run {
    let mut run = Run::healthy_at(Revision::R20250326);
    nowhere(&mut run, &Answer::bare(404));
    run.stop = None;
    run.server_tries[0].2 = Answer::bare(404);
    run
}

/// The server metadata is nowhere: its places answer so, in order.
pub fn no_server(answers: &[Answer; 2]) -> Trace {
    let mut run = Run::healthy();
    let places = trace::server_metadata_urls(AS).into_iter().zip(answers);
    let tries = places.map(|((well_known, url), answer)| (well_known, url, answer.clone()));
    run.server_tries = tries.collect();
    run.stop(Phase::ServerMetadata, StopCode::NoServerMetadata)
        .trace()
}

/// The redirect URI is opened without any parameter.
pub fn lost_query() -> Run {
    let mut run = Run::healthy();
    run.callback.clear();
    run.stop(Phase::Authorization, StopCode::NoCode);
    run
}

/// The metadata describes another resource, for which the token is.
pub fn other_resource(named: &str) -> Trace {
    let mut run = refused_call();
    run.resource_tries[0]
        .2
        .edit(|document| document["resource"] = named.into());
    run.token = token_answer(&access_jwt(json!("https://other.example/mcp")), "refresh-1");
    run.trace()
}

/// One preflight is redirected, the other one is answered so.
pub fn preflights(other: &Answer) -> Trace {
    let mut trace = Run::healthy().trace();
    let token = format!("{AS}/token");
    let to = Answer::bare(301).header("location", "https://mcp.example/mcp");
    let both = [
        (CrossOrigin::McpEndpoint, MCP, &to),
        (CrossOrigin::Token, token.as_str(), other),
    ];
    for (of, url, answer) in both {
        let request = Request::new("OPTIONS", url)
            .header("origin", "http://localhost:6274")
            .header("access-control-request-method", "POST")
            .header(
                "access-control-request-headers",
                "authorization,content-type",
            );
        push_to_server(&mut trace, Purpose::Preflight { of }, request, answer);
    }
    trace
}

/// A token exchange brought an assertion of this type, and the next server refuses it.
pub fn exchanged(typ: &str, issued_as: &str) -> Trace {
    let mut trace = Run::healthy().trace();
    let claims = json!({"iss": "https://idp.example", "aud": AS, "exp": 1_800_000_300});
    let mut body = json!({
        "access_token": jwt_with(&json!({"alg": "ES256", "typ": typ}), &claims),
        "token_type": "N_A",
        "expires_in": 300,
    });
    if !issued_as.is_empty() {
        body["issued_token_type"] = issued_as.into();
    }
    let form = [
        (
            "requested_token_type",
            "urn:ietf:params:oauth:token-type:id-jag",
        ),
        ("subject_token", "x"),
    ];
    let refused = Answer::json(400, json!({"error": "invalid_grant"}));
    for (grant, answer) in [
        (
            Grant::TokenExchange,
            Answer::json(200, body).header("cache-control", "no-store"),
        ),
        (Grant::JwtBearer, refused),
    ] {
        push_to_server(
            &mut trace,
            Purpose::Token { grant },
            post("/token", &form),
            &answer,
        );
    }
    stop(&mut trace, StopCode::TokenRejected);
    trace
}

/// The challenge has commas between its scopes.
pub fn with_commas() -> Run {
    let mut run = Run::healthy();
    for header in &mut run.challenge.headers {
        header.value = header.value.replace("scope=\"mcp\"", "scope=\"a,b\"");
    }
    run
}

/// The answers to these requests end in the middle.
/// The answers of this kind are announced in a coding that they do not have.
pub fn badly_coded(trace: &Trace, purpose: fn(&trace::Purpose) -> bool) -> Trace {
    let mut trace = trace.clone();
    for entry in trace.entries.iter_mut().map(std::sync::Arc::make_mut) {
        let EntryKind::Exchange(exchange) = &mut entry.kind else {
            continue;
        };
        let fits = purpose(&exchange.purpose);
        let trace::Outcome::Response(response) = &mut exchange.outcome else {
            continue;
        };
        if fits {
            response
                .headers
                .push(trace::Header::new("content-encoding", "br"));
            let reason = "the br data is broken".into();
            response.body.coding = Some(Box::new(trace::Coding {
                name: "br".into(),
                raw: None,
                length: 1,
                end: trace::CodingEnd::Broken { reason },
            }));
        }
    }
    trace
}

pub fn cut_off(run: &Run, purpose: fn(&trace::Purpose) -> bool) -> Trace {
    let mut trace = run.trace();
    for entry in &mut trace.entries {
        let entry = std::sync::Arc::make_mut(entry);
        let trace::EntryKind::Exchange(exchange) = &mut entry.kind else {
            continue;
        };
        if let (true, trace::Outcome::Response(response)) =
            (purpose(&exchange.purpose), &mut exchange.outcome)
        {
            response.body.bytes.truncate(10);
            let reason = "the connection ended".into();
            response.body.end = trace::BodyEnd::CutOff { reason };
        }
    }
    trace
}

/// The metadata lists clients with a key alone.
pub fn keys_only() -> Run {
    let mut run = Run::healthy();
    let methods = json!(["private_key_jwt"]);
    run.server_tries[0]
        .2
        .edit(|document| document["token_endpoint_auth_methods_supported"] = methods);
    run
}

/// The challenge names offline_access.
pub fn with_offline_access() -> Run {
    let mut run = Run::healthy();
    for header in &mut run.challenge.headers {
        header.value = header
            .value
            .replace("scope=\"mcp\"", "scope=\"mcp offline_access\"");
    }
    run
}

/// The MCP server writes its scopes as a JSON array.
pub fn with_json_scope() -> Run {
    let mut run = Run::healthy();
    let challenge = "Bearer scope=\"[\\\"mcp\\\"]\", \
                     resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/mcp\"";
    run.challenge.drop_header("www-authenticate");
    run.challenge = run.challenge.header("www-authenticate", challenge);
    run
}
