//! `authscope-cli check` with pasted evidence and the recordings of other programs: what each was
//! taken for, what is found, and what is asked for next.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use lab::{Lab, LabOptions, Misbehaviour};
use serde_json::Value;

fn fixture(name: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/recordings");
    folder.join(name)
}

fn check(path: &std::path::Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_authscope-cli"))
        .args(["check", "--json", "-"])
        .arg(path)
        .stdin(Stdio::null())
        .output()
        .expect("the command was built")
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        let said = String::from_utf8_lossy(&output.stderr);
        panic!("a report in JSON: {error}; {said}")
    })
}

fn pasted(name: &str, text: &str) -> Value {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("the folder is for tests");
    report(&check(&path))
}

fn codes(report: &Value) -> BTreeSet<&str> {
    let findings = report["findings"].as_array().into_iter().flatten();
    findings
        .filter_map(|finding| finding["code"].as_str())
        .collect()
}

fn kinds(report: &Value) -> Vec<&str> {
    let pieces = report["recording"]["evidence"]["pieces"].as_array();
    let pieces = pieces.into_iter().flatten();
    pieces.filter_map(|piece| piece["kind"].as_str()).collect()
}

fn next(report: &Value) -> String {
    let next = &report["recording"]["evidence"]["next"];
    let text = |name: &str| next[name].as_str().unwrap_or_default().to_owned();
    format!("{} {}", text("sentence"), text("command"))
}

#[test]
fn each_kind_of_evidence_is_told_and_judged() {
    // The file, a kind that it holds, exactly these findings, and a part of what is asked for.
    let cases: [(&str, &str, &[&str], &str); 17] = [
        ("challenge", "challenge", &["S09"], ""),
        ("token-error", "error", &["T41"], "the token request"),
        ("jwt", "jwt", &[], "a call with the token"),
        (
            "server-metadata",
            "server_metadata",
            &["A07"],
            "curl -i -X POST URL",
        ),
        ("callback-url", "callback_url", &["A30"], ""),
        ("no-such-host", "failure", &["N01"], ""),
        (
            "configuration",
            "configuration",
            &[],
            "authscope-cli run 'https://mcp.example.com/mcp'",
        ),
        ("client-error", "words", &[], "curl -i -X POST URL"),
        (
            "commands-in-markdown",
            "command",
            &["D01", "R02", "A07", "R07"],
            "registration",
        ),
        ("messages", "request", &["T01"], "a call with the token"),
        (
            "browser-panel",
            "challenge",
            &["D02"],
            "oauth-protected-resource/mcp",
        ),
        (
            "access-log-combined",
            "access_log",
            &["N03"],
            "curl -i -X POST URL",
        ),
        ("access-log-caddy", "access_log", &["D01"], ""),
        (
            "table",
            "request_row",
            &["S01"],
            "curl -i -X POST 'https://mcp.example.com/mcp'",
        ),
        ("windows-command", "command", &["S06"], ""),
        ("power-shell", "command", &["T03"], ""),
        (
            "fetch",
            "response",
            &["D02"],
            "oauth-protected-resource/mcp",
        ),
    ];
    for (name, kind, expected, asked) in cases {
        let report = report(&check(&fixture(&format!("pasted/{name}.txt"))));
        assert!(
            kinds(&report).contains(&kind),
            "{name}: {:?}",
            kinds(&report)
        );
        let expected: BTreeSet<&str> = expected.iter().copied().collect();
        assert_eq!(codes(&report), expected, "{name}");
        assert!(next(&report).contains(asked), "{name}: {}", next(&report));
    }
}

