//! How strongly a person was authenticated: `acr`, `acr_values` and `max_age` (OpenID Connect Core
//! section 3.1.2.1, RFC 9470 section 4).

use crate::web::{OAuthError, Params};

/// With a password.
pub(crate) const PASSWORD: &str = "urn:lab:password";
/// With a password and a one-time code.
pub(crate) const MULTIPLE_FACTORS: &str = "urn:lab:mfa";
/// All of them, weakest first.
pub(super) const SUPPORTED: &[&str] = &[PASSWORD, MULTIPLE_FACTORS];

/// The first of the values asked for that can be met; a password when none is asked for.
///
/// # Errors
/// `unmet_authentication_requirements` when none can be met, `invalid_request` for a `max_age` that
/// is not a number. Every `max_age` is met otherwise: the person always logs in.
pub(super) fn asked(params: &Params) -> Result<&'static str, OAuthError> {
    if params
        .get("max_age")
        .is_some_and(|age| age.parse::<u64>().is_err())
    {
        return Err(OAuthError::new(
            "invalid_request",
            "max_age is no number of seconds",
        ));
    }
    let Some(values) = params.get("acr_values") else {
        return Ok(PASSWORD);
    };
    let met = values
        .split(' ')
        .find_map(|value| SUPPORTED.iter().find(|known| **known == value));
    met.copied().ok_or_else(|| {
        let text = "None of the acr_values can be met here";
        OAuthError::new("unmet_authentication_requirements", text)
    })
}
