//! Reading what may be a pipe that nobody writes to, so that the user can still stop it.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;

use crate::progress::Progress;

/// How long it waits before it asks again whether to stop.
const WHILE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 100_000_000,
};

/// A file that is read until its end, or until the user wants to stop.
pub(super) struct Watched<'a> {
    file: File,
    progress: &'a dyn Progress,
}

impl<'a> Watched<'a> {
    /// Opens `path`; a pipe without waiting for who writes.
    ///
    /// # Errors
    /// The operating system's error, if `path` can't be opened.
    pub(super) fn open(path: &Path, progress: &'a dyn Progress) -> io::Result<Self> {
        let nonblocking = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
        let file = File::options()
            .read(true)
            .custom_flags(nonblocking)
            .open(path)?;
        Ok(Self { file, progress })
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.progress.interrupted() {
                return Err(io::Error::other("interrupted"));
            }
            let ready = {
                let mut polled = [PollFd::new(&self.file, PollFlags::IN)];
                poll(&mut polled, Some(&WHILE)).map(|count| count > 0)
            };
            if !ready.or_else(ignore_interruption)? {
                continue;
            }
            match self.file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read,
            }
        }
    }
}

fn ignore_interruption(error: rustix::io::Errno) -> io::Result<bool> {
    match error {
        rustix::io::Errno::INTR => Ok(false),
        error => Err(error.into()),
    }
}
