//! Secrets whose name alone does not show that they are secret: `response`, `d` and `k` mean other
//! things in other places.

use serde_json::{Map, Value};
use trace::{Exchange, MessagePart, Outcome, Pair, Purpose, SECRET_PLACES, SecretPlace, secret_at};

use super::body::is_form;
use super::names::{Kind, kind_of};

/// Calls `learn` for what stands at a secret's place in an exchange of this purpose.
pub fn learn(exchange: &Exchange, learn: &mut impl FnMut(Kind, &[u8])) {
    let purpose = &exchange.purpose;
    if unnamed(purpose).next().is_none() {
        return;
    }
    let request = &exchange.request;
    of_pairs(
        purpose,
        MessagePart::RequestQuery,
        &trace::query_pairs(&request.url),
        learn,
    );
    if is_form(request.header_value("content-type")) {
        let form = request.body.text().map(trace::pairs);
        let form = form.unwrap_or_default();
        of_pairs(purpose, MessagePart::RequestBody, &form, learn);
    } else {
        of_json(
            purpose,
            MessagePart::RequestBody,
            &request.body.bytes,
            learn,
        );
    }
    let Outcome::Response(response) = &exchange.outcome else {
        return;
    };
    if let Some(location) = response.header_value("location") {
        // After a question mark or a number sign.
        let pairs = trace::query_pairs(&location.replace('#', "?"));
        of_pairs(purpose, MessagePart::ResponseLocation, &pairs, learn);
    }
    of_json(
        purpose,
        MessagePart::ResponseBody,
        &response.body.bytes,
        learn,
    );
}

/// The places of this purpose whose name is not known to hold a secret everywhere.
fn unnamed(purpose: &Purpose) -> impl Iterator<Item = &'static SecretPlace> {
    SECRET_PLACES.iter().filter(|place| {
        kind_of(place.name.as_bytes()).is_none()
            && !matches!(
                place.part,
                MessagePart::RequestHeader | MessagePart::ResponseHeader
            )
            && secret_at(purpose, place.part, place.name) == Some(true)
    })
}

fn of_pairs(
    purpose: &Purpose,
    part: MessagePart,
    pairs: &[Pair],
    learn: &mut impl FnMut(Kind, &[u8]),
) {
    for place in unnamed(purpose).filter(|place| place.part == part) {
        let of_name = pairs
            .iter()
            .filter(|pair| pair.name.eq_ignore_ascii_case(place.name));
        of_name.for_each(|pair| learn(place.name, pair.value.as_bytes()));
    }
}

/// The members at the top level; of a key set those of each key.
fn of_json(purpose: &Purpose, part: MessagePart, body: &[u8], learn: &mut impl FnMut(Kind, &[u8])) {
    let mut places = unnamed(purpose)
        .filter(|place| place.part == part)
        .peekable();
    if places.peek().is_none() {
        return;
    }
    let Ok(Value::Object(document)) = trace::json_value(body) else {
        return;
    };
    let objects: Vec<&Map<String, Value>> = match document.get("keys").and_then(Value::as_array) {
        Some(keys) if *purpose == Purpose::Jwks => {
            keys.iter().filter_map(Value::as_object).collect()
        }
        _ => vec![&document],
    };
    for place in places {
        let values = objects
            .iter()
            .flat_map(|object| object.iter())
            .filter(|(name, _)| name.eq_ignore_ascii_case(place.name))
            .filter_map(|(_, value)| value.as_str());
        values.for_each(|value| learn(place.name, value.as_bytes()));
    }
}
