//! The walk: every folder of a tree, spread over a few threads.
//!
//! One stack of jobs, last in first out, so that the walk goes deep before it goes wide and
//! few folders are open at a time. A job is a folder to enter, a batch of a folder's
//! entries, or a task that the visitor put aside (a large file). Nothing recurses; every
//! folder is opened by one name relative to the one above, never following a symlink, so
//! that neither the depth of a tree nor who else writes in it matters.
//!
//! What is done at each stop is a [`Visit`]: see `survey` for the smallest one.

use std::ffi::CString;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd as _, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::dir_chain::DirChain;
use super::escaped::join_path;
use super::fence::Fence;
use super::jobs::{Job, Jobs, LargeTask, ParentFolder};
use super::pace::Pace;
use super::stat::{self, DirEntry, FileId, Listing, Stat};
use crate::progress::Progress;
use crate::threads;
use crate::tree::error::Error;

/// How many entries of one folder make a job.
const BATCH: usize = 256;

/// What is done at each stop of a walk. Called from several threads at a time.
pub(crate) trait Visit: Sync {
    /// What goes along with every open folder, its counterpart in a target for one.
    type Counterpart: Send + Sync;
    /// Work that is put aside in a folder, to be done by whoever is free, the largest first: a
    /// large file that is begun late is one that everybody waits for.
    type Task: Send;
    /// Buffers of one thread, used again from file to file.
    type Buffers: Default;

    /// A folder was opened: `above` is the one it is in, `None` at the root. Answers
    /// what goes along with it; `None` to stay out. Must have no effect, since it is called
    /// again for a folder that had to be closed in between.
    fn enter(
        &self,
        above: Option<&Folder<Self::Counterpart>>,
        opened: &Opened,
    ) -> Result<Option<Self::Counterpart>, Error>;

    /// Some entries of a folder; directories to be entered and tasks go to `later`.
    fn entries(
        &self,
        folder: &Folder<Self::Counterpart>,
        entries: Batch<'_>,
        room: &mut Self::Buffers,
        later: &mut Later<Self::Task>,
    ) -> Result<(), Error>;

    /// A task that was put aside in `folder`.
    fn task(
        &self,
        folder: &Folder<Self::Counterpart>,
        task: Self::Task,
        room: &mut Self::Buffers,
    ) -> Result<(), Error>;

    /// True if files have to be waited for, so that more threads than processors have work.
    fn is_waiting(&self) -> bool;

    /// All entries and tasks of `folder` are done; what is below it may not be.
    fn leave(
        &self,
        folder: &Folder<Self::Counterpart>,
        room: &mut Self::Buffers,
    ) -> Result<(), Error>;

    /// `name` in `folder` was to be entered and can't be opened: the walk ends with the
    /// error that this answers, if any.
    fn unopened(
        &self,
        folder: &Folder<Self::Counterpart>,
        name: &std::ffi::CStr,
        error: io::Error,
    ) -> Result<(), Error>;
}

/// Some entries of a folder.
#[derive(Debug, Clone)]
pub(crate) struct Batch<'a> {
    listing: &'a Listing,
    range: Range<usize>,
}

impl<'a> Batch<'a> {
    pub(crate) fn iter(&self) -> impl Iterator<Item = DirEntry<'a>> + use<'a> {
        self.listing.range(self.range.clone())
    }
}

/// A directory that was just opened.
#[derive(Debug)]
pub(crate) struct Opened {
    pub place: Arc<DirChain>,
    pub fd: OwnedFd,
    pub stat: Stat,
}

/// A folder that is being walked.
pub(crate) struct Folder<B> {
    pub place: Arc<DirChain>,
    /// The directory, open for reading.
    pub fd: OwnedFd,
    /// The folder's inode when it was opened: what changed since then is told by comparing.
    pub stat: Stat,
    pub counterpart: B,
    /// Batches and tasks that aren't done.
    pending: AtomicUsize,
    open: Arc<AtomicUsize>,
}

impl<B> Drop for Folder<B> {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Relaxed);
    }
}

/// Folders to enter and tasks to do that a visitor puts on the walk's stack.
pub(crate) struct Later<T> {
    enter: Vec<CString>,
    tasks: Vec<(u64, T)>,
}

impl<T> Later<T> {
    /// Enters the directory `name` some time.
    pub(crate) fn enter(&mut self, name: CString) {
        self.enter.push(name);
    }

    /// Does `task`, of `size` bytes, some time before the folder is left.
    pub(crate) fn task(&mut self, size: u64, task: T) {
        self.tasks.push((size, task));
    }
}

struct Walker<'a, V: Visit> {
    visit: &'a V,
    path: &'a Path,
    root: OwnedFd,
    root_id: FileId,
    fence: &'a Fence,
    progress: &'a dyn Progress,
    state: Mutex<Jobs<V>>,
    more: Condvar,
    /// For threads that are needed only where the medium has to be waited for.
    waiting: Condvar,
    /// Folders that are open, and how many may be.
    open: Arc<AtomicUsize>,
    may_open: usize,
}

