//! Consent of the user to where credentials go.

/// What the user agreed to when the flow had stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Consent {
    /// Credentials may go to this origin.
    Origin(String),
    /// What the user entered is for this issuer.
    Issuer(String),
}
