use crate::finding::Part;
use crate::reading::{Reading, challenges, oauth_error, object, response_fields, text, value};
use crate::rule::{Findings, rule};
use crate::spec::{MCP_NO_OFFLINE_ACCESS, RFC6749_SCOPE_LIST};
use crate::wording::{excerpt, list};

rule! {
    /// # What it looks at
    /// `scope` in a challenge and `scopes_supported` in the resource metadata: spaces at the ends
    /// or in a row in the one, empty names or names with a space in the other; names separated by
    /// commas in both; `offline_access`, which is about refresh tokens and not about the MCP
    /// server.
    ///
    /// # Why it matters
    /// Many clients send on what they were given, and the authorization server then refuses the
    /// request with `invalid_scope`. Nobody sees the space.
    ///
    /// # How to fix
    /// Write scopes with one space between two of them, and each name of `scopes_supported` as a
    /// text of its own. Leave `offline_access` to the client.
    ///
    /// # References
    /// RFC 6749 section 3.3; MCP 2026-07-28 authorization, "Refresh Tokens".
    "A08" "scope_malformed" Warning McpServer since None,
    title: "A scope has an extra space",
    variants: [
        COMMAS: Warning McpServer Likely "Scopes are separated by commas",
        COMMAS_REFUSED: Error McpServer Likely "Scopes are separated by commas",
        CHARACTERS: Error McpServer Likely "A scope has a character that no scope may have",
        NOT_LISTED: Warning McpServer Likely
            "The MCP server names a scope that the authorization server does not list",
        OFFLINE_ACCESS: Warning McpServer Certain "The MCP server asks for offline_access",
        OFFLINE_ACCESS_REFUSED: Error McpServer Likely
            "The MCP server asks for offline_access, and the authorization server refuses it",
    ],
    spec: [RFC6749_SCOPE_LIST, MCP_NO_OFFLINE_ACCESS],
    looks_at: [Challenge],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    commas(reading, findings);
    characters(reading, findings);
    not_listed(reading, findings);
    offline_access(reading, findings);
    let calls = reading.first_calls.iter().chain(&reading.calls);
    let in_challenge = calls.into_iter().find_map(|call| {
        let all = challenges(call.response()?).ok()?;
        let scope = all.iter().find_map(|challenge| {
            challenge
                .parameter("scope")
                .filter(|scope| is_malformed(scope))
        })?;
        Some((
            call.seq,
            Part::response_header("WWW-Authenticate"),
            quoted(scope),
        ))
    });
    let in_metadata = || {
        let (attempt, metadata) = reading.resource_metadata()?;
        let names = metadata.scopes_supported.as_deref().unwrap_or_default();
        let odd = names
            .iter()
            .find(|name| name.is_empty() || name.contains(' '))?;
        Some((
            attempt.seen.seq,
            Part::body("/scopes_supported"),
            format!("{} in scopes_supported", quoted(odd)),
        ))
    };
    let Some((seq, part, actual)) = in_challenge.or_else(in_metadata) else {
        return;
    };
    let finding = RULE
        .found(RFC6749_SCOPE_LIST)
        .at(seq, part)
        .message(
            "This run removes the space. Clients that send the scope unchanged are refused with \
             invalid_scope.",
        )
        .expected("scope names with one space between two of them")
        .actual(actual)
        .fix("Remove the extra space, and write each scope of a list as a string of its own.");
    findings.add(finding);
}

/// Names with commas between them, where there is one name with commas in it.
fn commas(reading: &Reading<'_>, findings: &mut Findings) {
    let calls = reading.first_calls.iter().chain(&reading.calls);
    let in_challenge = calls.into_iter().find_map(|call| {
        let all = challenges(call.response()?).ok()?;
        let mut scopes = all
            .iter()
            .filter_map(|challenge| challenge.parameter("scope"));
        let odd = scopes.find_map(|scope| scope.split(' ').find(|name| is_list(name)))?;
        let part = Part::response_header("WWW-Authenticate");
        Some((call.seq, part, odd.to_owned()))
    });
    let in_metadata = || {
        let (attempt, metadata) = reading.resource_metadata()?;
        let mut names = metadata.scopes_supported.iter().flatten();
        let odd = names.find(|name| is_list(name))?;
        let part = Part::body("/scopes_supported");
        Some((attempt.seen.seq, part, odd.clone()))
    };
    let Some((seq, part, odd)) = in_challenge.or_else(in_metadata) else {
        return;
    };
    // A comma may be part of a name, if the authorization server says so.
    if reading
        .server_tries
        .iter()
        .any(|attempt| attempt.is_unread())
    {
        return;
    }
    let known = reading
        .server_metadata()
        .and_then(|(_, metadata)| metadata.scopes_supported.as_deref());
    if known.is_some_and(|known| known.contains(&odd)) {
        return;
    }
    let variant = if is_refused_for(reading, &odd) {
        &COMMAS_REFUSED
    } else {
        &COMMAS
    };
    let with_spaces = odd.replace(',', " ");
    let finding = RULE
        .found(RFC6749_SCOPE_LIST)
        .variant(variant)
        .at(seq, part)
        .message(
            "Scopes are separated by spaces, so clients read this as one scope with commas in its \
             name, ask for it, and are refused.",
        )
        .expected(format!("\"{}\"", excerpt(&with_spaces)))
        .actual(quoted(&odd))
        .fix(format!(
            "Put spaces between the scopes in the MCP server's settings: {}. In a JSON array each \
             is a string of its own.",
            excerpt(&with_spaces)
        ));
    findings.add(finding);
}

