//! Bringing an existing copy up to date: what differs is copied anew and renamed over, what
//! is gone is removed, what is equal isn't touched.
//!
//! Each file is replaced in one step; the tree as a whole is not, so an update that is
//! interrupted is to be run again. It is the second pass of a warm copy, after the writers
//! were stopped.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use rustix::fs::{FileType, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use super::attributes::{self, Attributes};
use super::build::{HeldPath, build};
use super::leaf::open_chain;
use super::links::FirstName;
use super::options::{CopyOptions, Updated};
use super::staged::expected;
use crate::fs::{Disk, InodeFd, Taken};
use crate::progress::Progress;
use crate::tree::error::{Cause, Error, FailedFile, Lost, Problem};
use crate::tree::target::destination::{CONTENT, Destination, Staging};
use crate::tree::target::remove::remove_at;
use crate::tree::walk::dir_chain::DirChain;
use crate::tree::walk::escaped::{escaped, join_path};
use crate::tree::walk::stat::{self, FileId, LOCKING_FLAGS, Listing, Stat, XattrRoom};

/// Makes the directory `target` equal to the directory `source`, as [`copy`](super::copy)
/// would have made it. Files of equal size and modification time count as equal, unless
/// [`CopyOptions::checksum`] says to look inside. Digests aren't computed.
///
/// # Errors
/// Those of [`copy`](super::copy); after one the target is between old and new, each file
/// of it being one or the other.
pub fn update(
    disk: &Disk,
    source: &Path,
    target: &Path,
    options: &CopyOptions,
    progress: &dyn Progress,
) -> Result<Updated, Error> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC;
    let source_fd = rustix::fs::open(source, flags, Mode::empty())
        .map_err(|error| Error::read(source, error))?;
    let target_fd: OwnedFd = File::open(target)
        .map_err(|error| Error::read(target, error))?
        .into();
    // Two updates of one target would take each other's files for what is gone.
    if let Err(Errno::WOULDBLOCK) =
        rustix::fs::flock(&target_fd, FlockOperation::NonBlockingLockExclusive)
    {
        let path = target.to_owned();
        return Err(Error::Busy { path });
    }
    let root = Stat::of(source_fd.as_fd()).map_err(|error| Error::read(source, error))?;
    let aside = Destination::beside(target)?;
    aside.check_outside(source, &root)?;
    let staging = aside.stage(disk)?;
    let pieces = CopyOptions {
        digest: false,
        ..options.clone()
    };
    let mut update = Update {
        disk,
        source,
        target,
        options: &pieces,
        progress,
        staging,
        mount: root.mount,
        roots: (source_fd, target_fd),
        left: vec![DirChain::root()],
        files: HashMap::new(),
        taken: HashMap::new(),
        room: XattrRoom::default(),
        done: Updated::default(),
    };
    progress.start(
        &escaped(target).to_string(),
        expected(source, true, options, progress),
    );
    let done = update.run();
    progress.finish();
    done.map(|()| update.done)
}

/// A folder that both sides have.
struct FolderPair {
    source: OwnedFd,
    target: OwnedFd,
    place: Arc<DirChain>,
}

pub(super) struct Update<'a> {
    pub(super) disk: &'a Disk,
    pub(super) source: &'a Path,
    pub(super) target: &'a Path,
    pub(super) options: &'a CopyOptions,
    pub(super) progress: &'a dyn Progress,
    staging: Staging<'a>,
    /// The source's.
    mount: u64,
    /// The source's and the target's.
    roots: (OwnedFd, OwnedFd),
    /// Common folders that weren't looked into yet; not open, since there may be many.
    left: Vec<Arc<DirChain>>,
    /// Files with several names: where the first of them stands in the target now.
    files: HashMap<FileId, FirstName>,
    /// The target's files with several names, and the source's that they are copies of.
    pub(super) taken: HashMap<FileId, FileId>,
    pub(super) room: XattrRoom,
    pub(super) done: Updated,
}

/// One side of a comparison.
pub(super) struct HeldEntry {
    pub held: OwnedFd,
    pub stat: Stat,
}

impl HeldEntry {
    fn look(dir: BorrowedFd<'_>, name: &CStr) -> io::Result<Self> {
        let held = stat::hold(dir, name)?;
        let stat = Stat::of(held.as_fd())?;
        Ok(Self { held, stat })
    }

    pub(super) const fn file(&self) -> FileId {
        self.stat.id()
    }
}

