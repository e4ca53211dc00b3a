//! Contents: from one open file to another, holes as holes, digested as they pass.

use std::ffi::CStr;
use std::num::NonZeroU64;
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU8, Ordering::Relaxed};

use rustix::fs::Advice;
use rustix::io::Errno;

use super::direct;
use crate::fs::Disk;
use crate::progress::Progress;
use crate::tree::digest::{Digest, Sum, read_full};
use crate::tree::reading::{LONG, SMALL, TransferError, data_after, digest, read_by, zeros};
use crate::tree::walk::stat::Stat;

/// From this length on a stretch of data is written past the page cache even if nobody waits
/// for the medium, in bytes: so much at once would fill the memory with pages to be written,
/// and that takes longer.
const HUGE: u64 = 1024 * 1024 * 1024;

/// How much is fetched of what comes after a hole, in bytes.
const FETCH: u64 = 4 * 1024 * 1024;

/// How much is written before the medium is given it, in bytes.
const WRITEBACK: u64 = 8 * 1024 * 1024;

/// Whether source and target can share blocks, as far as that was tried. Where they can, even
/// a small file's are shared; where they can't, only large files are worth another try, for
/// they may lie on another filesystem.
#[derive(Debug, Default)]
pub(super) struct Clones(AtomicU8);

impl Clones {
    const DO: u8 = 1;
    const DO_NOT: u8 = 2;

    fn are_worth_a_try(&self) -> bool {
        self.0.load(Relaxed) != Self::DO_NOT
    }

    /// True if it went well before.
    pub(super) fn work(&self) -> bool {
        self.0.load(Relaxed) == Self::DO
    }
}

/// One file's way from source to target.
pub(super) struct Transfer<'a> {
    pub disk: &'a Disk,
    pub source: BorrowedFd<'a>,
    /// The whole source, that many bytes, stands in the buffer already.
    pub ready: Option<usize>,
    pub target: BorrowedFd<'a>,
    pub name: &'a CStr,
    /// The source as it was before.
    pub stat: &'a Stat,
    pub digest: bool,
    /// In the end all is to be on the medium.
    pub sync: bool,
    /// Where blocks are to be shared, if they can be.
    pub clones: Option<&'a Clones>,
    pub progress: &'a dyn Progress,
}

/// The result of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Transferred {
    pub digest: Option<Digest>,
    /// The size of the target now: less than the source's if that shrank meanwhile.
    pub size: u64,
}

