//! Transcripts of `curl -v`: what was sent after `>`, what came after `<`, and what curl says of
//! the connection after `*`.

use trace::{Header, Purpose, Recorded};

use super::cursor::Cursor;
use super::evidence::{Evidence, Part, Seen, Target, recorded};
use super::message::{header, request_line, status_line};
use super::piece::PieceKind;

/// What is known of the connection from the lines before.
#[derive(Debug, Default)]
pub struct Connection {
    secure: Option<bool>,
    /// The URL that a redirect led to.
    next_url: Option<String>,
}

/// Reads lines of a transcript, if the next one is one.
pub fn read(cursor: &mut Cursor<'_>, evidence: &mut Evidence, connection: &mut Connection) -> bool {
    let first = cursor.line();
    let Some(line) = cursor.peek() else {
        return false;
    };
    let whole = line;
    let line = without_meter(whole);
    let is_line = if let Some(sent) = line.strip_prefix("> ").and_then(request_line) {
        cursor.next();
        sent_request(cursor, evidence, connection, sent);
        true
    } else if let Some(status) = line.strip_prefix("< ").and_then(status_line) {
        cursor.next();
        received(cursor, evidence, status);
        true
    } else if let Some(failure) = failure(line) {
        cursor.next();
        failed(evidence, failure);
        evidence.piece(PieceKind::Failure, (first, first));
        return true;
    } else if let Some(said) = line.strip_prefix("* ") {
        connection.take(said);
        cursor.next();
        match said.trim() {
            "Request body:" => requested(cursor, evidence),
            "Response body:" => answered(cursor, evidence),
            _ => {}
        }
        true
    } else {
        let is_rest = is_meter(whole)
            || matches!(line.trim_end(), ">" | "<" | "*")
            || line.starts_with("{ [")
            || line.starts_with("} [");
        if is_rest {
            cursor.next();
        }
        is_rest
    };
    if is_line {
        evidence.piece(PieceKind::Transcript, (first, cursor.last_line()));
    }
    is_line
}

impl Connection {
    fn take(&mut self, said: &str) {
        let said = said.trim();
        if let Some(url) = said.strip_prefix("Issue another request to this URL: ") {
            self.next_url = Some(url.trim_matches(['\'', '"']).to_owned());
        } else if said.starts_with("Connected to") {
            self.secure = Some(said.contains(" port 443"));
        } else if said.starts_with("SSL connection using")
            || said.starts_with("TLSv1")
            || said.starts_with("ALPN")
            || said.contains("SSL certificate verify")
        {
            self.secure = Some(true);
        }
    }
}

/// The lines that begin with this sign up to a blank one, as header fields.
fn fields(cursor: &mut Cursor<'_>, sign: char) -> Vec<Header> {
    let mut headers = Vec::new();
    while let Some(line) = cursor.peek() {
        let line = without_meter(line);
        let Some(rest) = line.strip_prefix(sign) else {
            // What curl says of the connection comes between them.
            if line.starts_with("* ") || is_meter(line) || line.starts_with("{ [") {
                cursor.next();
                continue;
            }
            break;
        };
        let is_start = request_line(rest.trim()).is_some() || status_line(rest.trim()).is_some();
        if is_start {
            break;
        }
        cursor.next();
        match header(rest.strip_prefix(' ').unwrap_or(rest)) {
            Some(header) => headers.push(header),
            None if rest.trim().is_empty() => break,
            None => {}
        }
    }
    headers
}

fn sent_request(
    cursor: &mut Cursor<'_>,
    evidence: &mut Evidence,
    connection: &mut Connection,
    (method, path): (&str, &str),
) {
    let headers = fields(cursor, '>');
    if method == "CONNECT" {
        return;
    }
    let text: String = headers.iter().map(|one| one.value.as_str()).collect();
    let headers = Part::new(headers, recorded(&text));
    // The request of the command before.
    if let Some(open) = evidence.open()
        && !open.is_answered()
        && open.request_headers.recorded != Recorded::NotRecorded
        && open.method.as_deref() == Some(method)
    {
        open.request_headers = headers;
        return;
    }
    let url = connection.next_url.take();
    let host = super::evidence::field(&headers.value, "host").map(str::to_owned);
    let target = match url {
        Some(url) => Target::Url(url),
        None if path.starts_with("http") => Target::Url(path.to_owned()),
        None => Target::Path {
            secure: connection.secure,
            host,
            path: path.to_owned(),
        },
    };
    let has_body = super::evidence::field(&headers.value, "content-length")
        .is_some_and(|length| length.trim() != "0");
    // Bodies of requests are not in a transcript.
    let is_form =
        method == "POST" && super::evidence::field(&headers.value, "content-type").is_some();
    let has_none = matches!(method, "GET" | "HEAD" | "OPTIONS" | "POST");
    let body = if has_body || is_form || !has_none {
        Recorded::NotRecorded
    } else {
        Recorded::Whole
    };
    evidence.request(Seen {
        target,
        method: Some(method.to_owned()),
        request_headers: headers,
        request_body: Part::new(Vec::new(), body),
        ..Seen::default()
    });
}

