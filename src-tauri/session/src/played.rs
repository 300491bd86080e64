//! The options of a run that plays a known client.

use clients::Profile;
use flow::options::{Callback, CallbackHost, Options, Registration, ResourceChoice};
use url::Url;

use crate::error::{AppError, invalid};

/// The client that is played.
///
/// # Errors
/// When nobody is known by that name, or the user has not agreed that it is used.
pub(crate) fn profile(options: &Options) -> Result<Option<&'static Profile>, AppError> {
    let Some(id) = &options.client.play_as else {
        return Ok(None);
    };
    let Some(profile) = clients::profile(id) else {
        let known = clients::IDS.join(", ");
        return Err(invalid(format!(
            "play as: expected one of {known}, got {id}"
        )));
    };
    let registers = !matches!(options.registration, Registration::Preregistered { .. });
    if registers && !options.client.consent {
        return Err(AppError {
            hint: Some("Agree with --as-consent, or give --client-id.".into()),
            ..invalid(format!(
                "register under its name: expected your consent, since the authorization server \
                 is told that {} registers, got none",
                profile.name
            ))
        });
    }
    Ok(Some(profile))
}

/// The options with what the client has otherwise, where the user left them as they are.
pub(crate) fn with_its_options(mut options: Options, profile: Option<&Profile>) -> Options {
    let Some(profile) = profile else {
        return options;
    };
    let play = &profile.play;
    if !play.resource && options.resource == ResourceChoice::Advertised {
        options.resource = ResourceChoice::Off;
    }
    options.revision = options.revision.or(play.revision);
    let document = &mut options.client_metadata;
    if document.url.is_none() && !document.serve {
        document.url.clone_from(&play.metadata_document);
    }
    let redirect = Url::parse(&play.redirect_uri).ok();
    let is_free = options.callback.host == Callback::default().host
        && options.callback.path == Callback::default().path;
    if let Some(redirect) = redirect.filter(|_| is_free && !profile.hosted) {
        options.callback.host = match redirect.host_str() {
            Some("localhost") => CallbackHost::Localhost,
            _ => CallbackHost::V4,
        };
        options.callback.path = redirect.path().to_owned();
    }
    options
}

/// The port that the client listens on, where it has one of its own. Another one is taken if that
/// one is in use.
pub(crate) fn port(profile: &Profile) -> Option<u16> {
    Url::parse(&profile.play.redirect_uri).ok()?.port()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn playing(id: &str, consent: bool) -> Options {
        let mut options = Options::for_server("https://mcp.example/mcp");
        options.client.play_as = Some(id.into());
        options.client.consent = consent;
        options
    }

    #[test]
    fn a_name_that_nobody_has_and_a_consent_that_is_missing_are_named() {
        let error = profile(&playing("nobody", true)).unwrap_err();
        assert!(
            error
                .message
                .starts_with("play as: expected one of claude-code"),
            "{error}"
        );
        let error = profile(&playing("cursor", false)).unwrap_err();
        assert!(
            error.message.contains("told that Cursor registers"),
            "{error}"
        );
        assert!(profile(&playing("cursor", true)).unwrap().is_some());
    }

    #[test]
    fn what_the_user_chose_is_kept() {
        let mut options = playing("goose", true);
        let found = profile(&options).unwrap();
        let played = with_its_options(options.clone(), found);
        assert_eq!(played.callback.path, "/oauth_callback");
        assert!(played.client_metadata.url.is_some());
        options.callback.path = "/mine".into();
        options.client_metadata.url = Some("https://a.example/client".into());
        let played = with_its_options(options.clone(), found);
        assert_eq!(played.callback, options.callback);
        assert_eq!(played.client_metadata, options.client_metadata);
    }
}
