//! One pass over the findings: what is known of the provider goes into them.

use std::fmt::Write as _;

use trace::Purpose;

use super::provider::{Recipe, Text};
use super::said::{says, words};
use super::{Recognized, how};
use crate::catalogue;
use crate::fields::{bearer, jwt};
use crate::finding::{Finding, Level, Owner};
use crate::reading::{ExchangeRef, Reading, value};
use crate::rule::{Rule, Variant};
use crate::wording::excerpt;

/// What the user did by hand explains more than anything that a provider is known for.
pub(crate) const BY_HAND: [&str; 3] = ["edited", "edited_redirect_uri", "request_wrong"];

/// The findings without what is usual at this provider, and with its own remedies.
pub(crate) fn advise(reading: &Reading<'_>, found: Vec<Finding>) -> Vec<Finding> {
    if found.is_empty() {
        return found;
    }
    let Some(known) = reading.provider() else {
        return found;
    };
    let usual = |finding: &Finding| known.provider.usual.iter().any(|one| is_of(finding, one));
    let unusual = found.into_iter().filter(|finding| !usual(finding));
    unusual
        .map(|finding| advised(reading, known, finding))
        .collect()
}

fn advised(reading: &Reading<'_>, known: &Recognized, finding: Finding) -> Finding {
    if finding.owner == Owner::Network || BY_HAND.contains(&finding.variant.as_str()) {
        return finding;
    }
    let Some(rule) = catalogue::RULES
        .iter()
        .find(|rule| rule.code == finding.code)
    else {
        return finding;
    };
    if let Some((text, variant)) = explained(reading, known, rule, &finding) {
        return explain(reading, known, finding, text, variant);
    }
    let mut recipes = known.provider.recipes.iter();
    let fits = |recipe: &&Recipe| {
        is_of(&finding, recipe.rule)
            && !(recipe.rule == "T40" && is_for_the_server(reading, &finding))
    };
    match recipes.find(fits) {
        Some(recipe) => follow(reading, known, rule, finding, recipe),
        None => finding,
    }
}

/// Whether the refused access token names the MCP server as its audience already: then nothing that
/// a provider can be set to changes that.
fn is_for_the_server(reading: &Reading<'_>, refused: &Finding) -> bool {
    let call = refused.exchange.and_then(|seq| exchange(reading, seq));
    let token = call.and_then(|call| jwt(bearer(call.request())?).ok());
    let without_slash = |url: &str| url.trim_end_matches('/').to_owned();
    let server = without_slash(reading.server_url);
    token.is_some_and(|token| {
        let mut audience = token.audience().into_iter();
        audience.any(|one| without_slash(one) == server)
    })
}

/// Whether a finding is of this rule ("A07"), or of this variant of it ("A07/default").
fn is_of(finding: &Finding, rule: &str) -> bool {
    match rule.split_once('/') {
        Some((code, variant)) => finding.code == code && finding.variant == variant,
        None => finding.code == rule,
    }
}

/// What the answer that a finding is about says, as far as this provider's texts are known; only
/// for rules that are about a refusal.
fn explained<'k>(
    reading: &Reading<'_>,
    known: &'k Recognized,
    rule: &'static Rule,
    finding: &Finding,
) -> Option<(&'k Text, &'static Variant)> {
    rule.variants
        .iter()
        .find(|variant| variant.name.starts_with("PROVIDER_SAYS_"))?;
    let seen = exchange(reading, finding.exchange?)?;
    let said = words(seen);
    // A client shows its secret to the token endpoint alone: here the authorization server passes
    // on what it was told as a client itself.
    let shows_no_secret = matches!(
        seen.exchange.purpose,
        Purpose::Callback | Purpose::Authorization | Purpose::AuthorizationProbe
    );
    let fits = |text: &&Text| {
        says(&said, text.says) && !(shows_no_secret && text.fix.contains("client secret"))
    };
    let text = known.provider.texts.iter().find(fits)?;
    let mut variants = rule.variants.iter().copied();
    let variant = variants.find(|variant| {
        variant.name.starts_with("PROVIDER_SAYS_") && variant.owner == text.owner
    })?;
    Some((text, variant))
}

fn exchange<'a>(reading: &Reading<'a>, seq: u32) -> Option<ExchangeRef<'a>> {
    let at = reading.all.partition_point(|seen| seen.seq < seq);
    reading.all.get(at).copied().filter(|seen| seen.seq == seq)
}

