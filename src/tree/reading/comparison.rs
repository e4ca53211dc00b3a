//! Whether two open files have the same contents.

use std::cmp::Ordering;
use std::io;
use std::ops::Range;
use std::os::fd::BorrowedFd;

use super::ahead::Ahead;
use super::stretch::{LONG, SMALL, TransferError, data_after, is_cached};
use crate::progress::Progress;
use crate::threads;
use crate::tree::digest::read_full;

/// Two open files that are compared.
#[derive(Debug, Clone, Copy)]
pub(in crate::tree) struct FilePair<'a> {
    pub source: BorrowedFd<'a>,
    pub target: BorrowedFd<'a>,
}

/// Room for a piece of each.
pub(in crate::tree) struct BufferPair<'a> {
    pub source: &'a mut [u8],
    pub target: &'a mut [u8],
}

/// True if the first `size` bytes of two open files are the same, and are as many.
///
/// # Errors
/// [`TransferError`]: which of them can't be read, or that the user wants to stop.
pub(in crate::tree) fn is_same(
    files: FilePair<'_>,
    size: u64,
    buffers: &mut BufferPair<'_>,
    progress: &dyn Progress,
) -> Result<bool, TransferError> {
    let mut at = 0;
    while at < size {
        let stretch = if size <= SMALL as u64 {
            0..size
        } else {
            data_of_either(files, at, size)?
        };
        progress.advance(stretch.start - at, 0);
        let end = stretch.end;
        let same = if end - stretch.start >= LONG {
            is_same_long(files, stretch, buffers, progress)?
        } else {
            is_same_by(files, stretch, buffers, progress)?
        };
        if !same {
            return Ok(false);
        }
        at = end;
    }
    Ok(true)
}

/// The next stretch in which one of them has data: of what both have as a hole nothing is read.
fn data_of_either(files: FilePair<'_>, at: u64, size: u64) -> Result<Range<u64>, TransferError> {
    let a = data_after(files.source, at, size).map_err(TransferError::Source)?;
    let b = data_after(files.target, at, size).map_err(TransferError::Target)?;
    Ok(match a.start.cmp(&b.start) {
        Ordering::Less => a,
        Ordering::Equal => a.start..a.end.min(b.end),
        Ordering::Greater => b,
    })
}

fn is_same_by(
    files: FilePair<'_>,
    stretch: Range<u64>,
    buffers: &mut BufferPair<'_>,
    progress: &dyn Progress,
) -> Result<bool, TransferError> {
    let (left, right) = (&mut *buffers.source, &mut *buffers.target);
    let most = left.len().min(right.len());
    let Range { start: mut at, end } = stretch;
    while at < end {
        if progress.interrupted() {
            return Err(TransferError::Interrupted);
        }
        let wanted = usize::try_from(end - at).map_or(most, |n| n.min(most));
        let read =
            read_full(files.source, &mut left[..wanted], at).map_err(TransferError::Source)?;
        let other =
            read_full(files.target, &mut right[..wanted], at).map_err(TransferError::Target)?;
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
    files: FilePair<'_>,
    stretch: Range<u64>,
    buffers: &mut BufferPair<'_>,
    progress: &dyn Progress,
) -> Result<bool, TransferError> {
    if !is_cached(files.source, &stretch) || !is_cached(files.target, &stretch) {
        return is_same_ahead(files, stretch, buffers, progress);
    }
    let Range { start, end } = stretch;
    let middle = start + (end - start) / 2;
    std::thread::scope(|scope| {
        let other = threads::start_in(scope, move || {
            let (mut left, mut right) = (vec![0; SMALL], vec![0; SMALL]);
            let mut buffers = BufferPair {
                source: &mut left,
                target: &mut right,
            };
            is_same_by(files, middle..end, &mut buffers, progress)
        });
        let same = is_same_by(files, start..middle, buffers, progress);
        let Ok(other) = other else {
            return Ok(same? && is_same_by(files, middle..end, buffers, progress)?);
        };
        let died = |_| Err(TransferError::Source(io::Error::other("a thread died")));
        let other = other.join().unwrap_or_else(died);
        Ok(same? && other?)
    })
}

/// [`is_same_by`], while two other threads read, if they are to be had.
fn is_same_ahead(
    files: FilePair<'_>,
    stretch: Range<u64>,
    buffers: &mut BufferPair<'_>,
    progress: &dyn Progress,
) -> Result<bool, TransferError> {
    std::thread::scope(|scope| {
        let begin = |fd| Ahead::begin(scope, fd, stretch.clone(), progress);
        let Ok((left, left_empty)) = begin(files.source) else {
            return is_same_by(files, stretch, buffers, progress);
        };
        let Ok((right, right_empty)) = begin(files.target) else {
            // The first reader ends when it isn't listened to.
            drop((left, left_empty));
            return is_same_by(files, stretch, buffers, progress);
        };
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
