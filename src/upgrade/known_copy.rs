//! What is known of a volume and of the copy of it that was made while the old release served: the
//! digests of their files. In the window only what changed since is read.
//!
//! It is a help and no more: without it, all is read.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::document::{self, DocumentError, DocumentFormat};
use crate::fs::Disk;
use crate::release::Install;
use crate::tree::{KnownFiles, KnownPair};

/// The format of what is known. Each version has a file in `fixtures/formats/`.
pub const FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-known-copy",
    version: 1,
    oldest: 1,
};

/// The file for what is known of the copy whose manifest that is, both below the install.
pub fn file(manifest: &Path) -> PathBuf {
    manifest.with_extension("known.json")
}

/// The body of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownCopy {
    /// The files of the old release's volume.
    pub source: KnownFiles,
    /// Those of the copy, as the medium has them.
    pub target: KnownFiles,
}

impl KnownCopy {
    /// What is known of the copy of that manifest; nothing where that can't be read.
    pub fn load(install: &Install, manifest: &Path) -> Option<KnownPair> {
        let path = install.root().join(file(manifest));
        let Self { source, target } = document::load(FORMAT, &path).ok()?;
        Some(KnownPair {
            source: Arc::new(source),
            target: Arc::new(target),
        })
    }

    /// Keeps it.
    ///
    /// # Errors
    /// [`DocumentError::Write`].
    pub fn save(
        &self,
        disk: &Disk,
        install: &Install,
        manifest: &Path,
    ) -> Result<(), DocumentError> {
        document::save(disk, FORMAT, &install.root().join(file(manifest)), self)
    }
}
