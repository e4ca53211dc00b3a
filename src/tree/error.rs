//! What can go wrong with a tree, and the losses that don't stop a copy.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};

use super::walk::escaped::{Escaped, escaped};
use crate::error::{Explain, Kind};

/// Why work on a tree didn't end well. Paths are shown escaped: names in a tree belong to
/// whoever wrote into it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tree, or something in it, can't be read; nothing was changed.
    #[error("can't read `{}`", escaped(path))]
    Read {
        /// What can't be read.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The target can't be written; what had been written was removed again.
    #[error("can't write `{}`", escaped(path))]
    Write {
        /// What can't be written.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Files of the source couldn't be copied, and so there is no copy.
    #[error("{}", failures(source_root, failed))]
    Incomplete {
        /// The tree that was to be copied.
        source_root: PathBuf,
        /// Every file that couldn't be copied, at least one, in no particular order.
        failed: Vec<FailedFile>,
    },
    /// The target of a copy holds something already.
    #[error("target `{}` is not empty", escaped(path))]
    TargetNotEmpty {
        /// The target.
        path: PathBuf,
    },
    /// The target of a copy exists and is no directory that could be filled.
    #[error("target `{}` exists already", escaped(path))]
    TargetExists {
        /// The target.
        path: PathBuf,
    },
    /// Nothing can be renamed over a mount point.
    #[error("target `{}` is a mount point", escaped(path))]
    TargetIsMountPoint {
        /// The target.
        path: PathBuf,
    },
    /// The target stands in the source, or the other way round.
    #[error(
        "`{}` and `{}` lie within each other",
        escaped(source_root),
        escaped(target)
    )]
    Nested {
        /// The tree that was to be copied.
        source_root: PathBuf,
        /// Where to.
        target: PathBuf,
    },
    /// The path doesn't end in a name that a copy could get.
    #[error("`{}` doesn't end in a file name", escaped(path))]
    NoName {
        /// The path.
        path: PathBuf,
    },
    /// A copy into this directory was begun and never completed.
    #[error("`{}` holds a copy that was never completed", escaped(path))]
    Unfinished {
        /// The directory.
        path: PathBuf,
    },
    /// Another process is making the same copy now.
    #[error("another copy to `{}` is under way", escaped(path))]
    Busy {
        /// The target.
        path: PathBuf,
    },
    /// A stream from elsewhere can't be taken.
    #[error("the stream is {what}")]
    Stream {
        /// What is wrong with it: `cut off before its end`.
        what: &'static str,
    },
    /// It went wrong where a stream comes from.
    #[error("{message}")]
    Sent {
        /// What that means.
        kind: Kind,
        /// What the sender said, escaped.
        message: String,
    },
    /// A manifest can't be understood.
    #[error("{}:{line}: {message}", escaped(path))]
    Manifest {
        /// The manifest's path, as given.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        message: String,
    },
    /// The user wanted to stop; what had been written was removed again.
    #[error("interrupted")]
    Interrupted,
}

impl Error {
    pub(super) fn read(path: impl Into<PathBuf>, source: impl Into<io::Error>) -> Self {
        Self::Read {
            path: path.into(),
            source: source.into(),
        }
    }

    pub(crate) fn write(path: impl Into<PathBuf>, source: impl Into<io::Error>) -> Self {
        Self::Write {
            path: path.into(),
            source: source.into(),
        }
    }
}

