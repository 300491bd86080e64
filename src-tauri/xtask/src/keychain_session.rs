//! A session of its own for programs under test: a home, a session bus with an unlocked keychain, a
//! screen in memory. What they store there goes away with it; the user's own keychain is never
//! touched.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::outcome::Outcome;
use crate::packages::{self, Purpose};
use crate::process;

/// Set to `1` inside: there is a keychain, tests may write to it, and one that cannot reach it
/// fails.
pub const KEYCHAIN_MARK: &str = "AUTHSCOPE_TEST_KEYCHAIN";

const KEYCHAIN_PROGRAMS: &[&str] = &["dbus-run-session", "dbus-send", "gnome-keyring-daemon"];
const DISPLAY_PROGRAMS: &[&str] = &["xvfb-run", "Xvfb", "xauth", "WebKitWebDriver"];

const KEYCHAIN_SCRIPT: &str = include_str!("keychain.sh");

/// A session bus that starts no service by itself.
const BUS: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:tmpdir=/tmp</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

/// The folders of one session; they are removed with it.
pub struct KeychainSession {
    folder: PathBuf,
}

/// `keychain-session [--display] -- COMMAND…`
pub fn run(args: &[OsString]) -> Outcome<ExitCode> {
    const USAGE: &str = "usage: cargo xtask keychain-session [--display] -- COMMAND…";
    let (display, command) = match args {
        [option, dashes, command @ ..] if option == "--display" && dashes == "--" => {
            (true, command)
        }
        [dashes, command @ ..] if dashes == "--" => (false, command),
        _ => return Err(USAGE.to_owned()),
    };
    let [program, arguments @ ..] = command else {
        return Err(USAGE.to_owned());
    };
    if !cfg!(target_os = "linux") {
        return Err("a keychain session can be made on Linux only".to_owned());
    }
    packages::ensure(&[Purpose::Keychain, Purpose::Desktop][..if display { 2 } else { 1 }])?;
    let missing = missing(display);
    if !missing.is_empty() {
        return Err(format!("not found: {}", missing.join(", ")));
    }
    let session = KeychainSession::open()?;
    let mut inner = Command::new(program);
    inner.args(arguments);
    let status = session
        .around(&inner, display)
        .status()
        .map_err(|error| error.to_string())?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}

/// The programs that a session needs and this system does not have. Sessions exist on Linux only.
pub fn missing(display: bool) -> Vec<&'static str> {
    if !cfg!(target_os = "linux") {
        return vec!["Linux"];
    }
    let more = if display { DISPLAY_PROGRAMS } else { &[] };
    let programs = KEYCHAIN_PROGRAMS.iter().chain(more).copied();
    programs
        .filter(|program| process::find(program).is_none())
        .collect()
}

impl KeychainSession {
    /// # Errors
    /// The folders could not be made.
    pub fn open() -> Outcome<KeychainSession> {
        // Sockets live below: their whole path must stay under 108 bytes, so it is not under
        // `target`.
        let folder = std::env::temp_dir().join(format!("authscope-{}", std::process::id()));
        let session = KeychainSession { folder };
        session
            .furnish()
            .map_err(|error| format!("{}: {error}", session.folder.display()))?;
        Ok(session)
    }

    /// The same command, to be run in the session.
    pub fn around(&self, inner: &Command, display: bool) -> Command {
        let mut command = if display {
            let mut command = process::program("xvfb-run");
            command.args(["-a", "-s", "-screen 0 1440x900x24", "dbus-run-session"]);
            command
        } else {
            process::program("dbus-run-session")
        };
        let bus = self.folder.join("bus.conf");
        command
            .arg(format!("--config-file={}", bus.display()))
            .args(["--", "sh"])
            .arg(self.folder.join("keychain.sh"))
            .arg(inner.get_program())
            .args(inner.get_args())
            .env(KEYCHAIN_MARK, "1");
        if let Some(folder) = inner.get_current_dir() {
            command.current_dir(folder);
        }
        for (name, value) in inner.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        // The tools that build the tests go on using the real home.
        if let Some(home) = std::env::var_os("HOME").map(PathBuf::from) {
            for (variable, folder) in [
                ("CARGO_HOME", ".cargo"),
                ("RUSTUP_HOME", ".rustup"),
                ("XDG_CACHE_HOME", ".cache"),
                ("npm_config_cache", ".npm"),
            ] {
                if std::env::var_os(variable).is_none() {
                    command.env(variable, home.join(folder));
                }
            }
        }
        command
            .env("HOME", self.folder.join("home"))
            .env("XDG_RUNTIME_DIR", self.folder.join("run"));
        for variable in [
            "XDG_CONFIG_HOME",
            "XDG_DATA_HOME",
            "XDG_STATE_HOME",
            "GNOME_KEYRING_CONTROL",
            "DBUS_SESSION_BUS_ADDRESS",
            "WAYLAND_DISPLAY",
        ] {
            command.env_remove(variable);
        }
        if display {
            // No accessibility bus in here; and drawing without the graphics card is quicker this
            // way.
            command
                .env("NO_AT_BRIDGE", "1")
                .env("WEBKIT_DISABLE_DMABUF_RENDERER", "1");
        }
        command
    }

    fn furnish(&self) -> io::Result<()> {
        let _ = fs::remove_dir_all(&self.folder);
        private_folder(&self.folder)?;
        private_folder(&self.folder.join("home"))?;
        private_folder(&self.folder.join("run"))?;
        fs::write(self.folder.join("bus.conf"), BUS)?;
        fs::write(self.folder.join("keychain.sh"), KEYCHAIN_SCRIPT)
    }
}

impl Drop for KeychainSession {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(path)
}
