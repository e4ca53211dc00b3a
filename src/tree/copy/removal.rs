//! What an update removes from its target: everything in a folder, but for what is excluded and
//! what is mounted there.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::FileType;

use super::leaf::open_chain;
use super::shadow::Shadow;
use super::updater::{PairState, Pass, Updater};
use crate::progress::Silent;
use crate::tree::error::{Error, Lost};
use crate::tree::target::remove::remove_at;
use crate::tree::verify::difference::Difference;
use crate::tree::walk::dir_chain::DirChain;
use crate::tree::walk::escaped::join_path;
use crate::tree::walk::exclude::Exclude;
use crate::tree::walk::fence::Fence;
use crate::tree::walk::pace::Pace;
use crate::tree::walk::stat::{self, FileId, Stat};
use crate::tree::walk::walk::{self, Batch, Folder, Later, Opened, Visit};

const EXCLUDED: &str = "it holds what is excluded";
const MOUNTED: &str = "a filesystem is mounted there";

/// A folder of the target that is to go.
struct Doomed {
    /// Entries, the folder itself among them, but for those that stay.
    entries: u64,
    /// Why it has to stay.
    stays: Option<&'static str>,
    /// Files among them that have several names.
    linked: Vec<FileId>,
}

impl Updater<'_> {
    /// Removes an entry that the source doesn't have.
    pub(super) fn remove_extra(&mut self, state: &PairState, name: &CStr) -> Result<(), Error> {
        let place = &state.pair.place;
        self.make_way(state)?;
        match self.remove_all(place, name)? {
            Some(reason) => {
                self.problem(&place.path_of(name), Lost::Removal, reason.to_owned());
            }
            None => state.touched.set(true),
        }
        Ok(())
    }

    /// Removes a folder of the target that makes way for something else. False if it has to
    /// stay.
    pub(super) fn make_room(
        &mut self,
        state: &PairState,
        name: &CStr,
        path: &[u8],
    ) -> Result<bool, Error> {
        let dir = state.pair.target.as_fd();
        let mut doomed = self.doomed(dir, name, path)?;
        self.linked.extend(std::mem::take(&mut doomed.linked));
        if self.options.exclude.matches(path, true) {
            doomed.stays = Some(EXCLUDED);
        }
        if let Some(reason) = doomed.stays {
            self.problem(path, Lost::Removal, reason.to_owned());
            return Ok(false);
        }
        let below = doomed.entries.saturating_sub(1);
        self.weight.entries += below;
        self.weight.removals += below;
        self.done.removed += below;
        Ok(true)
    }

    /// Removes `name` in the target's folder `place`, as far as nothing in it has to stay;
    /// answers why, if something has.
    fn remove_all(
        &mut self,
        place: &Arc<DirChain>,
        name: &CStr,
    ) -> Result<Option<&'static str>, Error> {
        let mut left = vec![(Arc::clone(place), name.to_owned())];
        let mut reason = None;
        while let Some((place, name)) = left.pop() {
            let path = place.path_of(&name);
            let fail = |error| Error::write(join_path(self.roots.target.path, &path), error);
            let dir = open_chain(self.roots.target.fd.as_fd(), &place).map_err(fail)?;
            let stat = Stat::at(dir.as_fd(), &name).map_err(fail)?;
            let doomed = self.doomed(dir.as_fd(), &name, &path)?;
            self.linked.extend(doomed.linked);
            // All of what goes was met here first, but for what stands at the top.
            let top = u64::from(reason.is_none());
            self.weight.entries += doomed.entries.saturating_sub(top);
            if let Some(why) = doomed.stays {
                reason = Some(why);
                self.weight.entries = self.weight.entries.saturating_sub(doomed.entries);
                let below = place.below(&name);
                let mount = Stat::of(dir.as_fd()).map_err(fail)?.mount;
                if why == MOUNTED && stat.mount != mount {
                    continue;
                }
                let folder = stat::open_dir(dir.as_fd(), &name).map_err(fail)?;
                for entry in stat::list(&folder).map_err(fail)?.iter() {
                    if !self.options.exclude.leaves_out(&folder, &below, entry) {
                        left.push((Arc::clone(&below), entry.name.to_owned()));
                    }
                }
                continue;
            }
            self.weight.removals += doomed.entries;
            self.done.removed += doomed.entries;
            match self.pass {
                Pass::Weigh => {}
                Pass::Foretell => self.differences.push(Difference::extra_at(path, &stat)),
                Pass::Act => remove_at(self.disk, dir.as_fd(), &name).map_err(fail)?,
            }
        }
        Ok(reason)
    }

    /// Counts what would go with an entry of a folder of the target.
    fn doomed(&self, dir: BorrowedFd<'_>, name: &CStr, path: &[u8]) -> Result<Doomed, Error> {
        let fail = |error| Error::write(join_path(self.roots.target.path, path), error);
        let stat = Stat::at(dir, name).map_err(fail)?;
        let mounted = stat.mount != Stat::of(dir).map_err(fail)?.mount;
        if mounted {
            return Ok(Doomed {
                entries: 0,
                stays: Some(MOUNTED),
                linked: Vec::new(),
            });
        }
        if stat.kind != FileType::Directory {
            return Ok(Doomed {
                entries: 1,
                stays: None,
                linked: stat.linked().into_iter().collect(),
            });
        }
        let root = join_path(self.roots.target.path, path);
        let mut fence = self.fence.clone();
        fence.forbid(self.source);
        let census = Census {
            shadow: self.shadow.as_ref(),
            nested: &fence,
            path: root.clone(),
            exclude: self.options.exclude.below(path),
            entries: AtomicU64::new(0),
            stays: Mutex::default(),
            linked: Mutex::default(),
        };
        let fd = stat::open_dir(dir, name).map_err(fail)?;
        walk::walk(&census, fd, &root, Pace::default(), &fence, &Silent)?;
        let stays = census.stays.into_inner();
        let linked = census.linked.into_inner();
        Ok(Doomed {
            entries: census.entries.into_inner() + 1,
            stays: stays.unwrap_or_else(PoisonError::into_inner),
            linked: linked.unwrap_or_else(PoisonError::into_inner),
        })
    }
}

