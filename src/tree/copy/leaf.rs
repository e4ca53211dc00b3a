//! Leaves: files, symlinks and special files, each made with all that it has.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{FileType, IFlags};

use super::attributes::{self, Attributes, Fresh};
use super::copier::{Copier, Last, Room, Spot, is_unnameable};
use super::links::{First, Turn};
use crate::fs::InodeFd;
use crate::tree::error::{Cause, Error, Lost};
use crate::tree::verify::collect::{Found, Sink as _};
use crate::tree::walk::name::Place;
use crate::tree::walk::stat::{self, LOCKING_FLAGS, Stat, Xattrs};

impl Copier<'_> {
    /// Copies anything but a directory.
    pub(super) fn leaf(
        &self,
        spot: Spot<'_>,
        held: &OwnedFd,
        stat: &Stat,
        room: &mut Room,
    ) -> Result<(), Error> {
        if stat.links > 1 {
            match self.links.meet(stat) {
                Turn::Link(first) => {
                    if self.link(spot, &first, stat, held, room)? {
                        return Ok(());
                    }
                }
                Turn::Copy => {
                    let done = self.content_of(spot, held, stat, room);
                    self.links.settle(stat);
                    return done;
                }
            }
        }
        self.content_of(spot, held, stat, room)
    }

    fn content_of(
        &self,
        spot: Spot<'_>,
        held: &OwnedFd,
        stat: &Stat,
        room: &mut Room,
    ) -> Result<(), Error> {
        match stat.kind {
            FileType::RegularFile => match self.open(spot, held, *stat) {
                Some(source) => self.file(spot, source, room),
                None => Ok(()),
            },
            FileType::Symlink => self.symlink(spot, held, stat, room),
            _ => self.node(spot, held, stat, room),
        }
    }

    /// Other names of the same file may be linked to this one.
    pub(super) fn announce(&self, spot: Spot<'_>, stat: &Stat) {
        if stat.links > 1 {
            let first = First {
                place: Arc::clone(spot.place),
                name: spot.name.to_owned(),
            };
            self.links.copied(stat, first);
        }
    }

    /// Gives a file in the target another name; false if the filesystem refuses.
    fn link(
        &self,
        spot: Spot<'_>,
        first: &First,
        stat: &Stat,
        held: &OwnedFd,
        room: &mut Room,
    ) -> Result<bool, Error> {
        let fail = |error| self.unwritable(&spot.path(), error);
        let Some(root) = &self.target else {
            return Ok(false);
        };
        let dir = open_place(root.as_fd(), &first.place).map_err(fail)?;
        match self
            .disk
            .link_at(dir.as_fd(), &first.name, spot.into, spot.name)
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
                let path = spot.path();
                self.tally.problem(path, Lost::HardLink, error.to_string());
                return Ok(false);
            }
            Err(error) => return Err(fail(error)),
        }
        self.tally.count(stat);
        if self.options.digest {
            let read = room.xattrs.read(InodeFd::Named(held.as_fd()));
            let xattrs = read.unwrap_or_default();
            let found = Found::new(spot.path(), stat, &xattrs);
            self.collector.take(&found);
        }
        let regular = stat.kind == FileType::RegularFile;
        self.progress
            .advance(if regular { stat.size } else { 0 }, 1);
        Ok(true)
    }

    fn symlink(
        &self,
        spot: Spot<'_>,
        held: &OwnedFd,
        stat: &Stat,
        room: &mut Room,
    ) -> Result<(), Error> {
        let read = stat::link_target(held.as_fd())
            .and_then(|target| Ok((target, room.xattrs.read(InodeFd::Named(held.as_fd()))?)));
        let (target, xattrs) = match read {
            Ok(read) => read,
            Err(error) => {
                self.tally.fail(spot.path(), Cause::Io(error));
                return Ok(());
            }
        };
        let made = self.disk.make_symlink_at(&target, spot.into, spot.name);
        if !self.is_made(spot, Lost::Symlink, made)? {
            return Ok(());
        }
        self.announce(spot, stat);
        self.named(spot, stat, &xattrs)?;
        self.done(stat, || {
            Found::new(spot.path(), stat, &xattrs).with_target(&target)
        });
        Ok(())
    }

    /// A fifo, a socket or a device: made, never opened.
    fn node(
        &self,
        spot: Spot<'_>,
        held: &OwnedFd,
        stat: &Stat,
        room: &mut Room,
    ) -> Result<(), Error> {
        let xattrs = match room.xattrs.read(InodeFd::Named(held.as_fd())) {
            Ok(xattrs) => xattrs,
            Err(error) => {
                self.tally.fail(spot.path(), Cause::Io(error));
                return Ok(());
            }
        };
        let made = self
            .disk
            .make_node_at(spot.into, spot.name, stat.kind, stat.device);
        if !self.is_made(spot, Lost::Node, made)? {
            return Ok(());
        }
        self.announce(spot, stat);
        self.named(spot, stat, &xattrs)?;
        self.done(stat, || Found::new(spot.path(), stat, &xattrs));
        Ok(())
    }

    /// False if the target can't hold such a thing, which is noted.
    fn is_made(&self, spot: Spot<'_>, what: Lost, made: io::Result<()>) -> Result<bool, Error> {
        match made {
            Ok(()) => Ok(true),
            Err(error) if is_unnameable(&error) => {
                self.nameless(spot, &error);
                Ok(false)
            }
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::PermissionDenied | io::ErrorKind::Unsupported
                ) =>
            {
                self.tally.problem(spot.path(), what, error.to_string());
                Ok(false)
            }
            Err(error) => Err(self.unwritable(&spot.path(), error)),
        }
    }

    /// Attributes of what is never opened.
    pub(super) fn named(&self, spot: Spot<'_>, stat: &Stat, xattrs: &Xattrs) -> Result<(), Error> {
        let made = stat::hold(spot.into, spot.name)
            .map_err(|error| self.unwritable(&spot.path(), error))?;
        let attributes = Attributes {
            stat,
            xattrs,
            flags: IFlags::empty(),
        };
        self.attributes(spot, InodeFd::Named(made.as_fd()), &attributes, &self.fresh)
    }

    pub(super) fn attributes(
        &self,
        spot: Spot<'_>,
        held: InodeFd<'_>,
        attributes: &Attributes<'_>,
        fresh: &Fresh,
    ) -> Result<(), Error> {
        let fail = |error| self.unwritable(&spot.path(), error);
        let mut told = Vec::new();
        let mut lost = |lost, reason| {
            told.push(lost);
            self.tally.problem(spot.path(), lost, reason);
        };
        attributes::apply(self.disk, held, spot.name, attributes, fresh, &mut lost)
            .map_err(fail)?;
        if !self.exact {
            let made = Stat::of(held.fd()).map_err(fail)?;
            for (lost, reason) in attributes.not_kept(&made, &told) {
                self.tally.problem(spot.path(), lost, reason);
            }
        }
        if attributes.flags.intersects(LOCKING_FLAGS) {
            self.last(Last {
                place: Arc::clone(spot.place),
                name: if spot.is_root {
                    CString::default()
                } else {
                    spot.name.to_owned()
                },
                flags: attributes.flags,
                mode: None,
            });
        }
        Ok(())
    }
}

/// Opens the folder `place` of the target, one name after the other.
pub(in crate::tree) fn open_place(root: BorrowedFd<'_>, place: &Place) -> io::Result<OwnedFd> {
    let mut fd = stat::open_dir(root, c".")?;
    for name in place.names() {
        fd = stat::open_dir(fd.as_fd(), name)?;
    }
    Ok(fd)
}
