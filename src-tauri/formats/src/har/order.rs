//! When requests were sent, and in which order, where a file does not say.

use trace::{Exchange, Recorded, Timestamp};

use crate::time::http_date;

/// A program that keeps the last answer to each request (Insomnia) gives all of them the time of
/// the export, in the order of its own list, which may begin with the newest. The servers' `Date`
/// says more. Without it the order of the file stays, and no time is known.
pub fn restore(exchanges: &mut [Exchange]) {
    let Some(first) = exchanges.first().map(|exchange| exchange.started) else {
        return;
    };
    let all_at_once = exchanges.iter().all(|exchange| exchange.started == first);
    if exchanges.len() < 2 || !all_at_once {
        return;
    }
    let dates: Vec<Timestamp> = exchanges.iter().filter_map(date).collect();
    if dates.is_sorted_by(|one, next| one >= next) && dates.first() != dates.last() {
        exchanges.reverse();
    }
    let mut last = dates.iter().min().copied().unwrap_or(first);
    for exchange in &mut *exchanges {
        match date(exchange) {
            Some(date) => last = date,
            None => exchange.recorded.times = Recorded::NotRecorded,
        }
        exchange.started = last;
    }
    exchanges.sort_by_key(|exchange| exchange.started);
}

/// When the server says that it answered.
fn date(exchange: &Exchange) -> Option<Timestamp> {
    let response = exchange.response()?;
    http_date(response.header_value("date")?)
}

#[cfg(test)]
mod tests {
    use super::super::Har;
    use crate::format::Format as _;
    use serde_json::{Value, json};
    use trace::Recorded;

    fn entry(path: &str, started: &str, date: Option<&str>) -> Value {
        let date = date.map(|value| json!({"name": "Date", "value": value}));
        json!({
            "startedDateTime": started,
            "request": {"method": "GET", "url": format!("https://mcp.example/{path}"), "headers": []},
            "response": {"status": 200, "headers": date.into_iter().collect::<Vec<_>>(), "content": {}},
        })
    }

    fn read(entries: &[Value]) -> Vec<(String, bool)> {
        let file = json!({"log": {"creator": {"name": "any"}, "entries": entries}}).to_string();
        let opened = Har.read(&mut file.as_bytes()).expect("a HAR file");
        let exchanges = opened.trace.exchanges();
        exchanges
            .map(|(_, exchange)| {
                let path = exchange.request.url.rsplit('/').next();
                let timed = exchange.recorded.times == Recorded::Whole;
                (path.unwrap_or_default().to_owned(), timed)
            })
            .collect()
    }

    const EXPORT: &str = "2026-11-27T08:15:27.402Z";

    #[test]
    fn what_began_at_the_time_of_the_export_is_put_into_the_order_of_the_dates() {
        let first = Some("Thu, 26 Nov 2026 10:00:01 GMT");
        let second = Some("Thu, 26 Nov 2026 10:00:09 GMT");
        let newest_first = [
            entry("token", EXPORT, second),
            entry("unsent", EXPORT, None),
            entry("register", EXPORT, first),
            entry("metadata", EXPORT, first),
        ];
        let expected = [
            ("metadata".to_owned(), true),
            ("register".to_owned(), true),
            ("unsent".to_owned(), false),
            ("token".to_owned(), true),
        ];
        assert_eq!(read(&newest_first), expected);
        let [token, _, register, metadata] = newest_first;
        let mixed = read(&[metadata, token, register]);
        let paths: Vec<&str> = mixed.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["metadata", "register", "token"]);
    }

    #[test]
    fn without_dates_the_order_stays_and_no_time_is_known() {
        let read = read(&[entry("b", EXPORT, None), entry("a", EXPORT, None)]);
        assert_eq!(read, [("b".to_owned(), false), ("a".to_owned(), false)]);
    }

    #[test]
    fn times_that_differ_are_believed() {
        let late = Some("Thu, 26 Nov 2026 10:00:09 GMT");
        let early = Some("Thu, 26 Nov 2026 10:00:01 GMT");
        let other = "2026-11-26T10:00:00.100Z";
        let read = read(&[
            entry("one", "2026-11-26T10:00:00.000Z", late),
            entry("two", other, early),
        ]);
        assert_eq!(read, [("one".to_owned(), true), ("two".to_owned(), true)]);
    }
}
