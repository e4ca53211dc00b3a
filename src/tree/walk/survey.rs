//! Counting: how much there is in a tree, before it is copied.

use std::ffi::CStr;
use std::io;
use std::ops::AddAssign;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use rustix::fs::FileType;
use serde::{Deserialize, Serialize};

use super::escaped::join_path;
use super::stat::{DirEntry, Stat};
use super::walk::{self, Batch, Folder, Later, Opened, Pace, Visit};
use crate::progress::Silent;
use crate::tree::error::Error;

/// What is in a tree.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// Names of regular files.
    pub files: u64,
    /// Directories, the root among them.
    pub directories: u64,
    /// Symlinks, fifos, sockets and devices.
    pub others: u64,
    /// The sizes of all regular files added up, in bytes; holes count, and a file counts
    /// once for each of its names.
    pub bytes: u64,
    /// Bytes that everything takes on the medium, a file with several names as often.
    pub allocated: u64,
}

impl AddAssign for Survey {
    fn add_assign(&mut self, other: Self) {
        self.files += other.files;
        self.directories += other.directories;
        self.others += other.others;
        self.bytes += other.bytes;
        self.allocated += other.allocated;
    }
}

/// Counts what is in the tree at `root`, a directory or anything else, without opening a
/// file. A symlink at `root` itself is followed.
///
/// # Errors
/// [`Error::Read`] for the first directory that can't be read.
pub fn survey(root: &Path) -> Result<Survey, Error> {
    let kind = std::fs::metadata(root).map_err(|error| Error::read(root, error))?;
    let counter = Surveyor {
        path: root.to_owned(),
        ..Surveyor::default()
    };
    if kind.is_dir() {
        let fd = walk::open_root(root)?;
        walk::walk(&counter, fd, root, Pace::default(), &Silent)?;
    } else {
        let held = rustix::fs::open(
            root,
            rustix::fs::OFlags::PATH | rustix::fs::OFlags::CLOEXEC,
            rustix::fs::Mode::empty(),
        )
        .map_err(|error| Error::read(root, error))?;
        let stat = Stat::of(held.as_fd()).map_err(|error| Error::read(root, error))?;
        counter.counts.count(&stat);
    }
    Ok(counter.counts.survey())
}

