//! The MCP servers that a text names: what people paste where a URL is expected.

use serde::Serialize;
use serde_json::{Map, Value};
use ts_rs::TS;
use url::{Host, Url};

/// Bytes that are read of one text. A configuration that a person wrote is not longer.
const MOST_SERVERS: usize = 200;

/// Characters of a URL that somebody typed.
const LONGEST_URL: usize = 2_048;

/// How deep objects are searched: a client's file keeps its servers for each project.
const DEEPEST: usize = 5;

/// What a text that is not a plain URL may mean.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, TS)]
pub struct Understood {
    /// What the text was taken for, as the head of the list; empty when it is nothing known.
    pub what: String,
    pub servers: Vec<NamedServer>,
}

/// A server that a text or a file names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct NamedServer {
    /// What it is called there; null where it has no name.
    pub name: Option<String>,
    /// Where it is; null when no run can be started with it.
    pub url: Option<String>,
    /// Why there is no URL.
    pub note: Option<String>,
}

impl NamedServer {
    fn at(url: Url) -> Self {
        Self {
            name: None,
            url: Some(url.into()),
            note: None,
        }
    }
}

/// What this text may mean where the URL of an MCP server is expected. Names and URLs are read,
/// and nothing else: no header, no environment, no argument that is not a URL.
pub fn servers_in(text: &str) -> Understood {
    let text = text.trim();
    let of = |what: &str, servers: Vec<NamedServer>| Understood {
        what: what.into(),
        servers,
    };
    if text.is_empty() {
        return Understood::default();
    }
    if text.starts_with(['{', '"']) {
        // A member without the braces around it is how people copy.
        let object = if text.starts_with('"') {
            format!("{{{}}}", text.trim_end_matches(','))
        } else {
            text.to_owned()
        };
        return match servers_of_json(&object) {
            Ok(servers) if !servers.is_empty() => of("The client configuration names", servers),
            _ => Understood::default(),
        };
    }
    if text.starts_with('[') {
        return match servers_of_toml(text) {
            Ok(servers) if !servers.is_empty() => of("The client configuration names", servers),
            _ => Understood::default(),
        };
    }
    if text == "curl" || text.starts_with("curl ") || text.starts_with("curl\t") {
        let words = shlex::split(&text.replace("\\\n", " ")).unwrap_or_default();
        return of("The cURL command asks", from_words(&words));
    }
    if text.contains(char::is_whitespace) {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let servers = from_words(&words);
        return if servers.is_empty() {
            Understood::default()
        } else {
            of("The text names", servers)
        };
    }
    match with_scheme(text) {
        Some(url) => of("Did you mean", vec![NamedServer::at(url)]),
        None => Understood::default(),
    }
}

/// The servers in a client's configuration in JSON, with comments and commas at the end as
/// several clients write it.
///
/// # Errors
/// Why it is not JSON.
pub fn servers_of_json(text: &str) -> Result<Vec<NamedServer>, String> {
    let mut plain = text.to_owned();
    json_strip_comments::strip(&mut plain).map_err(|error| error.to_string())?;
    let value: Value = serde_json::from_str(&plain).map_err(|error| error.to_string())?;
    Ok(servers_of(&value))
}

/// The servers in a client's configuration in TOML.
///
/// # Errors
/// Why it is not TOML.
pub fn servers_of_toml(text: &str) -> Result<Vec<NamedServer>, String> {
    let value: Value = toml::from_str(text).map_err(|error| error.message().to_owned())?;
    Ok(servers_of(&value))
}

/// The first URL among words of a command line.
fn from_words(words: &[String]) -> Vec<NamedServer> {
    let url = words.iter().find_map(|word| web_url(word));
    url.map(NamedServer::at).into_iter().collect()
}

fn servers_of(value: &Value) -> Vec<NamedServer> {
    let mut found = Vec::new();
    if let Value::Object(object) = value {
        if is_server(value) {
            found.extend(server(None, object));
        } else if !object.is_empty() && object.values().all(is_server) {
            collect(object, &mut found);
        } else {
            search(object, DEEPEST, &mut found);
        }
    }
    found
}

