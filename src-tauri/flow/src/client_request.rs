//! Requests with which the client authenticates at the authorization server.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use trace::{Phase, Purpose, Request, Secret, encode_pairs};
use url::form_urlencoded::byte_serialize;

use crate::endpoint::Endpoint;
use crate::facts::Facts;
use crate::plan::{Plan, ToSign, UNSIGNED};

/// Parameters of a form.
pub(crate) type Form = Vec<(&'static str, String)>;

const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A form POST to an endpoint of the authorization server, with the client's authentication.
pub(crate) fn client_request(
    facts: &Facts,
    phase: Phase,
    purpose: Purpose,
    words: (&str, &str),
    label: impl Into<String>,
    endpoint: &Endpoint,
    form: &[(&str, String)],
) -> Plan {
    let mut form: Vec<(&str, &str)> = form
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let mut request = form_post(endpoint);
    let mut signature = None;
    if let Some(client) = &facts.client {
        let secret = client.client_secret.as_ref().map_or("", Secret::expose);
        let named = form.iter().any(|(name, _)| *name == "client_id");
        let client_id = (!named).then_some(("client_id", client.client_id.as_str()));
        match (client.auth_method.as_str(), &client.private_key) {
            ("private_key_jwt", Some(key)) => {
                form.push(("client_assertion_type", ASSERTION_TYPE));
                form.push(("client_assertion", UNSIGNED));
                // The issuer is the audience of a client's assertion; without metadata there is
                // only the endpoint.
                let issuer = facts.issuer.clone();
                signature = Some(ToSign::ClientAssertion {
                    key: key.clone(),
                    client_id: client.client_id.clone(),
                    audience: issuer.unwrap_or_else(|| endpoint.url().to_owned()),
                });
            }
            ("client_secret_basic", _) => {
                request = request.header("authorization", basic(&client.client_id, secret));
            }
            ("client_secret_post", _) => {
                form.extend(client_id);
                form.push(("client_secret", secret));
            }
            _ => form.extend(client_id),
        }
    }
    let mut plan = Plan::new(
        phase,
        purpose,
        words,
        label,
        request.body(encode_pairs(form)),
    );
    plan.signatures.extend(signature);
    plan
}

/// A form POST without its form.
pub(crate) fn form_post(endpoint: &Endpoint) -> Request {
    Request::new("POST", endpoint.url())
        .header("accept", "application/json")
        .header("content-type", "application/x-www-form-urlencoded")
}

/// RFC 6749 section 2.3.1: both are form-encoded before they are joined.
pub(crate) fn basic(client_id: &str, secret: &str) -> String {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let joined = format!("{}:{}", encode(client_id), encode(secret));
    format!("Basic {}", STANDARD.encode(joined))
}

#[cfg(test)]
mod tests {
    use jose::SigningKey;
    use trace::{Grant, pairs};

    use super::*;
    use crate::client::{Client, RegisteredBy};

    fn request(auth_method: &str, form: &[(&str, String)]) -> (Plan, Vec<(String, String)>) {
        let mut facts = Facts::new(None);
        facts.client = Some(Client {
            client_id: "c:1".into(),
            client_secret: Some("s/1".into()),
            private_key: Some(SigningKey::from_random(&[7; 32])),
            auth_method: auth_method.into(),
            issuer: None,
            by: RegisteredBy::Dcr,
            redirect_uri: None,
            registration: None,
        });
        let endpoint = Endpoint::read("token_endpoint", Some("https://as.example/token")).unwrap();
        let purpose = Purpose::Token {
            grant: Grant::ClientCredentials,
        };
        let plan = client_request(&facts, Phase::Token, purpose, ("", ""), "", &endpoint, form);
        let body = pairs(plan.request.body.text().unwrap());
        let body = body
            .into_iter()
            .map(|pair| (pair.name, pair.value))
            .collect();
        (plan, body)
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.into(), value.into())
    }

    #[test]
    fn the_client_authenticates_as_agreed() {
        let (basic, body) = request("client_secret_basic", &[]);
        assert_eq!(
            basic.request.header_value("authorization"),
            Some("Basic YyUzQTE6cyUyRjE=")
        );
        assert!(body.is_empty());
        let (post, body) = request("client_secret_post", &[]);
        assert_eq!(post.request.header_value("authorization"), None);
        assert_eq!(
            body,
            [pair("client_id", "c:1"), pair("client_secret", "s/1")]
        );
        let (_, body) = request("none", &[("client_id", "named already".into())]);
        assert_eq!(body, [pair("client_id", "named already")]);
        let (_, body) = request("tls_client_auth", &[]);
        assert_eq!(body, [pair("client_id", "c:1")]);
    }

    #[test]
    fn an_assertion_is_signed_when_the_request_is_sent() {
        let (plan, body) = request("private_key_jwt", &[]);
        assert_eq!(body[1], pair("client_assertion", UNSIGNED));
        let [
            ToSign::ClientAssertion {
                audience,
                client_id,
                ..
            },
        ] = &plan.signatures[..]
        else {
            panic!("{:?}", plan.signatures)
        };
        assert_eq!(
            (audience.as_str(), client_id.as_str()),
            ("https://as.example/token", "c:1")
        );
    }
}
