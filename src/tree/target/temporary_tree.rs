//! A tree that is built under a temporary name, and goes with its handle unless it was given its
//! own.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fs::FileType;

use super::remove::remove;
use super::sweep::sweep;
use crate::fs::{Disk, Purpose, TemporaryName};
use crate::tree::error::Error;

/// A path in a folder, for a tree of ours; removed with all that is there when it is dropped.
#[derive(Debug)]
pub struct TemporaryTree {
    disk: Disk,
    path: PathBuf,
    _name: TemporaryName,
}

impl TemporaryTree {
    /// A path in `folder`, with nothing at it yet. What killed runs left there is removed.
    pub fn new(disk: &Disk, folder: &Path, purpose: Purpose) -> Self {
        // What can't be removed is in nobody's way.
        let _ = sweep(disk, folder);
        let name = TemporaryName::new(purpose);
        Self {
            disk: disk.clone(),
            path: name.path_in(folder),
            _name: name,
        }
    }

    /// A path beside `target`, to be given its place when it is complete.
    pub fn beside(disk: &Disk, target: &Path) -> Self {
        let folder = target.parent().filter(|path| !path.as_os_str().is_empty());
        Self::new(disk, folder.unwrap_or(Path::new(".")), Purpose::Part)
    }

    /// Where the tree is to be made.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Gives the tree the place of `target`, where nothing or an empty folder is: the moment at
    /// which it exists.
    ///
    /// # Errors
    /// [`Error::TargetExists`], [`Error::TargetNotEmpty`], [`Error::Write`]; the tree is removed.
    pub fn publish(self, target: &Path) -> Result<(), Error> {
        let replaces = is_replaceable(target)?;
        let placed = if replaces {
            // The empty folder goes with the handle.
            self.disk.exchange(&self.path, target)
        } else {
            self.disk.rename_new(&self.path, target)
        };
        placed.map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => Error::TargetExists {
                path: target.to_owned(),
            },
            _ => Error::write(target, error),
        })
    }
}

/// True for an empty folder, false where nothing is.
///
/// # Errors
/// [`Error::TargetExists`], [`Error::TargetNotEmpty`] for anything else.
pub fn is_replaceable(target: &Path) -> Result<bool, Error> {
    let path = || target.to_owned();
    let there = match target.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        there => there.map_err(|error| Error::read(target, error))?,
    };
    let mode = std::os::unix::fs::MetadataExt::mode(&there);
    if FileType::from_raw_mode(mode) != FileType::Directory {
        return Err(Error::TargetExists { path: path() });
    }
    let mut entries = std::fs::read_dir(target).map_err(|error| Error::read(target, error))?;
    if entries.next().is_some() {
        return Err(Error::TargetNotEmpty { path: path() });
    }
    Ok(true)
}

impl Drop for TemporaryTree {
    fn drop(&mut self) {
        if self.path.symlink_metadata().is_ok() {
            // What can't be removed now, the next run removes.
            let _ = remove(&self.disk, &self.path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_appears_when_it_is_complete_and_else_not_at_all() {
        let home = tempfile::tempdir().unwrap();
        let disk = Disk::new();
        let names = || std::fs::read_dir(home.path()).unwrap().count();
        for there in [false, true] {
            let target = home.path().join(if there { "empty" } else { "new" });
            if there {
                disk.create_dir(&target, 0o755).unwrap();
            }
            let before = names();
            let given_up = TemporaryTree::beside(&disk, &target);
            disk.create_dir(given_up.path(), 0o700).unwrap();
            drop(given_up);
            assert_eq!(names(), before);
            let tree = TemporaryTree::beside(&disk, &target);
            disk.create_dir(tree.path(), 0o700).unwrap();
            disk.create(&tree.path().join("file"), b"x", 0o600).unwrap();
            tree.publish(&target).unwrap();
            assert!(target.join("file").is_file());
            assert!(matches!(
                is_replaceable(&target),
                Err(Error::TargetNotEmpty { .. })
            ));
        }
        assert_eq!(names(), 2);
    }
}
