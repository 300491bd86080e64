//! Replaces addresses in messages: a server's by ours on the way out, and back on the way in.
//!
//! Nothing else of a message changes. What cannot be read stays as it is.

use serde_json::{Map, Value};
use trace::{Header, Pair, encode_pairs, pairs};
use url::Url;

use crate::places::Places;

/// The members of protected resource metadata that hold addresses (RFC 9728 section 2).
const RESOURCE: [&str; 3] = ["resource", "authorization_servers", "jwks_uri"];

/// The addresses as one client sees them.
#[derive(Clone, Copy)]
pub struct Mapping<'a> {
    pub places: &'a Places,
    /// The name that the client has for this machine.
    pub host: &'a str,
}

impl Mapping<'_> {
    /// Our address for a server's; the same text where there is none.
    pub fn outward(&self, url: &str) -> String {
        let ours = self.places.outward(url, self.host);
        ours.unwrap_or_else(|| url.to_owned())
    }

    /// Our address for an endpoint, which is only called and never compared.
    pub fn endpoint_outward(&self, url: &str) -> String {
        let parsed = Url::parse(url).map(String::from);
        let ours = self.places.outward(url, self.host);
        let ours = ours.or_else(|| self.places.outward(parsed.as_deref().ok()?, self.host));
        ours.unwrap_or_else(|| url.to_owned())
    }

    /// Protected resource metadata as the client sees it. `servers`: the addresses of authorization
    /// servers are replaced too.
    pub fn resource_metadata(&self, body: &[u8], servers: bool) -> Option<Vec<u8>> {
        changed(body, |document| {
            for name in RESOURCE {
                if name == "resource" || servers {
                    texts(document.get_mut(name), &|url| self.outward(url));
                }
            }
        })
    }

    /// Authorization server metadata as the client sees it (RFC 8414 section 2).
    pub fn server_metadata(&self, body: &[u8]) -> Option<Vec<u8>> {
        let endpoint = |url: &str| self.endpoint_outward(url);
        changed(body, |document| {
            for (name, value) in document.iter_mut() {
                if name == "issuer" {
                    texts(Some(value), &|url| self.outward(url));
                } else if is_endpoint(name) {
                    texts(Some(value), &endpoint);
                } else if let ("mtls_endpoint_aliases", Value::Object(aliases)) =
                    (name.as_str(), value)
                {
                    aliases
                        .values_mut()
                        .for_each(|value| texts(Some(value), &endpoint));
                }
            }
        })
    }

    /// The answer to a registration as the client sees it: without the callback that we added
    /// (RFC 7591 section 3.2.1).
    pub fn registration(&self, body: &[u8], callback: &str) -> Option<Vec<u8>> {
        changed(body, |document| {
            texts(document.get_mut("registration_client_uri"), &|url| {
                self.endpoint_outward(url)
            });
            remove(document, callback);
        })
    }

    /// The headers of an answer as the client sees them. `from`: the server's URL that was asked.
    pub fn headers(&self, headers: &[Header], from: &str) -> Vec<Header> {
        let one = |header: &Header| {
            let value = match header.name.to_ascii_lowercase().as_str() {
                "www-authenticate" => self.challenge(&header.value),
                "location" | "content-location" => self.location(&header.value, from),
                _ => return header.clone(),
            };
            Header::new(&header.name, value)
        };
        headers.iter().map(one).collect()
    }

    /// A challenge whose `resource_metadata` (RFC 9728 section 5.1) leads to us.
    fn challenge(&self, value: &str) -> String {
        match metadata_in(value) {
            Some(range) => {
                let url = self.outward(&value[range.clone()]);
                format!("{}{url}{}", &value[..range.start], &value[range.end..])
            }
            None => value.to_owned(),
        }
    }

    /// The event of the older transport that names where messages are sent; `None` where it is
    /// another one, or stays.
    pub fn endpoint_event(&self, text: &str, from: &str) -> Option<String> {
        let is_endpoint = |line: &str| {
            line.strip_prefix("event:")
                .is_some_and(|name| name.trim() == "endpoint")
        };
        if !text
            .lines()
            .take_while(|line| !line.is_empty())
            .any(is_endpoint)
        {
            return None;
        }
        let start = text.find("data:")? + "data:".len();
        let start = start + (text[start..].len() - text[start..].trim_start_matches(' ').len());
        let end = text[start..]
            .find(['\r', '\n'])
            .map_or(text.len(), |at| start + at);
        let ours = self.location(&text[start..end], from);
        let changed = format!("{}{ours}{}", &text[..start], &text[end..]);
        (changed != text).then_some(changed)
    }

    fn location(&self, to: &str, from: &str) -> String {
        let is_path = to.starts_with('/') && !to.starts_with("//");
        if is_path && !self.places.is_tunnelled() {
            return to.to_owned();
        }
        let whole = Url::parse(from).and_then(|from| from.join(to));
        match whole {
            Ok(whole) if is_path || Url::parse(to).is_ok() => {
                let ours = self.places.outward(whole.as_str(), self.host);
                ours.unwrap_or_else(|| to.to_owned())
            }
            _ => to.to_owned(),
        }
    }
}

