//! Large files past the page cache: one thread reads, one digests, one writes, and the
//! target is on the medium when the last request returns.
//!
//! Only whole aligned blocks can go this way; the unaligned end of a file is written through
//! the cache, and so is everything where the filesystem refuses direct I/O. A source that
//! is in the cache is read from there.

use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};

use super::content::Transfer;
use crate::tree::digest::Sum;
use crate::tree::reading::{Ahead, Direct, Piece, TransferError};

/// Copies the stretch of data from `start` to `end`; answers where it stopped, which is
/// before `end` if the source ended there.
pub(super) fn stretch(
    transfer: &Transfer<'_>,
    stretch: (u64, u64),
    mut sum: Option<&mut Sum>,
) -> Result<u64, TransferError> {
    std::thread::scope(|scope| {
        let ahead = Ahead::begin(scope, transfer.source, stretch, transfer.progress);
        let (to_writer, digested) = channel();
        let returns = ahead.returns();
        let writer = scope.spawn(move || write(transfer, &digested, &returns));
        while let Some(piece) = ahead.next() {
            let length = piece.bytes().len() as u64;
            if let Some(sum) = &mut sum {
                sum.bytes(piece.bytes());
            }
            transfer.progress.advance(length, 0);
            // The writer hangs up only after an error, which it reports itself.
            if to_writer.send(piece).is_err() {
                break;
            }
        }
        drop(to_writer);
        let died = |_| Err(io::Error::other("a thread died"));
        let written = writer.join().unwrap_or_else(died);
        let read = ahead.finish();
        written.map_err(TransferError::Target)?;
        read
    })
}

fn write(transfer: &Transfer<'_>, full: &Receiver<Piece>, empty: &Sender<Piece>) -> io::Result<()> {
    let target = Direct::on(transfer.target, true);
    for piece in full {
        let at = piece.at();
        target.write(piece.bytes(), at, |bytes| {
            transfer
                .disk
                .write_at(transfer.target, transfer.name, bytes, at)
        })?;
        // After the last one nobody wants it back.
        let _ = empty.send(piece);
    }
    Ok(())
}
