//! What is found in a text, and what is done with it.

use super::names::Kind;

/// What is done with the secrets found: they are learnt, or replaced.
pub trait Sink {
    /// A secret where it was named; what it is replaced with, if it is.
    fn secret(&mut self, kind: Kind, value: &[u8]) -> Option<String>;

    /// Secrets without a name in `text[from..to]`: known ones, and JWTs.
    fn unnamed(&mut self, text: &[u8], from: usize, to: usize, edits: &mut Vec<Edit>);

    /// The text is written in a way that hides secrets, and has to be decoded.
    fn layered(&mut self) {}

    /// The text is the body of an error answer, where `code` names the error.
    fn is_error(&self) -> bool {
        false
    }
}

/// Replaces `start..end`.
pub struct Edit {
    pub start: usize,
    pub end: usize,
    pub with: Vec<u8>,
}
