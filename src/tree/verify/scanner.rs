//! Looking at all of a tree: every file is read and digested, or held against that of another
//! tree.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FileType, Mode, OFlags};

use super::collector::{Collector, FoundEntry, Sink};
use super::content_check::ContentCheck;
use super::difference::VerifyOptions;
use super::scan_options::{FileDepth, ScanOptions};
use super::unseen::{Unseen, UnseenKind};
use crate::fs::InodeFd;
use crate::progress::Progress;
use crate::tree::copy::{LARGE, Scratch};
use crate::tree::digest::Digest;
use crate::tree::error::Error;
use crate::tree::manifest::Manifest;
use crate::tree::reading::TransferError;
use crate::tree::walk::cold_files::{ColdFiles, visit_entries};
use crate::tree::walk::escaped::{escaped, join_path};
use crate::tree::walk::exclude::Exclude;
use crate::tree::walk::fence::Fence;
use crate::tree::walk::pace::Pace;
use crate::tree::walk::stat::{self, Stat, Xattrs};
use crate::tree::walk::survey::{Survey, SurveyCounts, SurveyOptions, survey_of};
use crate::tree::walk::walk::{self, Batch, Folder, Later, Opened, Visit};

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
    inventory(root, options, progress).map(|inventory| inventory.manifest)
}

/// A manifest, and what isn't in it though it is in the tree.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    /// The manifest.
    pub manifest: Manifest,
    /// What was there and wasn't looked at, in the order in which it was met.
    pub unseen: Vec<Unseen>,
}

/// [`manifest_of`], with what it leaves out.
///
/// # Errors
/// Those of [`manifest`].
pub fn inventory(
    root: &Path,
    options: &VerifyOptions,
    progress: &dyn Progress,
) -> Result<Inventory, Error> {
    let collector = Collector::default();
    let scanned = scan(root, ScanOptions::from(options), &collector, progress)?;
    Ok(Inventory {
        manifest: collector.finish(),
        unseen: scanned.unseen,
    })
}

/// How much a scan met.
#[derive(Debug, Default)]
pub(crate) struct Scanned {
    pub counts: Survey,
    pub unseen: Vec<Unseen>,
}

/// Gives everything that is wanted of a tree to `sink`; answers how much that was.
///
/// # Errors
/// [`Error::Read`] for the first file that can't be read; [`Error::Interrupted`].
pub(crate) fn scan(
    root: &Path,
    how: ScanOptions<'_>,
    sink: &dyn Sink,
    progress: &dyn Progress,
) -> Result<Scanned, Error> {
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
        counts: SurveyCounts::default(),
        waiting: AtomicBool::new(false),
        unseen: Mutex::default(),
    };
    let parts = SurveyOptions {
        each_name: true,
        ..SurveyOptions::default()
    };
    let total = (how.reads() && progress.wants_total()).then(|| survey_of(root, &parts));
    let total = total.and_then(Result::ok).map(|survey| survey.bytes);
    progress.start(&escaped(root).to_string(), total);
    let done = if stat.kind == FileType::Directory {
        stat::open_dir(held.as_fd(), c".")
            .map_err(fail)
            .and_then(|fd| {
                walk::walk(
                    &scanner,
                    fd,
                    root,
                    Pace::default(),
                    &Fence::default(),
                    progress,
                )
            })
    } else {
        scanner
            .look(&held, Vec::new(), &mut Scratch::default())
            .map_err(|error| scanner.failed(b"", error))
            .map(|found| sink.take(&found))
    };
    progress.finish();
    done?;
    let unseen = scanner.unseen.into_inner();
    Ok(Scanned {
        counts: scanner.counts.survey(),
        unseen: unseen.unwrap_or_else(PoisonError::into_inner),
    })
}

