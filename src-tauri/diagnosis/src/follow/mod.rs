//! A value followed through a trace: where it stands, in which wrapping, and what is computed from
//! it.

pub(crate) mod computed;
pub(crate) mod values;

use serde::{Deserialize, Serialize};
use trace::Trace;
use ts_rs::TS;

use crate::finding::Part;
use values::Seen;

/// Places that are listed for one value, at most: a session's header stands in every request.
const MOST_PLACES: usize = 500;

/// Where a value stands in a trace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Followed {
    /// What it is called where it stands first: "state". Empty when it stands nowhere.
    pub name: String,
    /// In the order of the entries.
    pub places: Vec<ValuePlace>,
    /// What is computed from it, and what it was computed from.
    pub computed: Vec<Computed>,
}

/// One place of a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct ValuePlace {
    pub entry: u32,
    pub part: Part,
    /// What it is called there: a parameter, a header, a member, a claim.
    pub name: String,
    /// How it is wrapped there: "claim of access_token"; none where it stands as it is.
    pub how: Option<String>,
}

/// A value that a hash connects with the one that is followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
pub struct Computed {
    /// "code_challenge = BASE64URL(SHA-256(code_verifier))", as the specification has it.
    pub formula: String,
    /// The specification that says so.
    pub source: String,
    /// The hash as it was computed here; empty where it cannot be.
    pub result: String,
    /// Whether it stands in the trace as computed; none where nobody can say.
    pub matches: Option<bool>,
    /// Why it cannot be computed, and what is known of it all the same.
    pub note: Option<String>,
    /// What stands there instead, where it does not match.
    pub instead: Option<String>,
    /// Where the other value stands.
    pub places: Vec<ValuePlace>,
}

/// Follows a value through a trace: through queries, forms, JSON, lists with blanks, Basic
/// credentials, the claims of tokens and the hashes that OAuth makes of it.
pub fn follow(trace: &Trace, value: &str) -> Followed {
    if value.is_empty() {
        return Followed::default();
    }
    let all = values::all(trace);
    let own: Vec<&Seen> = all.iter().filter(|seen| seen.value == value).collect();
    Followed {
        name: own
            .first()
            .map_or_else(String::new, |seen| seen.name.clone()),
        computed: computed::of(trace, &all, value, &own),
        places: places(own),
    }
}

