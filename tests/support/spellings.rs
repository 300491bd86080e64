//! How a secret may be spelt by a server that tells it, and how it is looked for.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Every spelling, in base64 at each place it can have in a longer text.
pub fn told(secret: &str) -> Vec<String> {
    let mut all = without_base64(secret);
    for before in 0..3 {
        let text = format!("{}{secret}yyy", &"xx"[..before]);
        all.push(STANDARD_NO_PAD.encode(&text));
        all.push(URL_SAFE_NO_PAD.encode(&text));
    }
    all
}

/// What is looked for: the same, in base64 without the letters at its ends, which belong to what
/// stands around as well.
pub fn looked_for(secret: &str) -> Vec<String> {
    let mut all = without_base64(secret);
    for before in 0..3 {
        let text = format!("{}{secret}", &"xx"[..before]);
        for encoded in [STANDARD_NO_PAD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
            let end = encoded.len() - 2;
            all.push(encoded[[0, 2, 3][before]..end].to_owned());
        }
    }
    all
}

fn without_base64(secret: &str) -> Vec<String> {
    vec![
        secret.to_owned(),
        form(secret),
        form(&form(secret)),
        percent(secret),
        percent(&percent(secret)),
        html(secret),
        json(secret),
        json(&json(secret)),
        hex(secret),
        hex(secret).to_uppercase(),
    ]
}

/// As in a form, where a space is a plus sign.
fn form(text: &str) -> String {
    percent(text).replace("%20", "+")
}

/// All but the unreserved characters (RFC 3986 section 2.3).
fn percent(text: &str) -> String {
    let is_kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| match byte {
            byte if is_kept(byte) => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

pub fn html(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn json(text: &str) -> String {
    let quoted = serde_json::to_string(text).expect("a text is JSON");
    quoted[1..quoted.len() - 1].to_owned()
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}
