//! Lines that name a request with its status: access logs of nginx, Apache and others, the tables
//! that people paste into issues, and lists with arrows.

use trace::{Header, Recorded, Timestamp};

use super::cursor::Cursor;
use super::evidence::{Evidence, Part, Seen, Target};
use super::message::METHODS;
use super::piece::PieceKind;
use crate::har::status_text;
use crate::time::{month_number, timestamp};

/// Reads such a line, if the next one is one.
pub fn read(cursor: &mut Cursor<'_>, evidence: &mut Evidence) -> bool {
    let number = cursor.line();
    let Some(line) = cursor.peek().filter(|line| line.len() < LONGEST) else {
        return false;
    };
    if is_rule(line) {
        cursor.next();
        return true;
    }
    let (seen, kind) = match access_log(line) {
        Some(seen) => (seen, PieceKind::AccessLog),
        None => match row(line) {
            Some(seen) => (seen, PieceKind::RequestRow),
            None => return false,
        },
    };
    cursor.next();
    evidence.exchange(seen);
    evidence.piece(kind, (number, number));
    true
}

/// The line under the head of a table.
fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.starts_with(['|', '-', '+', '='])
        && line.len() > 2
        && line.bytes().all(|byte| b"|-+:= ".contains(&byte))
}

/// A line with a request in quotation marks: `"POST /mcp HTTP/1.1" 401`, as in the common and the
/// combined format, uvicorn's and others'.
pub fn access_log(line: &str) -> Option<Seen> {
    let (before, rest) = line.split_once('"')?;
    let (request, after) = rest.split_once('"')?;
    let mut words = request.split(' ');
    let (method, path, version) = (words.next()?, words.next()?, words.next());
    let is_request = METHODS.contains(&method)
        && (path.starts_with('/') || path.starts_with("http"))
        && version.is_none_or(|version| version.starts_with("HTTP/"));
    let after = after.trim_start();
    let status = match after.get(..3).and_then(status) {
        Some(status) => {
            let ends = after[3..].starts_with([' ', ',', '`']) || after.len() == 3;
            ends.then_some(status)?
        }
        // Balancers write it before the request.
        None => {
            version?;
            before.split_ascii_whitespace().find_map(status)?
        }
    };
    if !is_request {
        return None;
    }
    let quoted: Vec<&str> = after.split('"').skip(1).step_by(2).collect();
    // The combined format ends with where it came from and who sent it.
    let agent = quoted.get(1).filter(|agent| **agent != "-");
    let headers = agent.map(|agent| Header::new("user-agent", *agent));
    let host = before.split(' ').next().and_then(virtual_host);
    // Client libraries write the origin before the request.
    let origin = before.split_ascii_whitespace().last();
    let origin = origin.filter(|origin| path.starts_with('/') && is_address(origin));
    let target = match origin.and_then(trace::origin_of) {
        Some(origin) => Target::Url(format!("{origin}{path}")),
        None => target(path, host),
    };
    Some(Seen {
        target,
        method: Some(method.to_owned()),
        request_headers: Part::new(headers.into_iter().collect(), Recorded::Incomplete),
        request_body: Part::new(Vec::new(), body_of(method)),
        status: Some(status),
        started: bracketed(before)
            .and_then(log_time)
            .or_else(|| before.split_ascii_whitespace().find_map(timestamp)),
        ..Seen::default()
    })
}

/// `mcp.example:443`, with which the format `vhost_combined` begins. An address is the client's.
fn virtual_host(word: &str) -> Option<String> {
    let (name, port) = word.rsplit_once(':')?;
    let is_name = name.contains('.') && name.contains(|one: char| one.is_ascii_alphabetic());
    let is_port = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    (is_name && is_port).then(|| match port {
        "443" | "80" => name.to_owned(),
        _ => word.to_owned(),
    })
}

fn bracketed(text: &str) -> Option<&str> {
    let (_, rest) = text.rsplit_once('[')?;
    rest.split(']').next()
}

