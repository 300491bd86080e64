use serde_json::Value;
use trace::{Document, Purpose, TokenKind};

use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, TokenUse, form, jwt, object, text, value};
use crate::rule::{Findings, rule};
use crate::spec::RFC7662_ACTIVE;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// An access token that introspection calls inactive, while the MCP server takes it and nobody
    /// revoked it; and answers whose times, client, audience or scope are not those of the token.
    ///
    /// # Why it matters
    /// Either the two do not agree about the token, and then servers that introspect refuse what
    /// others take; or the one who asked may not know about this token, which is answered in the
    /// same way.
    ///
    /// # How to fix
    /// Allow who asks to introspect tokens of this audience. Otherwise look at whether
    /// introspection knows JWT access tokens at all.
    ///
    /// # References
    /// RFC 7662 section 2.2.
    "V03" "introspection_disagrees" Warning AuthorizationServer Likely since None,
    title: "Introspection calls a token inactive that the MCP server takes",
    variants: [
        CONTRADICTS: Warning AuthorizationServer Likely
            "Introspection calls a token active and says in {member} that it cannot be",
        OTHER_TOKEN: Warning AuthorizationServer Likely
            "{member} of the introspection answer does not fit the token that was issued",
    ],
    spec: [RFC7662_ACTIVE],
    looks_at: [Introspection],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let differing = asked_about(reading).find(|seen| {
        let active = seen
            .response()
            .filter(|response| response.status == 200)
            .and_then(object)
            .and_then(|answer| answer.get("active")?.as_bool());
        let sent = form(seen.request());
        let Some(token) = value(sent, "token").filter(|_| active == Some(false)) else {
            return false;
        };
        // Without a time it may have been.
        let expired = jwt(token)
            .ok()
            .and_then(|jwt| jwt.seconds("exp"))
            .is_some_and(|exp| seen.time().is_none_or(|at| exp <= at.seconds()));
        let dead = expired || reading.killed_on_the_way(0, seen.seq);
        let accepted = matches!(reading.use_of(token, 0), TokenUse::Accepted);
        // A later 401 shows that it died in between.
        let refused = reading.refused_before(token, seen.seq);
        accepted && !dead && !refused
    });
    let Some(seen) = differing else {
        let odd = asked_about(reading).find_map(|seen| odd(reading, seen));
        odd.into_iter().for_each(|finding| findings.add(finding));
        return;
    };
    let finding = RULE
        .found(RFC7662_ACTIVE)
        .at(seen.seq, Part::body("/active"))
        .message(
            "The MCP server took this very token. Most likely who asked may not introspect it, \
             which is answered active: false as well; or introspection knows other tokens than \
             those that are issued.",
        )
        .expected("active: true")
        .actual("active: false")
        .fix(
            "Allow this client to introspect tokens for the MCP server, or ask with the MCP \
             server's own credentials. If it may already, let introspection know the tokens that \
             are issued.",
        );
    findings.add(finding);
}

fn asked_about<'a, 'r>(reading: &'r Reading<'a>) -> impl Iterator<Item = ExchangeRef<'a>> + 'r {
    let token = TokenKind::AccessToken;
    reading.sent_for(move |purpose| *purpose == Purpose::Introspection { token })
}

/// What an answer about a living access token says that cannot be so.
fn odd(reading: &Reading<'_>, seen: ExchangeRef<'_>) -> Option<Finding> {
    /// What clocks may differ by.
    const LEEWAY: f64 = 60.0;
    let response = seen.response().filter(|response| response.status == 200)?;
    let answer = object(response)?;
    if answer.get("active")?.as_bool() != Some(true) {
        return None;
    }
    let now = seen.time()?.seconds() as f64;
    let moment = |name: &str| answer.get(name).and_then(Value::as_f64);
    // Milliseconds are told as what they are.
    let future = |name: &str| {
        moment(name).is_some_and(|at| at > now + LEEWAY && at < crate::members::LAST_MOMENT)
    };
    let past = moment("exp").is_some_and(|at| at < now - LEEWAY);
    let contradicts =
        |name: &str, why: &str| {
            RULE.found(RFC7662_ACTIVE)
            .variant(&CONTRADICTS)
            .title_with([name])
            .at(seen.seq, Part::body(&format!("/{name}")))
            .message(format!("{why} A server that looks at {name} refuses the token."))
            .expected(format!("{name} of a token that is alive at {now}"))
            .actual(shown(&answer, name))
            .fix(format!(
                "Answer active: false for a token whose time has not come or is over, and write \
                 {name} in seconds since 1970, by the same clock as the rest."
            ))
        };
    if past {
        return Some(contradicts("exp", "By its exp it has expired long ago."));
    }
    if let Some(name) = ["iat", "nbf"].into_iter().find(|name| future(name)) {
        return Some(contradicts(name, "It is of a time that has not come yet."));
    }
    let other = |name: &str, expected: String| {
        RULE.found(RFC7662_ACTIVE)
            .variant(&OTHER_TOKEN)
            .title_with([name])
            .at(seen.seq, Part::body(&format!("/{name}")))
            .message(format!(
                "An MCP server that asks here about each token, and compares {name}, refuses it."
            ))
            .expected(expected)
            .actual(shown(&answer, name))
            .fix(format!(
                "Let introspection answer with the {name} that the token was issued with."
            ))
    };
    if let (Some(named), Some(ours)) = (text(&answer, "client_id"), client_id(reading, seen))
        && named != ours
    {
        return Some(other("client_id", format!("client_id {}", excerpt(&ours))));
    }
    if let (Some(named), Some(issuer)) = (text(&answer, "iss"), reading.issuer())
        && named.trim_end_matches('/') != issuer.trim_end_matches('/')
    {
        return Some(other("iss", format!("iss {}", excerpt(issuer))));
    }
    let asked = reading.resource_asked_for(reading.tokens.last()?.0);
    if let (Some(audience), Some(resource)) = (answer.get("aud"), asked) {
        let named: Vec<&str> = match audience {
            Value::Array(all) => all.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect(),
        };
        let same = |one: &&str| one.trim_end_matches('/') == resource.trim_end_matches('/');
        // What is not a URL may be the name by which both sides know the server.
        let elsewhere = named
            .iter()
            .all(|one| trace::origin_of(one).is_some() && !same(one));
        if !named.is_empty() && elsewhere {
            return Some(other("aud", format!("aud {}", excerpt(&resource))));
        }
    }
    let granted = granted_scope(reading, seen)?;
    let told = text(&answer, "scope").filter(|told| !told.trim().is_empty())?;
    let shared = told
        .split_whitespace()
        .any(|scope| granted.split_whitespace().any(|one| one == scope));
    (!shared).then(|| other("scope", format!("scope \"{}\"", excerpt(&granted))))
}

