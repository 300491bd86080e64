//! Which parameter, member and header names hold secrets.

/// What a secret is, for its pseudonym: the specification's own name of the parameter.
pub type Kind = &'static str;

pub const ACCESS_TOKEN: Kind = "access_token";
/// A claim of a JWT that is not one of those which stay.
pub const CLAIM: Kind = "claim";
/// An authorization code, by the name that error codes have too.
pub const CODE: Kind = "code";
pub const CLIENT_SECRET: Kind = "client_secret";
pub const COOKIE: Kind = "cookie";
/// An `Authorization` value whose parts are not told apart.
pub const CREDENTIALS: Kind = "credentials";
pub const DPOP_PROOF: Kind = "dpop_proof";
/// What a page hides in a form and gets back: it may stand for a whole login.
pub const FORM_VALUE: Kind = "form_value";
/// The value of a header whose name speaks of a secret.
pub const HEADER: Kind = "header";
/// A JWT found where no name says what it is.
pub const JWT: Kind = "jwt";
pub const LOGIN_HINT: Kind = "login_hint";
pub const PASSWORD: Kind = "password";
pub const SESSION_ID: Kind = "session_id";
/// What the user typed under a name that says nothing.
pub const TYPED: Kind = "typed";
pub const USERNAME: Kind = "username";
/// Whom a token or an answer is about, and how to reach them.
pub const SUBJECT: Kind = "subject";

