//! The copying visitor: makes in the target what it meets in the source.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{FileType, IFlags};
use rustix::io::Errno;

use super::attributes::{Attributes, Fresh};
use super::content::Clones;
use super::file::Source;
use super::links::Links;
use super::options::CopyOptions;
use super::tally::Tally;
use crate::fs::{Disk, InodeFd};
use crate::progress::Progress;
use crate::tree::error::{Cause, Error, Lost};
use crate::tree::reading::SMALL;
use crate::tree::verify::collect::{Collector, Found, Sink as _};
use crate::tree::walk::name::{Place, join_path};
use crate::tree::walk::stat::{self, Listed, Stat, XattrRoom, Xattrs};
use crate::tree::walk::walk::{Batch, Folder, Later, Opened, Visit};

/// Files from this size on are put aside, so that several threads have some, in bytes.
pub(in crate::tree) const LARGE: u64 = 4 * 1024 * 1024;

/// How many files are being fetched from the medium at a time, for each thread.
pub(in crate::tree) const WINDOW: usize = 48;

/// One copy in the making.
pub(super) struct Copier<'a> {
    pub disk: &'a Disk,
    pub options: &'a CopyOptions,
    pub progress: &'a dyn Progress,
    pub source_path: &'a Path,
    pub target_path: PathBuf,
    /// The target's root, empty; unused if the source is no directory.
    pub target: Option<OwnedFd>,
    /// What a file has that is made in the target.
    pub fresh: Fresh,
    pub umask: u32,
    /// The target's filesystem keeps the attributes that it takes.
    pub exact: bool,
    pub links: Links,
    pub collector: Collector,
    pub tally: Tally,
    pub clones: Clones,
    /// A file had to be waited for.
    pub waiting: AtomicBool,
    /// What can only be done when nothing below or beside needs to change any more.
    pub last: Mutex<Vec<Last>>,
}

/// What is set in the end: flags that lock a file, or a mode that would stop a rename.
pub(super) struct Last {
    pub place: Arc<Place>,
    /// Empty for the folder itself.
    pub name: CString,
    /// All kept flags; empty to leave them as they are.
    pub flags: IFlags,
    pub mode: Option<u32>,
}

/// Buffers of one thread.
pub(in crate::tree) struct Room {
    pub bytes: Vec<u8>,
    /// Of another file, where two are compared.
    pub others: Vec<u8>,
    pub xattrs: XattrRoom,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            // No more: what is read is to be in the processor's cache when it is digested.
            bytes: vec![0; SMALL],
            others: Vec::new(),
            xattrs: XattrRoom::default(),
        }
    }
}

/// Where one thing is made.
#[derive(Clone, Copy)]
pub(super) struct Spot<'a> {
    /// The target's folder.
    pub into: BorrowedFd<'a>,
    pub name: &'a CStr,
    pub place: &'a Arc<Place>,
    /// It is all that is copied.
    pub is_root: bool,
}

impl Spot<'_> {
    /// The path below the root; empty for the root.
    pub(super) fn path(&self) -> Vec<u8> {
        if self.is_root {
            Vec::new()
        } else {
            self.place.path_of(self.name)
        }
    }
}

fn spot<'a>(folder: &'a Folder<OwnedFd>, name: &'a CStr) -> Spot<'a> {
    Spot {
        into: folder.beside.as_fd(),
        name,
        place: &folder.place,
        is_root: false,
    }
}

impl Copier<'_> {
    pub(super) fn unwritable(&self, path: &[u8], error: io::Error) -> Error {
        Error::write(join_path(&self.target_path, path), error)
    }

    pub(super) fn last(&self, last: Last) {
        let mut all = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(last);
    }

    pub(super) fn done(&self, stat: &Stat, found: impl FnOnce() -> Found) {
        self.tally.count(stat);
        if self.options.digest {
            self.collector.take(&found());
        }
        self.progress.advance(0, 1);
    }

    pub(super) fn restless(&self, path: Vec<u8>) {
        let reason = "it changes while it is copied".to_owned();
        self.tally.problem(path, Lost::Stillness, reason);
    }

    /// The target can't have a thing of that name.
    pub(super) fn nameless(&self, spot: Spot<'_>, error: &io::Error) {
        self.tally
            .problem(spot.path(), Lost::Name, error.to_string());
    }

    /// It changed, or went away, between two looks.
    pub(super) fn changed(&self, path: Vec<u8>) {
        if self.options.live {
            self.restless(path);
        } else {
            self.tally.fail(path, Cause::Changed);
        }
    }

    /// Copies an entry, or leaves it for later; a file that the medium has to be waited for
    /// is handed back, open.
    fn entry(
        &self,
        folder: &Folder<OwnedFd>,
        name: &CStr,
        room: &mut Room,
        later: Option<&mut Later<CString>>,
    ) -> Result<Option<Source>, Error> {
        let spot = spot(folder, name);
        let looked = stat::hold(folder.fd.as_fd(), name)
            .and_then(|held| Stat::of(held.as_fd()).map(|stat| (held, stat)));
        let (held, stat) = match looked {
            Ok(looked) => looked,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.changed(spot.path());
                return Ok(None);
            }
            Err(error) => {
                self.tally.fail(spot.path(), Cause::Io(error));
                return Ok(None);
            }
        };
        let regular = stat.kind == FileType::RegularFile;
        match later {
            Some(later) if stat.kind == FileType::Directory => {
                self.directory(folder, spot, &stat, later)?;
            }
            Some(later) if regular && stat.size >= LARGE => later.task(stat.size, name.to_owned()),
            Some(_) if regular && stat.links == 1 => {
                let source = self.open(spot, &held, stat);
                drop(held);
                if let Some(mut source) = source {
                    // What is cloned needn't be read, or only after that.
                    if !self.clones.work() && !source.try_read(&mut room.bytes) {
                        self.waiting.store(true, Relaxed);
                        return Ok(Some(source));
                    }
                    self.file(spot, source, room)?;
                }
            }
            // A task whose file became a directory meanwhile.
            None if stat.kind == FileType::Directory => self.changed(spot.path()),
            _ => self.leaf(spot, &held, &stat, room)?,
        }
        Ok(None)
    }

    /// Copies files that had to be fetched: the first of them have come by now.
    fn fetched(
        &self,
        folder: &Folder<OwnedFd>,
        cold: &mut Vec<(&CStr, Source)>,
        room: &mut Room,
    ) -> Result<(), Error> {
        for (name, source) in cold.drain(..) {
            self.file(spot(folder, name), source, room)?;
        }
        Ok(())
    }

    /// Makes the directory, to be filled when it is entered.
    fn directory(
        &self,
        folder: &Folder<OwnedFd>,
        spot: Spot<'_>,
        stat: &Stat,
        later: &mut Later<CString>,
    ) -> Result<(), Error> {
        match self.disk.make_dir_at(spot.into, spot.name, 0o700) {
            Err(error) if is_unnameable(&error) => {
                self.nameless(spot, &error);
                return Ok(());
            }
            made => made.map_err(|error| self.unwritable(&spot.path(), error))?,
        }
        if self.options.one_file_system && stat.mount != folder.stat.mount {
            let reason = "another filesystem is mounted there".to_owned();
            self.tally.problem(spot.path(), Lost::MountPoint, reason);
            let xattrs = Xattrs::new();
            self.named(spot, stat, &xattrs)?;
            self.done(stat, || Found::new(spot.path(), stat, &xattrs));
            return Ok(());
        }
        later.enter(spot.name.to_owned());
        Ok(())
    }
}

