//! An exchange as facts that can be compared one by one.

use std::collections::HashMap;

use serde_json::Value as Json;
use trace::{
    BodyEnd, FailureKind, Outcome, Pair, Recorded, Recording, Response, challenges, query_pairs,
};

use crate::bodies;
use crate::classes::{self, Class};
use crate::comparison::Place;
use crate::headers;
use crate::steps::Step;
use crate::tokens;

/// One thing that a message says.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    pub place: Place,
    pub name: String,
    pub value: Value,
    /// It may be shown; else only that it differs is told.
    pub is_public: bool,
}

/// How a value is compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// As it is, but for the fresh parts in it.
    Text(String),
    /// A number of seconds: nearly the same is the same.
    Duration(f64),
    /// Without regard to the order.
    Set(Vec<String>),
    /// By what it is the same as.
    Fresh(String),
    /// Seconds since 1970.
    Time(f64),
    /// Not at all.
    Connection(String),
}

impl Fact {
    pub fn new(place: Place, name: impl Into<String>, value: Value) -> Self {
        Self {
            place,
            name: name.into(),
            value,
            is_public: true,
        }
    }

    pub fn text(place: Place, name: impl Into<String>, text: impl Into<String>) -> Self {
        Self::new(place, name, Value::Text(text.into()))
    }
}

/// What an exchange says, and how much of it was recorded.
pub struct Facts {
    pub list: Vec<Fact>,
    pub recorded: Recording,
    /// Seconds since 1970 at which it began; none when that was not recorded.
    pub began: Option<f64>,
    /// Bodies that end early: what is not in them may have been sent.
    pub is_request_cut: bool,
    pub is_response_cut: bool,
    pub has_response: bool,
}

impl Facts {
    pub fn of(step: &Step<'_>) -> Self {
        let recorded = step
            .exchange
            .map_or_else(Recording::default, |exchange| exchange.recorded);
        let mut list = Vec::new();
        request(step, &mut list);
        let mut is_response_cut = false;
        let mut has_response = false;
        match step.outcome() {
            Some(Outcome::Response(one)) => {
                has_response = true;
                is_response_cut = one.body.end != BodyEnd::Complete;
                response(step, one, &mut list);
            }
            Some(Outcome::Failure(failure)) => {
                let kind = failure_words(failure.kind);
                list.push(Fact::text(Place::Failure, "", kind));
            }
            None => {}
        }
        list.truncate(MOST);
        number_equal_names(&mut list);
        let began = step.exchange.and_then(|exchange| {
            let is_known = recorded.times == Recorded::Whole;
            is_known.then_some(exchange.started.0 as f64 / 1e6)
        });
        Self {
            list,
            recorded,
            began,
            is_request_cut: step.request.body.end != BodyEnd::Complete,
            is_response_cut,
            has_response,
        }
    }
}

/// Of one exchange: a stranger's answer may have any number of members.
const MOST: usize = 4000;

fn request(step: &Step<'_>, list: &mut Vec<Fact>) {
    let request = &step.request;
    list.push(Fact::text(Place::Method, "", request.method.as_str()));
    let address = request.url.split(['?', '#']).next().unwrap_or_default();
    list.push(Fact::text(Place::Url, "", address));
    pairs(Place::Parameter, &query_pairs(&request.url), list);
    headers::of_request(step, list);
    bodies::of_request(step, list);
}

fn response(step: &Step<'_>, response: &Response, list: &mut Vec<Fact>) {
    list.push(Fact::text(Place::Status, "", response.status.to_string()));
    challenge(response, list);
    if let Some(location) = response.header_value("location") {
        let address = location.split(['?', '#']).next().unwrap_or_default();
        list.push(Fact::text(Place::Redirect, "URL", address));
        let mut sent = query_pairs(location);
        if let Some((_, fragment)) = location.split_once('#') {
            sent.extend(trace::pairs(fragment));
        }
        pairs(Place::Redirect, &sent, list);
    }
    headers::of_response(step, response, list);
    bodies::of_response(step, response, list);
}

