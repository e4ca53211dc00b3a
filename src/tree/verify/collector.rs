//! Gathering a manifest's entries from several threads, and the hard links among them.

use std::sync::{Mutex, PoisonError};

use rustix::fs::{FileType, IFlags};

use crate::tree::digest::Digest;
use crate::tree::manifest::{EntryKind, InodeFlags, Manifest, ManifestEntry, Packer, Time, Xattr};
use crate::tree::walk::stat::{FileId, Stat, Xattrs};

/// An entry, and which file it is where that has several names.
#[derive(Debug)]
pub(crate) struct FoundEntry {
    entry: ManifestEntry,
    /// What was to be found, where the manifest doesn't know that.
    expected: Option<ExpectedFile>,
    file: Option<FileId>,
}

impl FoundEntry {
    /// What a look at a file tells; `path` is the root's if it is empty.
    pub(crate) fn new(path: Vec<u8>, stat: &Stat, xattrs: &Xattrs) -> Self {
        let path = if path.is_empty() { b".".to_vec() } else { path };
        let is = |kind| stat.kind == kind;
        let device = is(FileType::CharacterDevice) || is(FileType::BlockDevice);
        let (major, minor) = (
            rustix::fs::major(stat.device),
            rustix::fs::minor(stat.device),
        );
        Self {
            entry: ManifestEntry {
                path,
                kind: EntryKind::of(stat.kind),
                mode: (!is(FileType::Symlink)).then_some(stat.mode),
                uid: Some(stat.uid),
                gid: Some(stat.gid),
                size: is(FileType::RegularFile).then_some(stat.size),
                mtime: Some(Time {
                    seconds: stat.modified.tv_sec,
                    nanoseconds: u32::try_from(stat.modified.tv_nsec).unwrap_or(0),
                }),
                sha256: None,
                target: None,
                device: device.then_some((major, minor)),
                hard_link: None,
                xattrs: Some(listed(xattrs)),
                flags: None,
            },
            expected: None,
            file: (stat.links > 1 && !is(FileType::Directory)).then_some(stat.id()),
        }
    }

    /// With a regular file's digest and the size that it was computed over.
    pub(crate) fn with_content(mut self, digest: Option<Digest>, size: u64) -> Self {
        self.entry.sha256 = digest;
        self.entry.size = Some(size);
        self
    }

    /// With what was to be found, where the manifest doesn't know that.
    pub(crate) fn expecting(mut self, expected: Option<ExpectedFile>) -> Self {
        self.expected = expected;
        self
    }

    /// What was to be found, if that is known from elsewhere than a manifest.
    pub(crate) const fn expected(&self) -> Option<&ExpectedFile> {
        self.expected.as_ref()
    }

    /// With extended attributes unknown.
    pub(crate) fn without_xattrs(mut self) -> Self {
        self.entry.xattrs = None;
        self
    }

    /// With the inode flags of a regular file or directory, where they are known.
    pub(crate) fn with_flags(mut self, flags: Option<IFlags>) -> Self {
        self.entry.flags = flags.map(InodeFlags::of);
        self
    }

    /// With where a symlink points.
    pub(crate) fn with_target(mut self, target: &std::ffi::CStr) -> Self {
        self.entry.target = Some(target.to_bytes().to_vec());
        self
    }

    /// The entry itself, of which the other names aren't known.
    pub(crate) fn entry(&self) -> &ManifestEntry {
        &self.entry
    }

    /// True if it may have other names in the tree.
    pub(crate) const fn is_linked(&self) -> bool {
        self.file.is_some()
    }
}

/// What a file was to have, besides what a manifest of its tree says.
#[derive(Debug, Clone)]
pub(crate) struct ExpectedFile {
    /// The digest of its contents, if they are found to differ.
    pub digest: Option<Digest>,
    /// Its extended attributes, where they can be listed.
    pub xattrs: Option<Vec<Xattr>>,
    /// Its inode flags.
    pub flags: InodeFlags,
}

impl ExpectedFile {
    pub(crate) fn new(digest: Option<Digest>, xattrs: Option<&Xattrs>, flags: IFlags) -> Self {
        Self {
            digest,
            xattrs: xattrs.map(listed),
            flags: InodeFlags::of(flags),
        }
    }
}

fn listed(xattrs: &Xattrs) -> Vec<Xattr> {
    let xattr = |(name, value): &(std::ffi::CString, Vec<u8>)| Xattr {
        name: name.to_bytes().to_vec(),
        value: value.clone(),
    };
    xattrs.iter().map(xattr).collect()
}

/// What becomes of the entries that a scan finds.
pub(crate) trait Sink: Sync {
    /// Takes one; called from several threads, in any order.
    fn take(&self, found: &FoundEntry);
}

/// Entries as they are found, in any order.
#[derive(Debug, Default)]
pub(crate) struct Collector {
    found: Mutex<Packer>,
}

impl Sink for Collector {
    fn take(&self, found: &FoundEntry) {
        let mut all = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(&found.entry, found.file);
    }
}

impl Collector {
    /// The manifest: names of one file are told apart from files of their own, and share
    /// what only one of them was read for.
    pub(crate) fn finish(self) -> Manifest {
        let found = self.found.into_inner();
        Manifest::packed(found.unwrap_or_else(PoisonError::into_inner))
    }
}
