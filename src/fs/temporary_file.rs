//! A file that is written under a temporary name and then given its own.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use rustix::fs::FlockOperation;
use tempfile::NamedTempFile;

use super::replace::parent;
use super::{Disk, Purpose, TemporaryName};

/// A file with a temporary name beside its target. Dropped, it is removed.
#[derive(Debug)]
pub(super) struct TemporaryFile {
    file: NamedTempFile,
    /// In use for as long as the file has it.
    _name: TemporaryName,
}

impl TemporaryFile {
    /// The open file.
    pub(super) fn as_file(&self) -> &File {
        self.file.as_file()
    }

    /// Gives the file its name, in place of whatever file has it.
    pub(super) fn persist(self, path: &Path) -> io::Result<()> {
        self.file
            .persist(path)
            .map(drop)
            .map_err(|error| error.error)
    }

    /// Gives the file its name, if nothing has it.
    pub(super) fn persist_noclobber(self, path: &Path) -> io::Result<()> {
        self.file
            .persist_noclobber(path)
            .map(drop)
            .map_err(|error| error.error)
    }
}

impl Disk {
    /// Makes a file beside `target`, 0600, with what `fill` writes.
    pub(super) fn fill_temporary(
        &self,
        target: &Path,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<TemporaryFile> {
        self.before("open", target)?;
        let name = TemporaryName::new(Purpose::File);
        let file = tempfile::Builder::new()
            .prefix(name.as_os_str())
            .rand_bytes(0)
            .permissions(fs::Permissions::from_mode(0o600))
            .tempfile_in(parent(target))?;
        // For those who can't know whether this process lives. Where there are no locks they
        // leave it alone.
        let _ = rustix::fs::flock(file.as_file(), FlockOperation::NonBlockingLockExclusive);
        let temporary = TemporaryFile { file, _name: name };
        self.before("write", target)?;
        let mut out = io::BufWriter::with_capacity(256 * 1024, temporary.as_file());
        fill(&mut out)?;
        out.flush()?;
        drop(out);
        Ok(temporary)
    }
}
