//! The order of findings: the root cause first.
//!
//! Rules are judged each by itself. What they have to do with each other is data in their row of
//! the catalogue: whose fact a rule tells better (`supersedes`), what its findings come of
//! (`follows`), which stops of the flow they explain (`stops`). One pass here applies it.

use std::cmp::Reverse;

use trace::StopCode;

use crate::catalogue;
use crate::finding::{Certainty, Finding, Level};
use crate::reading::Reading;
use crate::rule::Rule;

/// Whether a finding of this rule says why the flow stops so.
fn is_explained(rule: &Rule, finding: &Finding, stop: StopCode) -> bool {
    let says_something = finding.certainty != Certainty::NotChecked;
    let mut stops = rule.stops.iter();
    says_something
        && stops.any(|explained| {
            explained.stop == stop && explained.of.is_none_or(|variant| finding.is(variant))
        })
}

/// What the rules found, without what others tell better, in the order in which it is told: what
/// explains the stop of the flow, then the worst, then in the order of the entries; what a client
/// is only likely to do after what is as bad, and what is about the run as a whole last. Right
/// after each comes what it is the cause of.
pub(crate) fn arrange(reading: &Reading<'_>, found: Vec<Finding>) -> Vec<Finding> {
    let rules: Vec<&Rule> = catalogue::RULES.iter().collect();
    arrange_by(&rules, reading.last_stop(), found)
}

/// The finding that takes the place of one that is left out.
pub(crate) fn told_as<'t>(left_out: &Finding, told: &'t [Finding]) -> Option<&'t Finding> {
    told.iter().find(|better| {
        let mut rules = catalogue::RULES.iter();
        let rule = rules.find(|rule| rule.code == better.code);
        let mut relations = rule.into_iter().flat_map(|rule| rule.supersedes);
        relations.any(|relation| relation.holds(better, left_out))
    })
}

/// Whether the rule of a finding says why the flow stops so.
pub fn explains(finding: &Finding, stop: StopCode) -> bool {
    let mut rules = catalogue::RULES.iter();
    let rule = rules.find(|rule| rule.code == finding.code);
    rule.is_some_and(|rule| is_explained(rule, finding, stop))
}

fn arrange_by(rules: &[&Rule], stop: Option<StopCode>, found: Vec<Finding>) -> Vec<Finding> {
    let rule_of = |code: &str| rules.iter().copied().find(|rule| rule.code == code);
    let told = found.into_iter().filter_map(|finding| {
        let rule = rule_of(&finding.code)?;
        Some(Told { finding, rule })
    });
    let mut told: Vec<Told<'_>> = told.collect();
    told.sort_by(|one, other| one.rank().cmp(&other.rank()));
    let is_better_told = |worse: &Told<'_>| told.iter().any(|better| better.supersedes(worse));
    let superseded: Vec<bool> = told.iter().map(is_better_told).collect();
    let mut superseded = superseded.into_iter();
    told.retain(|_| superseded.next() == Some(false));

    let causes: Vec<Option<usize>> = told.iter().map(|effect| effect.cause_in(&told)).collect();
    let mut groups: Vec<Vec<usize>> = (0..told.len())
        .filter(|at| causes[*at].is_none())
        .map(|root| with_consequences(root, &causes))
        .collect();
    groups.sort_by_key(|group| {
        let explains_stop = group.iter().any(|at| told[*at].explains(stop));
        let worst = group.iter().map(|at| told[*at].finding.level).max();
        let first = &told[group[0]];
        (
            Reverse((explains_stop, worst, !first.may_accuse_wrongly())),
            first.place(),
        )
    });
    let codes: Vec<String> = told.iter().map(|one| one.finding.code.clone()).collect();
    let mut told: Vec<Option<Told<'_>>> = told.into_iter().map(Some).collect();
    let in_order = groups.into_iter().flatten().filter_map(|at| {
        let mut finding = told[at].take()?.finding;
        finding.cause = causes[at].map(|cause| codes[cause].clone());
        Some(finding)
    });
    in_order.collect()
}

