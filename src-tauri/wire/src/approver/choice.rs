//! Which of a page's forms and buttons approves.

/// What a button is likely to do, from its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Intent {
    Denies,
    Unknown,
    Approves,
}

/// Reads whole words, so that "disallow" is not taken for "allow", and a denying word wins: "do not
/// allow".
pub(super) fn intent<'a>(texts: impl IntoIterator<Item = &'a str>) -> Intent {
    const DENY: &[&str] = &[
        "deny", "denied", "cancel", "reject", "decline", "refuse", "disallow", "no", "not", "don",
        "dont", "never", "abort", "back", "logout", "signout", "disagree",
    ];
    const APPROVE: &[&str] = &[
        "approve",
        "approved",
        "allow",
        "yes",
        "accept",
        "continue",
        "submit",
        "authorize",
        "authorise",
        "grant",
        "confirm",
        "consent",
        "agree",
        "login",
        "log",
        "signin",
        "sign",
        "next",
        "ok",
        "proceed",
    ];
    let words: Vec<String> = texts
        .into_iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let any = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let signs_out = words
        .windows(2)
        .any(|two| two[1] == "out" && (two[0] == "log" || two[0] == "sign"));
    if any(DENY) || signs_out {
        Intent::Denies
    } else if any(APPROVE) {
        Intent::Approves
    } else {
        Intent::Unknown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn denying_words_win_and_parts_of_words_do_not_count() {
        for (texts, expected) in [
            (vec!["Approve"], Intent::Approves),
            (vec!["action", "allow", "Allow access"], Intent::Approves),
            (vec!["Log in"], Intent::Approves),
            (vec!["kc-login", "Sign In"], Intent::Approves),
            (vec!["Don't allow"], Intent::Denies),
            (vec!["disallow"], Intent::Denies),
            (vec!["Log out"], Intent::Denies),
            (vec!["decision", "deny", "Continue without"], Intent::Denies),
            (vec!["Weiter"], Intent::Unknown),
            (vec![], Intent::Unknown),
        ] {
            assert_eq!(intent(texts.iter().copied()), expected, "{texts:?}");
        }
    }
}
