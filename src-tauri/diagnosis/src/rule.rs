//! What a rule is made of.

use serde::Serialize;
use trace::Revision;
use ts_rs::TS;

use crate::finding::{Certainty, Finding, Level, Owner, Part, SpecReference};
use crate::reading::Reading;
use crate::spec::Spec;

/// What the catalogue says of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct RuleInfo {
    /// Stable, e.g. "S09".
    pub code: String,
    /// The rule's name, which states the fault.
    pub rule: String,
    /// The level of its findings; one may be lower, where the message says why.
    pub level: Level,
    /// Who has to change something, as a rule.
    pub owner: Owner,
    /// The first revision whose text demands it; none when it is older than all of them, or not
    /// about MCP.
    pub since: Option<Revision>,
    /// The verdict in one sentence.
    pub title: String,
    /// What it looks at, why it matters, how to fix it: Markdown under fixed headings.
    pub doc: String,
    pub spec: Vec<SpecReference>,
}

/// A row of the catalogue, and the check that goes with it.
pub(crate) struct Rule {
    pub code: &'static str,
    pub name: &'static str,
    pub level: Level,
    pub owner: Owner,
    pub since: Option<Revision>,
    pub title: &'static str,
    /// The doc comment, each line with the blank it begins with.
    pub doc: &'static str,
    pub spec: &'static [Spec],
    pub check: fn(&Reading<'_>, &mut Findings),
}

/// Makes the constant of a rule, and takes its doc comment as the text that the application shows.
macro_rules! rule {
    (
        $(#[doc = $doc:literal])*
        $code:literal $name:literal $level:ident $owner:ident since $since:expr,
        title: $title:literal,
        spec: [$($spec:path),+ $(,)?],
    ) => {
        $(#[doc = $doc])*
        pub(crate) const RULE: $crate::rule::Rule = $crate::rule::Rule {
            code: $code,
            name: $name,
            level: $crate::finding::Level::$level,
            owner: $crate::finding::Owner::$owner,
            since: $since,
            title: $title,
            doc: concat!($($doc, "\n"),*),
            spec: &[$($spec),+],
            check,
        };
    };
}
pub(crate) use rule;

impl Rule {
    /// A finding of this rule, certain and with the rule's own level, owner and title until said
    /// otherwise.
    pub fn found(&self, spec: Spec) -> Finding {
        debug_assert!(
            self.spec.contains(&spec),
            "{} cites {} unlisted",
            self.code,
            spec.title
        );
        Finding {
            code: self.code.into(),
            rule: self.name.into(),
            level: self.level,
            certainty: Certainty::Certain,
            owner: self.owner,
            exchange: None,
            part: None,
            title: self.title.into(),
            message: String::new(),
            expected: None,
            actual: None,
            fix: String::new(),
            spec: spec.into(),
        }
    }

    pub fn info(&self) -> RuleInfo {
        let lines: Vec<&str> = self
            .doc
            .lines()
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect();
        RuleInfo {
            code: self.code.into(),
            rule: self.name.into(),
            level: self.level,
            owner: self.owner,
            since: self.since,
            title: self.title.into(),
            doc: lines.join("\n"),
            spec: self.spec.iter().map(|spec| (*spec).into()).collect(),
        }
    }
}

/// What the rules have said so far.
#[derive(Default)]
pub(crate) struct Findings(Vec<Finding>);

impl Findings {
    pub fn add(&mut self, finding: Finding) {
        self.0.push(finding);
    }

    pub fn into_vec(self) -> Vec<Finding> {
        self.0
    }
}

// What a rule says about what it found.
impl Finding {
    pub(crate) fn at(mut self, entry: u32, part: Part) -> Self {
        self.exchange = Some(entry);
        self.part = Some(part);
        self
    }

    /// At an entry without a part to point at.
    pub(crate) fn on(mut self, entry: Option<u32>) -> Self {
        self.exchange = entry;
        self
    }

    /// Something else may explain it; the message says what.
    pub(crate) fn likely(mut self) -> Self {
        self.certainty = Certainty::Likely;
        self
    }

    /// The check was not possible; the message says because of what.
    pub(crate) fn not_checked(mut self) -> Self {
        self.certainty = Certainty::NotChecked;
        self.level = Level::Note;
        self
    }

    pub(crate) fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    pub(crate) fn owner(mut self, owner: Owner) -> Self {
        self.owner = owner;
        self
    }

    pub(crate) fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    pub(crate) fn message(mut self, message: impl Into<String>) -> Self {
        self.message = message.into();
        self
    }

    pub(crate) fn expected(mut self, expected: impl Into<String>) -> Self {
        self.expected = Some(expected.into());
        self
    }

    pub(crate) fn actual(mut self, actual: impl Into<String>) -> Self {
        self.actual = Some(actual.into());
        self
    }

    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = fix.into();
        self
    }
}

impl Part {
    pub(crate) fn response_header(name: &str) -> Self {
        Self::ResponseHeader { name: name.into() }
    }

    /// A member of the response's JSON body; the whole body when the pointer is empty.
    pub(crate) fn body(pointer: &str) -> Self {
        Self::ResponseBody {
            pointer: pointer.into(),
        }
    }
}
