//! What bodies and tokens hold, read once in a diagnosis, however many rules ask for it.

use std::cell::RefCell;
use std::marker::PhantomData;
use std::rc::Rc;

use foldhash::HashMap;
use serde_json::Value;
use trace::{Document, Jwt, JwtError, Response, Trace};

thread_local! {
    static KNOWN: RefCell<Option<Known>> = const { RefCell::new(None) };
}

/// Lasts as long as a diagnosis. What was read is forgotten with it.
pub(crate) struct Memory<'a>(PhantomData<&'a Trace>);

#[derive(Default)]
struct Known {
    /// By where the body lies, and how long it is: the trace does not change during a diagnosis.
    objects: HashMap<(usize, usize), Option<Rc<Document>>>,
    tokens: HashMap<String, Result<Rc<Jwt>, JwtError>>,
}

impl<'a> Memory<'a> {
    pub fn of(_: &'a Trace) -> Self {
        KNOWN.set(Some(Known::default()));
        Self(PhantomData)
    }
}

impl Drop for Memory<'_> {
    fn drop(&mut self) {
        KNOWN.set(None);
    }
}

/// The JSON object in a response's body. The response has to be one of the trace.
pub(crate) fn object(response: &Response) -> Option<Rc<Document>> {
    let bytes = response.body.bytes.as_slice();
    let read = || match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Some(Rc::new(object)),
        _ => None,
    };
    KNOWN.with_borrow_mut(|known| match known {
        Some(known) if !bytes.is_empty() => {
            let place = (bytes.as_ptr() as usize, bytes.len());
            known.objects.entry(place).or_insert_with(read).clone()
        }
        _ => read(),
    })
}

/// A token, read as far as it can be.
pub(crate) fn jwt(token: &str) -> Result<Rc<Jwt>, JwtError> {
    let read = || Jwt::read(token).map(Rc::new);
    KNOWN.with_borrow_mut(|known| {
        let Some(known) = known else { return read() };
        if let Some(jwt) = known.tokens.get(token) {
            return jwt.clone();
        }
        known
            .tokens
            .entry(token.into())
            .or_insert_with(read)
            .clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Run;

    #[test]
    fn a_body_and_a_token_are_read_once_in_a_diagnosis_and_anew_without_one() {
        let trace = Run::healthy().trace();
        let (_, exchange) = trace
            .exchanges()
            .find(|(_, exchange)| exchange.response().and_then(object).is_some())
            .unwrap();
        let response = exchange.response().unwrap();
        let token = "e30.e30.x";
        {
            let _memory = Memory::of(&trace);
            let one = object(response).unwrap();
            assert!(Rc::ptr_eq(&one, &object(response).unwrap()));
            assert!(Rc::ptr_eq(&jwt(token).unwrap(), &jwt(token).unwrap()));
            assert_eq!(jwt("opaque").err(), Some(JwtError::NotAJwt));
        }
        let one = object(response).unwrap();
        assert!(!Rc::ptr_eq(&one, &object(response).unwrap()));
    }
}
