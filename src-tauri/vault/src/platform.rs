//! The keychain of this operating system, and what its errors mean to a person.

use std::error::Error as _;
use std::sync::Arc;

use keyring_core::{CredentialStore, Error};

/// What the window calls it.
#[cfg(target_os = "windows")]
pub const NAME: &str = "Windows Credential Manager";
#[cfg(target_os = "macos")]
pub const NAME: &str = "macOS Keychain";
#[cfg(not(any(target_os = "windows", target_os = "macos")))]
pub const NAME: &str = "System keychain";

/// # Errors
/// When there is no way to a keychain. One that is there may still be locked.
pub fn store() -> Result<Arc<CredentialStore>, Error> {
    #[cfg(target_os = "linux")]
    return Ok(zbus_secret_service_keyring_store::Store::new()?);
    #[cfg(target_os = "macos")]
    return Ok(apple_native_keyring_store::keychain::Store::new()?);
    #[cfg(target_os = "windows")]
    return Ok(windows_native_keyring_store::Store::new()?);
    #[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "windows")))]
    return Err(Error::NotSupportedByStore(
        "no keychain is known for this system".into(),
    ));
}

/// The error and its causes in one line. Never `Debug`, which prints what was stored.
pub fn words(error: &Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        cause = error.source();
    }
    words
}

/// What is missing, for a person.
pub fn problem(error: &Error) -> String {
    let words = words(error);
    if !cfg!(target_os = "linux") {
        return format!("{NAME} cannot be used: {words}");
    }
    match error {
        Error::NoStorageAccess(_) => {
            format!(
                "The keychain is locked or has no default keyring. Unlock it and start again. ({words})"
            )
        }
        Error::PlatformFailure(_)
            if words.contains("ServiceUnknown") || words.contains("was not provided by") =>
        {
            format!(
                "No secret service runs in this session: install or start gnome-keyring or KWallet. ({words})"
            )
        }
        Error::PlatformFailure(_) if CONNECTING.iter().any(|sign| words.contains(sign)) => {
            format!("There is no D-Bus session, and with it no keychain. ({words})")
        }
        _ => format!("The keychain cannot be used: {words}"),
    }
}

/// What messages of a bus that cannot be reached have in them.
const CONNECTING: [&str; 6] = [
    "os error",
    "No such file",
    "address",
    "Connection refused",
    "I/O error",
    "handshake",
];
