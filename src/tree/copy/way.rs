//! Making a target's folder writable for as long as it is changed: flags such as `+i` and `+a`, and
//! modes that keep its owner out, are taken away and set again.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::Arc;

use super::attributes;
use super::folder_pair::FolderPair;
use super::leaf::open_chain;
use super::updater::{PairState, Pass, Updater};
use crate::fs::InodeFd;
use crate::tree::error::Error;
use crate::tree::walk::dir_chain::DirChain;
use crate::tree::walk::stat::{self, LOCKING_FLAGS, Stat};

impl Updater<'_> {
    /// Opens a folder that both sides have, the target's also if its mode keeps its owner out.
    pub(super) fn open(&self, place: Arc<DirChain>) -> Result<FolderPair, Error> {
        match self.roots.open(Arc::clone(&place)) {
            Err(Error::Write { source, .. })
                if source.kind() == io::ErrorKind::PermissionDenied && self.pass == Pass::Act =>
            {
                let path = place.path();
                let target = self
                    .open_closed(&place)
                    .map_err(|error| self.roots.unwritable(&path, error))?;
                let source = open_chain(self.roots.source.fd.as_fd(), &place)
                    .map_err(|error| self.roots.unreadable(&path, error))?;
                Ok(FolderPair {
                    source,
                    target,
                    place,
                })
            }
            opened => opened,
        }
    }

    fn open_closed(&self, place: &DirChain) -> io::Result<OwnedFd> {
        let mut fd = stat::open_dir(self.roots.target.fd.as_fd(), c".")?;
        for name in place.names() {
            fd = match stat::open_dir(fd.as_fd(), name) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    let held = stat::hold(fd.as_fd(), name)?;
                    let mode = Stat::of(held.as_fd())?.mode | 0o700;
                    let held = InodeFd::Named(held.as_fd());
                    self.disk.set_mode(held, name, mode)?;
                    stat::open_dir(fd.as_fd(), name)?
                }
                opened => opened?,
            };
        }
        Ok(fd)
    }

    /// Lets entries of the target's folder be changed, whatever its flags and mode say.
    pub(super) fn make_way(&self, state: &PairState) -> Result<(), Error> {
        if self.pass != Pass::Act || state.lifted.get().is_some() {
            return Ok(());
        }
        let fd = state.pair.target.as_fd();
        let fail = |error| self.roots.unwritable(&state.pair.place.path(), error);
        let (stat, flags) = (Stat::of(fd).map_err(fail)?, stat::flags(fd));
        state.lifted.set(Some((stat.mode, flags)));
        if flags.intersects(LOCKING_FLAGS) {
            attributes::set_flags(self.disk, fd, c"", flags - LOCKING_FLAGS).map_err(fail)?;
        }
        let own = rustix::process::geteuid().as_raw() == stat.uid;
        if own && stat.mode & 0o300 != 0o300 {
            self.disk
                .set_mode(InodeFd::Open(fd), c"", stat.mode | 0o300)
                .map_err(fail)?;
        }
        Ok(())
    }

    /// The folder is as closed as it was.
    pub(super) fn put_back(&self, state: &PairState) -> io::Result<()> {
        let Some((mode, flags)) = state.lifted.get() else {
            return Ok(());
        };
        let fd = state.pair.target.as_fd();
        let closed = self.disk.set_mode(InodeFd::Open(fd), c"", mode);
        if flags.intersects(LOCKING_FLAGS) {
            attributes::set_flags(self.disk, fd, c"", flags)?;
        }
        closed
    }
}
