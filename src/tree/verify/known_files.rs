//! What is known of a tree's files by an earlier look, so that their contents needn't be read again:
//! the digest of each, and which file it was then.
//!
//! A file is the one that was read if its inode and its time of change are as they were: that time the
//! kernel alone sets, at every write, and nobody sets it back. Two things could slip by, and both are
//! seen to. Writes through a mapping leave their mark only when a page is written for the first time
//! since it was clean: so all is synced before it is read. And a file that was changed just before it
//! was read could be changed again within the same tick of the clock: it isn't taken for known. Where
//! the filesystem isn't one of those that are known to keep to this, nothing is known.

use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use rustix::fs::{StatFs, Timespec};
use serde::{Deserialize, Serialize};

use super::collector::{FoundEntry, Sink};
use super::difference::VerifyOptions;
use super::scan_options::ScanOptions;
use super::scanner::scan;
use crate::clock;
use crate::fs::Disk;
use crate::progress::Progress;
use crate::tree::digest::Digest;
use crate::tree::error::Error;
use crate::tree::walk::file_ages::each_file;
use crate::tree::walk::stat::Stat;

/// The magic numbers of ext2 to ext4, xfs, btrfs and f2fs, which mark a write through a mapping, too.
const MARKING: [u64; 4] = [0xEF53, 0x5846_5342, 0x9123_683E, 0xF2F5_2010];

/// As many files as are remembered; of more, the largest.
const MOST: usize = 200_000;

/// Digests of the files of a tree, and what each file is recognised by.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFiles {
    device: u64,
    /// In the order of their inodes.
    files: Vec<KnownFile>,
}

/// Both trees of an update.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownPair {
    /// The files of the source.
    pub source: Arc<KnownFiles>,
    /// Those of the target.
    pub target: Arc<KnownFiles>,
}

/// Who may write a tree while it is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writers {
    /// Anybody: what was changed a moment ago may be changing still.
    Some,
    /// Nobody.
    None,
}

/// One line for each, since there are many: inode, time of change, digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
struct KnownFile {
    inode: u64,
    seconds: i64,
    nanoseconds: i64,
    digest: Digest,
}

impl From<KnownFile> for String {
    fn from(file: KnownFile) -> Self {
        let KnownFile {
            inode,
            seconds,
            nanoseconds,
            digest,
        } = file;
        format!("{inode} {seconds}.{nanoseconds:09} {digest}")
    }
}

impl TryFrom<String> for KnownFile {
    type Error = &'static str;

    fn try_from(line: String) -> Result<Self, &'static str> {
        let mut words = line.split(' ');
        let mut parse = || {
            let inode = words.next()?.parse().ok()?;
            let (seconds, nanoseconds) = words.next()?.split_once('.')?;
            Some(Self {
                inode,
                seconds: seconds.parse().ok()?,
                nanoseconds: nanoseconds.parse().ok()?,
                digest: Digest::from_hex(words.next()?.as_bytes())?,
            })
        };
        let parsed = parse().filter(|_| words.next().is_none());
        parsed.ok_or("not an inode, a time and a digest")
    }
}

impl KnownFiles {
    /// Reads every file of the tree at `root`, with `media` from the medium, and remembers those that
    /// can be recognised; none where the filesystem isn't known to mark every write.
    ///
    /// # Errors
    /// [`Error::Read`], [`Error::Write`] where it can't be synced, [`Error::Interrupted`].
    pub fn of(
        disk: &Disk,
        root: &Path,
        writers: Writers,
        media: bool,
        progress: &dyn Progress,
    ) -> Result<Self, Error> {
        let fail = |error| Error::read(root, error);
        let fd = std::fs::File::open(root).map_err(fail)?;
        let fd = OwnedFd::from(fd);
        let device = Stat::of(fd.as_fd()).map_err(fail)?.dev;
        let kind = rustix::fs::fstatfs(&fd).map_err(|error| fail(error.into()))?;
        if !marks_writes(&kind) {
            return Ok(Self::default());
        }
        let before = clock::now();
        disk.sync_filesystem(fd.as_fd(), c".")
            .map_err(|error| Error::write(root, error))?;
        let learner = Learner {
            device,
            before: (writers == Writers::Some).then_some(before),
            files: Mutex::default(),
        };
        let options = VerifyOptions {
            media,
            ..VerifyOptions::default()
        };
        let how = ScanOptions::from(&options).learning(&learner);
        scan(root, how, &Unwanted, progress)?;
        Ok(learner.finish())
    }

