//! transship as a module of Ansible's: called with a file of JSON arguments and nothing else, as Ansible calls a
//! module that is a binary, it answers with one object of JSON.
//!
//! Each task is calls of this very program with `--json`, so that a task does what the command does, refuses
//! what it refuses, and a playbook relies on nothing but the documents in `docs/json/`. What a task has to
//! know beforehand (is that the current release already?) is asked in the same way.

mod answer;
mod call;
mod tasks;
mod words;

use std::ffi::OsString;
use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Map, Value};

use answer::ModuleAnswer;
pub use words::{ModuleParameter, module_parameters};

/// What stands before the names of what Ansible itself tells a module.
const OF_ANSIBLE: &str = "_ansible_";
/// The most that is read of a file that may hold arguments.
const LARGEST: u64 = 4 << 20;

/// What a task was asked to do.
#[derive(Debug)]
pub(super) struct ModuleTask {
    /// Nothing is to be changed.
    check: bool,
    /// Differences are to be told.
    diff: bool,
    /// The task's own parameters.
    parameters: Map<String, Value>,
}

/// The task, where Ansible calls: the one argument is the absolute path of a file that holds an object with
/// keys of Ansible's.
pub(super) fn asked() -> Option<ModuleTask> {
    let mut words = std::env::args_os().skip(1);
    let (file, None) = (words.next()?, words.next()) else {
        return None;
    };
    ModuleTask::of(&read(file)?)
}

fn read(file: OsString) -> Option<Map<String, Value>> {
    let path = PathBuf::from(file);
    let metadata = path.metadata().ok().filter(|_| path.is_absolute())?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return None;
    }
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

impl ModuleTask {
    fn of(arguments: &Map<String, Value>) -> Option<Self> {
        let is_ansibles = |name: &String| name.starts_with(OF_ANSIBLE);
        if !arguments.keys().any(is_ansibles) {
            return None;
        }
        let is_set =
            |name: &str| arguments.get(&format!("{OF_ANSIBLE}{name}")) == Some(&true.into());
        Some(Self {
            check: is_set("check_mode"),
            diff: is_set("diff"),
            parameters: arguments
                .iter()
                .filter(|(name, value)| !is_ansibles(name) && !value.is_null())
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect(),
        })
    }
}

/// Does the task and prints the answer.
pub(super) fn answer(task: ModuleTask) -> ExitCode {
    let answer = tasks::run(task).unwrap_or_else(|failed| *failed);
    let text = serde_json::to_string(&answer).unwrap_or_default() + "\n";
    let told = std::io::stdout().write_all(text.as_bytes());
    match answer.failed || told.is_err() {
        true => ExitCode::FAILURE,
        false => ExitCode::SUCCESS,
    }
}

/// An answer that ends the task early: it is large beside what comes of a task that goes on.
type AnsweredFailure = Box<ModuleAnswer>;

#[cfg(test)]
mod tests {
    use super::*;

    fn task(text: &str) -> Option<ModuleTask> {
        ModuleTask::of(&serde_json::from_str(text).unwrap())
    }

    #[test]
    fn only_arguments_of_ansible_s_make_a_task() {
        assert!(task(r#"{"command": "status"}"#).is_none());
        let task = task(
            r#"{"command": "plan", "prefix": null, "_ansible_check_mode": true, "_ansible_diff": false}"#,
        );
        let task = task.unwrap();
        assert!(task.check && !task.diff);
        assert_eq!(task.parameters.keys().collect::<Vec<_>>(), ["command"]);
    }
}
