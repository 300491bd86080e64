use serde_json::Value;
use trace::Purpose;

use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, object, text};
use crate::rule::{Findings, rule};
use crate::spec::{RFC8628_DEVICE_CODE, RFC8628_OK, RFC8628_VERIFICATION_URI};
use crate::wording::{answer_in_words, excerpt, is_http_url, list};

rule! {
    /// # What it looks at
    /// A successful device authorization answer: `device_code`, `user_code`, `verification_uri` and
    /// `expires_in` have to be in it.
    ///
    /// # Why it matters
    /// The user is shown the address and the code, and the client polls with the device code until
    /// they expire. Whichever is missing ends that.
    ///
    /// # How to fix
    /// Answer with all four. Some servers call the address `verification_url`, which clients do not
    /// look for. `interval` may be left out; clients wait 5 seconds then.
    ///
    /// # References
    /// RFC 8628 section 3.2.
    "DV1" "device_answer_incomplete" Error AuthorizationServer since None,
    title: "The device authorization answer lacks what it must have",
    variants: [
        OTHER_STATUS: Warning AuthorizationServer Certain
            "The device authorization answer comes with status {status} instead of 200",
    ],
    spec: [RFC8628_DEVICE_CODE, RFC8628_VERIFICATION_URI, RFC8628_OK],
    stops: [AuthorizationError],
    looks_at: [Device],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let last = reading
        .sent_for(|purpose| *purpose == Purpose::DeviceAuthorization)
        .last();
    let Some((seen, response)) = last.and_then(|seen| Some((seen, seen.response_with_body()?)))
    else {
        return;
    };
    if !(200..300).contains(&response.status) {
        return;
    }
    let answer = object(response).unwrap_or_default();
    // An error with a status of success is told as that.
    if text(&answer, "error").is_some() {
        return;
    }
    let has_text = |name: &str| {
        answer
            .get(name)
            .and_then(Value::as_str)
            .is_some_and(|text| !text.is_empty())
    };
    let mut missing: Vec<&str> = ["device_code", "user_code"]
        .into_iter()
        .filter(|name| !has_text(name))
        .collect();
    let uri = answer.get("verification_uri").and_then(Value::as_str);
    if !uri.is_some_and(is_http_url) {
        missing.push("verification_uri");
    }
    let lifetime = answer.get("expires_in").and_then(Value::as_f64);
    if !lifetime.is_some_and(|seconds| seconds > 0.0) {
        missing.push("expires_in");
    }
    let Some(first) = missing.first() else {
        if response.status != 200 {
            findings.add(other_status(seen, response.status));
        }
        return;
    };
    let misspelt = answer.contains_key("verification_url") && missing.contains(&"verification_uri");
    // The codes themselves are secrets.
    let there: Vec<String> = answer
        .iter()
        .take(12)
        .map(|(name, value)| match name.as_str() {
            "verification_uri" | "expires_in" => excerpt(&format!("\"{name}\": {value}")),
            name => excerpt(name),
        })
        .collect();
    let finding = RULE
        .found(match *first {
            "verification_uri" => RFC8628_VERIFICATION_URI,
            _ => RFC8628_DEVICE_CODE,
        })
        .at(seen.seq, Part::body(&format!("/{first}")))
        .message(if misspelt {
            "It says verification_url, an older spelling that clients do not look for.".to_owned()
        } else {
            format!("Clients cannot go on without {}.", list(&missing))
        })
        .expected("device_code, user_code, verification_uri and expires_in")
        .actual(match there.as_slice() {
            [] => answer_in_words(seen.exchange),
            there => format!("only {}", list(there)),
        })
        .fix(format!(
            "Put {} into the device authorization answer{}.",
            list(&missing),
            match *first {
                "verification_uri" => ", as an absolute URL",
                "expires_in" => ", as a number of seconds greater than zero",
                _ => ", as a string",
            }
        ));
    findings.add(finding);
}

fn other_status(seen: ExchangeRef<'_>, status: u16) -> Finding {
    RULE.found(RFC8628_OK)
        .variant(&OTHER_STATUS)
        .title_with([&status.to_string()])
        .at(seen.seq, Part::Status)
        .message(
            "This client goes on, since the codes are there. Strict clients take anything but 200 for \
             a failure.",
        )
        .expected("200")
        .actual(status.to_string())
        .fix("Answer a device authorization request with 200.")
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};
    use trace::{Purpose, Trace};

    use crate::sample::{Answer, Run, found_in, post, push_to_server};

    pub fn device(answer: &Answer) -> Trace {
        let mut trace = Run::healthy().trace();
        let form = [("client_id", "c1"), ("scope", "mcp")];
        let request = post("/device_authorization", &form);
        push_to_server(&mut trace, Purpose::DeviceAuthorization, request, answer);
        trace
    }

    pub fn whole() -> Value {
        json!({
            "device_code": "d", "user_code": "AB-CD", "verification_uri": "https://as.example/device",
            "expires_in": 300,
        })
    }

    #[test]
    fn a_whole_answer_with_another_status() {
        let created = found_in(&device(&Answer::json(201, whole())), "DV1").unwrap();
        assert_eq!(created.variant, "other_status");
        assert!(created.title.contains("201"));
        assert_eq!(found_in(&device(&Answer::json(200, whole())), "DV1"), None);
    }

    #[test]
    fn names_what_is_missing_and_the_old_spelling() {
        let mut body = whole();
        let uri = body
            .as_object_mut()
            .unwrap()
            .remove("verification_uri")
            .unwrap();
        let without = found_in(&device(&Answer::json(200, body.clone())), "DV1").unwrap();
        assert!(without.fix.contains("Put verification_uri into"));
        body["verification_url"] = uri;
        let old = found_in(&device(&Answer::json(200, body)), "DV1").unwrap();
        assert!(old.message.contains("older spelling"));
        assert!(found_in(&device(&Answer::html(200, "Login")), "DV1").is_some());
    }

    #[test]
    fn is_silent_without_interval_and_about_errors() {
        assert_eq!(found_in(&device(&Answer::json(200, whole())), "DV1"), None);
        assert_eq!(
            found_in(&device(&Answer::json(400, json!({"error": "x"}))), "DV1"),
            None
        );
    }
}
