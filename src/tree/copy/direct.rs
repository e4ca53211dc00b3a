//! Large files past the page cache: one thread reads, one digests, one writes, and the
//! target is on the medium when the last request returns.
//!
//! Only whole aligned blocks can go this way; the unaligned end of a file is written through
//! the cache, and so is everything where the filesystem refuses direct I/O. A source that
//! is in the cache is read from there.

use std::cell::Cell;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::ScopedJoinHandle;

use rustix::fs::OFlags;

use super::content::{Transfer, TransferError};
use crate::tree::digest::{Sum, is_cached_at, read_full};

/// Stretches of data from this length on go past the page cache, in bytes.
pub(super) const DIRECT: u64 = 64 * 1024 * 1024;

/// What offsets, lengths and addresses must be a multiple of: enough for every medium.
const ALIGN: usize = 4096;

/// How much is one request, in bytes.
const PIECE: usize = 2 * 1024 * 1024;

/// Pieces of a file under way.
const DEPTH: usize = 4;

/// A buffer that begins at an aligned address.
struct Piece {
    room: Vec<u8>,
    start: usize,
    /// Where its bytes belong in the file, and how many there are.
    at: u64,
    length: usize,
}

impl Piece {
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

    fn bytes(&self) -> &[u8] {
        &self.room[self.start..self.start + self.length]
    }
}

/// Copies the stretch of data from `start` to `end`; answers where it stopped, which is
/// before `end` if the source ended there.
pub(super) fn stretch(
    transfer: &Transfer<'_>,
    start: u64,
    end: u64,
    mut sum: Option<&mut Sum>,
) -> Result<u64, TransferError> {
    let (to_reader, empty) = channel();
    let (to_digester, read) = channel::<Piece>();
    let (to_writer, digested) = channel();
    for _ in 0..DEPTH {
        // The receiver lives.
        let _ = to_reader.send(Piece::new());
    }
    std::thread::scope(|scope| {
        let reader = scope.spawn(move || read_pieces(transfer, start, end, &empty, &to_digester));
        let writer = scope.spawn(move || write_pieces(transfer, &digested, &to_reader));
        for piece in read {
            if let Some(sum) = &mut sum {
                sum.bytes(piece.bytes());
            }
            transfer.progress.advance(piece.length as u64, 0);
            // The writer hangs up only after an error, which it reports itself.
            if to_writer.send(piece).is_err() {
                break;
            }
        }
        drop(to_writer);
        let written = joined(writer).map_err(TransferError::Target);
        let read = reader.join();
        written?;
        read.unwrap_or_else(|_| Err(TransferError::Source(died())))
    })
}

fn joined(thread: ScopedJoinHandle<'_, io::Result<()>>) -> io::Result<()> {
    thread.join().unwrap_or_else(|_| Err(died()))
}

fn died() -> io::Error {
    io::Error::other("a thread died")
}

/// Reads one piece after the other; answers where it stopped.
fn read_pieces(
    transfer: &Transfer<'_>,
    start: u64,
    end: u64,
    empty: &Receiver<Piece>,
    full: &Sender<Piece>,
) -> Result<u64, TransferError> {
    let cold = !is_cached(transfer.source, start, end);
    let source = Direct::on(transfer.source, cold && start.is_multiple_of(ALIGN as u64));
    let mut at = start;
    while at < end {
        if transfer.progress.interrupted() {
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

fn write_pieces(
    transfer: &Transfer<'_>,
    full: &Receiver<Piece>,
    empty: &Sender<Piece>,
) -> io::Result<()> {
    let target = Direct::on(transfer.target, true);
    for piece in full {
        let (at, bytes) = (piece.at, piece.bytes());
        target.write(bytes, at, |bytes| {
            transfer
                .disk
                .write_at(transfer.target, transfer.name, bytes, at)
        })?;
        // After the last one nobody wants it back.
        let _ = empty.send(piece);
    }
    Ok(())
}

/// Looks at a few places of the stretch.
fn is_cached(fd: BorrowedFd<'_>, start: u64, end: u64) -> bool {
    const PLACES: u64 = 8;
    let places = (0..PLACES).map(|n| start + (end - start) / PLACES * n);
    let cached = places.filter(|&at| is_cached_at(fd, at)).count() as u64;
    cached * 2 > PLACES
}

/// A descriptor in direct mode, as long as its filesystem goes along.
struct Direct<'fd> {
    fd: BorrowedFd<'fd>,
    on: Cell<bool>,
}

impl<'fd> Direct<'fd> {
    fn on(fd: BorrowedFd<'fd>, wanted: bool) -> Self {
        let direct = Self {
            fd,
            on: Cell::new(false),
        };
        if wanted {
            direct.set(true);
        }
        direct
    }

    /// How later requests go; the file itself isn't touched.
    fn set(&self, on: bool) {
        if self.on.get() == on {
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
            self.on.set(on);
        }
    }

    /// Reads at most `wanted` bytes.
    fn read(&self, piece: &mut Piece, wanted: usize, at: u64) -> io::Result<usize> {
        if self.on.get() {
            let whole = wanted.next_multiple_of(ALIGN);
            match read_full(self.fd, piece.room(whole), at) {
                Err(error) if is_unsuited(&error) => self.set(false),
                read => return Ok(read?.min(wanted)),
            }
        }
        read_full(self.fd, piece.room(wanted), at)
    }

    /// Writes with `write`, through the cache where it can't be helped.
    fn write(
        &self,
        bytes: &[u8],
        at: u64,
        write: impl Fn(&[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        if !self.on.get() {
            return write(bytes);
        }
        if !at.is_multiple_of(ALIGN as u64) || !bytes.len().is_multiple_of(ALIGN) {
            self.set(false);
            let written = write(bytes);
            self.set(true);
            return written;
        }
        match write(bytes) {
            Err(error) if is_unsuited(&error) => {
                self.set(false);
                write(bytes)
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