/// A finding with the rule that tells it.
struct Told<'r> {
    finding: Finding,
    rule: &'r Rule,
}

impl Told<'_> {
    fn place(&self) -> u32 {
        self.finding.exchange.unwrap_or(u32::MAX)
    }

    fn rank(&self) -> (Reverse<Level>, u32, &str) {
        (Reverse(self.finding.level), self.place(), self.rule.code)
    }

    /// What a client is only likely to do wrong stands after what a server sent for certain.
    fn may_accuse_wrongly(&self) -> bool {
        self.rule.code.starts_with('K') && self.finding.certainty == Certainty::Likely
    }

    /// A rule that could not be checked is not a cause, and does not replace another finding.
    fn says_something(&self) -> bool {
        self.finding.certainty != Certainty::NotChecked
    }

    fn supersedes(&self, other: &Self) -> bool {
        let mut relations = self.rule.supersedes.iter();
        self.says_something() && relations.any(|one| one.holds(&self.finding, &other.finding))
    }

    /// The place of what it comes of: of several the last that was before it.
    fn cause_in(&self, told: &[Self]) -> Option<usize> {
        self.rule.follows.iter().find_map(|relation| {
            let is_cause = |at: &usize| {
                let one = &told[*at];
                one.says_something()
                    && one.finding.level > Level::Note
                    && relation.holds(&self.finding, &one.finding)
            };
            let all = || (0..told.len()).filter(is_cause);
            let before = all().filter(|at| told[*at].place() <= self.place());
            before
                .max_by_key(|at| told[*at].place())
                .or_else(|| all().next())
        })
    }

    fn explains(&self, stop: Option<StopCode>) -> bool {
        stop.is_some_and(|stop| is_explained(self.rule, &self.finding, stop))
    }
}

