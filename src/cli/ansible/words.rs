//! A task's parameters as words of a command line, by the definition of that: a parameter is called as its option
//! is, with `_` for `-`, or as its argument is.

use std::collections::BTreeMap;

use clap::{Arg, ArgAction, Command};
use serde_json::{Map, Value};

use super::AnsweredFailure;
use super::answer::ModuleAnswer;
use super::tasks::COMMANDS;
use crate::cli::command;

/// Options that are the module's to say: check mode and diff mode stand for some, and it reads what others
/// would change.
const OWN: [&str; 11] = [
    "json", "quiet", "verbose", "no-pager", "color", "dry-run", "check", "output", "sh", "help",
    "version",
];

/// The command of these words.
pub(super) fn found(words: &[&str]) -> Option<Command> {
    let mut found = command();
    found.build();
    for word in words {
        found = found.find_subcommand(word)?.clone();
    }
    Some(found)
}

/// The arguments of a command that a task may have: each with its parameter's name.
pub(super) fn parameters(command: &Command) -> Vec<(String, Arg)> {
    let allowed = command.get_arguments().filter(|arg| {
        let long = arg.get_long();
        long.is_none_or(|long| !OWN.contains(&long))
    });
    allowed.map(|arg| (name(arg), arg.clone())).collect()
}

fn name(arg: &Arg) -> String {
    let name = arg.get_long().unwrap_or_else(|| arg.get_id().as_str());
    name.replace('-', "_")
}

/// A parameter of the module's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleParameter {
    /// Its name.
    pub name: String,
    /// As Ansible calls its type: `bool`, `str`, or `list`, of texts.
    pub kind: &'static str,
    /// Its help, of the first command that has it.
    pub help: String,
    /// The values of `command` that have it.
    pub commands: Vec<&'static str>,
}

/// Every parameter of the module's but `command`, in the order of their names.
pub fn module_parameters() -> Vec<ModuleParameter> {
    let mut all: BTreeMap<String, ModuleParameter> = BTreeMap::new();
    for (command, path) in COMMANDS {
        let known = found(path).map(|command| parameters(&command));
        for (name, arg) in known.into_iter().flatten() {
            let kind = match arg.get_action() {
                ArgAction::SetTrue => "bool",
                ArgAction::Append => "list",
                _ => "str",
            };
            let help = arg.get_long_help().or_else(|| arg.get_help());
            let new = || ModuleParameter {
                name: name.clone(),
                kind,
                help: help.map(ToString::to_string).unwrap_or_default(),
                commands: Vec::new(),
            };
            let one = all.entry(name.clone()).or_insert_with(new);
            one.commands.push(command);
        }
    }
    all.into_values().collect()
}

/// The words that call the command with these parameters.
///
/// # Errors
/// An answer that names a parameter which the command hasn't got, or whose value is none for it.
pub(super) fn words(
    path: &[&str],
    given: &Map<String, Value>,
) -> Result<Vec<String>, AnsweredFailure> {
    let command =
        found(path).ok_or_else(|| misused(format!("there is no `{}`", path.join(" "))))?;
    let known = parameters(&command);
    let mut words: Vec<String> = path.iter().map(|&word| word.to_owned()).collect();
    let mut last = Vec::new();
    for (parameter, value) in given {
        let Some((_, arg)) = known.iter().find(|(name, _)| name == parameter) else {
            let names: Vec<_> = known.iter().map(|(name, _)| name.as_str()).collect();
            return Err(misused(format!(
                "`{}` has no parameter `{parameter}`, but these: {}",
                path.join(" "),
                names.join(", ")
            )));
        };
        let values = texts(parameter, value)?;
        match arg.get_long() {
            None => last.push((arg.get_index(), values)),
            Some(long) if matches!(arg.get_action(), ArgAction::SetTrue) => {
                match values.as_slice() {
                    [value] if ["true", "True", "yes"].contains(&&**value) => {
                        words.push(format!("--{long}"));
                    }
                    [value] if ["false", "False", "no"].contains(&&**value) => {}
                    _ => return Err(misused(format!("`{parameter}` is true or false"))),
                }
            }
            Some(long) => words.extend(values.iter().map(|value| format!("--{long}={value}"))),
        }
    }
    last.sort_by_key(|(index, _)| *index);
    if !last.is_empty() {
        words.push("--".to_owned());
        words.extend(last.into_iter().flat_map(|(_, values)| values));
    }
    Ok(words)
}

/// The value, or each of several, as text.
fn texts(parameter: &str, value: &Value) -> Result<Vec<String>, AnsweredFailure> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Bool(_) | Value::Number(_) => Ok(value.to_string()),
        _ => Err(misused(format!(
            "`{parameter}` is a text or a list of texts"
        ))),
    };
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        one => Ok(vec![text(one)?]),
    }
}

fn misused(msg: String) -> AnsweredFailure {
    Box::new(ModuleAnswer::misused(msg))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(path: &[&str], given: &str, wanted: Result<&[&str], &str>) {
        let found = words(path, &serde_json::from_str(given).unwrap());
        match (found, wanted) {
            (Ok(found), Ok(wanted)) => assert_eq!(found, wanted, "{given}"),
            (Err(failed), Err(wanted)) => {
                assert!(failed.msg.contains(wanted), "{}", failed.msg);
            }
            (found, wanted) => panic!("{given}: {found:?}, not {wanted:?}"),
        }
    }

    #[test]
    fn parameters_are_options_and_arguments_of_the_command() {
        check(
            &["plan"],
            r#"{"version": "v2", "install": "/my install", "own": ["a", "b"], "tag_var": true, "beside": false}"#,
            Ok(&[
                "plan",
                "--install=/my install",
                "--own=a",
                "--own=b",
                "--tag-var",
                "--",
                "v2",
            ]),
        );
        check(
            &["image", "set"],
            r#"{"rules": ["-odd=1", "b=2"], "file": "a.yml"}"#,
            Ok(&["image", "set", "--file=a.yml", "--", "-odd=1", "b=2"]),
        );
        check(
            &["copy"],
            r#"{"target": "t", "source": "s", "verify": "yes", "max_delete": 3}"#,
            Ok(&["copy", "--max-delete=3", "--verify", "--", "s", "t"]),
        );
    }

    #[test]
    fn what_the_command_has_not_got_is_refused_with_what_it_has() {
        check(
            &["status"],
            r#"{"volum": "x"}"#,
            Err("has no parameter `volum`, but these: "),
        );
        check(
            &["plan"],
            r#"{"json": true}"#,
            Err("has no parameter `json`"),
        );
        check(
            &["plan"],
            r#"{"beside": "perhaps"}"#,
            Err("`beside` is true or false"),
        );
        check(
            &["plan"],
            r#"{"prefix": {"a": 1}}"#,
            Err("`prefix` is a text"),
        );
    }
}
