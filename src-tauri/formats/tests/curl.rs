//! cURL commands send what was recorded, and no shell takes a word for anything else.

mod support;

use formats::Redactor;
use support::{Secrets as Planted, decoded_parts, empty, failures, flow};
use trace::{EntryKind, Exchange, Secret, Trace};

fn sample() -> (Trace, Planted) {
    let planted = Planted::new(7);
    let mut trace = empty();
    flow(&mut trace, &planted);
    failures(&mut trace, &planted);
    (trace, planted)
}

#[test]
fn a_curl_command_is_what_was_sent() {
    let (trace, planted) = sample();
    let redactor = Redactor::of(&trace, &[]);
    for (_, exchange) in trace.exchanges() {
        let shared = formats::curl(exchange, Some(&redactor));
        assert!(!shared.contains("S3NT1NEL"), "{shared}");
        for part in decoded_parts(&shared) {
            assert!(!part.contains("S3NT1NEL"), "{part}");
        }
    }
    let token: &Exchange = trace
        .exchanges()
        .map(|(_, exchange)| exchange)
        .find(|exchange| matches!(exchange.purpose, trace::Purpose::Token { .. }))
        .unwrap();
    let shared = formats::curl(token, Some(&redactor));
    assert!(
        shared.contains("--user 'client-1:'\"$CLIENT_SECRET\""),
        "{shared}"
    );
    assert!(
        shared.contains("code='\"$CODE\"'&code_verifier='\"$CODE_VERIFIER\""),
        "{shared}"
    );
    assert!(formats::curl(token, None).contains(&planted.dpop));
}

#[test]
fn a_secret_that_another_exchange_names_is_replaced_here_too() {
    let (mut trace, planted) = sample();
    let EntryKind::Exchange(exchange) = &mut std::sync::Arc::make_mut(&mut trace.entries[0]).kind
    else {
        panic!("the first entry is an exchange");
    };
    exchange.request =
        trace::Request::new("POST", format!("https://x.example/{}", planted.session))
            .body(format!("note: {} and typed-by-hand", planted.refresh));
    let typed = [(
        "client_secret".to_owned(),
        trace::Secret::new("typed-by-hand"),
    )];
    let redactor = Redactor::of(&trace, &typed);
    let shared = formats::curl(trace.entries[0].exchange().unwrap(), Some(&redactor));
    assert!(
        shared.contains("--url 'https://x.example/'\"$SESSION_ID\""),
        "{shared}"
    );
    assert!(
        shared.contains("'note: '\"$REFRESH_TOKEN\"' and '\"$CLIENT_SECRET\""),
        "{shared}"
    );
}

#[cfg(unix)]
#[test]
fn a_shell_reads_every_word_as_it_was_meant() {
    let nasty = "it's $(touch x) `y` \"z\" \\ \n !! *?[a] ~ ü -n @file %s";
    let mut request = trace::Request::new("POST", format!("https://x.example/{nasty}?a={{b}}"))
        .header("x-nasty", nasty.replace('\n', " "))
        .header("x-empty", "")
        .header("@etc/passwd", "no")
        .header("content-length", "5")
        .body(nasty);
    let (mut trace, _) = sample();
    let EntryKind::Exchange(exchange) = &mut std::sync::Arc::make_mut(&mut trace.entries[0]).kind
    else {
        panic!("the first entry is an exchange");
    };
    exchange.request = request.clone();
    let words = words(&formats::curl(exchange, None), "");
    assert_eq!(words.arguments[..2], ["--request", "POST"]);
    for pair in [
        ["--url", &request.url],
        [
            "--header",
            &format!("x-nasty: {}", nasty.replace('\n', " ")),
        ],
        ["--header", "x-empty;"],
        ["--header", "Accept:"],
        ["--data-raw", nasty],
    ] {
        assert!(
            words.arguments.windows(2).any(|two| two == pair),
            "{pair:?} not in {:?}",
            words.arguments
        );
    }
    assert!(
        !words
            .arguments
            .iter()
            .any(|word| word.contains("passwd") || word.contains("length"))
    );

    let bytes: Vec<u8> = (0..=255).collect();
    request = request.body(bytes.clone());
    exchange.request = request;
    assert_eq!(self::words(&formats::curl(exchange, None), "").input, bytes);

    exchange.request = trace::Request::new("GET", "https://x.example/")
        .header("authorization", "Bearer abcdefgh12");
    let typed = [("access_token".into(), Secret::new("abcdefgh12"))];
    let redactor = Redactor::of(&empty(), &typed);
    let set = self::words(
        &formats::curl(exchange, Some(&redactor)),
        "ACCESS_TOKEN='a b'; ",
    );
    assert!(
        set.arguments
            .contains(&"authorization: Bearer a b".to_string()),
        "{:?}",
        set.arguments
    );
}

#[cfg(unix)]
struct Words {
    arguments: Vec<String>,
    input: Vec<u8>,
}

/// What a POSIX shell hands to `curl`.
#[cfg(unix)]
fn words(command: &str, before: &str) -> Words {
    let script = format!(
        "{before}curl() {{ printf '%s\\0' \"$@\"; for last; do :; done; \
         if [ \"$last\" = @- ]; then printf 'INPUT\\0'; cat; fi; }}\n{command}\n"
    );
    let output = std::process::Command::new("sh")
        .arg("-c")
        .arg(script)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mark = b"\0INPUT\0";
    let split = output
        .stdout
        .windows(mark.len())
        .position(|window| window == mark);
    let (arguments, input) = match split {
        Some(at) => (
            &output.stdout[..at],
            output.stdout[at + mark.len()..].to_vec(),
        ),
        None => (&output.stdout[..], Vec::new()),
    };
    let arguments = String::from_utf8_lossy(arguments);
    Words {
        arguments: arguments
            .trim_end_matches('\0')
            .split('\0')
            .map(String::from)
            .collect(),
        input,
    }
}