/// The kind of secret a parameter or JSON member of this name holds, if any. Case, `_` and `-` do
/// not matter, so that `accessToken` is `access_token`.
pub fn kind_of(name: &[u8]) -> Option<Kind> {
    // Asked for every member of every document.
    if !(3..=LONGEST).contains(&name.len()) || !may_end_name(name) {
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
    let is_exact = FIRST[len] & 1 << (plain.first()? & 31) != 0;
    let exact = NAMES
        .iter()
        .find(|(name, _)| is_exact && name.as_bytes() == plain);
    exact.map(|&(_, kind)| kind).or_else(|| by_ending(plain))
}

/// Whether this can be the end of a secret's name: its last two letters say it of most that are
/// none.
#[inline]
pub fn may_end_name(text: &[u8]) -> bool {
    match text {
        [.., before, last] => ENDS[usize::from(last & 31)] >> (before & 31) & 1 == 1,
        _ => false,
    }
}

/// Without `_`, in lower case.
const NAMES: [(&str, Kind); 49] = [
    ("accesstoken", ACCESS_TOKEN),
    ("refreshtoken", "refresh_token"),
    ("idtoken", "id_token"),
    ("idtokenhint", "id_token_hint"),
    ("token", "token"),
    ("code", CODE),
    ("authorizationcode", CODE),
    ("authcode", CODE),
    ("devicecode", "device_code"),
    ("usercode", "user_code"),
    ("codeverifier", "code_verifier"),
    // No secret by itself, but sharing it together with a code helps nobody but an attacker.
    ("codechallenge", "code_challenge"),
    ("state", "state"),
    ("relaystate", "state"),
    ("sessionstate", "session_state"),
    ("nonce", "nonce"),
    ("clientsecret", CLIENT_SECRET),
    ("clientassertion", "client_assertion"),
    ("assertion", "assertion"),
    ("idjag", "id_jag"),
    ("subjecttoken", "subject_token"),
    ("actortoken", "actor_token"),
    ("registrationaccesstoken", "registration_access_token"),
    ("softwarestatement", "software_statement"),
    ("authreqid", "auth_req_id"),
    ("request", "request"),
    ("requesturi", "request_uri"),
    ("samlrequest", "saml"),
    ("samlresponse", "saml"),
    ("password", PASSWORD),
    ("passwd", PASSWORD),
    ("passphrase", PASSWORD),
    ("otp", PASSWORD),
    ("username", USERNAME),
    ("loginhint", LOGIN_HINT),
    ("sub", SUBJECT),
    ("email", SUBJECT),
    ("phonenumber", SUBJECT),
    ("preferredusername", SUBJECT),
    ("privatekey", "key"),
    ("privatekeypem", "key"),
    ("csrf", "csrf_token"),
    ("xsrf", "csrf_token"),
    ("ticket", "ticket"),
    ("sessioncode", "ticket"),
    ("sid", SESSION_ID),
    ("sessionid", SESSION_ID),
    ("authorization", CREDENTIALS),
    ("cookie", COOKIE),
];

/// What longer names of secrets end in, `set_cookie` and `mcp_session_id` among them.
const ENDINGS: [(&str, Kind); 7] = [
    ("token", "token"),
    ("secret", "secret"),
    ("password", PASSWORD),
    ("apikey", "key"),
    ("cookie", COOKIE),
    ("sessionid", SESSION_ID),
    ("authorization", CREDENTIALS),
];

/// For each last letter the letters before it, a bit each, whatever their case.
const ENDS: [u32; 32] = {
    let mut ends = [0; 32];
    let mut at = 0;
    while at < NAMES.len() + ENDINGS.len() {
        let name = if at < NAMES.len() {
            NAMES[at].0
        } else {
            ENDINGS[at - NAMES.len()].0
        }
        .as_bytes();
        ends[(name[name.len() - 1] & 31) as usize] |= 1 << (name[name.len() - 2] & 31);
        at += 1;
    }
    ends
};

/// Which letters the names of each length begin with, a bit each.
const FIRST: [u32; LONGEST + 1] = {
    let mut first = [0; LONGEST + 1];
    let mut at = 0;
    while at < NAMES.len() {
        let name = NAMES[at].0.as_bytes();
        first[name.len()] |= 1 << (name[0] & 31);
        at += 1;
    }
    first
};

fn by_ending(plain: &[u8]) -> Option<Kind> {
    // MCP's own tokens for progress and paging open nothing.
    if matches!(
        plain,
        b"progresstoken" | b"nextpagetoken" | b"pagetoken" | b"continuationtoken"
    ) {
        return None;
    }
    ENDINGS
        .iter()
        .find(|(ending, _)| plain.ends_with(ending.as_bytes()))
        .map(|&(_, kind)| kind)
}

/// What a header holds when all of its value is secret. The name in lower case.
pub fn header_kind(name: &str) -> Option<Kind> {
    match name {
        "dpop" => Some(DPOP_PROOF),
        "dpop-nonce" => Some("nonce"),
        "mcp-session-id" => Some(SESSION_ID),
        _ => HEADER_WORDS
            .iter()
            .any(|word| name.contains(word))
            .then_some(HEADER),
    }
}

/// What names of headers that hold secrets have in them, whoever invented them.
const HEADER_WORDS: [&str; 8] = [
    "token",
    "secret",
    "api-key",
    "apikey",
    "password",
    "session",
    "csrf",
    "credential",
];

/// Names that mean other things as well: a JSON-RPC error has a `code`, a ticket has a `state`.
pub fn is_ambiguous(kind: Kind) -> bool {
    matches!(
        kind,
        "code" | "state" | "nonce" | "token" | "request" | "ticket"
    )
}

/// A plain word as enumerations use them (`invalid_grant`, `open`, `ENOENT`), which no generator of
/// secrets makes.
pub fn is_plain_word(value: &[u8]) -> bool {
    let lower = value.len() <= 32 && value.iter().all(|b| b.is_ascii_lowercase() || *b == b'_');
    let upper = value.len() <= 12 && value.iter().all(u8::is_ascii_uppercase);
    lower || upper
}

/// Whether a JSON member of this kind is not a secret, by its value: an enumeration's word, or the
/// code of an error.
pub fn is_other_meaning(kind: Kind, value: &[u8]) -> bool {
    is_ambiguous(kind) && (is_plain_word(value) || (kind == CODE && is_error_code(value)))
}

/// `oidc.invalid_redirect_uri`, `invalid-grant`, `AADSTS50011`, `ERR_BAD_REQUEST`: words between
/// signs, or capitals with a number at the end.
fn is_error_code(value: &[u8]) -> bool {
    let is_sign = |byte: &u8| b"._-:/".contains(byte);
    let words = value.len() <= 64 && value.iter().all(|b| b.is_ascii_lowercase() || is_sign(b));
    let digits = value
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_digit())
        .count();
    let letters = &value[..value.len() - digits];
    let capitals = value.len() <= 32
        && digits <= 6
        && !letters.is_empty()
        && letters.iter().all(|b| b.is_ascii_uppercase() || is_sign(b));
    words || capitals
}

