//! The rest of the protocol against the lab, in whole flows: what is refused, every way to a client
//! and to a token, what comes after it. A test looks at what was sent, and a healthy lab gives no
//! cause for a finding.

#[path = "protocol/actions.rs"]
mod actions;
#[path = "protocol/authorization.rs"]
mod authorization;
#[path = "protocol/bound.rs"]
mod bound;
#[path = "protocol/combined.rs"]
mod combined;
#[path = "protocol/discovery.rs"]
mod discovery;
#[path = "protocol/grants.rs"]
mod grants;
#[path = "protocol/refusals.rs"]
mod refusals;
#[path = "protocol/registration.rs"]
mod registration;
#[path = "protocol/sent.rs"]
mod sent;
#[path = "protocol/servers.rs"]
mod servers;
#[path = "protocol/step_up.rs"]
mod step_up;
mod support;
