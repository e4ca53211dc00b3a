//! Makes folders by path, for places that belong to the operator (the folder that holds the
//! volumes); nothing here is for a tree that a container can write to.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::{Disk, WriteError};

impl Disk {
    /// Makes the folder `path` with `mode` less the umask; its parent must be there.
    ///
    /// # Errors
    /// Those of mkdir(2) and fsync(2), `AlreadyExists` among them.
    pub fn create_dir(&self, path: &Path, mode: u32) -> io::Result<()> {
        self.before("mkdir", path)?;
        fs::DirBuilder::new().mode(mode).create(path)?;
        self.sync_parent(path)
    }

    /// Makes the folder `path` and those above it that aren't there, with `mode` less the umask.
    /// That somebody makes one meanwhile is no error.
    ///
    /// # Errors
    /// [`WriteError::Io`] with the folder that can't be made.
    pub fn create_dirs(&self, path: &Path, mode: u32) -> Result<(), WriteError> {
        let missing = path.ancestors().take_while(|folder| !folder.exists());
        let missing: Vec<_> = missing.collect();
        for folder in missing.into_iter().rev() {
            match self.create_dir(folder, mode) {
                Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                    let path = folder.to_owned();
                    return Err(WriteError::Io { path, source });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// To be called before an effect that is no file's: `docker volume create`, say. The
    /// hook sees it like any other, so that a test can fail or stop there.
    ///
    /// # Errors
    /// The hook's.
    pub fn announce(&self, call: &'static str, what: &Path) -> io::Result<()> {
        self.before(call, what)
    }

    fn sync_parent(&self, path: &Path) -> io::Result<()> {
        let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
        self.before("fsync", parent)?;
        fs::File::open(parent)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;
    use std::os::unix::fs::PermissionsExt;

    use super::Disk;

    #[test]
    fn a_folder_is_made_with_its_mode_and_never_twice() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("data");
        Disk::new().create_dir(&path, 0o750).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o750);
        let again = Disk::new().create_dir(&path, 0o750).unwrap_err();
        assert_eq!(again.kind(), io::ErrorKind::AlreadyExists);
    }
}
