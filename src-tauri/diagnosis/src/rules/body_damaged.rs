use std::collections::HashSet;

use trace::{BYTE_ORDER_MARK, Purpose};

use crate::duplicates::member_twice;
use crate::finding::{Finding, Part};
use crate::reading::{ExchangeRef, Reading, object};
use crate::rule::{Findings, Variant, rule};
use crate::spec::{
    RFC8259_BYTE_ORDER_MARK, RFC8259_UNIQUE_NAMES, RFC8259_UTF8, RFC9112_INCOMPLETE,
};
use crate::wording::excerpt;
use coding::{WrongCoding, wrong_coding};
use end::{EndKind, early_end};

mod coding;
mod end;

rule! {
    /// # What it looks at
    /// How the bodies come that a client relies on: a member that is there twice, a byte order
    /// mark before the JSON, a content coding that is not the one announced, an end in the middle,
    /// an answer that is held back until the time is over.
    ///
    /// # Why it matters
    /// Each client makes something else of it. Of two members one takes the first and another the
    /// last; a byte order mark is an invisible character at which many parsers give up.
    ///
    /// # How to fix
    /// Send the body as the headers say: whole, in UTF-8 without a byte order mark, each member
    /// once, and compressed only where `Content-Encoding` says so.
    ///
    /// # References
    /// RFC 8259 sections 4 and 8.1; RFC 9112 section 8.
    "B02" "body_damaged" Warning AuthorizationServer since None,
    title: "{document} has a member twice",
    variants: [
        OWN_OPTION: Error Client Likely
            "An answer is cut off by this run's own {option}",
        TWICE_BY_MCP_SERVER: Warning McpServer Certain "{document} has a member twice",
        MARK: Warning AuthorizationServer Certain "{document} begins with a byte order mark",
        MARK_BY_MCP_SERVER: Warning McpServer Certain "{document} begins with a byte order mark",
        CHARSET: Warning AuthorizationServer Certain
            "{document} is announced in a character set that JSON may not have",
        CHARSET_BY_MCP_SERVER: Warning McpServer Certain
            "{document} is announced in a character set that JSON may not have",
        CHARSET_HARMLESS: Note Nobody Certain
            "{document} is announced in a character set that JSON may not have",
        CODING: Warning AuthorizationServer Likely
            "{document} does not have the content coding that it is announced with",
        CODING_BY_MCP_SERVER: Warning McpServer Likely
            "{document} does not have the content coding that it is announced with",
        CODING_HIDDEN: Warning AuthorizationServer Likely
            "{document} is compressed and does not say so",
        CODING_HIDDEN_BY_MCP_SERVER: Warning McpServer Likely
            "{document} is compressed and does not say so",
        CUT_OFF: Error Network Likely "{document} ends in the middle",
        CUT_OFF_AT_END: Warning Network Likely "{document} is shorter than its headers say",
        HELD_BACK: Error Network Likely "{document} is held back until the time is over",
    ],
    spec: [RFC8259_UNIQUE_NAMES, RFC8259_BYTE_ORDER_MARK, RFC8259_UTF8, RFC9112_INCOMPLETE],
    supersedes: [
        CUT_OFF "N05" anywhere, HELD_BACK "N05" anywhere, CUT_OFF "T02" anywhere,
        HELD_BACK "T02" anywhere, CODING "D15", CODING_BY_MCP_SERVER "D15", CODING_HIDDEN "D15",
        CODING_HIDDEN_BY_MCP_SERVER "D15",
    ],
    stops: [
        McpError, InvalidTokenResponse, NoServerMetadata by CODING, NoServerMetadata by CODING_HIDDEN,
        NoResourceMetadata by CODING_BY_MCP_SERVER, NoResourceMetadata by CODING_HIDDEN_BY_MCP_SERVER,
        InvalidResourceMetadata by CODING_BY_MCP_SERVER,
        InvalidResourceMetadata by CODING_HIDDEN_BY_MCP_SERVER,
    ],
    looks_at: [Request],
}

fn check(reading: &Reading<'_>, findings: &mut Findings) {
    let mut told: HashSet<(&str, String)> = HashSet::new();
    for seen in &reading.all {
        let Some(document) = document(&seen.exchange.purpose) else {
            continue;
        };
        let found = [
            coding(*seen),
            end(*seen),
            mark(*seen),
            twice(*seen),
            charset(*seen),
        ];
        for finding in found.into_iter().flatten() {
            if told.insert((document, finding.variant.clone())) {
                findings.add(finding.title_with([document]));
            }
        }
    }
}

