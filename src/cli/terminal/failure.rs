//! What a command failed with: the library's error, flattened for the one place that
//! prints it.

use std::error::Error;
use std::io;

use serde::Serialize;

use super::pasted::Pasted;
use crate::error::{Code, ErrorPart, Explain, Kind, user_hint};
use crate::upgrade::running::downtime::DowntimeFigure;
use crate::upgrade::running::runner::RunError;

/// A failed command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub code: Code,
    pub kind: Kind,
    pub message: String,
    /// The chain of sources, outermost first.
    pub causes: Vec<String>,
    pub hints: Vec<String>,
    /// What it consists of, where it is several things at once.
    pub parts: Vec<ErrorPart>,
    /// How long nobody was served, where the old release serves again.
    pub downtime: Option<Box<DowntimeFigure>>,
}

/// A failure as `--json` prints it.
#[derive(Serialize)]
pub(crate) struct FailureJson<'a> {
    error: ErrorJson<'a>,
}

/// What went wrong: in the document on stdout, and in the line on stderr.
#[derive(Serialize)]
pub(crate) struct ErrorJson<'a> {
    code: Code,
    kind: &'static str,
    exit: u8,
    message: &'a str,
    causes: &'a [String],
    hints: &'a [String],
    #[serde(skip_serializing_if = "<[ErrorPart]>::is_empty")]
    parts: &'a [ErrorPart],
    #[serde(skip_serializing_if = "Option::is_none")]
    downtime: Option<&'a DowntimeFigure>,
    #[serde(flatten)]
    place: Option<FailurePlace>,
}

/// Where in a file it is.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct FailurePlace {
    file: String,
    /// Counted from 1, as the column is.
    line: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u64>,
}

impl FailurePlace {
    /// The place that a message begins with, as all messages do that have one: `file:line:col: `.
    fn of(message: &str) -> Option<Self> {
        let (place, _) = message.split_once(": ")?;
        let (rest, last) = place.rsplit_once(':')?;
        let last: u64 = last.parse().ok()?;
        let line = rest.rsplit_once(':');
        let line = line.and_then(|(file, line)| Some((file, line.parse().ok()?)));
        Some(match line {
            Some((file, line)) => Self {
                file: file.to_owned(),
                line,
                column: Some(last),
            },
            None => Self {
                file: rest.to_owned(),
                line: last,
                column: None,
            },
        })
    }
}

impl Failure {
    /// A failure that no library error stands for.
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        let code = match kind {
            Kind::Usage => Code::Usage,
            Kind::Refused => Code::Refused,
            Kind::Failed => Code::Failed,
            Kind::RolledBack => Code::WentBack,
            Kind::Untold => Code::Untold,
            Kind::Interrupted => Code::Interrupted,
        };
        Self {
            code,
            kind,
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            parts: Vec::new(),
            downtime: None,
        }
    }

    /// This failure with a more telling code than its kind gives.
    pub(crate) fn code(self, code: Code) -> Self {
        Self { code, ..self }
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
        FailureJson {
            error: self.error_json(),
        }
    }

    pub(crate) fn error_json(&self) -> ErrorJson<'_> {
        let Self {
            code,
            kind,
            message,
            causes,
            hints,
            parts,
            downtime,
        } = self;
        let texts = std::iter::once(message).chain(causes);
        ErrorJson {
            code: *code,
            kind: kind.name(),
            exit: kind.exit_code(),
            message,
            causes,
            hints,
            parts,
            downtime: downtime.as_deref(),
            place: texts.into_iter().find_map(|text| FailurePlace::of(text)),
        }
    }
}

impl Failure {
    /// A run that failed, with what its way back took.
    pub(crate) fn of_run(error: RunError) -> Self {
        let downtime = error.downtime().map(Box::new);
        Self {
            downtime,
            ..Self::from(error)
        }
    }
}

impl<E: Explain> From<E> for Failure {
    fn from(error: E) -> Self {
        let message = error.to_string();
        let chain = std::iter::successors(error.source(), |error| (*error).source());
        let (mut causes, mut is_denied) = (Vec::new(), false);
        for cause in chain {
            causes.push(cause.to_string());
            let io = cause.downcast_ref::<io::Error>();
            is_denied |= io.is_some_and(|io| io.kind() == io::ErrorKind::PermissionDenied);
        }
        causes.dedup();
        let hints = match error.hints() {
            own if own.is_empty() && is_denied => user_hint("a user who may"),
            own => own,
        };
        Self {
            code: error.code(),
            kind: error.kind(),
            causes,
            hints,
            parts: error.parts(),
            downtime: None,
            message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_begins_with_a_place_has_it() {
        let check = |message: &str, wanted: Option<(&str, u64, Option<u64>)>| {
            let place = FailurePlace::of(message);
            let found = place
                .as_ref()
                .map(|place| (place.file.as_str(), place.line, place.column));
            assert_eq!(found, wanted, "{message}");
        };
        check("a:b/c.yml:3:14: a tab", Some(("a:b/c.yml", 3, Some(14))));
        check(".env:7: no value", Some((".env", 7, None)));
        check("can't read `x`", None);
        check("localhost:80 is taken: by 3", None);
        check("not a place: 3:4: x", None);
    }
}
