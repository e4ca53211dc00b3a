//! What differs between two entries of one path, and which of that is asked for. A function of
//! two values: only what is known on both sides is compared, and no difference hides another.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::known_files::KnownFiles;
use crate::tree::digest::Digest;
use crate::tree::error::shown;
use crate::tree::manifest::{EntryKind, ManifestEntry, Time, Xattr};
use crate::tree::walk::escaped::Escaped;
use crate::tree::walk::exclude::Exclude;
use crate::tree::walk::stat::Stat;

/// Which of contents and metadata is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum VerifyScope {
    /// Contents and metadata.
    #[default]
    Everything,
    /// Which paths there are, of which type, with which contents and link targets.
    ContentOnly,
    /// Everything but the contents of files, none of which is read.
    MetadataOnly,
}

/// How a tree is verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyOptions {
    /// Which of contents and metadata is compared.
    pub scope: VerifyScope,
    /// Patterns of paths that are left out, on both sides.
    pub exclude: Exclude,
    /// Drop files from the page cache before they are read, so that the medium is asked: a
    /// page cache hit proves nothing about the disk. For a copy that was synced.
    pub media: bool,
    /// Look into what is mounted within a tree, too.
    pub cross_mounts: bool,
    /// Files that aren't read, since their digests are known.
    pub known: Option<Arc<KnownFiles>>,
}

/// In what way a path differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DifferenceKind {
    /// Expected, and not there.
    Missing,
    /// There, and not expected.
    Extra,
    /// File, directory, symlink, ...
    Type,
    /// A file's contents, at equal size or with the size unknown.
    Content,
    /// A file's size.
    Size,
    /// Permission bits.
    Mode,
    /// Owner or group.
    Owner,
    /// Modification time.
    Mtime,
    /// Inode flags, those of `chattr`.
    Flags,
    /// What is mounted there, and wasn't looked into.
    Mount,
    /// An extended attribute, an ACL or capability among them.
    Xattr,
    /// Where a symlink points, which device a device file is, which names are one file.
    Link,
}

impl fmt::Display for DifferenceKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Type => "type",
            Self::Content => "content",
            Self::Size => "size",
            Self::Mode => "mode",
            Self::Owner => "owner",
            Self::Mtime => "mtime",
            Self::Flags => "flags",
            Self::Mount => "mount",
            Self::Xattr => "xattr",
            Self::Link => "link",
        })
    }
}

/// One difference. A path with several has one for each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The path below the tree's root; `.` is the root.
    #[serde(serialize_with = "shown")]
    pub path: Vec<u8>,
    /// In what respect the path differs.
    pub kind: DifferenceKind,
    /// What the other tree or the manifest has, as text; empty for an extra path.
    pub expected: String,
    /// What the tree has, as text; empty for a missing path.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind == DifferenceKind::Mount {
            return write!(f, "{}: {}", Escaped(&self.path), self.found);
        }
        write!(f, "{}: {}", Escaped(&self.path), self.kind)?;
        match (self.expected.is_empty(), self.found.is_empty()) {
            (false, false) => write!(f, ": expected {}, found {}", self.expected, self.found),
            (true, false) => write!(f, " {}", self.found),
            (false, true) => write!(f, " {}", self.expected),
            (true, true) => Ok(()),
        }
    }
}

impl Difference {
    /// A path that differs in a way of which there is nothing to show.
    pub(crate) fn plain(path: Vec<u8>, kind: DifferenceKind) -> Self {
        Self {
            path,
            kind,
            expected: String::new(),
            found: String::new(),
        }
    }

    /// Something of that `stat` that is expected at `path` and isn't there.
    pub(crate) fn missing_at(path: Vec<u8>, stat: &Stat) -> Self {
        missing(ManifestEntry::new(path, EntryKind::of(stat.kind)))
    }

    /// Something of that `stat` that isn't expected at `path`.
    pub(crate) fn extra_at(path: Vec<u8>, stat: &Stat) -> Self {
        extra(&ManifestEntry::new(path, EntryKind::of(stat.kind)))
    }

    /// A name that is to be one of the file `first`.
    pub(crate) fn link_at(path: &[u8], first: &[u8]) -> Self {
        Self {
            expected: format!("the same file as {}", Escaped(first)),
            ..Self::plain(path.to_vec(), DifferenceKind::Link)
        }
    }
}

/// An expected entry that isn't there.
pub(crate) fn missing(entry: ManifestEntry) -> Difference {
    Difference {
        kind: DifferenceKind::Missing,
        expected: entry.kind.word().to_owned(),
        found: String::new(),
        path: entry.path,
    }
}

