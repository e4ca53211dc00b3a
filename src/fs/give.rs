//! New files and folders that belong to whom another belongs to, and modes that get no looser.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Gid, Mode, Uid};

use super::replace::{WriteError, at, parent};
use super::{Disk, Purpose, TemporaryName};

impl Disk {
    /// [`Disk::create`], for whom the file or folder at `like` belongs to, where this process
    /// may give files away.
    ///
    /// # Errors
    /// As [`Disk::create`].
    pub fn create_like(
        &self,
        path: &Path,
        content: &[u8],
        mode: u32,
        like: &Path,
    ) -> Result<(), WriteError> {
        let io = at(path);
        let temporary = self
            .fill_temporary(path, |out| out.write_all(content))
            .map_err(&io)?;
        let file = temporary.as_file();
        self.give(file, like, path).map_err(&io)?;
        self.chmod(file, mode, path).map_err(&io)?;
        self.sync_file(file, path).map_err(&io)?;
        self.place_new(temporary, path)
    }

    /// Makes the folder `path` with `mode`, for whom `like` belongs to, as
    /// [`Disk::create_like`] does.
    ///
    /// # Errors
    /// Those of mkdir(2), fchown(2) and fchmod(2).
    pub fn create_dir_owned(&self, path: &Path, mode: u32, like: &Path) -> io::Result<()> {
        self.place_dir(path, |made| {
            let folder = File::open(made)?;
            self.give(&folder, like, path)?;
            self.chmod(&folder, mode, path)
        })
    }

    /// Makes a folder under a temporary name, has it dressed, and gives it its own: it is never
    /// seen with other rights than it is to have.
    pub(super) fn place_dir(
        &self,
        path: &Path,
        dress: impl FnOnce(&Path) -> io::Result<()>,
    ) -> io::Result<()> {
        let name = TemporaryName::new(Purpose::Part);
        let made = name.path_in(parent(path));
        self.create_dir(&made, 0o700)?;
        let placed = dress(&made).and_then(|()| self.rename_new(&made, path));
        if placed.is_err() {
            // What stays is swept by the next run.
            let _ = self.remove_dir(&made);
        }
        placed
    }

    /// Takes from a regular file the rights that `most` has not.
    ///
    /// # Errors
    /// Those of open(2) and fchmod(2).
    pub fn tighten(&self, path: &Path, most: u32) -> io::Result<()> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        let mode = metadata.mode() & 0o7777;
        if mode & !most == 0 || !metadata.is_file() {
            return Ok(());
        }
        self.chmod(&file, mode & most, path)
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// Those of rmdir(2).
    #[expect(clippy::disallowed_methods, reason = "`fs` is the door")]
    pub fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.before("rmdir", path)?;
        fs::remove_dir(path)
    }

    #[expect(clippy::disallowed_methods, reason = "`fs` is the door")]
    fn chmod(&self, file: &File, mode: u32, path: &Path) -> io::Result<()> {
        self.before("chmod", path)?;
        Ok(rustix::fs::fchmod(file, Mode::from_raw_mode(mode))?)
    }

    /// Only root may do that, and only where the owner would change there is anything to do.
    #[expect(clippy::disallowed_methods, reason = "`fs` is the door")]
    fn give(&self, file: &File, like: &Path, path: &Path) -> io::Result<()> {
        let (want, have) = (like.metadata()?, file.metadata()?);
        let is_same = (want.uid(), want.gid()) == (have.uid(), have.gid());
        if is_same || !rustix::process::geteuid().is_root() {
            return Ok(());
        }
        self.before("chown", path)?;
        let (owner, group) = (Uid::from_raw(want.uid()), Gid::from_raw(want.gid()));
        Ok(rustix::fs::fchown(file, Some(owner), Some(group))?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_gets_tighter_and_never_looser() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        let disk = Disk::new();
        disk.create_like(&path, b"x", 0o640, home.path()).unwrap();
        for (most, expect) in [(0o666, 0o640), (0o604, 0o600), (0o777, 0o600)] {
            disk.tighten(&path, most).unwrap();
            assert_eq!(path.metadata().unwrap().mode() & 0o7777, expect);
        }
        let again = disk
            .create_like(&path, b"y", 0o640, home.path())
            .unwrap_err();
        assert!(matches!(again, WriteError::Exists { .. }));
        assert_eq!(fs::read(&path).unwrap(), b"x");
    }
}
