//! What is in an archive: its members, how much they are, and how much they may be.

use std::ffi::{OsStr, OsString};
use std::io::Read;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use tar::EntryType;

/// What an archive may hold at most: a guard against archives made to fill a disk.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Members.
    pub members: u64,
    /// Bytes, unpacked.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            members: 2_000_000,
            bytes: 1 << 42,
        }
    }
}

/// How much a shipment holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Everything that is no folder.
    pub files: u64,
    /// Folders.
    pub folders: u64,
    /// Bytes of content, unpacked.
    pub bytes: u64,
}

impl Summary {
    pub(in crate::release) fn count(&mut self, folder: bool, bytes: u64) {
        self.files += u64::from(!folder);
        self.folders += u64::from(folder);
        self.bytes = self.bytes.saturating_add(bytes);
    }
}

/// One member as the archive names it and as it would be made.
pub(super) struct Member {
    pub(super) name: Vec<u8>,
    pub(super) path: PathBuf,
    pub(super) kind: MemberKind,
    pub(super) mode: u32,
    pub(super) modified: i64,
    pub(super) size: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum MemberKind {
    File,
    Folder,
    Symlink(PathBuf),
    HardLink(PathBuf),
}

impl Member {
    /// The member, or the reason why it can't be one.
    pub(super) fn of(entry: &tar::Entry<'_, impl Read>) -> Result<Self, &'static str> {
        let name = entry.path_bytes().into_owned();
        let link = || {
            entry
                .link_name_bytes()
                .map(|link| PathBuf::from(OsString::from_vec(link.into_owned())))
        };
        let header = entry.header();
        let kind = match header.entry_type() {
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => MemberKind::File,
            EntryType::Directory => MemberKind::Folder,
            EntryType::Symlink => MemberKind::Symlink(link().ok_or("a symlink to nothing")?),
            EntryType::Link => {
                MemberKind::HardLink(inside(&link().ok_or("a hard link to nothing")?)?)
            }
            EntryType::Block | EntryType::Char => return Err("a device"),
            EntryType::Fifo => return Err("a fifo"),
            _ => return Err("of an unknown type"),
        };
        let path = inside(Path::new(OsStr::from_bytes(&name)))?;
        // An unpacked release belongs to whoever unpacks it, so a set-uid bit would be a
        // gift to the vendor; write access for everybody is not the vendor's to give.
        let mode = header.mode().map_err(|_| "with an unreadable mode")? & 0o755;
        let modified = header.mtime().map_err(|_| "with an unreadable time")?;
        let modified = i64::try_from(modified).map_err(|_| "with a time out of range")?;
        Ok(Self {
            name,
            path,
            kind,
            mode,
            modified,
            size: entry.size(),
        })
    }
}

/// The path without `.` components; an error if it could lead out of the archive's root.
fn inside(path: &Path) -> Result<PathBuf, &'static str> {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::Normal(name) => clean.push(name),
            Component::CurDir => {}
            Component::ParentDir => return Err("with `..` in its path"),
            Component::RootDir | Component::Prefix(_) => return Err("with an absolute path"),
        }
    }
    if path.as_os_str().as_bytes().contains(&0) {
        Err("with a NUL in its path")
    } else {
        Ok(clean)
    }
}