#[test]
fn what_a_text_does_not_show_is_not_checked() {
    let metadata = r#"{"resource":"https://mcp.example/mcp",
        "authorization_servers":["https://as.example"]}"#;
    let status = |report: &Value, code: &str| {
        let rules = report["rules"].as_array().into_iter().flatten();
        let mut named = rules.filter(|rule| rule["code"] == code);
        named.next().map(|rule| rule["status"].clone())
    };
    let alone = pasted("alone.txt", metadata);
    assert_eq!(codes(&alone), BTreeSet::new());
    assert_eq!(status(&alone, "R02"), Some("not_checked".into()));
    // With its command the URL is known.
    let url = "https://mcp.example/.well-known/oauth-protected-resource/mcp";
    let told = pasted("told.txt", &format!("$ curl {url}\n{metadata}\n"));
    assert_eq!(status(&told, "R02"), Some("passed".into()));
    // A token may have been sent to what answers so.
    let challenge = "www-authenticate: Bearer error=\"invalid_token\"";
    assert!(!codes(&pasted("error.txt", challenge)).contains("D41"));
}

#[test]
fn lawful_evidence_accuses_nobody() {
    for (name, text) in [
        (
            "lawful-challenge.txt",
            "Bearer resource_metadata=\"https://mcp.example/.well-known/oauth-protected-resource/mcp\"",
        ),
        (
            "lawful-log.txt",
            "10.0.0.1 - - [26/Nov/2026:10:00:01 +0000] \"POST /mcp HTTP/1.1\" 401 0 \"-\" \"node\"\n\
             10.0.0.1 - - [26/Nov/2026:10:00:02 +0000] \"GET /.well-known/oauth-protected-resource/mcp \
             HTTP/1.1\" 200 90 \"-\" \"node\"\n\
             10.0.0.1 - - [26/Nov/2026:10:00:09 +0000] \"POST /token HTTP/1.1\" 200 900 \"-\" \"node\"\n\
             10.0.0.1 - - [26/Nov/2026:10:00:09 +0000] \"POST /mcp HTTP/1.1\" 200 90 \"-\" \"node\"\n",
        ),
        (
            "lawful-metadata.txt",
            r#"{"issuer":"https://as.example","authorization_endpoint":"https://as.example/a",
            "token_endpoint":"https://as.example/t","response_types_supported":["code"],
            "registration_endpoint":"https://as.example/r",
            "code_challenge_methods_supported":["S256"]}"#,
        ),
        ("lawful-keys.txt", r#"{"keys":[]}"#),
        (
            "lawful-token.txt",
            r#"{"access_token":"abcdef","token_type":"Bearer","expires_in":3600}"#,
        ),
        (
            "cut.txt",
            "$ curl -i https://mcp.example/mcp\nHTTP/1.1 401 Unauthorized\n...\n\n{\"error\":\"un...",
        ),
    ] {
        let report = pasted(name, text);
        let accusing = report["findings"].as_array().into_iter().flatten();
        let accusing: Vec<&Value> = accusing
            .filter(|finding| finding["level"] != "note")
            .collect();
        assert!(accusing.is_empty(), "{name}: {accusing:?}");
    }
}

#[test]
fn an_error_of_a_client_is_explained() {
    let report = pasted(
        "client.txt",
        "2026-11-26 10:00:01 [error] SDK auth failed: Incompatible auth server: does not support \
         dynamic client registration",
    );
    let words = &report["recording"]["evidence"]["words"];
    assert_eq!(words[0]["known"][0]["rules"][0], "S06", "{words}");
}

#[test]
fn a_transcript_of_curl_is_read_with_its_progress_meter() {
    let text = "  % Total    % Received % Xferd  Average Speed   Time    Time     Time  Current\r\n\
        \x20                                Dload  Upload   Total   Spent    Left  Speed\r\n\
        \r  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0*   Trying 10.0.0.1:443...\n\
        * Connected to mcp.example (10.0.0.1) port 443\n\
        * SSL connection using TLSv1.3\n\
        > POST /mcp HTTP/1.1\r\n> Host: mcp.example\r\n> Content-Type: application/json\r\n\
        > Content-Length: 46\r\n> \r\n} [46 bytes data]\n\
        < HTTP/1.1 401 Unauthorized\r\n< Date: Thu, 26 Nov 2026 10:00:00 GMT\r\n\
        < Content-Length: 0\r\n< \r\n\r100    46    0     0  100    46      0   2300 --:--:-- --:--:-- --:--:--  2300\n\
        * Connection #0 to host mcp.example left intact\n";
    let report = pasted("verbose.txt", text);
    assert_eq!(codes(&report), BTreeSet::from(["D01"]));
    assert_eq!(report["server_url"], "https://mcp.example/mcp");
    assert_eq!(kinds(&report), ["transcript"]);
}