struct Scanner<'a> {
    root: &'a Path,
    how: ScanOptions<'a>,
    /// The root of the tree that contents are compared with.
    opposite: Option<OwnedFd>,
    progress: &'a dyn Progress,
    sink: &'a dyn Sink,
    counts: SurveyCounts,
    /// True once a file had to be waited for: then spare threads help.
    waiting: AtomicBool,
    unseen: Mutex<Vec<Unseen>>,
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

    fn note(&self, path: &[u8], what: UnseenKind) {
        let mut unseen = self.unseen.lock().unwrap_or_else(PoisonError::into_inner);
        let path = if path.is_empty() { b"." } else { path };
        unseen.push(Unseen {
            path: path.to_vec(),
            what,
        });
    }

    /// Everything that a look at a file tells, but for its contents; attributes that can't be
    /// listed are noted.
    fn found(
        &self,
        path: Vec<u8>,
        stat: &Stat,
        held: InodeFd<'_>,
        scratch: &mut Scratch,
    ) -> io::Result<FoundEntry> {
        let found = match scratch.xattrs.read(held) {
            Err(error) if stat::is_too_much(&error) => {
                self.note(&path, UnseenKind::Xattrs);
                FoundEntry::new(path, stat, &Xattrs::new()).without_xattrs()
            }
            xattrs => FoundEntry::new(path, stat, &xattrs?),
        };
        Ok(found.with_flags(stat::flags_of(held, stat.kind)))
    }

    /// Reads metadata and, where wanted, contents of anything but a directory.
    fn look(
        &self,
        held: &OwnedFd,
        path: Vec<u8>,
        room: &mut Scratch,
    ) -> Result<FoundEntry, TransferError> {
        let stat = Stat::of(held.as_fd()).map_err(TransferError::Source)?;
        let known = self.known(&stat);
        if stat.kind == FileType::RegularFile && self.how.reads() && known.is_none() {
            let contents = ContentCheck::to_digest(held, stat, self.how.media);
            return self.file(&contents.map_err(TransferError::Source)?, path, room);
        }
        if stat.kind == FileType::RegularFile && self.how.files == FileDepth::Closed {
            self.done(&stat);
            return Ok(FoundEntry::new(path, &stat, &Xattrs::new()).without_xattrs());
        }
        let held = InodeFd::Named(held.as_fd());
        let found = self.found(path, &stat, held, room);
        let mut found = found.map_err(TransferError::Source)?;
        if known.is_some() {
            self.progress.advance(stat.size, 0);
            found = found.with_content(known, stat.size);
        }
        if stat.kind == FileType::Symlink {
            let target = stat::link_target(held.fd()).map_err(TransferError::Source)?;
            found = found.with_target(&target);
        }
        self.done(&stat);
        Ok(found)
    }

    /// The digest of a regular file's contents, where it needn't be read for that.
    fn known(&self, stat: &Stat) -> Option<Digest> {
        let known = self.how.known.filter(|_| self.opposite.is_none())?;
        let is_wanted = stat.kind == FileType::RegularFile && self.how.reads();
        is_wanted.then(|| known.digest(stat)).flatten()
    }

    fn open(
        &self,
        folder: &Folder<Opposite>,
        name: &CStr,
        held: &OwnedFd,
        stat: Stat,
    ) -> Result<ContentCheck, TransferError> {
        if self.opposite.is_none() {
            let contents = ContentCheck::to_digest(held, stat, self.how.media);
            return contents.map_err(TransferError::Source);
        }
        let expected = folder.counterpart.as_ref().map(OwnedFd::as_fd);
        ContentCheck::to_compare(held, stat, expected, name, self.how.media)
    }

    /// All of an open file, with what is wanted of its contents.
    fn file(
        &self,
        contents: &ContentCheck,
        path: Vec<u8>,
        room: &mut Scratch,
    ) -> Result<FoundEntry, TransferError> {
        let seen = contents.see(room, self.progress)?;
        if seen.is_unlisted {
            self.note(&path, UnseenKind::Xattrs);
        }
        if let (Some(learner), Some(digest)) = (self.how.learner, seen.digest) {
            let after = Stat::of(contents.fd()).map_err(TransferError::Source)?;
            learner.take(contents.stat(), &after, digest);
        }
        let held = InodeFd::Open(contents.fd());
        let found = self.found(path, contents.stat(), held, room);
        let found = found.map_err(TransferError::Source)?;
        self.done(contents.stat());
        Ok(found
            .with_content(seen.digest, seen.size)
            .expecting(seen.expected))
    }

    fn done(&self, stat: &Stat) {
        self.counts.count(stat);
        self.progress.advance(0, 1);
    }

    fn take(
        &self,
        found: Result<FoundEntry, TransferError>,
        path: impl Fn() -> Vec<u8>,
    ) -> Result<(), Error> {
        self.sink
            .take(&found.map_err(|error| self.failed(&path(), error))?);
        Ok(())
    }
}

/// The folder of that path in the tree that contents are compared with, if it has one.
type Opposite = Option<OwnedFd>;