/// In an empty folder of our own, such an answer is about the name: bytes that it can't have,
/// or the letters of another in upper case.
pub(super) fn is_unnameable(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::INVAL | Errno::ILSEQ | Errno::NOENT | Errno::NAMETOOLONG | Errno::EXIST)
    )
}

impl Visit for Copier<'_> {
    /// The folder in the target.
    type Beside = OwnedFd;
    /// A large file.
    type Task = CString;
    type Room = Room;

    fn enter(
        &self,
        above: Option<&Folder<OwnedFd>>,
        opened: &Opened,
    ) -> Result<Option<OwnedFd>, Error> {
        let target = match (above, &self.target) {
            (Some(above), _) => stat::open_dir(above.beside.as_fd(), opened.place.name()),
            (None, Some(root)) => stat::open_dir(root.as_fd(), c"."),
            (None, None) => return Ok(None),
        };
        target
            .map(Some)
            .map_err(|error| self.unwritable(&opened.place.path(), error))
    }

    fn entries(
        &self,
        folder: &Folder<OwnedFd>,
        entries: Batch<'_>,
        room: &mut Room,
        later: &mut Later<CString>,
    ) -> Result<(), Error> {
        let mut cold = Vec::new();
        for Listed { name, .. } in entries.iter() {
            if self.progress.interrupted() {
                return Err(Error::Interrupted);
            }
            let exclude = &self.options.exclude;
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

    fn task(&self, folder: &Folder<OwnedFd>, name: CString, room: &mut Room) -> Result<(), Error> {
        self.entry(folder, &name, room, None).map(drop)
    }

    fn is_waiting(&self) -> bool {
        self.waiting.load(Relaxed)
    }

    fn leave(&self, folder: &Folder<OwnedFd>, room: &mut Room) -> Result<(), Error> {
        let path = || folder.place.path();
        let looked = Stat::of(folder.fd.as_fd()).and_then(|stat| {
            let xattrs = room.xattrs.read(InodeFd::Open(folder.fd.as_fd()))?;
            Ok((stat, xattrs))
        });
        let (stat, xattrs) = match looked {
            Ok(looked) => looked,
            Err(error) => {
                self.tally.fail(path(), Cause::Io(error));
                return Ok(());
            }
        };
        if !folder.stat.is_unchanged(&stat) {
            self.changed(path());
        }
        let flags = stat::flags(folder.fd.as_fd());
        let mut given = stat;
        // A folder moves only if its owner may write to it: root isn't asked.
        let moves = folder.place.is_root() && stat.mode & 0o200 == 0;
        if moves {
            given.mode |= 0o200;
            self.last(Last {
                place: Arc::clone(&folder.place),
                name: CString::default(),
                flags: IFlags::empty(),
                mode: Some(stat.mode),
            });
        }
        let spot = Spot {
            into: folder.beside.as_fd(),
            name: c"",
            place: &folder.place,
            is_root: folder.place.is_root(),
        };
        let attributes = Attributes {
            stat: &given,
            xattrs: &xattrs,
            flags,
        };
        let fresh = Fresh {
            mode: Some(0o700),
            ..self.fresh
        };
        self.attributes(
            spot,
            InodeFd::Open(folder.beside.as_fd()),
            &attributes,
            &fresh,
        )?;
        self.done(&stat, || Found::new(path(), &stat, &xattrs));
        Ok(())
    }

    fn unopened(
        &self,
        folder: &Folder<OwnedFd>,
        name: &CStr,
        error: io::Error,
    ) -> Result<(), Error> {
        let path = folder.place.path_of(name);
        match Errno::from_io_error(&error) {
            // It was a directory a moment ago.
            Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => self.changed(path),
            _ => self.tally.fail(path, Cause::Io(error)),
        }
        Ok(())
    }
}
