//! A room of its own for programs under test: a home, a session bus with an unlocked keychain, a
//! screen in memory. What they store there goes away with it; the user's own keychain is never
//! touched.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::Outcome;
use crate::packages::{self, Purpose};
use crate::process;
use crate::project::Project;

/// Set to `1` inside: there is a keychain, tests may write to it, and one that cannot reach it
/// fails.
pub const KEYCHAIN_MARK: &str = "AUTHSCOPE_TEST_KEYCHAIN";

const KEYCHAIN_PROGRAMS: &[&str] = &["dbus-run-session", "dbus-send", "gnome-keyring-daemon"];
const DISPLAY_PROGRAMS: &[&str] = &["xvfb-run", "Xvfb", "xauth"];

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

/// The folders of one room; they are removed with it.
pub struct Room {
    folder: PathBuf,
}

/// `keychain-session [--display] -- COMMAND…`
pub fn run(project: &Project, args: &[String]) -> Outcome<ExitCode> {
    let (options, command) = match args.iter().position(|arg| arg == "--") {
        Some(at) => (&args[..at], &args[at + 1..]),
        None => (&args[..0], args),
    };
    let display = options.iter().any(|option| option == "--display");
    if let Some(other) = options.iter().find(|option| *option != "--display") {
        return Err(format!("keychain-session knows no option `{other}`"));
    }
    if command.is_empty() {
        return Err("usage: cargo xtask keychain-session [--display] -- COMMAND…".to_owned());
    }
    if !cfg!(target_os = "linux") {
        return Err("a keychain session can be made on Linux only".to_owned());
    }
    let purposes = if display {
        &[Purpose::Keychain, Purpose::Desktop][..]
    } else {
        &[Purpose::Keychain]
    };
    packages::ensure(purposes)?;
    let lacking = lacking(display);
    if !lacking.is_empty() {
        return Err(format!("not found: {}", lacking.join(", ")));
    }
    let room = Room::open(project)?;
    let status = room
        .command(command, display)
        .status()
        .map_err(|error| error.to_string())?;
    Ok(ExitCode::from(
        status
            .code()
            .and_then(|code| u8::try_from(code).ok())
            .unwrap_or(1),
    ))
}

/// The programs that a room needs and this system has not. Elsewhere than on Linux there are no
/// rooms.
pub fn lacking(display: bool) -> Vec<&'static str> {
    if !cfg!(target_os = "linux") {
        return vec!["Linux"];
    }
    let more = if display { DISPLAY_PROGRAMS } else { &[] };
    let programs = KEYCHAIN_PROGRAMS.iter().chain(more).copied();
    programs
        .filter(|program| process::find(program).is_none())
        .collect()
}

impl Room {
    /// # Errors
    /// The folders could not be made.
    pub fn open(project: &Project) -> Outcome<Room> {
        // Sockets live below: their whole path must stay under 108 bytes, so it is not under
        // `target`.
        let folder = std::env::temp_dir().join(format!("authscope-room-{}", std::process::id()));
        let room = Room { folder };
        room.furnish().map_err(|error| {
            format!(
                "no room for {} in {}: {error}",
                project.root().display(),
                room.folder.display()
            )
        })?;
        Ok(room)
    }

    /// `argv`, to be run inside.
    pub fn command(&self, argv: &[String], display: bool) -> Command {
        let mut line: Vec<String> = Vec::new();
        if display {
            line.extend(["xvfb-run", "-a", "-s", "-screen 0 1440x900x24"].map(str::to_owned));
        }
        line.push("dbus-run-session".to_owned());
        line.push(format!(
            "--config-file={}",
            self.folder.join("bus.conf").display()
        ));
        line.extend(["--".to_owned(), "sh".to_owned()]);
        line.push(self.folder.join("keychain.sh").display().to_string());
        line.extend_from_slice(argv);

        let mut command = process::program(&line[0]);
        command.args(&line[1..]).env(KEYCHAIN_MARK, "1");
        // What lies in the real home and is no business of the tests, but of the tools that build
        // them.
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

impl Drop for Room {
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
