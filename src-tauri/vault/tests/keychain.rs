//! A real keychain: gnome-keyring, on a session bus of the test's own.
#![cfg(target_os = "linux")]

use std::fs::{self, Permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use trace::{Secret, Timestamp};
use vault::{ClientCredentials, Key, TokenSet, Vault};

/// Set by who runs the tests in a session with a keychain.
const HAS_KEYCHAIN: &str = "AUTHSCOPE_TEST_KEYCHAIN";
/// What a process that a test starts has to do.
const TASK: &str = "AUTHSCOPE_TEST_TASK";

#[test]
fn what_is_put_in_is_there_in_the_next_process() {
    let task = |name| in_session(name, true);
    if std::env::var_os(HAS_KEYCHAIN).is_none() && !can_start_a_session() {
        eprintln!("skipped: dbus-run-session and gnome-keyring-daemon are needed");
        return;
    }
    // All in one session, since the keychain ends with it.
    let output = task("restarts");
    assert!(output.status.success(), "{}", shown(&output));
}

#[test]
fn without_a_keychain_tokens_are_kept_in_memory_and_the_reason_is_told() {
    let nowhere = this_test("process")
        .env(TASK, "status")
        .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent/bus")
        .output()
        .expect("this test can start itself");
    assert!(
        shown(&nowhere).contains("no D-Bus session"),
        "{}",
        shown(&nowhere)
    );
    if can_start_a_session() {
        let empty = in_session("status", false);
        assert!(
            shown(&empty).contains("No secret service runs"),
            "{}",
            shown(&empty)
        );
    }
}

/// As when a keychain is started or installed while the program runs.
#[test]
fn a_keychain_that_comes_late_is_found_when_the_vault_is_opened_again() {
    if !can_start_a_session() {
        eprintln!("skipped: dbus-run-session and gnome-keyring-daemon are needed");
        return;
    }
    let output = in_session("late", false);
    assert!(output.status.success(), "{}", shown(&output));
}

/// Does nothing by itself: the part of the tests above that is another process.
#[test]
fn process() {
    let Ok(task) = std::env::var(TASK) else {
        return;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match task.as_str() {
        "restarts" => {
            for task in ["put", "replace", "delete"] {
                let output = this_test("process")
                    .env(TASK, task)
                    .output()
                    .expect("this test can start itself");
                assert!(output.status.success(), "{task}: {}", shown(&output));
            }
        }
        "late" => {
            let before = Vault::open().status();
            assert!(!before.persistent, "{before:?}");
            let mut keyring = late_keychain();
            let after = Vault::open().status();
            assert!(after.persistent, "{after:?}");
            drop(keyring.stdin.take());
            keyring.wait().expect("the keychain ends with its input");
        }
        "status" => println!("{:?}", Vault::open().status()),
        "put" => runtime.block_on(async {
            let vault = vault();
            vault.clear().await.expect("it can be cleared");
            vault
                .put(set("large", &"x".repeat(50_000)))
                .await
                .expect("it can be written");
            vault
                .put(set("small", "1"))
                .await
                .expect("it can be written");
        }),
        "replace" => runtime.block_on(async {
            let vault = vault();
            let found = vault
                .find("https://mcp.example/mcp")
                .await
                .expect("it can be read");
            assert_eq!(
                found,
                [set("large", &"x".repeat(50_000)), set("small", "1")]
            );
            vault
                .put(set("large", "2"))
                .await
                .expect("it can be written");
        }),
        "delete" => runtime.block_on(async {
            let vault = vault();
            assert_eq!(
                vault.list().await.expect("it can be read"),
                [set("small", "1"), set("large", "2")]
            );
            vault
                .delete(&set("small", "").key)
                .await
                .expect("it can be deleted");
            assert_eq!(
                vault.list().await.expect("it can be read"),
                [set("large", "2")]
            );
            vault.clear().await.expect("it can be cleared");
            assert!(vault.list().await.expect("it can be read").is_empty());
            assert_eq!(vault.status().problem, None);
        }),
        other => panic!("no such task: {other}"),
    }
}

/// An unlocked keychain on the bus that is there, until its standard input is closed.
fn late_keychain() -> Child {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/session/unlocked.sh");
    let mut keyring = Command::new("sh")
        .arg(script)
        .args(["sh", "-c", "echo up; cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell can be started");
    let mut up = String::new();
    let said = keyring.stdout.take().expect("its output is piped");
    BufReader::new(said)
        .read_line(&mut up)
        .expect("its output can be read");
    assert_eq!(up, "up\n");
    keyring
}

fn vault() -> Vault {
    let vault = Vault::open();
    assert!(vault.status().persistent, "{:?}", vault.status());
    vault
}

fn set(client_id: &str, token: &str) -> TokenSet {
    TokenSet {
        key: Key {
            issuer: "https://as.example".into(),
            resource: "https://mcp.example/mcp".into(),
            client_id: client_id.into(),
        },
        access_token: Secret::new(token),
        refresh_token: None,
        id_token: None,
        token_type: "Bearer".into(),
        scope: None,
        expires_at: None,
        obtained_at: Timestamp(1),
        dpop_key: None,
        client: ClientCredentials {
            client_id: client_id.into(),
            client_secret: None,
            auth_method: "none".into(),
            registration: None,
            redirect_uri: None,
        },
    }
}

/// Does a task in a session of its own, or in the one that is there already.
fn in_session(task: &str, keychain: bool) -> Output {
    let mut command = this_test("process");
    if keychain && std::env::var_os(HAS_KEYCHAIN).is_some() {
        return command
            .env(TASK, task)
            .output()
            .expect("this test can start itself");
    }
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/session");
    let home = home(task);
    let mut session = Command::new("dbus-run-session");
    session
        .arg(format!(
            "--config-file={}",
            files.join("bus.conf").display()
        ))
        .arg("--");
    if keychain {
        session.arg("sh").arg(files.join("unlocked.sh"));
    }
    let output = session
        .arg(command.get_program())
        .args(command.get_args())
        .env(TASK, task)
        .env("AUTHSCOPE_KEYCHAIN_SERVICE", "Authscope tests")
        .env("HOME", &home)
        .env("XDG_RUNTIME_DIR", &home)
        .env("XDG_DATA_HOME", home.join("data"))
        .output()
        .expect("dbus-run-session can be started");
    fs::remove_dir_all(&home).expect("the test's folder can be removed");
    output
}

fn this_test(name: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("this test is a file"));
    command
        .args(["--exact", name, "--nocapture"])
        .env("AUTHSCOPE_KEYCHAIN_SERVICE", "Authscope tests");
    command
}

fn can_start_a_session() -> bool {
    let is_there = |program: &str| {
        let paths = std::env::var_os("PATH").unwrap_or_default();
        std::env::split_paths(&paths).any(|folder| folder.join(program).is_file())
    };
    ["dbus-run-session", "dbus-send", "gnome-keyring-daemon"]
        .into_iter()
        .all(is_there)
}

/// A folder with a short name, since it holds sockets.
fn home(task: &str) -> PathBuf {
    let home = std::env::temp_dir().join(format!("authscope-{task}-{}", std::process::id()));
    fs::create_dir_all(&home).expect("a folder can be made");
    fs::set_permissions(&home, Permissions::from_mode(0o700)).expect("its permissions can be set");
    home
}

fn shown(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