/// An entry that isn't expected.
pub(crate) fn extra(entry: &ManifestEntry) -> Difference {
    Difference {
        kind: DifferenceKind::Extra,
        expected: String::new(),
        found: entry.kind.word().to_owned(),
        path: entry.path.clone(),
    }
}

/// Everything that differs between two entries of one path.
pub(crate) fn differences_of(
    a: &ManifestEntry,
    b: &ManifestEntry,
    scope: VerifyScope,
    out: &mut Vec<Difference>,
) {
    let mut differs = |kind, expected: String, found: String| {
        out.push(Difference {
            path: a.path.clone(),
            kind,
            expected,
            found,
        });
    };
    if a.kind != b.kind {
        let words = (a.kind.word().to_owned(), b.kind.word().to_owned());
        return differs(DifferenceKind::Type, words.0, words.1);
    }
    let sizes = both(a.size, b.size);
    if let Some((x, y)) = sizes {
        differs(DifferenceKind::Size, x.to_string(), y.to_string());
    }
    if scope != VerifyScope::MetadataOnly
        && sizes.is_none()
        && let Some((x, y)) = both(a.sha256, b.sha256)
    {
        differs(DifferenceKind::Content, x.to_string(), y.to_string());
    }
    if let Some((x, y)) = both(a.target.as_ref(), b.target.as_ref()) {
        differs(DifferenceKind::Link, text(x), text(y));
    }
    if let Some((x, y)) = both(a.device, b.device) {
        let text = |(major, minor)| format!("{major}:{minor}");
        differs(DifferenceKind::Link, text(x), text(y));
    }
    if scope != VerifyScope::ContentOnly {
        metadata(a, b, &mut differs);
    }
}

fn metadata(
    a: &ManifestEntry,
    b: &ManifestEntry,
    differs: &mut dyn FnMut(DifferenceKind, String, String),
) {
    if let Some((x, y)) = both(a.mode, b.mode) {
        differs(DifferenceKind::Mode, format!("{x:04o}"), format!("{y:04o}"));
    }
    let owner = |entry: &ManifestEntry, other: &ManifestEntry| {
        let uid = entry.uid.filter(|_| other.uid.is_some());
        let gid = entry.gid.filter(|_| other.gid.is_some());
        (uid, gid)
    };
    let (x, y) = (owner(a, b), owner(b, a));
    if x != y {
        let number = |id: Option<u32>| id.map_or_else(|| "?".to_owned(), |id| id.to_string());
        let text = |(uid, gid)| format!("{}:{}", number(uid), number(gid));
        differs(DifferenceKind::Owner, text(x), text(y));
    }
    if let Some((x, y)) = both(a.mtime, b.mtime) {
        let text = |time: Time| time.to_string();
        differs(DifferenceKind::Mtime, text(x), text(y));
    }
    if let Some((x, y)) = both(a.flags, b.flags) {
        differs(DifferenceKind::Flags, x.to_string(), y.to_string());
    }
    // Whoever tells of xattrs tells of hard links as well.
    if let (Some(x), Some(y)) = (&a.xattrs, &b.xattrs) {
        let named = |entry: &ManifestEntry| match &entry.hard_link {
            Some(first) => format!("the same file as {}", Escaped(first)),
            None => "a file of its own".to_owned(),
        };
        if a.hard_link != b.hard_link {
            differs(DifferenceKind::Link, named(a), named(b));
        }
        let names = x.iter().chain(y).map(|xattr| &xattr.name);
        let mut names: Vec<_> = names.collect();
        names.sort();
        names.dedup();
        for name in names {
            let value = |xattrs: &[Xattr]| {
                let found = xattrs.iter().find(|xattr| xattr.name == *name);
                found.map(|xattr| xattr.value.clone())
            };
            let (x, y) = (value(x), value(y));
            if x != y {
                differs(DifferenceKind::Xattr, xattr(name, x), xattr(name, y));
            }
        }
    }
}

/// Both, if they are known and differ.
fn both<T: PartialEq>(a: Option<T>, b: Option<T>) -> Option<(T, T)> {
    a.zip(b).filter(|(a, b)| a != b)
}

fn text(bytes: &[u8]) -> String {
    Escaped(bytes).to_string()
}

/// An attribute's value may be binary, and secret: its size and digest tell enough.
fn xattr(name: &[u8], value: Option<Vec<u8>>) -> String {
    match value {
        None => format!("no {}", Escaped(name)),
        Some(value) => {
            let digest = Digest::of(&value).to_string();
            let (name, size) = (Escaped(name), value.len());
            format!("{name} of {size} bytes ({})", &digest[..12])
        }
    }
}
