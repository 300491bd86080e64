//! Which parameter, member and header names hold secrets.

/// What a secret is, for its pseudonym: the specification's own name of the parameter.
pub type Kind = &'static str;

pub const ACCESS_TOKEN: Kind = "access_token";
pub const CLIENT_SECRET: Kind = "client_secret";
pub const COOKIE: Kind = "cookie";
/// An `Authorization` value whose parts are not told apart.
pub const CREDENTIALS: Kind = "credentials";
pub const DPOP_PROOF: Kind = "dpop_proof";
/// The value of a header whose name speaks of a secret.
pub const HEADER: Kind = "header";
/// A JWT found where no name says what it is.
pub const JWT: Kind = "jwt";
pub const LOGIN_HINT: Kind = "login_hint";
pub const PASSWORD: Kind = "password";
pub const SESSION_ID: Kind = "session_id";
pub const USERNAME: Kind = "username";

/// The kind of secret a parameter or JSON member of this name holds, if any. Case, `_` and `-` do not matter, so that
/// `accessToken` is `access_token`.
pub fn kind_of(name: &[u8]) -> Option<Kind> {
    if name.len() < 3 || name.len() > LONGEST {
        return None;
    }
    let mut plain = [0; LONGEST];
    let mut len = 0;
    for &byte in name {
        if byte != b'_' && byte != b'-' {
            plain[len] = byte.to_ascii_lowercase();
            len += 1;
        }
    }
    let plain = &plain[..len];
    // Most names of a JSON document end in none of these letters.
    if !matches!(
        plain.last()?,
        b'n' | b't' | b'd' | b'e' | b'r' | b'i' | b'y' | b'f' | b'g' | b'p' | b'm'
    ) {
        return None;
    }
    exact(plain).or_else(|| by_ending(plain))
}

fn exact(plain: &[u8]) -> Option<Kind> {
    Some(match plain {
        b"accesstoken" => ACCESS_TOKEN,
        b"refreshtoken" => "refresh_token",
        b"idtoken" => "id_token",
        b"idtokenhint" => "id_token_hint",
        b"token" => "token",
        b"code" | b"authorizationcode" | b"authcode" => "code",
        b"devicecode" => "device_code",
        b"usercode" => "user_code",
        b"codeverifier" => "code_verifier",
        // No secret by itself, but sharing it together with a code helps nobody but an attacker.
        b"codechallenge" => "code_challenge",
        b"state" | b"relaystate" => "state",
        b"sessionstate" => "session_state",
        b"nonce" => "nonce",
        b"clientsecret" => CLIENT_SECRET,
        b"clientassertion" => "client_assertion",
        b"assertion" => "assertion",
        b"idjag" => "id_jag",
        b"subjecttoken" => "subject_token",
        b"actortoken" => "actor_token",
        b"registrationaccesstoken" => "registration_access_token",
        b"softwarestatement" => "software_statement",
        b"authreqid" => "auth_req_id",
        b"request" => "request",
        b"requesturi" => "request_uri",
        b"samlrequest" | b"samlresponse" => "saml",
        b"password" | b"passwd" | b"otp" | b"passphrase" => PASSWORD,
        b"username" => USERNAME,
        b"loginhint" => LOGIN_HINT,
        b"apikey" | b"privatekey" | b"privatekeypem" => "key",
        b"csrf" | b"xsrf" => "csrf_token",
        b"ticket" | b"sessioncode" => "ticket",
        b"sid" | b"sessionid" | b"mcpsessionid" => SESSION_ID,
        b"authorization" | b"proxyauthorization" => CREDENTIALS,
        b"cookie" | b"setcookie" => COOKIE,
        _ => return None,
    })
}

fn by_ending(plain: &[u8]) -> Option<Kind> {
    // MCP's own tokens for progress and paging open nothing.
    if matches!(
        plain,
        b"progresstoken" | b"nextpagetoken" | b"pagetoken" | b"continuationtoken"
    ) {
        return None;
    }
    let endings: [(&[u8], Kind); 4] = [
        (b"token", "token"),
        (b"secret", "secret"),
        (b"password", PASSWORD),
        (b"apikey", "key"),
    ];
    endings
        .iter()
        .find(|(ending, _)| plain.ends_with(ending))
        .map(|&(_, kind)| kind)
}

/// What a header of this name holds when all of its value is secret.
pub fn header_kind(name: &str) -> Option<Kind> {
    let name = name.to_ascii_lowercase();
    match name.as_str() {
        "dpop" => return Some(DPOP_PROOF),
        "mcp-session-id" => return Some(SESSION_ID),
        _ => {}
    }
    [
        "token",
        "secret",
        "api-key",
        "apikey",
        "password",
        "session",
        "csrf",
        "credential",
    ]
    .iter()
    .any(|part| name.contains(part))
    .then_some(HEADER)
}

/// Names that mean other things as well: a JSON-RPC error has a `code`, a ticket has a `state`.
pub fn is_ambiguous(kind: Kind) -> bool {
    matches!(kind, "code" | "state" | "nonce" | "token" | "request" | "ticket")
}

/// A plain word as enumerations use them (`invalid_grant`, `open`, `ENOENT`), which no generator of secrets makes.
pub fn is_plain_word(value: &[u8]) -> bool {
    let lower = value.len() <= 32 && value.iter().all(|b| b.is_ascii_lowercase() || *b == b'_');
    let upper = value.len() <= 12 && value.iter().all(u8::is_ascii_uppercase);
    lower || upper
}

/// Whether a secret may be looked for outside the places it is named in. A user name or a word would be found in
/// innocent places.
pub fn may_be_searched(kind: Kind, value: &[u8]) -> bool {
    if value.len() < 4 || value.len() > LONGEST_SEARCHED {
        return false;
    }
    match kind {
        USERNAME | LOGIN_HINT => value.contains(&b'@'),
        // Preferences sit in cookies too: `theme=light`.
        COOKIE | HEADER => !is_plain_word(value),
        kind if is_ambiguous(kind) => !is_plain_word(value),
        _ => kind_of(value).is_none() && !COMMON.contains(&value),
    }
}

const LONGEST: usize = 40;

/// Bytes. Looking for longer values everywhere would let a server make this take for ever; JWTs have no such limit,
/// since they are told by their form.
const LONGEST_SEARCHED: usize = 8192;

/// Values that test set-ups use as secrets and every flow has in other places.
const COMMON: [&[u8]; 10] = [
    b"true", b"false", b"null", b"none", b"test", b"admin", b"openid", b"bearer", b"basic", b"client",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_in_every_spelling_and_metadata_is_left_alone() {
        for name in [
            "access_token",
            "accessToken",
            "ACCESS-TOKEN",
            "__RequestVerificationToken",
            "code",
        ] {
            assert!(kind_of(name.as_bytes()).is_some(), "{name}");
        }
        for name in [
            "token_endpoint",
            "token_type",
            "client_id",
            "client_secret_expires_at",
            "code_challenge_methods_supported",
            "issuer",
            "progressToken",
            "",
        ] {
            assert_eq!(kind_of(name.as_bytes()), None, "{name}");
        }
    }
}
