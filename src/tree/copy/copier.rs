//! The copying visitor: makes in the target what it meets in the source.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{FileType, IFlags};
use rustix::io::Errno;

use super::attributes::{Attributes, InodeDefaults};
use super::content::Clones;
use super::file::OpenSource;
use super::links::Links;
use super::options::CopyOptions;
use super::tally::Tally;
use crate::fs::{Disk, InodeFd};
use crate::progress::Progress;
use crate::tree::error::{Cause, Error, Lost};
use crate::tree::reading::SMALL;
use crate::tree::verify::collector::{Collector, FoundEntry, Sink as _};
use crate::tree::walk::cold_files::{ColdFiles, visit_entries};
use crate::tree::walk::dir_chain::DirChain;
use crate::tree::walk::escaped::join_path;
use crate::tree::walk::exclude::Exclude;
use crate::tree::walk::stat::{self, Stat, XattrRoom, Xattrs};
use crate::tree::walk::walk::{Batch, Folder, Later, Opened, Visit};

/// Files from this size on are put aside, so that several threads have some, in bytes.
pub(in crate::tree) const LARGE: u64 = 4 * 1024 * 1024;

/// One copy in the making.
pub(super) struct Copier<'a> {
    pub disk: &'a Disk,
    pub options: &'a CopyOptions,
    pub progress: &'a dyn Progress,
    pub source_path: &'a Path,
    pub target_path: PathBuf,
    /// The target's root, empty; unused if the source is no directory.
    pub target: Option<OwnedFd>,
    /// The attributes of a file that was just made in the target.
    pub fresh: InodeDefaults,
    pub umask: u32,
    /// The target's filesystem keeps the attributes that it takes.
    pub exact: bool,
    pub links: Links,
    pub collector: Collector,
    pub tally: Tally,
    pub clones: Clones,
    /// True once a file had to be waited for: then spare threads help.
    pub waiting: AtomicBool,
    /// What can only be done when nothing below or beside needs to change any more.
    pub last: Mutex<Vec<LateAttributes>>,
}

/// What is set in the end: flags that lock a file, or a mode that would stop a rename.
pub(super) struct LateAttributes {
    pub place: Arc<DirChain>,
    /// Empty for the folder itself.
    pub name: CString,
    /// All kept flags; empty to leave them as they are.
    pub flags: IFlags,
    pub mode: Option<u32>,
}

/// Buffers of one thread.
pub(in crate::tree) struct Scratch {
    pub bytes: Vec<u8>,
    /// Bytes of a second file, where two are compared; empty until then.
    pub others: Vec<u8>,
    pub xattrs: XattrRoom,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            // No more: what is read is to be in the processor's cache when it is digested.
            bytes: vec![0; SMALL],
            others: Vec::new(),
            xattrs: XattrRoom::default(),
        }
    }
}

/// The name in a target folder under which one file is made.
#[derive(Clone, Copy)]
pub(super) struct TargetSlot<'a> {
    /// The target's folder.
    pub into: BorrowedFd<'a>,
    pub name: &'a CStr,
    pub place: &'a Arc<DirChain>,
    /// The source itself is a single file: its path below the root is empty.
    pub is_root: bool,
}

impl TargetSlot<'_> {
    /// The path below the root; empty for the root.
    pub(super) fn path(&self) -> Vec<u8> {
        if self.is_root {
            Vec::new()
        } else {
            self.place.path_of(self.name)
        }
    }
}

fn slot<'a>(folder: &'a Folder<OwnedFd>, name: &'a CStr) -> TargetSlot<'a> {
    TargetSlot {
        into: folder.counterpart.as_fd(),
        name,
        place: &folder.place,
        is_root: false,
    }
}

impl Copier<'_> {
    pub(super) fn unwritable(&self, path: &[u8], error: io::Error) -> Error {
        Error::write(join_path(&self.target_path, path), error)
    }

    pub(super) fn last(&self, last: LateAttributes) {
        let mut all = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(last);
    }

    pub(super) fn done(&self, stat: &Stat, found: impl FnOnce() -> FoundEntry) {
        self.tally.counts.count(stat);
        if self.options.digest {
            self.collector.take(&found());
        }
        self.progress.advance(0, 1);
    }

    pub(super) fn changed_during_copy(&self, path: Vec<u8>) {
        let reason = "it changes while it is copied".to_owned();
        self.tally.problem(path, Lost::ChangedDuringCopy, reason);
    }

    /// The target can't have a thing of that name.
    pub(super) fn name_not_representable(&self, slot: TargetSlot<'_>, error: &io::Error) {
        self.tally
            .problem(slot.path(), Lost::Name, error.to_string());
    }

    /// Notes that a thing of the source changed, or went away, between two looks at it.
    pub(super) fn changed(&self, path: Vec<u8>) {
        if self.options.live {
            self.changed_during_copy(path);
        } else {
            self.tally.fail(path, Cause::Changed);
        }
    }

    /// Makes the directory, to be filled when it is entered.
    fn directory(
        &self,
        folder: &Folder<OwnedFd>,
        slot: TargetSlot<'_>,
        stat: &Stat,
        later: &mut Later<CString>,
    ) -> Result<(), Error> {
        match self.disk.make_dir_at(slot.into, slot.name, 0o700) {
            Err(error) if is_not_representable(&error) => {
                self.name_not_representable(slot, &error);
                return Ok(());
            }
            made => made.map_err(|error| self.unwritable(&slot.path(), error))?,
        }
        if self.options.one_file_system && stat.mount != folder.stat.mount {
            let reason = "another filesystem is mounted there".to_owned();
            self.tally.problem(slot.path(), Lost::MountPoint, reason);
            let xattrs = Xattrs::new();
            self.named(slot, stat, &xattrs)?;
            self.done(stat, || FoundEntry::new(slot.path(), stat, &xattrs));
            return Ok(());
        }
        later.enter(slot.name.to_owned());
        Ok(())
    }
}

