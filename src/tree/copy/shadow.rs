//! What a folder is known by that an overlay shows under another device and inode: an overlay hands
//! through when the folder below was changed, to the nanosecond, and what is in it.

use std::ffi::CString;
use std::io;
use std::os::fd::BorrowedFd;

use crate::tree::walk::stat::{self, Stat};

/// A folder of an overlay, as its own filesystem would show it.
#[derive(Debug)]
pub(super) struct Shadow {
    stat: Stat,
    /// The names in it, sorted.
    names: Vec<CString>,
}

fn names(fd: BorrowedFd<'_>) -> io::Result<Vec<CString>> {
    // A listing moves the descriptor's place, so it has one of its own.
    let listing = stat::list(&stat::open_dir(fd, c".")?)?;
    let mut names: Vec<CString> = listing.iter().map(|entry| entry.name.to_owned()).collect();
    names.sort_unstable();
    Ok(names)
}

impl Shadow {
    /// What the open folder of that `stat` is known by.
    ///
    /// # Errors
    /// The operating system's error, if the folder can't be listed.
    pub(super) fn of(fd: BorrowedFd<'_>, stat: &Stat) -> io::Result<Self> {
        Ok(Self {
            stat: *stat,
            names: names(fd)?,
        })
    }

    /// True if the open folder `fd` is the same on its own filesystem. One that can't be listed
    /// is taken for it.
    pub(super) fn is_of(&self, fd: BorrowedFd<'_>, stat: &Stat) -> bool {
        let key = |stat: &Stat| {
            let owner = (stat.uid, stat.gid, stat.mode);
            (stat.changed, stat.modified, owner)
        };
        // Folders of one mount are told by their numbers.
        stat.mount != self.stat.mount
            && key(stat) == key(&self.stat)
            && names(fd).map_or(true, |names| names == self.names)
    }
}
