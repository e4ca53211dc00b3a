//! Making a manifest of a tree: every file is read and digested.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustix::fs::{Advice, FileType, Mode, OFlags};

use super::collect::{Collector, Found, Sink};
use super::copy::{LARGE, Room, Source, TransferError, WINDOW, digest};
use super::digest::Digest;
use super::error::Error;
use super::exclude::Exclude;
use super::manifest::Manifest;
use super::name::{escaped, join_path};
use super::stat::{self, Listed, Stat, Xattrs};
use super::survey::{Counter, Survey, survey};
use super::verify::{Scope, VerifyOptions};
use super::walk::{self, Batch, Folder, Later, Opened, Pace, Visit};
use crate::fs::Held;
use crate::progress::Progress;

/// What is in the tree at `root`, with the digest of every file. Of a single file it has one
/// entry, `.`; a symlink at `root` is followed. Mount points are not crossed.
///
/// # Errors
/// [`Error::Read`] for the first file that can't be read; [`Error::Interrupted`].
pub fn manifest(root: &Path, progress: &dyn Progress) -> Result<Manifest, Error> {
    manifest_of(root, &VerifyOptions::default(), progress)
}

/// [`manifest`] of what [`verify`](super::verify()) would look at with these options.
///
/// # Errors
/// Those of [`manifest`].
pub fn manifest_of(
    root: &Path,
    options: &VerifyOptions,
    progress: &dyn Progress,
) -> Result<Manifest, Error> {
    let collector = Collector::default();
    scan(root, How::from(options), &collector, progress)?;
    Ok(collector.finish())
}

/// What a scan looks at.
#[derive(Debug, Clone, Copy)]
pub(super) struct How<'a> {
    /// Digest files.
    contents: bool,
    /// Read them from the medium.
    media: bool,
    cross_mounts: bool,
    exclude: &'a Exclude,
}

impl<'a> From<&'a VerifyOptions> for How<'a> {
    fn from(options: &'a VerifyOptions) -> Self {
        Self {
            contents: options.scope != Scope::MetadataOnly,
            media: options.media,
            cross_mounts: options.cross_mounts,
            exclude: &options.exclude,
        }
    }
}

/// Gives everything that is wanted of a tree to `sink`; answers how much that was.
pub(super) fn scan(
    root: &Path,
    how: How<'_>,
    sink: &dyn Sink,
    progress: &dyn Progress,
) -> Result<Survey, Error> {
    let fail = |error| Error::read(root, error);
    let held = rustix::fs::open(root, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| fail(error.into()))?;
    let stat = Stat::of(held.as_fd()).map_err(fail)?;
    let scanner = Scanner {
        root,
        how,
        progress,
        sink,
        counter: Counter::default(),
        waiting: AtomicBool::new(false),
    };
    let total = (how.contents && progress.wants_total()).then(|| survey(root));
    let total = total.and_then(Result::ok).map(|survey| survey.bytes);
    progress.start(&escaped(root).to_string(), total);
    let done = if stat.kind == FileType::Directory {
        stat::open_dir(held.as_fd(), c".")
            .map_err(fail)
            .and_then(|fd| walk::walk(&scanner, fd, root, Pace::default(), progress))
    } else {
        scanner
            .look(&held, Vec::new(), &mut Room::default())
            .map_err(|error| scanner.failed(b"", error))
            .map(|found| sink.take(&found))
    };
    progress.finish();
    done.map(|()| scanner.counter.survey())
}

