//! SHA-256 of contents, with the processor's own instructions where it has them.

use std::fmt;
use std::fs::File;
use std::io::{self, IoSliceMut, Read as _};
use std::os::fd::BorrowedFd;
use std::path::Path;

use rustix::io::{Errno, ReadWriteFlags};
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use super::error::Error;

/// A SHA-256 digest; shown as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The SHA-256 of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// From 64 hexadecimal digits, of either case.
    pub fn from_hex(hex: &[u8]) -> Option<Self> {
        let mut digest = [0; 32];
        if hex.len() != 64 {
            return None;
        }
        for (byte, pair) in digest.iter_mut().zip(hex.chunks_exact(2)) {
            let high = char::from(pair[0]).to_digit(16)?;
            let low = char::from(pair[1]).to_digit(16)?;
            *byte = u8::try_from(high << 4 | low).ok()?;
        }
        Some(Self(digest))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The SHA-256 of the regular file at `path`, an operator's own: symlinks are followed.
///
/// # Errors
/// [`Error::Read`] when it can't be read.
pub fn file_digest(path: &Path) -> Result<Digest, Error> {
    let fail = |error| Error::read(path, error);
    let mut file = File::open(path).map_err(fail)?;
    let mut sum = Sum::default();
    let mut room = vec![0; 256 * 1024];
    loop {
        match file.read(&mut room) {
            Ok(0) => return Ok(sum.finish()),
            Ok(read) => sum.bytes(&room[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(fail(error)),
        }
    }
}

/// A digest in the making.
#[derive(Default, Clone)]
pub(super) struct Sum(Sha256);

impl Sum {
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// `length` bytes of a hole, which read as zeros.
    pub(super) fn zeros(&mut self, mut length: u64) {
        const ZEROS: [u8; 16 * 1024] = [0; 16 * 1024];
        while length > 0 {
            let some = usize::try_from(length).map_or(ZEROS.len(), |n| n.min(ZEROS.len()));
            self.0.update(&ZEROS[..some]);
            length -= some as u64;
        }
    }

    pub(super) fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// Reads at `offset` until `room` is full or the file ends; says how much that was.
pub(super) fn read_full(fd: BorrowedFd<'_>, room: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut filled = 0;
    while filled < room.len() {
        match rustix::io::pread(fd, &mut room[filled..], offset + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(filled)
}

/// Fills `room` from the file's start if all of that is in memory; false if it isn't, or the
/// filesystem can't tell.
pub(super) fn read_cached(fd: BorrowedFd<'_>, room: &mut [u8]) -> bool {
    let length = room.len();
    let mut parts = [IoSliceMut::new(room)];
    rustix::io::preadv2(fd, &mut parts, 0, ReadWriteFlags::NOWAIT) == Ok(length)
}

/// True if the byte at `offset` is in memory, or the filesystem can't tell.
pub(super) fn is_cached_at(fd: BorrowedFd<'_>, offset: u64) -> bool {
    let mut byte = [0];
    let mut parts = [IoSliceMut::new(&mut byte)];
    let read = rustix::io::preadv2(fd, &mut parts, offset, ReadWriteFlags::NOWAIT);
    read != Err(Errno::AGAIN)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_known_digest_is_computed_and_shown() {
        assert_eq!(Digest::of(b"abc").to_string(), ABC);
    }

    #[test]
    fn hex_is_read_back_in_either_case_and_nothing_else_is() {
        assert_eq!(Digest::from_hex(ABC.as_bytes()), Some(Digest::of(b"abc")));
        let upper = ABC.to_uppercase();
        assert_eq!(Digest::from_hex(upper.as_bytes()), Some(Digest::of(b"abc")));
        assert_eq!(Digest::from_hex(b"ba78"), None);
        assert_eq!(Digest::from_hex(ABC.replace('b', "g").as_bytes()), None);
    }

    #[test]
    fn a_hole_counts_as_zeros() {
        let mut sum = Sum::default();
        sum.bytes(b"a");
        sum.zeros(40_000);
        let mut bytes = vec![0; 40_001];
        bytes[0] = b'a';
        assert_eq!(sum.finish(), Digest::of(&bytes));
    }
}
