//! What each task does: whether there is anything to do is asked first, and the second time there isn't.

use std::path::Path;

use serde_json::{Map, Value};

use super::answer::ModuleAnswer;
use super::call::{Called, call, text};
use super::words::words;
use super::{AnsweredFailure, ModuleTask};

/// The values of `command`, and the words that they stand for.
pub(super) const COMMANDS: [(&str, &[&str]); 7] = [
    ("plan", &["plan"]),
    ("apply", &["apply"]),
    ("rollback", &["rollback"]),
    ("status", &["status"]),
    ("copy", &["copy"]),
    ("image_set", &["image", "set"]),
    ("volume_prefix", &["volume", "prefix"]),
];

/// Does the task.
///
/// # Errors
/// The answer, where the task failed.
pub(super) fn run(mut task: ModuleTask) -> Result<ModuleAnswer, AnsweredFailure> {
    let command = task.parameters.remove("command").unwrap_or_default();
    let found = COMMANDS.iter().find(|(name, _)| command == *name);
    let Some((name, path)) = found else {
        let names = COMMANDS.map(|(name, _)| name).join(", ");
        return Err(Box::new(ModuleAnswer::misused(format!(
            "`command` has to be one of these: {names}"
        ))));
    };
    let task = Task {
        path,
        check: task.check,
        diff: task.diff,
        given: task.parameters,
    };
    match *name {
        "plan" => task.plan(),
        "apply" => task.apply(),
        "rollback" => task.roll_back(),
        "copy" => task.copy(),
        "status" => {
            let called = task.well(&[])?;
            Ok(ModuleAnswer::unchanged("the install as it is").with(called))
        }
        _ => task.edit(),
    }
}

/// A task and its command.
struct Task {
    path: &'static [&'static str],
    check: bool,
    diff: bool,
    /// Parameters of the command's.
    given: Map<String, Value>,
}

impl Task {
    /// Calls the command with these options, too.
    fn call(&self, more: &[&str]) -> Result<Called, AnsweredFailure> {
        call(&self.words(more)?)
    }

    fn words(&self, more: &[&str]) -> Result<Vec<String>, AnsweredFailure> {
        let mut words = words(self.path, &self.given)?;
        let behind = self.path.len();
        words.splice(behind..behind, more.iter().map(|&word| word.to_owned()));
        Ok(words)
    }

    /// Calls the command, which has to end well.
    fn well(&self, more: &[&str]) -> Result<Called, AnsweredFailure> {
        let called = self.call(more)?;
        match called.exit {
            0 => Ok(called),
            _ => Err(Box::new(ModuleAnswer::failed(called))),
        }
    }

    /// Whether the install has `version` already, and no run waits to be gone on with.
    fn has(&self, version: &str) -> Result<bool, AnsweredFailure> {
        let install = self.given.get_key_value("install");
        let given = install.map(|(name, value)| (name.clone(), value.clone()));
        let asked = Self {
            path: &["status"],
            check: true,
            diff: false,
            given: given.into_iter().collect(),
        };
        let status = asked.well(&[])?.document;
        let state = status["run"]["state"].as_str();
        let is_over = state.is_none_or(|state| ["complete", "rolled-back"].contains(&state));
        Ok(is_over && status["current"] == version)
    }

    fn version(&self) -> Result<String, AnsweredFailure> {
        let version = self.given.get("version").and_then(Value::as_str);
        version.map(str::to_owned).ok_or_else(|| {
            let msg = "`version` has to be said: the release that it is to become";
            Box::new(ModuleAnswer::misused(msg))
        })
    }

    fn plan(&self) -> Result<ModuleAnswer, AnsweredFailure> {
        let version = self.version()?;
        if self.has(&version)? {
            return Ok(ModuleAnswer::unchanged(format!(
                "{version} is current already"
            )));
        }
        let dry = if self.check { &["--dry-run"][..] } else { &[] };
        let called = self.call(dry)?;
        let diffs = diffs(&called.document);
        match called.exit {
            0 => {
                let steps = called.document["steps"].as_array().map_or(0, Vec::len);
                let msg = format!("the upgrade to {version} takes {steps} steps");
                Ok(ModuleAnswer::changed(msg)
                    .with(called)
                    .showing(self.diff, diffs))
            }
            1 => {
                let open = called.document["plan"]["conflicts"].as_array();
                let files: Vec<_> = open.into_iter().flatten().collect();
                let files = files.iter().filter_map(|one| one["file"].as_str());
                let msg = format!(
                    "both sides changed something: answer with `ours` or `theirs`: {}",
                    files.collect::<Vec<_>>().join(", ")
                );
                let answer = ModuleAnswer::refused("open-conflicts", msg).with(called);
                Err(Box::new(answer.showing(self.diff, diffs)))
            }
            _ => Err(Box::new(ModuleAnswer::failed(called))),
        }
    }

