//! Leaves: files, symlinks and special files, each made with all that it has.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{FileType, IFlags};

use super::attributes::{self, Attributes, InodeDefaults};
use super::copier::{Copier, LateAttributes, Scratch, TargetSlot, is_not_representable};
use super::links::{FirstName, LinkTurn};
use crate::fs::InodeFd;
use crate::tree::error::{Cause, Error, Lost};
use crate::tree::verify::collector::{FoundEntry, Sink as _};
use crate::tree::walk::dir_chain::DirChain;
use crate::tree::walk::stat::{self, LOCKING_FLAGS, Stat, Xattrs};

impl Copier<'_> {
    /// Copies anything but a directory.
    pub(super) fn leaf(
        &self,
        slot: TargetSlot<'_>,
        held: &OwnedFd,
        stat: &Stat,
        room: &mut Scratch,
    ) -> Result<(), Error> {
        if stat.links > 1 {
            match self.links.meet(stat) {
                LinkTurn::Link(first) => {
                    if self.link(slot, &first, stat, held, room)? {
                        return Ok(());
                    }
                }
                LinkTurn::Copy => {
                    let done = self.content_of(slot, held, stat, room);
                    self.links.settle(stat);
                    return done;
                }
            }
        }
        self.content_of(slot, held, stat, room)
    }

    fn content_of(
        &self,
        slot: TargetSlot<'_>,
        held: &OwnedFd,
        stat: &Stat,
        room: &mut Scratch,
    ) -> Result<(), Error> {
        match stat.kind {
            FileType::RegularFile => match self.open(slot, held, *stat) {
                Some(source) => self.file(slot, source, room),
                None => Ok(()),
            },
            FileType::Symlink => self.symlink(slot, held, stat, room),
            _ => self.node(slot, held, stat, room),
        }
    }

    /// Other names of the same file may be linked to this one.
    pub(super) fn announce(&self, slot: TargetSlot<'_>, stat: &Stat) {
        if stat.links > 1 {
            let first = FirstName {
                place: Arc::clone(slot.place),
                name: slot.name.to_owned(),
            };
            self.links.copied(stat, first);
        }
    }

    /// Gives a file in the target another name; false if the filesystem refuses.
    fn link(
        &self,
        slot: TargetSlot<'_>,
        first: &FirstName,
        stat: &Stat,
        held: &OwnedFd,
        room: &mut Scratch,
    ) -> Result<bool, Error> {
        let fail = |error| self.unwritable(&slot.path(), error);
        let Some(root) = &self.target else {
            return Ok(false);
        };
        let dir = open_chain(root.as_fd(), &first.place).map_err(fail)?;
        match self
            .disk
            .link_at(dir.as_fd(), &first.name, slot.into, slot.name)
        {
            Ok(()) => {}
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::TooManyLinks
                        | io::ErrorKind::PermissionDenied
                        | io::ErrorKind::Unsupported
                ) =>
            {
                let path = slot.path();
                self.tally.problem(path, Lost::HardLink, error.to_string());
                return Ok(false);
            }
            Err(error) => return Err(fail(error)),
        }
        self.tally.counts.count(stat);
        if self.options.digest {
            let read = room.xattrs.read(InodeFd::Named(held.as_fd()));
            let xattrs = read.unwrap_or_default();
            let found = FoundEntry::new(slot.path(), stat, &xattrs);
            self.collector.take(&found);
        }
        self.progress.advance(0, 1);
        Ok(true)
    }

    fn symlink(
        &self,
        slot: TargetSlot<'_>,
        held: &OwnedFd,
        stat: &Stat,
        room: &mut Scratch,
    ) -> Result<(), Error> {
        let read = stat::link_target(held.as_fd()).and_then(|target| {
            Ok((
                target,
                self.xattrs_of(slot, InodeFd::Named(held.as_fd()), room)?,
            ))
        });
        let (target, xattrs) = match read {
            Ok(read) => read,
            Err(error) => {
                self.tally.fail(slot.path(), Cause::Io(error));
                return Ok(());
            }
        };
        let made = self.disk.make_symlink_at(&target, slot.into, slot.name);
        if !self.is_made(slot, Lost::Symlink, made)? {
            return Ok(());
        }
        self.announce(slot, stat);
        self.named(slot, stat, &xattrs)?;
        self.done(stat, || {
            FoundEntry::new(slot.path(), stat, &xattrs).with_target(&target)
        });
        Ok(())
    }

    /// A fifo, a socket or a device: made, never opened.
    fn node(
        &self,
        slot: TargetSlot<'_>,
        held: &OwnedFd,
        stat: &Stat,
        room: &mut Scratch,
    ) -> Result<(), Error> {
        let xattrs = match self.xattrs_of(slot, InodeFd::Named(held.as_fd()), room) {
            Ok(xattrs) => xattrs,
            Err(error) => {
                self.tally.fail(slot.path(), Cause::Io(error));
                return Ok(());
            }
        };
        let made = self
            .disk
            .make_node_at(slot.into, slot.name, stat.kind, stat.device);
        if !self.is_made(slot, Lost::Node, made)? {
            return Ok(());
        }
        self.announce(slot, stat);
        self.named(slot, stat, &xattrs)?;
        self.done(stat, || FoundEntry::new(slot.path(), stat, &xattrs));
        Ok(())
    }

    /// False if the target can't hold such a thing, which is noted.
    fn is_made(
        &self,
        slot: TargetSlot<'_>,
        what: Lost,
        made: io::Result<()>,
    ) -> Result<bool, Error> {
        match made {
            Ok(()) => Ok(true),
            Err(error) if is_not_representable(&error) => {
                self.name_not_representable(slot, &error);
                Ok(false)
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported
                ) =>
            {
                self.tally.problem(slot.path(), what, error.to_string());
                Ok(false)
            }
            Err(error) => Err(self.unwritable(&slot.path(), error)),
        }
    }

    /// Extended attributes; more than the system lists are lost, which is noted.
    pub(super) fn xattrs_of(
        &self,
        slot: TargetSlot<'_>,
        held: InodeFd<'_>,
        room: &mut Scratch,
    ) -> io::Result<Xattrs> {
        match room.xattrs.read(held) {
            Err(error) if stat::is_too_much(&error) => {
                self.tally
                    .problem(slot.path(), Lost::Xattr, error.to_string());
                Ok(Xattrs::new())
            }
            read => read,
        }
    }

    /// Attributes of what is never opened.
    pub(super) fn named(
        &self,
        slot: TargetSlot<'_>,
        stat: &Stat,
        xattrs: &Xattrs,
    ) -> Result<(), Error> {
        let made = stat::hold(slot.into, slot.name)
            .map_err(|error| self.unwritable(&slot.path(), error))?;
        let attributes = Attributes {
            stat,
            xattrs,
            flags: IFlags::empty(),
        };
        self.attributes(slot, InodeFd::Named(made.as_fd()), &attributes, &self.fresh)
    }

    pub(super) fn attributes(
        &self,
        slot: TargetSlot<'_>,
        held: InodeFd<'_>,
        attributes: &Attributes<'_>,
        fresh: &InodeDefaults,
    ) -> Result<(), Error> {
        let fail = |error| self.unwritable(&slot.path(), error);
        let mut told = Vec::new();
        let mut lost = |lost, reason| {
            told.push(lost);
            self.tally.problem(slot.path(), lost, reason);
        };
        attributes::apply(self.disk, held, slot.name, attributes, fresh, &mut lost)
            .map_err(fail)?;
        if !self.exact {
            let made = Stat::of(held.fd()).map_err(fail)?;
            for (lost, reason) in attributes.not_kept(&made, &told) {
                self.tally.problem(slot.path(), lost, reason);
            }
        }
        if attributes.flags.intersects(LOCKING_FLAGS) {
            self.last(LateAttributes {
                place: Arc::clone(slot.place),
                name: if slot.is_root {
                    CString::default()
                } else {
                    slot.name.to_owned()
                },
                flags: attributes.flags,
                mode: None,
            });
        }
        Ok(())
    }
}

/// Opens the folder `place` of the target, one name after the other.
pub(in crate::tree) fn open_chain(root: BorrowedFd<'_>, place: &DirChain) -> io::Result<OwnedFd> {
    let mut fd = stat::open_dir(root, c".")?;
    for name in place.names() {
        fd = stat::open_dir(fd.as_fd(), name)?;
    }
    Ok(fd)
}