/// Whether a member of authorization server metadata names an address of the server's own.
pub fn is_endpoint(name: &str) -> bool {
    name.ends_with("_endpoint") || name == "jwks_uri"
}

/// Where in a challenge the value of `resource_metadata` is.
pub fn metadata_in(challenge: &str) -> Option<std::ops::Range<usize>> {
    const NAME: &str = "resource_metadata";
    let lower = challenge.to_ascii_lowercase();
    let after_name = lower.find(NAME)? + NAME.len();
    let rest = challenge[after_name..].trim_start().strip_prefix('=')?;
    let rest = rest.trim_start();
    let (rest, ends): (&str, &[char]) = match rest.strip_prefix('"') {
        Some(quoted) => (quoted, &['"']),
        None => (rest, &[',', ' ', '\t']),
    };
    let start = challenge.len() - rest.len();
    let length = rest.find(ends).unwrap_or(rest.len());
    Some(start..start + length)
}

/// A query or form with our addresses in it replaced by the servers'. Other fields stay byte for
/// byte.
pub fn form_inward(text: &str, places: &Places) -> Option<String> {
    with_values(text, |_, value| {
        // `authorization_details` holds JSON with addresses (RFC 9396 section 2).
        let json = value.starts_with(['[', '{']).then(|| {
            let mut json: Value = serde_json::from_str(value).ok()?;
            every_text(&mut json, &|url| places.inward(url));
            Some(json.to_string())
        });
        places.inward(value).or(json.flatten())
    })
}

/// A query or form with some values changed. `value` says what a field's value becomes, or `None`
/// where it stays. `None` when nothing changes.
pub fn with_values(text: &str, value: impl Fn(&str, &str) -> Option<String>) -> Option<String> {
    let mut any = false;
    let parts: Vec<String> = text
        .split('&')
        .map(|part| {
            let one = pairs(part);
            let [Pair { name, value: old }] = one.as_slice() else {
                return part.to_owned();
            };
            match value(name, old).filter(|new| new != old) {
                Some(new) => {
                    any = true;
                    encode_pairs([(name.as_str(), new.as_str())])
                }
                None => part.to_owned(),
            }
        })
        .collect();
    any.then(|| parts.join("&"))
}

/// A URL with another query.
pub fn with_query_values(
    url: &str,
    value: impl Fn(&str, &str) -> Option<String>,
) -> Option<String> {
    let (before, query) = url.split_once('?')?;
    let query = with_values(query, value)?;
    Some(format!("{before}?{query}"))
}

/// A registration that asks for our callback, too (RFC 7591 section 2).
pub fn with_callback(body: &[u8], callback: &str) -> Option<Vec<u8>> {
    let mut document: Map<String, Value> = serde_json::from_slice(body).ok()?;
    let uris = document.get_mut("redirect_uris")?.as_array_mut()?;
    let ours = Value::from(callback);
    if uris.is_empty() || uris.contains(&ours) {
        return None;
    }
    uris.push(ours);
    serde_json::to_vec(&document).ok()
}

