//! Failures that come of what the user set for the run. An option that departs from its default,
//! and after it a failure that such an option has: then this client's settings have to change
//! first, and neither server is blamed. What an option can cause, and how that is told, is data.

use std::collections::BTreeSet;

use trace::{BodyEnd, Grant, Purpose};

use crate::catalogue;
use crate::fields::value;
use crate::finding::{Finding, Level};
use crate::providers::{BY_HAND, words};
use crate::reading::{ExchangeRef, Reading, access_jwt, challenges};
use crate::rule::Rule;
use crate::wording::{excerpt, list};

mod table;

use table::{CAUSES, Cause, Tells};

/// The name of the variant that these findings are of.
const VARIANT: &str = "OWN_OPTION";

/// The findings, with the run's own options named where a failure comes of them.
pub(crate) fn own_up(reading: &Reading<'_>, found: Vec<Finding>) -> Vec<Finding> {
    if reading.own_options.is_empty() {
        return found;
    }
    let own = found.into_iter().map(|finding| {
        match CAUSES.iter().find(|cause| cause.fits(reading, &finding)) {
            Some(cause) => blamed(reading, cause, finding),
            None => finding,
        }
    });
    own.collect()
}

impl Cause {
    fn fits(&self, reading: &Reading<'_>, finding: &Finding) -> bool {
        finding.level > Level::Note
            && !BY_HAND.contains(&finding.variant.as_str())
            // A provider's own words are more exact, and know what an option is for there.
            && !finding.variant.starts_with("provider_")
            && self.rules.iter().any(|rule| is_of(finding, rule))
            && !self.given(reading).is_empty()
            && !self.is_as_without(reading)
            && self.tells.says(self, reading, finding)
    }

    /// Those of its options that the run has, in the words of the command line and the window.
    fn given(&self, reading: &Reading<'_>) -> Vec<String> {
        let own = reading.own_options.iter();
        let own = own.filter(|own| self.options.contains(&own.id.as_str()));
        own.map(|own| own.flag.clone().unwrap_or_else(|| own.title.clone()))
            .collect()
    }

    /// The same with what was chosen, as it would be typed.
    fn typed(&self, reading: &Reading<'_>) -> String {
        /// Longer ones are texts of their own.
        const LONGEST: usize = 60;
        let own = reading.own_options.iter();
        let own = own.filter(|own| self.options.contains(&own.id.as_str()));
        let typed = own.map(|own| {
            let name = own.flag.as_deref().unwrap_or(&own.title);
            match own.value.as_deref() {
                Some(value) if value.len() <= LONGEST && own.flag.is_some() => {
                    format!("{name} {value}")
                }
                _ => name.to_owned(),
            }
        });
        excerpt(&list(&typed.collect::<Vec<_>>()))
    }

    /// Whether the run would have asked for the same scopes without the option: those that the
    /// challenge names, or else the metadata.
    fn is_as_without(&self, reading: &Reading<'_>) -> bool {
        let Some(chosen) = self.chosen(reading).filter(|_| self.options == ["scope"]) else {
            return false;
        };
        let challenged = reading.first_calls.iter().find_map(|call| {
            let all = challenges(call.response()?).ok()?;
            all.iter()
                .find_map(|one| one.parameter("scope"))
                .map(str::to_owned)
        });
        let listed = || {
            let (_, metadata) = reading.resource_metadata()?;
            Some(metadata.scopes_supported.as_deref()?.join(" "))
        };
        let named = challenged.or_else(listed).unwrap_or_default();
        let set = |scopes: &str| -> BTreeSet<String> {
            scopes.split_whitespace().map(str::to_owned).collect()
        };
        set(chosen) == set(&named)
    }

    /// What was chosen for the first of its options.
    fn chosen<'r>(&self, reading: &Reading<'r>) -> Option<&'r str> {
        let mut own = reading.own_options.iter();
        own.find(|own| self.options.contains(&own.id.as_str()))?
            .value
            .as_deref()
    }
}

