//! Contents of open files, read: digested, or held against another file's. Holes aren't read,
//! and long stretches of data are read by a thread of their own (`ahead`).

mod ahead;
mod comparison;
mod stretch;

pub(super) use ahead::{Ahead, AlignedBuffer, Direct};
pub(super) use comparison::{BufferPair, FilePair, is_same};
pub(super) use stretch::{LONG, SMALL, TransferError, data_after, digest, read_by, zeros};
