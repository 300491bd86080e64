//! What a rule is made of.

use serde::Serialize;
use trace::{Phase, Revision};
use ts_rs::TS;

use crate::finding::{Finding, Level, Owner, Part, SpecReference};
use crate::reading::Reading;
use crate::relation::{Explained, Relation};
use crate::spec::Spec;
use crate::subject::Subject;
pub(crate) use crate::variant::Variant;
pub use crate::variant::VariantInfo;

/// What the catalogue says of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
pub struct RuleInfo {
    /// Stable, e.g. "S09".
    pub code: String,
    /// The rule's name, which states the fault.
    pub rule: String,
    /// The part of the flow that it is about.
    pub phase: Phase,
    /// The level of its default variant.
    pub level: Level,
    /// Who has to change something, in its default variant.
    pub owner: Owner,
    /// The first revision whose text demands it; none when it is older than all of them, or not
    /// about MCP.
    pub since: Option<Revision>,
    /// The verdict in one sentence, of its default variant.
    pub title: String,
    /// Everything its findings can be; the default variant first.
    pub variants: Vec<VariantInfo>,
    /// What it looks at, why it matters, how to fix it: Markdown under fixed headings.
    pub doc: String,
    pub spec: Vec<SpecReference>,
}

/// A row of the catalogue, and the check that goes with it.
pub(crate) struct Rule {
    pub code: &'static str,
    pub name: &'static str,
    pub since: Option<Revision>,
    /// The default variant first.
    pub variants: &'static [&'static Variant],
    /// The doc comment, each line with the blank it begins with.
    pub doc: &'static str,
    pub spec: &'static [Spec],
    /// What its findings tell better than others do: those are left out.
    pub supersedes: &'static [Relation],
    /// What its findings come of, where that was found too. The likelier cause first.
    pub follows: &'static [Relation],
    /// The stops of the flow that its findings explain.
    pub stops: &'static [Explained],
    /// All that has to be there for it to say something.
    pub looks_at: &'static [Subject],
    pub check: fn(&Reading<'_>, &mut Findings),
}