struct Scanner<'a> {
    root: &'a Path,
    how: How<'a>,
    progress: &'a dyn Progress,
    sink: &'a dyn Sink,
    counter: Counter,
    /// A file had to be waited for.
    waiting: AtomicBool,
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
        if stat.kind == FileType::RegularFile && self.how.contents {
            let source = self.open(held, stat).map_err(TransferError::Source)?;
            return self.file(&source, path, room);
        }
        let read = room.xattrs.read(Held::Named(held.as_fd()));
        let mut found = Found::new(path, &stat, &read.map_err(TransferError::Source)?);
        if stat.kind == FileType::Symlink {
            let target = stat::link_target(held.as_fd()).map_err(TransferError::Source)?;
            found = found.with_target(&target);
        }
        self.done(&stat);
        Ok(found)
    }

    fn open(&self, held: &OwnedFd, stat: Stat) -> io::Result<Source> {
        let fd = stat::open_held(held.as_fd())?;
        if self.how.media {
            // A hint, and no more: pages that are dirty, or mapped by others, stay.
            let _ = rustix::fs::fadvise(&fd, 0, None, Advice::DontNeed);
        }
        Ok(Source {
            fd,
            stat,
            ready: None,
        })
    }

    /// All of an open file, with its digest.
    fn file(
        &self,
        source: &Source,
        path: Vec<u8>,
        room: &mut Room,
    ) -> Result<Found, TransferError> {
        let (fd, stat) = (source.fd.as_fd(), &source.stat);
        let (digest, size) = match source.ready {
            Some(size) => {
                self.progress.advance(size as u64, 0);
                (Digest::of(&room.bytes[..size]), size as u64)
            }
            None => digest(fd, stat.size, &mut room.bytes, self.progress)?,
        };
        let read = room.xattrs.read(Held::Open(fd));
        let found = Found::new(path, stat, &read.map_err(TransferError::Source)?);
        self.done(stat);
        Ok(found.with_content(Some(digest), size))
    }

    fn done(&self, stat: &Stat) {
        self.counter.count(stat);
        self.progress.advance(0, 1);
    }

    /// Looks at an entry, or leaves it for later; a file that the medium has to be waited for
    /// is handed back, open.
    fn entry(
        &self,
        folder: &Folder<()>,
        name: &CStr,
        room: &mut Room,
        later: Option<&mut Later<CString>>,
    ) -> Result<Option<Source>, Error> {
        let path = || folder.place.path_of(name);
        let fail = |error| self.failed(&path(), TransferError::Source(error));
        let held = match stat::hold(folder.fd.as_fd(), name) {
            // It went away since it was listed, and isn't in the tree.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            held => held.map_err(fail)?,
        };
        let stat = Stat::of(held.as_fd()).map_err(fail)?;
        let contents = stat.kind == FileType::RegularFile && self.how.contents;
        match later {
            Some(later) if stat.kind == FileType::Directory => later.enter(name.to_owned()),
            Some(later) if contents && stat.size >= LARGE => {
                later.task(stat.size, name.to_owned());
            }
            Some(_) if contents => {
                let mut source = self.open(&held, stat).map_err(fail)?;
                drop(held);
                if !source.try_read(room) {
                    self.waiting.store(true, Relaxed);
                    return Ok(Some(source));
                }
                self.take(self.file(&source, path(), room), path)?;
            }
            _ => self.take(self.look(&held, path(), room), path)?,
        }
        Ok(None)
    }

    fn take(
        &self,
        found: Result<Found, TransferError>,
        path: impl Fn() -> Vec<u8>,
    ) -> Result<(), Error> {
        self.sink
            .take(&found.map_err(|error| self.failed(&path(), error))?);
        Ok(())
    }

    /// Digests files that had to be fetched: the first of them have come by now.
    fn fetched(
        &self,
        folder: &Folder<()>,
        cold: &mut Vec<(&CStr, Source)>,
        room: &mut Room,
    ) -> Result<(), Error> {
        for (name, source) in cold.drain(..) {
            let path = || folder.place.path_of(name);
            self.take(self.file(&source, path(), room), path)?;
        }
        Ok(())
    }
}

impl Visit for Scanner<'_> {
    type Beside = ();
    /// A large file.
    type Task = CString;
    type Room = Room;

    fn enter(&self, above: Option<&Folder<()>>, opened: &Opened) -> Result<Option<()>, Error> {
        let stat = &opened.stat;
        if self.how.cross_mounts || above.is_none_or(|above| above.stat.mount == stat.mount) {
            return Ok(Some(()));
        }
        // An empty folder, as in a copy. What isn't entered isn't entered again either, so
        // this comes once.
        self.counter.count(stat);
        let found = Found::new(opened.place.path(), stat, &Xattrs::new());
        self.sink.take(&found);
        Ok(None)
    }

    fn entries(
        &self,
        folder: &Folder<()>,
        entries: Batch<'_>,
        room: &mut Room,
        later: &mut Later<CString>,
    ) -> Result<(), Error> {
        let mut cold = Vec::new();
        for Listed { name, .. } in entries.iter() {
            if self.progress.interrupted() {
                return Err(Error::Interrupted);
            }
            let exclude = self.how.exclude;
            if !exclude.is_empty() && exclude.matches(&folder.place.path_of(name)) {
                continue;
            }
            if let Some(source) = self.entry(folder, name, room, Some(later))? {
                cold.push((name, source));
            }
            if cold.len() == WINDOW {
                self.fetched(folder, &mut cold, room)?;
            }
        }
        self.fetched(folder, &mut cold, room)
    }

    fn task(&self, folder: &Folder<()>, name: CString, room: &mut Room) -> Result<(), Error> {
        self.entry(folder, &name, room, None).map(drop)
    }

    fn is_waiting(&self) -> bool {
        self.waiting.load(Relaxed)
    }

    fn leave(&self, folder: &Folder<()>, room: &mut Room) -> Result<(), Error> {
        let path = folder.place.path();
        let read = room.xattrs.read(Held::Open(folder.fd.as_fd()));
        let xattrs = read.map_err(|error| self.failed(&path, TransferError::Source(error)))?;
        self.counter.count(&folder.stat);
        self.sink.take(&Found::new(path, &folder.stat, &xattrs));
        Ok(())
    }

    fn unopened(&self, folder: &Folder<()>, name: &CStr, error: io::Error) -> Result<(), Error> {
        let path = folder.place.path_of(name);
        Err(self.failed(&path, TransferError::Source(error)))
    }
}
