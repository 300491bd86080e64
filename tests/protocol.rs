//! The rest of the protocol against the lab, in whole flows: what is refused, every way to a client and to a token, what
//! comes after it. A test looks at what was sent, and a healthy lab gives no cause for a finding.

#[path = "protocol/discovery.rs"]
mod discovery;
#[path = "protocol/refusals.rs"]
mod refusals;
#[path = "protocol/sent.rs"]
mod sent;
mod support;
