//! Whose a file is: what transship believes and acts upon belongs to root or to the caller, and nobody
//! else may write it.

use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::error::{Code, Explain, Kind, user_hint};

/// Who else has a hand in what transship believes.
#[derive(Debug, Error)]
pub enum TrustError {
    /// Something belongs to another user.
    #[error("`{}` belongs to user {owner}, who could have transship do anything", path.display())]
    Owner {
        /// The file, folder or symlink.
        path: PathBuf,
        /// The user's number.
        owner: u32,
    },
    /// Something can be written by others.
    #[error("`{}` can be written by others (mode {mode:04o})", path.display())]
    Writable {
        /// The file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Something is neither a file nor a folder.
    #[error("`{}` is neither a regular file nor a folder", path.display())]
    Kind {
        /// What is there.
        path: PathBuf,
    },
    /// A system call failed.
    #[error("can't look at `{}`", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system call.
        source: io::Error,
    },
}

impl Explain for TrustError {
    fn code(&self) -> Code {
        match self {
            Self::Io { .. } => Code::Unreadable,
            _ => Code::Untrusted,
        }
    }

    fn kind(&self) -> Kind {
        Kind::Refused
    }

    fn hints(&self) -> Vec<String> {
        let look = "look at what is in it before you trust it".to_owned();
        match self {
            Self::Owner { path, .. } => {
                let own = format!("then make it yours: chown -h $(id -u) {}", path.display());
                vec![look, own]
            }
            Self::Writable { path, .. } => {
                vec![look, format!("then: chmod go-w {}", path.display())]
            }
            Self::Kind { .. } => vec!["transship puts no such thing there: remove it".into()],
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                user_hint("the user who owns the install")
            }
            Self::Io { .. } => Vec::new(),
        }
    }
}

/// That what was found at `path`, `metadata`, is root's or the caller's, and that nobody else may
/// write it. Modes of symlinks mean nothing.
///
/// # Errors
/// [`TrustError::Owner`], [`TrustError::Writable`].
pub fn require_own(path: &Path, metadata: &Metadata) -> Result<(), TrustError> {
    let owner = metadata.uid();
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Err(TrustError::Owner {
            path: path.into(),
            owner,
        });
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o022 != 0 && !metadata.is_symlink() {
        return Err(TrustError::Writable {
            path: path.into(),
            mode,
        });
    }
    Ok(())
}