/// A quotation mark or a backslash in a scope, as of a list that was written as JSON.
fn characters(reading: &Reading<'_>, findings: &mut Findings) {
    let calls = reading.first_calls.iter().chain(&reading.calls);
    let has_one = |scope: &&str| scope.contains(['"', '\\']);
    let in_challenge = calls.into_iter().find_map(|call| {
        let all = challenges(call.response()?).ok()?;
        let mut scopes = all
            .iter()
            .filter_map(|challenge| challenge.parameter("scope"));
        let odd = scopes.find(has_one)?.to_owned();
        // As of a list that was written as JSON.
        let names: String = odd
            .chars()
            .map(|c| if "[]\"\\,".contains(c) { ' ' } else { c })
            .collect();
        let right = format!("scope=\"{}\"", excerpt(&names));
        let fix = format!(
            "Write {right} into the challenge: the names with one space between two of them, and no \
             JSON."
        );
        let part = Part::response_header("WWW-Authenticate");
        Some((call.seq, part, odd, right, fix))
    });
    let in_metadata = || {
        let (attempt, metadata) = reading.resource_metadata()?;
        let mut names = metadata.scopes_supported.iter().flatten();
        let odd = names.find(|name| has_one(&name.as_str()))?.clone();
        let name = odd.replace(['"', '\\'], "");
        let right = format!("\"{}\" in scopes_supported", excerpt(&name));
        let fix = format!(
            "Write {} into scopes_supported of the resource metadata.",
            excerpt(&name)
        );
        Some((
            attempt.seen.seq,
            Part::body("/scopes_supported"),
            odd,
            right,
            fix,
        ))
    };
    let Some((seq, part, odd, right, fix)) = in_challenge.or_else(in_metadata) else {
        return;
    };
    let finding = RULE
        .found(RFC6749_SCOPE_LIST)
        .variant(&CHARACTERS)
        .at(seq, part)
        .message(
            "The scope has a quotation mark or a backslash in it, as a list written as JSON has. \
             Clients ask for it as it stands, and the authorization server knows no such scope.",
        )
        .expected(right)
        .actual(format!("the scope {}", excerpt(&odd)))
        .fix(fix);
    findings.add(finding);
}

/// The scopes of OpenID Connect. A list with nothing else is not about what MCP servers need.
const OF_OPENID: [&str; 8] = [
    "openid",
    "profile",
    "email",
    "address",
    "phone",
    "groups",
    "roles",
    "offline_access",
];

/// A scope of the resource metadata that the authorization server has no part of: it lists scopes
/// of this kind, and not this one. Where it was granted all the same, the list is just not whole.
fn not_listed(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((attempt, metadata)) = reading.resource_metadata() else {
        return;
    };
    let Some(listed) = reading
        .server_metadata()
        .and_then(|(_, metadata)| metadata.scopes_supported.clone())
    else {
        return;
    };
    let named = metadata.scopes_supported.as_deref().unwrap_or_default();
    let of_kind = |scope: &&String| !OF_OPENID.contains(&scope.as_str());
    // Names in common show that the list is about these scopes.
    if !named
        .iter()
        .filter(of_kind)
        .any(|scope| listed.contains(scope))
    {
        return;
    }
    let granted = |scope: &str| {
        reading.tokens.iter().any(|(seen, _)| {
            let answer = seen.response().and_then(object).unwrap_or_default();
            text(&answer, "scope").is_some_and(|all| all.split(' ').any(|one| one == scope))
        })
    };
    let unknown: Vec<&str> = named
        .iter()
        .filter(of_kind)
        .map(String::as_str)
        .filter(|scope| !listed.iter().any(|known| known == scope) && !is_list(scope))
        .filter(|scope| !scope.trim().is_empty() && !scope.contains(' ') && !granted(scope))
        .collect();
    if unknown.is_empty() {
        return;
    }
    let unknown = list(&unknown);
    let finding = RULE
        .found(RFC6749_SCOPE_LIST)
        .variant(&NOT_LISTED)
        .at(attempt.seen.seq, Part::body("/scopes_supported"))
        .message(format!(
            "Clients that ask for all scopes of the resource metadata are refused with \
             invalid_scope, if the authorization server has no {}. A list may leave scopes out, so \
             it may know it all the same.",
            excerpt(&unknown)
        ))
        .expected(excerpt(&format!("scopes among {}", list(&listed))))
        .actual(excerpt(&format!(
            "{unknown}; the authorization server lists {}",
            list(&listed)
        )))
        .fix(format!(
            "Take {0} out of scopes_supported of the resource metadata, or create {0} at the \
             authorization server.",
            excerpt(&unknown)
        ));
    findings.add(finding);
}

