//! What can go wrong with a tree, and the losses that don't stop a copy.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use rustix::process::geteuid;
use serde::{Deserialize, Serialize, Serializer};

use super::walk::escaped::{Escaped, escaped};
use crate::error::{Code, Explain, Kind};

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
    /// Nothing can be made in the folder that the target is to be in; nothing was changed.
    #[error("can't write `{}`", escaped(path))]
    Unwritable {
        /// The target.
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
        /// The path that was to be written.
        target: PathBuf,
    },
    /// What is mounted in a tree is a folder that it is itself in.
    #[error("`{}` is mounted within itself", escaped(path))]
    Loop {
        /// The mount point.
        path: PathBuf,
    },
    /// An update would remove so much that it may be a mistake; nothing was changed.
    #[error(
        "{why}: {removals} of {entries} in `{}` would be removed",
        escaped(target)
    )]
    TooManyRemovals {
        /// The target of the update.
        target: PathBuf,
        /// Why that may be a mistake.
        why: Suspicion,
        /// Entries that would be removed.
        removals: u64,
        /// Entries that the target has, but for what is excluded.
        entries: u64,
    },
    /// A tree was to be brought up to date by a single file, or the other way round.
    #[error("`{}` is a folder, and `{}` is not", escaped(folder), escaped(other))]
    FolderAndFile {
        /// The one that is a folder.
        folder: PathBuf,
        /// The other one.
        other: PathBuf,
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
    /// The sender of a stream failed, and sent word of it instead of the rest.
    #[error("{message}")]
    Sent {
        /// The kind of failure there, which sets the exit code here.
        kind: Kind,
        /// The sender's message, escaped for a terminal.
        message: String,
    },
    /// A manifest can't be understood.
    #[error("{}:{line}: {message}", escaped(path))]
    Manifest {
        /// The manifest's path, as given.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What the line should have had: `no SHA-256 in this line`.
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

    /// What the first write of all failed with: that is a refusal, as nothing was changed.
    pub(super) fn at_the_start(self) -> Self {
        match self {
            Self::Write { path, source } => Self::Unwritable { path, source },
            other => other,
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
    fn code(&self) -> Code {
        match self {
            Self::Read { .. } => Code::Unreadable,
            Self::Write { .. } | Self::Unwritable { .. } => Code::Unwritable,
            Self::Incomplete { .. } | Self::Unfinished { .. } => Code::Incomplete,
            Self::TargetNotEmpty { .. }
            | Self::TargetExists { .. }
            | Self::TargetIsMountPoint { .. } => Code::Exists,
            Self::Nested { .. } | Self::Loop { .. } => Code::Nested,
            Self::TooManyRemovals { .. } => Code::TooManyRemovals,
            Self::FolderAndFile { .. } | Self::NoName { .. } => Code::Usage,
            Self::Busy { .. } => Code::Locked,
            Self::Stream { .. } | Self::Sent { .. } => Code::HelperFailed,
            Self::Manifest { .. } => Code::Syntax,
            Self::Interrupted { .. } => Code::Interrupted,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Read { .. } | Self::Manifest { .. } | Self::NoName { .. } => Kind::Usage,
            Self::Write { .. } | Self::Incomplete { .. } | Self::Stream { .. } => Kind::Failed,
            Self::Sent { kind, .. } => *kind,
            Self::TargetNotEmpty { .. }
            | Self::TargetExists { .. }
            | Self::TargetIsMountPoint { .. }
            | Self::Nested { .. }
            | Self::Loop { .. }
            | Self::TooManyRemovals { .. }
            | Self::FolderAndFile { .. }
            | Self::Unwritable { .. }
            | Self::Unfinished { .. }
            | Self::Busy { .. } => Kind::Refused,
            Self::Interrupted => Kind::Interrupted,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Unwritable { source, .. }
                if matches!(
                    source.kind(),
                    io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
                ) =>
            {
                Some("name a place in a folder that is there and can be written")
            }
            Self::Read { source, .. }
            | Self::Write { source, .. }
            | Self::Unwritable { source, .. } => io_hint(source),
            Self::Incomplete { failed, .. } => {
                failed.iter().find_map(|failure| match &failure.cause {
                    Cause::Changed => Some("stop what writes there, then copy again"),
                    Cause::Io(error) => io_hint(error),
                })
            }
            Self::TargetNotEmpty { .. } | Self::TargetExists { .. } => {
                Some("name a target that doesn't exist yet, or move this one away")
            }
            Self::TargetIsMountPoint { .. } => {
                Some("name a folder below it, or copy into it with `--update`")
            }
            Self::Loop { .. } => Some("leave out `--cross-mounts`, or exclude that folder"),
            Self::TooManyRemovals { .. } => Some(
                "look at `--dry-run`; if it is meant, say `--delete-all`, or `--max-delete N` for at most N",
            ),
            Self::FolderAndFile { .. } => Some("name two folders, or two files"),
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
        // Root may, and has it forbidden by something else.
        io::ErrorKind::PermissionDenied if !geteuid().is_root() => {
            Some("run it as root to read and keep everything")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            Some("free some space on the target's filesystem")
        }
        _ => None,
    }
}

/// Why removals of an update may be a mistake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspicion {
    /// The source has nothing in it: perhaps it isn't mounted.
    EmptySource,
    /// More than half of the target would go.
    MoreThanHalf,
    /// Nothing in the target is as in the source.
    NeverACopy,
    /// More than the user allowed.
    MoreThanAllowed,
}

impl fmt::Display for Suspicion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptySource => "the source is empty",
            Self::MoreThanHalf => "more than half would go",
            Self::NeverACopy => "nothing in the target is as in the source",
            Self::MoreThanAllowed => "more than `--max-delete` allows",
        })
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
    /// The file or folder changed, or went away, while it was read.
    Changed,
    /// The operating system's error, for what can't be read.
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
    /// Which attribute or part was lost.
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
    /// That it is gone: an update left it in the target, since something in it is to stay.
    Removal,
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
            Self::Removal => "removal",
            Self::ChangedDuringCopy => "a state at rest",
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = Escaped(or_root(&self.path));
        if self.lost == Lost::Removal {
            return write!(f, "{path}: not removed: {}", self.reason);
        }
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
