//! A whole file written or replaced so that a reader, or a crash, sees the old file or
//! the new one and nothing between.
//!
//! The order is the one that survives power cuts: temporary file beside the target
//! (0600, never followed), content, owner, xattrs, mode, fsync, rename, fsync of the
//! folder. A failed fsync is never retried: the temporary is dropped and the error given
//! to the caller.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Mode, Uid, XattrFlags};
use thiserror::Error;

use super::Disk;
use super::temporary_file::TemporaryFile;
use crate::error::{Code, Explain, Kind, user_hint};

/// Why a file was not written. The file under the final name is as it was before.
#[derive(Debug, Error)]
pub enum WriteError {
    /// A system call failed.
    #[error("can't write `{}`", path.display())]
    Io {
        /// The file that was to be written.
        path: PathBuf,
        /// The operating system's error, the cause.
        source: io::Error,
    },
    /// The file is not what the caller read before computing its new content.
    #[error("`{}` was changed by somebody else in the meantime", path.display())]
    ChangedMeanwhile {
        /// The file that was to be replaced.
        path: PathBuf,
    },
    /// A file that should be new is there.
    #[error("`{}` exists already", path.display())]
    Exists {
        /// The file that was to be created.
        path: PathBuf,
    },
    /// A pipe, a device, or a folder: nothing that can be replaced by a file.
    #[error("`{}` is not a regular file", path.display())]
    NotAFile {
        /// The file that was to be replaced.
        path: PathBuf,
    },
    /// The folder that the file is to be in isn't there.
    #[error("there is no folder `{}`", path.display())]
    NoFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A symlink that someone other than root or the caller has planted.
    #[error("`{}` is a symlink that belongs to user {owner}", path.display())]
    ForeignSymlink {
        /// The symlink.
        path: PathBuf,
        /// The uid of the symlink's owner.
        owner: u32,
    },
}

impl Explain for WriteError {
    fn code(&self) -> Code {
        match self {
            Self::ChangedMeanwhile { .. } => Code::Changed,
            Self::Exists { .. } => Code::Exists,
            Self::ForeignSymlink { .. } => Code::Untrusted,
            _ => Code::Unwritable,
        }
    }

    fn kind(&self) -> Kind {
        Kind::Refused
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                user_hint("a user who may write there")
            }
            Self::ChangedMeanwhile { .. } => {
                vec!["look at the file and run the command again".into()]
            }
            Self::ForeignSymlink { .. } => {
                vec!["name the file that it points to, if that is the one you mean".into()]
            }
            Self::NotAFile { .. } => vec!["write the result elsewhere, with `-o FILE`".into()],
            Self::NoFolder { .. } => vec!["make it first, or name another place".into()],
            _ => Vec::new(),
        }
    }
}

impl Disk {
    /// Replaces the file at `path`, whose content the caller has read as `before`, by
    /// `after`. Owner, mode and xattrs stay; a symlink stays and its target is replaced.
    ///
    /// # Errors
    /// [`WriteError`]; the file is then the old one, but for a failed fsync after the rename.
    pub fn replace(&self, path: &Path, before: &[u8], after: &[u8]) -> Result<(), WriteError> {
        if path.metadata().is_ok_and(|there| !there.is_file()) {
            return Err(WriteError::NotAFile { path: path.into() });
        }
        let target = follow(path)?;
        let io = at(path);
        let mut old = File::open(&target).map_err(&io)?;
        let temporary = self
            .fill_temporary(&target, |out| out.write_all(after))
            .map_err(&io)?;
        self.dress_like(&old, temporary.as_file(), &target)
            .map_err(&io)?;
        self.sync_file(temporary.as_file(), &target).map_err(&io)?;
        let mut now = Vec::with_capacity(before.len());
        old.read_to_end(&mut now).map_err(&io)?;
        if now != before || !same_file(&old, &target) {
            return Err(WriteError::ChangedMeanwhile { path: path.into() });
        }
        self.before("rename", &target).map_err(&io)?;
        temporary.persist(&target).map_err(&io)?;
        self.sync_folder(parent(&target)).map_err(&io)
    }

    /// Creates the file at `path` with `mode`; refuses if anything is there.
    ///
    /// # Errors
    /// [`WriteError::Exists`], [`WriteError::NoFolder`], [`WriteError::Io`].
    pub fn create(&self, path: &Path, content: &[u8], mode: u32) -> Result<(), WriteError> {
        self.create_from(path, mode, |out| out.write_all(content))
    }

