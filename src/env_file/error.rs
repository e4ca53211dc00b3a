//! What can go wrong with a `.env` file.

use std::path::PathBuf;

use thiserror::Error as ThisError;

use crate::compose::InterpolateError;
use crate::error::{Code, Explain, Kind};

/// Why a `.env` file can't be read or edited. No variant quotes a value.
#[derive(Debug, ThisError)]
pub enum Error {
    /// The file isn't what Compose accepts.
    #[error("{}:{line}: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The fault, as a clause.
        reason: String,
    },
    /// A value's variables can't be resolved.
    #[error("{}:{line}: the value of `{key}` can't be resolved", path.display())]
    Interpolate {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key.
        key: String,
        /// The fault in the value's text.
        source: InterpolateError,
    },
    /// The file, or what its variables make of it, is larger than a `.env` file can be.
    #[error("{}: larger than {most} MiB", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read, in MiB.
        most: usize,
    },
    /// The file isn't UTF-8.
    #[error("{}: not UTF-8 at byte {offset}", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The first byte that isn't.
        offset: usize,
    },
    /// A key or value that the file's format can't hold.
    #[error("{}: `{key}` can't be set: {reason}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The key.
        key: String,
        /// The reason, as a clause.
        reason: String,
    },
}

impl Explain for Error {
    fn code(&self) -> Code {
        match self {
            Self::Unwritable { .. } => Code::Unsafe,
            _ => Code::Syntax,
        }
    }

    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Unwritable { key, .. } => vec![format!("edit `{key}` by hand")],
            Self::TooLarge { .. } => vec!["is it a `.env` file? name the right one".to_owned()],
            _ => Vec::new(),
        }
    }
}
