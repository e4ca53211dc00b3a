//! Whose an install is: what transship keeps in it, and the symlinks in it, belong to root or to the
//! caller, and nobody else may write there. Else whoever can write a journal could have root remove
//! what it names.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use super::Install;
use crate::fs::{TrustError, require_own};

/// Folders of transship's own of which every file is read and acted upon.
const RECORDS: [&str; 4] = ["plans", "journal", "manifests", "made"];

impl Install {
    /// That nobody but root and the caller has a hand in what transship keeps here, and in the
    /// symlinks by which the install is reached.
    ///
    /// # Errors
    /// [`TrustError`], which names the first thing that is another's.
    pub fn require_trusted(&self) -> Result<(), TrustError> {
        let own = self.own("");
        // Without the slash at the end, which would follow a symlink.
        let own = own.components().as_path();
        for link in [own, &self.releases_folder(), &self.current_link()] {
            require_own_link(link)?;
        }
        require_own_link(&self.root().join("volumes"))?;
        for release in list(&self.releases_folder())? {
            require_own_link(&release)?;
        }
        let Some(metadata) = fs_metadata(own)? else {
            return Ok(());
        };
        require_own(own, &metadata)?;
        for path in list(own)? {
            let is_record = RECORDS.iter().any(|name| path.ends_with(name));
            require_own_below(&path, is_record)?;
        }
        Ok(())
    }
}

/// Looks at `path`, and at all below it where `deep` says so.
fn require_own_below(path: &Path, deep: bool) -> Result<(), TrustError> {
    let mut left = vec![path.to_owned()];
    while let Some(path) = left.pop() {
        let Some(metadata) = link_metadata(&path)? else {
            continue;
        };
        require_own(&path, &metadata)?;
        if !metadata.is_dir() && !metadata.is_file() {
            return Err(TrustError::Kind { path });
        }
        if deep && metadata.is_dir() {
            left.extend(list(&path)?);
        }
    }
    Ok(())
}

/// A symlink leads where its owner wants.
fn require_own_link(path: &Path) -> Result<(), TrustError> {
    match link_metadata(path)? {
        Some(metadata) if metadata.is_symlink() => require_own(path, &metadata),
        _ => Ok(()),
    }
}

fn link_metadata(path: &Path) -> Result<Option<Metadata>, TrustError> {
    known(path, fs::symlink_metadata(path))
}

fn fs_metadata(path: &Path) -> Result<Option<Metadata>, TrustError> {
    known(path, fs::metadata(path))
}

fn known(path: &Path, found: io::Result<Metadata>) -> Result<Option<Metadata>, TrustError> {
    match found {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(TrustError::Io {
            path: path.into(),
            source,
        }),
    }
}

fn list(folder: &Path) -> Result<Vec<PathBuf>, TrustError> {
    let io = |source| TrustError::Io {
        path: folder.into(),
        source,
    };
    let entries = fs::read_dir(folder).map_err(io)?;
    entries
        .map(|entry| entry.map(|entry| entry.path()).map_err(io))
        .collect()
}
