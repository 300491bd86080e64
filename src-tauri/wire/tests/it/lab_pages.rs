//! The approver, the callback listener and the document host with the lab's authorization server.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use lab::{Lab, LabOptions};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use trace::{Request, Secret};
use wire::{
    Approver, CallbackListener, CallbackMethod, CallbackSettings, DocumentHost,
    DocumentHostSettings, Stuck,
};

use crate::server::{Reply, Server, response, wire, within};

async fn posted(url: String, fields: &[(&str, &str)]) -> Value {
    let request = Request::new("POST", url)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(trace::encode_pairs(fields.iter().copied()));
    let sent = within(wire().send(request, &[])).await;
    serde_json::from_slice(&response(&sent).body.bytes).unwrap()
}

/// Visits a page with values for its forms; the requests made, as `METHOD path`.
async fn visited(url: &str, form: &[(&str, &str)]) -> (Result<(), Stuck>, Vec<String>) {
    let form = form
        .iter()
        .map(|(name, value)| ((*name).into(), (*value).into()))
        .collect();
    let mut hops = Vec::new();
    let mut approver = Approver::new(wire(), form);
    let mut on_hop = |sent: wire::Sent| {
        let path = url::Url::parse(&sent.request.url)
            .unwrap()
            .path()
            .to_string();
        hops.push(format!("{} {path}", sent.request.method));
    };
    let end = within(approver.visit(url, &mut on_hop)).await;
    (end, hops)
}

/// A device that waits for a person.
async fn begun(lab: &Lab) -> Value {
    let fields = [
        ("client_id", "lab-public"),
        ("scope", "mcp:read"),
        ("resource", lab.mcp_url()),
    ];
    posted(format!("{}/device_authorization", lab.as_url()), &fields).await
}

#[tokio::test]
async fn the_approver_answers_for_the_person_at_a_devices_page() {
    let lab = Lab::start(LabOptions::default()).await.unwrap();
    // The whole URL, and the one where the code is typed in.
    for complete in [true, false] {
        let begun = begun(&lab).await;
        let text = |name: &str| begun[name].as_str().unwrap();
        let (end, hops) = if complete {
            visited(text("verification_uri_complete"), &[]).await
        } else {
            visited(
                text("verification_uri"),
                &[("user_code", text("user_code"))],
            )
            .await
        };
        end.unwrap();
        let (entry, decision) = (["GET /device"; 2], "POST /device/decision");
        assert_eq!(
            hops,
            [&entry[usize::from(complete)..], &[decision]].concat()
        );
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", "lab-public"),
            ("device_code", text("device_code")),
        ];
        let token = posted(format!("{}/token", lab.as_url()), &fields).await;
        assert!(token["access_token"].is_string(), "{token}");
        let (end, _) = visited(text("verification_uri_complete"), &[]).await;
        let stuck = end.unwrap_err();
        assert!(
            stuck.status == Some(404) && stuck.why.contains("`user_code`"),
            "answered before: {stuck}"
        );
    }
}

#[tokio::test]
async fn a_login_that_the_page_refuses_is_told() {
    let lab = Lab::start(LabOptions::default()).await.unwrap();
    let begun = begun(&lab).await;
    let url = begun["verification_uri_complete"].as_str().unwrap();
    let (end, hops) = visited(url, &[("password", "guess")]).await;
    let stuck = end.unwrap_err();
    assert!(
        stuck.why.contains("came back") && !stuck.to_string().contains("guess"),
        "{stuck}"
    );
    assert_eq!(hops, ["GET /device", "POST /device/decision"]);
}

#[tokio::test]
async fn a_visit_ends_where_nothing_is_asked_and_an_error_is_no_end() {
    let page = |status: u16, media: &str, body: &str| {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} x\r\ncontent-type: {media}\r\ncontent-length: {length}\r\n\r\n"
        );
        Reply::Then(format!("{head}{body}").into())
    };
    let server = Server::start(move |request| match request.split(' ').nth(1).unwrap() {
        "/moved" => {
            Reply::Then(b"HTTP/1.1 302 x\r\nlocation: /done\r\ncontent-length: 0\r\n\r\n".to_vec())
        }
        "/done" => page(
            200,
            "text/html",
            "<title>Done</title><form><button>Log out</button></form>",
        ),
        "/text" => page(200, "text/plain", "Done."),
        "/expired" => page(410, "text/html", "<title>Expired</title>"),
        "/json" => page(400, "application/json", "{}"),
        "/login" => page(
            200,
            "text/html",
            "<form><input type=password name=pw></form>",
        ),
        _ => page(302, "text/html", ""),
    })
    .await;
    for (path, why) in [
        ("/moved", None),
        ("/done", None),
        ("/text", None),
        ("/expired", Some("\"Expired\" has no form")),
        ("/json", Some("neither a redirect nor an HTML page")),
        ("/login", Some("`pw`")),
        ("/nowhere", Some("without location")),
    ] {
        let (end, hops) = visited(&server.url(path), &[]).await;
        match (end, why) {
            (Ok(()), None) => {}
            (Err(stuck), Some(why)) if stuck.why.contains(why) => {}
            (end, _) => panic!("{path}: {end:?}"),
        }
        assert_eq!(hops.len(), 1 + usize::from(path == "/moved"));
    }
}

/// A client whose ID is the URL of its document, and whose answer comes as a form.
#[tokio::test]
async fn the_lab_fetches_the_document_and_posts_its_answer() {
    let options = LabOptions {
        cimd: true,
        ..LabOptions::default()
    };
    let lab = Lab::start(options).await.unwrap();
    let listener = CallbackListener::open(&CallbackSettings {
        method: CallbackMethod::FormPost,
        ..CallbackSettings::default()
    })
    .unwrap();
    let redirect_uri = listener.redirect_uri().to_string();
    let (host, mut fetched) = DocumentHost::open(&DocumentHostSettings::default()).unwrap();
    let client_id = host.document_url().to_string();
    host.set_document(&json!({
        "client_id": client_id,
        "client_name": "A client",
        "redirect_uris": [redirect_uri],
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }));
    let verifier = "v".repeat(43);
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    let parameters = [
        ("response_type", "code"),
        ("response_mode", "form_post"),
        ("client_id", &*client_id),
        ("redirect_uri", &*redirect_uri),
        ("scope", "mcp:read"),
        ("state", "right"),
        ("code_challenge", &*challenge),
        ("code_challenge_method", "S256"),
        ("resource", lab.mcp_url()),
    ];
    let url = trace::with_query(&format!("{}/authorize", lab.as_url()), parameters);
    let waiting = tokio::spawn(listener.received(Some(Secret::new("right"))));
    let mut approver = Approver::new(wire(), Vec::new()).deliver(true);
    within(approver.approve(&url, &redirect_uri, &mut |_| {}))
        .await
        .unwrap();

    let report = fetched.try_recv().expect("reported before it is answered");
    assert_eq!(
        (report.request.url, report.response.status),
        (client_id.clone(), 200)
    );
    let received = within(waiting).await.unwrap().unwrap();
    assert!(received.state_matches);
    let answer = trace::pairs(received.request.body.text().unwrap());
    let code = &answer
        .iter()
        .find(|pair| pair.name == "code")
        .unwrap()
        .value;
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", &*client_id),
        ("code", &**code),
        ("redirect_uri", &*redirect_uri),
        ("code_verifier", &*verifier),
        ("resource", lab.mcp_url()),
    ];
    let token = posted(format!("{}/token", lab.as_url()), &fields).await;
    assert!(token["access_token"].is_string(), "{token}");
}
