//! Regular files: opened, read as soon as they are in memory, copied until they stood
//! still.

use std::io;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::fs::{Advice, IFlags};

use super::attributes::{self, Attributes, InodeDefaults};
use super::content::{Transfer, Transferred};
use super::copier::{Copier, LARGE, Scratch, TargetSlot, is_not_representable};
use crate::fs::InodeFd;
use crate::tree::digest::{is_cached_at, read_cached};
use crate::tree::error::{Cause, Error, Lost};
use crate::tree::reading::{SMALL, TransferError, data_after};
use crate::tree::verify::collector::FoundEntry;
use crate::tree::walk::stat::{self, Stat, Xattrs};

/// How often a file that changes is read before it is given up.
const ATTEMPTS: u32 = 3;

/// A regular file of the source, open.
#[derive(Debug)]
pub(in crate::tree) struct OpenSource {
    pub fd: OwnedFd,
    /// From before it was read.
    pub stat: Stat,
    /// All of its bytes, that many, stand in a buffer of the thread's.
    pub ready: Option<usize>,
}

impl OpenSource {
    /// Reads a small file into `bytes` if that needs no waiting for the medium; else has it
    /// fetched. True if nothing is to be waited for.
    pub(in crate::tree) fn try_read(&mut self, bytes: &mut [u8]) -> bool {
        let Stat {
            size, allocated, ..
        } = self.stat;
        if size == 0 || allocated < size || size >= LARGE {
            return true;
        }
        match usize::try_from(size) {
            Ok(size) if size <= SMALL => {
                if read_cached(self.fd.as_fd(), &mut bytes[..size]) {
                    self.ready = Some(size);
                    return true;
                }
            }
            _ => {
                // What is allocated and was never written isn't to be read: that would fill the
                // cache with zeros which some filesystems then take for data.
                let written = data_after(self.fd.as_fd(), 0, size);
                let written = written.is_ok_and(|data| data == (0..size));
                if !written || is_cached_at(self.fd.as_fd(), 0) {
                    return true;
                }
            }
        }
        // A hint: what doesn't take it is read all the same.
        let _ = rustix::fs::fadvise(&self.fd, 0, None, Advice::WillNeed);
        false
    }
}

