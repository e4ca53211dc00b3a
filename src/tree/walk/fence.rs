//! Folders that a walk must not meet, whatever they are called where it meets them.
//!
//! A copy that met its own target, or the folder in which it is made, would copy itself into itself
//! until the disk is full; bind mounts lead there without a path that shows it. So they are told
//! by device and inode. An overlay shows its upper folder under other numbers: there the staging
//! folder is told by its name, which has 64 random bits and is met nowhere else.

use std::ffi::{CStr, CString};
use std::path::{Path, PathBuf};

use super::stat::FileId;
use crate::tree::error::Error;

/// What one walk must not meet, and what it says if it does.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fence {
    source: PathBuf,
    target: PathBuf,
    ids: Vec<FileId>,
    names: Vec<CString>,
}

impl Fence {
    /// For a copy of `source` to `target`, which are what messages call them; nothing is
    /// forbidden yet.
    pub(crate) fn between(source: &Path, target: &Path) -> Self {
        Self {
            source: source.to_owned(),
            target: target.to_owned(),
            ids: Vec::new(),
            names: Vec::new(),
        }
    }

    /// The folder of that device and inode must not be met.
    pub(crate) fn forbid(&mut self, id: FileId) {
        self.ids.push(id);
    }

    /// No folder of that name must be met.
    pub(crate) fn forbid_name(&mut self, name: &CStr) {
        self.names.push(name.to_owned());
    }

    /// Refuses a folder that must not be met.
    ///
    /// # Errors
    /// [`Error::Nested`].
    pub(crate) fn check(&self, id: FileId, name: &CStr) -> Result<(), Error> {
        if self.ids.contains(&id) || self.forbids_name(name) {
            return Err(self.nested());
        }
        Ok(())
    }

    /// True for the name of a staging folder of this copy.
    pub(crate) fn forbids_name(&self, name: &CStr) -> bool {
        self.names.iter().any(|each| each.as_c_str() == name)
    }

    /// The error that source and target lie one within the other.
    pub(crate) fn nested(&self) -> Error {
        Error::Nested {
            source_root: self.source.clone(),
            target: self.target.clone(),
        }
    }
}
