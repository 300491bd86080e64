//! What a run has to say, and whether a report says it.

use serde::Deserialize;
use serde_json::Value;

/// What the run has to say.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Nothing is wrong: the flow is reached, without an error or a warning.
    #[serde(default)]
    pub lawful: bool,
    /// Who has to act: the finding's `owner`. Several where more than one is right.
    #[serde(default)]
    pub owner: Vec<String>,
    /// Each has to be in the finding's words, in any case; `a|b` takes either.
    #[serde(default)]
    pub says: Vec<String>,
    /// What another fault at once has to be told by: each in the words of some finding.
    #[serde(default)]
    pub also: Vec<String>,
    /// What the first finding may not say, in any case.
    #[serde(default)]
    pub never: Vec<String>,
    #[serde(default)]
    pub level: Option<String>,
    #[serde(default)]
    pub outcome: Option<String>,
    /// Findings that are lawfully there besides, by code.
    #[serde(default)]
    pub besides: Vec<String>,
}

/// The result of a case.
pub struct Outcome {
    /// Cause, as the words of the first error or warning have it.
    pub named: bool,
    pub owner_right: bool,
    /// The first finding is the one that names the cause.
    pub first: bool,
    /// Errors and warnings of a lawful run.
    pub accused: Vec<String>,
    /// What is wrong with it, for the reader; empty when all is as it must be.
    pub complaints: Vec<String>,
}

/// Holds a report of the command against what it has to say.
pub fn judge(expect: &Expect, report: &Value) -> Outcome {
    let all = report["findings"].as_array().expect("a list of findings");
    let loud: Vec<&Value> = all
        .iter()
        // A note counts where a note is what has to be told.
        .filter(|finding| finding["level"] != "note" || expect.level.as_deref() == Some("note"))
        .filter(|finding| {
            let code = finding["code"].as_str().unwrap_or_default();
            !expect.besides.iter().any(|known| known == code)
        })
        .collect();
    let short = |finding: &&Value| {
        format!(
            "{} {} [{}] {}",
            finding["code"].as_str().unwrap_or_default(),
            finding["level"].as_str().unwrap_or_default(),
            finding["owner"].as_str().unwrap_or_default(),
            words(finding)
        )
    };
    let listed = loud.iter().map(short).collect::<Vec<_>>();
    let mut complaints = Vec::new();
    if expect.lawful {
        if report["outcome"] != "reached" {
            complaints.push(format!("not reached: {}", report["message"]));
        }
        complaints.extend(
            listed
                .iter()
                .map(|found| format!("falsely accused: {found}")),
        );
        return Outcome {
            named: true,
            owner_right: true,
            first: true,
            accused: listed,
            complaints,
        };
    }
    let names = |finding: &&&Value| {
        let words = words(finding).to_lowercase();
        expect.says.iter().all(|wanted| has(&words, wanted))
    };
    let naming = loud.iter().find(names);
    let first = loud.first();
    let named = naming.is_some();
    let is_first = first.is_some_and(|first| names(&first));
    let owner = |finding: &&Value| {
        let owner = finding["owner"].as_str().unwrap_or_default();
        expect.owner.is_empty() || expect.owner.iter().any(|right| right == owner)
    };
    let owner_right = naming.or(first).is_some_and(owner);
    if !named {
        complaints.push(format!(
            "the cause is not named ({:?}): {listed:#?}",
            expect.says
        ));
    } else if !is_first {
        complaints.push(format!("the cause is not first: {listed:#?}"));
    }
    if !owner_right {
        complaints.push(format!("owner is not {:?}: {listed:#?}", expect.owner));
    }
    let said = first
        .map(|first| words(first).to_lowercase())
        .unwrap_or_default();
    for word in expect
        .never
        .iter()
        .filter(|word| said.contains(&word.to_lowercase()))
    {
        complaints.push(format!("it speaks of {word}: {listed:#?}"));
    }
    for wanted in &expect.also {
        let told = |finding: &&Value| has(&words(finding).to_lowercase(), wanted);
        if !loud.iter().any(told) {
            complaints.push(format!("{wanted} is not told too: {listed:#?}"));
        }
    }
    if let (Some(level), Some(finding)) = (&expect.level, naming)
        && finding["level"] != level.as_str()
    {
        complaints.push(format!("level is not {level}: {}", short(finding)));
    }
    if let Some(outcome) = &expect.outcome
        && report["outcome"] != outcome.as_str()
    {
        complaints.push(format!("outcome is not {outcome}: {}", report["message"]));
    }
    Outcome {
        named,
        owner_right,
        first: is_first,
        accused: Vec::new(),
        complaints,
    }
}

/// Whether words in small letters hold what is wanted, or one of its choices.
fn has(words: &str, wanted: &str) -> bool {
    let mut choices = wanted.split('|');
    choices.any(|word| words.contains(&word.to_lowercase()))
}

/// All that a finding says, in one line.
fn words(finding: &Value) -> String {
    ["title", "message", "expected", "actual", "fix"]
        .iter()
        .filter_map(|name| finding[*name].as_str())
        .collect::<Vec<_>>()
        .join(" · ")
}
