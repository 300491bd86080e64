//! A fault as data: where it meets the traffic, what it changes, and what a user must be told.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::expect::Expect;
use crate::proxy::Message;

/// One change to real traffic.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    pub name: String,
    /// The real servers it is played in front of.
    #[serde(default)]
    pub peer: PeerName,
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// For the command, besides the URL.
    #[serde(default)]
    pub args: Vec<String>,
    pub expect: Expect,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PeerName {
    /// FastMCP: authorization server and MCP server on one origin.
    #[default]
    Fastmcp,
    /// node oidc-provider before a server on the TypeScript SDK: two origins, signed tokens.
    Oidc,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    pub at: At,
    #[serde(rename = "do")]
    pub change: Vec<Change>,
}

impl Fault {
    /// The answer that is given instead of asking the peer.
    pub fn answer(&self) -> Option<&Change> {
        let mut changes = self.change.iter();
        changes.find(|change| matches!(change, Change::Answer { .. }))
    }

    pub fn framing(&self) -> Option<Framing> {
        self.change.iter().find_map(|change| match change {
            Change::Framing(framing) => Some(*framing),
            _ => None,
        })
    }

    /// The same fault with `{origin}` in its texts replaced by the origin that was asked.
    pub fn at_origin(&self, origin: &str) -> Self {
        let mut fault = self.clone();
        let put = |text: &mut String| *text = text.replace("{origin}", origin);
        for change in &mut fault.change {
            match change {
                Change::Header(_, value)
                | Change::AddHeader(_, value)
                | Change::AppendToHeader(_, value)
                | Change::Body(value) => put(value),
                Change::ReplaceInHeader(_, from, to) | Change::ReplaceInBody(from, to) => {
                    put(from);
                    put(to);
                }
                Change::Set(_, value) => {
                    let text = value.to_string().replace("{origin}", origin);
                    *value = serde_json::from_str(&text).expect("an origin keeps it JSON");
                }
                Change::Answer { headers, body, .. } => {
                    headers.iter_mut().for_each(|(_, value)| put(value));
                    put(body);
                }
                _ => {}
            }
        }
        fault
    }

    pub fn cut(&self) -> Option<Cut> {
        self.change.iter().find_map(|change| match change {
            Change::Cut(cut) => Some(*cut),
            _ => None,
        })
    }
}

/// The requests that meet a fault; what is left out fits any.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct At {
    pub method: Option<String>,
    /// What the path begins with.
    pub path: Option<String>,
    /// The whole path.
    pub exactly: Option<String>,
    /// Whether the request carries an `Authorization` header of the scheme Bearer or DPoP.
    pub token: Option<bool>,
    /// What the `User-Agent` begins with: that of the command is "Authscope".
    pub agent: Option<String>,
    /// Text in the body, such as a JSON-RPC method or a grant type.
    pub body: Option<String>,
    /// 1 is the first request that fits.
    pub from: Option<u32>,
    pub to: Option<u32>,
}

impl At {
    pub fn fits(&self, request: &Message) -> bool {
        let mut words = request.line.split(' ');
        let (method, target) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        let path = target.split('?').next().unwrap_or_default();
        let scheme = request
            .header("Authorization")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let with_token = scheme.starts_with("bearer ") || scheme.starts_with("dpop ");
        let body = String::from_utf8_lossy(&request.body);
        self.method.as_deref().is_none_or(|wanted| wanted == method)
            && self
                .path
                .as_deref()
                .is_none_or(|wanted| path.starts_with(wanted))
            && self.exactly.as_deref().is_none_or(|wanted| path == wanted)
            && self.agent.as_deref().is_none_or(|wanted| {
                request
                    .header("User-Agent")
                    .is_some_and(|agent| agent.starts_with(wanted))
            })
            && self.token.is_none_or(|wanted| wanted == with_token)
            && self
                .body
                .as_deref()
                .is_none_or(|wanted| body.contains(wanted))
    }

    /// Whether the request that is the n-th to fit is one of those meant.
    pub fn counts(&self, nth: u32) -> bool {
        self.from.unwrap_or(1) <= nth && self.to.is_none_or(|to| nth <= to)
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Change {
    Status(u16),
    Header(String, String),
    /// One more field of the name, after those that are there.
    AddHeader(String, String),
    /// At the end of a header that is there.
    AppendToHeader(String, String),
    DropHeader(String),
    /// Header, what is in it, what is put there.
    ReplaceInHeader(String, String, String),
    Body(String),
    ReplaceInBody(String, String),
    /// Before the body, such as a byte order mark.
    BytesBefore(Vec<u8>),
    /// A member of a JSON body, by its JSON pointer.
    Set(String, Value),
    Remove(String),
    /// The signed token that is a member of a JSON body.
    Token(TokenChange),
    /// The body in this content coding; the header that says so is a change of its own.
    Coding(Coding),
    /// The peer never sees this header.
    RequestDropHeader(String),
    /// In the request line and the body that the peer sees.
    RequestReplace(String, String),
    /// The peer is not asked at all.
    Answer {
        status: u16,
        #[serde(default)]
        headers: Vec<(String, String)>,
        #[serde(default)]
        body: String,
    },
    Cut(Cut),
    Framing(Framing),
}

/// What is changed in a signed token; its signature fits no more. A value that is null takes the
/// member out, and a text such as "now+60" or "now-60" is a time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenChange {
    /// The JSON pointer of the token.
    pub at: String,
    #[serde(default)]
    pub header: Map<String, Value>,
    #[serde(default)]
    pub claims: Map<String, Value>,
    /// The peer is shown the token that it issued wherever the changed one comes back to it.
    #[serde(default)]
    pub taken: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coding {
    Gzip,
    Br,
    Zstd,
    Deflate,
}

/// How the answer is put on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Framing {
    /// In HTTP/1.0, ended by the end of the connection.
    Http10,
    /// In small chunks, with a trailer field.
    Chunked,
    /// After an interim answer, 103.
    Interim,
    /// In chunks of which the second has a size that is no number.
    BrokenChunk,
    /// In chunks without the last one, which is empty.
    OpenChunk,
    /// With two lengths that differ.
    TwoLengths,
    /// The body alone, without a status line and headers.
    NoHead,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// The connection ends before any answer.
    BeforeAnswer,
    /// The connection ends in the middle of the body.
    Middle,
    /// No answer for as long as the run lasts.
    Silence,
    /// The head of the answer comes, the body does not.
    HeldBack,
}
