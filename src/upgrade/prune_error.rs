//! Why releases can't be pruned.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::plan::PlanError;
use super::running::journal::JournalError;
use super::running::run_error::RunError;
use crate::document::DocumentError;
use crate::engine;
use crate::error::{Code, Explain, Kind};
use crate::release::{IdentityError, InstallError};
use crate::tree;

/// Why nothing, or not all, is removed.
#[derive(Debug, Error)]
pub enum PruneError {
    /// The install.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// A run isn't over.
    #[error(transparent)]
    Run(#[from] RunError),
    /// A run can't be read.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// A record can't be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The install's id can't be read.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A plan can't be read.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The engine, or the place of the volumes.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// A tree can't be read.
    #[error(transparent)]
    Tree(#[from] tree::Error),
    /// A folder can't be read or removed.
    #[error("can't remove `{}`", path.display())]
    Io {
        /// The folder or file.
        path: PathBuf,
        /// The operating system's error.
        source: io::Error,
    },
}

impl PruneError {
    fn inner(&self) -> Option<&dyn Explain> {
        Some(match self {
            Self::Install(error) => error,
            Self::Run(error) => error,
            Self::Journal(error) => error,
            Self::Document(error) => error,
            Self::Identity(error) => error,
            Self::Plan(error) => error,
            Self::Engine(error) => error,
            Self::Tree(error) => error,
            Self::Io { .. } => return None,
        })
    }
}

impl Explain for PruneError {
    fn code(&self) -> Code {
        self.inner().map_or(Code::Unwritable, Explain::code)
    }

    fn kind(&self) -> Kind {
        self.inner().map_or(Kind::Failed, Explain::kind)
    }

    fn hints(&self) -> Vec<String> {
        let again = || vec!["run it again: what is gone already is left out".to_owned()];
        self.inner().map_or_else(again, Explain::hints)
    }
}
