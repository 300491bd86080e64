//! What is said of a client that this program plays rests on what is known of that client.

use clients::{Grade, Profile};
use trace::{Origin, Trace};

use crate::finding::{Certainty, Finding, Level, Owner};

/// Takes back what is not proved: a client that was only read about is not accused as one is whose
/// traffic was seen.
pub(crate) fn by_evidence(trace: &Trace, found: Vec<Finding>) -> Vec<Finding> {
    match played(trace) {
        Some(profile) if profile.grade > Grade::Proved => {
            let all = found.into_iter();
            all.map(|finding| weighed(profile, finding)).collect()
        }
        _ => found,
    }
}

/// The known client that a run of this program plays.
fn played(trace: &Trace) -> Option<&'static Profile> {
    let mut all = clients::profiles().iter();
    let of_client = all.find(|profile| profile.name == trace.client.name);
    of_client.filter(|_| trace.origin == Origin::Live)
}

fn weighed(profile: &Profile, mut finding: Finding) -> Finding {
    let is_about_it = finding.owner == Owner::Client && finding.code.starts_with('K');
    if !is_about_it || finding.certainty == Certainty::NotChecked {
        return finding;
    }
    finding.certainty = Certainty::Likely;
    let name = &profile.name;
    let of = match profile.version.as_str() {
        "" => String::new(),
        version => format!(" ({version})"),
    };
    let known = match profile.grade {
        Grade::Documented => {
            finding.level = finding.level.min(Level::Warning);
            format!("as it is documented{of}")
        }
        Grade::Source | Grade::Proved => format!("as its source has it{of}"),
    };
    let message = finding.message.trim_end().to_owned();
    finding.message(format!(
        "{message} Authscope plays {name} {known}; requests of {name} itself were not seen."
    ))
}

#[cfg(test)]
mod tests {
    use trace::{Client, Trace};

    use super::*;
    use crate::sample::{Run, watched};

    /// A run that passes over the metadata that the challenge names.
    fn guessing() -> Trace {
        let mut run = Run::healthy();
        run.resource_tries.clear();
        run.trace()
    }

    fn as_client(name: &str) -> Finding {
        let mut trace = guessing();
        trace.client = Client {
            name: name.into(),
            ..Client::unknown()
        };
        let found = crate::diagnose(&trace);
        let of_client = found.into_iter().find(|finding| finding.code == "K01");
        of_client.expect("the client guesses")
    }

    #[test]
    fn what_is_only_documented_is_no_error_and_says_so() {
        let finding = as_client("claude.ai");
        assert_eq!(finding.certainty, Certainty::Likely);
        assert_eq!(finding.level, Level::Warning);
        let said = "plays claude.ai as it is documented (2026-09); requests of claude.ai itself \
                    were not seen.";
        assert!(finding.message.ends_with(said), "{}", finding.message);
    }

    #[test]
    fn what_its_source_says_is_likely() {
        let finding = as_client("Codex");
        assert_eq!(finding.certainty, Certainty::Likely);
        assert_eq!(finding.level, Level::Error);
        assert!(finding.message.contains("as its source has it"));
    }

    #[test]
    fn what_was_seen_is_certain() {
        let proved = as_client("mcp-remote");
        assert_eq!(proved.certainty, Certainty::Certain);
        // The client itself was watched.
        let mut trace = watched(&guessing());
        trace.client = Client {
            name: "claude.ai".into(),
            ..Client::unknown()
        };
        let found = crate::diagnose(&trace);
        let finding = found.iter().find(|finding| finding.code == "K01");
        let finding = finding.expect("the client guesses");
        assert_eq!(finding.certainty, Certainty::Certain);
        assert_eq!(finding.level, Level::Error);
    }
}
