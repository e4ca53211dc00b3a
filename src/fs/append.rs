//! A line more in a file of transship's own.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::{Disk, WriteError};

impl Disk {
    /// Adds to the end of a file of transship's own, which is made with mode 0600. It may be cut short by a
    /// crash, and no symlink is followed.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn append(&self, path: &Path, content: &[u8]) -> Result<(), WriteError> {
        let io = |source| WriteError::Io {
            path: path.into(),
            source,
        };
        self.before("append", path).map_err(io)?;
        let flags = OFlags::WRONLY
            | OFlags::APPEND
            | OFlags::CREATE
            | OFlags::CLOEXEC
            | OFlags::NOFOLLOW
            | OFlags::NONBLOCK;
        let opened = rustix::fs::open(path, flags, Mode::RUSR | Mode::WUSR);
        let mut file = File::from(opened.map_err(|errno| io(errno.into()))?);
        file.write_all(content).map_err(io)
    }
}