/// Opens the directory `path` of an operator, for a walk.
pub(crate) fn open_root(path: &Path) -> Result<OwnedFd, Error> {
    let opened = File::open(path).and_then(|file| stat::open_dir(file.as_fd(), c"."));
    opened.map_err(|error| Error::read(path, error))
}

/// Walks the tree below `root`, a directory that is open; `path` is what messages call it. Where
/// it meets what `fence` forbids, it ends.
///
/// # Errors
/// Those of the visitor, [`Error::Read`], [`Error::Nested`] and [`Error::Interrupted`].
pub(crate) fn walk<V: Visit>(
    visit: &V,
    root: OwnedFd,
    path: &Path,
    pace: Pace,
    fence: &Fence,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let stat = Stat::of(root.as_fd()).map_err(|error| Error::read(path, error))?;
    let walk = Walker {
        visit,
        path,
        root,
        root_id: stat.id(),
        fence,
        progress,
        state: Mutex::new(Jobs::new()),
        more: Condvar::new(),
        waiting: Condvar::new(),
        open: Arc::default(),
        may_open: pace.open,
    };
    if let Some(folder) = walk.open_at_root()? {
        let mut room = V::Buffers::default();
        walk.begin(&Arc::new(folder), &mut room)?;
        drop(room);
    }
    std::thread::scope(|scope| {
        for number in 1..pace.workers {
            let walk = &walk;
            // Refused, those that there are do all of it; this one at the least.
            let worker = threads::start_in(scope, move || walk.work(number >= pace.always));
            if worker.is_err() {
                break;
            }
        }
        walk.work(false);
    });
    match walk.lock().failed.take() {
        None => Ok(()),
        Some(error) => Err(error),
    }
}

