//! Looking at all of a tree: every file is read and digested, or held against that of another
//! tree.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use rustix::fs::{FileType, Mode, OFlags};

use super::collect::{Collector, Found, Sink};
use super::contents::Contents;
use super::verify::{Scope, VerifyOptions};
use crate::fs::InodeFd;
use crate::progress::Progress;
use crate::tree::copy::{LARGE, Room, WINDOW};
use crate::tree::error::Error;
use crate::tree::manifest::Manifest;
use crate::tree::reading::TransferError;
use crate::tree::walk::exclude::Exclude;
use crate::tree::walk::name::{escaped, join_path};
use crate::tree::walk::stat::{self, Listed, Stat, Xattrs};
use crate::tree::walk::survey::{Counter, Survey, survey};
use crate::tree::walk::walk::{self, Batch, Folder, Later, Opened, Pace, Visit};

/// What is in the tree at `root`, with the digest of every file. Of a single file it has one
/// entry, `.`; a symlink at `root` is followed. Mount points are not crossed.
///
/// # Errors
/// [`Error::Read`] for the first file that can't be read; [`Error::Interrupted`].
pub fn manifest(root: &Path, progress: &dyn Progress) -> Result<Manifest, Error> {
    manifest_of(root, &VerifyOptions::default(), progress)
}

/// [`manifest`] of what [`verify`](crate::tree::verify()) would look at with these options.
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

/// What a scan looks at of a regular file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Files {
    /// All but what is in it.
    Metadata,
    /// Contents, too.
    Contents,
    /// What is known without opening it: it will be opened beside another.
    Closed,
}

/// What a scan looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct How<'a> {
    files: Files,
    /// Compare them with those of that tree instead.
    against: Option<&'a Path>,
    /// Read them from the medium.
    media: bool,
    cross_mounts: bool,
    exclude: &'a Exclude,
}

impl<'a> From<&'a VerifyOptions> for How<'a> {
    fn from(options: &'a VerifyOptions) -> Self {
        Self {
            files: match options.scope {
                Scope::MetadataOnly => Files::Metadata,
                Scope::Everything | Scope::ContentOnly => Files::Contents,
            },
            against: None,
            media: options.media,
            cross_mounts: options.cross_mounts,
            exclude: &options.exclude,
        }
    }
}

impl<'a> How<'a> {
    fn reads(&self) -> bool {
        self.files == Files::Contents
    }

    /// For the tree that another one will be held against: what has to be opened will be looked
    /// at then.
    pub(crate) fn expected(self) -> Self {
        let files = match self.files {
            Files::Contents => Files::Closed,
            files => files,
        };
        Self { files, ..self }
    }

    /// Contents, if they are wanted, are compared with those in the directory `expected`; a
    /// digest tells only what differs.
    pub(crate) const fn against(self, expected: &'a Path) -> Self {
        Self {
            against: Some(expected),
            ..self
        }
    }
}