/// What the body is, where a client relies on it.
fn document(purpose: &Purpose) -> Option<&'static str> {
    Some(match purpose {
        Purpose::ResourceMetadata { .. } => "The protected resource metadata",
        Purpose::ServerMetadata { .. } => "The authorization server metadata",
        Purpose::Registration => "The registration answer",
        Purpose::Token { .. } => "The token answer",
        Purpose::Challenge { .. } | Purpose::Mcp { .. } => "The MCP server's answer",
        Purpose::PushedAuthorization => "The answer to the pushed request",
        Purpose::DeviceAuthorization => "The device authorization answer",
        Purpose::Introspection { .. } => "The introspection answer",
        Purpose::Userinfo => "The userinfo answer",
        Purpose::Jwks => "The key set",
        _ => return None,
    })
}

fn of(seen: ExchangeRef<'_>, mcp: &'static Variant, other: &'static Variant) -> &'static Variant {
    match seen.exchange.purpose {
        Purpose::ResourceMetadata { .. } | Purpose::Challenge { .. } | Purpose::Mcp { .. } => mcp,
        _ => other,
    }
}

fn coding(seen: ExchangeRef<'_>) -> Option<Finding> {
    let wrong = wrong_coding(seen)?;
    let variant = match wrong {
        WrongCoding::NotAnnounced { .. } => of(seen, &CODING_HIDDEN_BY_MCP_SERVER, &CODING_HIDDEN),
        WrongCoding::Broken { .. } | WrongCoding::Twice { .. } | WrongCoding::Unknown { .. } => {
            of(seen, &CODING_BY_MCP_SERVER, &CODING)
        }
    };
    let finding = RULE
        .found(RFC8259_UTF8)
        .variant(variant)
        .at(seen.seq, Part::response_header("Content-Encoding"));
    Some(wrong.told(finding))
}

fn end(seen: ExchangeRef<'_>) -> Option<Finding> {
    let early = early_end(seen)?;
    let variant = match early.kind {
        EndKind::AtEnd => &CUT_OFF_AT_END,
        EndKind::HeldBack => &HELD_BACK,
        EndKind::InTheMiddle => &CUT_OFF,
    };
    let finding = RULE
        .found(RFC9112_INCOMPLETE)
        .variant(variant)
        .at(seen.seq, Part::body(""));
    Some(early.told(finding))
}

fn mark(seen: ExchangeRef<'_>) -> Option<Finding> {
    let response = seen.response_with_body()?;
    if !response.body.bytes.starts_with(BYTE_ORDER_MARK) {
        return None;
    }
    object(response)?;
    let finding = RULE
        .found(RFC8259_BYTE_ORDER_MARK)
        .variant(of(seen, &MARK_BY_MCP_SERVER, &MARK))
        .at(seen.seq, Part::body(""))
        .message(
            "There are three bytes (EF BB BF) before the JSON. This client passes over them; others \
             say that the first character is not JSON.",
        )
        .expected("{ as the first byte")
        .actual("a byte order mark before {")
        .fix("Save or write the JSON as UTF-8 without a byte order mark.");
    Some(finding)
}

fn charset(seen: ExchangeRef<'_>) -> Option<Finding> {
    let response = seen.response_with_body()?;
    let announced = response.header_value("content-type")?;
    let charset = announced.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches('"');
        name.trim()
            .eq_ignore_ascii_case("charset")
            .then(|| value.to_owned())
    })?;
    let fits = ["utf-8", "utf8", "us-ascii", "ascii"];
    if fits.contains(&charset.to_ascii_lowercase().as_str()) || object(response).is_none() {
        return None;
    }
    // UTF-16 and UTF-32 write ASCII in other bytes too.
    let wide = ["utf-16", "utf16", "utf-32", "utf32", "ucs-2", "ucs-4"];
    let is_wide = wide
        .iter()
        .any(|name| charset.to_ascii_lowercase().starts_with(name));
    let is_ascii = response.body.bytes.is_ascii() && !is_wide;
    let finding = RULE
        .found(RFC8259_UTF8)
        .variant(if is_ascii {
            &CHARSET_HARMLESS
        } else {
            of(seen, &CHARSET_BY_MCP_SERVER, &CHARSET)
        })
        .at(seen.seq, Part::response_header("Content-Type"))
        .message(if is_ascii {
            "All of it is ASCII, which is the same in both, so nothing breaks here. The first name \
             with an accent would be garbled by clients that believe the header."
        } else if is_wide {
            "The bytes are UTF-8. Clients that believe the header read two or four of them as one \
             character, and find no JSON."
        } else {
            "Clients that believe the header garble what is not ASCII, and compare names and \
             identifiers wrongly."
        })
        .expected("UTF-8, with or without charset=utf-8")
        .actual(format!("Content-Type: {}", excerpt(announced)))
        .fix("Send JSON in UTF-8, and say charset=utf-8 or nothing.");
    Some(finding)
}