pub(crate) fn places<'a>(seen: impl IntoIterator<Item = &'a Seen>) -> Vec<ValuePlace> {
    let mut told: Vec<ValuePlace> = Vec::new();
    for seen in seen {
        let place = ValuePlace {
            entry: seen.entry,
            part: seen.part.clone(),
            name: seen.name.clone(),
            how: seen.how.clone(),
        };
        if told.len() < MOST_PLACES && told.last() != Some(&place) {
            told.push(place);
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::Purpose;

    use super::*;
    use crate::sample::{
        Answer, MCP, Run, VERIFIER, access_jwt, dpop_proof, id_token, jwt, post, push_to_server,
        refresh, token_answer,
    };

    /// "4 RequestBody code_verifier" of each place.
    fn told(places: &[ValuePlace]) -> Vec<String> {
        let line = |place: &ValuePlace| {
            let how = place.how.as_deref().unwrap_or_default();
            format!("{} {how}", place.name).trim().to_owned()
        };
        places.iter().map(line).collect()
    }

    #[test]
    fn a_verifier_leads_to_its_challenge_and_back() {
        let trace = Run::healthy().trace();
        let verifier = follow(&trace, VERIFIER);
        assert_eq!(verifier.name, "code_verifier");
        assert_eq!(told(&verifier.places), ["code_verifier"]);
        let challenge = &verifier.computed[0];
        assert!(challenge.matches == Some(true), "{challenge:?}");
        let names = told(&challenge.places);
        assert!(!names.is_empty() && names.iter().all(|name| name == "code_challenge"));

        let back = follow(&trace, &challenge.result);
        assert_eq!(back.name, "code_challenge");
        assert_eq!(told(&back.computed[0].places), ["code_verifier"]);
    }

    #[test]
    fn a_challenge_of_another_verifier_is_told() {
        let mut run = Run::healthy();
        for (name, value) in &mut run.authorization {
            if *name == "code_challenge" {
                *value = "of-another-one".into();
            }
        }
        let told = follow(&run.trace(), VERIFIER);
        let challenge = &told.computed[0];
        assert_eq!(challenge.matches, Some(false));
        assert_eq!(challenge.instead.as_deref(), Some("of-another-one"));
    }

    #[test]
    fn a_state_is_found_where_it_went_and_came_back() {
        let run = Run::healthy();
        let sent = run.authorization.iter().find(|(name, _)| *name == "state");
        let state = sent.expect("there is a state").1.clone();
        let followed = follow(&run.trace(), &state);
        assert_eq!(followed.name, "state");
        assert!(followed.places.len() >= 2, "{followed:?}");
        assert!(followed.computed.is_empty());
    }

    #[test]
    fn an_audience_is_found_inside_the_token_and_a_client_in_basic_credentials() {
        let mut run = Run::healthy();
        let token = access_jwt(json!([MCP, "other"]));
        run.token
            .edit(|answer| answer["access_token"] = token.into());
        run.client_authentication = Some("Basic YyUyRjE6c2VjcmV0".into());
        let trace = run.trace();
        let resource = follow(&trace, MCP);
        let places = told(&resource.places);
        assert!(
            places.contains(&"aud claim of access_token".to_owned()),
            "{places:?}"
        );
        assert!(places.contains(&"resource".to_owned()), "{places:?}");
        let client = follow(&trace, "c/1");
        assert_eq!(told(&client.places), ["client_id in Basic credentials"]);
    }

    #[test]
    fn hashes_of_a_token_and_of_a_key_are_found_both_ways() {
        let mut run = Run::healthy();
        let key = "mHGUkGqsqP6vGn4wdSnoxvlPdhqABuXcp_eN1XOkFRI";
        let token = jwt(&json!({"iss": "x", "cnf": {"jkt": key}}));
        let half = computed::halves(&token).remove(0);
        let id = id_token(|claims| claims["at_hash"] = half.clone().into());
        run.token.edit(|answer| {
            answer["access_token"] = token.clone().into();
            answer["id_token"] = id.into();
        });
        let mut trace = run.trace();
        let proof = post("/userinfo", &[])
            .header("Authorization", format!("DPoP {token}"))
            .header("DPoP", dpop_proof());
        push_to_server(
            &mut trace,
            Purpose::Userinfo,
            proof,
            &Answer::json(200, json!({})),
        );
        let followed = follow(&trace, &token);
        assert!(
            followed
                .computed
                .iter()
                .any(|one| one.matches == Some(true) && one.result == half)
        );
        let back = follow(&trace, &half);
        assert_eq!(back.computed[0].matches, Some(true), "{back:?}");
        let bound = follow(&trace, key);
        assert_eq!(bound.name, "cnf.jkt");
        assert_eq!(told(&bound.computed[0].places), ["jwk header of dpop"]);
        assert_eq!(bound.computed[0].matches, Some(false));
        assert_ne!(bound.computed[0].result, "");
    }

    /// A later token has no ID token, and is sent without a proof: the hashes of an earlier one are
    /// not held against it.
    #[test]
    fn a_hash_of_another_token_is_no_fault_of_this_one() {
        let mut run = Run::healthy_with_refresh();
        let first = jwt(&json!({"iss": "x", "jti": "1"}));
        let second = jwt(&json!({"iss": "x", "jti": "2"}));
        let half = computed::halves(&first).remove(0);
        let id = id_token(|claims| claims["at_hash"] = half.into());
        run.token.edit(|answer| {
            answer["access_token"] = first.clone().into();
            answer["id_token"] = id.into();
        });
        let mut trace = run.trace();
        refresh(&mut trace, "secret-r1", &token_answer(&second, "secret-r9"));
        let named = |value: &str| {
            let computed = follow(&trace, value).computed;
            let known = computed.iter().map(|one| one.matches);
            known.collect::<Vec<_>>()
        };
        assert_eq!(named(&first), [Some(true)]);
        assert_eq!(named(&second), []);
    }

    #[test]
    fn what_a_recorder_replaced_is_not_called_wrong() {
        let mut run = Run::healthy();
        for (name, value) in &mut run.exchange {
            if *name == "code_verifier" {
                *value = "redacted-code_verifier-1".into();
            }
        }
        let mut trace = run.trace();
        let told = |trace: &Trace| {
            let computed = follow(trace, "redacted-code_verifier-1").computed.remove(0);
            assert!(computed.result.is_empty() && computed.instead.is_none());
            (computed.matches, computed.note.unwrap_or_default())
        };
        assert_eq!(told(&trace).0, None);
        let seq = follow(&trace, "redacted-code_verifier-1").places[0].entry;
        let entry = std::sync::Arc::make_mut(&mut trace.entries[seq as usize - 1]);
        if let trace::EntryKind::Exchange(exchange) = &mut entry.kind {
            exchange.recorded.checked.pkce = Some(true);
        }
        let (matches, note) = told(&trace);
        assert_eq!(matches, Some(true));
        assert!(note.ends_with("it fitted."), "{note}");
    }

    #[test]
    fn what_stands_nowhere_has_no_places() {
        let trace = Run::healthy().trace();
        assert_eq!(follow(&trace, ""), Followed::default());
        assert_eq!(follow(&trace, "nowhere at all"), Followed::default());
    }
}
