//! What is made new, by path, inside a staging folder that only the caller can enter.
//!
//! Path-based calls are safe there and nowhere else: no other user can plant a symlink
//! below a fresh 0700 folder. Trees that a container writes go through the fd-relative
//! calls.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Mode, OFlags, RenameFlags, Timespec, Timestamps};

use super::Disk;

/// How much is written between two calls of the observer.
const CHUNK: usize = 256 * 1024;

impl Disk {
    /// Makes a regular file with what `content` gives, telling `advance` of every chunk's
    /// bytes; `advance` may stop it with an error.
    ///
    /// # Errors
    /// Those of open(2) and write(2), those of `content`, and that of `advance`.
    pub fn unpack_file(
        &self,
        path: &Path,
        mode: u32,
        content: &mut dyn Read,
        advance: &mut dyn FnMut(u64) -> io::Result<()>,
    ) -> io::Result<File> {
        self.before("open", path)?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(rustix::fs::openat(
            CWD,
            path,
            flags,
            Mode::RUSR | Mode::WUSR,
        )?);
        let mut buffer = vec![0_u8; CHUNK];
        loop {
            let length = match content.read(&mut buffer) {
                Ok(0) => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            self.before("write", path)?;
            file.write_all(&buffer[..length])?;
            advance(length as u64)?;
        }
        self.chmod_unpacked(&file, path, mode)?;
        Ok(file)
    }

    /// Sets the mode of an open file or folder.
    ///
    /// # Errors
    /// Those of fchmod(2).
    #[expect(clippy::disallowed_methods, reason = "`fs` is the door")]
    pub fn chmod_unpacked(&self, file: &File, path: &Path, mode: u32) -> io::Result<()> {
        self.before("chmod", path)?;
        Ok(rustix::fs::fchmod(file, Mode::from_raw_mode(mode))?)
    }

    /// Sets the modification time of whatever is at `path`, a symlink's own included: seconds
    /// since 1970, or before, and nanoseconds on top.
    ///
    /// # Errors
    /// Those of utimensat(2).
    #[expect(clippy::disallowed_methods, reason = "`fs` is the door")]
    pub fn set_modified(&self, path: &Path, (seconds, nanoseconds): (i64, u32)) -> io::Result<()> {
        self.before("utimens", path)?;
        let stamp = Timespec {
            tv_sec: seconds,
            tv_nsec: nanoseconds.into(),
        };
        let times = Timestamps {
            last_access: stamp,
            last_modification: stamp,
        };
        Ok(rustix::fs::utimensat(
            CWD,
            path,
            &times,
            AtFlags::SYMLINK_NOFOLLOW,
        )?)
    }

    /// Makes a symlink that holds `target`.
    ///
    /// # Errors
    /// Those of symlink(2).
    #[expect(clippy::disallowed_methods, reason = "`fs` is the door")]
    pub fn unpack_symlink(&self, path: &Path, target: &Path) -> io::Result<()> {
        self.before("symlink", path)?;
        std::os::unix::fs::symlink(target, path)
    }

    /// Gives the file at `original` a second name.
    ///
    /// # Errors
    /// Those of link(2).
    #[expect(clippy::disallowed_methods, reason = "`fs` is the door")]
    pub fn unpack_link(&self, original: &Path, path: &Path) -> io::Result<()> {
        self.before("link", path)?;
        std::fs::hard_link(original, path)
    }

    /// Makes all that was written on the filesystem of `folder` durable, in one call.
    ///
    /// # Errors
    /// Those of syncfs(2): something wasn't written.
    pub fn sync_filesystem_of(&self, folder: &Path) -> io::Result<()> {
        self.before("syncfs", folder)?;
        Ok(rustix::fs::syncfs(File::open(folder)?)?)
    }

    /// Renames, and fails with [`io::ErrorKind::AlreadyExists`] rather than replace
    /// anything; then makes the new name durable. Both are in the same folder.
    ///
    /// # Errors
    /// Those of renameat2(2) and fsync(2).
    #[expect(clippy::disallowed_methods, reason = "`fs` is the door")]
    pub fn rename_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.before("rename", to)?;
        rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?;
        self.sync_folder(super::replace::parent(to))
    }

    /// Exchanges two names of the same folder atomically, and makes that durable.
    ///
    /// # Errors
    /// Those of renameat2(2) and fsync(2).
    #[expect(clippy::disallowed_methods, reason = "`fs` is the door")]
    pub fn exchange(&self, a: &Path, b: &Path) -> io::Result<()> {
        self.before("rename", b)?;
        rustix::fs::renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?;
        self.sync_folder(super::replace::parent(b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renaming_never_replaces() {
        let folder = tempfile::tempdir().unwrap();
        let (a, b) = (folder.path().join("a"), folder.path().join("b"));
        let disk = Disk::new();
        disk.create(&a, b"a", 0o600).unwrap();
        disk.create(&b, b"b", 0o600).unwrap();
        assert_eq!(
            disk.rename_new(&a, &b).unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        disk.exchange(&a, &b).unwrap();
        assert_eq!(std::fs::read(&a).unwrap(), b"b");
    }

    #[test]
    fn an_unpacked_file_has_its_mode_whatever_the_umask_is() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("f");
        let mut seen = 0;
        Disk::new()
            .unpack_file(&path, 0o666, &mut &b"content"[..], &mut |bytes| {
                seen += bytes;
                Ok(())
            })
            .unwrap();
        assert_eq!((path.metadata().unwrap().mode() & 0o777, seen), (0o666, 7));
    }
}
