//! How each cause of a refused access token is told.

use crate::finding::Finding;
use crate::reading::{ExchangeRef, Reading, jwt};
use crate::refused_token::{is_expired, odd_time, other_issuer, shared_secret, time_in_future};
use crate::wording::excerpt;

pub(super) fn same_as_without(finding: Finding) -> Finding {
    finding
        .message(
            "The answer is the same, byte for byte, as to the call without a token, and it names \
             no error. So the Authorization header is most likely lost before it reaches the code \
             that checks it: in the web server or proxy in front, or in a framework.",
        )
        .fix(
            "Let the web server in front pass the Authorization header on to the application \
             (Apache: CGIPassAuth On; proxies: no rule that removes it), and log what arrives.",
        )
}

pub(super) fn after_refresh(finding: Finding) -> Finding {
    finding
        .message(
            "The token before it, of the same issuer, was taken. So issuer, key and audience are \
             right, and most likely the refresh revoked the new access token together with the old \
             one, or did not store it. Users have to log in again whenever a token expires.",
        )
        .fix(
            "Let the refresh revoke the old tokens only, and store the new access token before \
             answering.",
        )
}

pub(super) fn too_early(finding: Finding, token: &str, now: u64) -> Finding {
    let shown = time_in_future(token, now).map_or_else(String::new, |claim| {
        format!(" By this machine's clock the token's {claim} lies in the future.")
    });
    finding
        .message(format!(
            "The clocks of authorization server and MCP server differ, and the MCP server gives no \
             leeway; a little later the same token would be accepted.{shown}"
        ))
        .fix(
            "Give the check of iat, nbf and exp a leeway of a minute or two, and set the clocks of \
             both servers by NTP.",
        )
}

pub(super) fn far_ahead(finding: Finding, token: &str, now: u64) -> Finding {
    let claim = time_in_future(token, now).unwrap_or("nbf");
    finding
        .message(format!(
            "By this machine's clock the token's {claim} lies more than ten minutes ahead. No server \
             gives so much leeway: the clock of the authorization server is wrong, or it writes a \
             token that is meant to be good only later."
        ))
        .fix(format!(
            "Set the clock of the authorization server by NTP, and write the moment of issue into \
             {claim}."
        ))
}

pub(super) fn time_wrong(finding: Finding, token: &str) -> Finding {
    finding
        .message(format!(
            "The token says {}. Times in a JWT are seconds since 1970, as a number; one in \
             milliseconds or in quotation marks is refused, or read as a time thousands of years \
             away.",
            excerpt(&odd_time(token).unwrap_or_default())
        ))
        .fix(
            "Let the authorization server write exp, nbf and iat as numbers of seconds since 1970.",
        )
}

pub(super) fn expired(finding: Finding, token: &str, now: u64) -> Finding {
    if is_expired(token, now) {
        return finding
            .message(
                "By this machine's clock the token had expired already when it was sent: the clock \
                 of the authorization server is behind, or the token lives for seconds only.",
            )
            .fix("Set the clock of the authorization server, and let access tokens live for minutes.");
    }
    finding
        .message(
            "The token was issued a moment ago. Either it lives for seconds only, or the clock of \
             the MCP server is ahead, or the authorization server handed out an old token again.",
        )
        .fix(
            "Compare the token's exp and expires_in with the clocks of both servers, and let access \
             tokens live for minutes.",
        )
}

pub(super) fn clock_ahead(finding: Finding, token: &str, now: u64) -> Finding {
    let exp = jwt(token).ok().and_then(|jwt| jwt.seconds("exp"));
    finding
        .message(format!(
            "By this machine's clock the token is good for another {} s (exp). Most likely the clock of \
             the MCP server is ahead by more than that.",
            exp.unwrap_or_default().saturating_sub(now)
        ))
        .fix(
            "Set the clock of the MCP server, and keep it set by time synchronization (NTP). Where it \
             is right, compare the token's exp with it.",
        )
}