/// The strings of a list in a JSON object.
pub fn listed(document: &Map<String, Value>, name: &str) -> Vec<String> {
    let all = document.get(name).and_then(Value::as_array);
    let texts = all.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// The answer to a registration without our callback.
pub fn without_callback(body: &[u8], callback: &str) -> Option<Vec<u8>> {
    changed(body, |document| remove(document, callback))
}

fn remove(document: &mut Map<String, Value>, callback: &str) {
    let uris = document
        .get_mut("redirect_uris")
        .and_then(Value::as_array_mut);
    if let Some(uris) = uris {
        uris.retain(|uri| uri != callback);
    }
}

/// Changes a string, or each string of a list.
fn texts(value: Option<&mut Value>, change: &impl Fn(&str) -> String) {
    match value {
        Some(Value::String(text)) => *text = change(text),
        Some(Value::Array(all)) => all.iter_mut().for_each(|one| texts(Some(one), change)),
        _ => {}
    }
}

/// Changes every string in a value, however deep; reading it limited the depth.
fn every_text(value: &mut Value, change: &impl Fn(&str) -> Option<String>) {
    match value {
        Value::String(text) => {
            if let Some(new) = change(text) {
                *text = new;
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| every_text(one, change)),
        Value::Object(all) => all.values_mut().for_each(|one| every_text(one, change)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A JSON object after a change, written as it was but for what changed, as far as that is
/// possible. `None` when it is not an object, or nothing changed.
fn changed(body: &[u8], change: impl FnOnce(&mut Map<String, Value>)) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(body).ok()?;
    let before: Map<String, Value> = serde_json::from_str(text).ok()?;
    let mut after = before.clone();
    change(&mut after);
    if after == before {
        return None;
    }
    let mut replaced = text.to_owned();
    let mut done = Vec::new();
    let (before, after) = (Value::Object(before), Value::Object(after));
    differences(&before, &after, &mut |old, new| {
        let (old, new) = (Value::from(old).to_string(), Value::from(new).to_string());
        if !done.contains(&old) {
            replaced = replaced.replace(&old, &new);
            done.push(old);
        }
    });
    let same = serde_json::from_str::<Value>(&replaced).is_ok_and(|value| value == after);
    if same {
        Some(replaced.into_bytes())
    } else {
        serde_json::to_vec(&after).ok()
    }
}

/// The strings that differ between two values of the same shape.
fn differences(before: &Value, after: &Value, found: &mut impl FnMut(&str, &str)) {
    match (before, after) {
        (Value::String(old), Value::String(new)) if old != new => found(old, new),
        (Value::Array(old), Value::Array(new)) => {
            old.iter()
                .zip(new)
                .for_each(|(old, new)| differences(old, new, found));
        }
        (Value::Object(old), Value::Object(new)) => {
            old.values()
                .zip(new.values())
                .for_each(|(old, new)| differences(old, new, found));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let mut places = Places::new("https://mcp.example".into(), 17_001, None);
        places.add("https://as.example".into(), 17_002);
        places
    }

    fn mapped(map: impl FnOnce(Mapping<'_>) -> Option<Vec<u8>>) -> Option<String> {
        let places = places();
        let host = "127.0.0.1";
        let body = map(Mapping {
            places: &places,
            host,
        })?;
        Some(String::from_utf8(body).unwrap())
    }

    #[test]
    fn metadata_keeps_its_form_and_everything_that_is_no_address_of_the_servers() {
        let body = br#"{ "resource":"https://mcp.example/mcp",
            "authorization_servers": ["https://as.example", "https://as.example/", "https://else.example"],
            "resource_documentation": "https://docs.example", "x": 1.0 }"#;
        let ours = mapped(|mapping| mapping.resource_metadata(body, true)).unwrap();
        assert_eq!(
            ours,
            r#"{ "resource":"http://127.0.0.1:17001/mcp",
            "authorization_servers": ["http://127.0.0.1:17002", "http://127.0.0.1:17002/", "https://else.example"],
            "resource_documentation": "https://docs.example", "x": 1.0 }"#
        );
        let ours = mapped(|mapping| mapping.resource_metadata(body, false)).unwrap();
        assert!(ours.contains("127.0.0.1:17001/mcp") && ours.contains("https://as.example\""));
        let body =
            br#"{"issuer":"https:\/\/as.example","token_endpoint":"https://AS.example:443/token",
            "service_documentation":"https://as.example/docs","mtls_endpoint_aliases":
            {"token_endpoint":"https://as.example/mtls"}}"#;
        let ours = mapped(|mapping| mapping.server_metadata(body)).unwrap();
        assert_eq!(
            ours,
            r#"{"issuer":"http://127.0.0.1:17002","token_endpoint":"http://127.0.0.1:17002/token","service_documentation":"https://as.example/docs","mtls_endpoint_aliases":{"token_endpoint":"http://127.0.0.1:17002/mtls"}}"#
        );
        // An issuer that differs from the one that was named is not changed to look like it.
        let odd = br#"{"issuer":"https://AS.example"}"#;
        assert_eq!(mapped(|mapping| mapping.server_metadata(odd)), None);
        for other in [
            "",
            "[]",
            "<html>",
            "{\"issuer\":7}",
            "{\"resource\":\"https://else\"}",
        ] {
            let body = other.as_bytes();
            assert_eq!(
                mapped(|mapping| mapping.server_metadata(body)),
                None,
                "{other}"
            );
            let resource = mapped(|mapping| mapping.resource_metadata(body, true));
            assert_eq!(resource, None, "{other}");
        }
    }

    #[test]
    fn a_challenge_leads_to_us_however_it_is_written() {
        let places = places();
        let mapping = Mapping {
            places: &places,
            host: "localhost",
        };
        let own = "https://mcp.example/.well-known/oauth-protected-resource";
        let ours = "http://localhost:17001/.well-known/oauth-protected-resource";
        for form in [
            "Bearer resource_metadata=\"{}\"",
            "Bearer realm=\"x\", Resource_Metadata = \"{}\", scope=\"a b\"",
            "Bearer resource_metadata={}, error=\"invalid_token\"",
            "Bearer resource_metadata=\"{}",
        ] {
            let (sent, seen) = (form.replace("{}", own), form.replace("{}", ours));
            let headers = [Header::new("WWW-Authenticate", sent)];
            assert_eq!(mapping.headers(&headers, own)[0].value, seen);
        }
        for other in [
            "Bearer",
            "Basic realm=\"x\"",
            "Bearer resource_metadata",
            "",
        ] {
            assert_eq!(mapping.challenge(other), other);
        }
    }

    #[test]
    fn a_redirect_leads_to_us_where_it_led_to_the_server() {
        let places = places();
        let mapping = Mapping {
            places: &places,
            host: "localhost",
        };
        let from = "https://mcp.example/mcp";
        for (to, seen) in [
            ("/mcp/", "/mcp/"),
            ("https://mcp.example/mcp/", "http://localhost:17001/mcp/"),
            ("https://else.example/", "https://else.example/"),
            ("//else.example/", "//else.example/"),
        ] {
            assert_eq!(mapping.location(to, from), seen);
        }
        let tunnel = crate::settings::Tunnel {
            public_url: "https://t.example".into(),
            secret: "abcdefghijklmnop".into(),
        };
        let places = Places::new("https://mcp.example".into(), 1, Some(tunnel));
        let mapping = Mapping {
            places: &places,
            host: "t.example",
        };
        let seen = "https://t.example/abcdefghijklmnop/mcp/";
        assert_eq!(mapping.location("/mcp/", from), seen);
    }

    #[test]
    fn the_older_transports_messages_are_sent_to_us() {
        let tunnel = crate::settings::Tunnel {
            public_url: "https://t.example".into(),
            secret: "abcdefghijklmnop".into(),
        };
        let places = Places::new("https://mcp.example".into(), 1, Some(tunnel));
        let mapping = Mapping {
            places: &places,
            host: "t.example",
        };
        let from = "https://mcp.example/sse";
        let seen =
            "event: endpoint\r\ndata: https://t.example/abcdefghijklmnop/messages?s=1\r\n\r\n";
        for sent in ["/messages?s=1", "https://mcp.example/messages?s=1"] {
            let event = format!("event: endpoint\r\ndata: {sent}\r\n\r\n");
            assert_eq!(mapping.endpoint_event(&event, from).as_deref(), Some(seen));
        }
        for other in [
            "data: /messages\n\n",
            "event: message\ndata: {}\n\nevent: endpoint\ndata: /x\n\n",
            "event: endpoint\ndata: https://else.example/x\n\n",
            "event: endpoint\n\n",
        ] {
            assert_eq!(mapping.endpoint_event(other, from), None, "{other}");
        }
    }

    #[test]
    fn fields_come_back_and_the_others_stay_byte_for_byte() {
        let places = places();
        let form = "grant_type=authorization_code&code=a%2Fb+c&x&resource=http%3A%2F%2F127.0.0.1%3A17001%2Fmcp\
                    &redirect_uri=http%3a%2f%2flocalhost:8080%2fcb";
        assert_eq!(
            form_inward(form, &places).unwrap(),
            "grant_type=authorization_code&code=a%2Fb+c&x&resource=https%3A%2F%2Fmcp.example%2Fmcp\
             &redirect_uri=http%3a%2f%2flocalhost:8080%2fcb"
        );
        assert_eq!(form_inward("a=b&c=http://localhost:1/", &places), None);
        let locations = r#"[{"locations":["http://127.0.0.1:17001/mcp"]}]"#;
        let details = encode_pairs([("authorization_details", locations)]);
        let back = pairs(&form_inward(&details, &places).unwrap());
        assert_eq!(
            back[0].value,
            r#"[{"locations":["https://mcp.example/mcp"]}]"#
        );
    }

    #[test]
    fn a_registration_gets_our_callback_and_its_answer_loses_it() {
        let callback = "http://127.0.0.1:17001/authscope/callback";
        let sent = with_callback(br#"{"redirect_uris":["http://localhost/cb"]}"#, callback);
        let sent = sent.unwrap();
        assert!(String::from_utf8_lossy(&sent).contains(callback));
        assert_eq!(with_callback(&sent, callback), None);
        for other in [
            "{}",
            "[]",
            "{\"redirect_uris\":[]}",
            "{\"redirect_uris\":\"x\"}",
        ] {
            assert_eq!(with_callback(other.as_bytes(), callback), None, "{other}");
        }
        let seen = mapped(|mapping| mapping.registration(&sent, callback)).unwrap();
        assert_eq!(seen, r#"{"redirect_uris":["http://localhost/cb"]}"#);
    }
}
