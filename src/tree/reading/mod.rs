//! Contents of open files, read: digested, or held against another file's. Holes aren't read,
//! and long stretches of data are read by a thread of their own (`ahead`).

mod ahead;

use std::io;
use std::os::fd::BorrowedFd;

use rustix::fs::SeekFrom;
use rustix::io::Errno;

pub(super) use ahead::{Ahead, Direct, Piece};

use super::digest::{Digest, Sum, is_cached_at, read_full};
use crate::progress::Progress;

/// A file up to this size is read in one piece, in bytes.
pub(super) const SMALL: usize = 256 * 1024;

/// Stretches of data from this length on are read ahead by another thread, past the page
/// cache where they aren't in it, in bytes.
pub(super) const LONG: u64 = 64 * 1024 * 1024;

/// Which of two files failed.
#[derive(Debug)]
pub(super) enum TransferError {
    Source(io::Error),
    Target(io::Error),
    Interrupted,
}

impl TransferError {
    /// What went wrong in reading the one that is called the target.
    pub(super) fn of_target(self) -> Self {
        match self {
            Self::Source(error) => Self::Target(error),
            error => error,
        }
    }
}

/// The next stretch of data at or after `at`: its start and end, both `size` if only a
/// hole is left.
pub(super) fn data_after(fd: BorrowedFd<'_>, at: u64, size: u64) -> io::Result<(u64, u64)> {
    let start = match rustix::fs::seek(fd, SeekFrom::Data(at)) {
        Ok(start) => start.min(size),
        Err(Errno::NXIO) => return Ok((size, size)),
        // The filesystem knows no holes: all is data.
        Err(Errno::INVAL) => return Ok((at, size)),
        Err(error) => return Err(error.into()),
    };
    let end = rustix::fs::seek(fd, SeekFrom::Hole(start)).map_or(size, |end| end.min(size));
    // A file that is written to could have lost the data again.
    Ok((start.max(at), end.max(start)))
}

/// True if most of the stretch is in memory, going by a few places of it.
fn is_cached(fd: BorrowedFd<'_>, start: u64, end: u64) -> bool {
    const PLACES: u64 = 8;
    let places = (0..PLACES).map(|n| start + (end - start) / PLACES * n);
    let cached = places.filter(|&at| is_cached_at(fd, at)).count() as u64;
    cached * 2 > PLACES
}

/// Adds a hole to the digest, in pieces between which the user may stop it.
pub(super) fn zeros(
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
pub(super) fn digest(
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
        let (start, end) = data_after(fd, at, size).map_err(TransferError::Source)?;
        zeros(&mut sum, start - at, progress)?;
        progress.advance(start - at, 0);
        let mut bytes = |bytes: &[u8]| {
            sum.bytes(bytes);
            progress.advance(bytes.len() as u64, 0);
        };
        at = if end - start >= LONG {
            read_ahead(fd, (start, end), progress, &mut bytes)?
        } else {
            read_by(fd, (start, end), room, progress, &mut bytes)?
        };
        if at < end {
            break;
        }
    }
    Ok((sum.finish(), at))
}

/// Gives the stretch to `take`, piece by piece; answers where it stopped.
fn read_by(
    fd: BorrowedFd<'_>,
    (start, end): (u64, u64),
    room: &mut [u8],
    progress: &dyn Progress,
    take: &mut dyn FnMut(&[u8]),
) -> Result<u64, TransferError> {
    let mut at = start;
    while at < end {
        if progress.interrupted() {
            return Err(TransferError::Interrupted);
        }
        let wanted = usize::try_from(end - at).map_or(room.len(), |n| n.min(room.len()));
        let read = read_full(fd, &mut room[..wanted], at).map_err(TransferError::Source)?;
        if read == 0 {
            break;
        }
        take(&room[..read]);
        at += read as u64;
    }
    Ok(at)
}

/// [`read_by`], while another thread reads.
fn read_ahead(
    fd: BorrowedFd<'_>,
    stretch: (u64, u64),
    progress: &dyn Progress,
    take: &mut dyn FnMut(&[u8]),
) -> Result<u64, TransferError> {
    std::thread::scope(|scope| {
        let (ahead, empty) = Ahead::begin(scope, fd, stretch, progress);
        while let Some(piece) = ahead.next() {
            take(piece.bytes());
            // A reader that is done wants none.
            let _ = empty.send(piece);
        }
        drop(empty);
        ahead.finish()
    })
}

