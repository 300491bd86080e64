//! Turns entries into rows.

use trace::{Entry, EntryKind, sentence, short_path};

use crate::view::{Row, RowKind};

pub(crate) fn row(entry: &Entry) -> Row {
    let kind = match &entry.kind {
        EntryKind::Exchange(exchange) => RowKind::Exchange {
            from: exchange.from.0,
            to: exchange.to.0,
            method: exchange.request.method.clone(),
            path: short_path(&exchange.request.url),
            label: exchange.label.clone(),
            status: exchange.status(),
            failure: exchange.failure().map(|failure| failure.message.clone()),
            verdict: exchange.verdict.clone(),
            duration: exchange.timings.total,
            edited: exchange.edited,
            answer_edited: exchange.answer_edited,
        },
        EntryKind::BrowserOpened(visit) => RowKind::Browser {
            path: short_path(&visit.url),
            how: visit.how,
        },
        EntryKind::Decision(decision) => RowKind::Decision {
            text: sentence(decision),
        },
        EntryKind::Rewound { to } => RowKind::Rewound { to: *to },
    };
    Row {
        seq: entry.seq,
        at: entry.at,
        branch: entry.branch,
        phase: entry.phase,
        kind,
    }
}
