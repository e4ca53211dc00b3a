//! One transship at a time on an install: an exclusive `flock` on a file of its own, with
//! the holder's name in it for whoever is turned away.
//!
//! The kernel drops the lock with the process, so a crash leaves no stale lock; what the
//! file says then is only history.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{FlockOperation, Mode, OFlags};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::Disk;
use crate::error::{Code, Explain, Kind, user_hint};

/// Who holds a lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LockHolder {
    /// Process id on the machine that `host` names.
    pub pid: i32,
    /// The machine's host name.
    pub host: String,
    /// The command, such as `apply`.
    pub command: String,
    /// Since when.
    pub since: Timestamp,
}

impl LockHolder {
    /// This process as a holder: its id and host, the name `command`, and the time now.
    pub fn this_process(command: &str) -> Self {
        Self {
            pid: rustix::process::getpid().as_raw_nonzero().get(),
            host: rustix::system::uname()
                .nodename()
                .to_string_lossy()
                .into_owned(),
            command: command.to_owned(),
            since: crate::clock::now(),
        }
    }
}

/// Why the lock wasn't had.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another process has it.
    #[error("`{}` is held by {}", path.display(), describe(holder.as_ref()))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// What the holder wrote of itself, when it could be read.
        holder: Option<LockHolder>,
    },
    /// The lock file can't be opened or written.
    #[error("can't lock `{}`", path.display())]
    Io {
        /// The lock file.
        path: PathBuf,
        /// The operating system's error, the cause.
        source: io::Error,
    },
}

impl Explain for LockError {
    fn code(&self) -> Code {
        match self {
            Self::Held { .. } => Code::Locked,
            Self::Io { .. } => Code::Unwritable,
        }
    }

    fn kind(&self) -> Kind {
        Kind::Refused
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Held { .. } => {
                vec!["wait for it, or stop that process and run `transship status`".into()]
            }
            Self::Io { .. } => user_hint("the user who owns the install"),
        }
    }
}

/// No symlink is followed, and nothing is waited for: a fifo may stand there.
const SAFELY: OFlags = OFlags::NOFOLLOW
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY);

/// The lock, held until dropped.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock at `path` for `holder`, or says at once who has it.
    ///
    /// # Errors
    /// [`LockError::Held`] by another process, [`LockError::Io`].
    pub fn take(disk: &Disk, path: &Path, holder: &LockHolder) -> Result<Self, LockError> {
        let io = |source: io::Error| LockError::Io {
            path: path.into(),
            source,
        };
        disk.before("open", path).map_err(io)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | SAFELY;
        let mode = Mode::RUSR | Mode::WUSR;
        let descriptor = rustix::fs::open(path, flags, mode).map_err(|errno| io(errno.into()))?;
        let mut file = File::from(descriptor);
        if !file.metadata().map_err(io)?.is_file() {
            return Err(io(io::Error::other("not a regular file")));
        }
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let holder = read_holder(&mut file);
                return Err(LockError::Held {
                    path: path.into(),
                    holder,
                });
            }
            other => other.map_err(|errno| io(errno.into()))?,
        }
        write_holder(&mut file, holder).map_err(io)?;
        Ok(Self { file })
    }

    /// Who holds the lock at `path` now; `None` when it is free or was never taken.
    pub fn holder(path: &Path) -> Option<LockHolder> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | SAFELY;
        let mut file = File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
            Err(rustix::io::Errno::WOULDBLOCK) => read_holder(&mut file),
            _ => None,
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // What the file says only matters while the lock is held; closing releases it.
        let _ = self.file.set_len(0);
    }
}

fn write_holder(file: &mut File, holder: &LockHolder) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(&serde_json::to_vec(holder)?)
}

fn read_holder(file: &mut File) -> Option<LockHolder> {
    let mut text = Vec::new();
    file.take(4096).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

fn describe(holder: Option<&LockHolder>) -> String {
    match holder {
        Some(LockHolder {
            pid,
            host,
            command,
            since,
        }) => {
            format!("`transship {command}` (process {pid} on {host}) since {since}")
        }
        None => "another process".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_has_it_and_since_when() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let holder = LockHolder::this_process("apply");
        let lock = Lock::take(&Disk::new(), &path, &holder).unwrap();
        assert_eq!(Lock::holder(&path), Some(holder.clone()));

        let error = Lock::take(&Disk::new(), &path, &LockHolder::this_process("plan")).unwrap_err();
        let said = error.to_string();
        assert!(said.contains("`transship apply`"), "{said}");
        assert!(said.contains(&holder.pid.to_string()), "{said}");
        assert!(said.contains(&holder.since.to_string()), "{said}");

        drop(lock);
        assert_eq!(Lock::holder(&path), None);
        Lock::take(&Disk::new(), &path, &holder).unwrap();
    }

    #[test]
    fn a_symlink_for_a_lock_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        Disk::new().switch(&path, Path::new("elsewhere")).unwrap();
        let error =
            Lock::take(&Disk::new(), &path, &LockHolder::this_process("apply")).unwrap_err();
        assert!(matches!(error, LockError::Io { .. }), "{error}");
        assert!(!folder.path().join("elsewhere").exists());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test makes a fifo")]
    fn a_fifo_for_a_lock_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let (kind, mode) = (rustix::fs::FileType::Fifo, Mode::RUSR | Mode::WUSR);
        rustix::fs::mknodat(rustix::fs::CWD, &path, kind, mode, 0).unwrap();
        assert_eq!(Lock::holder(&path), None);
        let holder = LockHolder::this_process("apply");
        let error = Lock::take(&Disk::new(), &path, &holder).unwrap_err();
        assert!(matches!(error, LockError::Io { .. }), "{error}");
    }
}
