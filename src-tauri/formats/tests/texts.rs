//! The plain-text diagram: nothing a server says breaks a line, and no secret is in it.

mod support;

use trace::{EntryKind, Phase, Purpose, Request, Role};

use support::diagrams::{HOSTILE, hostile, sample, small, written};

#[test]
fn a_text_holds_no_secret_even_when_asked() {
    let (trace, planted) = sample();
    let text = written("text", &trace);
    assert!(!text.contains("S3NT1NEL"), "{text}");
    for (name, secret) in planted.all() {
        assert!(!text.contains(secret), "{name} is in it");
    }
}

#[test]
fn each_step_has_its_lines_whatever_a_server_says() {
    let trace = hostile();
    let text = written("text", &trace);
    // A heading, the one server, a blank line, the names; the phase; three lines for each exchange
    // of two arrows with a text each, and one for each decision.
    assert_eq!(text.lines().count(), 4 + 1 + HOSTILE.len() * 5, "{text}");
    assert!(text.ends_with('\n'));
    let is_odd = |c: &char| c.is_control() && *c != '\n' || *c == '\u{202e}';
    assert_eq!(text.chars().find(is_odd), None);
}

#[test]
fn what_belongs_to_no_flow_is_counted_and_not_drawn() {
    let mut trace = small();
    let other = trace.participant(Role::Other, "https://fonts.example");
    for _ in 0..2 {
        let request = Request::new("GET", "https://fonts.example/a.css");
        let mut exchange = support::sample_exchange(request);
        exchange.purpose = Purpose::Unrelated;
        exchange.to = other;
        let kind = EntryKind::Exchange(Box::new(exchange));
        trace.push(trace.started, 0, Phase::Extra, kind);
    }
    let words = "2 other exchanges belong to no flow and are not drawn";
    for format in ["text", "mermaid", "svg", "markdown"] {
        let written = written(format, &trace);
        assert!(written.contains(words), "{format}: {written}");
        assert!(!written.contains("fonts.example"), "{format}: {written}");
    }
    // On the page they can be read, below the others.
    let page = written("html", &trace);
    let (of_flows, others) = page
        .split_once("belong to no flow</h2>")
        .expect("a heading");
    assert!(!of_flows.contains("<details id=\"step-3\""), "{page}");
    assert!(others.contains("fonts.example"), "{page}");
}

#[test]
fn a_long_name_does_not_widen_the_diagram() {
    let mut trace = small();
    let name = "x".repeat(120);
    trace.participants[0].name.clone_from(&name);
    let text = written("text", &trace);
    let mut lines = text.lines();
    assert!(lines.any(|line| line.trim() == name), "{text}");
    assert!(lines.all(|line| line.chars().count() < 80), "{text}");
}

#[test]
fn the_text_of_a_small_flow() {
    let trace = small();
    assert_eq!(
        written("text", &trace),
        "\
Authscope 0.0.0: https://mcp.example/mcp
  MCP server: mcp.example

   Authscope            MCP server
Challenge                   |
      | 1 POST /mcp initialize
      |-------------------->|
      | 401 needs authorization
      |< - - - - - - - - - -|
  * 2 Ended                 |
"
    );
}