    /// [`Disk::create`] with what `fill` writes, which needn't be in memory as a whole.
    ///
    /// # Errors
    /// Those of [`Disk::create`], and those of `fill` as [`WriteError::Io`].
    pub fn create_from(
        &self,
        path: &Path,
        mode: u32,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), WriteError> {
        let folder = parent(path);
        if folder.try_exists().is_ok_and(|there| !there) {
            let path = folder.into();
            return Err(WriteError::NoFolder { path });
        }
        let temporary = self.fill_with_mode(path, mode, fill).map_err(at(path))?;
        self.place_new(temporary, path)
    }

    pub(super) fn place_new(
        &self,
        temporary: TemporaryFile,
        path: &Path,
    ) -> Result<(), WriteError> {
        let io = at(path);
        self.before("rename", path).map_err(&io)?;
        temporary
            .persist_noclobber(path)
            .map_err(|error| match error.kind() {
                io::ErrorKind::AlreadyExists => WriteError::Exists { path: path.into() },
                _ => io(error),
            })?;
        self.sync_folder(parent(path)).map_err(&io)
    }

    /// Writes a file of transship's own at `path` with mode 0600, new or over its former
    /// version.
    ///
    /// # Errors
    /// [`WriteError::Io`].
    pub fn save(&self, path: &Path, content: &[u8]) -> Result<(), WriteError> {
        let io = at(path);
        let fill = |out: &mut dyn Write| out.write_all(content);
        let temporary = self.fill_with_mode(path, 0o600, fill).map_err(&io)?;
        self.before("rename", path).map_err(&io)?;
        temporary.persist(path).map_err(&io)?;
        self.sync_folder(parent(path)).map_err(&io)
    }

    /// Makes an empty folder at `path` with the owner, xattrs and mode of the one at
    /// `like`.
    ///
    /// # Errors
    /// Those of mkdir(2), and of the calls that set owner, attributes and mode.
    pub fn create_dir_like(&self, like: &Path, path: &Path) -> io::Result<()> {
        self.place_dir(path, |made| {
            self.dress_like(&File::open(like)?, &File::open(made)?, path)
        })
    }

    /// Makes the folder's entries durable.
    ///
    /// # Errors
    /// Those of open(2) and fsync(2).
    pub fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        self.before("fsync", folder)?;
        File::open(folder)?.sync_all()
    }

    /// Removes one file or symlink.
    ///
    /// # Errors
    /// Those of unlink(2).
    #[expect(clippy::disallowed_methods, reason = "`fs` is the door")]
    pub fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.before("unlink", path)?;
        fs::remove_file(path)
    }

    fn fill_with_mode(
        &self,
        path: &Path,
        mode: u32,
        fill: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<TemporaryFile> {
        let temporary = self.fill_temporary(path, fill)?;
        self.before("chmod", path)?;
        temporary
            .as_file()
            .set_permissions(fs::Permissions::from_mode(mode))?;
        self.sync_file(temporary.as_file(), path)?;
        Ok(temporary)
    }

    /// Gives `new` the owner, xattrs and mode of `old`, in the order that leaves no
    /// moment with more rights than the old file had.
    #[expect(clippy::disallowed_methods, reason = "`fs` is the door")]
    fn dress_like(&self, old: &File, new: &File, path: &Path) -> io::Result<()> {
        let (want, have) = (old.metadata()?, new.metadata()?);
        if (want.uid(), want.gid()) != (have.uid(), have.gid()) {
            self.before("chown", path)?;
            rustix::fs::fchown(
                new,
                Some(Uid::from_raw(want.uid())),
                Some(Gid::from_raw(want.gid())),
            )?;
        }
        for (name, value) in xattrs(old)? {
            self.before("setxattr", path)?;
            rustix::fs::fsetxattr(new, name.as_slice(), &value, XattrFlags::empty())?;
        }
        self.before("chmod", path)?;
        rustix::fs::fchmod(new, Mode::from_raw_mode(want.mode()))?;
        Ok(())
    }

    pub(super) fn sync_file(&self, file: &File, path: &Path) -> io::Result<()> {
        self.before("fsync", path)?;
        file.sync_all()
    }
}

/// All extended attributes of an open file, names without their NUL.
fn xattrs(file: &File) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut names = vec![0_u8; 64 * 1024];
    let length = match rustix::fs::flistxattr(file, &mut names[..]) {
        Err(rustix::io::Errno::NOTSUP) => 0,
        other => other?,
    };
    let mut value = vec![0_u8; 64 * 1024];
    names[..length]
        .split(|byte| *byte == 0)
        .filter(|name| !name.is_empty())
        .map(|name| {
            let length = rustix::fs::fgetxattr(file, name, &mut value[..])?;
            Ok((name.to_vec(), value[..length].to_vec()))
        })
        .collect()
}

