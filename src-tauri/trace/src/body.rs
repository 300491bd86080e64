//! The body of a message, and what its content coding did to it.

use std::fmt;

use serde::{Deserialize, Serialize};
use ts_rs::TS;

/// A message body and how its reading ended.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Body {
    #[serde(rename = "content", with = "content")]
    #[ts(type = "{ text: string } | { base64: string }")]
    pub bytes: Vec<u8>,
    pub end: BodyEnd,
    /// The content coding that was undone to get these bytes; `None` when there was none, or when
    /// it was left in place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub coding: Option<Box<Coding>>,
}

impl Body {
    pub fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            end: BodyEnd::Complete,
            coding: None,
        }
    }

    pub fn empty() -> Self {
        Self::new(Vec::new())
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The body as text, when it is UTF-8.
    pub fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }
}

/// How the reading of a body ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum BodyEnd {
    Complete,
    /// The size limit (bytes) was reached; the rest was not read.
    Truncated {
        #[ts(type = "number")]
        limit: u64,
    },
    /// The connection ended in the middle.
    CutOff {
        reason: String,
    },
}

/// A content coding (RFC 9110 section 8.4.1) and what was under it on the wire.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Coding {
    /// As in `Content-Encoding`: "gzip", "br".
    pub name: String,
    /// The body as it was on the wire; `None` when only its length is known.
    pub raw: Option<RawBytes>,
    /// Bytes on the wire.
    #[ts(type = "number")]
    pub length: u64,
    pub end: CodingEnd,
}

/// Bytes as they were on the wire.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct RawBytes(
    #[serde(with = "content")]
    #[ts(type = "{ text: string } | { base64: string }")]
    pub Vec<u8>,
);

/// How the decoding of a body ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum CodingEnd {
    Complete,
    /// The decoded body reached the size limit (bytes); the rest was not decoded.
    Truncated {
        #[ts(type = "number")]
        limit: u64,
    },
    /// The bytes are not what the coding says, or they end before it does; the decoded body ends
    /// there.
    Broken {
        reason: String,
    },
}

// Bodies carry tokens, so none of these prints more than its shape.

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.bytes.len())
    }
}

impl fmt::Debug for Coding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes, {:?}", self.name, self.length, self.end)
    }
}

impl fmt::Debug for RawBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

/// Bytes as text where they are UTF-8, else in Base64.
mod content {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Content {
        Text(String),
        Base64(String),
    }

    pub fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Content::Text(text.into()).serialize(to),
            Err(_) => Content::Base64(STANDARD.encode(bytes)).serialize(to),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        match Content::deserialize(from)? {
            Content::Text(text) => Ok(text.into_bytes()),
            Content::Base64(text) => STANDARD.decode(text).map_err(D::Error::custom),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_written_as_text_or_base64_and_read_back() {
        for bytes in [b"{\"a\":1}".to_vec(), vec![0xff, 0, 1], Vec::new()] {
            let body = Body::new(bytes);
            let json = serde_json::to_string(&body).unwrap();
            assert_eq!(serde_json::from_str::<Body>(&json).unwrap(), body, "{json}");
        }
    }

    #[test]
    fn a_body_keeps_what_was_on_the_wire_under_its_coding() {
        let raw = vec![0x1f, 0x8b, 8];
        let mut body = Body::new(b"{}".to_vec());
        body.coding = Some(Box::new(Coding {
            name: "gzip".into(),
            length: raw.len() as u64,
            raw: Some(RawBytes(raw)),
            end: CodingEnd::Broken {
                reason: "it ends too early".into(),
            },
        }));
        let json = serde_json::to_string(&body).unwrap();
        assert!(json.starts_with(r#"{"content":{"text":"{}"}"#), "{json}");
        assert_eq!(serde_json::from_str::<Body>(&json).unwrap(), body);
        let plain = serde_json::to_string(&Body::empty()).unwrap();
        assert!(!plain.contains("coding"), "{plain}");
    }
}
