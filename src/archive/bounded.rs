//! A bound on what is unpacked: a small file may not become a very large one.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What any file may unpack to, in bytes.
const FREE: u64 = 256 << 20;

/// How many times its own size a file may unpack to beyond that. Text comes to 10, a file of
/// zeros to 1,000.
const RATIO: u64 = 100;

/// How many bytes of a packed file were read.
#[derive(Debug, Clone, Default)]
pub struct Packed(Arc<AtomicU64>);

impl Packed {
    /// So many more bytes were read.
    pub fn advance(&self, bytes: u64) {
        self.0.fetch_add(bytes, Relaxed);
    }

    /// How many bytes a packed file of so many may come to.
    pub fn most(bytes: u64) -> u64 {
        bytes.saturating_mul(RATIO).saturating_add(FREE)
    }
}

/// Gives what `inner` unpacks, as long as that is in proportion to what was read for it.
#[derive(Debug)]
pub struct Bounded<R> {
    inner: R,
    packed: Packed,
    unpacked: u64,
}

impl<R> Bounded<R> {
    /// A bound for `inner`, which reads what `packed` counts.
    pub fn new(inner: R, packed: Packed) -> Self {
        Self {
            inner,
            packed,
            unpacked: 0,
        }
    }

    /// What unpacks.
    pub fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.unpacked = self.unpacked.saturating_add(length as u64);
        if self.unpacked > Packed::most(self.packed.0.load(Relaxed)) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "it unpacks to more than a hundred times its size",
            ));
        }
        Ok(length)
    }
}
