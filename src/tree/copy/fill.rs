//! A copy into a directory that stays: the one way where nothing can be renamed over it.

use std::os::fd::AsFd as _;
use std::path::Path;

use super::build::{HeldPath, build};
use super::options::{Copied, CopyOptions};
use crate::fs::{Disk, InodeFd};
use crate::progress::Progress;
use crate::tree::error::Error;
use crate::tree::target::destination::check_outside;
use crate::tree::target::in_place::{Holds, InPlace, RootAttributes, holds};
use crate::tree::walk::escaped::escaped;
use crate::tree::walk::stat::{self, Stat, XattrRoom};
use crate::tree::walk::walk::open_root;

/// Copies the directory `source` into the directory `target`, as [`copy`](super::copy) does,
/// but for one thing: `target` itself stays, so that it may be a mount point. It must be
/// empty, or hold part of an earlier such copy, which is removed. Until the copy is complete
/// [`holds`] says [`Holds::Part`] of it.
///
/// # Errors
/// Those of [`copy`](super::copy), and [`Error::Unfinished`] for the source. After one the
/// target is empty, or still recognised as unfinished.
pub fn fill(
    disk: &Disk,
    source: &Path,
    target: &Path,
    options: &CopyOptions,
    progress: &dyn Progress,
) -> Result<Copied, Error> {
    let unreadable = |error| Error::read(source, error);
    let held = open_root(source)?;
    let root = Stat::of(held.as_fd()).map_err(unreadable)?;
    check_outside(open_root(target)?.as_fd(), target, source, &root)?;
    if holds(source)? == Holds::Part {
        return Err(Error::Unfinished {
            path: source.to_owned(),
        });
    }
    let place = InPlace::begin(disk, target)?;
    progress.start(&escaped(target).to_string(), options.expected_bytes);
    let from = HeldPath {
        fd: &held,
        path: source,
    };
    let built = place.fenced(source, |fence| {
        build(disk, from, place.dir(fence), target, options, progress)
    });
    let read = built.and_then(|built| {
        let stat = Stat::of(held.as_fd()).map_err(unreadable)?;
        let xattrs = match XattrRoom::default().read(InodeFd::Open(held.as_fd())) {
            Err(error) if stat::is_too_much(&error) => Vec::new(),
            xattrs => xattrs.map_err(unreadable)?,
        };
        Ok((built, stat, xattrs))
    });
    progress.finish();
    let (built, stat, xattrs) = match read {
        Ok(read) => read,
        Err(error) => {
            place.abandon();
            return Err(error);
        }
    };
    let attributes = RootAttributes {
        stat: &stat,
        xattrs: &xattrs,
        flags: stat::flags(held.as_fd()),
    };
    let mut copied = built.into_copied();
    // What of the root's couldn't be kept is told by whom it is set for good.
    copied.problems.retain(|problem| !problem.path.is_empty());
    copied
        .problems
        .extend(place.publish(&attributes, options.sync)?);
    Ok(copied)
}
