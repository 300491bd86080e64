use std::collections::HashSet;

use crate::conduct::with_workaround;
use crate::finding::Part;
use crate::reading::{Reading, response_fields, value};
use crate::rule::{Findings, rule};
use crate::spec::MCP_CLIENT_STATE;

rule! {
    /// # What it looks at
    /// Whether a client that was watched or recorded redeems a code that came without the `state`
    /// which it sent.
    ///
    /// # Why it matters
    /// Any page can send the browser to the client's redirect URI with a code of its own. A client
    /// that takes it is logged in as somebody else, and may write that person's data there.
    ///
    /// # How to fix
    /// In the client: throw away every callback whose `state` is not the one that was sent. The
    /// authorization server has to send it back as it came.
    ///
    /// # References
    /// MCP authorization, "Open Redirection"; RFC 6749 section 10.12.
    "K16" "state_not_checked" Warning Client since None,
    title: "The client takes an answer that does not carry its state",
    spec: [MCP_CLIENT_STATE],
    follows: ["A05"],
    looks_at: [AnotherClient, Callback, TokenRequest],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    if !reading.is_of_another_client() {
        return;
    }
    let requests = reading.authorization_requests();
    let states = requests.filter_map(|asked| asked.value("state").map(str::to_owned));
    let states: HashSet<String> = states.collect();
    let mut callbacks = reading.callbacks.iter().chain(&reading.strays);
    let taken = callbacks.find_map(|callback| {
        let (_, asked) = reading.authorization_before(callback.seq)?;
        let sent = value(asked, "state")?;
        let fields = response_fields(callback.request());
        let state = value(&fields, "state");
        // A second window may have a login of its own.
        if state == Some(sent) || state.is_some_and(|state| states.contains(state)) {
            return None;
        }
        reading.redeemed_after(value(&fields, "code")?, callback.seq)
    });
    if let Some(redeemed) = taken {
        let said = "The callback has another state than the authorization request, or none, and \
                    the client sent its code on.";
        let workaround = "sending state back exactly as it came";
        let finding = RULE
            .found(MCP_CLIENT_STATE)
            .at(redeemed.seq, Part::RequestBody)
            .message(with_workaround(said, workaround))
            .expected("no token request for an answer with another state")
            .actual("a token request with its code")
            .fix("In the client: compare state, and throw the answer away where it differs.");
        findings.add(finding);
    }
}

#[cfg(test)]
mod tests {
    use crate::sample::Run;

    #[test]
    fn an_answer_without_the_state() {
        let mut run = Run::of_another_client();
        assert!(run.client_is_silent("K16"));
        run.callback.retain(|(name, _)| *name != "state");
        assert!(run.finding_of_client("K16").message.contains("or none"));
        run.ask("state", None);
        assert!(run.client_is_silent("K16"));
    }
}