fn challenge(response: &Response, list: &mut Vec<Fact>) {
    if response.header_value("www-authenticate").is_none() {
        return;
    }
    match challenges(response) {
        Ok(all) => {
            for challenge in all {
                let scheme = challenge.scheme;
                let name = format!("scheme {scheme}");
                list.push(Fact::text(Place::Challenge, name, "offered"));
                for (name, value) in challenge.parameters {
                    let fact = named(Place::Challenge, &name, &value);
                    list.push(Fact {
                        name: format!("{scheme} {name}"),
                        ..fact
                    });
                }
            }
        }
        Err(error) => {
            let text = error.value;
            list.push(Fact::text(Place::Challenge, "(unreadable)", text));
        }
    }
}

/// Parameters of a URL or a form, with what is in their tokens.
pub fn pairs(place: Place, pairs: &[Pair], list: &mut Vec<Fact>) {
    for pair in pairs {
        list.push(named(place, &pair.name, &pair.value));
        if tokens::may_be_token(&pair.name, &pair.value) {
            tokens::read(place, &pair.name, &pair.value, list);
        }
    }
}

/// A text under a name that says how it is compared.
pub fn named(place: Place, name: &str, value: &str) -> Fact {
    let class = classes::of_name(name);
    let value = match class {
        Class::Fresh if classes::is_word(value) => Value::Text(value.into()),
        Class::Fresh => Value::Fresh(value.into()),
        Class::Time => value
            .parse()
            .map_or_else(|_| Value::Text(value.into()), Value::Time),
        _ if SPACED.contains(&name) => {
            Value::Set(value.split_ascii_whitespace().map(str::to_owned).collect())
        }
        _ => Value::Text(value.into()),
    };
    Fact::new(place, name, value)
}

/// Parameters that are lists with blanks between, in any order.
const SPACED: [&str; 5] = ["scope", "scp", "response_type", "prompt", "acr_values"];

/// A member of a JSON document. `name` is the last part of its path.
pub fn member(place: Place, path: &str, name: &str, value: &Json) -> Fact {
    match (classes::of_name(name), value) {
        (Class::Fresh, Json::String(text)) if !classes::is_word(text) => {
            Fact::new(place, path, Value::Fresh(text.clone()))
        }
        (Class::Time, Json::Number(number)) => {
            let seconds = number.as_f64().unwrap_or_default();
            // 0 means "never", and small numbers are no times.
            if seconds < 1e9 {
                Fact::text(place, path, number.to_string())
            } else {
                Fact::new(place, path, Value::Time(seconds))
            }
        }
        (_, Json::Number(number)) if DURATIONS.contains(&name) => Fact::new(
            place,
            path,
            Value::Duration(number.as_f64().unwrap_or_default()),
        ),
        (_, Json::String(text)) if SPACED.contains(&name) => {
            let words = text.split_ascii_whitespace().map(str::to_owned);
            Fact::new(place, path, Value::Set(words.collect()))
        }
        _ => Fact::text(place, path, value.to_string()),
    }
}

const DURATIONS: [&str; 3] = ["expires_in", "ext_expires_in", "refresh_expires_in"];

/// Where a name stands twice, the later ones get a number.
fn number_equal_names(list: &mut [Fact]) {
    let mut counts: HashMap<(Place, String), u32> = HashMap::new();
    for fact in list {
        let count = counts.entry((fact.place, fact.name.clone())).or_default();
        *count += 1;
        if *count > 1 {
            fact.name = format!("{} ({count})", fact.name);
        }
    }
}

fn failure_words(kind: FailureKind) -> &'static str {
    match kind {
        FailureKind::Dns => "the host name does not resolve",
        FailureKind::Refused => "refused",
        FailureKind::Unreachable => "unreachable",
        FailureKind::Tls => "TLS failed",
        FailureKind::Timeout => "no answer in time",
        FailureKind::Reset => "reset",
        FailureKind::Protocol => "not HTTP",
        FailureKind::Proxy => "the proxy failed",
        FailureKind::InvalidRequest => "cannot be sent",
        FailureKind::ForeignOrigin => "held back",
        FailureKind::Cancelled => "cancelled",
    }
}