/// Whether a secret may be looked for outside the places it is named in. A user name or a word
/// would be found in innocent places.
pub fn may_be_searched(kind: Kind, value: &[u8]) -> bool {
    if value.len() < 4 || value.len() > LONGEST_SEARCHED {
        return false;
    }
    match kind {
        // They may be words that stand anywhere, and addresses that are public.
        USERNAME | LOGIN_HINT | SUBJECT | CLAIM => value.contains(&b'@') || is_made_up(value),
        // Preferences sit in cookies too: `theme=light`.
        COOKIE | HEADER => !is_plain_word(value),
        kind if is_ambiguous(kind) => !is_other_meaning(kind, value),
        _ => !is_name(value) && !COMMON.contains(&value),
    }
}

/// Whether a value is no secret wherever it stands: what a program writes where it has no value, as
/// in `"access_token": "undefined"`. It is the fault that has to be seen. People choose passwords.
pub fn is_nothing(kind: Kind, value: &[u8]) -> bool {
    let is_chosen = matches!(kind, PASSWORD | TYPED | FORM_VALUE);
    !is_chosen && std::str::from_utf8(value).is_ok_and(trace::is_word_for_nothing)
}

/// The name of a secret's place, such as `password`: it stands wherever the place does. What only
/// ends like one (`my-secret`) is searched.
fn is_name(value: &[u8]) -> bool {
    let plain = value.iter().filter(|byte| !b"_-".contains(byte));
    let plain: Vec<u8> = plain.map(u8::to_ascii_lowercase).collect();
    let mut names = NAMES.iter().chain(&ENDINGS);
    names.any(|(name, _)| name.as_bytes() == plain)
}

/// Letters and digits as generators of identifiers mix them, and no URL.
pub fn is_made_up(value: &[u8]) -> bool {
    let has = |is: fn(&u8) -> bool| value.iter().any(is);
    value.len() >= 12
        && has(u8::is_ascii_alphabetic)
        && has(u8::is_ascii_digit)
        && !has(|byte| byte.is_ascii_whitespace() || b":/[{\"".contains(byte))
}

/// The kind of this name, if there is one.
pub fn kind_named(name: &str) -> Option<Kind> {
    let own = [
        CLAIM,
        CREDENTIALS,
        DPOP_PROOF,
        FORM_VALUE,
        HEADER,
        JWT,
        TYPED,
    ];
    let named = NAMES.iter().chain(&ENDINGS).map(|(_, kind)| *kind);
    let by_place = trace::SECRET_PLACES.iter().map(|place| place.name);
    named.chain(own).chain(by_place).find(|kind| *kind == name)
}

const LONGEST: usize = 40;

/// Bytes. Looking for longer values everywhere would let a server make this take for ever; JWTs
/// have no such limit, since they are told by their form.
const LONGEST_SEARCHED: usize = 8192;

/// Values that test set-ups use as secrets and every flow has in other places.
const COMMON: [&[u8]; 10] = [
    b"true", b"false", b"null", b"none", b"test", b"admin", b"openid", b"bearer", b"basic",
    b"client",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_programs_word_for_nothing_is_no_secret_and_a_password_of_that_word_is() {
        for word in ["undefined", "null", "[object Object]"] {
            assert!(is_nothing("access_token", word.as_bytes()), "{word}");
            assert!(!is_nothing(PASSWORD, word.as_bytes()), "{word}");
        }
        assert!(!is_nothing("access_token", b"undefined1"));
    }

    #[test]
    fn an_error_code_is_no_authorization_code() {
        for code in [
            "oidc.invalid_redirect_uri",
            "invalid-grant",
            "AADSTS50011",
            "ERR_BAD_REQUEST",
            "ENOENT",
        ] {
            assert!(is_other_meaning(CODE, code.as_bytes()), "{code}");
        }
        for code in [
            "SplxlOBeZQQYbYS6WxSbIA",
            "4/P7q7W91a-oMsCeLvIaQm6bTrgtp7",
            "9f86d081884c",
            "A1B2C3",
        ] {
            assert!(!is_other_meaning(CODE, code.as_bytes()), "{code}");
        }
    }

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