impl Update<'_> {
    fn run(&mut self) -> Result<(), Error> {
        while let Some(place) = self.left.pop() {
            let pair = self.open(place)?;
            self.pair(&pair)?;
        }
        if self.options.sync {
            let name = CString::default();
            self.disk
                .sync_filesystem(self.staging.fd(), &name)
                .map_err(|error| Error::write(self.target, error))?;
        }
        Ok(())
    }

    fn open(&self, place: Arc<DirChain>) -> Result<FolderPair, Error> {
        let (source, target) = &self.roots;
        let source = open_chain(source.as_fd(), &place);
        let target = open_chain(target.as_fd(), &place);
        Ok(FolderPair {
            source: source.map_err(|error| self.unreadable(&place.path(), error))?,
            target: target.map_err(|error| self.unwritable(&place.path(), error))?,
            place,
        })
    }

    pub(super) fn unreadable(&self, path: &[u8], error: io::Error) -> Error {
        Error::read(join_path(self.source, path), error)
    }

    pub(super) fn unwritable(&self, path: &[u8], error: io::Error) -> Error {
        Error::write(join_path(self.target, path), error)
    }

    /// Everything in one folder, and then the folder's own attributes.
    fn pair(&mut self, pair: &FolderPair) -> Result<(), Error> {
        let path = pair.place.path();
        let fail = |error| Error::read(join_path(self.source, &path), error);
        let source = stat::open_dir(pair.source.as_fd(), c".").map_err(fail)?;
        let before = Stat::of(source.as_fd()).map_err(fail)?;
        let theirs = stat::list(&source).map_err(fail)?;
        let ours = stat::open_dir(pair.target.as_fd(), c".")
            .and_then(|fd| stat::list(&fd))
            .map_err(|error| self.unwritable(&path, error))?;
        self.remove_gone(pair, &theirs, &ours)?;
        for entry in theirs.iter() {
            if self.progress.interrupted() {
                return Err(Error::Interrupted);
            }
            let path = pair.place.path_of(entry.name);
            if !self.options.exclude.matches(&path) {
                self.entry(pair, entry.name, &path)?;
            }
        }
        let after = Stat::of(source.as_fd()).map_err(fail)?;
        if !before.is_unchanged(&after) {
            self.changed(&path)?;
        }
        self.folder(pair, &path)
    }

    /// A folder got or lost entries while it was gone through.
    fn changed(&mut self, path: &[u8]) -> Result<(), Error> {
        if !self.options.live {
            let failure = FailedFile {
                path: path.to_vec(),
                cause: Cause::Changed,
            };
            return Err(Error::Incomplete {
                source_root: self.source.to_owned(),
                failed: vec![failure],
            });
        }
        self.done.copied.problems.push(Problem {
            path: path.to_vec(),
            lost: Lost::ChangedDuringCopy,
            reason: Cause::Changed.to_string(),
        });
        Ok(())
    }

    fn remove_gone(
        &mut self,
        pair: &FolderPair,
        theirs: &Listing,
        ours: &Listing,
    ) -> Result<(), Error> {
        let mut names: Vec<&CStr> = theirs.iter().map(|entry| entry.name).collect();
        names.sort_unstable();
        for entry in ours.iter() {
            let path = pair.place.path_of(entry.name);
            let gone = names.binary_search(&entry.name).is_err();
            if gone && !self.options.exclude.matches(&path) {
                remove_at(self.disk, pair.target.as_fd(), entry.name)
                    .map_err(|error| self.unwritable(&path, error))?;
                self.done.removed += 1;
            }
        }
        Ok(())
    }

    fn entry(&mut self, pair: &FolderPair, name: &CStr, path: &[u8]) -> Result<(), Error> {
        let theirs = HeldEntry::look(pair.source.as_fd(), name)
            .map_err(|error| self.unreadable(path, error))?;
        let ours = match HeldEntry::look(pair.target.as_fd(), name) {
            Ok(side) => Some(side),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(self.unwritable(path, error)),
        };
        if theirs.stat.kind == FileType::Directory {
            if ours.is_some_and(|ours| ours.stat.kind == FileType::Directory) {
                self.descend(pair, name, path, &theirs);
                return Ok(());
            }
            return self.replace(pair, name, path, &theirs);
        }
        if theirs.stat.links > 1
            && let Some(first) = self.files.get(&theirs.file()).cloned()
        {
            return self.link(pair, name, path, &theirs, ours.as_ref(), &first);
        }
        let kept = match &ours {
            Some(ours) => self.keep(name, path, &theirs, ours)?,
            None => false,
        };
        if kept {
            let bytes = match theirs.stat.kind {
                // With a checksum they have been counted as they were read.
                FileType::RegularFile if !self.options.checksum => theirs.stat.size,
                _ => 0,
            };
            self.progress.advance(bytes, 1);
        } else {
            self.replace(pair, name, path, &theirs)?;
        }
        if theirs.stat.links > 1 {
            let first = FirstName {
                place: Arc::clone(&pair.place),
                name: name.to_owned(),
            };
            self.files.insert(theirs.file(), first);
        }
        Ok(())
    }

    fn descend(&mut self, pair: &FolderPair, name: &CStr, path: &[u8], theirs: &HeldEntry) {
        if self.options.one_file_system && theirs.stat.mount != self.mount {
            self.done.copied.problems.push(Problem {
                path: path.to_vec(),
                lost: Lost::MountPoint,
                reason: "another filesystem is mounted there".to_owned(),
            });
            return;
        }
        self.left.push(pair.place.below(name));
    }

    /// Copies one thing, with all that is in it, over whatever is there.
    fn replace(
        &mut self,
        pair: &FolderPair,
        name: &CStr,
        path: &[u8],
        theirs: &HeldEntry,
    ) -> Result<(), Error> {
        let (source, target) = (join_path(self.source, path), join_path(self.target, path));
        let from = HeldPath {
            fd: &theirs.held,
            path: &source,
        };
        let staging = self.staging.dir();
        let built = build(
            self.disk,
            from,
            staging,
            &target,
            self.options,
            self.progress,
        )?;
        self.put(pair, name, path, theirs.stat.kind)?;
        let copied = built.seal(self.disk, &target)?;
        self.done.copied.add(copied, path);
        Ok(())
    }

    /// Renames what was made over what is there.
    fn put(
        &self,
        pair: &FolderPair,
        name: &CStr,
        path: &[u8],
        kind: FileType,
    ) -> Result<(), Error> {
        let into = pair.target.as_fd();
        let fail = |error| self.unwritable(path, error);
        if let Ok(there) = Stat::at(into, name) {
            let folders = [there.kind, kind].contains(&FileType::Directory);
            let locked = stat::hold(into, name)
                .and_then(|held| stat::open_held(held.as_fd()))
                .is_ok_and(|fd| {
                    there.kind == FileType::RegularFile
                        && stat::flags(fd.as_fd()).intersects(LOCKING_FLAGS)
                });
            if folders || locked {
                remove_at(self.disk, into, name).map_err(fail)?;
            }
        }
        self.disk
            .rename_at(self.staging.fd(), CONTENT, into, name, Taken::Replace)
            .map_err(fail)
    }

    /// Makes `name` another name of a file that is in place already.
    fn link(
        &mut self,
        pair: &FolderPair,
        name: &CStr,
        path: &[u8],
        theirs: &HeldEntry,
        ours: Option<&HeldEntry>,
        first: &FirstName,
    ) -> Result<(), Error> {
        let fail = |error| Error::write(join_path(self.target, path), error);
        let dir = open_chain(self.roots.1.as_fd(), &first.place).map_err(fail)?;
        let there = Stat::at(dir.as_fd(), &first.name).map_err(fail)?;
        if ours.is_some_and(|ours| ours.stat.is_same_file(&there)) {
            return Ok(());
        }
        self.disk
            .link_at(dir.as_fd(), &first.name, self.staging.fd(), CONTENT)
            .map_err(fail)?;
        self.put(pair, name, path, theirs.stat.kind)?;
        self.done.adjusted += 1;
        Ok(())
    }

    /// The attributes of a folder whose entries are in order.
    fn folder(&mut self, pair: &FolderPair, path: &[u8]) -> Result<(), Error> {
        let (source, target) = (pair.source.as_fd(), pair.target.as_fd());
        let unreadable = |error| Error::read(join_path(self.source, path), error);
        let unwritable = |error| Error::write(join_path(self.target, path), error);
        let their_stat = Stat::of(source).map_err(unreadable)?;
        let their_xattrs = self.room.read(InodeFd::Open(source)).map_err(unreadable)?;
        let our_stat = Stat::of(target).map_err(unwritable)?;
        let our_xattrs = self.room.read(InodeFd::Open(target)).map_err(unwritable)?;
        let wanted = Attributes {
            stat: &their_stat,
            xattrs: &their_xattrs,
            flags: stat::flags(source),
        };
        let found = Attributes {
            stat: &our_stat,
            xattrs: &our_xattrs,
            flags: stat::flags(target),
        };
        if wanted.is_same(&found) {
            return Ok(());
        }
        self.adjust(InodeFd::Open(target), c"", path, &wanted, &found)?;
        let name = CString::default();
        if wanted.flags.intersects(LOCKING_FLAGS) {
            attributes::set_flags(self.disk, target, &name, wanted.flags)
                .map_err(|error| Error::write(join_path(self.target, path), error))?;
        }
        Ok(())
    }
}