/// Gives everything that is wanted of a tree to `sink`; answers how much that was.
pub(crate) fn scan(
    root: &Path,
    how: How<'_>,
    sink: &dyn Sink,
    progress: &dyn Progress,
) -> Result<Survey, Error> {
    let fail = |error| Error::read(root, error);
    let held = rustix::fs::open(root, OFlags::PATH | OFlags::CLOEXEC, Mode::empty())
        .map_err(|error| fail(error.into()))?;
    let stat = Stat::of(held.as_fd()).map_err(fail)?;
    let opposite = how.against.filter(|_| how.reads()).map(walk::open_root);
    let scanner = Scanner {
        root,
        how,
        opposite: opposite.transpose()?,
        progress,
        sink,
        counter: Counter::default(),
        waiting: AtomicBool::new(false),
    };
    let total = (how.reads() && progress.wants_total()).then(|| survey(root));
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
    /// The root of the tree that contents are compared with.
    opposite: Option<OwnedFd>,
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
            TransferError::Source(error) => Error::read(join_path(self.root, path), error),
            TransferError::Target(error) => {
                let root = self.how.against.unwrap_or(self.root);
                Error::read(join_path(root, path), error)
            }
        }
    }

    /// All of anything but a directory.
    fn look(&self, held: &OwnedFd, path: Vec<u8>, room: &mut Room) -> Result<Found, TransferError> {
        let stat = Stat::of(held.as_fd()).map_err(TransferError::Source)?;
        if stat.kind == FileType::RegularFile && self.how.reads() {
            let contents = Contents::to_digest(held, stat, self.how.media);
            return self.file(&contents.map_err(TransferError::Source)?, path, room);
        }
        if stat.kind == FileType::RegularFile && self.how.files == Files::Closed {
            self.done(&stat);
            return Ok(Found::new(path, &stat, &Xattrs::new()).without_xattrs());
        }
        let read = room.xattrs.read(InodeFd::Named(held.as_fd()));
        let mut found = Found::new(path, &stat, &read.map_err(TransferError::Source)?);
        if stat.kind == FileType::Symlink {
            let target = stat::link_target(held.as_fd()).map_err(TransferError::Source)?;
            found = found.with_target(&target);
        }
        self.done(&stat);
        Ok(found)
    }

    fn open(
        &self,
        folder: &Folder<Beside>,
        name: &CStr,
        held: &OwnedFd,
        stat: Stat,
    ) -> Result<Contents, TransferError> {
        if self.opposite.is_none() {
            let contents = Contents::to_digest(held, stat, self.how.media);
            return contents.map_err(TransferError::Source);
        }
        let expected = folder.beside.as_ref().map(OwnedFd::as_fd);
        Contents::to_compare(held, stat, (expected, name), self.how.media)
    }

    /// All of an open file, with what is wanted of its contents.
    fn file(
        &self,
        contents: &Contents,
        path: Vec<u8>,
        room: &mut Room,
    ) -> Result<Found, TransferError> {
        let seen = contents.see(room, self.progress)?;
        let read = room.xattrs.read(InodeFd::Open(contents.fd()));
        let xattrs = read.map_err(TransferError::Source)?;
        let found = Found::new(path, contents.stat(), &xattrs);
        self.done(contents.stat());
        Ok(found
            .with_content(seen.digest, seen.size)
            .expecting(seen.expected))
    }

    fn done(&self, stat: &Stat) {
        self.counter.count(stat);
        self.progress.advance(0, 1);
    }

    /// Looks at an entry, or leaves it for later; a file that the medium has to be waited for
    /// is handed back, open.
    fn entry(
        &self,
        folder: &Folder<Beside>,
        name: &CStr,
        room: &mut Room,
        later: Option<&mut Later<CString>>,
    ) -> Result<Option<Contents>, Error> {
        let path = || folder.place.path_of(name);
        let fail = |error| self.failed(&path(), TransferError::Source(error));
        let held = match stat::hold(folder.fd.as_fd(), name) {
            // It went away since it was listed, and isn't in the tree.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            held => held.map_err(fail)?,
        };
        let stat = Stat::of(held.as_fd()).map_err(fail)?;
        let contents = stat.kind == FileType::RegularFile && self.how.reads();
        match later {
            Some(later) if stat.kind == FileType::Directory => later.enter(name.to_owned()),
            Some(later) if contents && stat.size >= LARGE => {
                later.task(stat.size, name.to_owned());
            }
            _ if contents => {
                let contents = self.open(folder, name, &held, stat);
                let mut contents = contents.map_err(|error| self.failed(&path(), error))?;
                drop(held);
                if later.is_some() && !contents.try_read(room) {
                    self.waiting.store(true, Relaxed);
                    return Ok(Some(contents));
                }
                self.take(self.file(&contents, path(), room), path)?;
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

    /// Reads files that had to be fetched: the first of them have come by now.
    fn fetched(
        &self,
        folder: &Folder<Beside>,
        cold: &mut Vec<(&CStr, Contents)>,
        room: &mut Room,
    ) -> Result<(), Error> {
        for (name, contents) in cold.drain(..) {
            let path = || folder.place.path_of(name);
            self.take(self.file(&contents, path(), room), path)?;
        }
        Ok(())
    }
}

/// The folder of that path in the tree that contents are compared with, if it has one.
type Beside = Option<OwnedFd>;

impl Visit for Scanner<'_> {
    type Beside = Beside;
    /// A large file.
    type Task = CString;
    type Room = Room;

    fn enter(
        &self,
        above: Option<&Folder<Beside>>,
        opened: &Opened,
    ) -> Result<Option<Beside>, Error> {
        let stat = &opened.stat;
        if self.how.cross_mounts || above.is_none_or(|above| above.stat.mount == stat.mount) {
            let (folder, name) = match above {
                Some(above) => (above.beside.as_ref(), opened.place.name()),
                None => (self.opposite.as_ref(), c"."),
            };
            // That it can't be opened is told where the other tree itself is looked at.
            return Ok(Some(
                folder.and_then(|folder| stat::open_dir(folder.as_fd(), name).ok()),
            ));
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
        folder: &Folder<Beside>,
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
            if let Some(contents) = self.entry(folder, name, room, Some(later))? {
                cold.push((name, contents));
            }
            if cold.len() == WINDOW {
                self.fetched(folder, &mut cold, room)?;
            }
        }
        self.fetched(folder, &mut cold, room)
    }

    fn task(&self, folder: &Folder<Beside>, name: CString, room: &mut Room) -> Result<(), Error> {
        self.entry(folder, &name, room, None).map(drop)
    }

    fn is_waiting(&self) -> bool {
        self.waiting.load(Relaxed)
    }

    fn leave(&self, folder: &Folder<Beside>, room: &mut Room) -> Result<(), Error> {
        let path = folder.place.path();
        let read = room.xattrs.read(InodeFd::Open(folder.fd.as_fd()));
        let xattrs = read.map_err(|error| self.failed(&path, TransferError::Source(error)))?;
        self.counter.count(&folder.stat);
        self.sink.take(&Found::new(path, &folder.stat, &xattrs));
        Ok(())
    }

    fn unopened(
        &self,
        folder: &Folder<Beside>,
        name: &CStr,
        error: io::Error,
    ) -> Result<(), Error> {
        let path = folder.place.path_of(name);
        Err(self.failed(&path, TransferError::Source(error)))
    }
}