/// True if the first `size` bytes of two open files are the same, and are as many.
pub(super) fn is_same(
    (source, target): (BorrowedFd<'_>, BorrowedFd<'_>),
    size: u64,
    (left, right): (&mut [u8], &mut [u8]),
    progress: &dyn Progress,
) -> Result<bool, TransferError> {
    let mut at = 0;
    while at < size {
        let stretch = if size <= SMALL as u64 {
            (0, size)
        } else {
            data_of_either(source, target, at, size)?
        };
        progress.advance(stretch.0 - at, 0);
        let same = if stretch.1 - stretch.0 >= LONG {
            is_same_long((source, target), stretch, (left, right), progress)?
        } else {
            is_same_by((source, target), stretch, (left, right), progress)?
        };
        if !same {
            return Ok(false);
        }
        at = stretch.1;
    }
    Ok(true)
}

/// The next stretch in which one of them has data: of what both have as a hole nothing is read.
fn data_of_either(
    source: BorrowedFd<'_>,
    target: BorrowedFd<'_>,
    at: u64,
    size: u64,
) -> Result<(u64, u64), TransferError> {
    let a = data_after(source, at, size).map_err(TransferError::Source)?;
    let b = data_after(target, at, size).map_err(TransferError::Target)?;
    Ok(match a.0.cmp(&b.0) {
        std::cmp::Ordering::Less => a,
        std::cmp::Ordering::Equal => (a.0, a.1.min(b.1)),
        std::cmp::Ordering::Greater => b,
    })
}

fn is_same_by(
    (source, target): (BorrowedFd<'_>, BorrowedFd<'_>),
    (start, end): (u64, u64),
    (left, right): (&mut [u8], &mut [u8]),
    progress: &dyn Progress,
) -> Result<bool, TransferError> {
    let most = left.len().min(right.len());
    let mut at = start;
    while at < end {
        if progress.interrupted() {
            return Err(TransferError::Interrupted);
        }
        let wanted = usize::try_from(end - at).map_or(most, |n| n.min(most));
        let read = read_full(source, &mut left[..wanted], at).map_err(TransferError::Source)?;
        let other = read_full(target, &mut right[..wanted], at).map_err(TransferError::Target)?;
        if left[..read] != right[..other] {
            return Ok(false);
        }
        if read == 0 {
            break;
        }
        progress.advance(read as u64, 0);
        at += read as u64;
    }
    Ok(true)
}

/// What is in memory is compared by two threads, a half each; else two others read ahead.
fn is_same_long(
    (source, target): (BorrowedFd<'_>, BorrowedFd<'_>),
    (start, end): (u64, u64),
    rooms: (&mut [u8], &mut [u8]),
    progress: &dyn Progress,
) -> Result<bool, TransferError> {
    if !is_cached(source, start, end) || !is_cached(target, start, end) {
        return is_same_ahead((source, target), (start, end), progress);
    }
    let middle = start + (end - start) / 2;
    std::thread::scope(|scope| {
        let other = scope.spawn(move || {
            let (mut left, mut right) = (vec![0; SMALL], vec![0; SMALL]);
            let rooms = (left.as_mut_slice(), right.as_mut_slice());
            is_same_by((source, target), (middle, end), rooms, progress)
        });
        let same = is_same_by((source, target), (start, middle), rooms, progress);
        let died = |_| Err(TransferError::Source(io::Error::other("a thread died")));
        let other = other.join().unwrap_or_else(died);
        Ok(same? && other?)
    })
}

/// [`is_same_by`], while two other threads read.
fn is_same_ahead(
    (source, target): (BorrowedFd<'_>, BorrowedFd<'_>),
    stretch: (u64, u64),
    progress: &dyn Progress,
) -> Result<bool, TransferError> {
    std::thread::scope(|scope| {
        let (left, left_empty) = Ahead::begin(scope, source, stretch, progress);
        let (right, right_empty) = Ahead::begin(scope, target, stretch, progress);
        let mut same = true;
        while same {
            match (left.next(), right.next()) {
                (Some(a), Some(b)) => {
                    same = a.bytes() == b.bytes();
                    progress.advance(a.bytes().len() as u64, 0);
                    // A reader that is done wants none.
                    let _ = (left_empty.send(a), right_empty.send(b));
                }
                (a, b) => {
                    same = a.is_none() && b.is_none();
                    break;
                }
            }
        }
        drop((left_empty, right_empty));
        // Both threads end, whatever the first has to say.
        let (left, right) = (left.finish(), right.finish());
        left?;
        right.map_err(TransferError::of_target)?;
        Ok(same)
    })
}
