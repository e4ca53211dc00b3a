//! A tree on a disk, read from held descriptors: one name at a time, following no symlink,
//! and opening nothing but folders and regular files.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{self, Mode, OFlags, RawDir};
use rustix::io::Errno;

use super::files::{FileType, Files, Look, Names};
use crate::tree::stat::{Stat, hold, link_target, open_dir, open_held};

/// A tree, held by its root.
#[derive(Debug)]
pub(crate) struct Beneath {
    root: OwnedFd,
}

impl Beneath {
    /// Holds the tree at `root`, an operator's path, in which symlinks are followed.
    pub(crate) fn open(root: &Path) -> io::Result<Self> {
        let root = File::open(root)?;
        if !root.metadata()?.is_dir() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(Self { root: root.into() })
    }

    /// Holds what is at `path`, whatever it is; nothing where nothing is.
    fn hold(&self, path: &[u8]) -> io::Result<Option<OwnedFd>> {
        let mut folder = None;
        let mut names = path.split(|&byte| byte == b'/').peekable();
        while let Some(name) = names.next() {
            let above = folder.as_ref().map_or(self.root.as_fd(), AsFd::as_fd);
            let name = if name.is_empty() { b"." } else { name };
            let name = CString::new(name).map_err(|_| io::ErrorKind::InvalidInput)?;
            let held = match names.peek() {
                Some(_) => hold_dir(above, &name),
                None => hold(above, &name),
            };
            match held {
                Ok(held) => folder = Some(held),
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(folder)
    }
}

/// Holds a folder and nothing else.
fn hold_dir(above: BorrowedFd<'_>, name: &CStr) -> io::Result<OwnedFd> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match fs::openat(above, name, flags, Mode::empty()) {
        Err(Errno::LOOP | Errno::NOTDIR) => Err(io::ErrorKind::NotADirectory.into()),
        held => Ok(held?),
    }
}

impl Files for Beneath {
    fn look(&self, path: &[u8]) -> io::Result<Option<Look>> {
        let Some(held) = self.hold(path)? else {
            return Ok(None);
        };
        let stat = Stat::of(held.as_fd())?;
        Ok(Some(Look {
            file_type: type_of(&stat),
            size: stat.size,
        }))
    }

    fn read(&self, path: &[u8], at: u64, most: usize) -> io::Result<Option<Vec<u8>>> {
        let Some(held) = self.hold(path)? else {
            return Ok(None);
        };
        let stat = Stat::of(held.as_fd())?;
        if type_of(&stat) != FileType::File {
            return Ok(None);
        }
        let left = stat.size.saturating_sub(at);
        let length = usize::try_from(left).map_or(most, |left| left.min(most));
        let mut bytes = vec![0; length];
        let file = open_held(held.as_fd())?;
        let mut read = 0;
        while read < length {
            match rustix::io::pread(&file, &mut bytes[read..], at + read as u64) {
                Ok(0) => break,
                Ok(more) => read += more,
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        bytes.truncate(read);
        Ok(Some(bytes))
    }

    fn names(&self, path: &[u8], most: usize) -> io::Result<Option<Names>> {
        let Some(held) = self.hold(path)? else {
            return Ok(None);
        };
        if type_of(&Stat::of(held.as_fd())?) != FileType::Folder {
            return Ok(None);
        }
        list(&open_dir(held.as_fd(), c".")?, most).map(Some)
    }

    fn link(&self, path: &[u8]) -> io::Result<Option<Vec<u8>>> {
        let Some(held) = self.hold(path)? else {
            return Ok(None);
        };
        if type_of(&Stat::of(held.as_fd())?) != FileType::Symlink {
            return Ok(None);
        }
        Ok(Some(link_target(held.as_fd())?.into_bytes()))
    }
}

fn list(folder: &OwnedFd, most: usize) -> io::Result<Names> {
    let mut room = [MaybeUninit::uninit(); 16 * 1024];
    let mut entries = RawDir::new(folder, &mut room);
    let mut names = Vec::new();
    let mut complete = true;
    while let Some(entry) = entries.next() {
        let entry = entry?;
        let name = entry.file_name();
        if name == c"." || name == c".." {
            continue;
        }
        if names.len() == most {
            complete = false;
            break;
        }
        let kind = entry.file_type();
        let is_folder = matches!(kind, fs::FileType::Directory | fs::FileType::Unknown);
        names.push((name.to_bytes().to_vec(), is_folder));
    }
    names.sort_unstable();
    Ok(Names { names, complete })
}

const fn type_of(stat: &Stat) -> FileType {
    match stat.kind {
        fs::FileType::RegularFile => FileType::File,
        fs::FileType::Directory => FileType::Folder,
        fs::FileType::Symlink => FileType::Symlink,
        _ => FileType::Other,
    }
}