/// `10/Oct/2026:13:55:36 +0200`, or ISO 8601.
pub fn log_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Some(time) = timestamp(text) {
        return Some(time);
    }
    let mut parts = text.splitn(3, '/');
    let (day, month, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let (year, time) = rest.split_once(':')?;
    let month = month_number(month)?;
    timestamp(&format!(
        "{year}-{month:02}-{day}T{}",
        time.replace(' ', "")
    ))
}

/// A row of a table or a list: a method, an address and a status, in any of the usual orders.
fn row(line: &str) -> Option<Seen> {
    let separators = [
        ' ', '\t', '|', '"', '\'', '`', '(', ')', '[', ']', ',', ';', '\u{2192}', '\u{21d2}',
        '\u{2190}', '=', '>', '*',
    ];
    let is_arrow = |word: &&str| !word.is_empty() && !matches!(*word, "-" | "--");
    // An address may hold what else stands between words.
    let coarse = [' ', '\t', '|', '"', '\'', '`', '\u{2192}'];
    let words: Vec<&str> = line
        .split(coarse)
        .flat_map(|word| {
            if is_address(word) {
                vec![word]
            } else {
                word.split(separators).collect()
            }
        })
        .filter(is_arrow)
        .take(MOST_WORDS)
        .collect();
    let at = |wanted: &dyn Fn(&str) -> bool| words.iter().position(|word| wanted(word));
    let method = at(&|word| METHODS.contains(&word));
    let address = match method {
        Some(method) => {
            let after = words.iter().skip(method + 1).take(2);
            let after = after.copied().position(is_address);
            after.map(|after| method + 1 + after).or_else(|| {
                let before = method.checked_sub(1)?;
                is_address(words[before]).then_some(before)
            })
        }
        // Without a method only a whole URL shows that the line is about a request.
        None => at(&|word: &str| word.starts_with("http") && is_address(word)),
    }?;
    let after = words.iter().enumerate().skip(address + 1).take(4);
    let mut after = after.filter_map(|(nth, word)| Some((nth, status(word)?)));
    // A number that is part of a time or a size is no status.
    let whole = line
        .split(coarse)
        .take_while(|word| *word != words[address]);
    let before = whole.filter_map(|word| status(word.trim_matches(['[', ']', '(', ')', ',', '*'])));
    let (nth, status) = match after.next() {
        Some((nth, status)) => (nth, status),
        None => (0, before.last()?),
    };
    let is_table = line.contains('|') || line.contains("->") || line.contains('\u{2192}');
    let is_row = method.is_some() || is_table || line.contains("=>") || words.len() <= 4;
    // Prose that mentions a request is not a line of a log.
    let follows = method.is_some() && nth == address + 1;
    if !is_row || words.len() > MOST_OF_PROSE && !is_table && !follows {
        return None;
    }
    let path = words[address].trim_end_matches(['.', ':']);
    let method = method.map(|at| words[at]);
    Some(Seen {
        target: target(path, None),
        method: method.map(str::to_owned),
        request_body: Part::new(Vec::new(), body_of(method.unwrap_or("GET"))),
        status: Some(status),
        started: words
            .first()
            .and_then(|first| timestamp(first.trim_matches(['[', ']']))),
        ..Seen::default()
    })
}

pub fn is_address(word: &str) -> bool {
    let has_host = |rest: &str| rest.len() > 3 && !rest.starts_with('/');
    word.strip_prefix("https://").is_some_and(has_host)
        || word.strip_prefix("http://").is_some_and(has_host)
        || word.len() > 1
            && word.starts_with('/')
            && word[1..].starts_with(|one: char| one.is_ascii_alphanumeric() || one == '.')
        || word == "/"
}

/// A number that servers and proxies answer with. A port is not a status.
pub fn status(word: &str) -> Option<u16> {
    let digits = word.trim_end_matches([':', '.']);
    let status: u16 = digits.parse().ok()?;
    let is_known = !status_text(status).is_empty()
        || matches!(
            status,
            407 | 411 | 412 | 414 | 417 | 418 | 421 | 423..=426 | 428 | 431 | 451
        )
        || matches!(status, 419 | 440 | 499 | 520..=530);
    (digits.len() == 3 && is_known).then_some(status)
}