#[test]
fn the_inspector_s_envelopes_do_not_hide_the_cause() {
    for (name, cause) in [("S06", "S06"), ("R10", "R10"), ("T41", "T41")] {
        let report = report(&check(&fixture(&format!("inspector/{name}.har"))));
        assert_eq!(report["findings"][0]["code"], cause, "{name}");
        assert_eq!(report["client"]["name"], "MCP Inspector", "{name}");
        assert_eq!(report["outcome"], "failed", "{name}");
        assert!(
            report["recording"]["unrelated"].as_u64() > Some(5),
            "{name}"
        );
    }
}

#[test]
fn both_files_of_mitmproxy_say_what_the_live_run_said() {
    for (name, expected, outcome) in [
        ("healthy", None, "reached"),
        ("S06", Some("S06"), "failed"),
        ("T01", Some("T01"), "failed"),
        ("S09", Some("S09"), "reached"),
    ] {
        let mut said = Vec::new();
        for extension in ["flow", "har"] {
            let path = fixture(&format!("mitmproxy/{name}.{extension}"));
            let report = report(&check(&path));
            let first = report["findings"][0]["code"].as_str();
            assert_eq!(first, expected, "{}", path.display());
            assert_eq!(report["outcome"], outcome, "{}", path.display());
            assert_eq!(report["recording"]["origin"]["tool"], "mitmproxy");
            said.push(
                codes(&report)
                    .into_iter()
                    .map(str::to_owned)
                    .collect::<Vec<_>>(),
            );
        }
        assert_eq!(said[0], said[1], "{name}");
    }
}

/// What a run of this program says of the lab with this misbehaviour.
async fn live(misbehaviour: Option<Misbehaviour>) -> Value {
    let options = LabOptions {
        misbehaviour,
        ..LabOptions::default()
    };
    let lab = Lab::start(options).await.expect("the lab opens its ports");
    let url = lab.mcp_url().to_owned();
    let run = move || {
        Command::new(env!("CARGO_BIN_EXE_authscope-cli"))
            .args(["run", &url, "--json", "-"])
            .stdin(Stdio::null())
            .output()
            .expect("the command was built")
    };
    let output = tokio::task::spawn_blocking(run).await;
    report(&output.expect("it ends"))
}

/// Recordings of one program: of the healthy lab, and of misbehaviours by their codes.
const RECORDED: [(&str, &str, &[&str]); 13] = [
    (
        "playwright",
        "Playwright",
        &["healthy", "S06", "R10", "S09", "T01", "T41"],
    ),
    (
        "devtools",
        "WebInspector",
        &["healthy", "S06", "S09", "T01"],
    ),
    ("firefox", "Firefox", &["healthy", "S06", "T01"]),
    (
        "chrome-har",
        "chrome-har",
        &["healthy", "S06", "S09", "T01"],
    ),
    (
        "axios-har-tracker",
        "axios-har-tracker",
        &["healthy", "S06", "T01"],
    ),
    (
        "node-fetch-har",
        "node-fetch-har",
        &["healthy", "S06", "T01"],
    ),
    ("http-toolkit", "HTTP Toolkit", &["healthy", "S06", "T01"]),
    ("charles", "Charles Proxy", &["healthy", "S06", "T01"]),
    ("fiddler", "Fiddler", &["healthy", "S06", "T01"]),
    (
        "insomnia",
        "Insomnia REST Client",
        &["healthy", "S06", "T01"],
    ),
    // Its creator is the name of the collection.
    (
        "postman",
        "Sign in to the MCP server",
        &["healthy", "S06", "T01"],
    ),
    ("safari", "WebKit Web Inspector", &["healthy", "S06", "T01"]),
    ("edge", "WebInspector", &["healthy", "S06", "T01"]),
];

