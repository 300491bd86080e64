//! Every misbehaviour changes what it says, and nothing else.
//!
//! A client that accepts everything walks the whole flow and writes down each answer, with
//! everything that is random or differs by lab taken out. A misbehaving lab's walk may differ from
//! the healthy one's only where it should.

mod support;
mod walk;

use lab::Misbehaviour;
use support::*;
use walk::{Walk, further, walk};

#[tokio::test]
async fn each_changes_one_thing() {
    let healthy_lab = healthy().await;
    let healthy = walk(&healthy_lab).await;
    let mut further_healthy = healthy.clone();
    further_healthy.extend(further(&healthy_lab).await);
    let usual = Misbehaviour::ALL.iter().map(|m| (*m, &healthy));
    // What goes wrong at the identity provider, or with certificates, shows where there are some.
    let of_others = [
        Misbehaviour::IdentityProviderNotFound,
        Misbehaviour::IssuedTokenTypeMissing,
        Misbehaviour::IdJagTypeWrong,
        Misbehaviour::CertificateBindingWrong,
    ];
    let extended = Misbehaviour::EXTENDED
        .iter()
        .filter(|m| !of_others.contains(m));
    let extended = extended.map(|m| (*m, &further_healthy));
    for (misbehaviour, healthy) in usual.chain(extended) {
        let lab = misbehaving(misbehaviour).await;
        assert_eq!(lab.misbehaviour(), Some(misbehaviour));
        let mut walk = walk(&lab).await;
        // Much of the way there is closed to what stops the usual flow.
        if healthy.len() > walk.len() && misbehaviour != Misbehaviour::MixUp {
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
            .all(|said| {
                said.starts_with("404 application/json")
                    && said.contains(r#"{"error":"not_found"}"#)
            })
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
            w["challenge"]
                .contains(r#"Bearer resource="/.well-known/oauth-protected-resource/mcp""#)
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
            w["tools/list"].starts_with("401")
                && w["tools/list"].contains(r#"error="invalid_token""#)
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
        // The server calls itself by that name everywhere, so the issuer in callback and token goes
        // along.
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
                w["token"].contains(r#""aud":"AS""#)
                    && w["initialize"].contains("meant for another audience")
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
            w["resource metadata"].starts_with("404")
                && w["resource metadata at the root"].starts_with("404")
        }),
        M::ResourceMetadataUnusable => (RESOURCE_METADATA, |w, _| {
            w["resource metadata"].contains(r#""authorization_servers":[]"#)
        }),
        M::McpCallFailed => ("tools/list, tools/list again", |w, _| {
            w["tools/list"].starts_with("200") && w["tools/list"].contains("-32603")
        }),
        M::ChallengeUnparsable => (CHALLENGES, |w, h| {
            w["challenge"] == h["challenge"].replace("mcp:read\" {", "mcp:read {")
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
            w["openid-configuration"]
                .contains(r#""revocation_endpoint":"http://login.example/revoke""#)
        }),
        M::EndpointOfAnotherOrigin => (SERVER_METADATA, |w, _| {
            w["openid-configuration"].contains(r#""token_endpoint":"http://localhost:"#)
        }),
        M::RegistrationRejected => ("registration", |w, _| {
            w["registration"].starts_with("400")
                && w["registration"].contains("invalid_redirect_uri")
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
            w["token"].contains(r#""scope":"mcp:read""#) && !w["token"].contains("refresh_token")
        }),
        M::AuthorizationRefused => (
            "authorize page, callback, token, initialize, tools/list, refresh, tools/list again",
            |w, _| {
                w["authorize page"].starts_with("303")
                    && w["callback"].contains("error=invalid_scope")
            },
        ),
        M::ApproverStuck => (WITHOUT_CODE, |w, _| w["callback"] == "status=403"),
        M::CallbackWithoutCode => (WITHOUT_TOKEN, |w, h| w["callback"] == h["callback"]),
        M::TokenResponseUnusable => (WITHOUT_TOKEN, |w, _| {
            w["token"].starts_with("200")
                && w["token"].contains(r#""error":"bad_verification_code""#)
        }),
        M::TokenErrorNotOauth => (WITHOUT_TOKEN, |w, _| {
            w["token"].starts_with("400") && !w["token"].contains(r#""error""#)
        }),
        M::TokenEndpointRedirects => (WITHOUT_TOKEN, |w, _| w["token"].starts_with("301")),
        M::InsufficientScope => ("tools/list, tools/list again", |w, _| {
            w["tools/list"].starts_with("403") && w["tools/list"].contains(r#"scope="mcp:write""#)
        }),
        M::TokenNotAccepted => ("initialize, tools/list, tools/list again", |w, _| {
            w["initialize"].starts_with("401")
                && w["initialize"].contains("not from a known issuer")
        }),
        M::TokenRequestRefused => (WITHOUT_TOKEN, |w, _| {
            w["token"].starts_with("400") && w["token"].contains("invalid_grant")
        }),
        M::TokenAnswerMemberWrong => ("token, refresh", |w, _| {
            w["token"].contains(r#""expires_in":3600000000000"#)
        }),
        M::ServerMetadataMemberWrong => (SERVER_METADATA, |w, _| {
            !w["openid-configuration"].contains("response_types_supported")
        }),
        M::RegistrationAnswerDiffers => ("registration", |w, _| {
            w["registration"].contains("https://other.example/callback")
        }),
        M::MediaTypeWrong => ("oauth-authorization-server", |w, h| {
            w["oauth-authorization-server"].contains("text/plain")
                && h["oauth-authorization-server"].contains("application/json")
        }),
        M::BodyDamaged => ("oauth-authorization-server", |w, _| {
            w["oauth-authorization-server"]
                .matches(r#""issuer":"#)
                .count()
                == 2
        }),
        M::JsonRpcEnvelopeWrong => ("tools/list, tools/list again", |w, h| {
            w["tools/list"].contains(r#""id":"another""#) && h["tools/list"].contains(r#""id":"#)
        }),
        M::TokenTypeMissing => ("token, refresh", |w, _| !w["token"].contains("token_type")),
        M::ExpiresInNotANumber => ("token, refresh", |w, _| {
            w["token"].contains(r#""expires_in":"3600""#)
        }),
        M::CorsMissing => ("cross-origin, exposed, preflight", |w, _| {
            w["cross-origin"].is_empty() && w["preflight"].starts_with("204")
        }),
        M::CorsHeaderMissing => ("preflight", |w, _| {
            w["preflight"].contains("Authorization")
                && !w["preflight"].contains("MCP-Protocol-Version")
        }),
        M::CorsHeaderNotExposed => ("exposed", |w, h| {
            w["exposed"].is_empty() && h["exposed"].contains("WWW-Authenticate")
        }),
        M::PreflightRedirected => ("preflight", |w, _| {
            w["preflight"].starts_with("301 https://")
        }),
        M::RefreshNotRotated => ("tools/list, refresh", |w, _| {
            w["refresh"].starts_with("200") && !w["refresh"].contains("refresh_token")
        }),
        M::CodeReplayWorks => ("code again", |w, h| {
            w["code again"] == "200" && h["code again"] == "400 invalid_grant"
        }),
        M::EndlessStepUp => ("write_note", |w, h| {
            w["write_note"] == h["write_note without the scope"]
                && h["write_note"].starts_with("200")
        }),
        M::InsufficientScopeWithoutScope => ("write_note without the scope", |w, _| {
            let said = &w["write_note without the scope"];
            said.starts_with("403")
                && said.contains("insufficient_scope")
                && !said.contains("scope=")
        }),
        M::TokenExpiredAtIssue => (
            "token, initialize, tools/list, refresh, tools/list again",
            |w, _| {
                w["token"].contains(r#""lifetime":-60"#)
                    && w["token"].contains(r#""expires_in":3600"#)
            },
        ),
        M::JwksKeyMissing => ("signing key, signature", |w, h| {
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
        M::RegistrationManagementIncomplete => ("registration", |w, h| {
            !w["registration"].contains("registration_client_uri")
                && h["registration"].contains("registration_client_uri")
        }),
        M::CredentialsElsewhere => ("registration", |w, h| {
            let elsewhere = r#""registration_client_uri":"http://localhost:"#;
            w["registration"].contains(elsewhere) && !h["registration"].contains(elsewhere)
        }),
        M::RegistrationNotDeleted => ("deleted", |w, h| {
            (w["deleted"].as_str(), h["deleted"].as_str()) == ("200", "204")
        }),
        M::ClientDocumentRefused => (SERVER_METADATA, |w, _| {
            w["openid-configuration"].contains(r#""client_id_metadata_document_supported":true"#)
        }),
        M::PushedAnswerUnusable => ("pushed reference", |w, h| {
            (
                w["pushed reference"].as_str(),
                h["pushed reference"].as_str(),
            ) == ("false", "true")
        }),
        M::PushedRequestRejected => ("pushed, pushed reference", |w, _| {
            w["pushed"] == "400" && w["pushed reference"] == "invalid_request"
        }),
        M::DeviceAnswerIncomplete => ("device", |w, h| {
            w["device"].starts_with("no address") && h["device"] == "address authorization_pending"
        }),
        M::DeviceNotApproved => ("device", |w, _| w["device"] == "address expired_token"),
        M::SlowDownAtInterval => ("device", |w, _| w["device"] == "address slow_down"),
        M::DeviceRequestRejected => ("device", |w, _| w["device"] == "unauthorized_client"),
        M::DpopNonceMissing => ("bound token", |w, _| {
            w["bound token"] == r#"use_dpop_nonce """#
        }),
        M::TokenErrorMalformed => ("code again", |w, _| w["code again"] == "401 invalid_grant"),
        M::RotatedTokenAccepted => ("refresh again", |w, h| {
            (w["refresh again"].as_str(), h["refresh again"].as_str()) == ("200", "400")
        }),
        M::ExpiresInWrong => ("token, refresh", |w, _| {
            w["token"].contains(r#""expires_in":7200"#) && w["token"].contains(r#""lifetime":3600"#)
        }),
        M::JwksUnusable => ("signing key, signature", |w, _| {
            w["signing key"] == "unknown"
        }),
        M::SignatureWrong => ("signature", |w, h| {
            (w["signature"].as_str(), h["signature"].as_str()) == ("false", "true")
        }),
        M::IdTokenIssuerWrong => ("id token", |w, h| {
            w["id token"] == h["id token"].replace("true", "false")
        }),
        M::IdTokenUnusable => ("id token", |w, h| {
            w["id token"] == h["id token"].replace("\"alice\"", "null")
        }),
        M::UserinfoSubjectWrong => ("userinfo", |w, _| w["userinfo"] == "\"somebody-else\""),
        M::LoginNotSufficient => ("second factor", |w, h| {
            w["second factor"] == "\"urn:lab:password\"" && h["second factor"] == "\"urn:lab:mfa\""
        }),
        M::RevokedTokenAccepted => ("revoked", |w, h| {
            (w["revoked"].as_str(), h["revoked"].as_str()) == ("200 200", "200 401")
        }),
        M::RevocationRefused => ("revoked", |w, _| w["revoked"] == "401 200"),
        M::IntrospectionDisagrees => ("introspected", |w, _| w["introspected"] == "false 401"),
        M::SideRequestFails => ("introspected", |w, _| w["introspected"] == "null 401"),
        M::AnswerMemberWrong => ("introspected", |w, _| w["introspected"] == "\"true\" 401"),
        M::IntrospectionUnprotected => ("introspected", |w, h| {
            (w["introspected"].as_str(), h["introspected"].as_str()) == ("true 200", "true 401")
        }),
        M::GrantNotOffered => (SERVER_METADATA, |w, _| {
            w["openid-configuration"]
                .contains(r#""grant_types_supported":["authorization_code","refresh_token"]"#)
        }),
        M::EndpointNotOffered => (SERVER_METADATA, |w, _| {
            !w["openid-configuration"].contains(r#""introspection_endpoint":"#)
        }),
        M::IdentityProviderNotFound | M::IssuedTokenTypeMissing | M::IdJagTypeWrong => {
            unreachable!("they are of an identity provider")
        }
        M::CertificateBindingWrong => unreachable!("it is of clients with a certificate"),
        M::MixUp => (
            "authorize page, callback, token, initialize, tools/list, refresh, tools/list again, \
             cross-origin, exposed, preflight, pushed, pushed reference, refresh again, userinfo, introspected, revoked, \
             deleted, \
             device, second factor, details, code again, signing key, signature, id token, bound token, write_note, \
             write_note without the scope",
            |w, _| {
                w["authorize page"].starts_with("303")
                    && w["callback"].contains("client_id=lab-public")
            },
        ),
        M::AuthorizationDetailsDropped => ("details", |w, h| {
            w["details"] == "null" && h["details"].contains("mcp_tool")
        }),
    }
}
