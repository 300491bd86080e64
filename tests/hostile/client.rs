//! A client that is observed: it asks in the usual order, as long as what comes back leads on, and
//! gives up on an answer that has no end.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::stage::MARK;

/// What a client reads of an answer, and how long.
const MOST_BYTES: usize = 2_000_000;
const PATIENCE: Duration = Duration::from_secs(3);
/// A request may take a second, the machine may be slow, and then there has to be something.
const MOST_TIME: Duration = Duration::from_secs(20);
/// A call of the MCP server may take as long as its client waits: the proxy leaves the end to it.
const MOST_CALL: Duration = Duration::from_secs(5);

/// Asks through the proxy that said this line, and gives what was wrong with how it answered.
pub fn talk(line: &str) -> Vec<String> {
    let said: Value = serde_json::from_str(line).unwrap_or_default();
    let Some(url) = said["url"].as_str() else {
        return vec![format!("the proxy did not say where it is: {line}")];
    };
    let mut client = Client::default();
    // A client that is led nowhere stops, and the proxy is not at fault.
    let _ = client.run(url);
    client.complaints
}

#[derive(Default)]
struct Client {
    complaints: Vec<String>,
}

/// Head and body, as far as they were read.
struct Answer {
    head: String,
    body: Value,
}

impl Client {
    fn run(&mut self, url: &str) -> Option<()> {
        let kind =
            "content-type: application/json\r\naccept: application/json, text/event-stream\r\n";
        let rpc = |id: u32, method: &str| {
            format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{{}}}}")
        };
        let challenge = self.ask("POST", url, kind, &rpc(1, "initialize"))?;
        let (_, after) = challenge.head.split_once("resource_metadata=\"")?;
        let resource = self.ask("GET", after.split_once('"')?.0, "", "")?;
        let issuer = resource.body["authorization_servers"][0]
            .as_str()?
            .to_owned();
        let metadata = format!("{issuer}/.well-known/oauth-authorization-server");
        let server = self.ask("GET", &metadata, "", "")?;
        let endpoint = |name: &str| server.body[name].as_str().map(str::to_owned);
        let (register, token) = (
            endpoint("registration_endpoint")?,
            endpoint("token_endpoint")?,
        );
        let redirects = "{\"redirect_uris\":[\"http://127.0.0.1:9/callback\"]}";
        let registered = self.ask("POST", &register, kind, redirects)?;
        let id = registered.body["client_id"].as_str()?.to_owned();
        let form = "content-type: application/x-www-form-urlencoded\r\n";
        let asked = format!(
            "grant_type=authorization_code&code={MARK}-code&client_id={id}&code_verifier={MARK}"
        );
        let tokens = self.ask("POST", &token, form, &asked)?;
        let access = tokens.body["access_token"].as_str()?;
        let with_token = format!("{kind}authorization: Bearer {access}\r\n");
        self.ask("POST", url, &with_token, &rpc(2, "initialize"))?;
        self.ask("POST", url, &with_token, &rpc(3, "tools/list"))?;
        Some(())
    }

    /// None: there is no way there, or no answer that a client could go on with.
    fn ask(&mut self, method: &str, url: &str, head: &str, body: &str) -> Option<Answer> {
        let (host, _) = url
            .strip_prefix("http://")?
            .split_once('/')
            .unwrap_or((url.strip_prefix("http://")?, ""));
        let path = &url["http://".len() + host.len()..];
        let path = if path.is_empty() { "/" } else { path };
        let mut stream = TcpStream::connect(host).ok()?;
        let length = body.len();
        let asked = format!(
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{head}content-length: {length}\r\n\r\n{body}"
        );
        stream.write_all(asked.as_bytes()).ok()?;
        let begun = Instant::now();
        let is_call = path.starts_with("/mcp");
        let wait = if is_call { MOST_CALL } else { MOST_TIME * 2 };
        let answer = read(&mut stream, wait);
        if begun.elapsed() > MOST_TIME {
            let took = begun.elapsed();
            self.complaints
                .push(format!("{method} {path}: no answer within {took:?}"));
        }
        let text = String::from_utf8_lossy(&answer);
        let (head, body) = text.split_once("\r\n\r\n")?;
        Some(Answer {
            head: head.to_owned(),
            body: object_in(body),
        })
    }
}

/// What comes until the end, or until a client has enough of it.
fn read(stream: &mut TcpStream, wait: Duration) -> Vec<u8> {
    let mut answer = Vec::new();
    let mut part = [0; 65_536];
    let mut first = None;
    let _ = stream.set_read_timeout(Some(wait));
    loop {
        match stream.read(&mut part) {
            Ok(read) if read > 0 => answer.extend_from_slice(&part[..read]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            _ => return answer,
        }
        let first = *first.get_or_insert_with(|| {
            let _ = stream.set_read_timeout(Some(PATIENCE));
            Instant::now()
        });
        if answer.len() > MOST_BYTES || first.elapsed() > PATIENCE {
            return answer;
        }
    }
}

/// The JSON object in a body, in chunks or not.
fn object_in(body: &str) -> Value {
    let inner = body.find('{').zip(body.rfind('}'));
    let object = inner.and_then(|(begin, end)| body.get(begin..=end));
    object.map_or(Value::Null, |object| {
        serde_json::from_str(object).unwrap_or_default()
    })
}
