//! What somebody is told who does not know OAuth by heart: what each step is for, and what the
//! words mean.

mod browser;
mod name;
mod phases;
mod steps;
mod term_table;
mod terms;

pub use browser::{BrowserGuide, browser_guides};
pub use name::{NameMeaning, known_names, meanings_of_name};
pub use phases::phase_in_a_sentence;
pub use steps::{StepGuide, step_guide};
pub use terms::{Term, term, terms};
