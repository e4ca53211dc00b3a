//! One line of a manifest: a path and what is known of it.

use std::cmp::Ordering;
use std::fmt;

use jiff::Timestamp;
use rustix::fs::FileType;
use serde::Serialize;

use super::inode_flags::InodeFlags;
use crate::tree::digest::Digest;

/// The type of file that a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symlink.
    Symlink,
    /// A fifo (named pipe).
    Fifo,
    /// A socket's name.
    Socket,
    /// A character device.
    CharacterDevice,
    /// A block device.
    BlockDevice,
}

impl EntryKind {
    /// Each kind and its word in the mtree format.
    const WORDS: [(Self, &'static str); 7] = [
        (Self::File, "file"),
        (Self::Directory, "dir"),
        (Self::Symlink, "link"),
        (Self::Fifo, "fifo"),
        (Self::Socket, "socket"),
        (Self::CharacterDevice, "char"),
        (Self::BlockDevice, "block"),
    ];

    /// The word for it in the mtree format, and in messages.
    pub fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(kind, _)| *kind == self);
        found.map_or("file", |(_, word)| word)
    }

    /// The kind that `word` stands for in the mtree format.
    pub fn from_word(word: &str) -> Option<Self> {
        let found = Self::WORDS.iter().find(|(_, each)| *each == word);
        found.map(|(kind, _)| *kind)
    }

    pub(in crate::tree) fn of(kind: FileType) -> Self {
        match kind {
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::Symlink,
            FileType::Fifo => Self::Fifo,
            FileType::Socket => Self::Socket,
            FileType::CharacterDevice => Self::CharacterDevice,
            FileType::BlockDevice => Self::BlockDevice,
            FileType::RegularFile | FileType::Unknown => Self::File,
        }
    }
}

/// A point in time: whole seconds since 1970, which may be negative, and the nanoseconds
/// after that second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Time {
    /// Seconds.
    pub seconds: i64,
    /// Nanoseconds, below 1,000,000,000.
    pub nanoseconds: u32,
}

/// As people write it, in UTC: `2026-11-28 07:15:00.123456789 UTC`.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = i32::try_from(self.nanoseconds).unwrap_or(0);
        match Timestamp::new(self.seconds, nanoseconds) {
            Ok(time) => write!(f, "{}", time.strftime("%Y-%m-%d %H:%M:%S.%9f UTC")),
            // Beyond the year 9999.
            Err(_) => write!(f, "{}.{:09} s since 1970", self.seconds, self.nanoseconds),
        }
    }
}

/// What a manifest says of one path. `None` is "not known": other tools' manifests, and the
/// sha256sum format, tell only a part, and only that part is verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestEntry {
    /// The path below the tree's root, `/` between names; `.` is the root.
    pub path: Vec<u8>,
    /// The type of file that the path names.
    pub kind: EntryKind,
    /// Permission bits with setuid, setgid and sticky; never known of a symlink, which has
    /// none on Linux.
    pub mode: Option<u32>,
    /// The owner's number.
    pub uid: Option<u32>,
    /// The group's number.
    pub gid: Option<u32>,
    /// A regular file's size in bytes.
    pub size: Option<u64>,
    /// When the contents changed last.
    pub mtime: Option<Time>,
    /// A regular file's SHA-256.
    pub sha256: Option<Digest>,
    /// Where a symlink points.
    pub target: Option<Vec<u8>>,
    /// A device's major and minor number.
    pub device: Option<(u32, u32)>,
    /// Of a file with several names in the tree: the first of them in the manifest's order,
    /// which may be this one.
    pub hard_link: Option<Vec<u8>>,
    /// Extended attributes in the order of their names, ACLs and capabilities among them.
    pub xattrs: Option<Vec<Xattr>>,
    /// Inode flags of a regular file or a directory.
    pub flags: Option<InodeFlags>,
}

/// One extended attribute.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Xattr {
    /// Its full name, namespace first: `user.comment`.
    pub name: Vec<u8>,
    /// The value, any bytes, at most 64 KiB on Linux.
    pub value: Vec<u8>,
}

impl ManifestEntry {
    /// An entry of which nothing else is known.
    pub fn new(path: Vec<u8>, kind: EntryKind) -> Self {
        Self {
            path,
            kind,
            mode: None,
            uid: None,
            gid: None,
            size: None,
            mtime: None,
            sha256: None,
            target: None,
            device: None,
            hard_link: None,
            xattrs: None,
            flags: None,
        }
    }
}

/// The order of a manifest: the root, then every folder followed by what is in it, names
/// in byte order.
pub fn path_order(a: &[u8], b: &[u8]) -> Ordering {
    let rank = |path: &[u8]| path != b".";
    let key = |byte: &u8| if *byte == b'/' { 0 } else { *byte };
    rank(a)
        .cmp(&rank(b))
        .then_with(|| a.iter().map(key).cmp(b.iter().map(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_followed_by_its_contents_before_its_longer_named_sister() {
        let mut paths: Vec<&[u8]> = vec![b"a-b", b"b", b"a/z", b"a", b".", b"a/b/c", b"a/b", b"-"];
        paths.sort_by(|a, b| path_order(a, b));
        let expected: Vec<&[u8]> = vec![b".", b"-", b"a", b"a/b", b"a/b/c", b"a/z", b"a-b", b"b"];
        assert_eq!(paths, expected);
    }

    #[test]
    fn every_kind_has_a_word_that_leads_back_to_it() {
        for (kind, word) in EntryKind::WORDS {
            assert_eq!(kind.word(), word);
            assert_eq!(EntryKind::from_word(word), Some(kind));
        }
        assert_eq!(EntryKind::from_word("door"), None);
    }
}