#[tokio::test(flavor = "multi_thread")]
async fn whoever_recorded_it_it_says_what_the_live_run_says() {
    let mut all: BTreeMap<&str, Value> = BTreeMap::new();
    for name in ["healthy", "S06", "R10", "S09", "T01", "T41"] {
        let known = Misbehaviour::ALL.iter().copied();
        let misbehaviour = known.into_iter().find(|one| one.code() == name);
        assert_eq!(misbehaviour.is_none(), name == "healthy", "{name}");
        all.insert(name, live(misbehaviour).await);
    }
    for (folder, tool, names) in RECORDED {
        for name in names {
            let live = &all[name];
            let file = format!("{folder}/{name}.har");
            let recorded = report(&check(&fixture(&file)));
            // The page goes on where a run stops, and what comes then names the same issuer again:
            // so it is the MCP server that names another one.
            let shows_more = *name == "R10";
            for part in ["code", "level", "owner"] {
                let of = |report: &Value| report["findings"][0][part].clone();
                if shows_more && part == "owner" {
                    assert_eq!(of(&recorded), "mcp_server");
                    continue;
                }
                assert_eq!(of(&recorded), of(live), "{file}: {part}");
            }
            if !shows_more {
                assert_eq!(recorded["outcome"], live["outcome"], "{file}");
            }
            // What the client itself does wrong is all that a run of this program cannot show.
            let new = codes(&recorded);
            let new: Vec<_> = new.difference(&codes(live)).copied().collect();
            assert!(
                new.iter().all(|code| code.starts_with('K')),
                "{file}: {new:?}"
            );
            assert_eq!(recorded["recording"]["origin"]["tool"], tool, "{file}");
        }
    }
}

#[test]
fn the_login_of_another_application_is_no_fault_of_an_mcp_client() {
    let asked = |query: &str| {
        let url = format!(
            "https://login.example/authorize?client_id=web&redirect_uri=https%3A%2F%2Fapp.example%2Fback&{query}"
        );
        serde_json::json!({
            "startedDateTime": "2026-11-26T10:00:00.000Z",
            "request": {"method": "GET", "url": url, "headers": []},
            "response": {"status": 200, "headers": [], "content": {"mimeType": "text/html", "size": 9, "text": "<p>login"}},
        })
    };
    let file = |entry: Value| {
        serde_json::json!({"log": {"creator": {"name": "WebInspector"}, "entries": [entry]}})
            .to_string()
    };
    // A server's own code needs no PKCE, and a nonce may stand for the state.
    for (name, query) in [
        ("web.har", "response_type=code&state=0d0a&scope=openid"),
        (
            "hybrid.har",
            "response_type=code%20id_token&response_mode=form_post&nonce=n-0S6&state=OD0w",
        ),
    ] {
        let report = pasted(name, &file(asked(query)));
        assert_eq!(codes(&report), BTreeSet::new(), "{name}");
    }
    // The form of a login page hands the parameters on; no authorization request was pushed.
    let mut login = asked("");
    login["request"]["method"] = "POST".into();
    login["request"]["url"] = "https://login.example/oauth/2.0/login1".into();
    login["request"]["postData"] = serde_json::json!({
        "mimeType": "application/x-www-form-urlencoded",
        "text": "response_type=code&client_id=web&username=alice&state=0d0a",
    });
    login["response"]["content"] = serde_json::json!({
        "mimeType": "application/json",
        "text": "{\"redirect_uri\":\"https://app.example/back?code=0a1b\"}",
    });
    assert_eq!(codes(&pasted("login.har", &file(login))), BTreeSet::new());
    // The redirect URI of a client that is known shows whose it is.
    let claude = "response_type=code&state=0d0a0d0a0d0a&redirect_uri=https%3A%2F%2Fclaude.ai%2Fapi%2Fmcp%2Fauth_callback";
    let mut entry = asked(claude);
    let url = entry["request"]["url"].as_str().expect("a URL");
    entry["request"]["url"] = url
        .replace("redirect_uri=https%3A%2F%2Fapp.example%2Fback&", "")
        .into();
    assert_eq!(
        codes(&pasted("claude.har", &file(entry))),
        BTreeSet::from(["K05"])
    );
}