impl ColdFiles for Scanner<'_> {
    type Cold = ContentCheck;

    fn exclude(&self) -> &Exclude {
        self.how.exclude
    }

    fn progress(&self) -> &dyn Progress {
        self.progress
    }

    fn entry(
        &self,
        folder: &Folder<Opposite>,
        name: &CStr,
        scratch: &mut Scratch,
        later: Option<&mut Later<CString>>,
    ) -> Result<Option<ContentCheck>, Error> {
        let path = || folder.place.path_of(name);
        let fail = |error| self.failed(&path(), TransferError::Source(error));
        let held = match stat::hold(folder.fd.as_fd(), name) {
            // It went away since it was listed, and isn't in the tree.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            held => held.map_err(fail)?,
        };
        let stat = Stat::of(held.as_fd()).map_err(fail)?;
        let contents = stat.kind == FileType::RegularFile && self.how.reads();
        let contents = contents && self.known(&stat).is_none();
        match later {
            Some(later) if stat.kind == FileType::Directory => later.enter(name.to_owned()),
            Some(later) if contents && stat.size >= LARGE => {
                later.task(stat.size, name.to_owned());
            }
            _ if contents => {
                let contents = self.open(folder, name, &held, stat);
                let mut contents = contents.map_err(|error| self.failed(&path(), error))?;
                drop(held);
                if later.is_some() && !contents.try_read(scratch) {
                    self.waiting.store(true, Relaxed);
                    return Ok(Some(contents));
                }
                self.take(self.file(&contents, path(), scratch), path)?;
            }
            _ => self.take(self.look(&held, path(), scratch), path)?,
        }
        Ok(None)
    }

    fn fetched(
        &self,
        folder: &Folder<Opposite>,
        name: &CStr,
        contents: ContentCheck,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let path = || folder.place.path_of(name);
        self.take(self.file(&contents, path(), scratch), path)
    }
}

impl Visit for Scanner<'_> {
    type Counterpart = Opposite;
    /// A large file.
    type Task = CString;
    type Buffers = Scratch;

    fn enter(
        &self,
        above: Option<&Folder<Opposite>>,
        opened: &Opened,
    ) -> Result<Option<Opposite>, Error> {
        let stat = &opened.stat;
        if self.how.cross_mounts || above.is_none_or(|above| above.stat.mount == stat.mount) {
            let (folder, name) = match above {
                Some(above) => (above.counterpart.as_ref(), opened.place.name()),
                None => (self.opposite.as_ref(), c"."),
            };
            // That it can't be opened is told where the other tree itself is looked at.
            return Ok(Some(
                folder.and_then(|folder| stat::open_dir(folder.as_fd(), name).ok()),
            ));
        }
        // An empty folder, as in a copy. What isn't entered isn't entered again either, so
        // this comes once.
        self.note(&opened.place.path(), UnseenKind::Mount);
        self.counts.count(stat);
        let found = FoundEntry::new(opened.place.path(), stat, &Xattrs::new());
        self.sink.take(&found);
        Ok(None)
    }

    fn entries(
        &self,
        folder: &Folder<Opposite>,
        entries: Batch<'_>,
        scratch: &mut Scratch,
        later: &mut Later<CString>,
    ) -> Result<(), Error> {
        visit_entries(self, folder, &entries, scratch, later)
    }

    fn task(
        &self,
        folder: &Folder<Opposite>,
        name: CString,
        room: &mut Scratch,
    ) -> Result<(), Error> {
        self.entry(folder, &name, room, None).map(drop)
    }

    fn is_waiting(&self) -> bool {
        self.waiting.load(Relaxed)
    }

    fn leave(&self, folder: &Folder<Opposite>, room: &mut Scratch) -> Result<(), Error> {
        let path = folder.place.path();
        let read = room.xattrs.read(InodeFd::Open(folder.fd.as_fd()));
        let xattrs = read.map_err(|error| self.failed(&path, TransferError::Source(error)))?;
        self.counts.count(&folder.stat);
        let found = FoundEntry::new(path, &folder.stat, &xattrs);
        let flags = stat::flags(folder.fd.as_fd());
        self.sink.take(&found.with_flags(Some(flags)));
        Ok(())
    }

    fn unopened(
        &self,
        folder: &Folder<Opposite>,
        name: &CStr,
        error: io::Error,
    ) -> Result<(), Error> {
        let path = folder.place.path_of(name);
        Err(self.failed(&path, TransferError::Source(error)))
    }
}
