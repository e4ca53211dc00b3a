//! What is in an archive: its members, how much they are, and how much they may be.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::archive::{MemberType, TarMember};

/// How many folders may stand above one another, and how long a name of one may be, in bytes.
const DEEPEST: usize = 100;
const LONGEST_COMPONENT: usize = 255;

/// What an archive may hold at most: a guard against archives made to fill a disk.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Members.
    pub members: u64,
    /// Bytes, unpacked.
    pub bytes: u64,
    /// Bytes of all names, which are kept in memory.
    pub names: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            members: 1_000_000,
            bytes: 1 << 42,
            names: 128 << 20,
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
    /// Seconds since 1970 and nanoseconds.
    pub(super) modified: (i64, u32),
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
    /// The member, or the reason why a release can't have it.
    pub(super) fn of(member: &TarMember) -> Result<Self, &'static str> {
        let link = || Path::new(OsStr::from_bytes(&member.link));
        let kind = match member.kind {
            MemberType::File => MemberKind::File,
            MemberType::Folder => MemberKind::Folder,
            MemberType::Symlink => MemberKind::Symlink(link().to_owned()),
            MemberType::HardLink => MemberKind::HardLink(inside(link())?),
            MemberType::Device => return Err("a device"),
            MemberType::Fifo => return Err("a fifo"),
            MemberType::Other => return Err("of an unknown type"),
        };
        let path = inside(Path::new(OsStr::from_bytes(&member.name)))?;
        let is_too_long = |name: &OsStr| name.len() > LONGEST_COMPONENT;
        if path.iter().count() > DEEPEST || path.iter().any(is_too_long) {
            return Err("deeper, or with a longer name, than a release may have");
        }
        Ok(Self {
            name: member.name.clone(),
            path,
            kind,
            // An unpacked release belongs to whoever unpacks it, so a set-uid bit would be a
            // gift to the vendor; write access for everybody is not the vendor's to give.
            mode: member.mode & 0o755,
            modified: member.modified,
            size: member.size,
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
