//! A copy from its source's path to its target's.

use std::fs::File;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, Mode, OFlags};

use super::build::{HeldPath, build};
use super::fill_in_missing::fill_in_missing;
use super::options::{Copied, CopyOptions};
use crate::fs::{Disk, is_temporary};
use crate::progress::Progress;
use crate::tree::error::Error;
use crate::tree::target::destination::Destination;
use crate::tree::target::sweep::sweep_above;
use crate::tree::walk::escaped::escaped;
use crate::tree::walk::stat::Stat;
use crate::tree::walk::survey::{Survey, survey_of};

/// Copies the tree, or the single file, at `source` to `target`, with everything that it
/// has. A symlink at `source` is followed, unless [`CopyOptions::root_itself`] says otherwise.
///
/// The target's folder must exist; the target must be absent or, for a tree, an empty
/// directory (with [`CopyOptions::keep_existing`] it may be any directory). The copy is made
/// in `.NAME.part.RUN` beside the target, and renamed when it is complete; on an error that
/// folder is removed, and one that a killed run left is removed by the next.
///
/// # Errors
/// Kind `Refused` ([`Error::TargetNotEmpty`] and its like): nothing was written.
/// [`Error::Incomplete`]: files couldn't be read, or changed at each of three attempts.
/// [`Error::Write`]: the target's filesystem failed. [`Error::Interrupted`]. After each of them
/// the target is as it was.
pub fn copy(
    disk: &Disk,
    source: &Path,
    target: &Path,
    options: &CopyOptions,
    progress: &dyn Progress,
) -> Result<Copied, Error> {
    // Also where the copy is there already: a run may have been killed after it was.
    sweep_above(disk, target);
    let (held, stat) = hold(source, options)?;
    let tree = stat.kind == FileType::Directory;
    // What is built under a temporary name is called by where it comes from.
    let called = match is_temporary(target) {
        true => source,
        false => target,
    };
    progress.start(
        &escaped(called).to_string(),
        expected(source, tree, options, progress),
    );
    let from = HeldPath {
        fd: &held,
        path: source,
    };
    let copied = if let Some(destination) = destination(source, &stat, target, options)? {
        copy_held(disk, from, destination, options, progress)
    } else {
        let into: OwnedFd = File::open(target)
            .map_err(|error| Error::read(target, error))?
            .into();
        let into = HeldPath {
            fd: &into,
            path: target,
        };
        fill_in_missing(disk, from, into, options, progress)
    };
    progress.finish();
    copied
}

/// What [`copy`] with the same options would copy. Nothing is written.
///
/// # Errors
/// Those of [`copy`] that are known beforehand: kind `Refused`, and [`Error::Read`] for folders.
pub fn foretell_copy(source: &Path, target: &Path, options: &CopyOptions) -> Result<Survey, Error> {
    let (_, stat) = hold(source, options)?;
    destination(source, &stat, target, options)?;
    survey_of(source, &options.surveyed())
}

fn hold(source: &Path, options: &CopyOptions) -> Result<(OwnedFd, Stat), Error> {
    let mut flags = OFlags::PATH | OFlags::CLOEXEC;
    if options.root_itself {
        flags |= OFlags::NOFOLLOW;
    }
    let held = rustix::fs::open(source, flags, Mode::empty())
        .map_err(|error| Error::read(source, error))?;
    let stat = Stat::of(held.as_fd()).map_err(|error| Error::read(source, error))?;
    Ok((held, stat))
}

/// Where the copy comes to be, if nothing speaks against that; none for a folder that stays and is
/// filled.
fn destination(
    source: &Path,
    root: &Stat,
    target: &Path,
    options: &CopyOptions,
) -> Result<Option<Destination>, Error> {
    let tree = root.kind == FileType::Directory;
    if options.keep_existing && tree && target.is_dir() {
        return Ok(None);
    }
    let destination = Destination::find(target, tree)?;
    if tree {
        destination.check_outside(source, root)?;
    }
    Ok(Some(destination))
}

/// How many bytes are to be copied, where that is known or worth knowing.
pub(super) fn expected(
    source: &Path,
    tree: bool,
    options: &CopyOptions,
    progress: &dyn Progress,
) -> Option<u64> {
    if options.expected_bytes.is_some() || !tree || !progress.wants_total() {
        return options.expected_bytes;
    }
    // What can't be counted will be told by the copy.
    survey_of(source, &options.surveyed())
        .ok()
        .map(|survey| survey.bytes)
}

/// Copies what is held to a destination that was looked at.
pub(super) fn copy_held(
    disk: &Disk,
    from: HeldPath<'_>,
    destination: Destination,
    options: &CopyOptions,
    progress: &dyn Progress,
) -> Result<Copied, Error> {
    let staging = destination.stage(disk, from.path);
    let staging = staging.map_err(Error::at_the_start)?;
    let path = staging.path().to_owned();
    let built = build(disk, from, staging.dir(), &path, options, progress)?;
    staging.publish(options.sync)?;
    built.set_late_attributes(disk, &path)
}
