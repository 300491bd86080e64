use std::collections::{HashMap, HashSet};

use serde_json::Value;
use trace::{Document, Purpose, RpcAnswer, rpc_answer};

use crate::answer_tables::{
    CONTENT, DEVICE, DISCOVER, ELLIPTIC, INITIALIZE, INTROSPECTION, KEY, REGISTRATION, RSA,
    SERVER_INFO, TOOL, TOOL_LIST, TOOL_RESULT, USERINFO,
};
use crate::finding::{Finding, Part};
use crate::members::{Member, problems};
use crate::reading::{ExchangeRef, Reading, object, text};
use crate::rule::{Findings, rule};
use crate::spec::{
    MCP_INITIALIZE_RESULT, MCP_SESSION_ID, MCP_TOOL, OIDC_EMAIL_VERIFIED, OIDC_USERINFO_SUB,
    RFC7517_KID, RFC7517_KTY, RFC7591_REGISTERED, RFC7591_SECRET_EXPIRES, RFC7662_ACTIVE,
    RFC8628_INTERVAL, RFC8628_VERIFICATION_URI,
};
use crate::wording::excerpt;

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
    ],
    spec: [
        RFC7662_ACTIVE, OIDC_EMAIL_VERIFIED, OIDC_USERINFO_SUB, RFC7517_KID, RFC7517_KTY, RFC7591_REGISTERED, RFC7591_SECRET_EXPIRES,
        MCP_INITIALIZE_RESULT, MCP_TOOL, RFC8628_INTERVAL, RFC8628_VERIFICATION_URI, MCP_SESSION_ID,
    ],
    looks_at: [Request],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut told: Vec<(&str, &str)> = Vec::new();
    let mut seen_results: Vec<&str> = Vec::new();
    let session = reading.all.iter().find_map(|seen| session_id(*seen));
    session
        .into_iter()
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
                for part in keys(*seen) {
                    tell(*seen, Some(part), &mut told, findings);
                }
                if let Some(finding) = two_of_a_kid(*seen) {
                    findings.add(finding);
                }
            }
            Purpose::Challenge { method } | Purpose::Mcp { method } => {
                // A server answers a method in one way; to read each answer would take long.
                if seen_results.contains(&method.as_str()) {
                    continue;
                }
                let parts = of_result(*seen, method);
                if !parts.is_empty() {
                    seen_results.push(method);
                    two_of_a_name(*seen, method)
                        .into_iter()
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

/// A document, or a part of one, and the table it is held against.
struct Held {
    /// "the introspection answer".
    document: &'static str,
    table: &'static [Member],
    members: Document,
    /// Where it is in the body.
    pointer: String,
    by_mcp_server: bool,
}

fn answered(
    seen: ExchangeRef<'_>,
    document: &'static str,
    table: &'static [Member],
) -> Option<Held> {
    let response = seen
        .response_with_body()
        .filter(|response| response.status == 200)?;
    let members = object(response)?;
    // An error with a status of success is told as that.
    if text(&members, "error").is_some() {
        return None;
    }
    Some(Held {
        document,
        table,
        members: Document::clone(&*members),
        pointer: String::new(),
        by_mcp_server: false,
    })
}

/// A session id that clients cannot send back, or more than one.
fn session_id(seen: ExchangeRef<'_>) -> Option<Finding> {
    const NAME: &str = "Mcp-Session-Id";
    if !matches!(
        seen.exchange.purpose,
        Purpose::Challenge { .. } | Purpose::Mcp { .. }
    ) {
        return None;
    }
    let response = seen.response_with_headers()?;
    let ids: Vec<&str> = response.header_values(NAME).collect();
    let visible = |id: &&str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_graphic());
    let (actual, why, fix) = match ids.as_slice() {
        [] => return None,
        [first, others @ ..] if others.iter().any(|other| other != first) => (
            format!("{} different ones in one answer", ids.len()),
            "Clients send one of them back, or both as one text, and the server knows only one.",
            "Send Mcp-Session-Id once. Look at whether a proxy adds one of its own.",
        ),
        [id, ..] if !visible(id) => (
            format!("{NAME}: \"{}\"", excerpt(id)),
            "A session id is visible ASCII without blanks. Clients refuse another one, or send it \
             back changed, and then the server does not know the session.",
            "Make the session id of letters and digits, such as a UUID, or send none.",
        ),
        _ => return None,
    };
    Some(
        RULE.found(MCP_SESSION_ID)
            .variant(&SESSION_ID)
            .title_with([NAME])
            .at(seen.seq, Part::response_header(NAME))
            .message(why)
            .expected("one session id of visible ASCII characters (0x21 to 0x7E), or none")
            .actual(actual)
            .fix(fix),
    )
}

fn keys(seen: ExchangeRef<'_>) -> Vec<Held> {
    /// Key sets hold a few keys.
    const MOST: usize = 100;
    let set = seen
        .response_with_body()
        .filter(|response| response.status == 200)
        .and_then(object);
    let keys = set.and_then(|set| set.get("keys")?.as_array().cloned());
    let keys = keys.unwrap_or_default().into_iter().take(MOST).enumerate();
    keys.flat_map(|(at, key)| {
        let of_kind = match key.get("kty").and_then(Value::as_str) {
            Some("RSA") => RSA,
            Some("EC" | "OKP") => ELLIPTIC,
            _ => &[],
        };
        let members = members_of(key);
        [KEY, of_kind].map(|table| Held {
            document: "a key in the key set",
            table,
            members: members.clone(),
            pointer: format!("/keys/{at}"),
            by_mcp_server: false,
        })
    })
    .collect()
}

/// Two keys of one kind that a token's `kid` does not tell apart.
fn two_of_a_kid(seen: ExchangeRef<'_>) -> Option<Finding> {
    let set = object(seen.response_with_body()?)?;
    let keys = set.get("keys")?.as_array()?;
    let mut known: HashMap<(&str, &str), &Value> = HashMap::new();
    let mut named = keys.iter().enumerate().filter_map(|(at, key)| {
        let text = |name| key.get(name)?.as_str();
        Some((at, (text("kty")?, text("kid")?), key))
    });
    // The same key twice is harmless.
    let (at, (_, kid), _) =
        named.find(|(_, name, key)| known.insert(*name, key).is_some_and(|other| other != *key))?;
    let kid = excerpt(kid);
    Some(
        RULE.found(RFC7517_KID)
            .title_with(["kid", "a key in the key set"])
            .at(seen.seq, Part::body(&format!("/keys/{at}/kid")))
            .message(
                "A server looks up the key of a token by its kid. Of two keys under one kid it takes \
                 the first or the last, and refuses the tokens that the other one has signed.",
            )
            .expected("a kid of its own for each key")
            .actual(format!("two keys with the kid {kid}"))
            .fix(format!(
                "Give each key a kid of its own, such as its thumbprint; {kid} is there twice."
            )),
    )
}

/// Times and URLs of a registration. One that does not apply may be written as null.
fn registered(seen: ExchangeRef<'_>) -> Option<Held> {
    let response = seen
        .response_with_body()
        .filter(|response| (200..300).contains(&response.status))?;
    let mut members = Document::clone(&*object(response)?);
    members.retain(|_, value| !value.is_null());
    Some(Held {
        document: "the registration answer",
        table: REGISTRATION,
        members,
        pointer: String::new(),
        by_mcp_server: false,
    })
}

fn of_result(seen: ExchangeRef<'_>, method: &str) -> Vec<Held> {
    if !matches!(
        method,
        "initialize" | "server/discover" | "tools/list" | "tools/call"
    ) {
        return Vec::new();
    }
    let response = seen.response_with_body();
    let Some(response) = response.filter(|response| response.status == 200) else {
        return Vec::new();
    };
    let RpcAnswer::Result(result) = rpc_answer(&response) else {
        return Vec::new();
    };
    // A result that is not an object is reported with the JSON-RPC message around it.
    if !result.is_object() {
        return Vec::new();
    }
    let held = |document, table, members, pointer: String| Held {
        document,
        table,
        members,
        pointer,
        by_mcp_server: true,
    };
    match method {
        "initialize" => {
            let info = result.get("serverInfo").filter(|info| info.is_object());
            let info = info.cloned().map(|info| {
                let pointer = "/result/serverInfo".into();
                held("serverInfo", SERVER_INFO, members_of(info), pointer)
            });
            let whole = held(
                "the result of initialize",
                INITIALIZE,
                members_of(result),
                "/result".into(),
            );
            std::iter::once(whole).chain(info).collect()
        }
        // A server that wants input first, or a task that goes on, has no content yet.
        "tools/call" if result.get("content").is_none() && is_not_done(&result) => Vec::new(),
        "tools/call" => {
            let content = result.get("content").and_then(Value::as_array);
            let content = content.cloned().unwrap_or_default().into_iter();
            let parts = content.enumerate().filter(|(_, part)| part.is_object());
            let whole = held(
                "the result of tools/call",
                TOOL_RESULT,
                members_of(result),
                "/result".into(),
            );
            std::iter::once(whole)
                .chain(parts.map(|(at, part)| {
                    let pointer = format!("/result/content/{at}");
                    held(
                        "the content of a tool's result",
                        CONTENT,
                        members_of(part),
                        pointer,
                    )
                }))
                .collect()
        }
        "server/discover" => vec![held(
            "the result of server/discover",
            DISCOVER,
            members_of(result),
            "/result".into(),
        )],
        _ => {
            let tools = result.get("tools").and_then(Value::as_array);
            let tools = tools.cloned().unwrap_or_default();
            let odd = tools.iter().find(|tool| !tool.is_object()).cloned();
            let tools = tools.into_iter().enumerate();
            let tools = tools.filter(|(_, tool)| tool.is_object());
            let mut result = result.clone();
            if let Some(members) = result.as_object_mut() {
                members.remove("tools");
                if let Some(odd) = odd {
                    members.insert("tools".into(), Value::Array(vec![odd]));
                }
            }
            let list = held(
                "the list of tools",
                TOOL_LIST,
                members_of(result),
                "/result".into(),
            );
            std::iter::once(list)
                .chain(tools.map(|(at, tool)| {
                    let pointer = format!("/result/tools/{at}");
                    held("a tool in the list", TOOL, members_of(tool), pointer)
                }))
                .collect()
        }
    }
}

/// Two tools that clients cannot tell apart.
fn two_of_a_name(seen: ExchangeRef<'_>, method: &str) -> Option<Finding> {
    let response = seen
        .response_with_body()
        .filter(|_| method == "tools/list")?;
    let RpcAnswer::Result(result) = rpc_answer(&response) else {
        return None;
    };
    let tools = result.get("tools")?.as_array()?;
    let mut names = HashSet::new();
    let mut named = tools
        .iter()
        .enumerate()
        .filter_map(|(at, tool)| Some((at, tool.get("name")?.as_str()?)));
    let (at, name) = named.find(|(_, name)| !name.is_empty() && !names.insert(*name))?;
    let name = excerpt(name);
    Some(
        RULE.found(MCP_TOOL)
            .variant(&BY_MCP_SERVER)
            .title_with(["name", "a tool in the list"])
            .at(seen.seq, Part::body(&format!("/result/tools/{at}/name")))
            .message(
                "A tool is called by its name. Of two tools of the same name clients show one, or \
                 refuse the list.",
            )
            .expected("a name of its own for each tool")
            .actual(format!("two tools with the name {name}"))
            .fix(format!(
                "Give each tool a name of its own; {name} is there twice."
            )),
    )
}

/// Whether a tool's result says itself that more has to come.
fn is_not_done(result: &Value) -> bool {
    let kind = result.get("resultType").and_then(Value::as_str);
    kind.is_some_and(|kind| kind != "complete") || result.get("task").is_some()
}

fn members_of(value: Value) -> Document {
    match value {
        Value::Object(members) => members,
        _ => Document::new(),
    }
}

/// Each member of each document once.
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
    use crate::sample::{AS, Answer, Run, found_in, push_to_server};

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
}