    /// Whether the files of the tree at `root` can be recognised at all: not on a filesystem that isn't known
    /// to mark every write.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn are_possible(root: &Path) -> Result<bool, Error> {
        let kind = rustix::fs::statfs(root).map_err(|error| Error::read(root, error))?;
        Ok(marks_writes(&kind))
    }

    /// The bytes of those files of the tree at `root` that aren't known, or were changed since.
    ///
    /// # Errors
    /// [`Error::Read`].
    pub fn unknown_bytes(&self, root: &Path) -> Result<u64, Error> {
        let mut bytes = 0;
        each_file(root, &mut |stat| {
            if self.digest(stat).is_none() {
                bytes += stat.size;
            }
        })?;
        Ok(bytes)
    }

    /// True if nothing is known.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The digest of a file's contents, if it is one of these and wasn't changed since.
    pub(in crate::tree) fn digest(&self, stat: &Stat) -> Option<Digest> {
        if stat.dev != self.device {
            return None;
        }
        let found = self
            .files
            .binary_search_by_key(&stat.ino, |file| file.inode);
        let file = &self.files[found.ok()?];
        let Timespec { tv_sec, tv_nsec } = stat.changed;
        (file.seconds == tv_sec && file.nanoseconds == tv_nsec).then_some(file.digest)
    }
}

fn marks_writes(filesystem: &StatFs) -> bool {
    u64::try_from(filesystem.f_type).is_ok_and(|kind| MARKING.contains(&kind))
}

/// The files that a scan reads are remembered, and not what else it finds.
struct Unwanted;

impl Sink for Unwanted {
    fn take(&self, _: &FoundEntry) {}
}

/// Remembers what is read.
#[derive(Debug)]
pub(crate) struct Learner {
    device: u64,
    /// What was changed no earlier may be changing still; when all was synced.
    before: Option<Timestamp>,
    files: Mutex<Vec<(u64, KnownFile)>>,
}

impl Learner {
    /// Takes the digest of a file that was looked at before it was read and after it.
    pub(super) fn take(&self, before: &Stat, after: &Stat, digest: Digest) {
        if !before.is_unchanged(after) || after.dev != self.device || !self.is_past(after.changed) {
            return;
        }
        let file = KnownFile {
            inode: after.ino,
            seconds: after.changed.tv_sec,
            nanoseconds: after.changed.tv_nsec,
            digest,
        };
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.push((after.size, file));
    }

    /// Some filesystems keep whole seconds, and ticks are told late.
    fn is_past(&self, changed: Timespec) -> bool {
        let least = if changed.tv_nsec == 0 { 2 } else { 1 };
        self.before
            .is_none_or(|before| changed.tv_sec + least < before.as_second())
    }

    fn finish(self) -> KnownFiles {
        let files = self.files.into_inner();
        let mut files = files.unwrap_or_else(PoisonError::into_inner);
        if files.len() > MOST {
            files.sort_unstable_by_key(|(size, _)| std::cmp::Reverse(*size));
            files.truncate(MOST);
        }
        let mut files: Vec<KnownFile> = files.into_iter().map(|(_, file)| file).collect();
        files.sort_unstable_by_key(|file| file.inode);
        // A file with several names was read for each.
        files.dedup();
        KnownFiles {
            device: self.device,
            files,
        }
    }
}
