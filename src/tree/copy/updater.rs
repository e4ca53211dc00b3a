//! One pass over both trees of an update: entry by entry, what is to be done about it, and,
//! where the pass acts, that it is done.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::rc::Rc;
use std::sync::Arc;

use rustix::fs::{FileType, IFlags, Timespec};

use super::folder_pair::{FolderPair, Roots};
use super::options::{CopyOptions, MAX_PROBLEMS, Updated};
use super::shadow::Shadow;
use super::weight::Weight;
use crate::fs::Disk;
use crate::progress::Progress;
use crate::tree::error::{Cause, Error, FailedFile, Lost, Problem};
use crate::tree::target::destination::Staging;
use crate::tree::verify::difference::Difference;
use crate::tree::walk::dir_chain::DirChain;
use crate::tree::walk::escaped::join_path;
use crate::tree::walk::fence::Fence;
use crate::tree::walk::stat::{self, DirEntry, FileId, Listing, Stat, XattrRoom};

/// For what a pass is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pass {
    /// To count what would go, without a look into any file.
    Weigh,
    /// To say what would be done.
    Foretell,
    /// To do it.
    Act,
}

/// One entry of either side, held.
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

    pub(super) fn is_folder(&self) -> bool {
        self.stat.kind == FileType::Directory
    }
}

/// Where a file with several names stands in the target.
#[derive(Debug, Clone)]
pub(super) struct FirstInTarget {
    pub place: Arc<DirChain>,
    pub name: CString,
    /// The file that stays there; none if it is made anew.
    pub kept: Option<FileId>,
}

/// A folder that is to be looked into.
struct FolderLeft {
    place: Arc<DirChain>,
    /// The target doesn't have it, or didn't.
    is_new: bool,
}

/// A common folder, and what was done to it.
pub(super) struct PairState {
    pub pair: FolderPair,
    /// Mode and flags that were taken from the target's folder so that it can be changed.
    pub lifted: Cell<Option<(u32, IFlags)>>,
    /// Entries of it changed.
    pub touched: Cell<bool>,
    /// It was made empty, to be filled entry by entry.
    pub is_new: bool,
}

pub(super) struct Updater<'a> {
    pub(super) disk: &'a Disk,
    pub(super) roots: Roots<'a>,
    pub(super) options: CopyOptions,
    pub(super) progress: &'a dyn Progress,
    pub(super) pass: Pass,
    pub(super) fence: Fence,
    /// The source's root.
    pub(super) source: FileId,
    source_mount: u64,
    /// By the mount on which they are.
    pub(super) stagings: HashMap<u64, Rc<Staging<'a>>>,
    /// Folders in which a staging folder was made, which changed their times.
    pub(super) staged_in: Vec<Arc<DirChain>>,
    /// When the target's root was changed before that was.
    pub(super) root_modified: Option<Timespec>,
    /// What the source's root is known by where an overlay numbers it anew.
    pub(super) shadow: Option<Shadow>,
    /// Folders that weren't looked into yet; not open, since there may be many.
    left: Vec<FolderLeft>,
    /// The source's files with several names that were met.
    pub(super) files: HashMap<FileId, FirstInTarget>,
    /// The target's files with several names, and the source's that they are copies of.
    pub(super) taken: HashMap<FileId, FileId>,
    /// Files of the target that had several names when they were met: what goes by one name isn't
    /// to be seen of another, whichever was met first.
    pub(super) linked: HashSet<FileId>,
    pub(super) xattrs: XattrRoom,
    pub(super) weight: Weight,
    pub(super) done: Updated,
    pub(super) differences: Vec<Difference>,
}

/// The name of what is a folder, or isn't told by its listing.
fn may_be_folder(entry: DirEntry<'_>) -> Option<&CStr> {
    (entry.is_dir != Some(false)).then_some(entry.name)
}

impl<'a> Updater<'a> {
    pub(super) fn new(
        disk: &'a Disk,
        roots: Roots<'a>,
        source: &Stat,
        options: CopyOptions,
        fence: Fence,
        progress: &'a dyn Progress,
        pass: Pass,
    ) -> Self {
        Self {
            disk,
            roots,
            options,
            progress,
            pass,
            fence,
            source: source.id(),
            source_mount: source.mount,
            stagings: HashMap::new(),
            staged_in: Vec::new(),
            root_modified: None,
            shadow: None,
            left: Vec::new(),
            files: HashMap::new(),
            taken: HashMap::new(),
            linked: HashSet::new(),
            xattrs: XattrRoom::default(),
            weight: Weight::default(),
            done: Updated::default(),
            differences: Vec::new(),
        }
    }

