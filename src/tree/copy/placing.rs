//! What an update does about one thing that differs: it is copied anew, counted, or linked, and
//! renamed over what is there.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;

use rustix::fs::{FileType, IFlags};

use super::attributes;
use super::build::{HeldPath, build};
use super::folder_pair::FolderPair;
use super::leaf::open_chain;
use super::options::CopyOptions;
use super::updater::{FirstInTarget, HeldEntry, PairState, Pass, Updater};
use crate::tree::error::Error;
use crate::tree::target::destination::{Destination, Staging};
use crate::tree::verify::difference::{Difference, DifferenceKind};
use crate::tree::walk::escaped::join_path;
use crate::tree::walk::stat::{self, LOCKING_FLAGS, Stat};
use crate::tree::walk::survey::survey_held;

impl<'a> Updater<'a> {
    /// Copies one thing, with all that is in it, over whatever is there. False if what is there
    /// has to stay.
    pub(super) fn replace(
        &mut self,
        state: &PairState,
        name: &CStr,
        path: &[u8],
        theirs: &HeldEntry,
        ours: Option<&HeldEntry>,
    ) -> Result<bool, Error> {
        if ours.is_some_and(HeldEntry::is_folder) && !self.make_room(state, name, path)? {
            return Ok(false);
        }
        state.touched.set(true);
        let options = CopyOptions {
            exclude: self.options.exclude.below(path),
            ..self.options.clone()
        };
        if theirs.is_folder()
            && self.pass != Pass::Weigh
            && self.has_links(path, theirs, &options)?
        {
            self.begin_folder(state, name, path, theirs, ours)?;
            return Ok(true);
        }
        if self.pass != Pass::Act {
            self.count(path, theirs, ours, &options)?;
            return Ok(true);
        }
        let (source, target) = (
            join_path(self.roots.source.path, path),
            join_path(self.roots.target.path, path),
        );
        let from = HeldPath {
            fd: &theirs.held,
            path: &source,
        };
        self.make_way(state)?;
        let staging = self.staging(state)?;
        let mut dir = staging.dir();
        dir.fence = &self.fence;
        let built = build(self.disk, from, dir, &target, &options, self.progress)?;
        self.put(&staging, &state.pair, name, path, theirs.stat.kind)?;
        let copied = built.set_late_attributes(self.disk, &target)?;
        self.done.copied.add(copied, path);
        Ok(true)
    }

    /// What a copy would count, and where it differs.
    fn count(
        &mut self,
        path: &[u8],
        theirs: &HeldEntry,
        ours: Option<&HeldEntry>,
        options: &CopyOptions,
    ) -> Result<(), Error> {
        let foretells = self.pass == Pass::Foretell;
        let root = join_path(self.roots.source.path, path);
        let mut listed = Vec::new();
        let mut list = |below: Vec<u8>, stat: &Stat| {
            if foretells && ours.is_none() {
                listed.push((below, *stat));
            }
        };
        let parts = options.surveyed();
        let counts = survey_held(&theirs.held, &root, &parts, &self.fence, &mut list)?;
        self.done.copied.counts += counts;
        for (below, stat) in listed {
            let path = match (path, below.as_slice()) {
                (_, b"") => path.to_vec(),
                _ => [path, b"/", &below].concat(),
            };
            self.differences.push(Difference::missing_at(path, &stat));
        }
        if foretells && let Some(ours) = ours {
            self.tell(path, theirs, ours, Some(DifferenceKind::Content))?;
        }
        Ok(())
    }

    /// Renames what was made over what is there.
    fn put(
        &self,
        staging: &Staging<'_>,
        pair: &FolderPair,
        name: &CStr,
        path: &[u8],
        kind: FileType,
    ) -> Result<(), Error> {
        staging
            .put_over(pair.target.as_fd(), name, kind)
            .map_err(|error| self.roots.unwritable(path, error))
    }