    fn apply(mut self) -> Result<ModuleAnswer, AnsweredFailure> {
        let version = self.version()?;
        if self.has(&version)? {
            return Ok(ModuleAnswer::unchanged(format!(
                "{version} is current already"
            )));
        }
        // The command takes a plan; the release is there to hold it against.
        self.given.remove("version");
        let foretold = self.call(&["--dry-run"])?;
        if self.check && foretold.code() == "no-plan" {
            let msg = format!(
                "{version} would be applied; in check mode no plan is saved to be looked at"
            );
            return Ok(ModuleAnswer::changed(msg));
        }
        if foretold.exit != 0 {
            return Err(Box::new(ModuleAnswer::failed(foretold)));
        }
        let to = foretold.document["plan"]["to"].as_str().unwrap_or_default();
        if to != version {
            let msg = format!("the plan leads to {to}, not to {version}");
            return Err(Box::new(ModuleAnswer::refused("stale-plan", msg)));
        }
        let diffs = diffs(&foretold.document);
        let called = if self.check {
            foretold
        } else {
            self.well(&[])?
        };
        let msg = match self.check {
            true => format!("{version} would be current"),
            false => format!("{version} is current"),
        };
        Ok(ModuleAnswer::changed(msg)
            .with(called)
            .showing(self.diff, diffs))
    }

    fn roll_back(&self) -> Result<ModuleAnswer, AnsweredFailure> {
        let foretold = self.call(&["--dry-run"])?;
        if foretold.code() == "nothing-to-do" {
            return Ok(ModuleAnswer::unchanged("there is nothing to undo").with(foretold.ignored()));
        }
        if foretold.exit != 0 {
            return Err(Box::new(ModuleAnswer::failed(foretold)));
        }
        if self.check {
            return Ok(ModuleAnswer::changed("the last run would be undone").with(foretold));
        }
        let called = self.well(&[])?;
        Ok(ModuleAnswer::changed("the last run is undone").with(called))
    }

    fn copy(&self) -> Result<ModuleAnswer, AnsweredFailure> {
        let text = |name: &str| {
            self.given
                .get(name)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        let (source, target) = (text("source"), text("target"));
        let is_there = Path::new(target).read_dir().map_or_else(
            |error| error.kind() != std::io::ErrorKind::NotFound,
            |mut all| all.next().is_some(),
        );
        let updates = self.given.get("update") == Some(&true.into());
        if is_there && !updates {
            return held_against(source, target);
        }
        let foretold = self.well(&["--dry-run"])?;
        let changes = ["files", "removed", "adjusted"].map(|name| foretold.document[name].as_u64());
        if is_there && changes.iter().flatten().all(|number| *number == 0) {
            let msg = format!("`{target}` is as `{source}` already");
            return Ok(ModuleAnswer::unchanged(msg).with(foretold));
        }
        if self.check {
            let msg = format!("`{source}` would be copied to `{target}`");
            return Ok(ModuleAnswer::changed(msg).with(foretold));
        }
        let called = self.well(&[])?;
        Ok(ModuleAnswer::changed(format!("`{source}` is copied to `{target}`")).with(called))
    }

    /// An edit of compose files.
    fn edit(&self) -> Result<ModuleAnswer, AnsweredFailure> {
        let foretold = self.well(&["--dry-run"])?;
        let files = foretold.document["files"].as_array();
        let files = files.into_iter().flatten();
        let count = files.filter(|file| file["changed"] == true).count();
        if count == 0 {
            return Ok(ModuleAnswer::unchanged("all is as it is to be").with(foretold));
        }
        // With `--json` no difference is printed.
        let shown = match self.diff {
            true => vec![text(&self.words(&["--dry-run"])?)?],
            false => Vec::new(),
        };
        let called = if self.check {
            foretold
        } else {
            self.well(&[])?
        };
        let would = if self.check { "to be edited" } else { "edited" };
        let msg = format!("files {would}: {count}");
        Ok(ModuleAnswer::changed(msg)
            .with(called)
            .showing(self.diff, shown))
    }
}

impl Called {
    /// What it says, without its failure.
    fn ignored(self) -> Self {
        Self {
            exit: 0,
            document: Value::Null,
            ..self
        }
    }
}

/// A copy that is there already is either the same, or nobody's to touch.
fn held_against(source: &str, target: &str) -> Result<ModuleAnswer, AnsweredFailure> {
    let called = call(&["verify", "--", target, source].map(str::to_owned))?;
    match called.exit {
        0 => Ok(
            ModuleAnswer::unchanged(format!("`{target}` is as `{source}` already")).with(called),
        ),
        1 => {
            let msg = format!("`{target}` is there, and isn't as `{source}`: say `update: true`");
            Err(Box::new(ModuleAnswer::refused("differs", msg).with(called)))
        }
        _ => Err(Box::new(ModuleAnswer::failed(called))),
    }
}

/// The differences in a plan's document, secrets masked.
fn diffs(document: &Value) -> Vec<String> {
    let all = document["differences"].as_array().into_iter().flatten();
    all.filter_map(|one| Some(one["diff"].as_str()?.to_owned()))
        .collect()
}
