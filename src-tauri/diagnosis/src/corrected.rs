//! The header or the JSON as it has to be, where a finding says literally what is expected.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use trace::{Exchange, MessagePart, Response, Trace, json_value, secret_at};
use ts_rs::TS;

use crate::finding::{Finding, Part};

/// Something to be put in the place of what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Corrected {
    pub what: CorrectedPart,
    /// Ready to be copied.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum CorrectedPart {
    /// A header field, with its name.
    Header,
    /// The whole JSON body.
    Json,
    /// One member, where the rest of the body holds secrets.
    Member,
}

/// What was sent, with what the finding expects in it. None where the expectation is said in words,
/// or is not about a part of a response.
pub fn corrected(trace: &Trace, finding: &Finding) -> Option<Corrected> {
    let exchange = trace.entry(finding.exchange?)?.exchange()?;
    let response = exchange.response()?;
    let expected = finding.expected.as_deref()?;
    // An expectation with places to be filled in is not a value.
    if expected.contains(['<', '…']) {
        return None;
    }
    let actual = finding.actual.as_deref();
    match finding.part.as_ref()? {
        Part::ResponseHeader { name } => header(response, name, expected, actual),
        Part::ResponseBody { pointer } => body(exchange, response, pointer, expected, actual),
        Part::RequestUrl | Part::RequestHeader { .. } | Part::RequestBody | Part::Status => None,
    }
}

fn header(
    response: &Response,
    name: &str,
    expected: &str,
    actual: Option<&str>,
) -> Option<Corrected> {
    let text = if names(expected, name) {
        expected.to_owned()
    } else {
        let sent = response.header_value(name)?;
        let wrong =
            actual.filter(|actual| !actual.is_empty() && sent.matches(*actual).count() == 1)?;
        let parameters = wrong.contains("=\"") && expected.contains("=\"");
        let whole = sent == wrong && !expected.contains(' ');
        if !parameters && !whole {
            return None;
        }
        format!("{name}: {}", sent.replacen(wrong, expected, 1))
    };
    Some(Corrected {
        what: CorrectedPart::Header,
        text,
    })
}

/// Whether it is a header field of this name, with a value.
fn names(text: &str, name: &str) -> bool {
    let field = text.split_once(": ");
    field.is_some_and(|(field, value)| field.eq_ignore_ascii_case(name) && !value.is_empty())
}

fn body(
    exchange: &Exchange,
    response: &Response,
    pointer: &str,
    expected: &str,
    actual: Option<&str>,
) -> Option<Corrected> {
    let mut document = json_value(&response.body.bytes).ok()?;
    let (parent, member) = pointer.rsplit_once('/')?;
    let member = member.replace("~1", "/").replace("~0", "~");
    let value = match expected.strip_prefix(&format!("\"{member}\": ")) {
        Some(json) => serde_json::from_str(json).ok()?,
        None => {
            let sent = document.pointer(pointer)?.as_str()?;
            let is_literal = Some(sent) == actual && !expected.contains(char::is_whitespace);
            Value::String(is_literal.then(|| expected.to_owned())?)
        }
    };
    let holder = document.pointer_mut(parent)?.as_object_mut()?;
    let is_secret = |name: &String| {
        secret_at(&exchange.purpose, MessagePart::ResponseBody, name).unwrap_or(true)
    };
    if holder.keys().any(is_secret) {
        let text = format!("\"{member}\": {value}");
        return Some(Corrected {
            what: CorrectedPart::Member,
            text,
        });
    }
    holder.insert(member, value);
    Some(Corrected {
        what: CorrectedPart::Json,
        text: serde_json::to_string_pretty(&document).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sample::{AS, Run};

    fn of(run: &Run, code: &str) -> Option<Corrected> {
        corrected(&run.trace(), &run.finding(code))
    }

    #[test]
    fn a_member_is_put_right_in_its_document() {
        let mut run = Run::healthy();
        run.server_tries[0]
            .2
            .edit(|document| document["issuer"] = json!(format!("{AS}/")));
        let told = of(&run, "R07").expect("the issuer is literal");
        assert_eq!(told.what, CorrectedPart::Json);
        let document: Value = serde_json::from_str(&told.text).expect("it is JSON");
        assert_eq!(document["issuer"], json!(AS));
        assert!(document["token_endpoint"].is_string(), "the rest stays");
    }

    #[test]
    fn a_missing_header_and_a_missing_member_are_written_out() {
        let mut run = Run::healthy();
        run.token.drop_header("cache-control");
        let told = of(&run, "C01").expect("the header is literal");
        assert_eq!(
            (told.what, told.text.as_str()),
            (CorrectedPart::Header, "Cache-Control: no-store")
        );

        let mut run = Run::healthy();
        run.token.edit(|answer| {
            answer
                .as_object_mut()
                .expect("an object")
                .remove("token_type");
        });
        let told = of(&run, "T42").expect("the member is literal");
        assert_eq!(told.what, CorrectedPart::Member);
        assert_eq!(
            told.text, "\"token_type\": \"Bearer\"",
            "the token is left out"
        );
    }

    #[test]
    fn what_is_said_in_words_is_not_made_a_value() {
        let mut run = Run::healthy();
        run.token
            .edit(|answer| answer["expires_in"] = json!("3600"));
        assert_eq!(of(&run, "T45"), None);
    }
}
