//! Counting: how much there is in a tree, before it is copied.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::CStr;
use std::io;
use std::ops::AddAssign;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FileType, Mode, OFlags};
use serde::{Deserialize, Serialize};

use super::escaped::join_path;
use super::exclude::Exclude;
use super::fence::Fence;
use super::pace::Pace;
use super::stat::{self, FileId, Stat};
use super::walk::{self, Batch, Folder, Later, Opened, Visit};
use crate::progress::Silent;
use crate::tree::error::Error;

/// How much a tree holds: names counted, and bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Survey {
    /// Names of regular files.
    pub files: u64,
    /// Directories, the root among them.
    pub directories: u64,
    /// Symlinks, fifos, sockets and devices.
    pub others: u64,
    /// The sizes of all regular files added up, in bytes; holes count, and a file with several
    /// names counts once.
    pub bytes: u64,
    /// Bytes that everything takes on the medium, a file with several names once.
    pub allocated: u64,
}

impl Survey {
    /// What people call files: names of everything but folders.
    pub const fn all_files(&self) -> u64 {
        self.files + self.others
    }

    /// The bytes that a copy writes, as far as that can be known: holes aren't written, and what a small
    /// file takes on the medium beyond its length isn't content.
    pub fn written(&self) -> u64 {
        self.bytes.min(self.allocated)
    }
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

/// Which part of a tree is counted.
#[derive(Debug, Clone, Default)]
pub struct SurveyOptions {
    /// Patterns of paths that don't count.
    pub exclude: Exclude,
    /// Look into what is mounted within the tree, too.
    pub cross_mounts: bool,
    /// Count the bytes of a file as often as it has names: for whoever reads each of them.
    pub each_name: bool,
}

/// Counts what is in the tree at `root`, a directory or anything else, without opening a
/// file. A symlink at `root` itself is followed; what is mounted within isn't looked into.
///
/// # Errors
/// [`Error::Read`] for the first directory that can't be read.
pub fn survey(root: &Path) -> Result<Survey, Error> {
    survey_of(root, &SurveyOptions::default())
}

/// [`survey`] of a part.
///
/// # Errors
/// Those of [`survey`].
pub fn survey_of(root: &Path, options: &SurveyOptions) -> Result<Survey, Error> {
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let held =
        rustix::fs::open(root, flags, Mode::empty()).map_err(|error| Error::read(root, error))?;
    let (fence, mut listed) = (Fence::default(), |_: Vec<u8>, _: &Stat| {});
    survey_held(&held, root, options, &fence, &mut listed)
}

/// What takes each path of a survey, and what is there.
pub(crate) type List<'a> = &'a mut (dyn FnMut(Vec<u8>, &Stat) + Send);

/// [`survey_of`] what is held, of which each path goes to `listed`; that is given by one thread.
///
/// # Errors
/// Those of [`survey`], and [`Error::Nested`] for what the fence forbids.
pub(crate) fn survey_held(
    held: &OwnedFd,
    path: &Path,
    options: &SurveyOptions,
    fence: &Fence,
    listed: List<'_>,
) -> Result<Survey, Error> {
    let fail = |error| Error::read(path, error);
    let stat = Stat::of(held.as_fd()).map_err(fail)?;
    let surveyor = Surveyor {
        path: path.to_owned(),
        options: options.clone(),
        counts: SurveyCounts::default(),
        listed: Mutex::new(listed),
    };
    if stat.kind == FileType::Directory {
        let fd = stat::open_dir(held.as_fd(), c".").map_err(fail)?;
        walk::walk(&surveyor, fd, path, Pace::default(), fence, &Silent)?;
    } else {
        surveyor.count(Vec::new(), &stat);
    }
    Ok(surveyor.counts.survey())
}

/// Bytes that are free for this user on the filesystem of `path`.
///
/// # Errors
/// [`Error::Read`].
pub fn free(path: &Path) -> Result<u64, Error> {
    let stat = rustix::fs::statvfs(path).map_err(|error| Error::read(path, error))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// A filesystem's size, and how much of it this user may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capacity {
    /// Bytes free for this user.
    pub free: u64,
    /// Bytes in all.
    pub size: u64,
    /// Files that may still be made, and how many there can be in all; nothing where the filesystem has
    /// no such bound (btrfs).
    pub inodes: Option<(u64, u64)>,
}

/// The capacity of the filesystem of `path`.
///
/// # Errors
/// [`Error::Read`].
pub fn capacity(path: &Path) -> Result<Capacity, Error> {
    let stat = rustix::fs::statvfs(path).map_err(|error| Error::read(path, error))?;
    Ok(Capacity {
        free: stat.f_bavail.saturating_mul(stat.f_frsize),
        size: stat.f_blocks.saturating_mul(stat.f_frsize),
        inodes: (stat.f_files > 0).then_some((stat.f_favail, stat.f_files)),
    })
}

/// A [`Survey`] in the making, which several threads add to.
#[derive(Debug, Default)]
pub(crate) struct SurveyCounts {
    files: AtomicU64,
    directories: AtomicU64,
    others: AtomicU64,
    bytes: AtomicU64,
    allocated: AtomicU64,
    /// Files with several names, until all of them have been met, and how many are left.
    linked: Mutex<HashMap<FileId, u32>>,
}

impl SurveyCounts {
    /// Counts one thing.
    pub(crate) fn count(&self, stat: &Stat) {
        self.count_name(stat);
        if stat.links < 2 || stat.kind == FileType::Directory || self.is_first(stat) {
            self.count_bytes(stat);
        }
    }

