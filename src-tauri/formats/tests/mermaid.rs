//! Mermaid code: one line for each step, whatever a server says, and no secret.

mod support;

use std::fs;
use std::path::Path;
use std::process::Command;

use support::diagrams::{HOSTILE, hostile, sample, small, written};

#[test]
fn a_text_holds_no_secret_even_when_asked() {
    let (trace, planted) = sample();
    let code = written("mermaid", &trace);
    assert!(!code.contains("S3NT1NEL"), "{code}");
    for (name, secret) in planted.all() {
        assert!(!code.contains(secret), "{name} is in it");
    }
}

#[test]
fn each_step_has_its_lines_whatever_a_server_says() {
    let code = written("mermaid", &hostile());
    assert_eq!(
        code.lines().count(),
        2 + 2 + 1 + HOSTILE.len() * 3,
        "{code}"
    );
    assert!(code.ends_with('\n'));
    let is_odd = |c: &char| c.is_control() && *c != '\n' || *c == '\u{202e}';
    assert_eq!(code.chars().find(is_odd), None);
}

#[test]
fn the_mermaid_code_of_a_small_flow() {
    assert_eq!(
        written("mermaid", &small()),
        "\
%%{init: {\"sequence\": {\"wrap\": true}}}%%
sequenceDiagram
  participant p0 as Authscope
  participant p2 as MCP server mcp.example
  note over p0,p2: Challenge
  p0->>p2: 1 POST /mcp initialize
  p2-->>p0: 401 needs authorization
  note over p0: 2 Ended
"
    );
}

/// Installs Mermaid at first use, under the tests' own folder of the target.
#[test]
fn mermaid_itself_reads_every_message_as_it_was_meant() {
    let tools = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mermaid-tools");
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mermaid");
    fs::create_dir_all(&tools).unwrap();
    for file in ["package.json", "package-lock.json", ".npmrc"] {
        fs::copy(here.join(file), tools.join(file)).unwrap();
    }
    if !tools.join("node_modules/.package-lock.json").exists() {
        let npm = if cfg!(windows) { "npm.cmd" } else { "npm" };
        run(Command::new(npm)
            .args(["ci", "--silent"])
            .current_dir(&tools));
    }
    let traces = [small(), hostile(), sample().0];
    let files: Vec<_> = (0..traces.len())
        .map(|number| tools.join(format!("{number}.mmd")))
        .collect();
    for (trace, file) in traces.iter().zip(&files) {
        fs::write(file, written("mermaid", trace)).unwrap();
    }
    let mut check = Command::new("node");
    check.arg(here.join("check.mjs")).args(&files);
    let read = run(check.env("MERMAID_TOOLS", &tools));
    let read: Vec<serde_json::Value> = read
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        read[0],
        serde_json::json!([
            ["p0", "p2", "Challenge"],
            ["p0", "p2", "1 POST /mcp initialize"],
            ["p2", "p0", "401 needs authorization"],
            ["p0", "p0", "2 Ended"]
        ])
    );
    let messages = read[1].as_array().unwrap();
    assert_eq!(messages.len(), 1 + HOSTILE.len() * 3);
    for (text, three) in HOSTILE.iter().zip(messages[1..].chunks(3)) {
        let plain: String = text
            .chars()
            .filter(|c| c.is_alphanumeric())
            .take(3)
            .collect();
        for message in three {
            let said = message[2].as_str().unwrap();
            let visible = text.replace('\n', "\\n").replace('\r', "\\r");
            let visible = visible
                .replace('\u{202e}', "\\u{202e}")
                .replace('\u{1b}', "\\u{1b}");
            // A URL's path has its own spelling of some signs.
            assert!(said.contains(&visible) || said.contains(&plain), "{said}");
        }
        let answer = three[1][2].as_str().unwrap();
        assert_eq!(answer.contains("forged"), text.contains("forged"));
    }
    let steps: usize = sample().0.exchanges().count() * 2;
    assert!(read[2].as_array().unwrap().len() > steps);
}

fn run(command: &mut Command) -> String {
    let output = command.output().expect("node and npm can be started");
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}");
    String::from_utf8(output.stdout).unwrap()
}