    /// Forbids the source to have the staging folder in it.
    pub(super) fn fence_off(&mut self, staging: &Staging<'_>) -> Result<(), Error> {
        let made = Stat::of(staging.fd()).map_err(|error| Error::write(staging.path(), error))?;
        self.fence.forbid(made.id());
        self.fence.forbid_name(staging.name());
        Ok(())
    }

    /// Makes new files in that folder, where they come to be on the mount of the target's root,
    /// which was as `target` before.
    pub(super) fn stage_with(
        &mut self,
        staging: Staging<'a>,
        target: &Stat,
        within: bool,
    ) -> Result<(), Error> {
        self.fence_off(&staging)?;
        self.stagings.insert(target.mount, Rc::new(staging));
        if within {
            self.staged_in.push(DirChain::root());
            self.root_modified = Some(target.modified);
        }
        Ok(())
    }

    /// What stands against the update.
    pub(super) fn into_weight(self) -> Weight {
        self.weight
    }

    /// What would be done, where it differs, and what stands against it.
    pub(super) fn into_foretold(self) -> (Updated, Vec<Difference>, Weight) {
        (self.done, self.differences, self.weight)
    }

    /// Goes through both trees.
    pub(super) fn trees(&mut self) -> Result<(), Error> {
        self.push(DirChain::root(), false);
        while let Some(FolderLeft { place, is_new }) = self.left.pop() {
            if is_new && self.pass != Pass::Act {
                self.foresee(&place)?;
                continue;
            }
            let state = PairState {
                pair: self.open(place)?,
                lifted: Cell::default(),
                touched: Cell::default(),
                is_new,
            };
            if let Err(error) = self.pair(&state) {
                // The failure is what there is to tell.
                let _ = self.put_back(&state);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Syncs, removes the staging folders, and gives those in which they were their times again.
    pub(super) fn finish(mut self) -> Result<Updated, Error> {
        for staging in self.stagings.values() {
            if self.options.sync {
                let synced = self.disk.sync_filesystem(staging.fd(), staging.name());
                synced.map_err(|error| Error::write(self.roots.target.path, error))?;
            }
        }
        self.stagings.clear();
        for place in std::mem::take(&mut self.staged_in) {
            let pair = self.roots.open(place)?;
            self.restore_times(&pair)?;
        }
        Ok(self.done)
    }

    fn pair(&mut self, state: &PairState) -> Result<(), Error> {
        let pair = &state.pair;
        let path = pair.place.path();
        let unreadable = |error| Error::read(join_path(self.roots.source.path, &path), error);
        let unwritable = |error| Error::write(join_path(self.roots.target.path, &path), error);
        let source = stat::open_dir(pair.source.as_fd(), c".").map_err(unreadable)?;
        let before = Stat::of(source.as_fd()).map_err(unreadable)?;
        self.fence.check(before.id(), pair.place.name())?;
        let target = Stat::of(pair.target.as_fd()).map_err(unwritable)?;
        let shadow = self.shadow.as_ref();
        if target.id() == self.source
            || shadow.is_some_and(|shadow| shadow.is_of(pair.target.as_fd(), &target))
        {
            return Err(self.fence.nested());
        }
        let theirs = stat::list(&source).map_err(unreadable)?;
        let ours = stat::open_dir(pair.target.as_fd(), c".")
            .and_then(|fd| stat::list(&fd))
            .map_err(unwritable)?;
        if pair.place.is_root() {
            self.weight.source_is_empty = theirs.is_empty();
        } else if before.modified == target.modified {
            self.weight.alike += 1;
        }
        self.remove_gone(state, &theirs, &ours)?;
        let mut our_folders: Vec<&CStr> = ours.iter().filter_map(may_be_folder).collect();
        our_folders.sort_unstable();
        for entry in theirs.iter() {
            if self.progress.interrupted() {
                return Err(Error::Interrupted);
            }
            let files =
                may_be_folder(entry).is_none() && our_folders.binary_search(&entry.name).is_err();
            if files && self.pass == Pass::Weigh && self.weight.alike > 0 {
                continue;
            }
            let exclude = &self.options.exclude;
            if !exclude.leaves_out(&pair.source, &pair.place, entry) {
                self.entry(state, entry.name, &pair.place.path_of(entry.name))?;
            }
        }
        let after =
            Stat::of(source.as_fd()).map_err(|error| self.roots.unreadable(&path, error))?;
        if !before.is_unchanged(&after) {
            self.changed(&path)?;
        }
        self.folder(state, &path)
    }

    /// A folder got or lost entries while it was gone through.
    fn changed(&mut self, path: &[u8]) -> Result<(), Error> {
        if self.options.live {
            self.problem(path, Lost::ChangedDuringCopy, Cause::Changed.to_string());
            return Ok(());
        }
        let failure = FailedFile {
            path: path.to_vec(),
            cause: Cause::Changed,
        };
        Err(Error::Incomplete {
            source_root: self.roots.source.path.to_owned(),
            failed: vec![failure],
        })
    }

    fn remove_gone(
        &mut self,
        state: &PairState,
        theirs: &Listing,
        ours: &Listing,
    ) -> Result<(), Error> {
        let pair = &state.pair;
        let exclude = self.options.exclude.clone();
        // A name that is left out here, as a folder's, may be another thing there.
        let taken = theirs
            .iter()
            .filter(|&entry| !exclude.leaves_out(&pair.source, &pair.place, entry));
        let mut names: Vec<&CStr> = taken.map(|entry| entry.name).collect();
        names.sort_unstable();
        for entry in ours.iter() {
            if self.fence.forbids_name(entry.name)
                || exclude.leaves_out(&pair.target, &pair.place, entry)
            {
                continue;
            }
            self.weight.entries += 1;
            if names.binary_search(&entry.name).is_err() {
                self.remove_extra(state, entry.name)?;
            }
        }
        Ok(())
    }

    fn entry(&mut self, state: &PairState, name: &CStr, path: &[u8]) -> Result<(), Error> {
        let pair = &state.pair;
        let theirs = HeldEntry::look(pair.source.as_fd(), name)
            .map_err(|error| self.roots.unreadable(path, error))?;
        let ours = match HeldEntry::look(pair.target.as_fd(), name) {
            Ok(side) => Some(side),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(self.roots.unwritable(path, error)),
        };
        self.linked
            .extend(ours.as_ref().and_then(|ours| ours.stat.linked()));
        if theirs.is_folder() && ours.as_ref().is_some_and(HeldEntry::is_folder) {
            self.descend(pair, name, path, &theirs);
            return Ok(());
        }
        if theirs.is_folder() {
            self.replace(state, name, path, &theirs, ours.as_ref())?;
            return Ok(());
        }
        if theirs.stat.links > 1
            && let Some(first) = self.files.get(&theirs.stat.id()).cloned()
        {
            return self.link(state, name, path, &theirs, ours.as_ref(), &first);
        }
        let kept = match &ours {
            Some(ours) => self.keep(name, path, &theirs, ours)?,
            None => false,
        };
        let is_there = if kept {
            let bytes = match theirs.stat.kind {
                // With a checksum they have been counted as they were read.
                FileType::RegularFile if !self.options.checksum => theirs.stat.size,
                _ => 0,
            };
            self.advance(bytes);
            true
        } else {
            self.replace(state, name, path, &theirs, ours.as_ref())?
        };
        if is_there && theirs.stat.links > 1 {
            let first = FirstInTarget {
                place: Arc::clone(&pair.place),
                name: name.to_owned(),
                kept: ours.filter(|_| kept).map(|ours| ours.stat.id()),
            };
            self.files.insert(theirs.stat.id(), first);
        }
        Ok(())
    }

    pub(super) fn advance(&self, bytes: u64) {
        if self.pass != Pass::Weigh {
            self.progress.advance(bytes, 1);
        }
    }

    pub(super) fn problem(&mut self, path: &[u8], lost: Lost, reason: String) {
        let copied = &mut self.done.copied;
        if copied.problems.len() < MAX_PROBLEMS {
            copied.problems.push(Problem {
                path: path.to_vec(),
                lost,
                reason,
            });
        } else {
            copied.problems_left_out += 1;
        }
    }

    fn descend(&mut self, pair: &FolderPair, name: &CStr, path: &[u8], theirs: &HeldEntry) {
        if self.options.one_file_system && theirs.stat.mount != self.source_mount {
            let reason = "another filesystem is mounted there".to_owned();
            self.problem(path, Lost::MountPoint, reason);
            return;
        }
        self.push(pair.place.below(name), false);
    }

    pub(super) fn push(&mut self, place: Arc<DirChain>, is_new: bool) {
        self.left.push(FolderLeft { place, is_new });
    }
}
