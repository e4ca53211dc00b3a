//! Removing a tree: out of sight first, in one rename, and then piece by piece.
//!
//! Works on held directories only and follows no symlink. Folders deeper than
//! [`DEPTH`] are moved up beside the root before they are emptied, so that neither open
//! files nor the stack grow with the depth of the tree.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{FileType, IFlags};

use crate::fs::{Disk, InodeFd, Purpose, Taken, TemporaryName};
use crate::tree::walk::stat::{self, DirEntry, LOCKING_FLAGS, Listing, Stat};

/// How many folders are open at a time.
const DEPTH: usize = 64;

/// Removes whatever is at `root`, an operator's path, with all that is in it. The last
/// component isn't followed if it is a symlink. After a crash a folder for
/// [`Purpose::Trash`] may remain beside it, which the next [`sweep`](super::sweep::sweep) takes.
///
/// # Errors
/// The operating system's error of the first thing that can't be removed; `InvalidInput` for a
/// path that ends in no name.
pub fn remove(disk: &Disk, root: &Path) -> io::Result<()> {
    let (above, name) = super::destination::split(root)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a removable path"))?;
    let dir: OwnedFd = File::open(above)?.into();
    remove_at(disk, dir.as_fd(), &name)
}

/// [`remove`] in a held directory.
pub(crate) fn remove_at(disk: &Disk, dir: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
    if Stat::at(dir, name)?.kind != FileType::Directory {
        return unlocked(disk, dir, name, || disk.unlink_at(dir, name));
    }
    let trash = TemporaryName::new(Purpose::Trash);
    let trash = trash.as_c_str();
    unlocked(disk, dir, name, || {
        disk.rename_at(dir, name, dir, trash, Taken::Refuse)
    })?;
    disk.sync(dir, trash)?;
    empty(disk, dir, trash)?;
    unlocked(disk, dir, trash, || disk.remove_dir_at(dir, trash))
}

/// A folder that is being emptied.
struct EmptyingFolder {
    fd: OwnedFd,
    name: CString,
    entries: Listing,
    /// The number of entries that are removed or moved aside.
    done: usize,
}

impl EmptyingFolder {
    fn open(disk: &Disk, dir: BorrowedFd<'_>, name: &CStr) -> io::Result<Self> {
        make_writable(disk, dir, name)?;
        let fd = stat::open_dir(dir, name)?;
        let entries = stat::list(&fd)?;
        Ok(Self {
            fd,
            name: name.to_owned(),
            entries,
            done: 0,
        })
    }
}

fn empty(disk: &Disk, dir: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
    let mut moved = 0_u64;
    let mut frames = vec![EmptyingFolder::open(disk, dir, name)?];
    let top = stat::open_dir(dir, name)?;
    loop {
        let depth = frames.len();
        let Some(frame) = frames.last_mut() else {
            return Ok(());
        };
        frame.done += 1;
        let Some(entry) = frame.entries.range(frame.done - 1..frame.done).next() else {
            let done = frames.pop();
            if let (Some(done), Some(above)) = (done, frames.last()) {
                let fd = above.fd.as_fd();
                unlocked(disk, fd, &done.name, || disk.remove_dir_at(fd, &done.name))?;
            } else if moved > 0 {
                // What was moved up here is emptied as if it had always been here.
                moved = 0;
                frames.push(EmptyingFolder::open(disk, dir, name)?);
            }
            continue;
        };
        let fd = frame.fd.as_fd();
        if is_dir(fd, entry)? {
            if depth < DEPTH {
                let below = EmptyingFolder::open(disk, fd, entry.name)?;
                frames.push(below);
            } else {
                let aside = TemporaryName::new(Purpose::Aside);
                let aside = aside.as_c_str();
                moved += 1;
                unlocked(disk, fd, entry.name, || {
                    disk.rename_at(fd, entry.name, top.as_fd(), aside, Taken::Refuse)
                })?;
            }
        } else {
            unlocked(disk, fd, entry.name, || disk.unlink_at(fd, entry.name))?;
        }
    }
}

fn is_dir(dir: BorrowedFd<'_>, entry: DirEntry<'_>) -> io::Result<bool> {
    match entry.is_dir {
        Some(is_dir) => Ok(is_dir),
        None => Ok(Stat::at(dir, entry.name)?.kind == FileType::Directory),
    }
}

/// A folder can be emptied by its owner, but not with any permission bits.
fn make_writable(disk: &Disk, dir: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
    let held = stat::hold(dir, name)?;
    let stat = Stat::of(held.as_fd())?;
    if stat.kind == FileType::Directory && stat.mode & 0o700 != 0o700 {
        let held = InodeFd::Named(held.as_fd());
        unlocked(disk, dir, name, || disk.set_mode(held, name, 0o700))?;
    }
    Ok(())
}

/// Does `action` on `name` in `dir`, and once more without the flags that forbid it.
fn unlocked(
    disk: &Disk,
    dir: BorrowedFd<'_>,
    name: &CStr,
    action: impl Fn() -> io::Result<()>,
) -> io::Result<()> {
    match action() {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let unlocked_dir = unlock(disk, dir, name);
            let held = stat::hold(dir, name)?;
            let kind = Stat::of(held.as_fd())?.kind;
            let mut entry = None;
            if matches!(kind, FileType::Directory | FileType::RegularFile) {
                let fd = stat::open_held(held.as_fd())?;
                let flags = unlock(disk, fd.as_fd(), name);
                entry = flags.map(|flags| (fd, flags));
            }
            if unlocked_dir.is_none() && entry.is_none() {
                return Err(error);
            }
            let done = action();
            // What others have of it under another name is as it was.
            if let Some((fd, flags)) = entry
                && kind == FileType::RegularFile
                && Stat::of(fd.as_fd())?.links > 0
            {
                disk.set_flags(fd.as_fd(), name, flags)?;
            }
            done
        }
        done => done,
    }
}

/// Takes the locking flags away; answers all flags as they were, if any of these was among them.
fn unlock(disk: &Disk, fd: BorrowedFd<'_>, name: &CStr) -> Option<IFlags> {
    let flags = rustix::fs::ioctl_getflags(fd).unwrap_or(IFlags::empty());
    if !flags.intersects(LOCKING_FLAGS) {
        return None;
    }
    let unlocked = disk.set_flags(fd, name, flags.difference(LOCKING_FLAGS));
    unlocked.is_ok().then_some(flags)
}