pub(super) fn wrong_audience(
    finding: Finding,
    reading: &Reading<'_>,
    issued: ExchangeRef<'_>,
    token: &str,
) -> Finding {
    let asked = match reading.resource_asked_for(issued) {
        Some(resource) => format!("this client asked for a token for {}", excerpt(&resource)),
        None => "this client asked for a token without naming a resource".into(),
    };
    let aud = jwt(token)
        .ok()
        .and_then(|jwt| jwt.claims.get("aud").map(ToString::to_string));
    let has = aud.map_or_else(
        || "The token cannot be read, so its audience is not shown here.".into(),
        |aud| format!("The token's aud is {}.", excerpt(&aud)),
    );
    finding
        .message(format!(
            "{has} The MCP server expects another audience; {asked}. Or the authorization server \
             ignores the parameter resource."
        ))
        .fix(
            "Let the MCP server expect the audience that its authorization server writes, or have \
             the authorization server write what resource names.",
        )
}

pub(super) fn for_other_resource(
    finding: Finding,
    reading: &Reading<'_>,
    resource: &str,
) -> Finding {
    let (resource, used) = (excerpt(resource), excerpt(reading.server_url));
    finding
        .message(format!(
            "The token was asked for {resource}, as the resource metadata has it, and the server was \
             used at {used}. Most likely the check of tokens expects {used} or something else as \
             audience: it and the metadata are set apart from each other."
        ))
        .fix(format!(
            "Set resource in the metadata and the audience that the MCP server expects to one value: \
             {used}."
        ))
}

pub(super) fn revoked(finding: Finding) -> Finding {
    finding
        .message(
            "The token was issued a moment ago, by the server that refuses it. Most likely it was \
             not stored where it is looked up: another instance or another database.",
        )
        .fix(
            "Let all instances of the server share their tokens, and store a token before it is \
             handed out.",
        )
}

/// Where the two servers are apart.
pub(super) fn looked_up_elsewhere(finding: Finding) -> Finding {
    finding
        .message(
            "The token was issued a moment ago, so hardly anybody has revoked it. Most likely the \
             MCP server asks another authorization server, or cannot ask with the credentials that \
             it has: a server that may not ask is told the same of every token (RFC 7662). It is also \
             possible that the authorization server did not store the token, or stored it in another \
             instance.",
        )
        .fix(
            "Look into the MCP server's log for the answer of the introspection endpoint, and set \
             that endpoint, client ID and secret to those of the authorization server. Run with \
             --introspect to see whether the authorization server itself knows its tokens.",
        )
}

pub(super) fn wrong_signature(finding: Finding) -> Finding {
    finding
        .message(
            "The MCP server's words name issuer, key or signature: it checks the token against \
             another issuer or other keys than the authorization server uses.",
        )
        .fix(
            "Set issuer and jwks_uri in the MCP server to those of the authorization server's \
             metadata, byte for byte, and let it fetch the keys again.",
        )
}

pub(super) fn no_keys(finding: Finding, reading: &Reading<'_>) -> Finding {
    let place = reading
        .server_metadata()
        .and_then(|(_, metadata)| metadata.jwks_uri.clone())
        .map_or_else(|| "jwks_uri".into(), |uri| excerpt(&uri));
    finding
        .message(format!(
            "By its words the MCP server looks for the key and does not get it: it asks another \
             place than {place}, the place does not answer it, or it keeps an old set after the keys \
             were changed."
        ))
        .fix(format!(
            "Let the MCP server fetch the keys from {place}, and fetch them anew when it meets an \
             unknown kid. Run with --check-signatures to see whether the set holds the key."
        ))
}

pub(super) fn no_jwt(finding: Finding, token: &str) -> Finding {
    let shape = match token.split('.').count() {
        5 => "It is encrypted (a JWE).",
        3 => "It has the form of a JWT.",
        _ => "It is opaque: only the authorization server can read it.",
    };
    finding
        .message(format!(
            "The MCP server wants to check a signed JWT, and this token is none that it can read. \
             {shape} Some authorization servers issue a JWT only where an audience (an API) is asked \
             for."
        ))
        .fix(
            "Register the MCP server as an API (audience, resource) at the authorization server, so \
             that it gets signed JWTs; or let the MCP server ask about tokens by introspection.",
        )
}

