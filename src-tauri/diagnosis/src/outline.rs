//! The outermost members of a JSON object, as far as rules ask for them in every answer. Reading
//! the whole of a long list of tools would take most of the time of judging a run.

use std::borrow::Cow;
use std::fmt;

use foldhash::{HashSet, HashSetExt as _};
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use trace::BYTE_ORDER_MARK;

/// Of equal names the last counts, as everywhere.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    /// The first name that is there twice.
    pub repeated: Option<String>,
    pub id: Option<Value>,
    pub jsonrpc: Option<Value>,
    pub result: Option<Shape>,
    pub error: Option<Shape>,
}

/// What kind of value something is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Object {
        /// It has a member `tools`, which is an array.
        lists_tools: bool,
    },
    Array,
    Other,
}

impl Outline {
    /// Empty where the bytes are not one JSON object.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
        serde_json::from_slice(bytes).ok()
    }
}

/// The name of a member, copied only where it has escapes.
#[derive(Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Outline {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(OutlineVisitor)
    }
}

struct OutlineVisitor;

impl<'de> Visitor<'de> for OutlineVisitor {
    type Value = Outline;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Outline, A::Error> {
        let mut outline = Outline::default();
        let mut names = Vec::new();
        while let Some(name) = members.next_key::<Name<'de>>()? {
            match &*name.0 {
                "id" => outline.id = Some(members.next_value()?),
                "jsonrpc" => outline.jsonrpc = Some(members.next_value()?),
                "result" => outline.result = Some(members.next_value()?),
                "error" => outline.error = Some(members.next_value()?),
                _ => drop(members.next_value::<IgnoredAny>()?),
            }
            names.push(name.0);
        }
        outline.repeated = repeated(&names).map(str::to_owned);
        Ok(outline)
    }
}

/// The first text that is there twice.
fn repeated<'a>(texts: &'a [Cow<'_, str>]) -> Option<&'a str> {
    const FEW: usize = 16;
    let mut indexes = 0..texts.len();
    let again = if texts.len() <= FEW {
        indexes.find(|index| texts[..*index].contains(&texts[*index]))
    } else {
        let mut known = HashSet::with_capacity(texts.len());
        indexes.find(|index| !known.insert(&texts[*index]))
    };
    again.map(|index| &*texts[index])
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Shape, A::Error> {
        let mut lists_tools = false;
        while let Some(Name(name)) = members.next_key()? {
            if name == "tools" {
                lists_tools = members.next_value::<Shape>()? == Shape::Array;
            } else {
                members.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Shape::Object { lists_tools })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Shape, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Shape::Array)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Shape, E> {
        Ok(Shape::Other)
    }

    fn visit_unit<E: Error>(self) -> Result<Shape, E> {
        Ok(Shape::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_members_are_seen_whatever_their_values_are() {
        let read = |json: &str| Outline::read(json.as_bytes()).unwrap();
        let answer =
            read(r#"{"jsonrpc":"2.0","id":7,"result":{"tools":[{"a":[1.5,-1,null]}],"x":{}}}"#);
        assert_eq!(answer.id, Some(7.into()));
        assert_eq!(answer.jsonrpc, Some("2.0".into()));
        assert_eq!(answer.result, Some(Shape::Object { lists_tools: true }));
        assert!(answer.error.is_none() && answer.repeated.is_none());
        for (value, shape) in [
            ("null", Shape::Other),
            ("true", Shape::Other),
            ("1", Shape::Other),
            ("-1", Shape::Other),
            ("1e99", Shape::Other),
            ("\"\\u0041\"", Shape::Other),
            ("[[]]", Shape::Array),
            ("{\"tools\":{}}", Shape::Object { lists_tools: false }),
        ] {
            let json = format!("{{\"result\":{value}}}");
            assert_eq!(read(&json).result, Some(shape), "{json}");
        }
        for none in ["", "[]", "{", "{}x", "7"] {
            assert!(Outline::read(none.as_bytes()).is_none(), "{none}");
        }
    }

    #[test]
    fn a_name_that_is_there_twice_is_found_however_it_is_written() {
        let read = |json: &str| Outline::read(json.as_bytes()).unwrap();
        assert_eq!(read(r#"{"a":1,"b":2,"\u0061":3}"#).repeated.unwrap(), "a");
        let twice = read("\u{feff}{\"id\":1,\"id\":2}");
        assert_eq!(
            (twice.id, twice.repeated),
            (Some(2.into()), Some("id".into()))
        );
        assert!(read(r#"{"a":{"b":1},"b":{"a":1}}"#).repeated.is_none());
        let members: String = (0..40).map(|number| format!("\"m{number}\":0,")).collect();
        let many = read(&format!("{{{members}\"m7\":1,\"m3\":1}}"));
        assert_eq!(many.repeated.as_deref(), Some("m7"));
        assert!(read(&format!("{{{members}\"x\":1}}")).repeated.is_none());
    }
}
