//! Attributes: owner, mode, times, extended attributes and inode flags, of what a held
//! descriptor names.
//!
//! Descriptors opened with `O_PATH` (the only safe way to hold a fifo, a device or a
//! symlink) refuse the plain `f...` calls; theirs go through `/proc/self/fd`, which leads to
//! that very inode and follows nothing further.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the door for changes of attributes"
)]

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};

use rustix::fs::{AtFlags, Gid, IFlags, Mode, Timestamps, Uid, XattrFlags};

use super::Disk;
use super::at::shown;

/// A descriptor and how it may be used.
#[derive(Debug, Clone, Copy)]
pub enum InodeFd<'fd> {
    /// Opened for reading or writing.
    Open(BorrowedFd<'fd>),
    /// Opened with `O_PATH`.
    Named(BorrowedFd<'fd>),
}

impl<'fd> InodeFd<'fd> {
    /// The descriptor itself.
    pub const fn fd(self) -> BorrowedFd<'fd> {
        match self {
            Self::Open(fd) | Self::Named(fd) => fd,
        }
    }

    /// The path that leads to an `O_PATH` descriptor's inode; no process but this one can
    /// change where it leads.
    pub fn proc_path(self) -> String {
        format!("/proc/self/fd/{}", self.fd().as_raw_fd())
    }
}

impl Disk {
    /// Sets owner and group; `None` leaves one as it is.
    ///
    /// # Errors
    /// Those of fchown(2).
    pub fn set_owner(
        &self,
        held: InodeFd<'_>,
        name: &CStr,
        uid: Option<u32>,
        gid: Option<u32>,
    ) -> io::Result<()> {
        self.before("chown", shown(name))?;
        let (uid, gid) = (uid.map(Uid::from_raw), gid.map(Gid::from_raw));
        match held {
            InodeFd::Open(fd) => rustix::fs::fchown(fd, uid, gid)?,
            InodeFd::Named(fd) => rustix::fs::chownat(fd, c"", uid, gid, AtFlags::EMPTY_PATH)?,
        }
        Ok(())
    }

    /// Sets the permission bits, setuid, setgid and sticky among them.
    ///
    /// # Errors
    /// Those of fchmod(2).
    pub fn set_mode(&self, held: InodeFd<'_>, name: &CStr, mode: u32) -> io::Result<()> {
        self.before("chmod", shown(name))?;
        let mode = Mode::from_raw_mode(mode);
        match held {
            InodeFd::Open(fd) => rustix::fs::fchmod(fd, mode)?,
            InodeFd::Named(_) => rustix::fs::chmod(held.proc_path(), mode)?,
        }
        Ok(())
    }

    /// Sets access and modification time.
    ///
    /// # Errors
    /// Those of utimensat(2).
    pub fn set_times(&self, held: InodeFd<'_>, name: &CStr, times: &Timestamps) -> io::Result<()> {
        self.before("utimens", shown(name))?;
        match held {
            InodeFd::Open(fd) => rustix::fs::futimens(fd, times)?,
            InodeFd::Named(fd) => rustix::fs::utimensat(fd, c"", times, AtFlags::EMPTY_PATH)?,
        }
        Ok(())
    }

    /// Sets one extended attribute, an ACL or capability among them.
    ///
    /// # Errors
    /// Those of fsetxattr(2); `ENOTSUP` where the filesystem has no such attributes.
    pub fn set_xattr(
        &self,
        held: InodeFd<'_>,
        name: &CStr,
        attribute: &CStr,
        value: &[u8],
    ) -> io::Result<()> {
        self.before("setxattr", shown(name))?;
        let flags = XattrFlags::empty();
        match held {
            InodeFd::Open(fd) => rustix::fs::fsetxattr(fd, attribute, value, flags)?,
            InodeFd::Named(_) => rustix::fs::setxattr(held.proc_path(), attribute, value, flags)?,
        }
        Ok(())
    }

    /// Removes one extended attribute.
    ///
    /// # Errors
    /// Those of fremovexattr(2).
    pub fn remove_xattr(&self, held: InodeFd<'_>, name: &CStr, attribute: &CStr) -> io::Result<()> {
        self.before("removexattr", shown(name))?;
        match held {
            InodeFd::Open(fd) => rustix::fs::fremovexattr(fd, attribute)?,
            InodeFd::Named(_) => rustix::fs::removexattr(held.proc_path(), attribute)?,
        }
        Ok(())
    }

    /// Sets the inode flags (`chattr`'s) of an open file or directory.
    ///
    /// # Errors
    /// Those of the `FS_IOC_SETFLAGS` ioctl.
    pub fn set_flags(&self, fd: BorrowedFd<'_>, name: &CStr, flags: IFlags) -> io::Result<()> {
        self.before("setflags", shown(name))?;
        Ok(rustix::fs::ioctl_setflags(fd, flags)?)
    }
}
