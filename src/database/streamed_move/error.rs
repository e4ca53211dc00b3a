//! Why a move through a pipe failed.

use std::io;

use thiserror::Error;

use crate::engine;
use crate::engine::program;
use crate::error::{Code, Explain, Kind};

/// Why a move failed.
#[derive(Debug, Error)]
pub enum StreamedMoveError {
    /// Docker can't be asked.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// No container of that name, or it stands still.
    #[error("container `{name}` isn't running")]
    NotRunning {
        /// As it was asked for.
        name: String,
    },
    /// One was named twice.
    #[error("`{name}` would be moved into itself")]
    IntoItself {
        /// Its name.
        name: String,
    },
    /// The server doesn't answer.
    #[error("the server in `{name}` doesn't answer: {said}")]
    NoAnswer {
        /// The container.
        name: String,
        /// What was said last.
        said: String,
    },
    /// A program ended badly.
    #[error("what {what} in `{name}` failed: {said}")]
    Failed {
        /// The container.
        name: String,
        /// What it does: `dumps`.
        what: &'static str,
        /// How it ended, and what it said.
        said: String,
    },
    /// The stream was at its end before the dump was.
    #[error("the dump of `{name}` was cut: {bytes} bytes came, and not the end of a whole one")]
    Cut {
        /// The container.
        name: String,
        /// What came.
        bytes: u64,
    },
    /// What came isn't what was there.
    #[error("`{to}` doesn't have what `{from}` has")]
    NotEqual {
        /// The container whose data it is.
        from: String,
        /// The container that it came into.
        to: String,
    },
    /// A pipe broke.
    #[error("the pipe between `{from}` and `{to}` broke")]
    Pipe {
        /// The container whose data it is.
        from: String,
        /// The container that it comes into.
        to: String,
        /// The system's error.
        source: io::Error,
    },
    /// A program can't be run.
    #[error("can't run what {what} in `{name}`")]
    Program {
        /// The container.
        name: String,
        /// What it does.
        what: &'static str,
        /// Why.
        source: program::Error,
    },
    /// The user wanted to stop.
    #[error("interrupted")]
    Interrupted,
}

impl Explain for StreamedMoveError {
    fn code(&self) -> Code {
        match self {
            Self::Engine(error) => error.code(),
            Self::NotRunning { .. } => Code::NotFound,
            Self::IntoItself { .. } => Code::Usage,
            Self::Program { source, .. } => source.code(),
            Self::Interrupted => Code::Interrupted,
            Self::NoAnswer { .. }
            | Self::Failed { .. }
            | Self::Cut { .. }
            | Self::NotEqual { .. }
            | Self::Pipe { .. } => Code::EngineFailed,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Engine(error) => error.kind(),
            Self::NotRunning { .. } | Self::NoAnswer { .. } => Kind::Refused,
            Self::IntoItself { .. } => Kind::Usage,
            Self::Program { source, .. } => source.kind(),
            Self::Interrupted => Kind::Interrupted,
            Self::Failed { .. } | Self::Cut { .. } | Self::NotEqual { .. } | Self::Pipe { .. } => {
                Kind::Failed
            }
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Engine(error) => error.hints(),
            Self::Program { source, .. } => source.hints(),
            Self::NotRunning { .. } => {
                vec!["name a container (`docker ps`), or `PROJECT/SERVICE`".to_owned()]
            }
            Self::Failed {
                what: "dumps" | "loads",
                ..
            }
            | Self::Cut { .. }
            | Self::Pipe { .. } => vec![
                "what it comes into may have a part: begin again with an empty volume".to_owned(),
            ],
            Self::Failed { .. }
            | Self::NotEqual { .. }
            | Self::IntoItself { .. }
            | Self::NoAnswer { .. }
            | Self::Interrupted => Vec::new(),
        }
    }
}
