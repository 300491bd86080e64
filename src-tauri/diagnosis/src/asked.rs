//! What a run asked for: the parameters of a request, wherever they were sent.

use serde_json::Value;
use trace::{Exchange, Pair, query_pairs};

use crate::fields::{challenges, form, jwt, value};
use crate::keyed::last_before;
use crate::reading::{ExchangeRef, Reading};
use crate::snapshot::form_of;

impl Reading<'_> {
    /// The latest authorization request sent before this entry: its number and its parameters, with
    /// those that were pushed (RFC 9126) or are in a request object (RFC 9101).
    pub fn authorization_before(&self, seq: u32) -> Option<(u32, &[Pair])> {
        let before = self.visits.partition_point(|visit| visit.seq < seq);
        let visit = self.visits[..before].last()?;
        let asked = visit.asked.get_or_init(|| {
            whole_request(&visit.visit.url, |reference| {
                let pushed = self.keyed.pushed.get(reference)?;
                Some(pushed.exchange)
            })
        });
        Some((visit.seq, asked))
    }

    /// The scope of the latest request for a new grant before this entry, as it was sent: of the
    /// authorization request, the device authorization request, or of a token request that needs
    /// neither.
    pub fn scope_asked_for(&self, seq: u32) -> Option<String> {
        let visit = self.authorization_before(seq);
        let form = self.granting_form_before(seq);
        let latest = match (visit, form) {
            (Some((at, visit)), Some((other, _))) if at > other => visit,
            (Some(_), Some((_, form))) => form,
            (visit, form) => visit.or(form)?.1,
        };
        value(latest, "scope").map(str::to_owned)
    }

    /// Of the scopes asked for those that the MCP server advertises, in a challenge or in its
    /// metadata, and the authorization server's metadata does not list.
    pub fn unknown_scopes<'s>(&self, asked: &'s str) -> Vec<&'s str> {
        let listed = self.resource_tries.iter().rev().find_map(|tried| {
            let document = tried.document.as_ref()?.as_ref().ok()?;
            document.scopes_supported.as_deref()
        });
        let challenged: Vec<String> = self
            .all
            .iter()
            .filter_map(|seen| challenges(seen.response()?).ok())
            .flatten()
            .filter_map(|challenge| challenge.parameter("scope"))
            .flat_map(str::split_whitespace)
            .map(str::to_owned)
            .collect();
        let advertised = [listed.unwrap_or_default(), &challenged].concat();
        let known = self.server_tries.iter().rev().find_map(|tried| {
            let document = tried.document.as_ref()?.as_ref().ok()?;
            document.scopes_supported.as_ref()
        });
        let Some(known) = known else {
            return Vec::new();
        };
        let is_unknown = |scope: &&str| {
            let is = |other: &String| other == scope;
            advertised.iter().any(is) && !known.iter().any(is)
        };
        asked.split_whitespace().filter(is_unknown).collect()
    }

    /// The latest request, before this entry, that asks for a grant by itself: its number and its
    /// form.
    fn granting_form_before(&self, seq: u32) -> Option<(u32, &[Pair])> {
        let latest = last_before(&self.keyed.granting, seq)?;
        Some((latest.seq, form(latest.request())))
    }

    /// The resource indicator of a token request, or else of the authorization request before it.
    pub fn resource_asked_for(&self, token: ExchangeRef<'_>) -> Option<String> {
        let sent = form(token.request());
        let asked = value(sent, "resource").map(str::to_owned);
        let before = match value(sent, "grant_type") {
            Some("authorization_code" | "refresh_token") | None => {
                self.authorization_before(token.seq)
            }
            Some(_) => self.granting_form_before(token.seq),
        };
        asked.or_else(|| value(before?.1, "resource").map(str::to_owned))
    }
}

/// The parameters of the authorization request with this URL, with those that were pushed (RFC
/// 9126) or are in a request object (RFC 9101). `pushed` finds what was pushed by its
/// `request_uri`.
pub(crate) fn whole_request<'a>(
    url: &str,
    pushed: impl FnOnce(&str) -> Option<&'a Exchange>,
) -> Vec<Pair> {
    let mut asked = query_pairs(url);
    let reference = value(&asked, "request_uri");
    if let Some(pushed) = reference.and_then(pushed) {
        asked.extend(form_of(&pushed.request));
    }
    let object = value(&asked, "request").and_then(|object| jwt(object).ok());
    let members = object.into_iter().flat_map(|object| object.claims.clone());
    asked.extend(members.filter_map(|(name, value)| {
        let value = match value {
            Value::String(text) => text,
            Value::Array(_) | Value::Object(_) | Value::Number(_) => value.to_string(),
            Value::Bool(_) | Value::Null => return None,
        };
        // These two are about the object, not about the request.
        (!matches!(name.as_str(), "iss" | "aud")).then_some(Pair { name, value })
    }));
    asked
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trace::{Purpose, Trace, encode_pairs, with_query};

    use crate::reading::Reading;
    use crate::sample::{AS, Answer, Run, jwt_with, post, push_to_server};

    /// A run whose authorization request was sent in this way.
    fn asked(push: bool, object: bool) -> Trace {
        let run = Run::healthy();
        let form: Vec<(&str, &str)> = run
            .authorization
            .iter()
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        let claims = serde_json::Map::from_iter(
            form.iter()
                .map(|(name, value)| ((*name).to_owned(), json!(value))),
        );
        let claims = jwt_with(&json!({"alg": "none"}), &json!(claims));
        let by_object = [("client_id", "c1"), ("request", claims.as_str())];
        let sent = if object { &by_object[..] } else { &form };
        let mut trace = Trace::new(&run.server_url, run.trace().started);
        let mut url = with_query(&format!("{AS}/authorize"), sent.iter().copied());
        if push {
            let answer = Answer::json(201, json!({"request_uri": "urn:x:1", "expires_in": 60}));
            push_to_server(
                &mut trace,
                Purpose::PushedAuthorization,
                post("/par", sent),
                &answer,
            );
            url = format!(
                "{AS}/authorize?{}",
                encode_pairs([("client_id", "c1"), ("request_uri", "urn:x:1")])
            );
        }
        for entry in run.trace().entries {
            let mut kind = entry.kind.clone();
            if let trace::EntryKind::BrowserOpened(visit) = &mut kind {
                visit.url = url.clone();
            }
            trace.push(entry.at, 0, entry.phase, kind);
        }
        trace
    }

    #[test]
    fn a_request_is_the_same_however_it_was_sent() {
        for (push, object) in [(false, false), (true, false), (false, true), (true, true)] {
            let trace = asked(push, object);
            let snapshot = crate::snapshot::Snapshot::of(&trace);
            let reading = Reading::of(&snapshot);
            let (token, _) = reading.tokens[0];
            let resource = reading.resource_asked_for(token);
            assert_eq!(
                resource.as_deref(),
                Some("https://mcp.example/mcp"),
                "{push} {object}"
            );
            let (_, request) = reading.authorization_before(token.seq).unwrap();
            assert!(
                request.iter().any(|pair| pair.name == "code_challenge"),
                "{push} {object}"
            );
            assert_eq!(crate::diagnose(&trace), [], "{push} {object}");
        }
    }
}
