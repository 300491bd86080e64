//! The flags of `run`: each option and action of the tables that has one.

use clap::builder::{PossibleValue, PossibleValuesParser, ValueParser};
use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, value_parser};
use flow::options::{GROUPS, Given, Group, Kind, OPTIONS, OptionInfo, Options, Required, option};
use serde_json::Value;
use trace::actions::{ACTIONS, ActionInfo};

/// What the flags of the options say.
#[derive(Debug)]
pub struct OptionFlags(pub Options);

/// The heading of the actions' flags.
const AFTER: &str = "After the flow";

/// What the flags say of the server and the way to it.
#[derive(Debug)]
pub struct NetworkFlags(pub Options);

impl NetworkFlags {
    fn has(info: &OptionInfo) -> bool {
        info.group == Group::Server || info.id.starts_with("network.")
    }
}

impl Args for NetworkFlags {
    fn augment_args(command: Command) -> Command {
        with_options(command, Self::has)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for NetworkFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = given(matches, Self::has)?;
        let options = Options::headless().with_given(&given);
        options.map(Self).map_err(|error| wrong(error.to_string()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A command with the flags of those options.
fn with_options(command: Command, has: fn(&OptionInfo) -> bool) -> Command {
    let defaults = serde_json::to_value(Options::headless()).unwrap_or_default();
    OPTIONS
        .iter()
        .filter(|info| has(info))
        .filter_map(|info| arg(info, &defaults))
        .fold(command, Command::arg)
}

/// What the flags of those options say.
fn given(matches: &ArgMatches, has: fn(&OptionInfo) -> bool) -> Result<Given, Error> {
    let mut given = Given::new();
    for info in OPTIONS
        .iter()
        .filter(|info| info.flag.is_some() && has(info))
    {
        if let Some(value) = value(info, matches)? {
            let (id, value) = otherwise(info, value);
            given.insert(id, value);
        }
    }
    Ok(given)
}

impl Args for OptionFlags {
    fn augment_args(command: Command) -> Command {
        let command = with_options(command, |_| true);
        ACTIONS
            .iter()
            .filter_map(action_arg)
            .fold(command, Command::arg)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for OptionFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut given = given(matches, |_| true)?;
        let then: Vec<Value> = ACTIONS
            .iter()
            .filter(|info| info.flag.is_some_and(|flag| matches.get_flag(flag)))
            .filter_map(|info| serde_json::to_value(info.kind).ok())
            .collect();
        if !then.is_empty() {
            given.insert("then", Value::Array(then));
        }
        let options = Options::headless().with_given(&given);
        options.map(Self).map_err(|error| wrong(error.to_string()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn arg(info: &'static OptionInfo, defaults: &Value) -> Option<Arg> {
    let flag = info.flag?;
    let heading = GROUPS
        .iter()
        .find(|group| group.group == info.group)
        .map(|group| group.heading);
    let mut arg = Arg::new(info.id)
        .help(help(info))
        .value_name(value_name(info));
    arg = if flag.name.is_empty() {
        // The argument without a flag stands apart from the groups.
        return Some(arg.required(true));
    } else {
        arg.long(flag.name).help_heading(heading)
    };
    if let Some(variable) = flag.env {
        arg = arg.env(variable).hide_env_values(true);
    }
    if let Some(default) = default(info, defaults) {
        arg = arg.default_value(default);
    }
    for other in [info.needs, needed_with(info)].into_iter().flatten() {
        arg = arg.requires(other);
    }
    Some(match info.kind {
        Kind::Toggle => arg.action(ArgAction::SetTrue),
        Kind::Number { min, max, .. } => arg.value_parser(value_parser!(u64).range(min..=max)),
        Kind::Choice {
            values,
            otherwise: None,
        } => {
            let words = values.iter().filter_map(|choice| {
                let (word, aliases) = choice.words.split_first()?;
                let value = PossibleValue::new(*word).aliases(aliases.iter().copied());
                Some(match choice.explanation {
                    "" => value,
                    explanation => value.help(explanation),
                })
            });
            arg.value_parser(PossibleValuesParser::new(words))
        }
        Kind::Pairs { .. } => arg
            .action(ArgAction::Append)
            .value_parser(ValueParser::new(name_and_value)),
        Kind::Files => arg.action(ArgAction::Append),
        _ => arg,
    })
}

fn action_arg(info: &'static ActionInfo) -> Option<Arg> {
    let flag = info.flag?;
    Some(
        Arg::new(flag)
            .long(flag)
            .help(info.help)
            .help_heading(AFTER)
            .action(ArgAction::SetTrue),
    )
}

/// The help's own words, else the window's.
fn help(info: &OptionInfo) -> String {
    match (info.flag.and_then(|flag| flag.help), info.unset) {
        (Some(help), None) => help.into(),
        (None, None) => info.explanation.into(),
        (help, Some(unset)) => format!("{}; by default {unset}", help.unwrap_or(info.explanation)),
    }
}

fn value_name(info: &OptionInfo) -> String {
    let flag = info.flag.map_or("", |flag| flag.name);
    let by_kind = match info.kind {
        Kind::Pairs { .. } => "NAME=VALUE".to_owned(),
        _ => flag.replace('-', "_").to_uppercase(),
    };
    info.flag
        .and_then(|flag| flag.value_name)
        .map_or(by_kind, str::to_owned)
}

/// What stands for the default in the help; `None` where the help says it in words.
fn default(info: &OptionInfo, defaults: &Value) -> Option<String> {
    let now = info
        .id
        .split('.')
        .try_fold(defaults, |value, member| value.get(member))
        .unwrap_or(&Value::Null);
    match (info.kind, now) {
        (
            Kind::Choice {
                values,
                otherwise: None,
            },
            now,
        ) => values
            .iter()
            .find(|choice| choice.value == now.as_str())
            .and_then(|choice| choice.words.first())
            .map(|word| (*word).to_owned()),
        (Kind::Text { .. }, Value::String(text)) => Some(text.clone()),
        (Kind::Number { .. }, Value::Number(number)) => Some(number.to_string()),
        _ => None,
    }
}

/// The option that the help names as needed with this one.
fn needed_with(info: &OptionInfo) -> Option<&'static str> {
    match info.required {
        Required::With(other) => Some(other),
        _ => None,
    }
}

/// What the command line says of an option; `None` where it says nothing.
fn value(info: &OptionInfo, matches: &ArgMatches) -> Result<Option<Value>, Error> {
    use clap::parser::ValueSource;

    let id = info.id;
    if matches!(
        matches.value_source(id),
        None | Some(ValueSource::DefaultValue)
    ) {
        return Ok(None);
    }
    let text = || matches.get_one::<String>(id).cloned();
    let value = match info.kind {
        Kind::Toggle => Some(matches.get_flag(id).into()),
        Kind::Number { .. } => matches.get_one::<u64>(id).map(|number| (*number).into()),
        Kind::Choice {
            values,
            otherwise: None,
        } => text().and_then(|word| {
            let chosen = values
                .iter()
                .find(|choice| choice.words.contains(&&*word))?;
            Some(chosen.value.into())
        }),
        Kind::Files => matches
            .get_many::<String>(id)
            .map(|files| files.cloned().collect()),
        Kind::Pairs { .. } => matches.get_many::<(String, String)>(id).map(|pairs| {
            let pair = |(name, value): &(String, String)| Value::from(vec![&**name, &**value]);
            pairs.map(pair).collect()
        }),
        Kind::JsonObject => text().map(|text| object(info, &text)).transpose()?,
        Kind::Tool => text().map(|tool| match tool.as_str() {
            "first" => Value::Null,
            _ => tool.into(),
        }),
        _ => text().map(Value::from),
    };
    Ok(value)
}

/// A text that is none of a choice's words is the value of another option.
fn otherwise(info: &OptionInfo, value: Value) -> (&'static str, Value) {
    let Kind::Choice {
        values,
        otherwise: Some(other),
    } = info.kind
    else {
        return (info.id, value);
    };
    let word = values.iter().find(|choice| {
        value
            .as_str()
            .is_some_and(|word| choice.words.contains(&word))
    });
    match word {
        Some(choice) => (info.id, choice.value.into()),
        None => (option(other).id, value),
    }
}

fn object(info: &OptionInfo, text: &str) -> Result<Value, Error> {
    let got = match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => return Ok(value),
        Ok(_) => "another JSON value".to_owned(),
        Err(error) => format!("text that is not JSON ({error})"),
    };
    let flag = info.flag.map_or(info.id, |flag| flag.name);
    Err(wrong(format!(
        "--{flag}: expected a JSON object, got {got}"
    )))
}

fn wrong(message: String) -> Error {
    Error::raw(ErrorKind::ValueValidation, message + "\n")
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text
        .split_once('=')
        .ok_or("expected NAME=VALUE, got no =")?;
    Ok((name.into(), value.into()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::{CommandFactory as _, Parser};
    use flow::options::Format;
    use serde_json::json;

    use super::*;

    #[derive(Debug, Parser)]
    #[command(name = "test")]
    struct Line {
        #[command(flatten)]
        options: OptionFlags,
    }

    const URL: &str = "https://mcp.example/mcp";

    fn parse(words: &[&str]) -> Result<Options, String> {
        let line = ["test", URL].iter().chain(words);
        Line::try_parse_from(line)
            .map(|line| line.options.0)
            .map_err(|error| error.to_string())
    }

    /// What is typed for an option, and what it is in the options then.
    fn example(info: &OptionInfo) -> (Vec<String>, Value) {
        let text = |text: &str| (vec![text.to_owned()], Value::from(text));
        match info.kind {
            Kind::Toggle => (vec![], true.into()),
            Kind::Text { format, .. } | Kind::Secret { format } => text(match format {
                Format::Any => "some",
                Format::WebUrl | Format::Uri | Format::ProxyUrl | Format::Origins => {
                    "https://a.example"
                }
                Format::Jwt => "a.b.c",
                Format::UrlPath => "/other",
            }),
            Kind::Number { .. } => (vec!["4321".into()], 4321.into()),
            Kind::Choice { values, .. } => {
                let default = serde_json::to_value(Options::headless()).unwrap();
                let default = default.pointer(&pointer(info.id)).cloned();
                let other = values.iter().find(|choice| {
                    Some(choice.value.into()) != default && !choice.words.is_empty()
                });
                let other = other.expect("a choice has two values");
                (vec![other.words[0].into()], other.value.into())
            }
            Kind::File { .. } => text("some.pem"),
            Kind::Files => (vec!["some.pem".into()], json!(["some.pem"])),
            Kind::Pairs { .. } => (vec!["name=a=b".into()], json!([["name", "a=b"]])),
            Kind::JsonArray => text("[]"),
            Kind::JsonObject => (vec!["{\"a\":1}".into()], json!({ "a": 1 })),
            Kind::Tool => text("echo"),
            Kind::Actions => unreachable!("actions have flags of their own"),
        }
    }

    fn words(info: &OptionInfo) -> Vec<String> {
        let flag = info.flag.expect("it has one").name;
        let mut words = vec![format!("--{flag}")];
        words.extend(example(info).0);
        words
    }

    fn pointer(id: &str) -> String {
        format!("/{}", id.replace('.', "/"))
    }

    /// The options that their own arguments give.
    fn said_again(options: &Options) -> Options {
        let line = ["test".to_owned()].into_iter();
        let line = Line::try_parse_from(line.chain(options.to_arguments()));
        line.unwrap_or_else(|error| panic!("{options:?}: {error}"))
            .options
            .0
    }

    /// Every leaf of some options by its path.
    fn leaves(options: &Options) -> BTreeMap<String, Value> {
        fn walk(value: &Value, path: String, found: &mut BTreeMap<String, Value>) {
            match value {
                Value::Object(members) if path != "/call/arguments" => {
                    for (name, value) in members {
                        walk(value, format!("{path}/{name}"), found);
                    }
                }
                Value::Null => {}
                _ => drop(found.insert(path, value.clone())),
            }
        }
        let mut found = BTreeMap::new();
        walk(
            &serde_json::to_value(options).unwrap(),
            String::new(),
            &mut found,
        );
        found
    }

    #[test]
    fn the_definition_of_the_command_holds() {
        Line::command().debug_assert();
    }

    #[test]
    fn every_flag_changes_its_own_option_and_nothing_else() {
        for info in OPTIONS {
            let Some(flag) = info.flag.filter(|flag| !flag.name.is_empty()) else {
                continue;
            };
            // What the option requires: the other options of its choice, and those that it needs.
            let beside: Vec<&OptionInfo> = OPTIONS
                .iter()
                .filter(|other| other.id != info.id && other.flag.is_some())
                .filter(|other| {
                    let same_choice = info.when.is_some()
                        && other.when == info.when
                        && !matches!(other.required, Required::No | Required::With(_));
                    let chosen = info.id == "registration.is" && other.id == "client_metadata.url";
                    same_choice
                        || chosen
                        || info.needs == Some(other.id)
                        || needed_with(info) == Some(other.id)
                })
                .collect();
            let parsed = |line: &[String]| {
                let line: Vec<&str> = line.iter().map(String::as_str).collect();
                parse(&line)
            };
            let mut line: Vec<String> = beside.iter().flat_map(|other| words(other)).collect();
            // Where they mean nothing without the option: what holds without any flag.
            let before = parsed(&line).or_else(|_| parsed(&[]));
            let before = leaves(&before.expect("the URL is enough"));
            line.extend(words(info));
            let after = parsed(&line).unwrap_or_else(|error| panic!("--{}: {error}", flag.name));
            assert_eq!(said_again(&after), after, "--{} is said again", flag.name);
            let after = leaves(&after);
            assert_eq!(
                after.get(&pointer(info.id)),
                Some(&example(info).1),
                "--{}",
                flag.name
            );
            let changed = before
                .keys()
                .chain(after.keys())
                .filter(|path| before.get(*path) != after.get(*path));
            // A choice also sets its other fields, and a call its arguments.
            let whole = pointer(info.id.trim_end_matches("is").trim_end_matches("tool"));
            let is_whole = info.id.ends_with(".is") || info.id == "call.tool";
            let allowed: Vec<String> = [Some(info.id), info.when.map(|when| when.id)]
                .into_iter()
                .flatten()
                .chain(beside.iter().map(|other| other.id))
                .map(pointer)
                .collect();
            for path in changed {
                assert!(
                    allowed.contains(path) || (is_whole && path.starts_with(&whole)),
                    "--{} changes {path}, too",
                    flag.name
                );
            }
        }
    }

    #[test]
    fn every_action_with_a_flag_is_done_in_the_order_of_the_table() {
        for info in ACTIONS.iter().filter(|info| info.flag.is_some()) {
            let flag = format!("--{}", info.flag.unwrap());
            let options = parse(&[&flag]).unwrap();
            assert_eq!(options.then, [info.kind], "{flag}");
            assert_eq!(said_again(&options), options, "{flag}");
        }
        let both = parse(&["--revoke", "--check-signatures"]).unwrap();
        assert_eq!(
            both.then,
            [
                trace::ActionKind::CheckSignatures,
                trace::ActionKind::Revoke
            ]
        );
    }

    #[test]
    fn what_belongs_together_is_asked_for_by_name() {
        let missing = parse(&["--registration", "preregistered"]).unwrap_err();
        assert!(
            missing
                .contains("--registration preregistered: expected --client-id with it, got none"),
            "{missing}"
        );
        let missing = parse(&["--grant", "token-exchange"]).unwrap_err();
        assert!(
            missing.contains("--grant token-exchange: expected --idp-id-token"),
            "{missing}"
        );
        assert!(parse(&["--args", "{}"]).unwrap_err().contains("--call"));
        assert!(parse(&["--cert", "a.pem"]).unwrap_err().contains("--key"));
        let text = parse(&["--call", "first", "--args", "[]"]).unwrap_err();
        assert!(
            text.contains("--args: expected a JSON object, got another JSON value"),
            "{text}"
        );
    }

    #[test]
    fn an_option_of_another_choice_does_not_count() {
        let options = parse(&["--registration", "dcr", "--client-id", "me"]).unwrap();
        assert_eq!(options.registration, flow::options::Registration::Dcr);
        let options = parse(&["--registration", "auto", "--client-id", "me"]).unwrap();
        assert!(matches!(
            options.registration,
            flow::options::Registration::Preregistered { .. }
        ));
    }

    #[test]
    fn a_word_of_a_choice_is_told_from_a_value() {
        use flow::options::ResourceChoice;
        assert_eq!(
            parse(&["--resource", "off"]).unwrap().resource,
            ResourceChoice::Off
        );
        let uri = "https://mcp.example/x".to_owned();
        let given = parse(&["--resource", &uri]).unwrap().resource;
        assert_eq!(given, ResourceChoice::Given { uri });
        let call = parse(&["--call", "first"]).unwrap().call.unwrap();
        assert_eq!((call.tool, call.arguments.len()), (None, 0));
    }

    #[test]
    fn what_options_say_as_arguments_is_read_the_same() {
        for line in [
            &["--resource", "off", "--call", "first"][..],
            &[
                "--call",
                "echo",
                "--args",
                "{\"text\":\"-x\"}",
                "--scope=-x",
            ],
            &["--form", "username=a=b", "--form", "password=c", "--dpop"],
            &["--revoke", "--check-signatures"],
        ] {
            let options = parse(line).unwrap();
            assert_eq!(said_again(&options), options, "{line:?}");
        }
    }
}
