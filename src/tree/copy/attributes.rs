//! Giving a copy the attributes of its source, in the order in which none undoes another:
//! owner (which clears setuid and capabilities), xattrs, mode, flags, times.

use std::ffi::CStr;
use std::io;
use std::os::fd::AsFd as _;

use rustix::fs::{FileType, IFlags, Timespec, Timestamps};
use rustix::io::Errno;

use crate::fs::{Disk, InodeFd};
use crate::tree::error::Lost;
use crate::tree::walk::stat::{self, LOCKING_FLAGS, Stat, Xattrs};

/// What a source's file has besides its contents.
#[derive(Debug)]
pub(in crate::tree) struct Attributes<'a> {
    pub stat: &'a Stat,
    pub xattrs: &'a Xattrs,
    /// Its kept inode flags.
    pub flags: IFlags,
}

impl Attributes<'_> {
    /// True if `other` is the same but for the access time.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let key = |stat: &Stat| (stat.mode, stat.uid, stat.gid, stat.modified);
        key(self.stat) == key(other.stat)
            && self.xattrs == other.xattrs
            && self.flags == other.flags
    }
}

impl Attributes<'_> {
    /// What `made` has otherwise, though nobody refused to set it, and the reason; without
    /// what was `told` already.
    pub(super) fn not_kept(&self, made: &Stat, told: &[Lost]) -> Vec<(Lost, String)> {
        let stat = self.stat;
        let mut lost = Vec::new();
        let mut differs = |is: bool, what: Lost, found: String| {
            if is && !told.contains(&what) {
                lost.push((what, format!("the filesystem has made it {found}")));
            }
        };
        let owned = (made.uid, made.gid) == (stat.uid, stat.gid);
        let owner = format!("{}:{}", made.uid, made.gid);
        differs(!owned, Lost::Owner, owner);
        // Those of a file that couldn't be given to its owner are gone with that.
        let counts = if owned { 0o7777 } else { 0o1777 };
        let mode = (made.mode ^ stat.mode) & counts != 0 && stat.kind != FileType::Symlink;
        differs(mode, Lost::Mode, format!("{:04o}", made.mode));
        if made.modified != stat.modified && !told.contains(&Lost::Times) {
            lost.push((Lost::Times, made_otherwise(made.modified)));
        }
        lost
    }
}

/// Why a time isn't kept that the filesystem took without a word.
pub(super) fn made_otherwise(time: Timespec) -> String {
    let (seconds, nanoseconds) = (time.tv_sec, time.tv_nsec);
    format!("the filesystem has made it {seconds}.{nanoseconds:09}")
}

/// The attributes that a file has right after it was made, before any is set.
#[derive(Debug, Clone, Copy)]
pub(in crate::tree) struct InodeDefaults {
    pub uid: u32,
    pub gid: u32,
    /// `None` where that can't be told.
    pub mode: Option<u32>,
    pub flags: IFlags,
}

/// Told of each loss: what, and the system's reason.
pub(in crate::tree) type Losses<'a> = &'a mut dyn FnMut(Lost, String);

/// Gives the file that `held` holds all attributes but the flags that lock it.
pub(in crate::tree) fn apply(
    disk: &Disk,
    held: InodeFd<'_>,
    name: &CStr,
    attributes: &Attributes<'_>,
    fresh: &InodeDefaults,
    lost: Losses<'_>,
) -> io::Result<()> {
    let Attributes {
        stat,
        xattrs,
        flags,
    } = attributes;
    let owned = set_owner(disk, held, name, stat, fresh, lost)?;
    for (attribute, value) in *xattrs {
        let set = disk.set_xattr(held, name, attribute, value);
        or_lost(set, lost, Lost::Xattr, &attribute.to_string_lossy())?;
    }
    if stat.kind != FileType::Symlink {
        set_mode(disk, held, name, attributes, fresh, owned, lost)?;
    }
    let now = *flags - LOCKING_FLAGS;
    if let InodeFd::Open(fd) = held
        && now != fresh.flags
    {
        or_lost(set_flags(disk, fd, name, now), lost, Lost::Flags, "")?;
    }
    set_times(disk, held, name, stat, lost)
}

/// Access and modification time, the last thing to be set.
pub(super) fn set_times(
    disk: &Disk,
    held: InodeFd<'_>,
    name: &CStr,
    stat: &Stat,
    lost: Losses<'_>,
) -> io::Result<()> {
    let times = Timestamps {
        last_access: stat.accessed,
        last_modification: stat.modified,
    };
    or_lost(disk.set_times(held, name, &times), lost, Lost::Times, "")
}

/// True if the copy has the source's owner and group.
fn set_owner(
    disk: &Disk,
    held: InodeFd<'_>,
    name: &CStr,
    stat: &Stat,
    fresh: &InodeDefaults,
    lost: Losses<'_>,
) -> io::Result<bool> {
    if (stat.uid, stat.gid) == (fresh.uid, fresh.gid) {
        return Ok(true);
    }
    let set = disk.set_owner(held, name, Some(stat.uid), Some(stat.gid));
    match set {
        Err(error) if is_refusal(&error) => {
            // Whoever may not give a file away may still give it to a group of theirs.
            let _ = disk.set_owner(held, name, None, Some(stat.gid));
            lost(Lost::Owner, format!("{}:{}: {error}", stat.uid, stat.gid));
            Ok(false)
        }
        set => set.map(|()| true),
    }
}

fn set_mode(
    disk: &Disk,
    held: InodeFd<'_>,
    name: &CStr,
    attributes: &Attributes<'_>,
    fresh: &InodeDefaults,
    owned: bool,
    lost: Losses<'_>,
) -> io::Result<()> {
    let mode = attributes.stat.mode;
    // Setuid of a wrong owner would be a gift to that owner.
    let mode = if owned { mode } else { mode & !0o6000 };
    let special = mode & 0o7000 != 0;
    if !special && attributes.xattrs.is_empty() && fresh.mode == Some(mode) {
        return Ok(());
    }
    or_lost(disk.set_mode(held, name, mode), lost, Lost::Mode, "")
}

/// Sets the kept flags to `flags`, and leaves the filesystem's own as they are.
pub(in crate::tree) fn set_flags(
    disk: &Disk,
    fd: std::os::fd::BorrowedFd<'_>,
    name: &CStr,
    flags: IFlags,
) -> io::Result<()> {
    let own = rustix::fs::ioctl_getflags(fd.as_fd())?;
    disk.set_flags(fd, name, (own - stat::KEPT_FLAGS) | flags)
}

/// Turns a refusal into a loss; what else goes wrong stays an error.
fn or_lost(done: io::Result<()>, lost: Losses<'_>, what: Lost, detail: &str) -> io::Result<()> {
    match done {
        Err(error) if is_refusal(&error) => {
            let colon = if detail.is_empty() { "" } else { ": " };
            lost(what, format!("{detail}{colon}{error}"));
            Ok(())
        }
        done => done,
    }
}

/// The target or the caller's rights can't hold such a thing; the medium is well.
fn is_refusal(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(
            Errno::PERM
                | Errno::ACCESS
                | Errno::INVAL
                | Errno::OPNOTSUPP
                | Errno::NOTTY
                | Errno::NOSYS
                | Errno::RANGE
                | Errno::TOOBIG
                | Errno::NOSPC
                | Errno::OVERFLOW
        )
    )
}
