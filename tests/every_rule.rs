//! Every rule both ways: it fires on its misbehaviour, and the healthy lab is silent (that is in `flows.rs`).

mod support;

use lab::Misbehaviour;
use session::Status;
use support::{Watched, lab, options};

/// Runs to the end, going on wherever the flow stops and can.
async fn to_the_end(misbehaviour: Misbehaviour) -> Watched {
    let lab = lab(Some(misbehaviour)).await;
    let mut run = Watched::start(options(lab.mcp_url())).await;
    run.run().await;
    while let Status::Stopped { can_go_on: true, .. } = run.view().status {
        run.session.go_on().await.expect("it says that one can go on");
        run.rest().await;
        if run.view().next.is_some() {
            run.run().await;
        }
    }
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn every_misbehaviour_is_found_under_its_own_code() {
    let mut missed = Vec::new();
    for &misbehaviour in Misbehaviour::ALL {
        let run = to_the_end(misbehaviour).await;
        let code = misbehaviour.code();
        let is_a_rule = diagnosis::catalogue().iter().any(|rule| rule.code == code);
        let found = run.codes().contains(&code);
        if is_a_rule != found {
            missed.push(format!(
                "{code} {}: rule {is_a_rule}, found {found}; findings {:?}, status {:?}\n{}",
                misbehaviour.slug(),
                run.codes(),
                run.view().status,
                run.exchanges().join("\n")
            ));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_finding_names_rule_owner_and_fix_and_cites_its_specification() {
    for &misbehaviour in Misbehaviour::ALL {
        let run = to_the_end(misbehaviour).await;
        for finding in &run.findings {
            let rule = diagnosis::catalogue()
                .iter()
                .find(|rule| rule.code == finding.code);
            let rule = rule.unwrap_or_else(|| panic!("{} is not in the catalogue", finding.code));
            assert_eq!(rule.rule, finding.rule);
            assert!(!finding.title.is_empty() && !finding.message.is_empty() && !finding.fix.is_empty());
            assert!(finding.spec.url.starts_with("https://"), "{}", finding.spec.url);
            assert!(!finding.spec.quote.is_empty());
        }
    }
}