fn twice(seen: ExchangeRef<'_>) -> Option<Finding> {
    let response = seen.response_with_body()?;
    let is_call = matches!(
        seen.exchange.purpose,
        Purpose::Challenge { .. } | Purpose::Mcp { .. }
    );
    // Results of calls may be long, and were read once already.
    let pointer = if is_call {
        format!("/{}", response.outline()?.repeated.as_deref()?)
    } else {
        let bytes = &response.body.bytes;
        member_twice(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes))?
    };
    let name = pointer.rsplit('/').next().unwrap_or_default();
    let finding = RULE
        .found(RFC8259_UNIQUE_NAMES)
        .variant(of(seen, &TWICE_BY_MCP_SERVER, RULE.default_variant()))
        .at(seen.seq, Part::body(&pointer))
        .message(format!(
            "{} is there twice. This client takes the last one; others take the first, or refuse the \
             whole.",
            excerpt(name)
        ))
        .expected(format!("{} once", excerpt(name)))
        .actual(format!("{} twice: duplicate members", excerpt(name)))
        .fix(format!("Write {} once.", excerpt(name)));
    Some(finding)
}

#[cfg(test)]
mod tests {
    use trace::{BodyEnd, Coding, CodingEnd, EntryKind, Outcome, Purpose, Trace};

    use crate::finding::{Level, Owner};
    use crate::sample::{Run, found_in};

    fn with_body(
        run: &Run,
        purpose: fn(&Purpose) -> bool,
        change: impl Fn(&mut trace::Body),
    ) -> Trace {
        let mut trace = run.trace();
        for entry in &mut trace.entries {
            let entry = std::sync::Arc::make_mut(entry);
            let EntryKind::Exchange(exchange) = &mut entry.kind else {
                continue;
            };
            if let (true, Outcome::Response(response)) =
                (purpose(&exchange.purpose), &mut exchange.outcome)
            {
                change(&mut response.body);
            }
        }
        trace
    }

    #[test]
    fn marks_and_members_that_are_there_twice() {
        let mut run = Run::healthy();
        let body = &mut run.resource_tries[0].2.body;
        *body = format!("\u{feff}{body}");
        let mark = run.finding("B02");
        assert_eq!((mark.owner, mark.level), (Owner::McpServer, Level::Warning));
        assert!(mark.title.contains("byte order mark"));
        assert_eq!(run.found(), ["B02"]);
        let mut run = Run::healthy();
        let body = &mut run.token.body;
        *body = body.replacen('{', "{\"token_type\":\"x\",", 1);
        assert!(run.finding("B02").message.starts_with("token_type"));
    }

    #[test]
    fn members_that_are_there_twice_further_in_and_at_the_mcp_server() {
        let mut run = Run::healthy();
        let body = &mut run.resource_tries[0].2.body;
        *body = body.replacen('{', "{\"own\":{\"a\":1,\"a\":2},", 1);
        let finding = run.finding("B02");
        assert_eq!(finding.variant, "twice_by_mcp_server");
        assert!(finding.message.starts_with("a is there twice"));
        let mut run = Run::healthy();
        let body = &mut run.server_tries[0].2.body;
        *body = format!("\u{feff}{body}");
        assert_eq!(run.finding("B02").variant, "mark");
    }

