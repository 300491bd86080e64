//! Foreign values as they are put into messages: short, and with control characters escaped.

use serde_json::Value;

/// In quotation marks.
pub(crate) fn quoted(text: &str) -> String {
    format!("{:?}", shortened(text))
}

/// As JSON, or "nothing".
pub(crate) fn shown(value: Option<&Value>) -> String {
    match value {
        None => "nothing".into(),
        Some(Value::String(text)) => quoted(text),
        Some(other) => shortened(&other.to_string()),
    }
}

/// A span of time in the largest unit that is precise enough.
pub(crate) fn duration(seconds: u64) -> String {
    const MINUTE: u64 = 60;
    const HOUR: u64 = 60 * MINUTE;
    const DAY: u64 = 24 * HOUR;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / MINUTE),
        7_200..172_800 => format!("{} h", seconds / HOUR),
        _ => format!("{} days", seconds / DAY),
    }
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 120;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_others_stays_short_and_on_its_line() {
        assert_eq!(quoted("a\n\"b\""), r#""a\n\"b\"""#);
        assert!(
            shown(Some(&Value::String("é".repeat(10_000))))
                .chars()
                .count()
                < 130
        );
        assert_eq!(shown(None), "nothing");
        assert_eq!(
            [119, 7_199, 7_200, 200_000].map(duration),
            ["119 s", "119 min", "2 h", "2 days"]
        );
    }
}