/// Finds the objects that hold servers by their name.
fn search(object: &Map<String, Value>, deeper: usize, found: &mut Vec<NamedServer>) {
    for (name, value) in object {
        let Value::Object(inner) = value else {
            continue;
        };
        if matches!(name.as_str(), "mcpServers" | "servers" | "mcp_servers") {
            collect(inner, found);
        } else if deeper > 0 {
            search(inner, deeper - 1, found);
        }
    }
}

fn collect(servers: &Map<String, Value>, found: &mut Vec<NamedServer>) {
    for (name, value) in servers {
        let Some(named) = value
            .as_object()
            .and_then(|object| server(Some(name), object))
        else {
            continue;
        };
        if found.len() < MOST_SERVERS && !found.contains(&named) {
            found.push(named);
        }
    }
}

/// The members in which clients keep a server's URL.
const URL_MEMBERS: [&str; 3] = ["url", "httpUrl", "serverUrl"];

fn is_server(value: &Value) -> bool {
    let has = |name: &&str| value.get(name).is_some_and(Value::is_string);
    URL_MEMBERS.iter().any(has) || has(&"command")
}

fn server(name: Option<&str>, object: &Map<String, Value>) -> Option<NamedServer> {
    let text = |member: &&str| object.get(*member).and_then(Value::as_str);
    let arguments = || object.get("args").and_then(Value::as_array);
    let (url, note) = if let Some(written) = URL_MEMBERS.iter().find_map(text) {
        match web_url(written) {
            Some(url) => (Some(url), None),
            None => (None, Some("its URL has places to be filled in, or is none")),
        }
    } else if text(&"command").is_some() {
        // A program that passes everything on, such as mcp-remote, has the URL among its arguments.
        let words = arguments().into_iter().flatten().filter_map(Value::as_str);
        match words.into_iter().find_map(web_url) {
            Some(url) => (Some(url), None),
            None => (
                None,
                Some("a program on this machine: there is no OAuth to look at"),
            ),
        }
    } else {
        return None;
    };
    Some(NamedServer {
        name: name.map(str::to_owned),
        url: url.map(String::from),
        note: note.map(str::to_owned),
    })
}

/// An http or https URL without credentials in it.
fn web_url(text: &str) -> Option<Url> {
    let text = text.trim_matches(['"', '\'', ',', '<', '>']);
    if text.contains("${") {
        return None;
    }
    let mut url = Url::parse(text).ok()?;
    if !matches!(url.scheme(), "http" | "https") || url.host().is_none() {
        return None;
    }
    url.set_username("").ok()?;
    url.set_password(None).ok()?;
    Some(url)
}

/// What a word without a usable scheme most likely means.
fn with_scheme(text: &str) -> Option<Url> {
    if text.len() > LONGEST_URL || web_url(text).is_some() && text.contains("://") {
        return None;
    }
    let bare = without_broken_scheme(text);
    let guess = web_url(&format!("https://{bare}"))?;
    let (is_here, is_host) = match guess.host()? {
        Host::Domain(name) => (
            name == "localhost" || name.ends_with(".localhost"),
            name == "localhost" || name.contains('.') || guess.port().is_some(),
        ),
        Host::Ipv4(address) => (address.is_loopback() || address.is_private(), true),
        Host::Ipv6(address) => (address.is_loopback(), true),
    };
    if !is_host {
        return None;
    }
    // Servers on this machine and next to it rarely speak TLS.
    if is_here {
        web_url(&format!("http://{bare}"))
    } else {
        Some(guess)
    }
}

