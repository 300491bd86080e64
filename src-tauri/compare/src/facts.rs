//! An exchange as facts that can be compared one by one.

use std::collections::HashMap;

use trace::{
    BodyEnd, FailureKind, Outcome, Recorded, Recording, Response, challenges, query_pairs,
};

use crate::bodies;
use crate::comparison::Place;
use crate::fact::{Fact, named};
use crate::headers;
use crate::pairs::pairs;
use crate::steps::Step;

/// What an exchange says, and how much of it was recorded.
pub struct Facts {
    pub list: Vec<Fact>,
    pub recorded: Recording,
    /// Seconds since 1970 at which it began; `None` when that was not recorded.
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
