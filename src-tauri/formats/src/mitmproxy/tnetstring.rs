//! Tagged netstrings, as mitmproxy writes them: a length, a colon, so many bytes, and a sign that
//! says what they are (mitmproxy `mitmproxy/io/tnetstring.py`).

use std::io::{self, Read};

/// A value. Its bytes are those of the text it was read from.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    Bytes(&'a [u8]),
    Text(&'a str),
    Integer(i64),
    Float(f64),
    Bool(bool),
    Null,
    List(Vec<Value<'a>>),
    Map(Vec<(&'a str, Value<'a>)>),
}

impl<'a> Value<'a> {
    /// The member of a map; null where there is none.
    pub fn get(&self, name: &str) -> &Value<'a> {
        let Self::Map(members) = self else {
            return &Value::Null;
        };
        let mut named = members.iter().filter(|(known, _)| *known == name);
        named.next().map_or(&Value::Null, |(_, value)| value)
    }

    pub fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Text(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    pub fn text(&self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    pub fn number(&self) -> Option<f64> {
        match self {
            Self::Integer(number) => Some(*number as f64),
            Self::Float(number) => Some(*number),
            _ => None,
        }
    }

    pub fn list(&self) -> &[Value<'a>] {
        match self {
            Self::List(values) => values,
            _ => &[],
        }
    }
}

/// What comes next in a file.
pub enum Next {
    /// One value as it stands, with its length and its sign.
    Value(Vec<u8>),
    /// A value that is too long to be held, which was passed over.
    TooLong,
    End,
}

/// Reads on by one value.
///
/// # Errors
/// What the file answers; [`io::ErrorKind::InvalidData`] where no value begins,
/// [`io::ErrorKind::UnexpectedEof`] where it ends in the middle of one.
pub fn next(file: &mut dyn Read) -> io::Result<Next> {
    let mut value = Vec::new();
    let mut length = 0_u64;
    loop {
        let mut byte = [0];
        if file.read(&mut byte)? == 0 {
            return if value.is_empty() {
                Ok(Next::End)
            } else {
                Err(io::ErrorKind::UnexpectedEof.into())
            };
        }
        value.push(byte[0]);
        match byte[0] {
            b':' if value.len() > 1 => break,
            digit @ b'0'..=b'9' if value.len() <= DIGITS => {
                length = length * 10 + u64::from(digit - b'0');
            }
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
    // With its sign.
    let left = length + 1;
    if length > LONGEST {
        let passed = io::copy(&mut file.take(left), &mut io::sink())?;
        return if passed == left {
            Ok(Next::TooLong)
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        };
    }
    let before = value.len();
    file.take(left).read_to_end(&mut value)?;
    if value.len() - before < left as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Next::Value(value))
}

/// The value that the bytes are. `None` when they are none, or hold too many in each other.
pub fn read(bytes: &[u8]) -> Option<Value<'_>> {
    let (value, rest) = first(bytes, 0)?;
    rest.is_empty().then_some(value)
}

fn first(bytes: &[u8], depth: usize) -> Option<(Value<'_>, &[u8])> {
    let colon = bytes
        .iter()
        .take(DIGITS + 1)
        .position(|byte| *byte == b':')?;
    let length: usize = std::str::from_utf8(&bytes[..colon]).ok()?.parse().ok()?;
    let content = bytes.get(colon + 1..)?.get(..length)?;
    let sign = *bytes.get(colon + 1 + length)?;
    let rest = &bytes[colon + length + 2..];
    let text = || std::str::from_utf8(content).ok();
    let value = match sign {
        b',' => Value::Bytes(content),
        b';' => Value::Text(text()?),
        b'#' => Value::Integer(text()?.parse().ok()?),
        b'^' => Value::Float(text()?.parse().ok()?),
        b'!' => Value::Bool(content == b"true"),
        b'~' => Value::Null,
        b']' | b'}' if depth >= DEEPEST => return None,
        b']' => {
            let mut values = Vec::new();
            let mut left = content;
            while !left.is_empty() {
                let (value, after) = first(left, depth + 1)?;
                values.push(value);
                left = after;
            }
            Value::List(values)
        }
        b'}' => {
            let mut members = Vec::new();
            let mut left = content;
            while !left.is_empty() {
                let (name, after) = first(left, depth + 1)?;
                let (value, after) = first(after, depth + 1)?;
                members.push((name.text()?, value));
                left = after;
            }
            Value::Map(members)
        }
        _ => return None,
    };
    Some((value, rest))
}

const DIGITS: usize = 12;
/// Bytes of one value of the file, which is one flow.
const LONGEST: u64 = 64 << 20;
const DEEPEST: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_in_values() {
        let bytes = b"42:4:list;20:1:1#3:0.5^0:~4:true!]4:name,1:x,}";
        let value = read(bytes).unwrap();
        assert_eq!(value.get("name").text(), Some("x"));
        let list = [
            Value::Integer(1),
            Value::Float(0.5),
            Value::Null,
            Value::Bool(true),
        ];
        assert_eq!(value.get("list").list(), list);
        assert_eq!(value.get("other"), &Value::Null);
        for wrong in [
            "",
            "5:ab,",
            "1:a",
            "1:a?",
            "x:a,",
            "3:1:a}",
            "99999999999999:a,",
        ] {
            assert_eq!(read(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn too_many_in_each_other_are_none() {
        let nested = |times: usize| {
            (0..times).fold(String::from("0:~"), |inner, _| {
                format!("{}:{inner}]", inner.len())
            })
        };
        assert!(read(nested(20).as_bytes()).is_some());
        assert!(read(nested(2000).as_bytes()).is_none());
    }

    #[test]
    fn a_file_is_read_value_by_value_up_to_where_it_is_cut() {
        let mut file: &[u8] = b"1:a,1:b,9:c";
        assert!(matches!(next(&mut file), Ok(Next::Value(value)) if value == b"1:a,"));
        assert!(matches!(next(&mut file), Ok(Next::Value(_))));
        let kind = next(&mut file).err().map(|error| error.kind());
        assert_eq!(kind, Some(io::ErrorKind::UnexpectedEof));
        assert!(matches!(next(&mut file), Ok(Next::End)));
    }
}