impl Explain for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::Read { .. } | Self::Manifest { .. } | Self::NoName { .. } => Kind::Usage,
            Self::Write { .. } | Self::Incomplete { .. } | Self::Stream { .. } => Kind::Failed,
            Self::Sent { kind, .. } => *kind,
            Self::TargetNotEmpty { .. }
            | Self::TargetExists { .. }
            | Self::TargetIsMountPoint { .. }
            | Self::Nested { .. }
            | Self::Unfinished { .. }
            | Self::Busy { .. } => Kind::Refused,
            Self::Interrupted => Kind::Interrupted,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Read { source, .. } | Self::Write { source, .. } => io_hint(source),
            Self::Incomplete { failed, .. } => {
                failed.iter().find_map(|failure| match &failure.cause {
                    Cause::Changed => Some("stop what writes there, then copy again"),
                    Cause::Io(error) => io_hint(error),
                })
            }
            Self::TargetNotEmpty { .. } | Self::TargetExists { .. } => {
                Some("name a target that doesn't exist yet, or move this one away")
            }
            Self::TargetIsMountPoint { .. } => Some("name a folder below it"),
            Self::Unfinished { .. } => Some("make that copy again first"),
            Self::Manifest { .. } => {
                Some("a manifest is in mtree, sha256sum or transship's JSON format")
            }
            Self::Stream { .. } => {
                Some("copy again with `--update`: what has arrived isn't sent again")
            }
            Self::Sent { .. } => Some("see to it there, then copy again with `--update`"),
            Self::Nested { .. } | Self::NoName { .. } | Self::Busy { .. } | Self::Interrupted => {
                None
            }
        };
        hint.map(str::to_owned).into_iter().collect()
    }
}

fn io_hint(error: &io::Error) -> Option<&'static str> {
    match error.kind() {
        io::ErrorKind::PermissionDenied => Some("run as root to read and keep everything"),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("free some space on the target's filesystem")
        }
        _ => None,
    }
}

/// One file that couldn't be copied.
#[derive(Debug)]
pub struct FailedFile {
    /// Its path below the source's root; empty for the root itself.
    pub path: Vec<u8>,
    /// Why.
    pub cause: Cause,
}

impl fmt::Display for FailedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Escaped(or_root(&self.path)), self.cause)
    }
}

/// Why a file couldn't be copied.
#[derive(Debug)]
pub enum Cause {
    /// It changed each time while it was read.
    Changed,
    /// It can't be read.
    Io(io::Error),
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changed => f.write_str("it changes while it is copied"),
            Self::Io(error) => write!(f, "{error}"),
        }
    }
}

fn failures(root: &Path, failed: &[FailedFile]) -> String {
    let Some(first) = failed.first() else {
        return format!("can't copy `{}`", escaped(root));
    };
    let path = super::walk::escaped::join_path(root, &first.path);
    let more = match failed.len() - 1 {
        0 => String::new(),
        1 => " (and another file)".to_owned(),
        n => format!(" (and {n} other files)"),
    };
    format!("can't copy `{}`: {}{more}", escaped(&path), first.cause)
}

/// Something that a copy couldn't keep; the copy stands, and whoever made it must be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The path below the source's root, escaped; empty for the root itself.
    #[serde(serialize_with = "shown")]
    pub path: Vec<u8>,
    /// What was lost.
    pub lost: Lost,
    /// The system's reason.
    pub reason: String,
}

/// What a copy can lose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Lost {
    /// Owner or group; setuid and setgid go with it.
    Owner,
    /// Permission bits.
    Mode,
    /// Access or modification time.
    Times,
    /// An extended attribute, an ACL or capability among them.
    Xattr,
    /// Inode flags, those of `chattr`.
    Flags,
    /// A device, fifo or socket, which is missing in the copy.
    Node,
    /// A symlink, which is missing in the copy.
    Symlink,
    /// The name: whatever has it is missing in the copy, with all that is in it.
    Name,
    /// A file that is too large for the target, and missing there.
    Content,
    /// That two names are one file; the copy has two files.
    HardLink,
    /// What is mounted there; the copy has an empty folder.
    MountPoint,
    /// A state at rest: it changed while it was copied, and the copy is a mixture.
    #[serde(rename = "stillness")]
    ChangedDuringCopy,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Owner => "owner",
            Self::Mode => "mode",
            Self::Times => "times",
            Self::Xattr => "extended attribute",
            Self::Flags => "inode flags",
            Self::Node => "special file",
            Self::Symlink => "symlink",
            Self::Name => "name",
            Self::Content => "content",
            Self::HardLink => "hard link",
            Self::MountPoint => "mounted filesystem",
            Self::ChangedDuringCopy => "a state at rest",
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = Escaped(or_root(&self.path));
        write!(f, "{path}: {} not kept: {}", self.lost, self.reason)
    }
}

/// The root's path is empty, and is shown as `.`.
fn or_root(path: &[u8]) -> &[u8] {
    if path.is_empty() { b"." } else { path }
}

pub(super) fn shown<S: Serializer>(path: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&Escaped(path))
}
