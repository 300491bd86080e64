//! Every misbehaviour changes what it says, and nothing else.
//!
//! A client that minds nothing walks the whole flow and writes down each answer, with everything that is random or
//! differs by lab taken out. A misbehaving lab's walk may differ from the healthy one's only where it should.

mod support;

use std::collections::BTreeMap;

use lab::{Lab, Misbehaviour};
use serde_json::{Value, json};
use support::*;

/// The ports the system picks begin here or higher.
const RANDOM_PORT: &str = "http://127.0.0.1:43117/callback";
const FIXED_PORT: &str = "http://127.0.0.1:8976/callback";

type Walk = BTreeMap<&'static str, String>;

#[tokio::test]
async fn each_changes_one_thing() {
    let healthy_lab = healthy().await;
    let healthy = walk(&healthy_lab).await;
    let mut further_healthy = healthy.clone();
    further_healthy.extend(further(&healthy_lab).await);
    let usual = Misbehaviour::ALL.iter().map(|m| (*m, &healthy));
    let extended = Misbehaviour::EXTENDED.iter().map(|m| (*m, &further_healthy));
    for (misbehaviour, healthy) in usual.chain(extended) {
        let lab = misbehaving(misbehaviour).await;
        assert_eq!(lab.misbehaviour(), Some(misbehaviour));
        let mut walk = walk(&lab).await;
        // Much of the way there is closed to what stops the usual flow.
        if healthy.len() > walk.len() {
            walk.extend(further(&lab).await);
        }
        let differing: Vec<&str> = healthy
            .iter()
            .filter(|(step, said)| walk.get(*step) != Some(said))
            .map(|(step, _)| *step)
            .collect();
        let (steps, holds) = expected(misbehaviour);
        let mut steps: Vec<&str> = steps.split(", ").collect();
        steps.sort_unstable();
        assert_eq!(differing, steps, "{}: {walk:#?}", misbehaviour.slug());
        assert!(holds(&walk, healthy), "{}: {walk:#?}", misbehaviour.slug());
    }
}