fn received(cursor: &mut Cursor<'_>, evidence: &mut Evidence, status: u16) {
    let headers = fields(cursor, '<');
    // An interim answer, or that of a proxy to CONNECT.
    if status < 200 {
        return;
    }
    let text: String = headers.iter().map(|one| one.value.as_str()).collect();
    let seen = evidence.unanswered();
    seen.status = Some(status);
    seen.response_headers = Part::new(headers, recorded(&text));
}

/// The body of the request, as hurl prints it among what it says of the connection.
fn requested(cursor: &mut Cursor<'_>, evidence: &mut Evidence) {
    let body = said_body(cursor);
    if let Some(open) = evidence.open()
        && !open.is_answered()
        && !body.is_empty()
    {
        let how = recorded(&body);
        open.request_body = Part::new(body.into(), how);
    }
}

/// The body of the answer, as hurl prints it.
fn answered(cursor: &mut Cursor<'_>, evidence: &mut Evidence) {
    let body = said_body(cursor);
    if let Some(open) = evidence.open()
        && open.status.is_some()
        && !body.is_empty()
    {
        let how = recorded(&body);
        open.response_body = Part::new(body.into(), how);
    }
}

/// The lines that begin with the sign of what is said of the connection, up to an empty one.
fn said_body(cursor: &mut Cursor<'_>) -> String {
    let mut lines = Vec::new();
    while let Some(line) = cursor.peek().and_then(|line| line.strip_prefix("* ")) {
        if line.trim().is_empty() {
            break;
        }
        lines.push(line);
        cursor.next();
    }
    lines.join("\n")
}

/// `curl: (6) Could not resolve host: mcp.example`.
fn failure(line: &str) -> Option<&str> {
    let said = line.strip_prefix("curl: (")?;
    let (code, said) = said.split_once(") ")?;
    code.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then_some(said.trim())
}

fn failed(evidence: &mut Evidence, said: &str) {
    let named = said.rsplit([':', ' ']).next().unwrap_or_default();
    let host = match said.split("connect to ").nth(1) {
        Some(rest) => rest.split(' ').next().unwrap_or_default(),
        None => named,
    };
    let seen = evidence.unanswered();
    // An option that was not understood, or a file that could not be written.
    if seen.target == Target::Unknown && host.contains('.') && !host.ends_with('.') {
        seen.target = Target::Path {
            secure: None,
            host: Some(host.to_owned()),
            path: "/".into(),
        };
        let method = String::new();
        seen.purpose = Some(Purpose::Challenge { method });
    }
    seen.failure = Some(said.to_owned());
    evidence.close();
}

/// The line without the figures of the progress meter that stand before it.
fn without_meter(line: &str) -> &str {
    if !line.starts_with([' ', '0', '1']) {
        return line;
    }
    let is_figure = |word: &str| {
        !word.is_empty()
            && word
                .bytes()
                .all(|byte| byte.is_ascii_digit() || b".:-kMG".contains(&byte))
    };
    let mut rest = line;
    let mut count = 0;
    while count < FIGURES {
        let word = rest.trim_start();
        let end = word
            .find([' ', '*', '<', '>', '{', '}'])
            .unwrap_or(word.len());
        if !is_figure(&word[..end]) {
            return line;
        }
        rest = &word[end..];
        count += 1;
    }
    rest
}

fn is_meter(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().take(3).collect();
    let begins = |with: [&str; 3]| words == with;
    begins(["%", "Total", "%"]) || begins(["Dload", "Upload", "Total"]) || {
        line.starts_with([' ', '0', '1'])
            && !line.trim().is_empty()
            && without_meter(line).trim().is_empty()
    }
}

/// Of a line of the progress meter.
const FIGURES: usize = 12;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_that_hurl_prints_are_those_of_the_exchange() {
        let text = "* Request:\n\
            * POST https://auth.example/register\n\
            > POST /register HTTP/1.1\n\
            > Host: auth.example\n\
            > Content-Type: application/json\n\
            >\n\
            * Request body:\n\
            * {\"redirect_uris\":[\"cursor://a/callback\"]}\n\
            *\n\
            < HTTP/1.1 400\n\
            < Content-Type: application/json\n\
            <\n\
            * Response body:\n\
            * {\"error\":\"invalid_redirect_uri\"}\n\
            *\n\
            * Connection #0 to host auth.example left intact\n";
        let opened = super::super::read(text);
        let mut exchanges = opened.trace.exchanges().map(|(_, exchange)| exchange);
        let exchange = exchanges.next().unwrap();
        assert!(exchanges.next().is_none());
        assert_eq!(exchange.status(), Some(400));
        let sent = "{\"redirect_uris\":[\"cursor://a/callback\"]}";
        assert_eq!(exchange.request.body.text(), Some(sent));
        let answer = exchange.response().and_then(|one| one.body.text());
        assert_eq!(answer, Some("{\"error\":\"invalid_redirect_uri\"}"));
    }

    #[test]
    fn the_progress_meter_is_passed_over() {
        let line = "  0     0    0     0    0     0      0      0 --:--:-- --:--:-- --:--:--     0*   Trying";
        assert_eq!(without_meter(line), "*   Trying");
        assert!(is_meter(
            "100    25  100    25    0     0   1234      0 --:--:-- --:--:-- --:--:--  1250"
        ));
        assert!(is_meter("  % Total    % Received % Xferd"));
        assert!(!is_meter("200 OK") && !is_meter("") && !is_meter("  "));
    }
}