/// The scope for a refresh token, which the client asks for where it wants one.
fn offline_access(reading: &Reading<'_>, findings: &mut Findings) {
    const NAME: &str = "offline_access";
    let calls = reading.first_calls.iter().chain(&reading.calls);
    let in_challenge = calls.into_iter().find_map(|call| {
        let all = challenges(call.response()?).ok()?;
        let mut scopes = all
            .iter()
            .filter_map(|challenge| challenge.parameter("scope"));
        let scope = scopes.find(|scope| scope.split(' ').any(|name| name == NAME))?;
        let part = Part::response_header("WWW-Authenticate");
        Some((call.seq, part, "scope of the challenge", quoted(scope)))
    });
    let in_metadata = || {
        let (attempt, metadata) = reading.resource_metadata()?;
        let names = metadata.scopes_supported.as_deref()?;
        names.iter().any(|name| name == NAME).then(|| {
            let part = Part::body("/scopes_supported");
            let place = "scopes_supported of the resource metadata";
            (attempt.seen.seq, part, place, excerpt(&list(names)))
        })
    };
    let Some((seq, part, place, actual)) = in_challenge.or_else(in_metadata) else {
        return;
    };
    // Until the MCP server has answered, the revision is assumed.
    let is_answered = reading.calls.iter().any(|call| call.status() == Some(200));
    let variant = if is_refused_by_name(reading, NAME) {
        &OFFLINE_ACCESS_REFUSED
    } else if reading.revision.is_modern() && is_answered {
        &OFFLINE_ACCESS
    } else {
        return;
    };
    let finding = RULE
        .found(MCP_NO_OFFLINE_ACCESS)
        .variant(variant)
        .at(seq, part)
        .message(
            "offline_access asks for a refresh token; no call to the MCP server needs it. Clients ask \
             for what the MCP server names, and an authorization server that has no such scope, or \
             not for this client, refuses the login.",
        )
        .expected(format!("{place} without {NAME}"))
        .actual(actual)
        .fix(format!(
            "Take {NAME} out of {place}. Clients add it themselves where the authorization server \
             lists it."
        ));
    findings.add(finding);
}

/// Whether a registration or a login was refused in words that name this scope.
fn is_refused_by_name(reading: &Reading<'_>, scope: &str) -> bool {
    let registrations = reading.registrations.iter().any(|seen| {
        let response = seen.response().filter(|response| response.status >= 400);
        let error = response.and_then(oauth_error);
        error.is_some_and(|error| error.words().contains(scope))
    });
    registrations
        || reading.callbacks.iter().any(|callback| {
            let fields = response_fields(callback.request());
            value(&fields, "error") == Some("invalid_scope")
                && value(&fields, "error_description").is_some_and(|said| said.contains(scope))
        })
}

fn is_list(name: &str) -> bool {
    name.contains(',') && name.split(',').all(|part| !part.is_empty())
}

/// Whether a request with this scope was refused, and the refusal speaks of scopes.
fn is_refused_for(reading: &Reading<'_>, scope: &str) -> bool {
    let speaks = |text: &str| {
        let text = text.to_ascii_lowercase();
        text.contains("scope") || text.contains(&scope.to_ascii_lowercase())
    };
    let tokens = reading.tokens.iter().map(|(seen, _)| seen);
    let mut answers = reading.registrations.iter().chain(tokens);
    let answered = answers.any(|seen| {
        seen.response()
            .is_some_and(|response| response.status >= 400 && response.text().is_some_and(speaks))
    });
    answered
        || reading.callbacks.iter().any(|callback| {
            let fields = response_fields(callback.request());
            value(&fields, "error").is_some_and(speaks)
        })
}

fn is_malformed(scope: &str) -> bool {
    !scope.is_empty() && scope.split(' ').any(str::is_empty)
}

