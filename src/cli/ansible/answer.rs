//! What a task answers.

use serde::Serialize;
use serde_json::Value;

use super::call::Called;

/// The object that Ansible reads.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct ModuleAnswer {
    pub changed: bool,
    pub failed: bool,
    /// A sentence for people.
    pub msg: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diff: Vec<ModuleDiff>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// The exit code of the command, as `transship --help` tells.
    pub exit: i32,
    /// Of a failure, as the man page lists them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// What the command printed.
    #[serde(skip_serializing_if = "Value::is_null")]
    pub document: Value,
}

/// A difference as it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct ModuleDiff {
    /// A unified diff, secrets masked.
    pub prepared: String,
}

impl ModuleAnswer {
    /// A task that wasn't understood.
    pub(super) fn misused(msg: impl Into<String>) -> Self {
        Self {
            failed: true,
            msg: msg.into(),
            exit: 2,
            code: Some("usage".to_owned()),
            ..Self::default()
        }
    }

    /// A task that isn't done, for what was found.
    pub(super) fn refused(code: &str, msg: impl Into<String>) -> Self {
        Self {
            exit: 3,
            code: Some(code.to_owned()),
            ..Self::misused(msg)
        }
    }

    /// A task that is done already.
    pub(super) fn unchanged(msg: impl Into<String>) -> Self {
        Self {
            msg: msg.into(),
            ..Self::default()
        }
    }

    /// A task that was done, or would be.
    pub(super) fn changed(msg: impl Into<String>) -> Self {
        Self {
            changed: true,
            ..Self::unchanged(msg)
        }
    }

    /// A command that failed.
    pub(super) fn failed(called: Called) -> Self {
        let (error, exit) = (&called.document["error"], called.exit);
        let texts = |name: &str| {
            let texts = error[name].as_array().into_iter().flatten();
            texts.filter_map(Value::as_str)
        };
        let mut msg = error["message"].as_str().map(str::to_owned);
        for cause in texts("causes") {
            msg = msg.map(|msg| format!("{msg}: {cause}"));
        }
        for hint in texts("hints") {
            msg = msg.map(|msg| format!("{msg}; try: {hint}"));
        }
        Self {
            failed: true,
            // Part-way is changed; refused, or taken back, isn't.
            changed: [4, 6, 130].contains(&exit),
            msg: msg.unwrap_or_else(|| format!("transship ended with {exit}")),
            exit,
            code: error["code"].as_str().map(str::to_owned),
            warnings: called.warnings,
            document: called.document,
            ..Self::default()
        }
    }

    /// This answer with what the command said.
    pub(super) fn with(self, called: Called) -> Self {
        Self {
            exit: called.exit,
            warnings: called.warnings,
            document: called.document,
            ..self
        }
    }

    /// This answer with the differences, where they are asked for.
    pub(super) fn showing(self, wanted: bool, diffs: Vec<String>) -> Self {
        let diffs = diffs.into_iter().filter(|diff| wanted && !diff.is_empty());
        Self {
            diff: diffs.map(|prepared| ModuleDiff { prepared }).collect(),
            ..self
        }
    }
}
