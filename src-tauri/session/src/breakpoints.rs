//! Where a run waits although it was told to go on.

use std::collections::HashSet;

use diagnosis::{Finding, Level};
use serde::{Deserialize, Serialize};
use trace::{Outcome, Phase, Purpose, Request};
use ts_rs::TS;

use crate::error::{AppError, invalid};

/// A place where a run waits for the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Breakpoint {
    pub on: BreakOn,
    /// The answer is held before the flow sees it; otherwise the request waits. What is only known
    /// of an answer, such as its status, holds the answer in any case.
    pub answer: bool,
    /// It counts; one that is switched off is only kept.
    pub enabled: bool,
}

/// What a run waits at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum BreakOn {
    /// A step of this phase.
    Phase { phase: Phase },
    /// A request of this kind, such as that of a row.
    Request { purpose: Purpose },
    /// A URL: any that has these words in it, or that fits as a whole where `*` stands for
    /// anything.
    Url { pattern: String },
    /// A status, such as "404", or a class of them, such as "4xx".
    Status { status: String },
    /// A finding of the rule of this code.
    Rule { code: String },
    /// A finding of this level or a worse one.
    Level { level: Level },
}

impl Breakpoint {
    /// What it waits for, in words.
    pub fn words(&self) -> String {
        let at = |what: &str| {
            if self.answer {
                format!("The answer to {what}")
            } else {
                format!("Before {what}")
            }
        };
        match &self.on {
            BreakOn::Phase { phase } => {
                if self.answer {
                    format!("Answers in the phase {}", phase.title())
                } else {
                    format!("Before requests of the phase {}", phase.title())
                }
            }
            BreakOn::Request { purpose } => match diagnosis::step_guide(purpose) {
                Some(guide) => at(&format!("{}{}", guide.name, method_of(purpose))),
                None => at("requests that belong to no flow"),
            },
            BreakOn::Url { pattern } => at(&format!("a request to a URL like {pattern}")),
            BreakOn::Status { status } => format!("Answers with the status {status}"),
            BreakOn::Rule { code } => format!("A finding of {code}"),
            BreakOn::Level { level } => match level {
                Level::Note => "Any finding".into(),
                Level::Warning => "A finding that is a warning or an error".into(),
                Level::Error => "A finding that is an error".into(),
            },
        }
    }

    /// # Errors
    /// [`ErrorCode::Invalid`](crate::ErrorCode::Invalid) names what can never be met.
    pub fn check(&self) -> Result<(), AppError> {
        match &self.on {
            BreakOn::Status { status } if !is_status(status) => Err(invalid(format!(
                "breakpoint: expected a status such as 404 or 4xx, got \"{status}\""
            ))),
            BreakOn::Url { pattern } if pattern.trim().is_empty() => {
                Err(invalid("breakpoint: expected a part of a URL, got nothing"))
            }
            BreakOn::Rule { code } if !diagnosis::catalogue().iter().any(|it| it.code == *code) => {
                Err(invalid(format!(
                    "breakpoint: expected the code of a rule, such as T40, got \"{code}\""
                )))
            }
            _ => Ok(()),
        }
    }

    /// Whether a request waits here before it is sent.
    pub(crate) fn holds_request(&self, phase: Phase, purpose: &Purpose, request: &Request) -> bool {
        self.enabled && !self.answer && self.is_at(phase, purpose, request)
    }

    /// Whether an answer is held here, by what the exchange itself shows.
    pub(crate) fn holds_answer(
        &self,
        phase: Phase,
        purpose: &Purpose,
        request: &Request,
        outcome: &Outcome,
    ) -> bool {
        let by_status = match (&self.on, outcome) {
            (BreakOn::Status { status }, Outcome::Response(response)) => {
                is_of_status(response.status, status)
            }
            _ => false,
        };
        self.enabled && (by_status || self.answer && self.is_at(phase, purpose, request))
    }

    /// Whether it is met by what rules say.
    pub(crate) fn is_about_findings(&self) -> bool {
        self.enabled && matches!(self.on, BreakOn::Rule { .. } | BreakOn::Level { .. })
    }

    /// Whether this finding meets it.
    pub(crate) fn is_met_by(&self, finding: &Finding) -> bool {
        self.enabled
            && match &self.on {
                BreakOn::Rule { code } => finding.code == *code,
                BreakOn::Level { level } => finding.level >= *level,
                _ => false,
            }
    }

