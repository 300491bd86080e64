//! The rest of the protocol against the lab, in whole flows: what is refused, every way to a client
//! and to a token, what comes after it. A test looks at what was sent, and a healthy lab gives no
//! cause for a finding.

mod actions;
mod authorization;
mod bound;
mod browser_wait;
mod combined;
mod discovery;
mod grants;
mod own_options;
mod refusals;
mod registration;
mod servers;
mod step_up;
