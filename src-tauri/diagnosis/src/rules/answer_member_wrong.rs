use trace::Purpose;

use crate::answer_tables::{DEVICE, INTROSPECTION, USERINFO};
use crate::finding::Part;
use crate::members::problems;
use crate::reading::{ExchangeRef, Reading};
use crate::rule::{Findings, rule};
use crate::spec::{
    MCP_INITIALIZE_RESULT, MCP_SESSION_ID, MCP_STRUCTURED_RESULT, MCP_TOOL, MCP_TOOL_NAMES,
    OIDC_EMAIL_VERIFIED, OIDC_USERINFO_SUB, RFC7517_KID, RFC7517_KTY, RFC7591_REGISTERED,
    RFC7591_SECRET_EXPIRES, RFC7662_ACTIVE, RFC8628_INTERVAL, RFC8628_VERIFICATION_URI,
};
use held::{Held, answered, registered};

mod held;
mod key_set;
mod results;
mod session_id;
mod tools;

rule! {
    /// # What it looks at
    /// The members of answers besides metadata and tokens: times and URLs of a registration,
    /// introspection, userinfo, the device authorization, the keys of a key set, the results of
    /// `initialize`, `server/discover`, `tools/list` and `tools/call`, and the session id.
    ///
    /// # Why it matters
    /// This client reads what it needs and passes over the rest. Clients with a schema refuse the
    /// whole answer for one member of the wrong kind, and say no more than that it is invalid.
    ///
    /// # How to fix
    /// Write the member as its specification has it: a flag is `true` or `false` without quotes, a
    /// time a number of seconds, `capabilities` an object.
    ///
    /// # References
    /// RFC 7662 section 2.2; OpenID Connect Core 1.0 section 5.3.2; RFC 7517 section 4.1; MCP
    /// lifecycle and tools.
    "B03" "answer_member_wrong" Warning AuthorizationServer since None,
    title: "{member} in {document} is not valid",
    variants: [
        BY_MCP_SERVER: Warning McpServer Certain "{member} in {document} is not valid",
        SESSION_ID: Error McpServer Certain "{header} from the MCP server is not valid",
        DRAFT: Warning McpServer Certain
            "initialize answers with a draft of the specification, {revision}",
        TOOL_NAME: Warning McpServer Certain "The name of a tool has characters that clients refuse",
        NOT_STRUCTURED: Error McpServer Certain
            "The tool {tool} does not answer what its outputSchema promises",
    ],
    spec: [
        RFC7662_ACTIVE, OIDC_EMAIL_VERIFIED, OIDC_USERINFO_SUB, RFC7517_KID, RFC7517_KTY, RFC7591_REGISTERED, RFC7591_SECRET_EXPIRES,
        MCP_INITIALIZE_RESULT, MCP_TOOL, MCP_TOOL_NAMES, MCP_STRUCTURED_RESULT, RFC8628_INTERVAL, RFC8628_VERIFICATION_URI, MCP_SESSION_ID,
    ],
    looks_at: [Request],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut told: Vec<(&str, &str)> = Vec::new();
    let mut seen_results: Vec<&str> = Vec::new();
    let of_session_id = || RULE.found(MCP_SESSION_ID).variant(&SESSION_ID);
    let mut exchanges = reading.all.iter();
    let session = exchanges.find_map(|seen| session_id::wrong(*seen, of_session_id));
    let draft = RULE.found(MCP_INITIALIZE_RESULT).variant(&DRAFT);
    let structured = RULE.found(MCP_STRUCTURED_RESULT).variant(&NOT_STRUCTURED);
    [
        results::draft(reading, draft),
        session.or_else(|| session_id::changed(reading, of_session_id)),
        tools::not_structured(reading, structured),
    ]
    .into_iter()
    .flatten()
    .for_each(|finding| findings.add(finding));
    for seen in &reading.all {
        match &seen.exchange.purpose {
            Purpose::Introspection { .. } => {
                let part = answered(*seen, "the introspection answer", INTROSPECTION);
                tell(*seen, part, &mut told, findings);
            }
            Purpose::Userinfo => {
                let part = answered(*seen, "the userinfo answer", USERINFO);
                tell(*seen, part, &mut told, findings);
            }
            Purpose::DeviceAuthorization => {
                let part = answered(*seen, "the device authorization answer", DEVICE);
                tell(*seen, part, &mut told, findings);
            }
            Purpose::Registration => {
                let part = registered(*seen);
                tell(*seen, part, &mut told, findings);
            }
            Purpose::Jwks => {
                for part in key_set::keys(*seen) {
                    tell(*seen, Some(part), &mut told, findings);
                }
                if let Some(finding) = key_set::two_of_a_kid(*seen, RULE.found(RFC7517_KID)) {
                    findings.add(finding);
                }
            }
            Purpose::Challenge { method } | Purpose::Mcp { method } => {
                // A server answers a method in one way; to read each answer would take long.
                if seen_results.contains(&method.as_str()) {
                    continue;
                }
                let parts = results::of_result(*seen, method, reading.revision);
                if !parts.is_empty() {
                    seen_results.push(method);
                    let finding = RULE.found(MCP_TOOL).variant(&BY_MCP_SERVER);
                    let name = RULE.found(MCP_TOOL_NAMES).variant(&TOOL_NAME);
                    [
                        results::two_of_a_name(*seen, method, finding),
                        tools::odd_name(*seen, method, name),
                    ]
                    .into_iter()
                    .flatten()
                    .for_each(|finding| findings.add(finding));
                }
                for part in parts {
                    tell(*seen, Some(part), &mut told, findings);
                }
            }
            _ => {}
        }
    }
}