pub(super) fn scheme(finding: Finding) -> Finding {
    finding
        .message(
            "By its words the server does not read the header. Clients write Authorization: Bearer \
             and the token; the name of a scheme is not case-sensitive (RFC 9110 section 11.1), \
             but some servers compare it case-sensitively.",
        )
        .fix("Compare the scheme case-insensitively, and let proxies pass the header on unchanged.")
}

pub(super) fn too_many(finding: Finding) -> Finding {
    finding
        .message(
            "It speaks of a limit on requests, so nothing is wrong with the token. Clients take 401 \
             for a refused token and log in again, which makes it worse.",
        )
        .fix("Answer 429 with Retry-After where a limit is reached, and raise the limit.")
}

pub(super) fn issuer_differs(finding: Finding, reading: &Reading<'_>, token: &str) -> Finding {
    let issuer = reading.issuer().unwrap_or_default();
    let Some(named) = other_issuer(reading, token) else {
        return finding
            .message(format!(
                "It has no iss, and the metadata says {}. A server that compares the two refuses it.",
                excerpt(issuer)
            ))
            .fix(format!(
                "Let the authorization server write {} into iss, byte for byte as in its metadata.",
                excerpt(issuer)
            ));
    };
    finding
        .message(format!(
            "Its iss is {}, and the metadata says {}. A server that compares the two refuses it.",
            excerpt(&named),
            excerpt(issuer)
        ))
        .fix(format!(
            "Let the authorization server write {} into iss, byte for byte as in its metadata; or \
             let the MCP server expect {}.",
            excerpt(issuer),
            excerpt(&named)
        ))
}

pub(super) fn with_shared_secret(finding: Finding, token: &str) -> Finding {
    let alg = shared_secret(token).unwrap_or_default();
    finding
        .message(format!(
            "Its alg is {}. The MCP server can check that only with the authorization server's own \
             secret; with the published keys it cannot.",
            excerpt(&alg)
        ))
        .fix(
            "Let the authorization server sign with a private key (RS256 or ES256) and publish the \
             public one at jwks_uri.",
        )
}

pub(super) fn unreadable(finding: Finding) -> Finding {
    finding
        .message(
            "The token is opaque or encrypted. An MCP server that expects a signed JWT refuses \
             it, and some authorization servers issue one only where an audience is asked for. \
             A proxy that drops or replaces the Authorization header looks the same.",
        )
        .fix(
            "Let the MCP server ask the authorization server about the token (introspection), with \
             credentials that may ask, or let the authorization server issue JWTs for this resource. \
             If the server does so already, look into its log for the reason, and check that the \
             Authorization header reaches it.",
        )
}

/// Nothing says why, and nothing in the run explains it.
pub(super) fn for_no_reason(finding: Finding) -> Finding {
    finding
        .message(
            "The token is fresh, so most likely the server checks it against another issuer, key \
             or audience than the authorization server uses. A proxy that drops or replaces the \
             Authorization header looks the same.",
        )
        .fix(
            "Look into the MCP server's log for the reason. Compare iss, aud, key and algorithm of \
             the decoded token with the server's settings, and check that the Authorization header \
             reaches it.",
        )
}

/// Where the MCP server is its own authorization server.
pub(super) fn by_its_own_issuer(finding: Finding) -> Finding {
    finding
        .message(
            "The token is fresh, and the server that refuses it has issued it: both are at one origin. \
             Where it hands the login on to another authorization server, it checks that one's token \
             as well, and refusing that looks like this. So do instances that do not share their \
             tokens or keys, and a proxy that drops or replaces the Authorization header.",
        )
        .fix(
            "Look into the MCP server's log for the reason. Where an authorization server stands behind \
             it, compare issuer, audience, scope and JWKS URL that the MCP server expects with the \
             tokens of that one.",
        )
}

pub(super) fn lacks_scope(finding: Finding, lacking: &str) -> Finding {
    let lacking = excerpt(lacking);
    finding
        .message(format!(
            "{lacking} is named in the challenge and is not in the token, and nothing else is said. \
             Some servers check the scope together with the signature, and answer 401 to both."
        ))
        .fix(format!(
            "Grant {lacking} to this client and user at the authorization server. Let the MCP server \
             answer 403 with insufficient_scope to a valid token that lacks a scope."
        ))
}