/// Bytes that are free for this user on the filesystem of `path`.
///
/// # Errors
/// [`Error::Read`].
pub fn free(path: &Path) -> Result<u64, Error> {
    let stat = rustix::fs::statvfs(path).map_err(|error| Error::read(path, error))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// A [`Survey`] in the making, which several threads add to.
#[derive(Debug, Default)]
pub(crate) struct SurveyCounts {
    files: AtomicU64,
    directories: AtomicU64,
    others: AtomicU64,
    bytes: AtomicU64,
    allocated: AtomicU64,
}

impl SurveyCounts {
    /// Counts one thing.
    pub(crate) fn count(&self, stat: &Stat) {
        let counter = match stat.kind {
            FileType::RegularFile => {
                self.bytes.fetch_add(stat.size, Relaxed);
                &self.files
            }
            FileType::Directory => &self.directories,
            _ => &self.others,
        };
        counter.fetch_add(1, Relaxed);
        self.allocated.fetch_add(stat.allocated, Relaxed);
    }

    /// What was counted so far.
    pub(crate) fn survey(&self) -> Survey {
        Survey {
            files: self.files.load(Relaxed),
            directories: self.directories.load(Relaxed),
            others: self.others.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            allocated: self.allocated.load(Relaxed),
        }
    }
}

/// The visitor that counts what it meets.
#[derive(Debug, Default)]
struct Surveyor {
    path: PathBuf,
    counts: SurveyCounts,
}

impl Surveyor {
    fn unreadable(&self, folder: &Folder<()>, name: &CStr, error: io::Error) -> Error {
        Error::read(join_path(&self.path, &folder.place.path_of(name)), error)
    }
}

impl Visit for Surveyor {
    type Counterpart = ();
    type Task = ();
    type Buffers = ();

    fn enter(&self, above: Option<&Folder<()>>, opened: &Opened) -> Result<Option<()>, Error> {
        let mounted = above.is_some_and(|above| above.stat.mount != opened.stat.mount);
        Ok((!mounted).then_some(()))
    }

    fn entries(
        &self,
        folder: &Folder<()>,
        entries: Batch<'_>,
        (): &mut (),
        later: &mut Later<()>,
    ) -> Result<(), Error> {
        for DirEntry { name, .. } in entries.iter() {
            match Stat::at(folder.fd.as_fd(), name) {
                Ok(stat) => {
                    self.counts.count(&stat);
                    if stat.kind == FileType::Directory {
                        later.enter(name.to_owned());
                    }
                }
                // It went away since it was listed: it doesn't count.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(self.unreadable(folder, name, error)),
            }
        }
        Ok(())
    }

    fn task(&self, _: &Folder<()>, (): (), (): &mut ()) -> Result<(), Error> {
        Ok(())
    }

    /// Whether inodes are in memory, nobody says.
    fn is_waiting(&self) -> bool {
        true
    }

    fn leave(&self, folder: &Folder<()>, (): &mut ()) -> Result<(), Error> {
        if folder.place.is_root() {
            self.counts.count(&folder.stat);
        }
        Ok(())
    }

    fn unopened(&self, folder: &Folder<()>, name: &CStr, error: io::Error) -> Result<(), Error> {
        Err(self.unreadable(folder, name, error))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{create_dir, hard_link, write};

    use super::*;
    use crate::progress::Collected;

    /// Two files in each of 40 folders, of which half are within each other.
    #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let mut folder = root.path().to_owned();
        for n in 0..20 {
            for name in ["counterpart", "within"] {
                let folder = folder.join(name);
                create_dir(&folder).unwrap();
                write(folder.join("one"), n.to_string()).unwrap();
                hard_link(folder.join("one"), folder.join("two")).unwrap();
            }
            folder.push("within");
        }
        root
    }

    #[test]
    fn files_folders_and_bytes_are_counted() {
        let root = tree();
        let survey = survey(root.path()).unwrap();
        assert_eq!(
            (survey.files, survey.directories, survey.others),
            (80, 41, 0)
        );
        assert_eq!(survey.bytes, 4 * (10 + 20));
        assert!(survey.allocated >= survey.files * 512);
    }

    #[test]
    fn a_single_file_is_counted_too_and_what_isnt_there_is_named() {
        let root = tree();
        let counted = survey(&root.path().join("within/one")).unwrap();
        assert_eq!(
            (counted.files, counted.directories, counted.bytes),
            (1, 0, 1)
        );
        let error = survey(&root.path().join("no")).unwrap_err();
        assert!(error.to_string().ends_with("/no`"), "{error}");
    }

    /// With none to be kept open, every folder is opened again from the root.
    #[test]
    fn a_walk_that_may_keep_no_folder_open_meets_everything() {
        let root = tree();
        for (workers, open) in [(1, 0), (4, 0), (3, 2)] {
            let counter = Surveyor::default();
            let fd = walk::open_root(root.path()).unwrap();
            let pace = Pace {
                workers,
                always: 1,
                open,
            };
            walk::walk(&counter, fd, root.path(), pace, &Silent).unwrap();
            assert_eq!(counter.counts.survey(), survey(root.path()).unwrap());
        }
    }

    #[test]
    fn a_walk_ends_when_it_is_to_be_interrupted() {
        let root = tree();
        let progress = Collected::default();
        progress.stop.store(true, Relaxed);
        for workers in [1, 4] {
            let counter = Surveyor::default();
            let fd = walk::open_root(root.path()).unwrap();
            let pace = Pace {
                workers,
                always: workers,
                open: 8,
            };
            let walked = walk::walk(&counter, fd, root.path(), pace, &progress);
            assert!(matches!(walked, Err(Error::Interrupted)), "{walked:?}");
        }
    }
}