/// A finding and all that comes of it, each right after what it comes of.
fn with_consequences(root: usize, causes: &[Option<usize>]) -> Vec<usize> {
    let mut group = Vec::new();
    let mut waiting = vec![root];
    while let Some(at) = waiting.pop() {
        group.push(at);
        let mut effects: Vec<usize> = (0..causes.len())
            .filter(|effect| causes[*effect] == Some(at))
            .collect();
        effects.reverse();
        waiting.extend(effects);
    }
    group
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::relation::Relation;
    use crate::rule::rule;
    use crate::spec::RFC6749_STATE;

    fn code_of(relation: &Relation) -> &'static str {
        let of = relation.other.split_once('/');
        of.map_or(relation.other, |(code, _)| code)
    }

    fn relations_of(rule: &'static Rule) -> impl Iterator<Item = &'static Relation> {
        rule.supersedes.iter().chain(rule.follows)
    }

    #[test]
    fn every_relation_names_a_rule_and_a_variant_that_are_there() {
        for rule in catalogue::RULES {
            for relation in relations_of(rule) {
                let known = catalogue::RULES
                    .iter()
                    .find(|one| one.code == code_of(relation));
                let other =
                    known.unwrap_or_else(|| panic!("{} names {}", rule.code, relation.other));
                assert_ne!(other.code, rule.code, "{} names itself", rule.code);
                if let Some((_, variant)) = relation.other.split_once('/') {
                    let info = other.info();
                    let has = info.variants.iter().any(|one| one.variant == variant);
                    assert!(has, "{} names {}", rule.code, relation.other);
                }
            }
        }
    }

    /// What two rules share is in a module of its own, and precedence is data.
    #[test]
    fn no_rule_asks_another_one() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/rules");
        let files = std::fs::read_dir(folder).expect("there are rules");
        let files = files.map(|file| file.expect("it can be listed").path());
        // Parts of one rule have a folder of their own.
        for file in files.filter(|path| path.is_file()) {
            let text = std::fs::read_to_string(&file).expect("it is text");
            let code = text.split("#[cfg(test)]").next().unwrap_or_default();
            let asks = code.contains("super::") || code.contains("rules::");
            assert!(!asks, "{}", file.display());
        }
    }

    /// All of them but those that the user asked for, who knows why. It does not compile when one
    /// is left out.
    macro_rules! stops {
        ($($stop:ident),+) => {{
            let _ = |stop: StopCode| match stop {
                $(StopCode::$stop)|+ | StopCode::Cancelled | StopCode::EndsBeforeLogin => {}
            };
            [$(StopCode::$stop),+]
        }};
    }

    #[test]
    fn every_stop_is_explained_by_some_rule() {
        let stops = stops![
            Transport,
            WrongChallengeStatus,
            NotAnMcpServer,
            NoResourceMetadata,
            InvalidResourceMetadata,
            ForeignResource,
            NoServerMetadata,
            IssuerMismatch,
            PkceUnsupported,
            MissingEndpoint,
            NoRegistration,
            RegistrationRejected,
            AuthorizationError,
            StateMismatch,
            IssMismatch,
            NoCode,
            CallbackTimeout,
            BrowserClosed,
            ListenerFailed,
            ApproverStuck,
            TokenRejected,
            InvalidTokenResponse,
            PushedAuthorizationRejected,
            DeviceNotApproved,
            IdTokenInvalid,
            GrantNotOffered,
            NotPossible,
            TokenNotAccepted,
            InsufficientScope,
            McpError,
            CredentialsElsewhere,
            IssuerNotConfirmed
        ];
        for stop in stops {
            let explained = catalogue::RULES
                .iter()
                .any(|rule| rule.stops.iter().any(|one| one.stop == stop));
            assert!(explained, "{stop:?}");
        }
    }

    /// Neither is anything its own cause, nor do two rules each tell the other's fact better.
    #[test]
    fn relations_make_no_circle() {
        fn visit(
            rule: &'static Rule,
            path: &mut Vec<&'static str>,
            done: &mut HashSet<&'static str>,
        ) {
            assert!(!path.contains(&rule.code), "{path:?} {}", rule.code);
            if !done.insert(rule.code) {
                return;
            }
            path.push(rule.code);
            // What is superseded comes after what supersedes it, as a consequence does.
            let superseded = rule.supersedes.iter().map(code_of);
            let follow = catalogue::RULES.iter().filter(|other| {
                other
                    .follows
                    .iter()
                    .any(|relation| code_of(relation) == rule.code)
            });
            let after: Vec<&str> = superseded.chain(follow.map(|rule| rule.code)).collect();
            for code in after {
                let other = catalogue::RULES.iter().find(|one| one.code == code);
                visit(other.expect("it is there"), path, done);
            }
            path.pop();
        }
        let mut done = HashSet::new();
        for rule in catalogue::RULES {
            visit(rule, &mut Vec::new(), &mut done);
        }
    }

    mod one {
        use super::*;
        rule! {
            /// A test's own.
            "1" "one" Warning Client since None,
            title: "One",
            variants: [BETTER: Note Client Likely, UNSURE: Error Client NotChecked],
            spec: [RFC6749_STATE],
            supersedes: [BETTER "2", "3" anywhere, UNSURE "4" anywhere],
        }
        fn check(_: &Reading<'_>, _: &mut crate::rule::Findings) {}
        pub fn better(entry: u32) -> Finding {
            RULE.found(RFC6749_STATE).variant(&BETTER).on(Some(entry))
        }
        pub fn unsure(entry: u32) -> Finding {
            RULE.found(RFC6749_STATE).variant(&UNSURE).on(Some(entry))
        }
    }
    mod two {
        use super::*;
        rule! {
            /// A test's own.
            "2" "two" Error Client since None,
            title: "Two",
            spec: [RFC6749_STATE],
            stops: [NoCode],
        }
        fn check(_: &Reading<'_>, _: &mut crate::rule::Findings) {}
    }
    mod three {
        use super::*;
        rule! {
            /// A test's own.
            "3" "three" Error Client since None,
            title: "Three",
            spec: [RFC6749_STATE],
            follows: ["1"],
        }
        fn check(_: &Reading<'_>, _: &mut crate::rule::Findings) {}
    }
    mod four {
        use super::*;
        rule! {
            /// A test's own.
            "4" "four" Error Client since None,
            title: "Four",
            variants: [MILD: Note Client Certain],
            spec: [RFC6749_STATE],
            follows: ["2", "1"],
        }
        fn check(_: &Reading<'_>, _: &mut crate::rule::Findings) {}
        pub fn mild(entry: u32) -> Finding {
            RULE.found(RFC6749_STATE).variant(&MILD).on(Some(entry))
        }
    }

    fn at(rule: &Rule, entry: u32) -> Finding {
        rule.found(RFC6749_STATE).on(Some(entry))
    }

    /// "4<2@7": rule 4 at entry 7, which comes of rule 2.
    fn arranged(stop: Option<StopCode>, found: &[Finding]) -> Vec<String> {
        let rules = [&one::RULE, &two::RULE, &three::RULE, &four::RULE];
        let tell = |finding: Finding| {
            let cause = finding
                .cause
                .map(|cause| format!("<{cause}"))
                .unwrap_or_default();
            format!(
                "{}{cause}@{}",
                finding.code,
                finding.exchange.unwrap_or_default()
            )
        };
        let told = |found: &[Finding]| {
            let told = arrange_by(&rules, stop, found.to_vec())
                .into_iter()
                .map(tell);
            told.collect::<Vec<_>>()
        };
        let once = told(found);
        let mut turned = found.to_vec();
        for _ in 0..found.len() {
            turned.rotate_left(1);
            assert_eq!(
                told(&turned),
                once,
                "the order of the rules must not matter"
            );
            let backwards: Vec<Finding> = turned.iter().rev().cloned().collect();
            assert_eq!(
                told(&backwards),
                once,
                "the order of the rules must not matter"
            );
        }
        once
    }

    #[test]
    fn what_is_told_better_elsewhere_is_left_out() {
        assert_eq!(
            arranged(None, &[one::better(5), at(&two::RULE, 5)]),
            ["1@5"]
        );
        let elsewhere = [one::better(5), at(&two::RULE, 6)];
        assert_eq!(arranged(None, &elsewhere), ["2@6", "1@5"]);
        let other_variant = [at(&one::RULE, 5), at(&two::RULE, 5)];
        assert_eq!(arranged(None, &other_variant), ["2@5", "1@5"]);
        assert_eq!(
            arranged(None, &[at(&one::RULE, 5), at(&three::RULE, 9)]),
            ["1@5"]
        );
        // A rule that could not be checked does not replace another finding.
        let unsure = [one::unsure(5), at(&four::RULE, 5)];
        assert_eq!(arranged(None, &unsure), ["1@5", "4@5"]);
    }

    #[test]
    fn a_consequence_is_listed_under_its_cause_however_bad_it_is() {
        let found = [at(&four::RULE, 9), at(&one::RULE, 5)];
        assert_eq!(arranged(None, &found), ["1@5", "4<1@9"]);
        // The likelier cause, and of several the last one before it.
        let found = [
            at(&one::RULE, 1),
            at(&two::RULE, 2),
            at(&two::RULE, 3),
            at(&four::RULE, 4),
        ];
        assert_eq!(arranged(None, &found), ["2@2", "2@3", "4<2@4", "1@1"]);
        // What comes of the worst is listed with it, though it is mild.
        let found = [four::mild(4), at(&two::RULE, 3), at(&two::RULE, 9)];
        assert_eq!(arranged(None, &found), ["2@3", "4<2@4", "2@9"]);
        // A note is nobody's cause.
        assert_eq!(
            arranged(None, &[one::better(2), at(&four::RULE, 9)]),
            ["4@9", "1@2"]
        );
    }

    #[test]
    fn what_explains_the_stop_comes_first() {
        let found = [at(&four::RULE, 1), at(&three::RULE, 2)];
        assert_eq!(arranged(Some(StopCode::NoCode), &found), ["4@1", "3@2"]);
        let found = [at(&three::RULE, 2), at(&two::RULE, 3)];
        assert_eq!(arranged(Some(StopCode::NoCode), &found), ["2@3", "3@2"]);
        assert_eq!(arranged(None, &found), ["3@2", "2@3"]);
    }
}
