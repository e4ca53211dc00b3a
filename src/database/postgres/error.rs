//! Why a Postgres server can't be asked.

use std::io;

use thiserror::Error;

use crate::engine::{self, program};
use crate::error::{Code, Explain, Kind};

/// Every error of [`postgres`](super).
#[derive(Debug, Error)]
pub enum PostgresError {
    /// Docker can't be asked.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// No container of that name, or no service of that project.
    #[error("there is no container `{name}`")]
    NoContainer {
        /// As it was asked for.
        name: String,
    },
    /// The container is there and has no processes.
    #[error("container `{name}` isn't running")]
    NotRunning {
        /// Its name.
        name: String,
    },
    /// One server was named twice.
    #[error("`{name}` would be compared with itself")]
    Itself {
        /// Its name.
        name: String,
    },
    /// The program can't be run in the container, or ended badly.
    #[error("can't {what} of `{name}`")]
    Program {
        /// The container's name.
        name: String,
        /// What was wanted: `ask database app`.
        what: String,
        /// How it failed.
        source: program::Error,
    },
    /// The program said no, or gave an answer that makes no sense.
    #[error("can't {what} of `{name}`: {said}")]
    Said {
        /// The container's name.
        name: String,
        /// What was wanted.
        what: String,
        /// What it had to say.
        said: String,
    },
    /// A pipe to or from a program broke.
    #[error("can't {what} of `{name}`")]
    Pipe {
        /// The container's name.
        name: String,
        /// What was wanted.
        what: String,
        /// The system's error.
        source: io::Error,
    },
    /// All that stands against it, found before anything was touched.
    #[error("nothing is {what}: {}", against.join("; "))]
    Obstacles {
        /// What was to be done: `moved`.
        what: String,
        /// What stands against it, a sentence each.
        against: Vec<String>,
    },
    /// What was moved isn't what was there.
    #[error("`{b}` doesn't have what `{a}` has")]
    NotEqual {
        /// The first server.
        a: String,
        /// The second one.
        b: String,
    },
    /// The user wanted to stop.
    #[error("interrupted")]
    Interrupted,
}

impl Explain for PostgresError {
    fn code(&self) -> Code {
        match self {
            Self::Engine(error) => error.code(),
            Self::NoContainer { .. } | Self::NotRunning { .. } => Code::NotFound,
            Self::Itself { .. } => Code::Usage,
            Self::Program { source, .. } => source.code(),
            Self::Interrupted => Code::Interrupted,
            Self::Obstacles { .. } => Code::Refused,
            Self::Said { .. } | Self::Pipe { .. } | Self::NotEqual { .. } => Code::EngineFailed,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Engine(error) => error.kind(),
            Self::NoContainer { .. } | Self::Itself { .. } => Kind::Usage,
            Self::NotRunning { .. } | Self::Obstacles { .. } => Kind::Refused,
            Self::Program { source, .. } => source.kind(),
            Self::Interrupted => Kind::Interrupted,
            Self::Said { .. } | Self::Pipe { .. } | Self::NotEqual { .. } => Kind::Failed,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Engine(error) => error.hints(),
            Self::NoContainer { .. } => {
                vec!["name a container (`docker ps`), or `PROJECT/SERVICE`".to_owned()]
            }
            Self::NotRunning { name } => {
                vec![format!("start it alone: `docker start {name}`")]
            }
            Self::Program { source, .. } => source.hints(),
            Self::Obstacles { .. }
            | Self::NotEqual { .. }
            | Self::Itself { .. }
            | Self::Said { .. }
            | Self::Pipe { .. }
            | Self::Interrupted => Vec::new(),
        }
    }
}