fn explain(
    reading: &Reading<'_>,
    known: &Recognized,
    finding: Finding,
    text: &Text,
    variant: &'static Variant,
) -> Finding {
    let cause = fill(reading, text.cause);
    let message = format!("{} {}", fill(reading, text.message), how(known));
    finding
        .variant(variant)
        .title_with([known.provider.name, &cause])
        .message(message)
        .fix(fill(reading, text.fix))
}

fn follow(
    reading: &Reading<'_>,
    known: &Recognized,
    rule: &'static Rule,
    finding: Finding,
    recipe: &Recipe,
) -> Finding {
    let mut finding = finding;
    if let Some(slug) = recipe.becomes {
        let mut variants = rule.variants.iter();
        if let Some(variant) = variants.find(|variant| variant.name.eq_ignore_ascii_case(slug)) {
            // A note stays one: there is nothing that stopped anybody.
            if finding.level == Level::Note {
                return finding;
            }
            finding = finding.variant(variant);
        }
    }
    let mut message = std::mem::take(&mut finding.message);
    if !recipe.why.is_empty() {
        let _ = write!(message, " {}", fill(reading, recipe.why));
    }
    let _ = write!(message, " {}", how(known));
    finding.message(message).fix(fill(reading, recipe.fix))
}

/// A text with its places filled from the run.
fn fill(reading: &Reading<'_>, text: &str) -> String {
    if !text.contains('{') {
        return text.to_owned();
    }
    let asked = reading
        .authorization_before(u32::MAX)
        .map(|(_, asked)| asked)
        .unwrap_or_default();
    let or = |name: &str, otherwise: &str| {
        excerpt(
            value(asked, name)
                .filter(|it| !it.is_empty())
                .unwrap_or(otherwise),
        )
    };
    let issuer = reading.issuer().unwrap_or("the issuer");
    let places = [
        ("{resource}", or("resource", reading.server_url)),
        ("{mcp}", excerpt(reading.server_url)),
        ("{redirect_uri}", or("redirect_uri", "the redirect URI")),
        ("{client_id}", or("client_id", "the client ID")),
        ("{scope}", or("scope", "the scope")),
        ("{issuer}", excerpt(issuer)),
    ];
    let mut filled = text.to_owned();
    for (place, value) in places {
        filled = filled.replace(place, &value);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::Certainty;
    use crate::providers::PROVIDERS;
    use crate::sample::Run;
    use crate::snapshot::Snapshot;

    /// Every rule that a text of a provider can turn into another finding, in its own words.
    #[test]
    fn every_owner_that_a_text_can_name_has_its_words() {
        let trace = Run::healthy().trace();
        let snapshot = Snapshot::of(&trace);
        let reading = Reading::of(&snapshot);
        for rule in catalogue::RULES {
            for variant in rule.variants.iter().copied() {
                let Some(owner) = variant.name.strip_prefix("PROVIDER_SAYS_") else {
                    continue;
                };
                let texts = PROVIDERS
                    .iter()
                    .flat_map(|provider| provider.texts.iter().map(move |text| (*provider, text)));
                let mut fitting = texts.filter(|(_, text)| text.owner == variant.owner);
                let (provider, text) = fitting
                    .next()
                    .unwrap_or_else(|| panic!("no text of a provider names {owner}"));
                let known = Recognized {
                    provider,
                    evidence: Vec::new(),
                    certainty: Certainty::Certain,
                };
                let finding = rule.found(rule.spec[0]);
                let told = explain(&reading, &known, finding, text, variant);
                assert_eq!(told.owner, variant.owner);
                assert!(!told.fix.contains('{'), "{}", told.fix);
                crate::texts::collect(&[told]);
            }
        }
    }

    #[test]
    fn every_recipe_that_moves_a_finding_has_its_words() {
        let trace = Run::healthy().trace();
        let snapshot = Snapshot::of(&trace);
        let reading = Reading::of(&snapshot);
        for provider in PROVIDERS.iter().copied() {
            for recipe in provider.recipes.iter().filter(|one| one.becomes.is_some()) {
                let code = recipe.rule.split('/').next().unwrap_or_default();
                let rule = catalogue::RULES.iter().find(|rule| rule.code == code);
                let rule = rule.unwrap_or_else(|| panic!("{} is not a rule", recipe.rule));
                let known = Recognized {
                    provider,
                    evidence: Vec::new(),
                    certainty: Certainty::Certain,
                };
                let told = follow(&reading, &known, rule, rule.found(rule.spec[0]), recipe);
                assert_eq!(Some(told.variant.as_str()), recipe.becomes);
                crate::texts::collect(&[told]);
            }
        }
    }
}