/// Reports what is wrong with a document, each member of each kind of document once.
fn tell(
    seen: ExchangeRef<'_>,
    held: Option<Held>,
    told: &mut Vec<(&'static str, &'static str)>,
    findings: &mut Findings,
) {
    let Some(held) = held else {
        return;
    };
    for problem in problems(held.table, &held.members) {
        if told.contains(&(held.document, problem.name)) {
            continue;
        }
        told.push((held.document, problem.name));
        let finding = RULE.found(problem.spec);
        let finding = if held.by_mcp_server {
            finding.variant(&BY_MCP_SERVER)
        } else {
            finding
        };
        findings.add(
            finding
                .title_with([problem.name, held.document])
                .at(
                    seen.seq,
                    Part::body(&format!("{}/{}", held.pointer, problem.name)),
                )
                .message(
                    "This client passes over it. Clients with a schema refuse the whole answer, and \
                     say that it is invalid.",
                )
                .fix(if problem.missing {
                    format!("Add {}.", problem.expected)
                } else {
                    format!("Send {} instead of {}.", problem.expected, problem.actual)
                })
                .expected(problem.expected)
                .actual(problem.actual),
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Purpose, Request, TokenKind, Trace};

    use crate::finding::{Finding, Owner};
    use crate::sample::{AS, Answer, MCP, Run, found_in, push_to_server};

    fn asked(purpose: Purpose, body: serde_json::Value) -> Option<Finding> {
        let mut trace: Trace = Run::healthy().trace();
        let request = Request::new("GET", format!("{AS}/asked"));
        push_to_server(&mut trace, purpose, request, &Answer::json(200, body));
        found_in(&trace, "B03")
    }

    fn introspected(body: serde_json::Value) -> Option<Finding> {
        let token = TokenKind::AccessToken;
        asked(Purpose::Introspection { token }, body)
    }

    #[test]
    fn members_of_the_wrong_kind() {
        for (body, member) in [
            (json!({"active": "true"}), "active"),
            (json!({}), "active"),
            (json!({"active": true, "exp": "soon"}), "exp"),
            (json!({"active": true, "scope": ["a"]}), "scope"),
        ] {
            assert!(
                introspected(body).unwrap().title.starts_with(member),
                "{member}"
            );
        }
        assert!(asked(Purpose::Userinfo, json!({"sub": 7})).is_some());
        let verified = json!({"sub": "alice", "email_verified": "true"});
        assert!(asked(Purpose::Userinfo, verified).is_some());
        let key = asked(Purpose::Jwks, json!({"keys": [{"kid": "a"}]})).unwrap();
        assert!(key.fix.contains("kty"), "{}", key.fix);
        let key = asked(
            Purpose::Jwks,
            json!({"keys": [{"kty": "RSA", "e": "AQAB"}]}),
        )
        .unwrap();
        assert!(key.title.starts_with("n in"), "{}", key.title);
    }

    #[test]
    fn results_of_the_mcp_server() {
        let mut run = Run::healthy();
        run.calls[0].edit(|answer| answer["result"]["capabilities"] = json!([]));
        let finding = run.finding("B03");
        assert_eq!(finding.owner, Owner::McpServer);
        assert!(finding.title.contains("capabilities"), "{}", finding.title);
        let mut run = Run::healthy();
        run.calls[1].edit(|answer| answer["result"]["tools"] = json!([{"name": "echo"}]));
        assert!(run.finding("B03").title.contains("inputSchema"));
        for (member, result) in [
            (
                "inputSchema",
                json!({"tools": [{"name": "echo", "inputSchema": {"type": "string"}}]}),
            ),
            ("nextCursor", json!({"tools": [], "nextCursor": 3})),
            (
                "outputSchema",
                json!({"tools": [tool(json!({"outputSchema": {"type": "string"}}))]}),
            ),
            (
                "readOnlyHint",
                json!({"tools": [tool(json!({"annotations": {"readOnlyHint": "true"}}))]}),
            ),
            ("title", json!({"tools": [tool(json!({"title": null}))]})),
        ] {
            let mut run = Run::healthy();
            run.calls[1].edit(|answer| answer["result"] = result);
            assert!(run.finding("B03").title.contains(member), "{member}");
        }
        let mut run = Run::healthy();
        run.calls[0].edit(|answer| answer["result"]["protocolVersion"] = json!("1.0"));
        assert!(run.finding("B03").title.contains("protocolVersion"));
        run.calls[0].edit(|answer| answer["result"]["protocolVersion"] = json!("2030-01-01"));
        assert!(run.is_silent("B03"));
    }

    fn tool(more: serde_json::Value) -> serde_json::Value {
        let mut tool = json!({"name": "echo", "inputSchema": {"type": "object"}});
        for (name, value) in more.as_object().unwrap() {
            tool[name] = value.clone();
        }
        tool
    }

    #[test]
    fn names_that_clients_refuse() {
        let with = |name: &str| {
            let mut run = Run::healthy();
            let tools = json!({"tools": [tool(json!({"name": name}))]});
            run.calls[1].edit(|answer| answer["result"] = tools);
            run
        };
        for name in ["say hello", "a,b", "größe", &"a".repeat(129)] {
            assert_eq!(with(name).finding("B03").variant, "tool_name", "{name}");
        }
        for name in ["sayHello", "say-hello_2.0", "admin/say"] {
            assert!(with(name).is_silent("B03"), "{name}");
        }
    }

    #[test]
    fn a_tool_that_does_not_keep_its_promise() {
        let told = |result: serde_json::Value| {
            let mut run = Run::healthy();
            let promise = json!({"outputSchema": {"type": "object"}});
            let tools = json!({"tools": [tool(promise)]});
            run.calls[1].edit(|answer| answer["result"] = tools);
            let mut trace = run.trace();
            let body = json!({"jsonrpc": "2.0", "id": 3, "method": "tools/call",
                "params": {"name": "echo"}});
            let request = Request::new("POST", MCP).body(body.to_string());
            let method = "tools/call".to_owned();
            let answer = json!({"jsonrpc": "2.0", "id": 3, "result": result});
            push_to_server(
                &mut trace,
                Purpose::Mcp { method },
                request,
                &Answer::json(200, answer),
            );
            found_in(&trace, "B03").map(|finding| (finding.variant, finding.title))
        };
        let content = json!([{"type": "text", "text": "a"}]);
        let (variant, _) = told(json!({"content": content})).unwrap();
        assert_eq!(variant, "not_structured");
        assert_eq!(told(json!({"content": content, "isError": true})), None);
        assert_eq!(
            told(json!({"content": content, "structuredContent": {}})),
            None
        );
        for (part, member) in [
            (json!({"type": "text", "text": 7}), "text"),
            (json!({"type": "image", "data": "aGk="}), "mimeType"),
            (json!({"type": "resource_link", "uri": "file:///a"}), "name"),
        ] {
            let (_, title) = told(json!({"content": [part], "structuredContent": {}})).unwrap();
            assert!(title.starts_with(member), "{title}");
        }
        let own = json!({"content": [{"type": "own"}], "structuredContent": {}});
        assert_eq!(told(own), None);
    }

    #[test]
    fn an_ability_is_an_object() {
        let mut run = Run::healthy();
        run.calls[0].edit(|answer| answer["result"]["capabilities"] = json!({"tools": true}));
        assert!(run.finding("B03").title.starts_with("tools in the cap"));
        let lawful = json!({"tools": {}, "own": true});
        run.calls[0].edit(|answer| answer["result"]["capabilities"] = lawful);
        assert!(run.is_silent("B03"));
    }

    #[test]
    fn times_of_a_registration() {
        let with = |value: serde_json::Value| {
            let mut run = Run::healthy();
            let answer = &mut run.registration.as_mut().unwrap().1;
            answer.edit(|answer| answer["client_secret_expires_at"] = value);
            run
        };
        let finding = with(json!("2027-01-01T00:00:00Z")).finding("B03");
        assert!(
            finding.title.contains("client_secret_expires_at"),
            "{}",
            finding.title
        );
        assert!(with(json!(null)).is_silent("B03"));
        assert!(with(json!(0)).is_silent("B03"));
    }

    #[test]
    fn a_registration_without_its_redirect_uris() {
        let mut run = Run::healthy();
        let (asked, answer) = run.registration.as_mut().unwrap();
        answer.edit(|answer| answer["redirect_uris"] = serde_json::Value::Null);
        asked["redirect_uris"] = json!([crate::sample::REDIRECT]);
        let finding = run.finding("B03");
        assert!(
            finding.title.starts_with("redirect_uris"),
            "{}",
            finding.title
        );
        // Other grants have none to ask for.
        let (asked, _) = run.registration.as_mut().unwrap();
        *asked = json!({"token_endpoint_auth_method": "none"});
        assert!(run.is_silent("B03"));
        let (asked, answer) = run.registration.as_mut().unwrap();
        *asked = json!({"redirect_uris": [crate::sample::REDIRECT]});
        answer.edit(|answer| answer["redirect_uris"] = json!([crate::sample::REDIRECT]));
        assert!(run.is_silent("B03"));
    }

    #[test]
    fn urls_of_a_registration() {
        let with = |member: &str, value: serde_json::Value| {
            let mut run = Run::healthy();
            let answer = &mut run.registration.as_mut().unwrap().1;
            answer.edit(|answer| answer[member] = value);
            run
        };
        let finding = with("client_uri", json!("")).finding("B03");
        assert!(finding.title.contains("client_uri"), "{}", finding.title);
        assert!(with("logo_uri", json!("https://client.example/logo.png")).is_silent("B03"));
        assert!(with("client_name", json!("")).is_silent("B03"));
    }

    #[test]
    fn is_silent_about_what_is_right_or_left_out() {
        for body in [
            json!({"active": false}),
            json!({"active": true, "exp": 1_790_000_000, "scope": "a b", "own": {"x": 1}}),
        ] {
            assert_eq!(introspected(body), None);
        }
        assert_eq!(
            asked(Purpose::Userinfo, json!({"sub": "alice", "email": 5})),
            None
        );
        let keys = |kids: [&str; 2], e: &str| {
            let [a, b] = kids;
            let key = |kid: &str, e: &str| json!({"kty": "RSA", "kid": kid, "n": "AQ", "e": e});
            asked(Purpose::Jwks, json!({"keys": [key(a, "AQAB"), key(b, e)]}))
        };
        assert!(keys(["a", "a"], "Aw").unwrap().title.starts_with("kid"));
        assert_eq!(keys(["a", "a"], "AQAB"), None);
        assert_eq!(keys(["a", "b"], "Aw"), None);
        assert_eq!(
            asked(Purpose::Jwks, json!({"keys": [{"kty": "AKP"}]})),
            None
        );
    }

    #[test]
    fn a_draft_in_answer_to_a_released_revision() {
        let mut run = Run::healthy();
        run.calls[0].edit(|answer| answer["result"]["protocolVersion"] = json!("DRAFT-2026-v1"));
        assert_eq!(run.finding("B03").variant, "draft");
    }

    #[test]
    fn a_session_id_that_clients_cannot_send_back() {
        let with = |ids: &[&str]| {
            let mut run = Run::healthy();
            for id in ids {
                run.calls[0] = run.calls[0].clone().header("Mcp-Session-Id", id);
            }
            run
        };
        for ids in [&["a b"][..], &[""], &["a", "b"], &["ü"]] {
            assert_eq!(with(ids).finding("B03").variant, "session_id", "{ids:?}");
        }
        for ids in [&[][..], &["2f1c-77"], &["a", "a"]] {
            assert!(with(ids).is_silent("B03"), "{ids:?}");
        }
    }

    #[test]
    fn a_session_id_that_changes() {
        const NAME: &str = "Mcp-Session-Id";
        let told = |method: &str, sent: &str, got: Option<&str>| {
            let mut trace = Run::healthy().trace();
            let body = json!({"jsonrpc": "2.0", "id": 3, "method": method});
            let request = Request::new("POST", MCP)
                .header(NAME, sent)
                .body(body.to_string());
            let answer = Answer::json(200, json!({"jsonrpc": "2.0", "id": 3, "result": {}}));
            let answer = match got {
                Some(got) => answer.header(NAME, got),
                None => answer,
            };
            let method = method.to_owned();
            push_to_server(&mut trace, Purpose::Mcp { method }, request, &answer);
            found_in(&trace, "B03")
                .filter(|finding| finding.variant == "session_id")
                .map(|finding| finding.actual.unwrap_or_default())
        };
        let changed = told("ping", "first", Some("second"));
        assert_eq!(changed.as_deref(), Some("Mcp-Session-Id: second"));
        assert_eq!(told("ping", "first", Some("first")), None);
        assert_eq!(told("ping", "first", None), None);
        assert_eq!(told("initialize", "first", Some("second")), None);
    }
}
