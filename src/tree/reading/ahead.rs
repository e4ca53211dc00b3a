//! Long stretches of data, read by a thread of its own into pieces that come back when they
//! were used, so that reading goes on while whoever wants them is busy.
//!
//! What isn't in the page cache is read past it, which only whole aligned blocks can be; where
//! the filesystem refuses that, it is read as usual.

use std::io;
use std::ops::Range;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Scope, ScopedJoinHandle};

use rustix::fs::OFlags;

use super::stretch::{TransferError, is_cached};
use crate::progress::Progress;
use crate::threads;
use crate::tree::digest::read_full;

/// What offsets, lengths and addresses must be a multiple of: enough for every medium.
const ALIGN: usize = 4096;

/// The length of one read or write request, in bytes.
const PIECE: usize = 2 * 1024 * 1024;

/// Pieces of a file under way.
const DEPTH: usize = 4;

/// Bytes of a file in a buffer that begins at an aligned address.
pub(in crate::tree) struct AlignedBuffer {
    room: Vec<u8>,
    start: usize,
    /// Offset of the bytes in the file.
    at: u64,
    length: usize,
}

impl AlignedBuffer {
    fn new() -> Self {
        let room = vec![0; PIECE + ALIGN];
        let start = room.as_ptr().align_offset(ALIGN);
        Self {
            room,
            start,
            at: 0,
            length: 0,
        }
    }

    fn room(&mut self, length: usize) -> &mut [u8] {
        &mut self.room[self.start..self.start + length]
    }

    /// Offset of the bytes in the file.
    pub(in crate::tree) const fn at(&self) -> u64 {
        self.at
    }

    pub(in crate::tree) fn bytes(&self) -> &[u8] {
        &self.room[self.start..self.start + self.length]
    }
}

/// A stretch of a file that is being read.
pub(in crate::tree) struct Ahead<'scope> {
    full: Receiver<AlignedBuffer>,
    reader: ScopedJoinHandle<'scope, Result<u64, TransferError>>,
}

impl<'scope> Ahead<'scope> {
    /// Begins to read the stretch, in bytes from the file's start. Pieces that were used go back where
    /// the sender leads; when nobody has it any more, the reading ends.
    ///
    /// # Errors
    /// No thread is to be had.
    pub(in crate::tree) fn begin<'env>(
        scope: &'scope Scope<'scope, 'env>,
        fd: BorrowedFd<'env>,
        stretch: Range<u64>,
        progress: &'env dyn Progress,
    ) -> io::Result<(Self, Sender<AlignedBuffer>)> {
        let (empty, to_fill) = channel();
        let (filled, full) = channel();
        for _ in 0..DEPTH {
            // The receiver lives.
            let _ = empty.send(AlignedBuffer::new());
        }
        let reader = threads::start_in(scope, move || {
            read(fd, stretch, progress, &to_fill, &filled)
        })?;
        Ok((Self { full, reader }, empty))
    }

    /// The next piece; none when all was read, or reading has ended otherwise.
    pub(in crate::tree) fn next(&self) -> Option<AlignedBuffer> {
        self.full.recv().ok()
    }

    /// Waits for the end of the reading, for which the sender must be gone; answers where it
    /// stopped, which is before the end of the stretch if the file ended there.
    ///
    /// # Errors
    /// [`TransferError::Source`]; [`TransferError::Interrupted`].
    pub(in crate::tree) fn finish(self) -> Result<u64, TransferError> {
        drop(self.full);
        let died = |_| Err(TransferError::Source(io::Error::other("a thread died")));
        self.reader.join().unwrap_or_else(died)
    }
}

fn read(
    fd: BorrowedFd<'_>,
    stretch: Range<u64>,
    progress: &dyn Progress,
    empty: &Receiver<AlignedBuffer>,
    full: &Sender<AlignedBuffer>,
) -> Result<u64, TransferError> {
    let cold = !is_cached(fd, &stretch);
    let Range { start, end } = stretch;
    let source = Direct::on(fd, cold && start.is_multiple_of(ALIGN as u64));
    let mut at = start;
    while at < end {
        if progress.interrupted() {
            return Err(TransferError::Interrupted);
        }
        let Ok(mut piece) = empty.recv() else {
            break;
        };
        // Whatever the first piece begins at, the next begins at a multiple.
        let most = PIECE - usize::try_from(at % ALIGN as u64).unwrap_or(0);
        let wanted = usize::try_from(end - at).map_or(most, |left| left.min(most));
        let read = source
            .read(&mut piece, wanted, at)
            .map_err(TransferError::Source)?;
        (piece.at, piece.length) = (at, read);
        at += read as u64;
        if read == 0 || full.send(piece).is_err() {
            break;
        }
    }
    Ok(at)
}

/// A descriptor in direct mode, as long as its filesystem goes along; may be shared by threads.
pub(in crate::tree) struct Direct<'fd> {
    fd: BorrowedFd<'fd>,
    on: AtomicBool,
}

impl<'fd> Direct<'fd> {
    pub(in crate::tree) fn on(fd: BorrowedFd<'fd>, wanted: bool) -> Self {
        let direct = Self {
            fd,
            on: AtomicBool::new(false),
        };
        if wanted {
            direct.set(true);
        }
        direct
    }

    /// How later requests go; the file itself isn't touched.
    fn set(&self, on: bool) {
        if self.on.load(Relaxed) == on {
            return;
        }
        let Ok(flags) = rustix::fs::fcntl_getfl(self.fd) else {
            return;
        };
        let flags = if on {
            flags | OFlags::DIRECT
        } else {
            flags - OFlags::DIRECT
        };
        if rustix::fs::fcntl_setfl(self.fd, flags).is_ok() {
            self.on.store(on, Relaxed);
        }
    }

    /// Reads at most `wanted` bytes.
    fn read(&self, piece: &mut AlignedBuffer, wanted: usize, at: u64) -> io::Result<usize> {
        if self.on.load(Relaxed) {
            let whole = wanted.next_multiple_of(ALIGN);
            match read_full(self.fd, piece.room(whole), at) {
                Err(error) if is_unsuited(&error) => self.set(false),
                read => return Ok(read?.min(wanted)),
            }
        }
        read_full(self.fd, piece.room(wanted), at)
    }

    /// True if the piece can be written now: past the cache go whole aligned blocks only.
    pub(in crate::tree) fn takes(&self, piece: &AlignedBuffer) -> bool {
        let whole = piece.at.is_multiple_of(ALIGN as u64) && piece.length.is_multiple_of(ALIGN);
        whole || !self.on.load(Relaxed)
    }

    /// Writes with `write`, through the cache where the filesystem refuses anything else.
    pub(in crate::tree) fn write(&self, write: impl Fn() -> io::Result<()>) -> io::Result<()> {
        match write() {
            Err(error) if is_unsuited(&error) => {
                self.set(false);
                write()
            }
            written => written,
        }
    }
}

/// The filesystem took the mode but not the request.
fn is_unsuited(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidInput
}

impl Drop for Direct<'_> {
    fn drop(&mut self) {
        self.set(false);
    }
}
