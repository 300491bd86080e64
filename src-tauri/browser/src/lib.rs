//! The login in a browser that is watched.
//!
//! [`Watch`] starts an installed browser in a profile of its own and is told by its DevTools, or by
//! its WebDriver BiDi, what its pages request. Each page, redirect and form post becomes a [`Hop`],
//! and so does what a page of the login sends from its frames and scripts; images, scripts and
//! styles are counted. Nothing is changed on the way, and the user does the login.
//!
//! A password does not get further than this crate: its value is replaced before a hop leaves it.
//! The profile is a folder that is removed at the end, and private, so that the browser writes
//! neither cookies nor history into it.

#![forbid(unsafe_code)]

mod chromium;
mod ending;
mod firefox;
mod hop;
mod installed;
mod login;
mod password;
mod process;
mod profile;
mod teller;
mod watch;
mod written;

pub use hop::{Hop, Part, Seen};
pub use watch::{NotWatched, Settings, Watch};
