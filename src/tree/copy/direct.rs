//! Large files past the page cache: one thread reads, one digests, two write, and the target
//! is on the medium when the last request returns.
//!
//! Only whole aligned blocks can go this way; the unaligned end of a file is written through
//! the cache, and so is everything where the filesystem refuses direct I/O. A source that
//! is in the cache is read from there.

use std::io;
use std::ops::Range;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::ScopedJoinHandle;

use super::content::Transfer;
use crate::threads;
use crate::tree::digest::Sum;
use crate::tree::reading::{Ahead, AlignedBuffer, Direct, TransferError};

/// Requests that the medium has at a time.
const WRITERS: usize = 2;

/// Copies the stretch of data; answers where it stopped, which is before its end if the source
/// ended there. Nothing where no thread is to be had, and nothing was done.
///
/// # Errors
/// [`TransferError`].
pub(super) fn stretch(
    transfer: &Transfer<'_>,
    stretch: Range<u64>,
    mut sum: Option<&mut Sum>,
) -> Result<Option<u64>, TransferError> {
    let (to_writers, digested) = channel::<AlignedBuffer>();
    let (digested, target) = (Mutex::new(digested), Direct::on(transfer.target, true));
    let done = std::thread::scope(|scope| {
        let writers = (0..WRITERS).map_while(|_| {
            let (to_read, empty) = channel();
            let (digested, target) = (&digested, &target);
            let work = move || match to_read_from(&empty) {
                Some(empty) => write(transfer, target, digested, &empty),
                None => Ok(Vec::new()),
            };
            let writer = threads::start_in(scope, work).ok()?;
            Some((writer, to_read))
        });
        let (writers, starts): (Vec<_>, Vec<_>) = writers.unzip();
        if writers.is_empty() {
            return None;
        }
        let begun = Ahead::begin(scope, transfer.source, stretch, transfer.progress);
        let Ok((ahead, empty)) = begun else {
            return None;
        };
        for start in starts {
            // It waits for that.
            let _ = start.send(empty.clone());
        }
        drop(empty);
        while let Some(piece) = ahead.next() {
            let length = piece.bytes().len() as u64;
            if let Some(sum) = &mut sum {
                sum.bytes(piece.bytes());
            }
            transfer.progress.advance(length, 0);
            // A writer is finished before there is no more only after an error.
            if to_writers.send(piece).is_err() || writers.iter().any(ScopedJoinHandle::is_finished)
            {
                break;
            }
        }
        drop(to_writers);
        let died = |_| Err(io::Error::other("a thread died"));
        let written = writers.into_iter();
        let written: Vec<_> = written
            .map(|writer| writer.join().unwrap_or_else(died))
            .collect();
        Some((ahead.finish(), written))
    });
    drop(target);
    let Some((read, written)) = done else {
        return Ok(None);
    };
    for aside in written {
        for piece in aside.map_err(TransferError::Target)? {
            write_piece(transfer, &piece).map_err(TransferError::Target)?;
        }
    }
    read.map(Some)
}

/// Where a writer gives back what it has written; nothing if there will be nothing to write.
fn to_read_from(start: &Receiver<Sender<AlignedBuffer>>) -> Option<Sender<AlignedBuffer>> {
    start.recv().ok()
}

/// Writes what comes, as others do; answers what can't be written past the cache.
fn write(
    transfer: &Transfer<'_>,
    target: &Direct<'_>,
    full: &Mutex<Receiver<AlignedBuffer>>,
    empty: &Sender<AlignedBuffer>,
) -> io::Result<Vec<AlignedBuffer>> {
    let mut aside = Vec::new();
    while let Some(piece) = next(full) {
        if target.takes(&piece) {
            target.write(|| write_piece(transfer, &piece))?;
            // After the last one nobody wants it back.
            let _ = empty.send(piece);
        } else {
            aside.push(piece);
        }
    }
    Ok(aside)
}

fn next(full: &Mutex<Receiver<AlignedBuffer>>) -> Option<AlignedBuffer> {
    let full = full.lock().unwrap_or_else(PoisonError::into_inner);
    full.recv().ok()
}

fn write_piece(transfer: &Transfer<'_>, piece: &AlignedBuffer) -> io::Result<()> {
    let (disk, target) = (transfer.disk, transfer.target);
    disk.write_at(target, transfer.name, piece.bytes(), piece.at())
}