/// With the spaces that it is about.
fn quoted(scope: &str) -> String {
    match scope.len() {
        0..=120 => format!("\"{scope}\""),
        _ => excerpt(scope),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Phase, Revision, StopCode};

    use crate::sample::{Answer, Run};

    fn challenged(scope: &str) -> Run {
        let mut run = Run::healthy();
        for header in &mut run.challenge.headers {
            header.value = header
                .value
                .replace("scope=\"mcp\"", &format!("scope=\"{scope}\""));
        }
        run
    }

    #[test]
    fn a_list_that_was_written_as_json() {
        let finding = challenged("[\\\"mcp\\\"]").finding("A08");
        assert_eq!(finding.variant, "characters");
        assert!(finding.fix.contains("scope=\"mcp\""), "{}", finding.fix);
        assert!(challenged("mcp:read mcp/write").is_silent("A08"));
        let mut run = Run::healthy();
        run.resource_tries[0]
            .2
            .edit(|metadata| metadata["scopes_supported"] = json!(["mcp", "mcp:\"write\""]));
        let finding = run.finding("A08");
        assert_eq!(finding.variant, "characters");
        assert!(finding.fix.contains("mcp:write"), "{}", finding.fix);
    }

    #[test]
    fn spaces_are_shown_where_they_are() {
        assert_eq!(
            challenged(" mcp").finding("A08").actual.as_deref(),
            Some("\" mcp\"")
        );
        assert_eq!(challenged("a  b").found(), ["A08"]);
        let mut run = Run::healthy();
        run.resource_tries[0]
            .2
            .edit(|metadata| metadata["scopes_supported"] = json!(["mcp", "a b"]));
        let actual = run.finding("A08").actual;
        assert_eq!(actual.as_deref(), Some("\"a b\" in scopes_supported"));
    }

    #[test]
    fn commas_are_told_and_are_the_cause_of_a_refusal() {
        let mut run = challenged("mcp:read,mcp:write");
        assert_eq!(run.finding("A08").variant, "commas");
        run.registration.as_mut().unwrap().1 = Answer::json(
            400,
            json!({"error": "invalid_client_metadata", "error_description": "unknown scope"}),
        );
        run.stop(Phase::Registration, StopCode::RegistrationRejected);
        assert_eq!(run.finding("A08").variant, "commas_refused");
        assert_eq!(run.found()[0], "A08");
        let mut known = challenged("a,b");
        known.server_tries[0]
            .2
            .edit(|metadata| metadata["scopes_supported"] = json!(["a,b"]));
        assert!(known.is_silent("A08"));
    }

    #[test]
    fn a_scope_that_is_in_neither_the_list_nor_the_grant() {
        let with = |named: serde_json::Value, listed: serde_json::Value| {
            let mut run = Run::healthy();
            run.resource_tries[0]
                .2
                .edit(|document| document["scopes_supported"] = named);
            run.server_tries[0]
                .2
                .edit(|document| document["scopes_supported"] = listed);
            run
        };
        let found = with(json!(["a", "b"]), json!(["a", "c"])).finding("A08");
        assert!(found.actual.unwrap().starts_with("b; "));
        // Nothing in common, or nothing but OpenID Connect: another kind of list.
        assert!(with(json!(["b"]), json!(["openid", "c"])).is_silent("A08"));
        assert!(with(json!(["openid", "b"]), json!(["openid", "email"])).is_silent("A08"));
    }

    #[test]
    fn offline_access_is_for_the_client_to_ask_for() {
        let newest = |scope: &str| {
            let mut run = challenged(scope);
            run.revision = Revision::R20260728;
            run
        };
        let finding = newest("mcp offline_access").finding("A08");
        assert_eq!(finding.variant, "offline_access");
        assert!(newest("mcp").is_silent("A08"));
        // Before 2026-07-28 nothing says that it must not be there.
        assert!(challenged("mcp offline_access").is_silent("A08"));
        let mut listed = Run::healthy();
        listed.revision = Revision::R20260728;
        listed.resource_tries[0]
            .2
            .edit(|metadata| metadata["scopes_supported"] = json!(["mcp", "offline_access"]));
        assert_eq!(listed.finding("A08").variant, "offline_access");
        let mut refused = challenged("mcp offline_access");
        refused.registration.as_mut().unwrap().1 = Answer::json(
            400,
            json!({"error": "invalid_client_metadata", "error_description": "no scope offline_access"}),
        );
        refused.stop(Phase::Registration, StopCode::RegistrationRejected);
        assert_eq!(refused.finding("A08").variant, "offline_access_refused");
        assert_eq!(refused.found()[0], "A08");
    }

    #[test]
    fn is_silent_about_lists_as_they_should_be() {
        assert!(challenged("a b").is_silent("A08"));
        assert!(challenged("").is_silent("A08"));
    }
}
