//! What can go wrong with a merge, conflicts aside.

use std::path::PathBuf;

use thiserror::Error as ThisError;

use crate::error::{Code, Explain, Kind};
use crate::{compose, env_file};

/// Why three files can't be merged. No variant quotes a value.
#[derive(Debug, ThisError)]
pub enum Error {
    /// One of three `.env` files.
    #[error(transparent)]
    Env(#[from] env_file::Error),
    /// One of three compose files.
    #[error(transparent)]
    Compose(#[from] compose::Error),
    /// Something in a folder can't be read.
    #[error("can't read `{}`", path.display())]
    Read {
        /// The key, path or file that would read otherwise.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The result was read again and isn't what it should be.
    #[error("{}: merged, `{what}` would not be what it is meant to be", path.display())]
    Unproven {
        /// The vendor's new file.
        path: PathBuf,
        /// The key or place.
        what: String,
    },
}

impl Explain for Error {
    fn code(&self) -> Code {
        match self {
            Self::Env(error) => error.code(),
            Self::Compose(error) => error.code(),
            Self::Read { .. } => Code::Unreadable,
            Self::Unproven { .. } => Code::Unsafe,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Env(error) => error.kind(),
            Self::Compose(error) => error.kind(),
            Self::Unproven { .. } | Self::Read { .. } => Kind::Usage,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Env(error) => error.hints(),
            Self::Compose(error) => error.hints(),
            Self::Read { .. } => Vec::new(),
            Self::Unproven { .. } => vec!["merge this file by hand".to_owned()],
        }
    }
}