/// The visitor that counts what would go, and notices what has to stay.
struct Census<'a> {
    path: PathBuf,
    shadow: Option<&'a Shadow>,
    /// What it says if it meets the source.
    nested: &'a Fence,
    exclude: Exclude,
    entries: AtomicU64,
    stays: Mutex<Option<&'static str>>,
    linked: Mutex<Vec<FileId>>,
}

impl Census<'_> {
    fn stays(&self, reason: &'static str) {
        let mut stays = self.stays.lock().unwrap_or_else(PoisonError::into_inner);
        stays.get_or_insert(reason);
    }

    fn fail(&self, path: &[u8], error: io::Error) -> Error {
        Error::read(join_path(Path::new(&self.path), path), error)
    }
}

impl Visit for Census<'_> {
    type Counterpart = ();
    type Task = ();
    type Buffers = ();

    fn enter(&self, above: Option<&Folder<()>>, opened: &Opened) -> Result<Option<()>, Error> {
        if above.is_some_and(|above| above.stat.mount != opened.stat.mount) {
            self.stays(MOUNTED);
            return Ok(None);
        }
        let shadow = self.shadow;
        if shadow.is_some_and(|shadow| shadow.is_of(opened.fd.as_fd(), &opened.stat)) {
            return Err(self.nested.nested());
        }
        Ok(Some(()))
    }

    fn entries(
        &self,
        folder: &Folder<()>,
        entries: Batch<'_>,
        (): &mut (),
        later: &mut Later<()>,
    ) -> Result<(), Error> {
        for entry in entries.iter() {
            if self.exclude.leaves_out(&folder.fd, &folder.place, entry) {
                self.stays(EXCLUDED);
                continue;
            }
            let stat = match Stat::at(folder.fd.as_fd(), entry.name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                stat => {
                    stat.map_err(|error| self.fail(&folder.place.path_of(entry.name), error))?
                }
            };
            // Files are mounted, too.
            if stat.mount != folder.stat.mount {
                self.stays(MOUNTED);
            }
            self.entries.fetch_add(1, Relaxed);
            if let Some(id) = stat.linked() {
                let linked = self.linked.lock();
                linked.unwrap_or_else(PoisonError::into_inner).push(id);
            }
            if stat.kind == FileType::Directory {
                later.enter(entry.name.to_owned());
            }
        }
        Ok(())
    }

    fn task(&self, _: &Folder<()>, (): (), (): &mut ()) -> Result<(), Error> {
        Ok(())
    }

    fn is_waiting(&self) -> bool {
        true
    }

    fn leave(&self, _: &Folder<()>, (): &mut ()) -> Result<(), Error> {
        Ok(())
    }

    fn unopened(&self, folder: &Folder<()>, name: &CStr, error: io::Error) -> Result<(), Error> {
        Err(self.fail(&folder.place.path_of(name), error))
    }
}
