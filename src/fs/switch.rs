//! A symlink repointed atomically: at every instant it points to the old target or the
//! new one. Never unlink and then symlink: between the two there is nothing.

use std::fs;
use std::io;
use std::path::Path;

use super::replace::parent;
use super::{Disk, Purpose, TemporaryName};

impl Disk {
    /// Makes `link` a symlink to `target`, over an older symlink or new. Refuses
    /// ([`io::ErrorKind::AlreadyExists`]) if `link` is anything else than a symlink.
    ///
    /// # Errors
    /// [`io::ErrorKind::AlreadyExists`], and those of symlink(2), rename(2) and fsync(2).
    #[expect(clippy::disallowed_methods, reason = "`fs` is the door")]
    pub fn switch(&self, link: &Path, target: &Path) -> io::Result<()> {
        match link.symlink_metadata() {
            Ok(metadata) if !metadata.is_symlink() => {
                return Err(io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    "there, and not a symlink",
                ));
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.sweep_files(parent(link))?;
        self.before("symlink", link)?;
        let name = TemporaryName::new(Purpose::Link);
        let temporary = tempfile::Builder::new()
            .prefix(name.as_os_str())
            .rand_bytes(0)
            .make_in(parent(link), |path| {
                std::os::unix::fs::symlink(target, path)
            })?;
        self.before("rename", link)?;
        temporary.persist(link).map_err(|error| error.error)?;
        self.sync_folder(parent(link))?;
        if fs::read_link(link)? == target {
            Ok(())
        } else {
            Err(io::Error::other(
                "the symlink doesn't point where it was put",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_symlink_is_made_and_repointed() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("current");
        for target in ["releases/v1", "releases/v2"] {
            Disk::new().switch(&link, Path::new(target)).unwrap();
            assert_eq!(fs::read_link(&link).unwrap(), Path::new(target));
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_folder_named_like_the_link_is_refused_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("current");
        Disk::new().create(&link, b"precious", 0o600).unwrap();
        let error = Disk::new()
            .switch(&link, Path::new("releases/v1"))
            .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&link).unwrap(), b"precious");
    }

    #[test]
    fn a_fault_before_the_rename_leaves_the_old_target() {
        let folder = tempfile::tempdir().unwrap();
        let link = folder.path().join("current");
        Disk::new().switch(&link, Path::new("old")).unwrap();
        let faulty = Disk::with_hook(|op| match op.call {
            "rename" => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        });
        faulty.switch(&link, Path::new("new")).unwrap_err();
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("old"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
