//! All tables as one value, for front-ends that are not compiled with them.

use serde::Serialize;
use trace::actions::{ACTION_GROUPS, ACTIONS, ActionGroupInfo, ActionInfo};
use ts_rs::TS;

use super::{GROUPS, GroupInfo, OPTIONS, OptionInfo, Options};

/// What can be chosen and asked for, with its words.
#[derive(Debug, Clone, PartialEq, Serialize, TS)]
pub struct Tables {
    pub groups: &'static [GroupInfo],
    pub options: &'static [OptionInfo],
    /// What every option is where nothing is given.
    pub defaults: Options,
    pub action_groups: &'static [ActionGroupInfo],
    pub actions: &'static [ActionInfo],
}

impl Tables {
    pub fn all() -> Self {
        Self {
            groups: GROUPS,
            options: OPTIONS,
            defaults: Options::default(),
            action_groups: ACTION_GROUPS,
            actions: ACTIONS,
        }
    }
}