/// Where a request went that a log names by its path.
pub fn target(path: &str, host: Option<String>) -> Target {
    if path.starts_with("http") {
        return Target::Url(path.to_owned());
    }
    Target::Path {
        secure: None,
        host,
        path: path.to_owned(),
    }
}

/// A log holds no bodies; requests of some methods have none.
pub fn body_of(method: &str) -> Recorded {
    if matches!(method, "GET" | "HEAD" | "OPTIONS") {
        Recorded::Whole
    } else {
        Recorded::NotRecorded
    }
}

/// Bytes of a line.
pub const LONGEST: usize = 16 << 10;
/// Words of a line that are looked at.
pub const MOST_WORDS: usize = 60;
/// Words of a line that is a row and not a sentence.
const MOST_OF_PROSE: usize = 14;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(seen: Option<Seen>) -> Option<(String, String, u16)> {
        let seen = seen?;
        let address = match seen.target {
            Target::Url(url) => url,
            Target::Path { host, path, .. } => host.unwrap_or_default() + &path,
            Target::Unknown => String::new(),
        };
        Some((seen.method.unwrap_or_default(), address, seen.status?))
    }

    fn expect(method: &str, address: &str, status: u16) -> Option<(String, String, u16)> {
        Some((method.into(), address.into(), status))
    }

    #[test]
    fn lines_of_access_logs() {
        let combined = "203.0.113.9 - - [26/Nov/2026:10:00:01 +0100] \"POST /mcp HTTP/1.1\" 401 \
                        12 \"-\" \"node\"";
        let seen = access_log(combined).expect("it is the combined format");
        assert_eq!(seen.started.map(|at| at.seconds()), Some(1_795_683_601));
        assert_eq!(seen.request_headers.value[0].value, "node");
        assert_eq!(of(Some(seen)), expect("POST", "/mcp", 401));
        let vhost = "mcp.example:443 203.0.113.9 - - [x] \"GET /a HTTP/2.0\" 404 0 \"-\" \"-\"";
        assert_eq!(of(access_log(vhost)), expect("GET", "mcp.example/a", 404));
        let uvicorn = "INFO:     127.0.0.1:5432 - \"POST /mcp HTTP/1.1\" 401 Unauthorized";
        assert_eq!(of(access_log(uvicorn)), expect("POST", "/mcp", 401));
        assert!(access_log("he said \"GET /a now\" 200 times").is_none());
    }

    #[test]
    fn rows_of_tables_and_lists() {
        for (line, expected) in [
            (
                "| 1 | POST | `/mcp` | 401 | 12 ms |",
                expect("POST", "/mcp", 401),
            ),
            (
                "| /mcp | POST | 401 Unauthorized |",
                expect("POST", "/mcp", 401),
            ),
            (
                "GET  https://a.example/x?y=1,2   404  0.2s",
                expect("GET", "https://a.example/x?y=1,2", 404),
            ),
            (
                "2. POST /token \u{2192} 400 invalid_grant",
                expect("POST", "/token", 400),
            ),
            ("- POST /register -> 403", expect("POST", "/register", 403)),
            (
                "[GIN] | 401 | 1.2ms | ::1 | POST \"/mcp\"",
                expect("POST", "/mcp", 401),
            ),
            (
                "https://a.example/x -> 404",
                expect("", "https://a.example/x", 404),
            ),
            (
                "2026-06-22 04:59:25,367 DEBUG [headers] (executor-4) POST /auth/token HTTP/1.1",
                None,
            ),
            ("2026-11-26 10:00:01 10.0.0.4 POST /mcp - 443 - node", None),
            ("| Method | Path | Status |", None),
            (
                "I sent a POST to /mcp and after that my client waited for 300 seconds or more",
                None,
            ),
            (
                "See https://a.example/issues for 200 more of them please and thanks",
                None,
            ),
        ] {
            assert_eq!(of(row(line)), expected, "{line}");
        }
    }

    #[test]
    fn dates_of_logs_and_of_http() {
        let at = crate::time::http_date("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(at.map(|at| at.seconds()), Some(784_111_777));
        assert_eq!(log_time("yesterday"), None);
    }
}
