//! Contents: writing, sizing, cloning and syncing an open file.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the door for changes of contents"
)]

use std::ffi::CStr;
use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::{Advice, FallocateFlags};
use rustix::io::Errno;

use super::Disk;
use super::at::shown;

impl Disk {
    /// Writes all of `bytes` at `offset`.
    ///
    /// # Errors
    /// Those of pwrite(2).
    pub fn write_at(
        &self,
        fd: BorrowedFd<'_>,
        name: &CStr,
        mut bytes: &[u8],
        mut offset: u64,
    ) -> io::Result<()> {
        self.before("write", shown(name))?;
        while !bytes.is_empty() {
            match rustix::io::pwrite(fd, bytes, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    bytes = &bytes[written..];
                    offset += written as u64;
                }
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Sets the size; what is added is a hole.
    ///
    /// # Errors
    /// Those of ftruncate(2).
    pub fn set_size(&self, fd: BorrowedFd<'_>, name: &CStr, size: u64) -> io::Result<()> {
        self.before("ftruncate", shown(name))?;
        Ok(rustix::fs::ftruncate(fd, size)?)
    }

    /// Allocates the first `size` bytes, which grows the file to that size.
    ///
    /// # Errors
    /// Those of fallocate(2).
    pub fn allocate(&self, fd: BorrowedFd<'_>, name: &CStr, size: u64) -> io::Result<()> {
        self.before("fallocate", shown(name))?;
        Ok(rustix::fs::fallocate(fd, FallocateFlags::empty(), 0, size)?)
    }

    /// Makes the file share all blocks of `source`, where the filesystem can.
    ///
    /// # Errors
    /// Those of the `FICLONE` ioctl: most filesystems can't.
    pub fn clone_from(
        &self,
        fd: BorrowedFd<'_>,
        name: &CStr,
        source: BorrowedFd<'_>,
    ) -> io::Result<()> {
        self.before("ficlone", shown(name))?;
        Ok(rustix::fs::ioctl_ficlone(fd, source)?)
    }

    /// Begins to write the file's dirty pages to the medium, without waiting. A hint.
    pub fn start_writeback(&self, fd: BorrowedFd<'_>, offset: u64, length: u64) {
        // Linux answers this advice with an asynchronous flush of what is dirty in the
        // range; `sync_file_range` says it plainer, but has no safe wrapper.
        let length = std::num::NonZeroU64::new(length);
        let _ = rustix::fs::fadvise(fd, offset, length, Advice::DontNeed);
    }

    /// Waits until a file or directory is on the medium. Never to be retried: after a
    /// failure the pages count as clean, and a second call reports success.
    ///
    /// # Errors
    /// Those of fsync(2).
    pub fn sync(&self, fd: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
        self.before("fsync", shown(name))?;
        Ok(rustix::fs::fsync(fd)?)
    }

    /// Waits until all of the filesystem that `fd` is on has reached the medium.
    ///
    /// # Errors
    /// Those of syncfs(2).
    pub fn sync_filesystem(&self, fd: BorrowedFd<'_>, name: &CStr) -> io::Result<()> {
        self.before("syncfs", shown(name))?;
        Ok(rustix::fs::syncfs(fd)?)
    }
}