/// The file that `path` means: itself, or what a symlink of root's or the caller's points
/// to.
fn follow(path: &Path) -> Result<PathBuf, WriteError> {
    let io = at(path);
    let metadata = path.symlink_metadata().map_err(&io)?;
    if !metadata.is_symlink() {
        return Ok(path.to_owned());
    }
    let owner = metadata.uid();
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Err(WriteError::ForeignSymlink {
            path: path.into(),
            owner,
        });
    }
    path.canonicalize().map_err(&io)
}

fn same_file(open: &File, path: &Path) -> bool {
    match (open.metadata(), path.symlink_metadata()) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

pub(super) fn at(path: &Path) -> impl Fn(io::Error) -> WriteError {
    move |source| WriteError::Io {
        path: path.into(),
        source,
    }
}

/// The folder that holds `path`; `.` for a bare name.
pub(super) fn parent(path: &Path) -> &Path {
    path.parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn folder_with(content: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("compose.yml");
        Disk::new()
            .create(&path, content.as_bytes(), 0o640)
            .unwrap();
        (folder, path)
    }

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().mode() & 0o7777
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test sets up its own world")]
    fn replacing_keeps_mode_and_xattrs() {
        let (_folder, path) = folder_with("old");
        let file = File::open(&path).unwrap();
        let settable =
            rustix::fs::fsetxattr(&file, "user.note", b"kept", XattrFlags::empty()).is_ok();
        Disk::new().replace(&path, b"old", b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(mode(&path), 0o640);
        if settable {
            let found = xattrs(&File::open(&path).unwrap()).unwrap();
            assert!(
                found.contains(&(b"user.note".to_vec(), b"kept".to_vec())),
                "{found:?}"
            );
        }
    }

    #[test]
    fn a_file_changed_meanwhile_is_left_alone() {
        let (folder, path) = folder_with("edited by hand");
        let error = Disk::new()
            .replace(&path, b"as it was read", b"new")
            .unwrap_err();
        assert!(
            matches!(error, WriteError::ChangedMeanwhile { .. }),
            "{error}"
        );
        assert_eq!(fs::read(&path).unwrap(), b"edited by hand");
        assert_eq!(names(folder.path()), ["compose.yml"]);
    }

    #[test]
    fn a_symlink_stays_and_its_target_is_replaced() {
        let (folder, path) = folder_with("old");
        let link = folder.path().join("link.yml");
        Disk::new().switch(&link, Path::new("compose.yml")).unwrap();
        Disk::new().replace(&link, b"old", b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::read_link(&link).unwrap(), Path::new("compose.yml"));
    }

    #[test]
    fn what_is_no_file_is_not_replaced_and_no_folder_is_made_up() {
        let (folder, _path) = folder_with("old");
        let error = Disk::new().replace(folder.path(), b"", b"new").unwrap_err();
        assert!(matches!(error, WriteError::NotAFile { .. }), "{error}");
        let missing = folder.path().join("missing/compose.yml");
        let error = Disk::new().create(&missing, b"new", 0o600).unwrap_err();
        assert!(matches!(error, WriteError::NoFolder { .. }), "{error}");
        assert_eq!(names(folder.path()), ["compose.yml"]);
    }

    #[test]
    fn creating_over_a_file_is_refused() {
        let (_folder, path) = folder_with("old");
        let error = Disk::new().create(&path, b"new", 0o600).unwrap_err();
        assert!(matches!(error, WriteError::Exists { .. }), "{error}");
        assert_eq!(fs::read(&path).unwrap(), b"old");
    }

    #[test]
    fn a_fault_at_any_call_leaves_the_old_file_or_the_new_one_and_no_litter() {
        let calls = Arc::new(Mutex::new(Vec::new()));
        let (_folder, path) = folder_with("old");
        let record = Arc::clone(&calls);
        Disk::with_hook(move |op| {
            record.lock().unwrap().push(op.call);
            Ok(())
        })
        .replace(&path, b"old", b"new")
        .unwrap();
        let calls = calls.lock().unwrap().clone();
        assert_eq!(
            calls.last_chunk(),
            Some(&["fsync", "rename", "fsync"]),
            "{calls:?}"
        );

        for fault in 0..calls.len() {
            let (folder, path) = folder_with("old");
            let count = Mutex::new(0);
            let disk = Disk::with_hook(move |_| {
                let mut count = count.lock().unwrap();
                *count += 1;
                if *count > fault {
                    Err(io::ErrorKind::StorageFull.into())
                } else {
                    Ok(())
                }
            });
            disk.replace(&path, b"old", b"new").unwrap_err();
            let content = fs::read(&path).unwrap();
            let expected: &[u8] = if fault + 1 == calls.len() {
                b"new"
            } else {
                b"old"
            };
            assert_eq!(
                content, expected,
                "fault at call {fault} ({})",
                calls[fault]
            );
            assert_eq!(names(folder.path()), ["compose.yml"]);
        }
    }
}