impl Tells {
    fn says(&self, cause: &Cause, reading: &Reading<'_>, finding: &Finding) -> bool {
        match self {
            Self::Always => true,
            Self::Says(words) => said(reading, finding)
                .is_some_and(|said| words.iter().any(|word| said.contains(word))),
            Self::SaysNone(words) => said(reading, finding)
                .is_some_and(|said| !words.iter().any(|word| said.contains(word))),
            Self::Told(words) => {
                let told = finding.actual.as_deref().unwrap_or_default();
                words.iter().any(|word| told.contains(word))
            }
            Self::SaysItsName => {
                let names = cause.chosen(reading).unwrap_or_default();
                said(reading, finding).is_some_and(|said| {
                    let named = |name: &str| {
                        let answers = ANSWERS_TO.iter().find(|(known, _)| *known == name);
                        let answers = answers.map(|(_, answers)| *answers).unwrap_or_default();
                        said.contains(name) || answers.iter().any(|answer| said.contains(answer))
                    };
                    names.split(' ').filter(|name| !name.is_empty()).any(named)
                })
            }
            Self::Method(methods) => {
                exchange(reading, finding).is_some_and(|seen| match &seen.exchange.purpose {
                    Purpose::Challenge { method } | Purpose::Mcp { method } => {
                        methods.contains(&method.as_str())
                    }
                    _ => false,
                })
            }
            Self::Status(statuses) => exchange(reading, finding)
                .and_then(|seen| seen.status())
                .is_some_and(|status| statuses.contains(&status)),
            Self::Given(id) => reading.own_options.iter().any(|own| own.id == *id),
            Self::Chosen(values) => cause
                .chosen(reading)
                .is_some_and(|chosen| values.contains(&chosen)),
            Self::AtMost(limit) => cause
                .chosen(reading)
                .and_then(|chosen| chosen.parse::<u64>().ok())
                .is_some_and(|chosen| chosen <= *limit),
            Self::AtIdentityProvider => exchange(reading, finding)
                .is_some_and(|seen| is_to_identity_provider(&seen.exchange.purpose)),
            Self::TokenForAnother => !is_token_for_this_server(reading),
            Self::GrantNotListed => is_grant_not_listed(reading),
            Self::OtherResource => asks_for_another_resource(reading),
            Self::BeforeStepUp => {
                let at = exchange(reading, finding).map_or(u32::MAX, |seen| seen.seq);
                !reading.step_ups_for_scope().any(|step_up| step_up < at)
            }
            Self::Truncated => exchange(reading, finding).is_some_and(|seen| {
                let body = seen
                    .response_with_body()
                    .map(|response| &response.get().body);
                body.is_some_and(|body| {
                    matches!(body.end, BodyEnd::Truncated { .. }) || is_coding_truncated(body)
                })
            }),
            Self::OlderThanOffered => {
                cause.chosen(reading) == Some("2025-03-26") && offers_resource_metadata(reading)
            }
            Self::Both(one, other) => {
                one.says(cause, reading, finding) && other.says(cause, reading, finding)
            }
        }
    }
}

/// What servers answer to a parameter without naming it.
const ANSWERS_TO: &[(&str, &[&str])] = &[
    (
        "prompt",
        &[
            "login_required",
            "consent_required",
            "interaction_required",
            "selection_required",
        ],
    ),
    (
        "response_type",
        &["unsupported_response_type", "response type"],
    ),
    ("audience", &["invalid_target", "service not found"]),
    ("resource", &["invalid_target"]),
    ("scope", &["invalid_scope"]),
    ("acr_values", &["unmet_authentication_requirements"]),
    ("request_uri", &["invalid_request_uri"]),
    (
        "request",
        &["invalid_request_object", "request_not_supported"],
    ),
    (
        "code_challenge_method",
        &["code challenge method", "transform algorithm"],
    ),
];

/// Whether the last access token says that it is meant for this MCP server.
fn is_token_for_this_server(reading: &Reading<'_>) -> bool {
    let mut tokens = reading.tokens.iter().rev();
    let jwt = tokens.find_map(|(seen, _)| access_jwt(seen.response()?)?.ok());
    let named = reading.resource_metadata();
    let named = named.and_then(|(_, metadata)| metadata.resource.as_deref());
    jwt.is_some_and(|jwt| {
        let mut audience = jwt.audience().into_iter();
        audience.any(|one| one == reading.server_url || Some(one) == named)
    })
}