    fn is_at(&self, phase: Phase, purpose: &Purpose, request: &Request) -> bool {
        match &self.on {
            BreakOn::Phase { phase: at } => *at == phase,
            BreakOn::Request { purpose: at } => at == purpose,
            BreakOn::Url { pattern } => fits(&request.url, pattern.trim()),
            BreakOn::Status { .. } | BreakOn::Rule { .. } | BreakOn::Level { .. } => false,
        }
    }
}

/// Which method of MCP is called, where one is.
fn method_of(purpose: &Purpose) -> String {
    match purpose.original() {
        Purpose::Challenge { method } | Purpose::Mcp { method } => format!(" ({method})"),
        _ => String::new(),
    }
}

/// The findings that were there already: what a breakpoint waits for has to be new.
#[derive(Debug, Default)]
pub(crate) struct KnownFindings(HashSet<(String, String, Option<u32>)>);

impl KnownFindings {
    /// Takes these in, and returns those that were not there.
    pub fn new_of(&mut self, findings: Vec<Finding>) -> Vec<Finding> {
        let is_new = |finding: &Finding| {
            let key = (
                finding.code.clone(),
                finding.variant.clone(),
                finding.exchange,
            );
            self.0.insert(key)
        };
        findings.into_iter().filter(is_new).collect()
    }
}

fn is_status(pattern: &str) -> bool {
    pattern.len() == 3
        && pattern.starts_with(['1', '2', '3', '4', '5'])
        && pattern
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.eq_ignore_ascii_case(&b'x'))
}

fn is_of_status(status: u16, pattern: &str) -> bool {
    let status = status.to_string();
    status.len() == pattern.len()
        && status
            .bytes()
            .zip(pattern.bytes())
            .all(|(is, wanted)| wanted.eq_ignore_ascii_case(&b'x') || is == wanted)
}

fn fits(url: &str, pattern: &str) -> bool {
    let Some((start, rest)) = pattern.split_once('*') else {
        return url.contains(pattern);
    };
    let Some(mut url) = url.strip_prefix(start) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let end = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = url.split_once(part) else {
            return false;
        };
        url = after;
    }
    url.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_breakpoint_is_told_without_a_name_of_the_code() {
        let words = |on: BreakOn, answer: bool| {
            let enabled = true;
            Breakpoint {
                on,
                answer,
                enabled,
            }
            .words()
        };
        let grant = trace::Grant::AuthorizationCode;
        let token = Purpose::Token { grant };
        assert_eq!(
            words(BreakOn::Request { purpose: token }, true),
            "The answer to the token request with an authorization code"
        );
        let method = "tools/list".to_owned();
        let call = Purpose::Mcp { method };
        assert_eq!(
            words(BreakOn::Request { purpose: call }, false),
            "Before the call to the MCP server (tools/list)"
        );
        let phase = Phase::ServerMetadata;
        assert_eq!(
            words(BreakOn::Phase { phase }, false),
            "Before requests of the phase Server metadata"
        );
    }

    #[test]
    fn a_url_fits_by_its_words_or_as_a_whole() {
        let url = "https://as.example/oauth/token?x=1";
        for fitting in [
            "token",
            "as.example",
            "https://*",
            "*/token*",
            "https://*/oauth/*=1",
            "*",
        ] {
            assert!(fits(url, fitting), "{fitting}");
        }
        for other in [
            "tokens",
            "http://*",
            "*/token",
            "https://*oauth*token*y*",
            "*=1*=1",
        ] {
            assert!(!fits(url, other), "{other}");
        }
    }

    #[test]
    fn a_status_is_one_or_a_class() {
        assert!(is_of_status(404, "404") && is_of_status(404, "4xx") && is_of_status(404, "40X"));
        assert!(!is_of_status(404, "5xx") && !is_of_status(404, "403"));
        for wrong in ["", "4", "x04", "4xxx", "abc", "999", "4é"] {
            assert!(!is_status(wrong), "{wrong}");
        }
    }

    #[test]
    fn what_can_never_be_met_is_refused() {
        let on = |on| Breakpoint {
            on,
            answer: false,
            enabled: true,
        };
        let message = |on_what| on(on_what).check().map_err(|error| error.message);
        assert_eq!(
            message(BreakOn::Status {
                status: "40".into()
            }),
            Err("breakpoint: expected a status such as 404 or 4xx, got \"40\"".into())
        );
        assert!(message(BreakOn::Rule { code: "Z99".into() }).is_err());
        assert!(
            message(BreakOn::Url {
                pattern: " ".into()
            })
            .is_err()
        );
        assert_eq!(message(BreakOn::Rule { code: "T40".into() }), Ok(()));
    }
}
