//! The plain-text diagram: nothing a server says breaks a line, and no secret is in it.

mod support;

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
