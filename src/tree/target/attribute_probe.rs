//! Whether a filesystem keeps what it takes. Some say yes to a mode, an owner or a time and
//! keep another: vfat, network filesystems, mounts with squashed owners. Asked once, of a file
//! that is made for it; where the answer is no, a copy looks at each thing that it made.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};

use rustix::fs::{Timespec, Timestamps};

use crate::fs::{Disk, InodeFd};
use crate::tree::walk::stat::Stat;

const NAME: &CStr = c"probe";
/// A mode that no filesystem gives by default, so that finding it proves that it was kept.
const MODE: u32 = 0o641;
const OWNER: (u32, u32) = (12_345, 23_456);
const TIME: Timespec = Timespec {
    tv_sec: 1_234_567_891,
    tv_nsec: 987_654_321,
};

/// True if a file in `folder`, which is the caller's own, keeps mode, owner and time.
pub(crate) fn keeps_attributes(disk: &Disk, folder: BorrowedFd<'_>) -> bool {
    let kept = probe(disk, folder).unwrap_or(false);
    // It goes with the folder in any case.
    let _ = disk.unlink_at(folder, NAME);
    kept
}

fn probe(disk: &Disk, folder: BorrowedFd<'_>) -> io::Result<bool> {
    let file = disk.create_at(folder, NAME, 0o600)?;
    let held = InodeFd::Open(file.as_fd());
    let gives_away = rustix::process::geteuid().is_root();
    if gives_away {
        disk.set_owner(held, NAME, Some(OWNER.0), Some(OWNER.1))?;
    }
    disk.set_mode(held, NAME, MODE)?;
    let times = Timestamps {
        last_access: TIME,
        last_modification: TIME,
    };
    disk.set_times(held, NAME, &times)?;
    let stat = Stat::of(file.as_fd())?;
    let owned = !gives_away || (stat.uid, stat.gid) == OWNER;
    Ok(owned && stat.mode == MODE && stat.modified == TIME)
}