/// Which steps differ from the healthy lab's, and what has to be true of them.
fn expected(misbehaviour: Misbehaviour) -> (&'static str, fn(&Walk, &Walk) -> bool) {
    use Misbehaviour as M;
    // A challenge is met without a token, and again with a bad one.
    const CHALLENGES: &str = "challenge, challenge to a bad token";
    const SERVER_METADATA: &str = "oauth-authorization-server, openid-configuration";
    const RESOURCE_METADATA: &str = "resource metadata, resource metadata at the root";
    // Without a code there is no token, and without a token nothing that comes after it.
    const WITHOUT_TOKEN: &str = "token, initialize, tools/list, refresh, tools/list again";
    const WITHOUT_CODE: &str = "callback, token, initialize, tools/list, refresh, tools/list again";
    match misbehaviour {
        M::ServerMetadataNotFound => (SERVER_METADATA, |w, _| {
            [
                w["oauth-authorization-server"].as_str(),
                &w["openid-configuration"],
            ]
            .iter()
            .all(|said| said.starts_with("404 application/json") && said.contains(r#"{"error":"not_found"}"#))
        }),
        M::RegistrationNotOffered => (
            "oauth-authorization-server, openid-configuration, registration",
            |w, _| {
                w["registration"].starts_with("404")
                    && !w["openid-configuration"].contains("registration_endpoint")
            },
        ),
        M::RedirectUriRejected => ("authorize page", |w, _| {
            w["authorize page"].starts_with("400 text/html")
                && w["authorize page"].contains("invalid redirect URI")
        }),
        M::OnlyOneMetadataDocument => ("oauth-authorization-server", |w, _| {
            w["oauth-authorization-server"].starts_with("404")
        }),
        M::ResourceMetadataParameterWrong => (CHALLENGES, |w, _| {
            w["challenge"].contains(r#"Bearer resource="/.well-known/oauth-protected-resource/mcp""#)
                && !w["challenge"].contains("resource_metadata")
        }),
        M::ServerMetadataInResourceMetadata => (RESOURCE_METADATA, |w, _| {
            w["resource metadata"].contains("token_endpoint_auth_methods_supported")
        }),
        M::RefreshCatchAllError => ("tools/list, refresh", |w, _| {
            w["tools/list"].contains("The access token expired")
                && w["refresh"].starts_with("400")
                && w["refresh"].contains("invalid_request")
                && w["refresh"].contains("Token request failed")
        }),
        M::RefreshTokenRejected => ("tools/list, refresh", |w, _| {
            w["refresh"].starts_with("400") && w["refresh"].contains("invalid_grant")
        }),
        M::RefreshInvalidRequest => ("tools/list, refresh", |w, _| {
            w["refresh"].contains("invalid_request")
                && w["refresh"].contains("The refresh token is invalid or has expired")
        }),
        M::TokenExpiresEarly => ("tools/list", |w, _| {
            w["tools/list"].starts_with("401") && w["tools/list"].contains(r#"error="invalid_token""#)
        }),
        M::ChallengeMissing => (CHALLENGES, |w, _| {
            w["challenge"].starts_with("401") && !w["challenge"].contains("Bearer")
        }),
        M::ChallengeWithoutResourceMetadata => (CHALLENGES, |w, _| {
            w["challenge"].contains("Bearer scope=\"mcp:read\"")
                && !w["challenge"].contains("resource_metadata")
        }),
        M::ForbiddenInsteadOfUnauthorized => (CHALLENGES, |w, h| {
            w["challenge"] == h["challenge"].replacen("401", "403", 1)
        }),
        M::MetadataIsHtml => ("resource metadata, oauth-authorization-server", |w, _| {
            w["resource metadata"].starts_with("200 text/html")
                && w["oauth-authorization-server"].starts_with("200 text/html")
        }),
        M::ResourceTrailingSlash => (RESOURCE_METADATA, |w, _| {
            w["resource metadata"].contains(r#""resource":"MCP/mcp/""#)
        }),
        M::ResourceMismatch => (RESOURCE_METADATA, |w, _| {
            w["resource metadata"].contains(r#""resource":"AS""#)
        }),
        // The server calls itself by that name everywhere, so the issuer in callback and token goes along.
        M::IssuerTrailingSlash => (
            "oauth-authorization-server, openid-configuration, callback, token, refresh",
            |w, _| w["oauth-authorization-server"].contains(r#""issuer":"AS/""#),
        ),
        M::IssuerMismatch => (
            "oauth-authorization-server, openid-configuration, callback, token, refresh",
            |w, _| w["openid-configuration"].contains(r#""issuer":"https://login.example""#),
        ),
        M::IssWrong => ("callback", |w, _| {
            w["callback"].contains("iss=https://login.example")
        }),
        M::IssMissing => ("callback", |w, _| !w["callback"].contains("iss=")),
        M::RegistrationStatusNotCreated => ("registration", |w, h| {
            w["registration"] == h["registration"].replacen("201", "200", 1)
        }),
        M::SecretForPublicClient => ("registration", |w, _| {
            w["registration"].contains("\"client_secret\"")
                && w["registration"].contains(r#""token_endpoint_auth_method":"none""#)
        }),
        M::StateAltered => ("callback", |w, _| !w["callback"].contains("state=")),
        M::PkceNotAdvertised => (SERVER_METADATA, |w, _| {
            !w["oauth-authorization-server"].contains("code_challenge_methods")
        }),
        M::TokenResponseFormEncoded => ("token, refresh", |w, _| {
            w["token"].starts_with("200 application/x-www-form-urlencoded")
        }),
        M::TokenAudienceWrong => (
            "token, initialize, tools/list, refresh, tools/list again",
            |w, _| {
                w["token"].contains(r#""aud":"AS""#) && w["initialize"].contains("meant for another audience")
            },
        ),
        M::TokenResponseCacheable => ("token, refresh", |w, h| {
            w["token"] == h["token"].replace("no-store", "") && w["token"] != h["token"]
        }),
        M::TransportFailure => (RESOURCE_METADATA, |w, _| {
            w["resource metadata"].contains(r#""authorization_servers":["http://127.0.0.1:1"]"#)
        }),
        M::NotAnMcpServer => (
            "challenge, challenge to a bad token, initialize, tools/list, tools/list again",
            |w, _| w["challenge"].starts_with("200 text/html"),
        ),
        M::ResourceMetadataNotFound => (RESOURCE_METADATA, |w, _| {
            w["resource metadata"].starts_with("404") && w["resource metadata at the root"].starts_with("404")
        }),
        M::ResourceMetadataUnusable => (RESOURCE_METADATA, |w, _| {
            w["resource metadata"].contains(r#""authorization_servers":[]"#)
        }),
        M::McpCallFailed => ("tools/list, tools/list again", |w, _| {
            w["tools/list"].starts_with("200") && w["tools/list"].contains("-32603")
        }),
        M::ChallengeUnparsable => (CHALLENGES, |w, h| {
            let (challenge, _) = h["challenge"].split_once('{').unwrap();
            w["challenge"].starts_with(&challenge.replace('"', ""))
        }),
        M::ErrorWithoutToken => ("challenge", |w, _| {
            w["challenge"].contains(r#"Bearer error="invalid_token""#)
        }),
        M::ScopeMalformed => (CHALLENGES, |w, h| {
            w["challenge"] == h["challenge"].replace(r#"scope="mcp"#, r#"scope=" mcp"#)
        }),
        M::MissingEndpoint => (SERVER_METADATA, |w, _| {
            !w["openid-configuration"].contains(r#""token_endpoint":"#)
        }),
        M::EndpointInsecure => (SERVER_METADATA, |w, _| {
            w["openid-configuration"].contains(r#""revocation_endpoint":"http://login.example/revoke""#)
        }),
        M::EndpointOfAnotherOrigin => (SERVER_METADATA, |w, _| {
            w["openid-configuration"].contains(r#""token_endpoint":"http://localhost:"#)
        }),
        M::RegistrationRejected => ("registration", |w, _| {
            w["registration"].starts_with("400") && w["registration"].contains("invalid_redirect_uri")
        }),
        // The client that walks has no secret, so it does not meet the rest.
        M::ClientIdIgnoredInBasic => (SERVER_METADATA, |w, _| {
            w["openid-configuration"]
                .contains(r#""token_endpoint_auth_methods_supported":["client_secret_basic"]"#)
        }),
        M::RegistrationAnswerUnusable => ("registration", |w, _| {
            w["registration"].starts_with("201") && !w["registration"].contains(r#""client_id""#)
        }),
        M::ScopeNarrowed => ("token, refresh", |w, _| {
            w["token"].contains(r#""scope":"mcp:read""#) && !w["token"].contains("offline_access")
        }),
        M::AuthorizationRefused => (
            "authorize page, callback, token, initialize, tools/list, refresh, tools/list again",
            |w, _| w["authorize page"].starts_with("303") && w["callback"].contains("error=invalid_scope"),
        ),
        M::ApproverStuck => (WITHOUT_CODE, |w, _| w["callback"] == "status=403"),
        M::CallbackWithoutCode => (WITHOUT_TOKEN, |w, h| w["callback"] == h["callback"]),
        M::TokenResponseUnusable => (WITHOUT_TOKEN, |w, _| {
            w["token"].starts_with("200") && w["token"].contains(r#""error":"bad_verification_code""#)
        }),
        M::TokenErrorNotOauth => (WITHOUT_TOKEN, |w, _| {
            w["token"].starts_with("400") && !w["token"].contains(r#""error""#)
        }),
        M::TokenEndpointRedirects => (WITHOUT_TOKEN, |w, _| w["token"].starts_with("301")),
        M::InsufficientScope => ("tools/list, tools/list again", |w, _| {
            w["tools/list"].starts_with("403") && w["tools/list"].contains(r#"scope="mcp:write""#)
        }),
        M::TokenNotAccepted => ("initialize, tools/list, tools/list again", |w, _| {
            w["initialize"].starts_with("401") && w["initialize"].contains("not from a known issuer")
        }),
        M::TokenRequestRefused => (WITHOUT_TOKEN, |w, _| {
            w["token"].starts_with("400") && w["token"].contains("invalid_grant")
        }),
        M::TokenTypeMissing => ("token, refresh", |w, _| !w["token"].contains("token_type")),
        M::CorsMissing => ("cross-origin, preflight", |w, _| {
            w["cross-origin"].is_empty() && w["preflight"].starts_with("204")
        }),
        M::CorsHeaderMissing => ("preflight", |w, _| {
            w["preflight"].contains("Authorization") && !w["preflight"].contains("MCP-Protocol-Version")
        }),
        M::PreflightRedirected => ("preflight", |w, _| w["preflight"].starts_with("301 https://")),
        M::RefreshNotRotated => ("tools/list, refresh", |w, _| {
            w["refresh"].starts_with("200") && !w["refresh"].contains("refresh_token")
        }),
        M::CodeReplayWorks => ("code again", |w, h| {
            w["code again"] == "200" && h["code again"] == "400 invalid_grant"
        }),
        M::EndlessStepUp => ("write_note", |w, h| {
            w["write_note"] == h["write_note without the scope"] && h["write_note"].starts_with("200")
        }),
        M::InsufficientScopeWithoutScope => ("write_note without the scope", |w, _| {
            let said = &w["write_note without the scope"];
            said.starts_with("403") && said.contains("insufficient_scope") && !said.contains("scope=")
        }),
        M::TokenExpiredAtIssue => (
            "token, initialize, tools/list, refresh, tools/list again, write_note, write_note without the scope",
            |w, _| w["token"].contains(r#""lifetime":-60"#) && w["token"].contains(r#""expires_in":3600"#),
        ),
        M::JwksKeyMissing => ("signing key", |w, h| {
            w["signing key"] == "unknown" && h["signing key"] == "known"
        }),
        M::IdTokenNonceWrong => ("id token", |w, h| {
            w["id token"] == h["id token"].replace("n-1", "another-nonce")
        }),
        M::IdTokenAudienceWrong => ("id token", |w, h| {
            w["id token"] == h["id token"].replace("lab-public", "another-client")
        }),
        M::AccessTokenHashWrong => ("id token", |w, h| {
            w["id token"] == h["id token"].replace("right", "wrong")
        }),
        M::DpopIgnored => ("bound token", |w, h| {
            w["bound token"] == "Bearer unbound" && h["bound token"] == "DPoP bound"
        }),
        M::DpopTokenUnbound => ("bound token", |w, _| w["bound token"] == "DPoP unbound"),
        M::PushedStatusNotCreated => ("pushed", |w, h| {
            (w["pushed"].as_str(), h["pushed"].as_str()) == ("200", "201")
        }),
        M::AuthorizationDetailsDropped => ("details", |w, h| {
            w["details"] == "null" && h["details"].contains("mcp_tool")
        }),
    }
}

async fn walk(lab: &Lab) -> Walk {
    let mut walk = Walk::new();
    let origin = lab.mcp_url().strip_suffix("/mcp").unwrap();
    let mut say = |step: &'static str, said: String| {
        let said = said.replace(origin, "MCP").replace(lab.as_url(), "AS");
        assert!(walk.insert(step, said).is_none(), "{step} is there twice");
    };

    say("challenge", told(&post(lab.mcp_url()).send().await));
    say(
        "challenge to a bad token",
        told(&post(lab.mcp_url()).bearer("bad").send().await),
    );
    for (step, url) in [
        (
            "resource metadata",
            format!("{origin}/.well-known/oauth-protected-resource/mcp"),
        ),
        (
            "resource metadata at the root",
            format!("{origin}/.well-known/oauth-protected-resource"),
        ),
        (
            "oauth-authorization-server",
            format!("{}/.well-known/oauth-authorization-server", lab.as_url()),
        ),
        (
            "openid-configuration",
            format!("{}/.well-known/openid-configuration", lab.as_url()),
        ),
    ] {
        say(step, told(&get(&url).send().await));
    }

    let registered = post(&format!("{}/register", lab.as_url()))
        .json(&native_client())
        .send()
        .await;
    let id = serde_json::from_str::<Value>(&registered.text).ok();
    let id = id.and_then(|answer| answer["client_id"].as_str().map(str::to_owned));
    let id = id.unwrap_or_else(|| "lab-public".to_owned());
    say("registration", without_random(&registered));

    let page = authorize(
        lab.as_url(),
        &with(authorization_request(lab, &id), "redirect_uri", RANDOM_PORT),
    )
    .await;
    let notice = page
        .text
        .split("role=\"alert\">")
        .nth(1)
        .and_then(|rest| rest.split('<').next());
    say(
        "authorize page",
        format!(
            "{} {} {}",
            page.status,
            page.header("content-type"),
            notice.unwrap_or_default()
        ),
    );
    let callback = authorized(lab, &id).await;
    let mut parameters: Vec<String> = callback
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    parameters.retain(|parameter| !parameter.starts_with("code="));
    parameters.sort();
    say("callback", parameters.join("&"));

    let issued = exchange_at_fixed_port(lab, &id, &named(&callback, "code")).await;
    say("token", without_random(&issued));
    let issued = fields(&issued);
    let hello = legacy(
        lab,
        &named(&issued, "access_token"),
        "",
        &initialize("2025-11-25"),
    )
    .send()
    .await;
    say("initialize", told(&hello));
    let session = hello.header("mcp-session-id").to_owned();
    let list = async |token: &str| {
        told(
            &legacy(lab, token, &session, &call("tools/list", json!({})))
                .send()
                .await,
        )
    };
    say("tools/list", list(&named(&issued, "access_token")).await);

    let refreshed = refresh(lab, &id, &named(&issued, "refresh_token")).await;
    say("refresh", without_random(&refreshed));
    let token = match refreshed.status {
        200 => named(&fields(&refreshed), "access_token"),
        _ => {
            let callback = authorized(lab, &id).await;
            let again = exchange_at_fixed_port(lab, &id, &named(&callback, "code")).await;
            named(&fields(&again), "access_token")
        }
    };
    say("tools/list again", list(&token).await);
    walk
}

/// What a client meets that does more than the usual.
async fn further(lab: &Lab) -> Walk {
    let origin = lab.mcp_url().strip_suffix("/mcp").unwrap();
    let page = || {
        get(&format!("{origin}/.well-known/oauth-protected-resource")).header("origin", "http://localhost:1")
    };
    let allowed = page()
        .send()
        .await
        .header("access-control-allow-origin")
        .to_owned();
    let preflight = ask(reqwest::Method::OPTIONS, lab.mcp_url())
        .header("origin", "http://localhost:1")
        .header("access-control-request-method", "POST")
        .send()
        .await;
    let preflight = format!(
        "{} {}{}",
        preflight.status,
        preflight.header("location"),
        preflight.header("access-control-allow-headers")
    );

    let request = authorization_request(lab, "lab-public");
    let pushed = post(&format!("{}/par", lab.as_url()))
        .form(&borrowed(&request))
        .send()
        .await;
    let request = with(request, "authorization_details", r#"[{"type":"mcp_tool"}]"#);
    let request = with(with(request, "scope", "openid mcp:read"), "nonce", "n-1");
    let code = approved(lab.as_url(), &request).await["code"].clone();
    let issued = exchange(lab, "lab-public", &code).await.json();
    let again = exchange(lab, "lab-public", &code).await;
    let again = match again.status {
        200 => "200".to_owned(),
        status => format!("{status} {}", again.error()),
    };
    let access = issued["access_token"].as_str().unwrap();
    let keys = get(&format!("{}/jwks", lab.as_url())).send().await.json();
    let known = keys["keys"][0]["kid"] == decoded(access, 0)["kid"];
    let claims = decoded(issued["id_token"].as_str().unwrap(), 1);
    let hash = claims["at_hash"].as_str().unwrap();
    let hash = if challenge_of(access).starts_with(&hash[..21]) {
        "right"
    } else {
        "wrong"
    };
    let id_token = format!("{} {} {hash}", claims["aud"], claims["nonce"]);

    let note = async |scope: &str| {
        let token = access_token(lab, scope).await;
        let call = json!({ "name": "write_note", "arguments": { "text": "x" } });
        let said = told(&modern(lab, &token, "tools/call", call).send().await);
        said.replace(origin, "MCP")
    };
    let without_scope = note("mcp:read").await;
    Walk::from([
        ("cross-origin", allowed),
        ("preflight", preflight),
        ("pushed", pushed.status.to_string()),
        ("details", issued["authorization_details"].to_string()),
        ("code again", again),
        ("signing key", if known { "known" } else { "unknown" }.to_owned()),
        ("id token", id_token),
        ("bound token", bound_token(lab).await),
        ("write_note without the scope", without_scope),
        ("write_note", note("mcp:read mcp:write").await),
    ])
}

/// What a token request with a proof of possession brings.
async fn bound_token(lab: &Lab) -> String {
    let (key, url) = (Key::new(), format!("{}/token", lab.as_url()));
    let header = json!({ "alg": "ES256", "typ": "dpop+jwt", "jwk": key.jwk() });
    let proof = key.sign(
        &header,
        &json!({ "jti": "1", "htm": "POST", "htu": url, "iat": now() }),
    );
    let code = code(lab, "lab-public").await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "lab-public"),
        ("code", &code),
        ("code_verifier", VERIFIER),
    ];
    let issued = post(&url)
        .header("dpop", &proof)
        .form(&fields)
        .send()
        .await
        .json();
    let claims = decoded(issued["access_token"].as_str().unwrap(), 1);
    let bound = claims["cnf"]["jkt"] == key.thumbprint();
    let token_type = issued["token_type"].as_str().unwrap();
    format!("{token_type} {}", if bound { "bound" } else { "unbound" })
}

/// The callback's parameters, or the status of the page where the way to it ends.
async fn authorized(lab: &Lab, id: &str) -> BTreeMap<String, String> {
    let request = with(authorization_request(lab, id), "redirect_uri", FIXED_PORT);
    let request = with(request, "scope", "mcp:read offline_access");
    let mut answer = authorize(lab.as_url(), &request).await;
    if answer.status == 200 {
        answer = submit(lab.as_url(), &answer, &[]).await;
    }
    match answer.status {
        303 => answer.location().into_iter().collect(),
        status => BTreeMap::from([("status".to_owned(), status.to_string())]),
    }
}

/// A field that something wrong may have left out.
fn named(fields: &BTreeMap<String, String>, name: &str) -> String {
    fields.get(name).cloned().unwrap_or_else(|| "none".to_owned())
}

async fn exchange_at_fixed_port(lab: &Lab, id: &str, code: &str) -> Reply {
    let request = [
        ("grant_type", "authorization_code"),
        ("client_id", id),
        ("code", code),
        ("redirect_uri", FIXED_PORT),
        ("code_verifier", VERIFIER),
        ("resource", lab.mcp_url()),
    ];
    token(lab.as_url(), &request).await
}

fn told(reply: &Reply) -> String {
    let (kind, challenge) = (reply.header("content-type"), reply.header("www-authenticate"));
    format!(
        "{} {kind} {} {challenge} {}",
        reply.status,
        reply.header("cache-control"),
        reply.text
    )
}

/// The fields of a token answer, in whichever encoding.
fn fields(reply: &Reply) -> BTreeMap<String, String> {
    let from_json = |answer: Value| {
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        answer
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect()
    };
    match serde_json::from_str(&reply.text) {
        Ok(answer) => from_json(answer),
        Err(_) => url::form_urlencoded::parse(reply.text.as_bytes())
            .into_owned()
            .collect(),
    }
}

/// What was told, with identifiers and secrets taken out and the access token opened.
fn without_random(reply: &Reply) -> String {
    let mut reply = reply.clone();
    for (name, value) in fields(&reply) {
        let random = [
            "client_id",
            "client_secret",
            "client_id_issued_at",
            "registration_access_token",
            "registration_client_uri",
            "refresh_token",
        ];
        if random.contains(&name.as_str()) {
            reply.text = reply.text.replace(&value, "…");
        }
        if name == "access_token" {
            let mut claims = decoded(&value, 1);
            claims["lifetime"] = json!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap());
            for claim in ["iat", "exp", "jti", "auth_time", "client_id"] {
                claims.as_object_mut().unwrap().remove(claim);
            }
            reply.text = reply.text.replace(&value, &claims.to_string());
        }
    }
    told(&reply)
}