impl<V: Visit> Walker<'_, V> {
    fn lock(&self) -> MutexGuard<'_, Jobs<V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One thread: does jobs until there are none and nobody can bring more. With `spare`,
    /// only as long as the visitor waits for the medium.
    fn work(&self, spare: bool) {
        let mut room = V::Buffers::default();
        while let Some(job) = if spare {
            self.next_spare()
        } else {
            self.next()
        } {
            let done = if self.progress.interrupted() {
                Err(Error::Interrupted)
            } else {
                self.job(job, &mut room)
            };
            let mut state = self.lock();
            state.busy -= 1;
            if let Err(error) = done {
                state.failed.get_or_insert(error);
                state.clear();
            }
            // Nobody can bring more, or after a failure nobody is to do it.
            if state.busy == 0 {
                self.more.notify_all();
                self.waiting.notify_all();
            }
        }
    }

    /// Looks now and then whether there is need for it.
    fn next_spare(&self) -> Option<Job<V>> {
        const NOW_AND_THEN: Duration = Duration::from_millis(5);
        let mut state = self.lock();
        loop {
            if state.busy == 0 && (state.is_empty() || state.failed.is_some()) {
                return None;
            }
            if state.failed.is_none()
                && self.visit.is_waiting()
                && let Some(job) = state.pop()
            {
                state.busy += 1;
                return Some(job);
            }
            let waited = self.waiting.wait_timeout(state, NOW_AND_THEN);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    fn next(&self) -> Option<Job<V>> {
        let mut state = self.lock();
        loop {
            if state.failed.is_none()
                && let Some(job) = state.pop()
            {
                state.busy += 1;
                return Some(job);
            }
            if state.busy == 0 {
                return None;
            }
            state = self
                .more
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn push(&self, jobs: impl IntoIterator<Item = Job<V>>) {
        let mut state = self.lock();
        match state.push(jobs) {
            0 => {}
            1 => self.more.notify_one(),
            _ => self.more.notify_all(),
        }
    }

    fn job(&self, job: Job<V>, room: &mut V::Buffers) -> Result<(), Error> {
        match job {
            Job::Enter(above, name) => self.enter(above, &name, room),
            Job::Entries(folder, listing, range) => self.entries(&folder, &listing, range, room),
            Job::Task(LargeTask { folder, task, .. }) => {
                self.visit.task(&folder, task, room)?;
                self.finish_one(&folder, room)
            }
        }
    }

    fn enter(
        &self,
        above: ParentFolder<V::Counterpart>,
        name: &CString,
        room: &mut V::Buffers,
    ) -> Result<(), Error> {
        let above = match above {
            ParentFolder::Open(folder) => folder,
            ParentFolder::Closed(place) => match self.reopen(&place)? {
                Some(folder) => Arc::new(folder),
                None => return Ok(()),
            },
        };
        match self.open_below(&above, name) {
            Ok(Some(folder)) => {
                drop(above);
                self.begin(&Arc::new(folder), room)
            }
            Ok(None) => Ok(()),
            Err(OpenError::Fatal(error)) => Err(error),
            Err(OpenError::Source(error)) => self.visit.unopened(&above, name, error),
        }
    }

    /// Lists a folder that was just opened, and begins with its entries.
    fn begin(
        &self,
        folder: &Arc<Folder<V::Counterpart>>,
        room: &mut V::Buffers,
    ) -> Result<(), Error> {
        let listed = stat::list(&folder.fd)
            .map_err(|error| Error::read(join_path(self.path, &folder.place.path()), error))?;
        let listed = Arc::new(listed);
        let batches = (BATCH..listed.len()).step_by(BATCH);
        folder.pending.store(batches.len() + 1, SeqCst);
        // The last to be pushed is the first to be done, and should be the next on the medium.
        self.push(batches.rev().map(|start| {
            let range = start..start + BATCH;
            Job::Entries(Arc::clone(folder), Arc::clone(&listed), range)
        }));
        self.entries(folder, &listed, 0..BATCH, room)
    }

    fn entries(
        &self,
        folder: &Arc<Folder<V::Counterpart>>,
        listing: &Listing,
        range: Range<usize>,
        room: &mut V::Buffers,
    ) -> Result<(), Error> {
        let entries = Batch { listing, range };
        let mut later = Later {
            enter: Vec::new(),
            tasks: Vec::new(),
        };
        self.visit.entries(folder, entries, room, &mut later)?;
        folder.pending.fetch_add(later.tasks.len(), SeqCst);
        let full = self.open.load(Relaxed) > self.may_open;
        let above = || {
            if full {
                ParentFolder::Closed(Arc::clone(&folder.place))
            } else {
                ParentFolder::Open(Arc::clone(folder))
            }
        };
        let enter = later.enter.into_iter();
        let tasks = later.tasks.into_iter();
        self.push(
            enter
                .map(|name| Job::Enter(above(), name))
                .chain(tasks.map(|(size, task)| {
                    Job::Task(LargeTask {
                        size,
                        folder: Arc::clone(folder),
                        task,
                    })
                })),
        );
        self.finish_one(folder, room)
    }

    /// One batch or task of `folder` is done; with the last, the folder is.
    fn finish_one(
        &self,
        folder: &Arc<Folder<V::Counterpart>>,
        room: &mut V::Buffers,
    ) -> Result<(), Error> {
        if folder.pending.fetch_sub(1, SeqCst) == 1 {
            self.visit.leave(folder, room)?;
        }
        Ok(())
    }

    fn open_at_root(&self) -> Result<Option<Folder<V::Counterpart>>, Error> {
        let fail = |error| Error::read(self.path, error);
        let fd = stat::open_dir(self.root.as_fd(), c".").map_err(fail)?;
        let stat = Stat::of(fd.as_fd()).map_err(fail)?;
        let place = DirChain::root();
        self.admit(None, Opened { place, fd, stat })
    }

    fn open_below(
        &self,
        above: &Folder<V::Counterpart>,
        name: &std::ffi::CStr,
    ) -> Result<Option<Folder<V::Counterpart>>, OpenError> {
        let fd = stat::open_dir(above.fd.as_fd(), name).map_err(OpenError::Source)?;
        let stat = Stat::of(fd.as_fd()).map_err(OpenError::Source)?;
        let place = above.place.opened_below(name, Some(stat.id()));
        if stat.mount != above.stat.mount
            && (place.is_below(stat.id()) || stat.id() == self.root_id)
        {
            let path = join_path(self.path, &place.path());
            return Err(OpenError::Fatal(Error::Loop { path }));
        }
        self.admit(Some(above), Opened { place, fd, stat })
            .map_err(OpenError::Fatal)
    }

    fn admit(
        &self,
        above: Option<&Folder<V::Counterpart>>,
        opened: Opened,
    ) -> Result<Option<Folder<V::Counterpart>>, Error> {
        self.fence.check(opened.stat.id(), opened.place.name())?;
        let Some(counterpart) = self.visit.enter(above, &opened)? else {
            return Ok(None);
        };
        self.open.fetch_add(1, Relaxed);
        let Opened { place, fd, stat } = opened;
        Ok(Some(Folder {
            place,
            fd,
            stat,
            counterpart,
            pending: AtomicUsize::new(0),
            open: Arc::clone(&self.open),
        }))
    }

    /// Opens a folder again that had been closed, one name after the other from the root.
    fn reopen(&self, place: &DirChain) -> Result<Option<Folder<V::Counterpart>>, Error> {
        let Some(mut folder) = self.open_at_root()? else {
            return Ok(None);
        };
        for name in place.names() {
            folder = match self.open_below(&folder, name) {
                Ok(Some(below)) => below,
                Ok(None) => return Ok(None),
                Err(OpenError::Fatal(error)) => return Err(error),
                Err(OpenError::Source(error)) => {
                    self.visit.unopened(&folder, name, error)?;
                    return Ok(None);
                }
            };
        }
        Ok(Some(folder))
    }
}

/// Why a folder can't be entered.
enum OpenError {
    /// The walk ends.
    Fatal(Error),
    /// It can't be opened; the visitor decides what that means.
    Source(io::Error),
}
