//! Making a manifest of a tree: every file is read and digested.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;

use rustix::fs::{Advice, FileType, Mode, OFlags};

use super::collect::{Collector, Found};
use super::copy::{Room, TransferError, digest};
use super::digest::Digest;
use super::error::Error;
use super::exclude::Exclude;
use super::manifest::Manifest;
use super::name::{escaped, join_path};
use super::stat::{self, Listed, Stat};
use super::walk::{self, Folder, Later, Opened, Pace, Visit};
use crate::fs::Held;
use crate::progress::Progress;

/// Files from this size on are put aside, so that several threads have some, in bytes.
const LARGE: u64 = 4 * 1024 * 1024;

/// What is in the tree at `root`, with the digest of every file. Of a single file it has one
/// entry, `.`; a symlink at `root` is followed. Mount points are not crossed.
///
/// # Errors
/// [`Error::Read`] for the first file that can't be read; [`Error::Interrupted`].
pub fn manifest(root: &Path, progress: &dyn Progress) -> Result<Manifest, Error> {
    let how = How {
        contents: true,
        media: false,
        exclude: &Exclude::default(),
    };
    scan(root, how, progress)
}

/// What a scan looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct How<'a> {
    /// Digest files.
    pub contents: bool,
    /// Read them from the medium.
    pub media: bool,
    pub exclude: &'a Exclude,
}

/// [`manifest`] of what is wanted.
pub(super) fn scan(root: &Path, how: How<'_>, progress: &dyn Progress) -> Result<Manifest, Error> {
    let fail = |error| Error::read(root, error);
    let held = rustix::fs::open(root, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| fail(error.into()))?;
    let stat = Stat::of(held.as_fd()).map_err(fail)?;
    let scanner = Scanner {
        root,
        how,
        progress,
        collector: Collector::default(),
    };
    progress.start(&escaped(root).to_string(), None);
    let done = if stat.kind == FileType::Directory {
        stat::open_dir(held.as_fd(), c".")
            .map_err(fail)
            .and_then(|fd| walk::walk(&scanner, fd, root, Pace::default(), progress))
    } else {
        scanner
            .look(&held, Vec::new(), &mut Room::default())
            .map_err(|error| scanner.failed(b"", error))
            .map(|found| scanner.collector.add([found]))
    };
    progress.finish();
    done.map(|()| scanner.collector.finish())
}

struct Scanner<'a> {
    root: &'a Path,
    how: How<'a>,
    progress: &'a dyn Progress,
    collector: Collector,
}

impl Scanner<'_> {
    fn failed(&self, path: &[u8], error: TransferError) -> Error {
        match error {
            TransferError::Interrupted => Error::Interrupted,
            TransferError::Source(error) | TransferError::Target(error) => {
                Error::read(join_path(self.root, path), error)
            }
        }
    }

    /// All of anything but a directory.
    fn look(&self, held: &OwnedFd, path: Vec<u8>, room: &mut Room) -> Result<Found, TransferError> {
        let stat = Stat::of(held.as_fd()).map_err(TransferError::Source)?;
        let read = room.xattrs.read(Held::Named(held.as_fd()));
        let xattrs = read.map_err(TransferError::Source)?;
        let found = Found::new(path, &stat, &xattrs);
        match stat.kind {
            FileType::RegularFile if self.how.contents => {
                let (digest, size) = self.digest(held, &stat, room)?;
                self.progress.advance(0, 1);
                Ok(found.with_content(Some(digest), size))
            }
            FileType::Symlink => {
                let target = stat::link_target(held.as_fd()).map_err(TransferError::Source)?;
                self.progress.advance(0, 1);
                Ok(found.with_target(&target))
            }
            _ => {
                self.progress.advance(0, 1);
                Ok(found)
            }
        }
    }

    fn digest(
        &self,
        held: &OwnedFd,
        stat: &Stat,
        room: &mut Room,
    ) -> Result<(Digest, u64), TransferError> {
        let fd = stat::open_held(held.as_fd()).map_err(TransferError::Source)?;
        if self.how.media {
            // A hint, and no more: pages that are dirty, or mapped by others, stay.
            let _ = rustix::fs::fadvise(&fd, 0, None, Advice::DontNeed);
        }
        digest(fd.as_fd(), stat.size, &mut room.bytes, self.progress)
    }

    /// An entry that isn't a directory; a large file's may be put aside.
    fn entry(
        &self,
        folder: &Folder<()>,
        entry: &Listed,
        room: &mut Room,
        later: Option<&mut Later<Listed>>,
    ) -> Result<(), Error> {
        let path = folder.place.path_of(&entry.name);
        let fail = |error| self.failed(&path, TransferError::Source(error));
        let held = match stat::hold(folder.fd.as_fd(), &entry.name) {
            // It went away since it was listed, and isn't in the tree.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            held => held.map_err(fail)?,
        };
        let stat = Stat::of(held.as_fd()).map_err(fail)?;
        match later {
            Some(later) if stat.kind == FileType::Directory => {
                later.enter(entry.name.clone());
                Ok(())
            }
            Some(later) if stat.kind == FileType::RegularFile && stat.size >= LARGE => {
                later.task(entry.clone());
                Ok(())
            }
            _ => {
                let found = self.look(&held, path.clone(), room);
                self.collector
                    .add([found.map_err(|error| self.failed(&path, error))?]);
                Ok(())
            }
        }
    }
}

impl Visit for Scanner<'_> {
    type Beside = ();
    type Task = Listed;
    type Room = Room;

    fn enter(&self, _: Option<&Folder<()>>, _: &Opened) -> Result<Option<()>, Error> {
        Ok(Some(()))
    }

    fn entries(
        &self,
        folder: &Folder<()>,
        entries: &[Listed],
        room: &mut Room,
        later: &mut Later<Listed>,
    ) -> Result<(), Error> {
        for entry in entries {
            if self.progress.interrupted() {
                return Err(Error::Interrupted);
            }
            let exclude = self.how.exclude;
            if exclude.is_empty() || !exclude.matches(&folder.place.path_of(&entry.name)) {
                self.entry(folder, entry, room, Some(later))?;
            }
        }
        Ok(())
    }

    fn task(&self, folder: &Folder<()>, entry: Listed, room: &mut Room) -> Result<(), Error> {
        self.entry(folder, &entry, room, None)
    }

    fn leave(&self, folder: &Folder<()>, room: &mut Room) -> Result<(), Error> {
        let path = folder.place.path();
        let read = room.xattrs.read(Held::Open(folder.fd.as_fd()));
        let xattrs = read.map_err(|error| self.failed(&path, TransferError::Source(error)))?;
        self.collector
            .add([Found::new(path, &folder.stat, &xattrs)]);
        Ok(())
    }

    fn unopened(&self, folder: &Folder<()>, name: &CStr, error: io::Error) -> Result<(), Error> {
        let path = folder.place.path_of(name);
        Err(self.failed(&path, TransferError::Source(error)))
    }
}
