//! Everything is forgotten: after a run with a real keychain, nothing of it is in a file or in the
//! keychain.
#![cfg(target_os = "linux")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use app::App;
use session::{Options, Status};
use test_support::{lab, options, within};

/// Set for the process that has a keychain.
const HOME: &str = "AUTHSCOPE_TEST_FORGETTING";

#[test]
fn nothing_is_left_of_a_run_in_files_or_in_the_keychain() {
    if !can_start_a_session() {
        eprintln!("skipped: dbus-run-session and gnome-keyring-daemon are needed");
        return;
    }
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vault/tests/session");
    // A short name, since it holds sockets.
    let home = std::env::temp_dir().join(format!("authscope-f{}", std::process::id()));
    fs::create_dir_all(&home).expect("a folder can be made");
    fs::set_permissions(&home, Permissions::from_mode(0o700)).expect("it is ours");
    let output = Command::new("dbus-run-session")
        .arg(format!(
            "--config-file={}",
            files.join("bus.conf").display()
        ))
        .arg("--")
        .arg("sh")
        .arg(files.join("unlocked.sh"))
        .arg(std::env::current_exe().expect("this test is a file"))
        .args(["--exact", "process", "--nocapture"])
        .env(HOME, &home)
        .env("AUTHSCOPE_KEYCHAIN_SERVICE", "Authscope tests")
        .env("HOME", &home)
        .env("XDG_RUNTIME_DIR", &home)
        .env("XDG_DATA_HOME", home.join("data"))
        .env("XDG_CONFIG_HOME", home.join("config"))
        .output()
        .expect("dbus-run-session can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let words = text(&output.stdout) + &text(&output.stderr);
    fs::remove_dir_all(&home).expect("the test's folder can be removed");
    assert!(output.status.success(), "{words}");
    assert!(words.contains("all of it is gone"), "{words}");
}

/// Does nothing by itself: the part of the test above that has a keychain.
#[tokio::test(flavor = "multi_thread")]
async fn process() {
    let Some(home) = std::env::var_os(HOME).map(PathBuf::from) else {
        return;
    };
    let folder = app::usual_folder().expect("there is a home");
    assert!(folder.starts_with(&home), "{}", folder.display());
    let app = App::new(folder.clone(), home.join("exports"));
    let vault = app.boot().await.vault;
    assert!(vault.persistent, "{:?}", vault.problem);
    assert_eq!(items(), 0);

    let lab = lab(None).await;
    let wanted = Options {
        use_stored_token: true,
        ..options(lab.mcp_url())
    };
    app.start(wanted, None).await.expect("it starts");
    let document = app.document().expect("it was started");
    let session = document.session().expect("a run");
    session.run().await.expect("there is a step");
    within("the run", document.rest()).await;
    let view = document.view().expect("a view");
    assert!(matches!(view.status, Status::Done { .. }), "{view:?}");
    let kept = async {
        while app.boot().await.history.is_empty() {
            tokio::task::yield_now().await;
        }
    };
    within("the run to be kept", kept).await;
    assert!(items() > 2, "the tokens are in the keychain");
    let host = lab.mcp_url().trim_start_matches("http://");
    assert!(!naming(&home, host).is_empty(), "the run is in files");

    app.forget_everything()
        .await
        .expect("all of it can be deleted");
    assert_eq!(items(), 0, "left in the keychain");
    assert_eq!(naming(&home, host), [""; 0], "left in files");
    let left: Vec<_> = fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .flatten()
        .collect();
    assert!(left.is_empty(), "{left:?}");
    println!("all of it is gone");
}

/// How many items the keychain has.
fn items() -> usize {
    let output = Command::new("dbus-send")
        .args([
            "--session",
            "--print-reply",
            "--dest=org.freedesktop.secrets",
        ])
        .arg("/org/freedesktop/secrets/aliases/default")
        .arg("org.freedesktop.DBus.Properties.Get")
        .args(["string:org.freedesktop.Secret.Collection", "string:Items"])
        .output()
        .expect("dbus-send is there");
    let reply = String::from_utf8_lossy(&output.stdout);
    assert!(reply.contains("array ["), "{reply}");
    reply.matches("object path").count()
}

/// The files below a folder that have this text in them.
fn naming(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(naming(&path, text));
        } else if path.is_file() {
            let bytes = fs::read(&path).unwrap_or_default();
            if String::from_utf8_lossy(&bytes).contains(text) {
                found.push(path.display().to_string());
            }
        }
    }
    found
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
