//! Whether a thing of an earlier copy may stay as it is, or with its attributes set.

use std::ffi::CStr;
use std::io;
use std::os::fd::AsFd as _;

use rustix::fs::{FileType, IFlags};

use super::attributes::{self, Attributes, InodeDefaults};
use super::update::{HeldEntry, Update};
use crate::fs::InodeFd;
use crate::tree::error::{Error, Problem};
use crate::tree::reading::{BufferPair, FilePair, SMALL, TransferError, is_same};
use crate::tree::walk::escaped::join_path;
use crate::tree::walk::stat::{self, LOCKING_FLAGS, Xattrs};

impl Update<'_> {
    /// True if what the target has may stay, its attributes having been set at most.
    pub(super) fn keep(
        &mut self,
        name: &CStr,
        path: &[u8],
        theirs: &HeldEntry,
        ours: &HeldEntry,
    ) -> Result<bool, Error> {
        if !self.is_same_content(path, theirs, ours)? {
            return Ok(false);
        }
        // A file that has more names than its source was meant to have isn't that copy.
        if ours.stat.links != theirs.stat.links {
            return Ok(false);
        }
        if ours.stat.links > 1 {
            let of = *self.taken.entry(ours.file()).or_insert(theirs.file());
            if of != theirs.file() {
                return Ok(false);
            }
        }
        let look = |update: &mut Self, side: &HeldEntry| -> io::Result<(Xattrs, IFlags)> {
            let xattrs = update.room.read(InodeFd::Named(side.held.as_fd()))?;
            if side.stat.kind != FileType::RegularFile {
                return Ok((xattrs, IFlags::empty()));
            }
            let fd = stat::open_held(side.held.as_fd())?;
            Ok((xattrs, stat::flags(fd.as_fd())))
        };
        let (their_xattrs, their_flags) =
            look(self, theirs).map_err(|error| self.unreadable(path, error))?;
        let (our_xattrs, our_flags) =
            look(self, ours).map_err(|error| self.unwritable(path, error))?;
        let wanted = Attributes {
            stat: &theirs.stat,
            xattrs: &their_xattrs,
            flags: their_flags,
        };
        let found = Attributes {
            stat: &ours.stat,
            xattrs: &our_xattrs,
            flags: our_flags,
        };
        if wanted.is_same(&found) {
            return Ok(true);
        }
        // Flags and locks are set on a fresh copy; the rest can be set in place.
        if wanted.flags != found.flags || found.flags.intersects(LOCKING_FLAGS) {
            return Ok(false);
        }
        self.adjust(
            InodeFd::Named(ours.held.as_fd()),
            name,
            path,
            &wanted,
            &found,
        )?;
        Ok(true)
    }

    fn is_same_content(
        &self,
        path: &[u8],
        theirs: &HeldEntry,
        ours: &HeldEntry,
    ) -> Result<bool, Error> {
        let (a, b) = (&theirs.stat, &ours.stat);
        if a.kind != b.kind {
            return Ok(false);
        }
        match a.kind {
            FileType::RegularFile => {
                let same = a.size == b.size && a.modified == b.modified;
                if !same || !self.options.checksum {
                    return Ok(same);
                }
                self.has_same_bytes(path, theirs, ours)
            }
            FileType::Symlink => {
                let target = |side: &HeldEntry| stat::link_target(side.held.as_fd());
                let theirs = target(theirs).map_err(|error| self.unreadable(path, error))?;
                let ours = target(ours).map_err(|error| self.unwritable(path, error))?;
                Ok(theirs == ours)
            }
            FileType::CharacterDevice | FileType::BlockDevice => Ok(a.device == b.device),
            _ => Ok(true),
        }
    }

    fn has_same_bytes(
        &self,
        path: &[u8],
        theirs: &HeldEntry,
        ours: &HeldEntry,
    ) -> Result<bool, Error> {
        let their_fd =
            stat::open_held(theirs.held.as_fd()).map_err(|error| self.unreadable(path, error))?;
        let our_fd =
            stat::open_held(ours.held.as_fd()).map_err(|error| self.unwritable(path, error))?;
        let files = FilePair {
            source: their_fd.as_fd(),
            target: our_fd.as_fd(),
        };
        let (mut left, mut right) = (vec![0; SMALL], vec![0; SMALL]);
        let mut buffers = BufferPair {
            source: &mut left,
            target: &mut right,
        };
        is_same(files, theirs.stat.size, &mut buffers, self.progress).map_err(|error| match error {
            TransferError::Interrupted => Error::Interrupted,
            TransferError::Source(error) => self.unreadable(path, error),
            TransferError::Target(error) => self.unwritable(path, error),
        })
    }

    /// Sets attributes in place.
    pub(super) fn adjust(
        &mut self,
        held: InodeFd<'_>,
        name: &CStr,
        path: &[u8],
        wanted: &Attributes<'_>,
        found: &Attributes<'_>,
    ) -> Result<(), Error> {
        let fail = |error| Error::write(join_path(self.target, path), error);
        for (attribute, _) in found.xattrs {
            if wanted.xattrs.iter().all(|(each, _)| each != attribute) {
                self.disk
                    .remove_xattr(held, name, attribute)
                    .map_err(fail)?;
            }
        }
        let fresh = InodeDefaults {
            uid: found.stat.uid,
            gid: found.stat.gid,
            mode: None,
            flags: found.flags,
        };
        let problems = &mut self.done.copied.problems;
        let mut lost = |lost, reason| {
            problems.push(Problem {
                path: path.to_vec(),
                lost,
                reason,
            });
        };
        attributes::apply(self.disk, held, name, wanted, &fresh, &mut lost).map_err(fail)?;
        self.done.adjusted += 1;
        Ok(())
    }
}
