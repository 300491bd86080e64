//! What is known of an option besides its value: the words and bounds that front-ends show.

use serde::Serialize;
use ts_rs::TS;

/// An option as the command line and the window offer it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
pub struct OptionInfo {
    /// Where the value is in the JSON of [`super::Options`], e.g. `authorization.par`.
    pub id: &'static str,
    pub group: Group,
    pub title: &'static str,
    /// What it does, without a full stop at the end.
    pub explanation: &'static str,
    /// What holds when it is not given, to be put after "Empty:" or "by default".
    pub unset: Option<&'static str>,
    /// What it adds to a summary when it is not at its default; `{}` stands for the value.
    pub short: &'static str,
    pub kind: Kind,
    /// What a value has to look like, to be put after "expected".
    pub expected: &'static str,
    pub required: Required,
    /// It counts only where this choice is made.
    pub when: Option<When>,
    /// It counts only where this other option is given.
    pub needs: Option<&'static str>,
    pub flag: Option<Flag>,
    /// False when it is set elsewhere in the window, not among the options.
    pub listed: bool,
}

/// How an option is given on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
pub struct Flag {
    /// Without the dashes; empty: the command's first argument.
    pub name: &'static str,
    pub value_name: Option<&'static str>,
    /// The environment variable that is read where the flag is not given.
    pub env: Option<&'static str>,
    /// In other words than the window, where these are needed.
    pub help: Option<&'static str>,
}

/// The part of the options an option belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    Server,
    Registration,
    Grant,
    Scopes,
    Callback,
    Revision,
    Authorization,
    Resource,
    Tokens,
    After,
    Network,
    Limits,
}

/// How a group is shown.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
pub struct GroupInfo {
    pub group: Group,
    pub title: &'static str,
    /// Its summary while everything in it is at its default.
    pub unchanged: &'static str,
    /// Shown on the start screen even then.
    pub common: bool,
    /// The heading of its flags in the command's help.
    pub heading: &'static str,
}

/// What a value is, and so with which control it is set.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Kind {
    Toggle,
    Text {
        format: Format,
        placeholder: &'static str,
        suggestions: &'static [&'static str],
    },
    /// A text that is neither shown nor kept in the settings.
    Secret {
        format: Format,
    },
    Number {
        unit: Unit,
        #[ts(type = "number")]
        min: u64,
        #[ts(type = "number")]
        max: u64,
    },
    Choice {
        values: &'static [Choice],
        /// The option that a text on the command line goes to when it is none of the words; the
        /// last value is chosen with it.
        otherwise: Option<&'static str>,
    },
    /// The path of a file.
    File {
        placeholder: &'static str,
    },
    Files,
    /// Names with values.
    Pairs {
        suggestions: &'static [&'static str],
    },
    /// The text of a JSON array.
    JsonArray,
    /// A JSON object.
    JsonObject,
    /// The name of a tool, or the first one listed.
    Tool,
    /// Actions in the order of [`trace::actions::ACTIONS`].
    Actions,
}

/// What a text has to look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    Any,
    /// http or https.
    WebUrl,
    /// With a scheme, of whatever kind.
    Uri,
    /// http, https or socks5.
    ProxyUrl,
    Jwt,
    /// The path of a URL.
    UrlPath,
    /// http or https origins with blanks between.
    Origins,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    Port,
    Seconds,
    Bytes,
    /// How often something is done.
    Times,
}

/// One of the values of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
pub struct Choice {
    /// The value in the JSON; `None` is null.
    pub value: Option<&'static str>,
    pub title: &'static str,
    /// Empty where the title says it all.
    pub explanation: &'static str,
    /// The words on the command line, of which the first is shown; without any it is not offered
    /// there.
    pub words: &'static [&'static str],
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
#[serde(tag = "is", content = "other", rename_all = "snake_case")]
pub enum Required {
    No,
    /// Wherever the option counts.
    Yes,
    /// Where the other option is not given.
    Without(&'static str),
    /// Where the other option is given.
    With(&'static str),
}

/// A choice that has to be made for an option to count.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, TS)]
pub struct When {
    /// The choice.
    pub id: &'static str,
    /// One of these values.
    pub is: &'static [&'static str],
}

impl OptionInfo {
    pub(super) const fn new(
        id: &'static str,
        group: Group,
        title: &'static str,
        explanation: &'static str,
        kind: Kind,
    ) -> Self {
        let expected = match kind {
            Kind::Text { format, .. } | Kind::Secret { format } => match format {
                Format::Any => "a text",
                Format::WebUrl => "an http or https URL",
                Format::Uri => "an absolute URI",
                Format::ProxyUrl => "an http, https or socks5 URL",
                Format::Jwt => "a JWT: three parts with dots between",
                Format::Origins => "http or https origins with blanks between",
                Format::UrlPath => "a path that begins with a slash, without ? and #",
            },
            Kind::Number { unit, .. } => match unit {
                Unit::Port => "a port from 1 to 65535",
                Unit::Seconds => "a whole number of seconds, at least 1",
                Unit::Bytes => "a whole number of bytes, at least 1",
                Unit::Times => "a whole number from 1 to 10000",
            },
            Kind::JsonArray => "a JSON array",
            Kind::JsonObject => "a JSON object",
            Kind::File { .. } | Kind::Files => "a path",
            Kind::Pairs { .. } => "a name for each value",
            Kind::Toggle => "true or false",
            Kind::Choice { .. } => "one of the values",
            Kind::Tool => "the name of a tool",
            Kind::Actions => "actions",
        };
        Self {
            id,
            group,
            title,
            explanation,
            unset: None,
            short: "",
            kind,
            expected,
            required: Required::No,
            when: None,
            needs: None,
            flag: None,
            listed: true,
        }
    }

    pub(super) const fn unset(mut self, words: &'static str) -> Self {
        self.unset = Some(words);
        self
    }

    pub(super) const fn short(mut self, words: &'static str) -> Self {
        self.short = words;
        self
    }

    pub(super) const fn expected(mut self, words: &'static str) -> Self {
        self.expected = words;
        self
    }

    pub(super) const fn required(mut self, required: Required) -> Self {
        self.required = required;
        self
    }

    pub(super) const fn when(mut self, id: &'static str, is: &'static [&'static str]) -> Self {
        self.when = Some(When { id, is });
        self
    }

    pub(super) const fn needs(mut self, id: &'static str) -> Self {
        self.needs = Some(id);
        self
    }

    pub(super) const fn flag(mut self, name: &'static str) -> Self {
        self.flag = Some(Flag {
            name,
            value_name: None,
            env: None,
            help: None,
        });
        self
    }

    pub(super) const fn value_name(mut self, name: &'static str) -> Self {
        if let Some(flag) = &mut self.flag {
            flag.value_name = Some(name);
        }
        self
    }

    pub(super) const fn env(mut self, variable: &'static str) -> Self {
        if let Some(flag) = &mut self.flag {
            flag.env = Some(variable);
        }
        self
    }

    pub(super) const fn help(mut self, words: &'static str) -> Self {
        if let Some(flag) = &mut self.flag {
            flag.help = Some(words);
        }
        self
    }

    pub(super) const fn unlisted(mut self) -> Self {
        self.listed = false;
        self
    }
}