/// Makes the constants of a rule and of its variants, and takes its doc comment as the text that
/// the application shows.
///
/// The line with the code gives the default variant: level, owner, and certainty when it is not
/// `Certain`. Each line under `variants` is `NAME: Level Owner Certainty "Title"`; without a title
/// it has the default one.
///
/// How it stands to other rules comes last, where there is something to say:
/// - `supersedes: ["T41", "O05/default" anywhere, HOST_CHECK "N02"]`: the same fact is told better
///   here, so findings of those codes at the same exchange are left out, or `anywhere` in the run;
///   a variant before a code limits it to findings of that variant.
/// - `follows: ["J01", REFUSED "A20"]`: a finding of this rule comes of a finding of those.
/// - `stops: [TokenRejected, IssuerMismatch by BLANK]`: it says why the flow stops so, or findings
///   of that variant alone do.
///
/// `looks_at: [TokenRequest, Dpop]` names all that a run has to hold for the rule to say something;
/// the ledger goes by it.
macro_rules! rule {
    (
        $(#[doc = $doc:literal])*
        $code:literal $name:literal $level:ident $owner:ident since $($rest:tt)*
    ) => {
        $crate::rule::rule! {
            $(#[doc = $doc])*
            $code $name $level $owner Certain since $($rest)*
        }
    };
    (
        $(#[doc = $doc:literal])*
        $code:literal $name:literal $level:ident $owner:ident $certainty:ident since $since:expr,
        title: $title:literal,
        $(variants: [$(
            $variant:ident: $variant_level:ident $variant_owner:ident $variant_certainty:ident
                $($variant_title:literal)?
        ),+ $(,)?],)?
        spec: [$($spec:path),+ $(,)?],
        $(supersedes: [$($($better:ident)? $worse:literal $($anywhere:ident)?),+ $(,)?],)?
        $(follows: [$($($effect:ident)? $cause:literal),+ $(,)?],)?
        $(stops: [$($stop:ident $(by $explains:ident)?),+ $(,)?],)?
        $(looks_at: [$($subject:ident),+ $(,)?],)?
    ) => {
        const DEFAULT: $crate::rule::Variant = $crate::rule::Variant {
            name: "DEFAULT",
            level: $crate::finding::Level::$level,
            owner: $crate::finding::Owner::$owner,
            certainty: $crate::finding::Certainty::$certainty,
            title: $title,
        };
        $($(
            const $variant: $crate::rule::Variant = $crate::rule::Variant {
                name: stringify!($variant),
                level: $crate::finding::Level::$variant_level,
                owner: $crate::finding::Owner::$variant_owner,
                certainty: $crate::finding::Certainty::$variant_certainty,
                title: $crate::rule::or_default!(DEFAULT $($variant_title)?),
            };
        )+)?

        $(#[doc = $doc])*
        pub(crate) const RULE: $crate::rule::Rule = $crate::rule::Rule {
            code: $code,
            name: $name,
            since: $since,
            variants: &[&DEFAULT $($(, &$variant)+)?],
            doc: concat!($($doc, "\n"),*),
            spec: &[$($spec),+],
            supersedes: &[$($(
                $crate::relation::Relation::to($worse)$(.of(&$better))?$(.$anywhere())?
            ),+)?],
            follows: &[$($(
                $crate::relation::Relation::to($cause)$(.of(&$effect))?.anywhere()
            ),+)?],
            stops: &[$($(
                $crate::relation::Explained::by_all(trace::StopCode::$stop)$(.of(&$explains))?
            ),+)?],
            looks_at: &[$($($crate::subject::Subject::$subject),+)?],
            check,
        };
    };
}
pub(crate) use rule;

/// The title of a variant: its own, or that of the default one.
macro_rules! or_default {
    ($default:ident) => {
        $default.title
    };
    ($default:ident $title:literal) => {
        $title
    };
}
pub(crate) use or_default;

impl Rule {
    pub fn default_variant(&self) -> &'static Variant {
        self.variants[0]
    }

    /// A finding of this rule's default variant.
    pub fn found(&self, spec: Spec) -> Finding {
        debug_assert!(
            self.spec.contains(&spec),
            "{} cites {} unlisted",
            self.code,
            spec.title
        );
        let default = self.default_variant();
        Finding {
            code: self.code.into(),
            rule: self.name.into(),
            variant: default.slug(),
            level: default.level,
            certainty: default.certainty,
            owner: default.owner,
            owner_name: String::new(),
            exchange: None,
            part: None,
            title: default.title.into(),
            message: String::new(),
            expected: None,
            actual: None,
            fix: String::new(),
            spec: spec.into(),
            cause: None,
        }
    }

    /// The latest part of the flow that it looks at.
    fn phase(&self) -> Phase {
        let phases = self.looks_at.iter().map(|subject| subject.belongs_to());
        phases.max().unwrap_or(Phase::Challenge)
    }

    pub fn info(&self) -> RuleInfo {
        let lines: Vec<&str> = self
            .doc
            .lines()
            .map(|line| line.strip_prefix(' ').unwrap_or(line))
            .collect();
        let default = self.default_variant();
        RuleInfo {
            code: self.code.into(),
            rule: self.name.into(),
            phase: self.phase(),
            level: default.level,
            owner: default.owner,
            since: self.since,
            title: default.title.into(),
            variants: self.variants.iter().map(|variant| variant.info()).collect(),
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

    /// Of this variant of its rule.
    pub(crate) fn variant(mut self, variant: &Variant) -> Self {
        self.variant = variant.slug();
        self.level = variant.level;
        self.owner = variant.owner;
        self.certainty = variant.certainty;
        self.title = variant.title.into();
        self
    }

    /// Whether it is of this variant of its rule.
    pub(crate) fn is(&self, variant: &Variant) -> bool {
        self.variant == variant.slug()
    }

    /// Fills the places of the title, in order.
    pub(crate) fn title_with<const N: usize>(mut self, words: [&str; N]) -> Self {
        let mut parts = self.title.split('{');
        let mut title = parts.next().unwrap_or_default().to_owned();
        for (word, part) in words.into_iter().zip(parts) {
            title.push_str(word);
            title.push_str(part.split_once('}').map_or("", |(_, after)| after));
        }
        self.title = title;
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
