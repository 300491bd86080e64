//! Members that a JSON text has twice, wherever in it.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// The pointer (RFC 6901) of the first member that stands twice in its object; none where there is
/// none, or where the text is not JSON.
pub(crate) fn member_twice(json: &[u8]) -> Option<String> {
    let Found(found) = serde_json::from_slice(json).ok()?;
    found
}

/// The pointer of the first member that is there twice, below a value.
struct Found(Option<String>);

impl<'de> Deserialize<'de> for Found {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Found;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Found, A::Error> {
        let mut known: HashSet<Cow<'de, str>> = HashSet::new();
        let mut first = None;
        while let Some(Name(name)) = members.next_key()? {
            let Found(below) = members.next_value()?;
            let below = below.map(|below| format!("/{}{below}", escaped(&name)));
            let twice = known
                .contains(&name)
                .then(|| format!("/{}", escaped(&name)));
            first = first.or(twice).or(below);
            known.insert(name);
        }
        Ok(Found(first))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Found, A::Error> {
        let mut first = None;
        let mut at = 0_usize;
        while let Some(Found(below)) = items.next_element()? {
            first = first.or_else(|| below.map(|below| format!("/{at}{below}")));
            at += 1;
        }
        Ok(Found(first))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Found, E> {
        Ok(Found(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Found, E> {
        Ok(Found(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Found, E> {
        Ok(Found(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Found, E> {
        Ok(Found(None))
    }

    fn visit_str<E>(self, _: &str) -> Result<Found, E> {
        Ok(Found(None))
    }

    fn visit_unit<E>(self) -> Result<Found, E> {
        Ok(Found(None))
    }
}

/// A name, borrowed where it stands in the text as it is.
#[derive(serde::Deserialize)]
struct Name<'a>(#[serde(borrow)] Cow<'a, str>);

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_member_that_stands_twice() {
        for (json, pointer) in [
            (r#"{"a":1,"a":2}"#, "/a"),
            (r#"{"a":{"b":1,"b":2}}"#, "/a/b"),
            (
                r#"{"keys":[{"kty":"EC"},{"kty":"EC","kty":"oct"}]}"#,
                "/keys/1/kty",
            ),
            (r#"{"a/b":{"~":1,"~":1}}"#, "/a~1b/~0"),
            (r#"{"a":1,"\u0061":2}"#, "/a"),
        ] {
            assert_eq!(
                member_twice(json.as_bytes()).as_deref(),
                Some(pointer),
                "{json}"
            );
        }
        for json in [
            r#"{"a":{"b":1},"b":[{"a":null},{"a":1.5}]}"#,
            "[]",
            "no",
            "\"a\"",
        ] {
            assert_eq!(member_twice(json.as_bytes()), None, "{json}");
        }
    }
}