impl Copier<'_> {
    /// Opens a regular file that is held; `None` if it can't be, which is noted.
    pub(super) fn open(
        &self,
        slot: TargetSlot<'_>,
        held: &OwnedFd,
        stat: Stat,
    ) -> Option<OpenSource> {
        match stat::open_held(held.as_fd()) {
            Ok(fd) => Some(OpenSource {
                fd,
                stat,
                ready: None,
            }),
            Err(error) => {
                self.unreadable(slot, error);
                None
            }
        }
    }

    fn unreadable(&self, slot: TargetSlot<'_>, error: io::Error) {
        self.tally.fail(slot.path(), Cause::Io(error));
    }

    /// Copies an open file with all that it has.
    pub(super) fn file(
        &self,
        slot: TargetSlot<'_>,
        mut source: OpenSource,
        room: &mut Scratch,
    ) -> Result<(), Error> {
        let read = self.xattrs_of(slot, InodeFd::Open(source.fd.as_fd()), room);
        let xattrs = match read {
            Ok(xattrs) => xattrs,
            Err(error) => {
                self.unreadable(slot, error);
                return Ok(());
            }
        };
        let flags = stat::flags(source.fd.as_fd());
        let (target, fresh) = match self.create(slot, &source.stat, &xattrs, flags) {
            Err(error) if is_not_representable(&error) => {
                self.name_not_representable(slot, &error);
                return Ok(());
            }
            created => created.map_err(|error| self.unwritable(&slot.path(), error))?,
        };
        self.announce(slot, &source.stat);
        let Some(done) = self.until_still(slot, &mut source, &target, room)? else {
            return Ok(());
        };
        // They may have changed with the rest.
        let xattrs = match done.attempts {
            1 => Ok(xattrs),
            _ => self.xattrs_of(slot, InodeFd::Open(source.fd.as_fd()), room),
        };
        let xattrs = match xattrs {
            Ok(xattrs) => xattrs,
            Err(error) => {
                self.unreadable(slot, error);
                return Ok(());
            }
        };
        let stat = &source.stat;
        let attributes = Attributes {
            stat,
            xattrs: &xattrs,
            flags,
        };
        self.attributes(slot, InodeFd::Open(target.as_fd()), &attributes, &fresh)?;
        let Transferred { digest, size } = done.transferred;
        self.done(stat, || {
            let found = FoundEntry::new(slot.path(), stat, &xattrs);
            found.with_content(digest, size).with_flags(Some(flags))
        });
        Ok(())
    }

    /// Copies the contents until the source is after that as it was before; `None` if that
    /// can't be, which is noted.
    fn until_still(
        &self,
        slot: TargetSlot<'_>,
        source: &mut OpenSource,
        target: &OwnedFd,
        room: &mut Scratch,
    ) -> Result<Option<StableTransfer>, Error> {
        for attempts in 1.. {
            let transferred = self.transfer(slot, source, target, &mut room.bytes)?;
            let Some((transferred, after)) = transferred else {
                return Ok(None);
            };
            let still = source.stat.is_unchanged(&after);
            source.stat = after;
            source.ready = None;
            if still {
                return Ok(Some(StableTransfer {
                    transferred,
                    attempts,
                }));
            }
            if attempts == ATTEMPTS {
                self.changed(slot.path());
                return Ok(self.options.live.then_some(StableTransfer {
                    transferred,
                    attempts,
                }));
            }
            self.disk
                .set_size(target.as_fd(), slot.name, 0)
                .map_err(|error| self.unwritable(&slot.path(), error))?;
        }
        Ok(None)
    }

    /// Makes the file, with the right mode from the start where nothing stands against it.
    fn create(
        &self,
        slot: TargetSlot<'_>,
        stat: &Stat,
        xattrs: &Xattrs,
        flags: IFlags,
    ) -> io::Result<(OwnedFd, InodeDefaults)> {
        // Whoever isn't root can set xattrs on a writable file only.
        let mode = if xattrs.is_empty() {
            stat.mode & 0o777
        } else {
            0o600
        };
        let target = self.disk.create_at(slot.into, slot.name, mode)?;
        let mut fresh = InodeDefaults {
            mode: Some(mode & !self.umask),
            ..self.fresh
        };
        // Without copy-on-write: to be said while the file is empty.
        if flags.contains(IFlags::NOCOW)
            && attributes::set_flags(self.disk, target.as_fd(), slot.name, IFlags::NOCOW).is_ok()
        {
            fresh.flags = IFlags::NOCOW;
        }
        Ok((target, fresh))
    }

    /// The contents, once, and how the source looks after that; `None` if it couldn't be
    /// read, which is noted.
    fn transfer(
        &self,
        slot: TargetSlot<'_>,
        source: &OpenSource,
        target: &OwnedFd,
        room: &mut [u8],
    ) -> Result<Option<(Transferred, Stat)>, Error> {
        let transfer = Transfer {
            disk: self.disk,
            source: source.fd.as_fd(),
            ready: source.ready,
            target: target.as_fd(),
            name: slot.name,
            stat: &source.stat,
            digest: self.options.digest,
            sync: self.options.sync,
            clones: self.options.reflink.then_some(&self.clones),
            progress: self.progress,
        };
        let done = transfer.run(room);
        let looked = done.and_then(|done| {
            let after = Stat::of(source.fd.as_fd()).map_err(TransferError::Source)?;
            Ok((done, after))
        });
        match looked {
            Ok(done) => Ok(Some(done)),
            Err(TransferError::Source(error)) => {
                self.tally.fail(slot.path(), Cause::Io(error));
                Ok(None)
            }
            Err(TransferError::Target(error)) if error.kind() == io::ErrorKind::FileTooLarge => {
                self.too_large(slot, &error).map(|()| None)
            }
            Err(TransferError::Target(error)) => Err(self.unwritable(&slot.path(), error)),
            Err(TransferError::Interrupted) => Err(Error::Interrupted),
        }
    }
}

impl Copier<'_> {
    /// The target's filesystem has no files of that size: this one is left out.
    fn too_large(&self, slot: TargetSlot<'_>, error: &io::Error) -> Result<(), Error> {
        self.disk
            .unlink_at(slot.into, slot.name)
            .map_err(|error| self.unwritable(&slot.path(), error))?;
        self.tally
            .problem(slot.path(), Lost::Content, error.to_string());
        Ok(())
    }
}

/// Contents that were copied.
struct StableTransfer {
    transferred: Transferred,
    attempts: u32,
}
