//! Bringing an existing copy up to date: what differs is copied anew and renamed over, what
//! is gone is removed, what is equal isn't touched.
//!
//! The same pass over both trees is made up to three times: to weigh, without a look into files,
//! whether so much may be removed at all; to foretell, for `--dry-run`; to act. Each file is replaced
//! in one step; the tree as a whole is not, so an update that is interrupted is to be run again. It
//! is the second pass of a warm copy, after the writers were stopped.

use std::os::fd::{AsFd as _, OwnedFd};
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, FlockOperation, Mode, OFlags, Timestamps};
use rustix::io::Errno;

use super::build::HeldPath;
use super::folder_pair::Roots;
use super::options::{CopyOptions, Foretold, Removals, Updated};
use super::shadow::Shadow;
use super::staged::expected;
use super::updater::{Pass, Updater};
use crate::fs::{Disk, InodeFd};
use crate::progress::Progress;
use crate::tree::error::Error;
use crate::tree::target::destination::{Destination, Staging, check_outside, is_overlay};
use crate::tree::walk::escaped::escaped;
use crate::tree::walk::fence::Fence;
use crate::tree::walk::stat::{self, Stat};

/// Makes the directory `target` equal to the directory `source`, as [`copy`](super::copy)
/// would have made it; or a single file equal to another. Files of equal size and modification
/// time count as equal, unless [`CopyOptions::checksum`] says to look inside; where the target's
/// filesystem keeps times less exactly, so do times that it would have made equal. Digests aren't
/// computed. Symlinks at both paths are followed.
///
/// # Errors
/// Kind `Refused`, and nothing was written: [`Error::Nested`], [`Error::TooManyRemovals`]
/// ([`CopyOptions::removals`] allows them), [`Error::FolderAndFile`], [`Error::Busy`]. Those of
/// [`copy`](super::copy); after one of these the target is between old and new, each file of it
/// being one or the other.
pub fn update(
    disk: &Disk,
    source: &Path,
    target: &Path,
    options: &CopyOptions,
    progress: &dyn Progress,
) -> Result<Updated, Error> {
    let both = Both::open(source, target)?;
    progress.start(
        &escaped(target).to_string(),
        expected(source, both.are_trees(), options, progress),
    );
    let done = both.update(disk, options, progress);
    progress.finish();
    done
}

/// What [`update`] with the same options would do. Nothing is written.
///
/// # Errors
/// Those of [`update`], but for the target's.
pub fn foretell(
    source: &Path,
    target: &Path,
    options: &CopyOptions,
    progress: &dyn Progress,
) -> Result<Foretold, Error> {
    let both = Both::open(source, target)?;
    let disk = Disk::new();
    let mut updater = both.updater(&disk, options, progress, Pass::Foretell);
    both.walk(&mut updater)?;
    let (updated, mut differences, weight) = updater.into_foretold();
    weight.check(options.removals, &both.target_path)?;
    differences.sort_by(|a, b| crate::tree::manifest::path_order(&a.path, &b.path));
    Ok(Foretold {
        updated,
        differences,
    })
}

/// What speaks against making the directory `target` equal to the directory `source` in another
/// way than by [`update`], which asks itself: that one lies within the other, or that so much would
/// be removed that it may be a mistake. Nothing is changed.
///
/// # Errors
/// The refusals of [`update`]; [`Error::Read`], [`Error::Write`], [`Error::Interrupted`].
pub fn check_update(
    disk: &Disk,
    source: &Path,
    target: &Path,
    removals: Removals,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let both = Both::open(source, target)?;
    let options = CopyOptions {
        removals,
        ..CopyOptions::default()
    };
    both.lock()?;
    let (staging, within) = both.stage(disk)?;
    let weighed = both.weigh(disk, &staging, &options, progress);
    drop(staging);
    both.restore_times(disk, within)?;
    weighed
}

/// The roots of source and target, held open, each with its path and stat.
struct Both {
    source_path: PathBuf,
    target_path: PathBuf,
    source: OwnedFd,
    target: OwnedFd,
    source_stat: Stat,
    target_stat: Stat,
}

fn hold(path: &Path) -> Result<(OwnedFd, Stat), Error> {
    let fail = |error| Error::read(path, error);
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let held = rustix::fs::open(path, flags, Mode::empty()).map_err(|error| fail(error.into()))?;
    let stat = Stat::of(held.as_fd()).map_err(fail)?;
    if stat.kind != FileType::Directory {
        return Ok((held, stat));
    }
    let fd = stat::open_dir(held.as_fd(), c".").map_err(fail)?;
    Ok((fd, stat))
}

impl Both {
    fn open(source: &Path, target: &Path) -> Result<Self, Error> {
        let (source_fd, source_stat) = hold(source)?;
        let (target_fd, target_stat) = hold(target)?;
        let both = Self {
            source_path: source.to_owned(),
            target_path: target.to_owned(),
            source: source_fd,
            target: target_fd,
            source_stat,
            target_stat,
        };
        let folders = [both.source_stat, both.target_stat].map(|s| s.kind == FileType::Directory);
        let (folder, other) = match folders {
            [true, false] => (source, target),
            [false, true] => (target, source),
            [false, false] => return Ok(both),
            [true, true] => return both.check_apart().map(|()| both),
        };
        Err(Error::FolderAndFile {
            folder: folder.to_owned(),
            other: other.to_owned(),
        })
    }

    fn are_trees(&self) -> bool {
        self.source_stat.kind == FileType::Directory
    }