/// Without a misspelt `https://`: `htps://`, `https:/`, `https//`, `//`.
fn without_broken_scheme(text: &str) -> &str {
    let letters = text.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (word, rest) = text.split_at(letters);
    let meant = word.is_empty() || matches!(word.len(), 3..=6) && word.ends_with(['p', 's']);
    let slashes = rest.strip_prefix(':').unwrap_or(rest);
    if meant && slashes.starts_with('/') {
        slashes.trim_start_matches('/')
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(text: &str) -> Vec<String> {
        let all = servers_in(text).servers;
        all.into_iter().filter_map(|server| server.url).collect()
    }

    #[test]
    fn a_url_without_a_scheme_is_offered_with_the_likely_one() {
        for (typed, meant) in [
            ("mcp.example/mcp", "https://mcp.example/mcp"),
            ("mcp.example:8443/mcp", "https://mcp.example:8443/mcp"),
            ("localhost:8000/mcp", "http://localhost:8000/mcp"),
            ("127.0.0.1:8000", "http://127.0.0.1:8000/"),
            ("192.168.1.7/mcp", "http://192.168.1.7/mcp"),
            ("htps://mcp.example/mcp", "https://mcp.example/mcp"),
            ("https:/mcp.example/mcp", "https://mcp.example/mcp"),
            ("https//mcp.example/mcp", "https://mcp.example/mcp"),
            ("//mcp.example/mcp", "https://mcp.example/mcp"),
        ] {
            assert_eq!(urls(typed), [meant], "{typed}");
        }
        for nothing in [
            "",
            "mcp",
            "no url at all",
            "https://mcp.example/mcp",
            "/mcp",
            "a:b",
        ] {
            assert_eq!(servers_in(nothing), Understood::default(), "{nothing}");
        }
    }

    #[test]
    fn a_client_s_configuration_gives_names_and_urls_alone() {
        let text = r#"{
            // as VS Code has it
            "mcpServers": {
                "notes": { "url": "https://me:hush@notes.example/mcp", "headers": { "Authorization": "Bearer hush" } },
                "gemini": { "httpUrl": "https://g.example/mcp" },
                "bridge": { "command": "npx", "args": ["-y", "mcp-remote", "https://b.example/mcp"] },
                "local": { "command": "node", "args": ["server.js"], "env": { "KEY": "hush" } },
                "later": { "url": "https://${input:host}/mcp" },
            },
        }"#;
        let understood = servers_in(text);
        assert_eq!(understood.servers.len(), 5);
        assert_eq!(
            urls(text),
            [
                "https://notes.example/mcp",
                "https://g.example/mcp",
                "https://b.example/mcp"
            ]
        );
        assert!(!format!("{understood:?}").contains("hush"));
        assert!(
            understood.servers[3]
                .note
                .as_deref()
                .is_some_and(|note| note.contains("program"))
        );
    }

    #[test]
    fn every_shape_of_configuration_is_read() {
        for text in [
            r#"{"servers": {"a": {"type": "http", "url": "https://a.example/mcp"}}}"#,
            r#"{"mcp": {"servers": {"a": {"url": "https://a.example/mcp"}}}}"#,
            r#"{"projects": {"/home/me": {"mcpServers": {"a": {"url": "https://a.example/mcp"}}}}}"#,
            r#"{"a": {"url": "https://a.example/mcp"}}"#,
            r#""a": {"url": "https://a.example/mcp"},"#,
            r#"{"url": "https://a.example/mcp"}"#,
            "[mcp_servers.a]\nurl = \"https://a.example/mcp\"\n",
            "curl -X POST \\\n  --header 'Authorization: Bearer x' --url 'https://a.example/mcp'",
            "claude mcp add --transport http a https://a.example/mcp",
        ] {
            assert_eq!(urls(text), ["https://a.example/mcp"], "{text}");
        }
    }

    #[test]
    fn hostile_text_ends() {
        for text in [
            "{".repeat(100_000),
            r#"{"a":"#.repeat(10_000),
            "[".repeat(100_000),
            "curl '".to_owned(),
            "a.".repeat(100_000),
        ] {
            assert_eq!(urls(&text).len(), 0);
        }
    }
}
