//! What a command failed with: the library's error, flattened for the one place that
//! prints it.

use std::error::Error;

use serde::Serialize;

use super::pasted::Pasted;
use crate::error::{ErrorPart, Explain, Kind};

/// A failed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub kind: Kind,
    pub message: String,
    /// The chain of sources, outermost first.
    pub causes: Vec<String>,
    pub hints: Vec<String>,
    /// What it consists of, where it is several things at once.
    pub parts: Vec<ErrorPart>,
}

/// A failure as `--json` prints it.
#[derive(Serialize)]
pub(crate) struct FailureJson<'a> {
    error: ErrorJson<'a>,
}

#[derive(Serialize)]
struct ErrorJson<'a> {
    exit: u8,
    message: &'a str,
    causes: &'a [String],
    hints: &'a [String],
    #[serde(skip_serializing_if = "<[ErrorPart]>::is_empty")]
    parts: &'a [ErrorPart],
}

impl Failure {
    /// A failure that no library error stands for.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// Adds the text of `error` to the failure, as its innermost cause.
    pub(crate) fn cause(mut self, error: &dyn Error) -> Self {
        self.causes.push(error.to_string());
        self
    }

    /// This failure with a hint behind those that it has.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// This failure with the commands in its hints as they can be pasted.
    pub(crate) fn pasted(mut self, pasted: &Pasted) -> Self {
        let parts = self.parts.iter_mut().flat_map(|part| &mut part.hints);
        for hint in self.hints.iter_mut().chain(parts) {
            *hint = pasted.of(hint);
        }
        self
    }

    pub(crate) fn json(&self) -> FailureJson<'_> {
        let Self {
            kind,
            message,
            causes,
            hints,
            parts,
        } = self;
        FailureJson {
            error: ErrorJson {
                exit: kind.exit_code(),
                message,
                causes,
                hints,
                parts,
            },
        }
    }
}

impl<E: Explain> From<E> for Failure {
    fn from(error: E) -> Self {
        let message = error.to_string();
        let chain = std::iter::successors(error.source(), |error| (*error).source());
        let mut causes: Vec<String> = chain.map(ToString::to_string).collect();
        causes.dedup();
        Self {
            kind: error.kind(),
            causes,
            hints: error.hints(),
            parts: error.parts(),
            message,
        }
    }
}