    /// Refuses trees of which one is within the other, as far as the folders above them show it.
    fn check_apart(&self) -> Result<(), Error> {
        let (source, target) = (&self.source_path, &self.target_path);
        check_outside(self.target.as_fd(), target, source, &self.source_stat)?;
        check_outside(self.source.as_fd(), target, source, &self.target_stat)
    }

    fn roots(&self) -> Roots<'_> {
        Roots {
            source: HeldPath {
                fd: &self.source,
                path: &self.source_path,
            },
            target: HeldPath {
                fd: &self.target,
                path: &self.target_path,
            },
        }
    }

    fn updater<'a>(
        &'a self,
        disk: &'a Disk,
        options: &CopyOptions,
        progress: &'a dyn Progress,
        pass: Pass,
    ) -> Updater<'a> {
        let mut fence = Fence::between(&self.source_path, &self.target_path);
        fence.forbid(self.target_stat.id());
        let options = CopyOptions {
            digest: false,
            ..options.clone()
        };
        let mut updater = Updater::new(
            disk,
            self.roots(),
            &self.source_stat,
            options,
            fence,
            progress,
            pass,
        );
        if self.are_trees() && is_overlay(self.source.as_fd()) {
            updater.shadow = Shadow::of(self.source.as_fd(), &self.source_stat).ok();
        }
        updater
    }

    fn walk(&self, updater: &mut Updater<'_>) -> Result<(), Error> {
        if self.are_trees() {
            updater.trees()
        } else {
            updater.single(&self.source_stat, &self.target_stat)
        }
    }

    fn update(
        &self,
        disk: &Disk,
        options: &CopyOptions,
        progress: &dyn Progress,
    ) -> Result<Updated, Error> {
        self.lock()?;
        let (staging, within) = self.stage(disk)?;
        if let Err(refused) = self.weigh(disk, &staging, options, progress) {
            drop(staging);
            self.restore_times(disk, within)?;
            return Err(refused);
        }
        let mut updater = self.updater(disk, options, progress, Pass::Act);
        updater.stage_with(staging, &self.target_stat, within)?;
        self.walk(&mut updater)?;
        updater.finish()
    }

    /// Two updates of one target would take each other's files for what is gone.
    fn lock(&self) -> Result<(), Error> {
        match rustix::fs::flock(&self.target, FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => {
                let path = self.target_path.clone();
                Err(Error::Busy { path })
            }
            // Where there are no locks there is none.
            _ => Ok(()),
        }
    }

    /// Refuses trees that lie within each other, and removals that may be a mistake.
    fn weigh(
        &self,
        disk: &Disk,
        staging: &Staging<'_>,
        options: &CopyOptions,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let mut weighing = self.updater(disk, options, progress, Pass::Weigh);
        weighing.fence_off(staging)?;
        self.check_above(staging)?;
        if !self.are_trees() {
            return Ok(());
        }
        self.walk(&mut weighing)?;
        let weight = weighing.into_weight();
        weight.check(options.removals, &self.target_path)
    }

    /// After nothing was done: that a staging folder was made within the target isn't seen of it.
    fn restore_times(&self, disk: &Disk, within: bool) -> Result<(), Error> {
        if !within {
            return Ok(());
        }
        let times = Timestamps {
            last_access: self.target_stat.accessed,
            last_modification: self.target_stat.modified,
        };
        disk.set_times(InodeFd::Open(self.target.as_fd()), c"", &times)
            .map_err(|error| Error::write(&self.target_path, error))
    }

    /// The folder in which new files are made: beside the target, or in it where only there is
    /// its filesystem. True with it for the latter.
    fn stage<'a>(&self, disk: &'a Disk) -> Result<(Staging<'a>, bool), Error> {
        // A link would lead to where something else may be mounted.
        let path = std::fs::canonicalize(&self.target_path);
        let path = path.map_err(|error| Error::read(&self.target_path, error))?;
        let beside = Destination::beside(&path);
        if let Ok(beside) = beside {
            let above = beside.mount()?;
            let alone = self.are_trees()
                && (above != self.target_stat.mount || is_overlay(self.target.as_fd()));
            if !alone {
                return Ok((beside.stage(disk, &self.source_path)?, false));
            }
        }
        let fd = stat::open_dir(self.target.as_fd(), c".")
            .map_err(|error| Error::write(&self.target_path, error))?;
        let within = Destination::within(&self.target_path, fd);
        Ok((within.stage(disk, &self.source_path)?, true))
    }

    /// Refuses a source in which, or above which, the staging folder is seen: that shows what
    /// overlays hide.
    fn check_above(&self, staging: &Staging<'_>) -> Result<(), Error> {
        if !self.are_trees() || !is_overlay(self.source.as_fd()) {
            return Ok(());
        }
        let fail = |error| Error::read(&self.source_path, error);
        let mut here = stat::open_dir(self.source.as_fd(), c".").map_err(fail)?;
        loop {
            let stat = Stat::of(here.as_fd()).map_err(fail)?;
            if Stat::at(here.as_fd(), staging.name()).is_ok_and(|found| found.mount == stat.mount)
                && is_overlay(here.as_fd())
            {
                return Err(staging.fence().nested());
            }
            let Ok(above) = stat::open_dir(here.as_fd(), c"..") else {
                return Ok(());
            };
            if Stat::of(above.as_fd()).map_err(fail)?.is_same_file(&stat) {
                return Ok(());
            }
            here = above;
        }
    }
}
