//! Names: making, linking, renaming and unlinking entries of a held directory.
//!
//! Every call takes a directory's descriptor and one component, so that nothing that
//! happens to the path above can send it elsewhere, and none follows a symlink.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the door for fd-relative changes"
)]

use std::ffi::{CStr, OsStr};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, Dev, FileType, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::Disk;

/// The hook's view of a name below a held directory.
pub(super) fn shown(name: &CStr) -> &Path {
    Path::new(OsStr::from_bytes(name.to_bytes()))
}

/// What a rename does when the new name is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Fails with `EEXIST`.
    Refuse,
    /// Replaces it, as `rename(2)` does: a file by a file, an empty directory by a
    /// directory.
    Replace,
}

/// Renames if the new name isn't taken at the moment.
fn rename_looking(
    dir: BorrowedFd<'_>,
    name: &CStr,
    new_dir: BorrowedFd<'_>,
    new_name: &CStr,
) -> io::Result<()> {
    match rustix::fs::statat(new_dir, new_name, AtFlags::SYMLINK_NOFOLLOW) {
        Err(Errno::NOENT) => Ok(rustix::fs::renameat(dir, name, new_dir, new_name)?),
        Err(error) => Err(error.into()),
        Ok(_) => Err(Errno::EXIST.into()),
    }
}

impl Disk {
    /// Makes the directory `name` in `dir` with the permission bits `mode`, less the umask.
    ///
    /// # Errors
    /// Those of mkdirat(2).
    pub fn make_dir_at(&self, dir: BorrowedFd<'_>, name: &CStr, mode: u32) -> io::Result<()> {
        self.before("mkdir", shown(name))?;
        Ok(rustix::fs::mkdirat(dir, name, Mode::from_raw_mode(mode))?)
    }

    /// Makes the symlink `name` in `dir`, pointing at `target`.
    ///
    /// # Errors
    /// Those of symlinkat(2).
    pub fn make_symlink_at(
        &self,
        target: &CStr,
        dir: BorrowedFd<'_>,
        name: &CStr,
    ) -> io::Result<()> {
        self.before("symlink", shown(name))?;
        Ok(rustix::fs::symlinkat(target, dir, name)?)
    }

    /// Makes a fifo, a socket or a device with no permission bits at all; `device` counts
    /// for the latter only.
    ///
    /// # Errors
    /// Those of mknodat(2).
    pub fn make_node_at(
        &self,
        dir: BorrowedFd<'_>,
        name: &CStr,
        kind: FileType,
        device: Dev,
    ) -> io::Result<()> {
        self.before("mknod", shown(name))?;
        Ok(rustix::fs::mknodat(dir, name, kind, Mode::empty(), device)?)
    }

    /// Makes the regular file `name` in `dir`, which must not exist, and opens it for
    /// reading and writing.
    ///
    /// # Errors
    /// Those of openat(2), `EEXIST` among them.
    pub fn create_at(&self, dir: BorrowedFd<'_>, name: &CStr, mode: u32) -> io::Result<OwnedFd> {
        self.before("open", shown(name))?;
        let flags = OFlags::RDWR
            | OFlags::CREATE
            | OFlags::EXCL
            | OFlags::NOFOLLOW
            | OFlags::CLOEXEC
            | OFlags::NOCTTY;
        Ok(rustix::fs::openat(
            dir,
            name,
            flags,
            Mode::from_raw_mode(mode),
        )?)
    }

    /// Gives the file `name` of `dir` a second name.
    ///
    /// # Errors
    /// Those of linkat(2).
    pub fn link_at(
        &self,
        dir: BorrowedFd<'_>,
        name: &CStr,
        new_dir: BorrowedFd<'_>,
        new_name: &CStr,
    ) -> io::Result<()> {
        self.before("link", shown(new_name))?;
        Ok(rustix::fs::linkat(
            dir,
            name,
            new_dir,
            new_name,
            AtFlags::empty(),
        )?)
    }

    /// Renames within one filesystem. Some (NFS, most in user space) can't refuse by
    /// themselves: there the new name is looked at first.
    ///
    /// # Errors
    /// Those of renameat2(2).
    pub fn rename_at(
        &self,
        dir: BorrowedFd<'_>,
        name: &CStr,
        new_dir: BorrowedFd<'_>,
        new_name: &CStr,
        taken: Taken,
    ) -> io::Result<()> {
        self.before("rename", shown(new_name))?;
        let flags = match taken {
            Taken::Refuse => RenameFlags::NOREPLACE,
            Taken::Replace => RenameFlags::empty(),
        };
        match rustix::fs::renameat_with(dir, name, new_dir, new_name, flags) {
            Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) if taken == Taken::Refuse => {
                rename_looking(dir, name, new_dir, new_name)
            }
            renamed => Ok(renamed?),
        }
    }

    /// Removes the name of anything but a directory.
    ///
    /// # Errors
    /// Those of unlinkat(2).
    pub fn unlink_at(&self, dir: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
        self.before("unlink", shown(name))?;
        Ok(rustix::fs::unlinkat(dir, name, AtFlags::empty())?)
    }

    /// Removes an empty directory.
    ///
    /// # Errors
    /// Those of unlinkat(2), `ENOTEMPTY` among them.
    pub fn remove_dir_at(&self, dir: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
        self.before("rmdir", shown(name))?;
        Ok(rustix::fs::unlinkat(dir, name, AtFlags::REMOVEDIR)?)
    }
}