    #[test]
    fn character_sets_that_json_may_not_have() {
        let announced = |run: &mut Run, charset: &str| {
            let answer = &mut run.server_tries[0].2;
            answer.drop_header("content-type");
            let media = format!("application/json; charset={charset}");
            *answer = answer.clone().header("content-type", &media);
        };
        let mut run = Run::healthy();
        announced(&mut run, "iso-8859-1");
        assert_eq!(run.finding("B02").variant, "charset_harmless");
        run.server_tries[0]
            .2
            .edit(|document| document["service"] = "Caf\u{e9}".into());
        assert_eq!(run.finding("B02").variant, "charset");
        announced(&mut run, "\"UTF-8\"");
        assert!(run.is_silent("B02"));
        let mut run = Run::healthy();
        let answer = &mut run.resource_tries[0].2;
        answer.edit(|document| document["resource_name"] = "Caf\u{e9}".into());
        answer.drop_header("content-type");
        *answer = answer
            .clone()
            .header("content-type", "application/json;charset=windows-1252");
        assert_eq!(run.finding("B02").variant, "charset_by_mcp_server");
    }

    #[test]
    fn the_mcp_servers_codings_and_an_answer_that_is_held_back() {
        let of_server = |purpose: &Purpose| matches!(purpose, Purpose::ResourceMetadata { .. });
        let coded = |run: &Run, end: CodingEnd| {
            let trace = with_body(run, of_server, |body| {
                body.coding = Some(Box::new(Coding {
                    name: "gzip".into(),
                    raw: None,
                    length: 1,
                    end: end.clone(),
                }));
            });
            found_in(&trace, "B02").unwrap().variant
        };
        let mut run = Run::healthy();
        assert_eq!(
            coded(&run, CodingEnd::Complete),
            "coding_hidden_by_mcp_server"
        );
        let answer = &mut run.resource_tries[0].2;
        *answer = answer.clone().header("content-encoding", "gzip");
        let reason = "no gzip".into();
        assert_eq!(
            coded(&run, CodingEnd::Broken { reason }),
            "coding_by_mcp_server"
        );
        let of_token = |purpose: &Purpose| matches!(purpose, Purpose::Token { .. });
        let held_back = with_body(&Run::healthy(), of_token, |body| {
            body.bytes.clear();
            body.end = BodyEnd::CutOff {
                reason: "the time limit of 3 s was reached".into(),
            };
        });
        assert_eq!(found_in(&held_back, "B02").unwrap().variant, "held_back");
    }

    #[test]
    fn codings_that_are_not_what_is_said() {
        let mut run = Run::healthy();
        run.server_tries[0].2 = run.server_tries[0]
            .2
            .clone()
            .header("content-encoding", "gzip");
        let of_server = |purpose: &Purpose| matches!(purpose, Purpose::ServerMetadata { .. });
        let broken = with_body(&run, of_server, |body| {
            body.coding = Some(Box::new(Coding {
                name: "gzip".into(),
                raw: None,
                length: 1,
                end: CodingEnd::Broken {
                    reason: "no gzip".into(),
                },
            }));
        });
        assert_eq!(found_in(&broken, "B02").unwrap().variant, "coding");
        let hidden = with_body(&Run::healthy(), of_server, |body| {
            body.coding = Some(Box::new(Coding {
                name: "gzip".into(),
                raw: None,
                length: 1,
                end: CodingEnd::Complete,
            }));
        });
        assert_eq!(found_in(&hidden, "B02").unwrap().variant, "coding_hidden");
    }

    #[test]
    fn ends_in_the_middle() {
        let of_token = |purpose: &Purpose| matches!(purpose, Purpose::Token { .. });
        let at_end = with_body(&Run::healthy(), of_token, |body| {
            body.end = BodyEnd::CutOff {
                reason: "the connection ended".into(),
            };
        });
        assert_eq!(found_in(&at_end, "B02").unwrap().level, Level::Warning);
        let middle = with_body(&Run::healthy(), of_token, |body| {
            body.bytes.truncate(10);
            body.end = BodyEnd::CutOff {
                reason: "the connection ended".into(),
            };
        });
        assert_eq!(found_in(&middle, "B02").unwrap().level, Level::Error);
    }

    #[test]
    fn is_silent_about_bodies_as_they_should_be() {
        assert!(Run::healthy_with_refresh().is_silent("B02"));
    }
}
