//! A call of this program.

use std::time::Duration;

use serde_json::Value;

use super::AnsweredFailure;
use super::answer::ModuleAnswer;
use crate::engine::Program;
use crate::engine::program::Output;

/// A copy may take days.
const LONGEST: Duration = Duration::from_hours(24 * 30);
/// Bytes of the largest document.
const LARGEST: usize = 256 << 20;

/// What a call came to.
#[derive(Debug)]
pub(super) struct Called {
    pub exit: i32,
    pub document: Value,
    pub warnings: Vec<String>,
}

impl Called {
    /// The document's error code.
    pub(super) fn code(&self) -> &str {
        self.document["error"]["code"].as_str().unwrap_or_default()
    }
}

/// Calls this program with `--json`; whatever it ends with is a result.
///
/// # Errors
/// The answer of a task whose program can't be run.
pub(super) fn call(words: &[String]) -> Result<Called, AnsweredFailure> {
    let options = ["--json".to_owned(), "--quiet".to_owned()];
    let output = run(words, &options)?;
    let text = String::from_utf8_lossy(&output.stderr);
    let events = text
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    let warnings = events.filter(|event: &Value| event["event"] == "warning");
    Ok(Called {
        exit: output.status.code().unwrap_or(130),
        document: serde_json::from_slice(&output.stdout).unwrap_or_default(),
        warnings: warnings
            .filter_map(|event| Some(event["message"].as_str()?.to_owned()))
            .collect(),
    })
}

/// What a call prints for people.
///
/// # Errors
/// The answer of a task whose program can't be run.
pub(super) fn text(words: &[String]) -> Result<String, AnsweredFailure> {
    let options = ["--color=never", "--no-pager", "--quiet"].map(str::to_owned);
    let output = run(words, &options)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Calls this program; `options` come before the words, of which the last may be no options.
fn run(words: &[String], options: &[String]) -> Result<Output, AnsweredFailure> {
    let failed = |error: &dyn std::fmt::Display| {
        let msg = format!("transship can't call itself: {error}");
        Box::new(ModuleAnswer::misused(msg))
    };
    let own = std::env::current_exe().map_err(|error| failed(&error))?;
    let program = Program::find(&own.to_string_lossy()).map_err(|error| failed(&error))?;
    let call = program.call(options).args(words);
    let call = call.time_out(LONGEST).limit(LARGEST);
    call.run().map_err(|error| failed(&error))
}
