//! What is remembered of a release that a run stops: which containers it had, what they were called,
//! which of them ran, and of which images. It stands in `.transship/standing/` before the first is
//! stopped, so that after a kill, too, exactly these are started again.

use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::document::{self, DocumentError, DocumentFormat};
use crate::engine::StandingContainer;
use crate::fs::{Disk, WriteError};
use crate::release::{Install, Version};

/// The format of what is remembered. Each version has a file in `fixtures/formats/`.
pub const FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-standing",
    version: 1,
    oldest: 1,
};

/// A release as it stood before a run stopped it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingRecord {
    /// The id of the install.
    pub install: String,
    /// The run that stops it.
    pub run: String,
    /// The release.
    pub version: Version,
    /// Its compose project.
    pub project: String,
    /// Its containers.
    pub containers: Vec<StandingContainer>,
}

impl StandingRecord {
    fn file(install: &Install, run: &str) -> PathBuf {
        install.own("standing").join(format!("{run}.json"))
    }

    /// What is remembered by the run; nothing where it has stopped none.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn load(install: &Install, run: &str) -> Result<Option<Self>, DocumentError> {
        let file = Self::file(install, run);
        match file.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            _ => document::load(FORMAT, &file).map(Some),
        }
    }

    /// Remembers it.
    ///
    /// # Errors
    /// [`DocumentError::Write`].
    pub fn save(&self, disk: &Disk, install: &Install) -> Result<(), DocumentError> {
        disk.create_dirs(&install.own("standing"), 0o700)?;
        document::save(disk, FORMAT, &Self::file(install, &self.run), self)
    }

    /// Forgets it; nothing where there is none.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn forget(disk: &Disk, install: &Install, run: &str) -> Result<(), WriteError> {
        let path = Self::file(install, run);
        match disk.remove_file(&path) {
            Err(source) if source.kind() != io::ErrorKind::NotFound => {
                Err(WriteError::Io { path, source })
            }
            _ => Ok(()),
        }
    }

    /// True if any of the containers ran.
    pub fn ran(&self) -> bool {
        self.containers.iter().any(|one| one.ran)
    }
}