fn shown(answer: &Document, name: &str) -> String {
    let value = answer.get(name).map(ToString::to_string);
    excerpt(&format!("\"{name}\": {}", value.unwrap_or_default()))
}

/// The client that the access token was issued to.
fn client_id(reading: &Reading<'_>, seen: ExchangeRef<'_>) -> Option<String> {
    let (_, asked) = reading.authorization_before(seen.seq)?;
    value(asked, "client_id").map(str::to_owned)
}

/// The scope of the last access token: that of its answer, or else what was asked for.
fn granted_scope(reading: &Reading<'_>, seen: ExchangeRef<'_>) -> Option<String> {
    let (issued, _) = reading
        .tokens
        .iter()
        .rev()
        .find(|(token, _)| token.seq < seen.seq)?;
    let answer = object(issued.response()?)?;
    let told = text(&answer, "scope").map(str::to_owned);
    told.or_else(|| reading.scope_asked_for(issued.seq))
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};
    use trace::{ActionKind, Decision, Purpose, TokenKind, Trace};

    use crate::sample::{Answer, Run, access_jwt, decide, found_in, post, push_to_server};

    pub fn introspected(trace: &mut Trace, credentials: Option<&str>, body: Value) {
        let jwt = access_jwt(json!("https://mcp.example/mcp"));
        let token = TokenKind::AccessToken;
        let mut request = post("/introspect", &[("token", &jwt), ("client_id", "c1")]);
        if let Some(credentials) = credentials {
            request = request.header("authorization", credentials);
        }
        push_to_server(
            trace,
            Purpose::Introspection { token },
            request,
            &Answer::json(200, body),
        );
    }

    #[test]
    fn inactive_though_it_was_taken() {
        let mut trace = Run::healthy().trace();
        introspected(&mut trace, Some("Basic YTpi"), json!({"active": false}));
        assert!(found_in(&trace, "V03").is_some());
    }

    #[test]
    fn is_silent_after_a_revocation_and_when_it_is_active() {
        let mut trace = Run::healthy().trace();
        introspected(&mut trace, Some("Basic YTpi"), json!({"active": true}));
        let action = ActionKind::Revoke;
        decide(&mut trace, Decision::Action { action });
        introspected(&mut trace, Some("Basic YTpi"), json!({"active": false}));
        assert_eq!(found_in(&trace, "V03"), None);
    }

    #[test]
    fn an_active_token_that_cannot_be_or_is_another_one() {
        let answered = |body: Value| {
            let mut trace = Run::healthy().trace();
            introspected(&mut trace, Some("Basic YTpi"), body);
            found_in(&trace, "V03")
        };
        let later = 4_000_000_000_u64;
        for (body, member, variant) in [
            (
                json!({"active": true, "exp": 1_000_000_000}),
                "exp",
                "contradicts",
            ),
            (json!({"active": true, "nbf": later}), "nbf", "contradicts"),
            (json!({"active": true, "iat": later}), "iat", "contradicts"),
            (
                json!({"active": true, "client_id": "other"}),
                "client_id",
                "other_token",
            ),
            (
                json!({"active": true, "aud": "https://other.example"}),
                "aud",
                "other_token",
            ),
        ] {
            let finding = answered(body).unwrap();
            assert!(finding.title.contains(member), "{}", finding.title);
            assert_eq!(finding.variant, variant);
        }
        for body in [
            json!({"active": true, "exp": later, "client_id": "c1"}),
            json!({"active": true, "aud": ["https://other.example", "https://mcp.example/mcp"]}),
            json!({"active": true, "aud": "an-api"}),
            json!({"active": false, "exp": 1_000_000_000, "client_id": "other"}),
        ] {
            let inactive = body["active"] == json!(false);
            assert!(answered(body).is_none_or(|found| inactive && found.variant == "default"));
        }
    }

    #[test]
    fn a_scope_that_was_not_granted() {
        let answered = |scope: &str| {
            let mut run = Run::healthy();
            run.token.edit(|token| token["scope"] = json!("read write"));
            let mut trace = run.trace();
            introspected(&mut trace, None, json!({"active": true, "scope": scope}));
            found_in(&trace, "V03")
        };
        assert_eq!(answered("profile").unwrap().variant, "other_token");
        assert_eq!(answered("write"), None);
        assert_eq!(answered(""), None);
    }
}
