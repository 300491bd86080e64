//! No stop without a reason: whatever a server answers at whatever step, a run that stops has an
//! error that says whose fault it is and what to change.

use std::sync::Arc;

use diagnosis::{Level, Owner};
use session::{GrantChoice, Options, Registration, Status};
use test_support::{Watched, options};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use trace::{Revision, query_pairs};

/// A step at which the server answers something else than it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    FirstCall,
    ResourceMetadata,
    ServerMetadata,
    Registration,
    Authorization,
    Token,
    Hello,
    Tools,
    /// A request that is pushed before the browser is sent.
    Pushed,
    /// A device that asks for its codes.
    Device,
    /// A client that asks for itself.
    OwnToken,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_at_the_first_call_is_explained() {
    explained(Place::FirstCall).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_at_the_resource_metadata_is_explained() {
    explained(Place::ResourceMetadata).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_at_the_server_metadata_is_explained() {
    explained(Place::ServerMetadata).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_at_the_registration_is_explained() {
    explained(Place::Registration).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_at_the_authorization_is_explained() {
    explained(Place::Authorization).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_at_the_token_is_explained() {
    explained(Place::Token).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_at_the_first_call_with_a_token_is_explained() {
    explained(Place::Hello).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_at_the_tools_is_explained() {
    explained(Place::Tools).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_at_a_pushed_request_is_explained() {
    explained(Place::Pushed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_at_the_device_codes_is_explained() {
    explained(Place::Device).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_at_a_token_without_a_user_is_explained() {
    explained(Place::OwnToken).await;
}

async fn explained(place: Place) {
    let mut unexplained = Vec::new();
    let mut stops = 0;
    for (name, answer) in anything() {
        let origin = server(place, answer).await;
        for &revision in revisions(place) {
            let run = run(&format!("{origin}/mcp"), revision, place).await;
            stops += usize::from(matches!(run.view().status, Status::Stopped { .. }));
            unexplained.extend(verdict(&run).map(|stop| format!("{name}, {revision:?}: {stop}")));
        }
    }
    assert!(
        unexplained.is_empty(),
        "{place:?}\n{}",
        unexplained.join("\n")
    );
    assert!(stops > 50, "only {stops} runs stopped at {place:?}");
}

/// Where revisions differ, a run that is free to choose and one that is not.
fn revisions(place: Place) -> &'static [Option<Revision>] {
    match place {
        Place::FirstCall | Place::ResourceMetadata | Place::ServerMetadata => {
            &[None, Some(Revision::R20250618), Some(Revision::R20251125)]
        }
        _ => &[None],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_itself_is_one_that_works() {
    let place = Place::Tools;
    let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n\
                  {\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{\"tools\":[]}}";
    let origin = server(place, answer.into()).await;
    let run = run(&format!("{origin}/mcp"), None, place).await;
    run.assert_done();
    let errors: Vec<_> = run
        .findings
        .iter()
        .filter(|finding| finding.level == Level::Error)
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

async fn run(url: &str, revision: Option<Revision>, place: Place) -> Watched {
    let mut options = Options {
        revision,
        ..options(url)
    };
    match place {
        Place::Pushed => options.authorization.par = true,
        Place::Device => options.grant = GrantChoice::DeviceCode,
        Place::OwnToken => {
            options.grant = GrantChoice::ClientCredentials;
            options.registration = Registration::Preregistered {
                client_id: "c".into(),
                client_secret: Some("s".into()),
                private_key_file: None,
                alg: None,
            };
        }
        _ => {}
    }
    let mut run = Watched::start(options).await;
    run.run().await;
    run
}

/// What is wrong, when the run stopped and nothing says why.
fn verdict(run: &Watched) -> Option<String> {
    let Status::Stopped { code, message, .. } = &run.view().status else {
        return None;
    };
    if run.findings.is_empty() {
        return Some(format!("{code:?}: {message}; nothing found"));
    }
    let explained = run.findings.iter().any(|finding| {
        finding.level == Level::Error && finding.owner != Owner::Nobody && !finding.fix.is_empty()
    });
    // What explains the stop is told before anything else, under its root cause if there is one.
    let first = run.findings.first()?;
    let consequences = run.findings[1..]
        .iter()
        .take_while(|one| one.cause.is_some());
    let is_first = [first]
        .into_iter()
        .chain(consequences)
        .any(|finding| diagnosis::explains(finding, *code));
    let quoted = run.view().verdict.as_ref().is_some_and(|verdict| {
        let cause = verdict.cause.as_ref();
        cause.is_some_and(|cause| cause.code == first.code) && verdict.text.contains(&first.title)
    });
    (!(explained && is_first && quoted)).then(|| {
        let codes = run.codes();
        format!(
            "{code:?}: {message}; explained {explained}, first {is_first}, quoted {quoted}; \
             findings {codes:?}"
        )
    })
}

/// Raw answers, each with a name. `{origin}` is the server's own.
fn anything() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut add = |name: &str, answer: String| all.push((name.into(), answer));
    add("nothing", String::new());
    add("no HTTP", "SSH-2.0-OpenSSH\r\n\r\n".into());
    add(
        "a body cut off",
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n{\"a\":"
            .into(),
    );
    for status in [200, 201, 204, 400, 401, 403, 404, 405, 500, 503] {
        add(
            &format!("{status} alone"),
            head(status, "content-length: 0"),
        );
        let page = "content-type: text/html";
        add(
            &format!("{status} with a page"),
            format!(
                "{}<!doctype html><title>A page</title><p>Hello",
                head(status, page)
            ),
        );
    }
    let challenges = [
        "Bearer",
        "Bearer error=\"insufficient_scope\", scope=\"more\"",
        "Bearer error=\"insufficient_scope\"",
        "Bearer error=\"invalid_token\"",
        "Basic realm=\"x\"",
        "Bearer resource_metadata=http://x, scope",
        "Bearer resource_metadata=\"/relative\"",
    ];
    for challenge in challenges {
        for status in [400, 401, 403] {
            let header = format!("www-authenticate: {challenge}\r\ncontent-length: 0");
            add(&format!("{status} {challenge}"), head(status, &header));
        }
    }
    for status in [302, 308] {
        for location in [
            "/elsewhere",
            "http://127.0.0.1:1/",
            "{origin}/loop",
            "ftp://x/",
            "",
        ] {
            let header = match location {
                "" => "content-length: 0".to_owned(),
                location => format!("location: {location}\r\ncontent-length: 0"),
            };
            add(&format!("{status} to {location:?}"), head(status, &header));
        }
    }
    let bodies = [
        "{}",
        "[]",
        "7",
        "{\"error\":\"invalid_request\"}",
        "{\"error\":\"access_denied\",\"error_description\":\"no\"}",
        "{\"error\":{\"code\":-32603,\"message\":\"x\"},\"id\":1,\"jsonrpc\":\"2.0\"}",
        "{\"error\":{\"code\":-32022,\"message\":\"x\"},\"id\":1,\"jsonrpc\":\"2.0\"}",
        "{\"message\":\"no\",\"statusCode\":7}",
        "{\"result\":7,\"id\":1}",
        "{\"client_id\":7,\"access_token\":7,\"issuer\":7,\"resource\":7,\"authorization_servers\":7}",
        "{\"client_id\":\"\",\"access_token\":\"\",\"issuer\":\"\",\"resource\":\"\",\"authorization_servers\":[\"\"]}",
        "{\"resource\":\"urn:x\",\"authorization_servers\":[\"no url\"],\"issuer\":\"{origin}\"}",
        "{\"resource\":\"{origin}/mcp\",\"authorization_servers\":[\"{origin}\"],\"issuer\":\"{origin}\"}",
        "{\"issuer\":\"{origin}\",\"authorization_endpoint\":\"x\",\"token_endpoint\":\"{origin}/token\"}",
        "{\"issuer\":\"{origin}\",\"authorization_endpoint\":\"{origin}/authorize\",\"token_endpoint\":\"{origin}/token\"}",
        "{\"issuer\":\"{origin}\",\"authorization_endpoint\":\"{origin}/authorize\",\"token_endpoint\":\"{origin}/token\",\
         \"code_challenge_methods_supported\":[\"S256\"],\"registration_endpoint\":\"file:///x\"}",
        "error=bad_verification_code&error_description=no",
        "access_token=x&token_type=bearer",
        "not JSON",
    ];
    for body in bodies {
        for status in [200, 400, 401] {
            let header = "content-type: application/json";
            add(
                &format!("{status} {body}"),
                format!("{}{body}", head(status, header)),
            );
        }
    }
    for query in [
        "",
        "?state={state}",
        "?code=&state={state}",
        "?error=invalid_scope&state={state}",
        "?code=x",
        "?code=x&state=other",
    ] {
        let header = format!("location: {{redirect_uri}}{query}\r\ncontent-length: 0");
        add(&format!("back with {query:?}"), head(302, &header));
    }
    all
}

fn head(status: u16, headers: &str) -> String {
    format!("HTTP/1.1 {status} Any\r\nconnection: close\r\n{headers}\r\n\r\n")
}

/// An MCP server and an authorization server in one that does everything right but at one place.
/// Gives its origin.
async fn server(place: Place, answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let origin = format!("http://{}", listener.local_addr().expect("it is bound"));
    let shared = Arc::new((place, answer, origin.clone()));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let shared = shared.clone();
            tokio::spawn(async move {
                let (place, answer, origin) = &*shared;
                serve(stream, *place, answer, origin).await
            });
        }
    });
    origin
}

async fn serve(mut stream: TcpStream, odd: Place, answer: &str, origin: &str) -> Option<()> {
    let asked = read(&mut stream).await?;
    let target = asked.split_whitespace().nth(1)?.to_owned();
    let (place, right) = right(&asked, &target, origin)?;
    let text = if place == Some(odd) || place == Some(Place::Token) && odd == Place::OwnToken {
        answer.to_owned()
    } else {
        right
    };
    let of_query = |name: &str| {
        let pairs = query_pairs(&target);
        pairs
            .into_iter()
            .find(|pair| pair.name == name)
            .map(|pair| pair.value)
    };
    let text = text
        .replace("{origin}", origin)
        .replace("{state}", &of_query("state").unwrap_or_default())
        .replace(
            "{redirect_uri}",
            &of_query("redirect_uri").unwrap_or_default(),
        );
    stream.write_all(text.as_bytes()).await.ok()?;
    stream.shutdown().await.ok()
}

/// The right answer to a request, and which place that is.
fn right(asked: &str, target: &str, origin: &str) -> Option<(Option<Place>, String)> {
    let json = |status, body: &str| {
        format!(
            "{}{body}",
            head(
                status,
                "content-type: application/json\r\ncache-control: no-store"
            )
        )
    };
    let path = target.split('?').next()?;
    let with_token = asked
        .to_ascii_lowercase()
        .contains("\r\nauthorization: bearer");
    Some(match path {
        "/mcp" if !with_token => {
            let header = format!(
                "www-authenticate: Bearer resource_metadata=\"{origin}/.well-known/oauth-protected-resource/mcp\"\r\n\
                 content-length: 0"
            );
            (Some(Place::FirstCall), head(401, &header))
        }
        "/mcp" if asked.contains("tools/list") => (
            Some(Place::Tools),
            json(
                200,
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"tools\":[]}}",
            ),
        ),
        "/mcp" if asked.contains("notifications/initialized") => {
            (None, head(202, "content-length: 0"))
        }
        "/mcp" => (
            Some(Place::Hello),
            json(
                200,
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"protocolVersion\":\"2025-11-25\",\"supportedVersions\":[]}}",
            ),
        ),
        path if path.starts_with("/.well-known/oauth-protected-resource") => (
            Some(Place::ResourceMetadata),
            json(
                200,
                "{\"resource\":\"{origin}/mcp\",\"authorization_servers\":[\"{origin}\"]}",
            ),
        ),
        path if path.starts_with("/.well-known/") => (
            Some(Place::ServerMetadata),
            json(
                200,
                "{\"issuer\":\"{origin}\",\"authorization_endpoint\":\"{origin}/authorize\",\
                 \"token_endpoint\":\"{origin}/token\",\"registration_endpoint\":\"{origin}/register\",\
                 \"pushed_authorization_request_endpoint\":\"{origin}/par\",\
                 \"device_authorization_endpoint\":\"{origin}/device\",\
                 \"response_types_supported\":[\"code\"],\"code_challenge_methods_supported\":[\"S256\"]}",
            ),
        ),
        "/register" => (
            Some(Place::Registration),
            json(201, "{\"client_id\":\"c\"}"),
        ),
        "/par" => (
            Some(Place::Pushed),
            json(201, "{\"request_uri\":\"urn:x\",\"expires_in\":60}"),
        ),
        "/device" => (
            Some(Place::Device),
            json(
                200,
                "{\"device_code\":\"d\",\"user_code\":\"u\",\"verification_uri\":\"{origin}/page\",\"expires_in\":9,\
                 \"interval\":1}",
            ),
        ),
        "/authorize" => (
            Some(Place::Authorization),
            head(
                303,
                "location: {redirect_uri}?code=x&state={state}\r\ncontent-length: 0",
            ),
        ),
        "/token" => (
            Some(Place::Token),
            json(
                200,
                "{\"access_token\":\"opaque\",\"token_type\":\"Bearer\",\"expires_in\":3600}",
            ),
        ),
        // Where a redirect leads that is never over.
        "/loop" => (
            None,
            head(307, "location: {origin}/loop\r\ncontent-length: 0"),
        ),
        _ => (None, head(404, "content-length: 0")),
    })
}

/// A whole request: head and body.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let head = head.to_ascii_lowercase();
            let length = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"));
            let length = length
                .and_then(|length| length.trim().parse().ok())
                .unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        match stream.read(&mut part).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&part[..read]),
            _ => return None,
        }
    }
}