/// In an empty folder of our own, such an answer is about the name: bytes that it can't have,
/// or the letters of another in upper case.
pub(super) fn is_not_representable(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::INVAL | Errno::ILSEQ | Errno::NOENT | Errno::NAMETOOLONG | Errno::EXIST)
    )
}

impl ColdFiles for Copier<'_> {
    type Cold = OpenSource;

    fn exclude(&self) -> &Exclude {
        &self.options.exclude
    }

    fn progress(&self) -> &dyn Progress {
        self.progress
    }

    fn entry(
        &self,
        folder: &Folder<OwnedFd>,
        name: &CStr,
        scratch: &mut Scratch,
        later: Option<&mut Later<CString>>,
    ) -> Result<Option<OpenSource>, Error> {
        let slot = slot(folder, name);
        let looked = stat::hold(folder.fd.as_fd(), name)
            .and_then(|held| Stat::of(held.as_fd()).map(|stat| (held, stat)));
        let (held, stat) = match looked {
            Ok(looked) => looked,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                self.changed(slot.path());
                return Ok(None);
            }
            Err(error) => {
                self.tally.fail(slot.path(), Cause::Io(error));
                return Ok(None);
            }
        };
        let regular = stat.kind == FileType::RegularFile;
        match later {
            Some(later) if stat.kind == FileType::Directory => {
                self.directory(folder, slot, &stat, later)?;
            }
            Some(later) if regular && stat.size >= LARGE => later.task(stat.size, name.to_owned()),
            Some(_) if regular && stat.links == 1 => {
                let source = self.open(slot, &held, stat);
                drop(held);
                if let Some(mut source) = source {
                    // What is cloned needn't be read, or only after that.
                    if !self.clones.work() && !source.try_read(&mut scratch.bytes) {
                        self.waiting.store(true, Relaxed);
                        return Ok(Some(source));
                    }
                    self.file(slot, source, scratch)?;
                }
            }
            // A task whose file became a directory meanwhile.
            None if stat.kind == FileType::Directory => self.changed(slot.path()),
            _ => self.leaf(slot, &held, &stat, scratch)?,
        }
        Ok(None)
    }

    fn fetched(
        &self,
        folder: &Folder<OwnedFd>,
        name: &CStr,
        source: OpenSource,
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        self.file(slot(folder, name), source, scratch)
    }
}

impl Visit for Copier<'_> {
    /// The folder in the target.
    type Counterpart = OwnedFd;
    /// A large file.
    type Task = CString;
    type Buffers = Scratch;

    fn enter(
        &self,
        above: Option<&Folder<OwnedFd>>,
        opened: &Opened,
    ) -> Result<Option<OwnedFd>, Error> {
        let target = match (above, &self.target) {
            (Some(above), _) => stat::open_dir(above.counterpart.as_fd(), opened.place.name()),
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
        scratch: &mut Scratch,
        later: &mut Later<CString>,
    ) -> Result<(), Error> {
        visit_entries(self, folder, &entries, scratch, later)
    }

    fn task(
        &self,
        folder: &Folder<OwnedFd>,
        name: CString,
        room: &mut Scratch,
    ) -> Result<(), Error> {
        self.entry(folder, &name, room, None).map(drop)
    }

    fn is_waiting(&self) -> bool {
        self.waiting.load(Relaxed)
    }

    fn leave(&self, folder: &Folder<OwnedFd>, room: &mut Scratch) -> Result<(), Error> {
        let path = || folder.place.path();
        let slot = TargetSlot {
            into: folder.counterpart.as_fd(),
            name: c"",
            place: &folder.place,
            is_root: folder.place.is_root(),
        };
        let looked = Stat::of(folder.fd.as_fd()).and_then(|stat| {
            let xattrs = self.xattrs_of(slot, InodeFd::Open(folder.fd.as_fd()), room)?;
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
            self.last(LateAttributes {
                place: Arc::clone(&folder.place),
                name: CString::default(),
                flags: IFlags::empty(),
                mode: Some(stat.mode),
            });
        }
        let attributes = Attributes {
            stat: &given,
            xattrs: &xattrs,
            flags,
        };
        let fresh = InodeDefaults {
            mode: Some(0o700),
            ..self.fresh
        };
        self.attributes(
            slot,
            InodeFd::Open(folder.counterpart.as_fd()),
            &attributes,
            &fresh,
        )?;
        self.done(&stat, || {
            FoundEntry::new(path(), &stat, &xattrs).with_flags(Some(flags))
        });
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