#[test]
fn messages_without_http_accuse_nobody() {
    let report = report(&check(&fixture("mcpsnoop/calls.har")));
    assert_eq!(codes(&report), BTreeSet::new());
    assert_eq!(report["recording"]["unrelated"], 4);
    let notes = report["recording"]["notes"].to_string();
    assert!(notes.contains("without the HTTP"), "{notes}");
}

#[test]
fn a_token_that_a_browser_took_away_is_not_missed() {
    let recorded = report(&check(&fixture("devtools/sanitized.har")));
    assert_eq!(codes(&recorded), BTreeSet::new());
    assert_eq!(recorded["outcome"], "reached");
}

#[test]
fn what_people_paste_into_issues_is_judged_and_asked_about() {
    let folder = fixture("seen");
    let expected = std::fs::read(folder.join("expected.json")).expect("it is with the texts");
    let expected: BTreeMap<String, Value> = serde_json::from_slice(&expected).expect("valid");
    assert!(expected.len() > 60, "{}", expected.len());
    for (name, expected) in expected {
        let report = report(&check(&folder.join(format!("{name}.txt"))));
        let list = |name: &str| -> BTreeSet<&str> {
            let all = expected[name].as_array().into_iter().flatten();
            all.filter_map(Value::as_str).collect()
        };
        assert_eq!(codes(&report), list("codes"), "{name}");
        let kinds: BTreeSet<&str> = kinds(&report).into_iter().collect();
        assert_eq!(kinds, list("kinds"), "{name}");
        // The first rule of each text of a client that is known.
        let words = &report["recording"]["evidence"]["words"];
        let words = words.as_array().into_iter().flatten();
        let known = words.flat_map(|one| one["known"].as_array().into_iter().flatten());
        let known: BTreeSet<&str> = known.filter_map(|one| one["rules"][0].as_str()).collect();
        assert_eq!(known, list("known"), "{name}");
        let asked = expected["next"].as_str().unwrap_or_default();
        assert!(next(&report).contains(asked), "{name}: {}", next(&report));
        assert_eq!(next(&report).trim().is_empty(), asked.is_empty(), "{name}");
    }
}

#[test]
fn a_term_and_a_parameter_are_explained() {
    let explained = |text: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_authscope-cli"))
            .args(["explain", "--json", text])
            .output()
            .expect("the command was built");
        assert_eq!(output.status.success(), text != "no such word", "{text}");
        let all: Vec<Value> = serde_json::from_slice(&output.stdout).expect("a list in JSON");
        // What reads the texts of clients finds the same fields in everything.
        for one in &all {
            assert!(one["text"].is_string() && one["rules"].is_array(), "{one}");
            assert!(
                one["means"]
                    .as_str()
                    .is_some_and(|means| means.ends_with('.'))
            );
        }
        all
    };
    let term = explained("cimd");
    assert_eq!(term[0]["term"], "client metadata document");
    let names = explained("code_verifier");
    assert_eq!(names[0]["kind"], "parameter");
    assert_eq!(
        names[0]["source"],
        "https://www.rfc-editor.org/rfc/rfc7636.html#section-4.5"
    );
    assert!(explained("no such word").is_empty());
}