    /// Counts a name alone: its file's bytes are counted already.
    pub(crate) fn count_name(&self, stat: &Stat) {
        let counter = match stat.kind {
            FileType::RegularFile => &self.files,
            FileType::Directory => &self.directories,
            _ => &self.others,
        };
        counter.fetch_add(1, Relaxed);
    }

    fn count_bytes(&self, stat: &Stat) {
        if stat.kind == FileType::RegularFile {
            self.bytes.fetch_add(stat.size, Relaxed);
        }
        self.allocated.fetch_add(stat.allocated, Relaxed);
    }

    /// True if no other name of the file was met yet.
    fn is_first(&self, stat: &Stat) -> bool {
        let mut linked = self.linked.lock().unwrap_or_else(PoisonError::into_inner);
        match linked.entry(stat.id()) {
            Entry::Vacant(entry) => {
                entry.insert(stat.links - 1);
                true
            }
            Entry::Occupied(mut entry) => {
                let left = entry.get_mut();
                *left = left.saturating_sub(1);
                if *left == 0 {
                    entry.remove();
                }
                false
            }
        }
    }

    /// The counts up to now.
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
struct Surveyor<'a> {
    path: PathBuf,
    options: SurveyOptions,
    counts: SurveyCounts,
    listed: Mutex<List<'a>>,
}

impl Surveyor<'_> {
    fn count(&self, path: Vec<u8>, stat: &Stat) {
        if self.options.each_name {
            self.counts.count_name(stat);
            self.counts.count_bytes(stat);
        } else {
            self.counts.count(stat);
        }
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        listed(path, stat);
    }

    fn unreadable(&self, folder: &Folder<()>, name: &CStr, error: io::Error) -> Error {
        Error::read(join_path(&self.path, &folder.place.path_of(name)), error)
    }
}

impl Visit for Surveyor<'_> {
    type Counterpart = ();
    type Task = ();
    type Buffers = ();

    fn enter(&self, above: Option<&Folder<()>>, opened: &Opened) -> Result<Option<()>, Error> {
        let mounted = above.is_some_and(|above| above.stat.mount != opened.stat.mount);
        Ok((!mounted || self.options.cross_mounts).then_some(()))
    }

    fn entries(
        &self,
        folder: &Folder<()>,
        entries: Batch<'_>,
        (): &mut (),
        later: &mut Later<()>,
    ) -> Result<(), Error> {
        for entry in entries.iter() {
            let exclude = &self.options.exclude;
            if exclude.leaves_out(&folder.fd, &folder.place, entry) {
                continue;
            }
            let name = entry.name;
            match Stat::at(folder.fd.as_fd(), name) {
                Ok(stat) => {
                    self.count(folder.place.path_of(name), &stat);
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

    /// True: whether an inode is in memory can't be asked, so spare threads always help.
    fn is_waiting(&self) -> bool {
        true
    }

    fn leave(&self, folder: &Folder<()>, (): &mut ()) -> Result<(), Error> {
        if folder.place.is_root() {
            self.count(Vec::new(), &folder.stat);
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
    use crate::progress::{Collected, Progress};

    /// Two files in each of 40 folders, of which half are within each other.
    #[expect(clippy::disallowed_methods, reason = "a test makes its own files")]
    fn tree() -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        let mut folder = root.path().to_owned();
        for n in 0..20 {
            for name in ["beside", "within"] {
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
        assert_eq!(survey.bytes, 2 * (10 + 20));
        assert!(survey.allocated >= survey.files / 2 * 512);
        let options = SurveyOptions {
            each_name: true,
            ..SurveyOptions::default()
        };
        let read = survey_of(root.path(), &options).unwrap();
        assert_eq!((read.files, read.bytes), (80, 2 * survey.bytes));
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

    fn walked(root: &Path, pace: Pace, progress: &dyn Progress) -> Result<Survey, Error> {
        let mut listed = |_: Vec<u8>, _: &Stat| {};
        let surveyor = Surveyor {
            path: root.to_owned(),
            options: SurveyOptions::default(),
            counts: SurveyCounts::default(),
            listed: Mutex::new(&mut listed),
        };
        let fd = walk::open_root(root).unwrap();
        walk::walk(&surveyor, fd, root, pace, &Fence::default(), progress)?;
        Ok(surveyor.counts.survey())
    }

    /// With none to be kept open, every folder is opened again from the root.
    #[test]
    fn a_walk_that_may_keep_no_folder_open_meets_everything() {
        let root = tree();
        for (workers, open) in [(1, 0), (4, 0), (3, 2)] {
            let pace = Pace {
                workers,
                always: 1,
                open,
            };
            let walked = walked(root.path(), pace, &Silent).unwrap();
            assert_eq!(walked, survey(root.path()).unwrap());
        }
    }

    #[test]
    fn a_walk_ends_when_it_is_to_be_interrupted() {
        let root = tree();
        let progress = Collected::default();
        progress.stop.store(true, Relaxed);
        for workers in [1, 4] {
            let pace = Pace {
                workers,
                always: workers,
                open: 8,
            };
            let walked = walked(root.path(), pace, &progress);
            assert!(matches!(walked, Err(Error::Interrupted)), "{walked:?}");
        }
    }

    #[test]
    fn a_folder_behind_the_fence_ends_the_walk_wherever_it_is() {
        let root = tree();
        let deep = walk::open_root(&root.path().join("within/within/beside")).unwrap();
        let mut fence = Fence::between(Path::new("a"), Path::new("b"));
        fence.forbid(Stat::of(deep.as_fd()).unwrap().id());
        let held = walk::open_root(root.path()).unwrap();
        let options = SurveyOptions::default();
        let walked = survey_held(&held, root.path(), &options, &fence, &mut |_, _| {});
        assert!(matches!(walked, Err(Error::Nested { .. })), "{walked:?}");
    }
}
