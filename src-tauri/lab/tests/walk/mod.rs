//! A client that accepts everything, and writes down each answer.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lab::Lab;
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::support::*;

/// The ports the system picks begin here or higher.
const RANDOM_PORT: &str = "http://127.0.0.1:43117/callback";
const FIXED_PORT: &str = "http://127.0.0.1:8976/callback";

/// The answers, by step.
pub type Walk = BTreeMap<&'static str, String>;

/// The usual flow.
pub async fn walk(lab: &Lab) -> Walk {
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

/// The steps of a client that does more than the usual.
pub async fn further(lab: &Lab) -> Walk {
    let origin = lab.mcp_url().strip_suffix("/mcp").unwrap();
    let page = || {
        get(&format!("{origin}/.well-known/oauth-protected-resource"))
            .header("origin", "http://localhost:1")
    };
    let answer = page().send().await;
    let allowed = answer.header("access-control-allow-origin").to_owned();
    let exposed = answer.header("access-control-expose-headers").to_owned();
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
    let reference = match pushed.status {
        200..300 => pushed.json()["request_uri"].is_string().to_string(),
        _ => pushed.error(),
    };
    let request = with(request, "authorization_details", r#"[{"type":"mcp_tool"}]"#);
    let request = with(with(request, "scope", "openid mcp:read"), "nonce", "n-1");
    let code = approved(lab.as_url(), &request).await["code"].clone();
    let issued = exchange(lab, "lab-public", &code).await.json();
    let access = issued["access_token"].as_str().unwrap();
    let bearer = format!("Bearer {access}");
    let userinfo = get(&format!("{}/userinfo", lab.as_url())).header("authorization", &bearer);
    let userinfo = userinfo.send().await;
    let userinfo: Value = serde_json::from_str(&userinfo.text).unwrap_or_default();
    let userinfo = userinfo["sub"].to_string();
    let introspected = introspected(lab, access).await;
    let old = issued["refresh_token"].as_str().unwrap();
    refresh(lab, "lab-public", old).await;
    let old = refresh(lab, "lab-public", old).await;
    let again = exchange(lab, "lab-public", &code).await;
    let again = match again.status {
        200 => "200".to_owned(),
        status => format!("{status} {}", again.error()),
    };
    let keys = get(&format!("{}/jwks", lab.as_url())).send().await;
    let keys: Value = serde_json::from_str(&keys.text).unwrap_or_default();
    let known = keys["keys"][0]["kid"] == decoded(access, 0)["kid"];
    let fits = is_signed_by(access, &keys["keys"][0]);
    let claims = decoded(issued["id_token"].as_str().unwrap(), 1);
    let hash = claims["at_hash"].as_str().unwrap();
    let hash = if challenge_of(access).starts_with(&hash[..21]) {
        "right"
    } else {
        "wrong"
    };
    let id_token = format!(
        "{} {} {hash} {} {}",
        claims["aud"],
        claims["nonce"],
        claims["iss"] == lab.as_url(),
        claims["sub"]
    );

    let note = async |scope: &str| {
        let token = access_token(lab, scope).await;
        let call = json!({ "name": "write_note", "arguments": { "text": "x" } });
        let said = told(&modern(lab, &token, "tools/call", call).send().await);
        said.replace(origin, "MCP")
    };
    let without_scope = note("mcp:read").await;
    Walk::from([
        ("cross-origin", allowed),
        ("exposed", exposed),
        ("preflight", preflight),
        ("pushed", pushed.status.to_string()),
        ("pushed reference", reference),
        ("refresh again", old.status.to_string()),
        ("userinfo", userinfo),
        ("introspected", introspected),
        ("revoked", revoked(lab).await),
        ("deleted", deleted(lab).await),
        ("device", device(lab).await),
        ("second factor", second_factor(lab).await),
        ("details", issued["authorization_details"].to_string()),
        ("code again", again),
        (
            "signing key",
            if known { "known" } else { "unknown" }.to_owned(),
        ),
        ("signature", fits.to_string()),
        ("id token", id_token),
        ("bound token", bound_token(lab).await),
        ("write_note without the scope", without_scope),
        ("write_note", note("mcp:read mcp:write").await),
    ])
}

/// What introspection says to a client with a secret, and what to one without.
async fn introspected(lab: &Lab, access: &str) -> String {
    let url = format!("{}/introspect", lab.as_url());
    let with_secret = post(&url)
        .basic("lab-confidential", "lab-secret")
        .form(&[("token", access)]);
    let without = post(&url).form(&[("token", access), ("client_id", "lab-public")]);
    let with_secret = with_secret.send().await.json()["active"].clone();
    format!("{with_secret} {}", without.send().await.status)
}

/// What a revocation is answered, and then a call with the token.
async fn revoked(lab: &Lab) -> String {
    let token = access_token(lab, "mcp:read").await;
    let form = [("token", token.as_str()), ("client_id", "lab-public")];
    let revoked = post(&format!("{}/revoke", lab.as_url()))
        .form(&form)
        .send()
        .await;
    let called = modern(lab, &token, "tools/list", json!({})).send().await;
    format!("{} {}", revoked.status, called.status)
}

/// What the deletion of a registration is answered, where one may be deleted.
async fn deleted(lab: &Lab) -> String {
    let client = register(lab, &native_client()).await;
    let Some(url) = client["registration_client_uri"].as_str() else {
        return "nowhere".to_owned();
    };
    let token = client["registration_access_token"].as_str().unwrap();
    let deleted = ask(reqwest::Method::DELETE, url).bearer(token).send().await;
    deleted.status.to_string()
}

/// What a device is told, and then at its first poll.
async fn device(lab: &Lab) -> String {
    let url = format!("{}/device_authorization", lab.as_url());
    let begun = post(&url).form(&[("client_id", "lab-public")]).send().await;
    if begun.status != 200 {
        return begun.error();
    }
    let begun = begun.json();
    let address = if begun["verification_uri"].is_string() {
        "address"
    } else {
        "no address"
    };
    let poll = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", begun["device_code"].as_str().unwrap()),
        ("client_id", "lab-public"),
    ];
    format!("{address} {}", token(lab.as_url(), &poll).await.error())
}

/// The `acr` of a token that was asked for with a second factor.
async fn second_factor(lab: &Lab) -> String {
    let request = with(
        authorization_request(lab, "lab-public"),
        "acr_values",
        "urn:lab:mfa",
    );
    let code = approved(lab.as_url(), &request)
        .await
        .remove("code")
        .unwrap();
    let issued = exchange(lab, "lab-public", &code).await.json();
    decoded(issued["access_token"].as_str().unwrap(), 1)["acr"].to_string()
}

/// Whether the key of a JWK made the signature of a token.
fn is_signed_by(token: &str, jwk: &Value) -> bool {
    let octets = |text: &str| URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    let half = |name: &str| octets(jwk[name].as_str().unwrap_or_default());
    let point = [vec![4], half("x"), half("y")].concat();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
        .verify(signed.as_bytes(), &octets(signature))
        .is_ok()
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
    let issued = post(&url).header("dpop", &proof).form(&fields).send().await;
    if issued.status != 200 {
        return format!("{} {:?}", issued.error(), issued.header("dpop-nonce"));
    }
    let issued = issued.json();
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
    fields
        .get(name)
        .cloned()
        .unwrap_or_else(|| "none".to_owned())
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
    let (kind, challenge) = (
        reply.header("content-type"),
        reply.header("www-authenticate"),
    );
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
        let text = |value: &Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
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
            claims["lifetime"] =
                json!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap());
            for claim in ["iat", "exp", "jti", "auth_time", "client_id"] {
                claims.as_object_mut().unwrap().remove(claim);
            }
            reply.text = reply.text.replace(&value, &claims.to_string());
        }
    }
    told(&reply)
}
