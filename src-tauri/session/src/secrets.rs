//! Which values of a request are secret because of their place in it.

use trace::{MessagePart, Purpose, Request, pairs, query_pairs, secret_at};

/// The secrets in a request of this purpose: the name of the place, and the value.
pub(crate) fn secrets_in(request: &Request, purpose: &Purpose) -> Vec<(String, String)> {
    let is_secret = |part, name: &str| secret_at(purpose, part, name) == Some(true);
    let mut secrets: Vec<(String, String)> = Vec::new();
    for header in &request.headers {
        if is_secret(MessagePart::RequestHeader, &header.name) {
            let (_, value) = header
                .value
                .split_once(' ')
                .unwrap_or(("", header.value.as_str()));
            secrets.push((header.name.clone(), value.to_owned()));
        }
    }
    let form = pairs(request.body.text().unwrap_or_default());
    let query = query_pairs(&request.url);
    let form = form.into_iter().map(|it| (MessagePart::RequestBody, it));
    let query = query.into_iter().map(|it| (MessagePart::RequestQuery, it));
    for (part, pair) in form.chain(query) {
        if is_secret(part, &pair.name) {
            secrets.push((pair.name, pair.value));
        }
    }
    secrets
}
