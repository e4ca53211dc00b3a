//! Why a Postgres server can't be asked.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::DumpFault;
use crate::document::DocumentError;
use crate::engine::{self, program};
use crate::error::{Code, Explain, Kind};
use crate::fs::WriteError;
use crate::tree;

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
    /// A folder can't be read or made.
    #[error("can't use `{}`", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
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
    /// A dump isn't one that can be loaded.
    #[error("`{}` isn't loaded: {fault}", path.display())]
    Dump {
        /// The dump's file.
        path: PathBuf,
        /// What is wrong with it.
        fault: DumpFault,
    },
    /// A dump, or its manifest, can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The manifest of a dump.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A dump can't be read again.
    #[error(transparent)]
    Tree(#[from] tree::Error),
    /// It failed, and services were started again on the folder that is as it was.
    #[error("the old folder serves again")]
    WentBack {
        /// Why.
        source: Box<PostgresError>,
    },
    /// What is in a data folder can't be looked at.
    #[error(transparent)]
    Inspection(#[from] crate::database::Error),
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
            Self::Dump { .. } => Code::Damaged,
            Self::Write(error) => error.code(),
            Self::Document(error) => error.code(),
            Self::Tree(error) => error.code(),
            Self::Folder { .. } => Code::Unreadable,
            Self::Inspection(error) => error.code(),
            Self::WentBack { source } => source.code(),
            Self::Said { .. } | Self::Pipe { .. } | Self::NotEqual { .. } => Code::EngineFailed,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Engine(error) => error.kind(),
            Self::NoContainer { .. } | Self::Itself { .. } | Self::Folder { .. } => Kind::Usage,
            Self::Inspection(error) => error.kind(),
            Self::WentBack { .. } => Kind::RolledBack,
            Self::NotRunning { .. } | Self::Obstacles { .. } | Self::Dump { .. } => Kind::Refused,
            Self::Write(error) => error.kind(),
            Self::Document(error) => error.kind(),
            Self::Tree(error) => error.kind(),
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
            Self::Dump { fault, .. } => vec![fault.hint().to_owned()],
            Self::Write(error) => error.hints(),
            Self::Document(error) => error.hints(),
            Self::Tree(error) => error.hints(),
            Self::Inspection(error) => error.hints(),
            Self::WentBack { source } => source.hints(),
            Self::Folder { .. }
            | Self::Obstacles { .. }
            | Self::NotEqual { .. }
            | Self::Itself { .. }
            | Self::Said { .. }
            | Self::Pipe { .. }
            | Self::Interrupted => Vec::new(),
        }
    }
}