    /// Makes `name` another name of a file that is in place already.
    pub(super) fn link(
        &mut self,
        state: &PairState,
        name: &CStr,
        path: &[u8],
        theirs: &HeldEntry,
        ours: Option<&HeldEntry>,
        first: &FirstInTarget,
    ) -> Result<(), Error> {
        let pair = &state.pair;
        if ours.is_some_and(|ours| Some(ours.stat.id()) == first.kept) {
            self.weight.alike += 1;
            return Ok(());
        }
        if ours.is_some_and(HeldEntry::is_folder) && !self.make_room(state, name, path)? {
            return Ok(());
        }
        state.touched.set(true);
        if ours.is_some() {
            self.done.adjusted += 1;
        } else {
            self.count_link(&theirs.stat);
        }
        if self.pass != Pass::Act {
            if self.pass == Pass::Foretell {
                let first = first.place.path_of(&first.name);
                self.differences.push(Difference::link_at(path, &first));
            }
            return Ok(());
        }
        self.make_way(state)?;
        let staging = self.staging(state)?;
        let fail = |error| Error::write(join_path(self.roots.target.path, path), error);
        let root = self.roots.target.fd.as_fd();
        let dir = open_chain(root, &first.place).map_err(fail)?;
        let unlocked = self.unlock(dir.as_fd(), &first.name).map_err(fail)?;
        let linked = staging.link_from(dir.as_fd(), &first.name);
        let linked = linked
            .map_err(fail)
            .and_then(|()| self.put(&staging, pair, name, path, theirs.stat.kind));
        if let Some((fd, flags)) = unlocked {
            let locked = attributes::set_flags(self.disk, fd.as_fd(), name, flags);
            locked.map_err(fail)?;
        }
        linked
    }

    /// Takes the flags away that forbid another name, if a file has any; answers which it had.
    fn unlock(&self, dir: BorrowedFd<'_>, name: &CStr) -> io::Result<Option<(OwnedFd, IFlags)>> {
        let held = stat::hold(dir, name)?;
        if Stat::of(held.as_fd())?.kind != FileType::RegularFile {
            return Ok(None);
        }
        let fd = stat::open_held(held.as_fd())?;
        let flags = stat::flags(fd.as_fd());
        if !flags.intersects(LOCKING_FLAGS) {
            return Ok(None);
        }
        attributes::set_flags(self.disk, fd.as_fd(), name, flags - LOCKING_FLAGS)?;
        Ok(Some((fd, flags)))
    }

    /// The staging folder of the filesystem that a folder of the target is on.
    pub(super) fn staging(&mut self, state: &PairState) -> Result<Rc<Staging<'a>>, Error> {
        let pair = &state.pair;
        let path = pair.place.path();
        let fail = |error| self.roots.unwritable(&path, error);
        let mount = Stat::of(pair.target.as_fd()).map_err(fail)?.mount;
        if let Some(staging) = self.stagings.get(&mount) {
            return Ok(Rc::clone(staging));
        }
        let fd = stat::open_dir(pair.target.as_fd(), c".").map_err(fail)?;
        let target = join_path(self.roots.target.path, &path);
        let staging = Destination::within(&target, fd).stage(self.disk, self.roots.source.path)?;
        self.fence_off(&staging)?;
        self.staged_in.push(Arc::clone(&pair.place));
        let staging = Rc::new(staging);
        self.stagings.insert(mount, Rc::clone(&staging));
        Ok(staging)
    }

    /// Goes through a single file.
    pub(super) fn single(&mut self, source: &Stat, target: &Stat) -> Result<(), Error> {
        let held = |fd: &OwnedFd, stat: &Stat| -> io::Result<HeldEntry> {
            Ok(HeldEntry {
                held: rustix::io::fcntl_dupfd_cloexec(fd, 0)?,
                stat: *stat,
            })
        };
        let theirs = held(self.roots.source.fd, source);
        let theirs = theirs.map_err(|error| self.roots.unreadable(b"", error))?;
        let ours = held(self.roots.target.fd, target);
        let ours = ours.map_err(|error| self.roots.unwritable(b"", error))?;
        if self.keep(c"", b"", &theirs, &ours)? {
            self.advance(0);
            return Ok(());
        }
        let options = self.options.clone();
        if self.pass != Pass::Act {
            return self.count(b"", &theirs, Some(&ours), &options);
        }
        let Some(staging) = self.stagings.values().next().map(Rc::clone) else {
            return Ok(());
        };
        let path = self.roots.target.path;
        let from = HeldPath {
            fd: &theirs.held,
            path: self.roots.source.path,
        };
        let built = build(
            self.disk,
            from,
            staging.dir(),
            path,
            &options,
            self.progress,
        )?;
        staging
            .put_in_place(theirs.stat.kind)
            .map_err(|error| self.roots.unwritable(b"", error))?;
        let copied = built.set_late_attributes(self.disk, path)?;
        self.done.copied.add(copied, b"");
        Ok(())
    }
}