impl Transfer<'_> {
    /// Copies at most as many bytes as the source had at first. The target is empty.
    pub(super) fn run(&self, room: &mut [u8]) -> Result<Transferred, TransferError> {
        if self.stat.size == 0 {
            let digest = self.digest.then(|| Sum::default().finish());
            return Ok(Transferred { digest, size: 0 });
        }
        let small = self.stat.size <= SMALL as u64;
        if let Some(clones) = self.clones
            && (!small || clones.are_worth_a_try())
            && self.clone_blocks(clones)?
        {
            return self.digest_only(room);
        }
        if small && self.stat.allocated >= self.stat.size {
            return self.in_one_piece(room);
        }
        self.by_segments(room)
    }

    fn in_one_piece(&self, room: &mut [u8]) -> Result<Transferred, TransferError> {
        let read = if let Some(read) = self.ready {
            read
        } else {
            let size = usize::try_from(self.stat.size).unwrap_or(SMALL);
            read_full(self.source, &mut room[..size], 0).map_err(TransferError::Source)?
        };
        let bytes = &room[..read];
        self.disk
            .write_at(self.target, self.name, bytes, 0)
            .map_err(TransferError::Target)?;
        self.progress.advance(read as u64, 0);
        Ok(Transferred {
            digest: self.digest.then(|| Digest::of(bytes)),
            size: read as u64,
        })
    }

    /// True if the target shares the source's blocks now.
    fn clone_blocks(&self, clones: &Clones) -> Result<bool, TransferError> {
        match self.disk.clone_from(self.target, self.name, self.source) {
            Ok(()) => {
                clones.0.store(Clones::DO, Relaxed);
                Ok(true)
            }
            Err(error) => match Errno::from_io_error(&error) {
                // Not this filesystem, or not between these two.
                Some(Errno::OPNOTSUPP | Errno::XDEV | Errno::NOTTY) => {
                    clones.0.store(Clones::DO_NOT, Relaxed);
                    Ok(false)
                }
                // Not files like these.
                Some(Errno::INVAL | Errno::PERM | Errno::TXTBSY) => Ok(false),
                _ => Err(TransferError::Target(error)),
            },
        }
    }

    /// The blocks are shared: what is read back from the target is what it has.
    fn digest_only(&self, room: &mut [u8]) -> Result<Transferred, TransferError> {
        let target = Stat::of(self.target).map_err(TransferError::Target)?;
        let size = target.size;
        // Some filesystems share what was written and forget what was only allocated.
        if self.stat.allocated >= size && target.allocated < size {
            self.disk
                .allocate(self.target, self.name, size)
                .map_err(TransferError::Target)?;
        }
        if !self.digest {
            self.progress.advance(size, 0);
            return Ok(Transferred { digest: None, size });
        }
        let digest = digest(self.target, size, room, self.progress)?;
        Ok(Transferred {
            digest: Some(digest.0),
            size: digest.1,
        })
    }

    fn by_segments(&self, room: &mut [u8]) -> Result<Transferred, TransferError> {
        let size = self.stat.size;
        let sparse = self.stat.allocated < size;
        self.prepare(sparse)?;
        let mut sum = self.digest.then(Sum::default);
        let past_the_cache = if self.sync { LONG } else { HUGE };
        let data = |at| data_after(self.source, at, size).map_err(TransferError::Source);
        let mut at = 0;
        let mut next = data(at)?;
        while at < size {
            let stretch = next.clone();
            let end = stretch.end;
            if end < size {
                next = data(end)?;
                self.fetch(&next);
            }
            if let Some(sum) = &mut sum {
                zeros(sum, stretch.start - at, self.progress)?;
            }
            self.progress.advance(stretch.start - at, 0);
            let past_it = if end - stretch.start >= past_the_cache {
                direct::stretch(self, stretch.clone(), sum.as_mut())?
            } else {
                None
            };
            at = match past_it {
                Some(at) => at,
                None => self.segment(stretch, room, sum.as_mut())?,
            };
            if at < end {
                // It shrank: the caller will see that it changed.
                self.disk
                    .set_size(self.target, self.name, at)
                    .map_err(TransferError::Target)?;
                break;
            }
        }
        let digest = sum.map(Sum::finish);
        Ok(Transferred { digest, size: at })
    }

    /// Has a stretch of the source brought into memory, or its beginning, while another is
    /// copied: nobody else reads ahead over a hole. A hint.
    fn fetch(&self, stretch: &Range<u64>) {
        let length = (stretch.end - stretch.start).min(FETCH);
        if let Some(length) = NonZeroU64::new(length) {
            let _ = rustix::fs::fadvise(self.source, stretch.start, Some(length), Advice::WillNeed);
        }
    }

    /// Sizes the target: allocated in full where the source is, else a hole to write into.
    fn prepare(&self, sparse: bool) -> Result<(), TransferError> {
        let (target, name, size) = (self.target, self.name, self.stat.size);
        if !sparse {
            match self.disk.allocate(target, name, size) {
                Err(error) if Errno::from_io_error(&error) == Some(Errno::OPNOTSUPP) => {}
                done => return done.map_err(TransferError::Target),
            }
        }
        self.disk
            .set_size(target, name, size)
            .map_err(TransferError::Target)
    }

    /// Copies a stretch of data; answers where it stopped.
    fn segment(
        &self,
        stretch: Range<u64>,
        room: &mut [u8],
        mut sum: Option<&mut Sum>,
    ) -> Result<u64, TransferError> {
        let (mut given, end) = (stretch.start, stretch.end);
        read_by(
            self.source,
            stretch,
            room,
            self.progress,
            &mut |bytes, at| {
                if let Some(sum) = &mut sum {
                    sum.bytes(bytes);
                }
                self.disk
                    .write_at(self.target, self.name, bytes, at)
                    .map_err(TransferError::Target)?;
                self.progress.advance(bytes.len() as u64, 0);
                let done = at + bytes.len() as u64;
                if self.sync && (done - given >= WRITEBACK || done == end) {
                    self.disk.start_writeback(self.target, given, done - given);
                    given = done;
                }
                Ok(())
            },
        )
    }
}