/// Whether the metadata does not list the grant that the run goes by.
fn is_grant_not_listed(reading: &Reading<'_>) -> bool {
    let Some((at, grant)) = reading.chosen_grant() else {
        return false;
    };
    let Some((_, metadata)) = reading.server_metadata_before(at) else {
        return false;
    };
    let listed = metadata.grant_types_supported.as_deref();
    !listed.is_some_and(|listed| listed.iter().any(|one| one == grant.grant_type()))
}

fn is_to_identity_provider(purpose: &Purpose) -> bool {
    matches!(
        purpose,
        Purpose::IdentityProviderMetadata { .. }
            | Purpose::Token {
                grant: Grant::TokenExchange
            }
    )
}

fn is_coding_truncated(body: &trace::Body) -> bool {
    let end = body.coding.as_ref().map(|coding| &coding.end);
    matches!(end, Some(trace::CodingEnd::Truncated { .. }))
}

/// Whether a finding is of this rule ("T41"), or of this variant of it ("N01/proxy").
fn is_of(finding: &Finding, rule: &str) -> bool {
    match rule.split_once('/') {
        Some((code, variant)) => finding.code == code && finding.variant == variant,
        None => finding.code == rule,
    }
}

fn exchange<'a>(reading: &Reading<'a>, finding: &Finding) -> Option<ExchangeRef<'a>> {
    let seq = finding.exchange?;
    let at = reading.all.partition_point(|seen| seen.seq < seq);
    reading.all.get(at).copied().filter(|seen| seen.seq == seq)
}

/// What the answer that a finding is about says, in small letters.
fn said(reading: &Reading<'_>, finding: &Finding) -> Option<String> {
    exchange(reading, finding).map(words)
}

/// Whether the run asked for a token for something else than the MCP server names, or left open for
/// what.
fn asks_for_another_resource(reading: &Reading<'_>) -> bool {
    let asked = reading
        .authorization_before(u32::MAX)
        .and_then(|(_, asked)| value(asked, "resource").map(str::to_owned))
        .or_else(|| {
            let (last, _) = reading.tokens.last()?;
            reading.resource_asked_for(*last)
        });
    let advertised = reading
        .resource_metadata()
        .and_then(|(_, metadata)| metadata.resource.as_deref());
    match asked.as_deref() {
        None => true,
        Some(asked) => asked != reading.server_url && advertised != Some(asked),
    }
}

/// Whether the server says in its challenge where its resource metadata is, as later revisions have
/// it.
fn offers_resource_metadata(reading: &Reading<'_>) -> bool {
    reading.first_calls.iter().any(|call| {
        let all = call.response().and_then(|response| {
            let all = crate::fields::challenges(response).ok()?;
            let mut named = all
                .iter()
                .filter_map(|one| one.parameter("resource_metadata"));
            named.next().map(str::to_owned)
        });
        all.is_some()
    })
}

/// The finding, with the option as its cause.
fn blamed(reading: &Reading<'_>, cause: &Cause, finding: Finding) -> Finding {
    let rule = catalogue::RULES
        .iter()
        .find(|rule| rule.code == finding.code);
    let options = list(&cause.given(reading));
    match rule {
        Some(rule) => blame(rule, cause, [&options, &cause.typed(reading)], finding),
        None => finding,
    }
}

fn blame(rule: &Rule, cause: &Cause, options: [&str; 2], finding: Finding) -> Finding {
    let [options, typed] = options;
    let Some(variant) = rule.variants.iter().find(|one| one.name == VARIANT) else {
        return finding;
    };
    let options = excerpt(options);
    finding
        .variant(variant)
        .title_with([&options])
        .message(format!("This run was started with {typed}. {}", cause.why))
        .fix(cause.fix.replace("{option}", &options))
}

#[cfg(test)]
mod tests;
