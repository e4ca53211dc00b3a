//! Stretches of an open file: where its data is, and reading that piece by piece.

use std::io;
use std::ops::Range;
use std::os::fd::BorrowedFd;

use rustix::fs::SeekFrom;
use rustix::io::Errno;

use super::ahead::Ahead;
use crate::progress::Progress;
use crate::tree::digest::{Digest, Sum, is_cached_at, read_full};

/// A file up to this size is read in one piece, in bytes.
pub(in crate::tree) const SMALL: usize = 256 * 1024;

/// Stretches of data from this length on are read ahead by another thread, past the page
/// cache where they aren't in it, in bytes.
pub(in crate::tree) const LONG: u64 = 64 * 1024 * 1024;

/// Why a transfer or a comparison ended: which of two files failed, or that the user stopped it.
#[derive(Debug)]
pub(in crate::tree) enum TransferError {
    Source(io::Error),
    Target(io::Error),
    Interrupted,
}

impl TransferError {
    /// What went wrong in reading the one that is called the target.
    pub(in crate::tree) fn of_target(self) -> Self {
        match self {
            Self::Source(error) => Self::Target(error),
            error => error,
        }
    }
}

/// The next stretch of data at or after `at`, empty and at `size` if only a hole is left.
///
/// # Errors
/// The operating system's error, if the file can't be searched for data.
pub(in crate::tree) fn data_after(
    fd: BorrowedFd<'_>,
    at: u64,
    size: u64,
) -> io::Result<Range<u64>> {
    let start = match rustix::fs::seek(fd, SeekFrom::Data(at)) {
        Ok(start) => start.min(size),
        Err(Errno::NXIO) => return Ok(size..size),
        // The filesystem knows no holes: all is data.
        Err(Errno::INVAL) => return Ok(at..size),
        Err(error) => return Err(error.into()),
    };
    let end = rustix::fs::seek(fd, SeekFrom::Hole(start)).map_or(size, |end| end.min(size));
    // A file that is written to could have lost the data again.
    Ok(start.max(at)..end.max(start))
}

/// True if most of the stretch is in memory, going by a few places of it.
pub(super) fn is_cached(fd: BorrowedFd<'_>, stretch: &Range<u64>) -> bool {
    const PLACES: u64 = 8;
    let places = (0..PLACES).map(|n| stretch.start + (stretch.end - stretch.start) / PLACES * n);
    let cached = places.filter(|&at| is_cached_at(fd, at)).count() as u64;
    cached * 2 > PLACES
}

/// Adds a hole of `length` bytes to the digest, in pieces between which the user may stop it.
///
/// # Errors
/// [`TransferError::Interrupted`].
pub(in crate::tree) fn zeros(
    sum: &mut Sum,
    mut length: u64,
    progress: &dyn Progress,
) -> Result<(), TransferError> {
    const PIECE: u64 = 64 * 1024 * 1024;
    while length > 0 {
        if progress.interrupted() {
            return Err(TransferError::Interrupted);
        }
        let piece = length.min(PIECE);
        sum.zeros(piece);
        length -= piece;
    }
    Ok(())
}

/// The digest of an open file's first `size` bytes, and how many there were.
///
/// # Errors
/// [`TransferError::Source`]; [`TransferError::Interrupted`].
pub(in crate::tree) fn digest(
    fd: BorrowedFd<'_>,
    size: u64,
    room: &mut [u8],
    progress: &dyn Progress,
) -> Result<(Digest, u64), TransferError> {
    // So small a file has hardly a hole, and looking for one takes longer than reading it.
    if size <= SMALL as u64 && size <= room.len() as u64 {
        let wanted = usize::try_from(size).unwrap_or(0);
        let read = read_full(fd, &mut room[..wanted], 0).map_err(TransferError::Source)?;
        progress.advance(read as u64, 0);
        return Ok((Digest::of(&room[..read]), read as u64));
    }
    let mut sum = Sum::default();
    let mut at = 0;
    while at < size {
        let stretch = data_after(fd, at, size).map_err(TransferError::Source)?;
        zeros(&mut sum, stretch.start - at, progress)?;
        progress.advance(stretch.start - at, 0);
        let end = stretch.end;
        at = if end - stretch.start >= LONG {
            read_ahead(fd, stretch, room, progress, &mut |bytes| {
                sum.bytes(bytes);
                progress.advance(bytes.len() as u64, 0);
            })?
        } else {
            read_by(fd, stretch, room, progress, &mut |bytes, _| {
                sum.bytes(bytes);
                progress.advance(bytes.len() as u64, 0);
                Ok(())
            })?
        };
        if at < end {
            break;
        }
    }
    Ok((sum.finish(), at))
}

/// What takes the bytes that were read, and their offset in the file.
pub(in crate::tree) type TakeBytes<'a> = &'a mut dyn FnMut(&[u8], u64) -> Result<(), TransferError>;

/// Reads the stretch into `room`, piece by piece, and gives each to `take` with its offset.
/// Answers where that stopped, in bytes: before the stretch's end if the file ended there.
///
/// # Errors
/// [`TransferError::Source`], [`TransferError::Interrupted`], and what `take` answers.
pub(in crate::tree) fn read_by(
    fd: BorrowedFd<'_>,
    stretch: Range<u64>,
    room: &mut [u8],
    progress: &dyn Progress,
    take: TakeBytes<'_>,
) -> Result<u64, TransferError> {
    let Range { start: mut at, end } = stretch;
    while at < end {
        if progress.interrupted() {
            return Err(TransferError::Interrupted);
        }
        let wanted = usize::try_from(end - at).map_or(room.len(), |n| n.min(room.len()));
        let read = read_full(fd, &mut room[..wanted], at).map_err(TransferError::Source)?;
        if read == 0 {
            break;
        }
        take(&room[..read], at)?;
        at += read as u64;
    }
    Ok(at)
}

/// [`read_by`], while another thread reads, if one is to be had.
fn read_ahead(
    fd: BorrowedFd<'_>,
    stretch: Range<u64>,
    room: &mut [u8],
    progress: &dyn Progress,
    take: &mut dyn FnMut(&[u8]),
) -> Result<u64, TransferError> {
    std::thread::scope(|scope| {
        let begun = Ahead::begin(scope, fd, stretch.clone(), progress);
        let Ok((ahead, empty)) = begun else {
            return read_by(fd, stretch, room, progress, &mut |bytes, _| {
                take(bytes);
                Ok(())
            });
        };
        while let Some(piece) = ahead.next() {
            take(piece.bytes());
            // A reader that is done wants none.
            let _ = empty.send(piece);
        }
        drop(empty);
        ahead.finish()
    })
}
