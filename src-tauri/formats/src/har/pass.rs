//! The redaction of one HAR file, if secrets are replaced in it.

use std::borrow::Cow;
use std::cell::RefCell;

use foldhash::HashMap;
use trace::{Checked, Exchange, Header, Request, Response};

use crate::redact::{Quiet, Redactor};

/// What each text is written as.
pub struct Pass<'a> {
    /// None writes everything as recorded.
    redactor: Option<&'a Redactor>,
    quiet: &'a [Quiet],
    checked: &'a std::collections::HashMap<u32, Checked>,
    /// What was said before: most headers of a run are the same again and again.
    headers: RefCell<HashMap<(&'a str, &'a str), Option<String>>>,
}

impl<'a> Pass<'a> {
    /// `quiet` is of each exchange, in order; `checked` by the number of the entry.
    pub fn new(
        redactor: Option<&'a Redactor>,
        quiet: &'a [Quiet],
        checked: &'a std::collections::HashMap<u32, Checked>,
    ) -> Self {
        Self {
            redactor,
            quiet,
            checked,
            headers: RefCell::default(),
        }
    }

    /// What was found out from the secrets of this entry, where they are replaced.
    pub fn checked(&self, seq: u32, exchange: &Exchange) -> Option<Checked> {
        self.redactor?;
        let new = self.checked.get(&seq).copied();
        Some(new.unwrap_or(exchange.recorded.checked))
    }

    pub fn url(&self, url: &'a str) -> Cow<'a, str> {
        match self.redactor {
            Some(redactor) => redactor.url_cow(url),
            None => Cow::Borrowed(url),
        }
    }

    pub fn text(&self, text: &'a str) -> Cow<'a, str> {
        self.remembered("", text, |redactor| redactor.text_cow(text))
    }

    pub fn header(&self, header: &'a Header) -> Cow<'a, str> {
        self.remembered(&header.name, &header.value, |redactor| {
            redactor.header_cow(header)
        })
    }

    /// `nth` exchange, from 0.
    pub fn request_body(&self, nth: usize, request: &'a Request) -> Cow<'a, [u8]> {
        match self.redactor {
            Some(redactor) => redactor.request_body(
                request,
                self.quiet.get(nth).is_some_and(|quiet| quiet.request),
            ),
            None => Cow::Borrowed(&request.body.bytes),
        }
    }

    /// `nth` exchange, from 0.
    pub fn response_body(&self, nth: usize, response: &'a Response) -> Cow<'a, [u8]> {
        match self.redactor {
            Some(redactor) => redactor.response_body(
                response,
                self.quiet.get(nth).is_some_and(|quiet| quiet.response),
            ),
            None => Cow::Borrowed(&response.body.bytes),
        }
    }

    fn remembered(
        &self,
        name: &'a str,
        value: &'a str,
        make: impl FnOnce(&Redactor) -> Cow<'a, str>,
    ) -> Cow<'a, str> {
        let Some(redactor) = self.redactor else {
            return Cow::Borrowed(value);
        };
        let mut headers = self.headers.borrow_mut();
        if let Some(known) = headers.get(&(name, value)) {
            return known.clone().map_or(Cow::Borrowed(value), Cow::Owned);
        }
        let made = make(redactor);
        if headers.len() < MOST_REMEMBERED {
            let new = match &made {
                Cow::Borrowed(_) => None,
                Cow::Owned(new) => Some(new.clone()),
            };
            headers.insert((name, value), new);
        }
        made
    }
}

const MOST_REMEMBERED: usize = 4096;
