//! The wire against servers of its own on loopback: what a socket receives, what a bad one answers.

mod approver;
mod browser;
mod callback;
mod client_certificate;
mod codings;
mod document;
mod failures;
mod form_post;
mod lab_pages;
mod limits;
mod proxies;
mod sending;
mod server;
mod tls;
