use trace::StopCode;

use crate::reading::Reading;
use crate::rule::{Findings, rule};
use crate::spec::MCP_BINDING;
use crate::wording::excerpt;

rule! {
    /// # What it looks at
    /// A run that stopped before a secret that the user entered went to an authorization server
    /// that only the MCP server named.
    ///
    /// # Why it matters
    /// Whoever runs the MCP server would decide where the secret goes. A client has to know which
    /// authorization server a secret is for before it is used.
    ///
    /// # How to fix
    /// Say which authorization server the secret is for. Servers on this machine need no such
    /// word.
    ///
    /// # References
    /// MCP client registration, "Authorization Server Binding".
    "L02" "issuer_not_confirmed" Error Client since None,
    title: "The secret is not bound to an authorization server yet",
    spec: [MCP_BINDING],
    stops: [IssuerNotConfirmed],
    looks_at: [Client],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let Some((seq, said)) = reading.stopped_saying(StopCode::IssuerNotConfirmed) else {
        return;
    };
    let issuer = reading.issuer_before(seq).unwrap_or_default();
    let issuer = excerpt(issuer);
    let finding = RULE
        .found(MCP_BINDING)
        .message(
            "The MCP server names the authorization server, and nobody confirmed that the secret \
             is for that one. It was not sent; nothing is wrong with the servers.",
        )
        .expected("the authorization server that the secret is for")
        .actual(excerpt(said))
        .fix(format!(
            "If the secret is for {issuer}, set it as the authorization server: --issuer {issuer}"
        ));
    findings.add(finding);
}

#[cfg(test)]
mod tests {
    use trace::{Phase, StopCode};

    use crate::finding::Owner;
    use crate::sample::Run;

    #[test]
    fn names_the_flag_to_give() {
        let mut run = Run::healthy();
        run.stop_message = "The client secret was not sent.";
        run.stop(Phase::Token, StopCode::IssuerNotConfirmed);
        let finding = run.finding("L02");
        assert_eq!(finding.owner, Owner::Client);
        let flag = format!("--issuer {}", run.issuer);
        assert!(finding.fix.contains(&flag), "{}", finding.fix);
    }

    #[test]
    fn is_silent_otherwise() {
        assert!(Run::healthy().is_silent("L02"));
    }
}
