//! A file that is written under a temporary name and then given its own.

use std::collections::BTreeSet;
use std::ffi::CString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::FlockOperation;
use tempfile::NamedTempFile;

use super::replace::parent;
use super::{Disk, Maker, Purpose, TemporaryName, maker_of};

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
        self.sweep_files(parent(target))?;
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

    /// Removes the files and symlinks that killed runs left in `folder`, the first time that
    /// this process writes there. Trees are for the sweeper of `tree`.
    pub(super) fn sweep_files(&self, folder: &Path) -> io::Result<()> {
        static SWEPT: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
        let mut swept = SWEPT.lock().unwrap_or_else(PoisonError::into_inner);
        if !swept.insert(folder.to_owned()) {
            return Ok(());
        }
        drop(swept);
        // What can't be read is told by what comes next.
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = CString::new(entry.file_name().as_bytes()).unwrap_or_default();
            let left_over = maker_of(&name) == Some(Maker::Dead)
                && entry.metadata().is_ok_and(|there| {
                    !there.is_dir() && there.uid() == rustix::process::geteuid().as_raw()
                });
            if left_over {
                match self.remove_file(&entry.path()) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}
