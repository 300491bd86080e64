//! Dates as files have them.

use trace::Timestamp;

/// Reads RFC 3339, and ISO 8601 where it differs by a little: a fraction of any length, an offset
/// without its colon or none at all.
pub fn timestamp(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let (date, time) = text.split_once(['T', 't', ' '])?;
    let mut date = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let (clock, offset) = match time.find(['Z', 'z', '+', '-']) {
        Some(at) => time.split_at(at),
        None => (time, ""),
    };
    let mut clock = clock.trim().split(':');
    let hour: i64 = clock.next()?.parse().ok()?;
    let minute: i64 = clock.next()?.parse().ok()?;
    let (second, fraction) = match clock.next() {
        Some(second) => second.split_once(['.', ',']).unwrap_or((second, "")),
        None => ("0", ""),
    };
    let second: i64 = second.parse().ok()?;
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).take(6);
    let micros = digits
        .chain(std::iter::repeat(b'0'))
        .take(6)
        .fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0'));
    let is_date =
        (1..=12).contains(&month) && (1..=31).contains(&day) && (0..=9999).contains(&year);
    let is_clock =
        (0..=24).contains(&hour) && (0..=59).contains(&minute) && (0..=60).contains(&second);
    if !is_date || !is_clock {
        return None;
    }
    let days = days_since_1970(year, month, day);
    let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset_seconds(offset)?;
    let micros = u64::try_from(seconds * 1_000_000 + micros).ok()?;
    Some(Timestamp(micros))
}

/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
pub fn http_date(text: &str) -> Option<Timestamp> {
    let (_, rest) = text.split_once(", ")?;
    let mut words = rest.split(' ');
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let time = words.next()?;
    let month = month_number(month)?;
    timestamp(&format!("{year}-{month:02}-{day}T{time}Z"))
}

/// A month by the three letters that HTTP and access logs have.
pub fn month_number(name: &str) -> Option<usize> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    MONTHS
        .iter()
        .position(|month| *month == name)
        .map(|at| at + 1)
}

fn offset_seconds(offset: &str) -> Option<i64> {
    let sign = match offset.chars().next() {
        None | Some('Z' | 'z') => return Some(0),
        Some('-') => -1,
        Some(_) => 1,
    };
    let digits: String = offset.chars().filter(char::is_ascii_digit).collect();
    let hours: i64 = digits.get(..2)?.parse().ok()?;
    let minutes: i64 = digits.get(2..4).unwrap_or("0").parse().ok()?;
    Some(sign * (hours * 3600 + minutes * 60))
}

/// A date of the Gregorian calendar to days: Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms".
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recorder_s_dates_are_read() {
        let at = |text: &str| timestamp(text).map(|at| at.0);
        let expected = Some(1_709_251_199_123_000);
        for text in [
            "2024-02-29T23:59:59.123Z",
            "2024-02-29T23:59:59.123000+00:00",
            "2024-03-01T01:59:59.123+02:00",
            "2024-02-29T18:59:59.123-0500",
            "2024-02-29 23:59:59.1230004",
        ] {
            assert_eq!(at(text), expected, "{text}");
        }
        for text in [
            "",
            "yesterday",
            "2024-13-01T00:00:00Z",
            "2024-02-29",
            "2024-02-29T11111111111110:00:00Z",
            "2024-02-29T00:9223372036854775807:00Z",
            "2024-02-29T00:00:-9223372036854775808Z",
        ] {
            assert_eq!(at(text), None, "{text}");
        }
    }
}
