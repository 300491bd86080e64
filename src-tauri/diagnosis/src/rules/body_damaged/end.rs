//! Bodies that end before they are whole.

use trace::{BodyEnd, Purpose, Response, RpcAnswer, rpc_answer};

use crate::finding::Finding;
use crate::reading::ExchangeRef;
use crate::wording::excerpt;

/// A body that ended too early.
pub(super) struct EarlyEnd<'a> {
    pub kind: EndKind,
    /// In bytes.
    length: usize,
    reason: &'a str,
}

#[derive(Clone, Copy)]
pub(super) enum EndKind {
    /// All of the JSON came, but fewer bytes than the headers announce.
    AtEnd,
    /// The time limit was over before the rest came.
    HeldBack,
    InTheMiddle,
}

pub(super) fn early_end<'a>(seen: ExchangeRef<'a>) -> Option<EarlyEnd<'a>> {
    let response = seen.response_with_body()?.get();
    let BodyEnd::CutOff { reason } = &response.body.end else {
        return None;
    };
    // Other rules report documents that cannot be read because they are cut off.
    let is_metadata = matches!(
        seen.exchange.purpose,
        Purpose::ResourceMetadata { .. } | Purpose::ServerMetadata { .. }
    );
    if is_metadata || response.status >= 300 {
        return None;
    }
    let is_read = is_read(response);
    if matches!(seen.exchange.purpose, Purpose::Registration) && !is_read {
        return None;
    }
    let kind = if is_read {
        EndKind::AtEnd
    } else if reason.contains("time limit") {
        EndKind::HeldBack
    } else {
        EndKind::InTheMiddle
    };
    Some(EarlyEnd {
        kind,
        length: response.body.bytes.len(),
        reason,
    })
}

/// Whether what has come of a body can be read as the answer it is.
fn is_read(response: &Response) -> bool {
    trace::json_value(&response.body.bytes).is_ok()
        || !matches!(rpc_answer(response), RpcAnswer::Other(_))
}

impl EarlyEnd<'_> {
    pub fn told(&self, finding: Finding) -> Finding {
        let finding = finding.expected("the whole answer").actual(format!(
            "{} bytes of the body, then: {}",
            self.length,
            excerpt(self.reason)
        ));
        match self.kind {
            EndKind::AtEnd => finding
                .message(
                    "All of the JSON is there, but the connection ended before as many bytes had \
                     come as the headers announce. Many clients take that for an error.",
                )
                .fix(
                    "Let Content-Length be the length of the body as it is sent. Look at what \
                     changes the body after the header is written, in the server or a proxy.",
                ),
            EndKind::HeldBack => finding
                .message(
                    "The head of the answer came, and the rest did not in time. A proxy that \
                     collects an event stream before it passes it on looks like this; so does a \
                     server that hangs.",
                )
                .fix(
                    "Switch response buffering off for this path in the proxy (proxy_buffering off \
                     in nginx, X-Accel-Buffering: no from the server). If there is no proxy, look \
                     into the server's log.",
                ),
            EndKind::InTheMiddle => finding
                .message(
                    "The connection ended before the answer did. The server crashed on the way, or \
                     a proxy cut it off.",
                )
                .fix(
                    "Look into the log of the server and of what is in front of it for this \
                     request.",
                ),
        }
    }
}
