//! What any front-end asks for, without a window: open documents, the start and control of runs,
//! the lab's scenarios, settings, past runs, tokens, exports and the JSON report.
//!
//! | module | what |
//! |---|---|
//! | `app` | what one running program holds, and the commands of a window |
//! | `document` | a trace with its findings and its view, whatever its origin |
//! | `handed_on` | a document as it is written to files |
//! | `keeper` | the task that takes in a run's events and has them judged |
//! | `viewer` | what one viewer has seen, and what it still lacks |
//! | `update` | a change on its way to a viewer, and the copy a viewer makes of them |
//! | `view`, `phases`, `rows` | what is shown of a trace and of a run |
//! | `contract` | every type that crosses to TypeScript |
//! | `client_table` | what becomes of a server in the hands of each known client |
//! | `playing` | the table of clients in a window |
//! | `edge` | whether what stands in front of a server treats hosted clients otherwise |
//! | `comparing` | two documents side by side |
//! | `recording` | what others recorded: opened, and how far it got |
//! | `observed` | a client that is being observed |
//! | `evidence` | what a recording says besides its traffic, and what to ask for next |
//! | `snippets` | how a client is pointed at another URL |
//! | `recording_view` | what a window shows of a recording besides its traffic |
//! | `opening` | files and pasted texts that the window is given |
//! | `history` | past runs, each in a folder of its own |
//! | `library` | the files of settings and of observed servers |
//! | `named_servers`, `client_files` | the servers that pasted texts and files of clients name |
//! | `lab_scenarios` | the cards of the lab |
//! | `report` | the JSON report |
//! | `runtime` | where the tasks of a front-end run |
//! | `verdict` | how a run ended, in the one sentence that all of them show |
//!
//! A run's events go one way: session → document → viewers. No viewer can hold up another one, the
//! judging, or the run.

#![forbid(unsafe_code)]

mod app;
mod client_files;
mod client_table;
mod comparing;
pub mod contract;
mod document;
mod edge;
mod evidence;
mod forgetting;
mod handed_on;
mod history;
mod keeper;
pub mod lab_scenarios;
mod library;
mod log;
mod named_servers;
mod observed;
mod open_document;
mod opening;
mod phases;
mod plain_file;
mod played_clients;
mod playing;
mod recording;
mod recording_view;
mod report;
mod rows;
mod runtime;
mod shown;
mod snippets;
#[cfg(test)]
mod told_to_beginners;
mod tour;
mod update;
mod verdict;
mod view;
mod viewer;

pub use app::{App, Follower, export_format};
pub use client_table::{
    client_table, client_table_foot, client_table_head, client_table_json, client_table_line,
    client_table_markdown,
};
pub use comparing::{Compared, compare_documents, comparison_report};
pub use contract::*;
pub use document::Document;
pub use edge::{EdgeCheck, PUBLIC_DNS, edge, edge_lines};
pub use evidence::{known_words, next_piece};
pub use forgetting::UNDO;
pub use handed_on::HandedOn;
pub use history::{History, Keeping};
pub use library::{Library, usual_folder};
pub use log::may_be_logged;
pub use observe::Rewriting;
pub use observed::{Kept, Observation};
pub use opening::{explain, readable_extensions};
pub use recording::open_recording;
pub use report::{level_word, recording_report, report};
pub use runtime::runtime;
pub use snippets::{SNIPPETS, Snippet};
pub use update::Mirror;
pub use viewer::Viewer;
