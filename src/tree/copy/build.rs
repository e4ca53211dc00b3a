//! Building a copy in a staging folder, up to the moment at which it can be renamed.

use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FileType, IFlags};

use super::attributes::{self, InodeDefaults};
use super::content::Clones;
use super::copier::{Copier, LateAttributes, Scratch, TargetSlot};
use super::leaf::open_chain;
use super::links::Links;
use super::options::{Copied, CopyOptions};
use super::tally::Tally;
use crate::fs::{Disk, InodeFd};
use crate::progress::Progress;
use crate::tree::error::Error;
use crate::tree::target::destination::{CONTENT, StagingDir};
use crate::tree::verify::collector::Collector;
use crate::tree::walk::dir_chain::DirChain;
use crate::tree::walk::escaped::join_path;
use crate::tree::walk::pace::Pace;
use crate::tree::walk::stat::{self, Stat};
use crate::tree::walk::walk;

/// A complete copy that has still the name [`CONTENT`] in its staging folder.
pub(super) struct Built {
    held: OwnedFd,
    copied: Copied,
    /// What would stand against its being renamed.
    last: Vec<LateAttributes>,
}

/// Something that is held, and what messages call it.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeldPath<'a> {
    pub fd: &'a OwnedFd,
    pub path: &'a Path,
}

/// Copies what is held to [`CONTENT`] in the staging folder; `target` is for messages.
///
/// # Errors
/// [`Error::Read`], [`Error::Write`], [`Error::Incomplete`], [`Error::Interrupted`].
pub(super) fn build(
    disk: &Disk,
    from: HeldPath<'_>,
    staging: StagingDir<'_>,
    target: &Path,
    options: &CopyOptions,
    progress: &dyn Progress,
) -> Result<Built, Error> {
    let HeldPath {
        fd: held,
        path: source,
    } = from;
    let stat = Stat::of(held.as_fd()).map_err(|error| Error::read(source, error))?;
    let mut copier = new_copier(disk, source, target, options, progress);
    copier.exact = staging.exact;
    let into = staging.fd;
    if stat.kind == FileType::Directory {
        let root = make_root(disk, into, &mut copier)?;
        copier.target = Some(root);
        let fd = stat::open_dir(held.as_fd(), c".").map_err(|error| Error::read(source, error))?;
        let pace = Pace::with_workers(options.workers);
        walk::walk(&copier, fd, source, pace, staging.fence, progress)?;
    } else {
        learn_fresh(&mut copier, into)?;
        let slot = TargetSlot {
            into,
            name: CONTENT,
            place: &DirChain::root(),
            is_root: true,
        };
        copier.leaf(slot, held, &stat, &mut Scratch::default())?;
    }
    finish(copier, into)
}

fn new_copier<'a>(
    disk: &'a Disk,
    source: &'a Path,
    target: &Path,
    options: &'a CopyOptions,
    progress: &'a dyn Progress,
) -> Copier<'a> {
    Copier {
        disk,
        options,
        progress,
        source_path: source,
        target_path: target.to_owned(),
        target: None,
        fresh: InodeDefaults {
            uid: u32::MAX,
            gid: u32::MAX,
            mode: None,
            flags: IFlags::empty(),
        },
        umask: 0o777,
        exact: false,
        links: Links::default(),
        collector: Collector::default(),
        tally: Tally::default(),
        clones: Clones::default(),
        waiting: AtomicBool::new(false),
        last: Mutex::default(),
    }
}

/// The target's root in the staging folder, of which the umask is learnt on the way.
fn make_root(
    disk: &Disk,
    staging: BorrowedFd<'_>,
    copier: &mut Copier<'_>,
) -> Result<OwnedFd, Error> {
    let fail = |error| Error::write(&copier.target_path, error);
    disk.make_dir_at(staging, CONTENT, 0o777).map_err(fail)?;
    let root = stat::open_dir(staging, CONTENT).map_err(fail)?;
    let umask = !Stat::of(root.as_fd()).map_err(fail)?.mode & 0o777;
    disk.set_mode(InodeFd::Open(root.as_fd()), CONTENT, 0o700)
        .map_err(fail)?;
    learn_fresh(copier, root.as_fd())?;
    copier.umask = umask;
    Ok(root)
}

/// What is made in the folder `fd` has its owner, group and flags.
fn learn_fresh(copier: &mut Copier<'_>, fd: BorrowedFd<'_>) -> Result<(), Error> {
    let stat = Stat::of(fd).map_err(|error| Error::write(&copier.target_path, error))?;
    copier.fresh = InodeDefaults {
        uid: stat.uid,
        gid: stat.gid,
        mode: None,
        flags: stat::flags(fd),
    };
    Ok(())
}

/// Takes stock of what was copied, and sets the flags that had to wait for it.
fn finish(copier: Copier<'_>, staging: BorrowedFd<'_>) -> Result<Built, Error> {
    let Copier {
        disk,
        options,
        source_path,
        target_path,
        collector,
        tally,
        last,
        ..
    } = copier;
    let counts = tally.counts.survey();
    let (problems, problems_left_out, failed) = tally.into_parts();
    if !failed.is_empty() {
        return Err(Error::Incomplete {
            source_root: source_path.to_owned(),
            failed,
        });
    }
    let mut copied = Copied {
        counts,
        manifest: options.digest.then(|| collector.finish()),
        problems,
        problems_left_out,
    };
    let last = last.into_inner().unwrap_or_else(PoisonError::into_inner);
    let is_root = |last: &LateAttributes| last.place.is_root() && last.name.is_empty();
    let (last, below): (Vec<LateAttributes>, Vec<LateAttributes>) =
        last.into_iter().partition(is_root);
    for each in below {
        let fail = |error| {
            let path = each.place.path_of(&each.name);
            Error::write(join_path(&target_path, &path), error)
        };
        let root = stat::hold(staging, CONTENT).map_err(fail)?;
        let mut held = open_chain(root.as_fd(), &each.place).map_err(fail)?;
        if !each.name.is_empty() {
            held = stat::hold(held.as_fd(), &each.name).map_err(fail)?;
        }
        each.set(disk, &held, &target_path, &mut copied)?;
    }
    let held = stat::hold(staging, CONTENT).map_err(|error| Error::write(&target_path, error))?;
    Ok(Built { held, copied, last })
}

impl Built {
    /// What was copied, for whoever sees to the root's attributes.
    pub(super) fn into_copied(self) -> Copied {
        self.copied
    }

    /// Sets, after the rename, what would have stood against it.
    pub(super) fn set_late_attributes(mut self, disk: &Disk, path: &Path) -> Result<Copied, Error> {
        for last in self.last {
            last.set(disk, &self.held, path, &mut self.copied)?;
        }
        Ok(self.copied)
    }
}

impl LateAttributes {
    fn set(
        &self,
        disk: &Disk,
        held: &OwnedFd,
        target: &Path,
        copied: &mut Copied,
    ) -> Result<(), Error> {
        let path = self.place.path_of(&self.name);
        let fail = |error| Error::write(join_path(target, &path), error);
        let fd = stat::open_held(held.as_fd()).map_err(fail)?;
        if let Some(mode) = self.mode {
            disk.set_mode(InodeFd::Open(fd.as_fd()), &self.name, mode)
                .map_err(fail)?;
        }
        if !self.flags.is_empty()
            && let Err(error) = attributes::set_flags(disk, fd.as_fd(), &self.name, self.flags)
        {
            copied.lose_flags(path, &error);
        }
        Ok(())
    }
}
