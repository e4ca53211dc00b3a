//! The releases that somebody found to be bad: nobody goes to one, forwards or back.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Install, Version};
use crate::document::{self, DocumentError, DocumentFormat};
use crate::fs::Disk;

/// The format of the record. Each version has a file in `fixtures/formats/`.
pub const BAD_FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-bad-releases",
    version: 1,
    oldest: 1,
};

/// The bad releases, with what was said of each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BadReleases {
    /// Why each is bad, in somebody's words; may be empty.
    pub releases: BTreeMap<String, String>,
}

impl BadReleases {
    fn file(install: &Install) -> PathBuf {
        install.own("bad-releases.json")
    }

    /// Those of an install.
    ///
    /// # Errors
    /// [`DocumentError`] for a record that is damaged or can't be read.
    pub fn load(install: &Install) -> Result<Self, DocumentError> {
        let file = Self::file(install);
        match file.symlink_metadata() {
            Ok(_) => document::load(BAD_FORMAT, &file),
            Err(_) => Ok(Self::default()),
        }
    }

    /// Writes them down.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn save(&self, disk: &Disk, install: &Install) -> Result<(), DocumentError> {
        document::save(disk, BAD_FORMAT, &Self::file(install), self)
    }

    /// Whether a release is bad.
    pub fn has(&self, version: &Version) -> bool {
        self.releases.contains_key(version.as_str())
    }
}
