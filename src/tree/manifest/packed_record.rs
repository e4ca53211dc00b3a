//! One packed entry: its name, and what it has for itself.
//!
//! Numbers stand in as few bytes as they need, seven bits in each. This is a form for memory
//! alone, written and read by the same process.

use super::entry::Time;
use crate::tree::digest::Digest;

/// The fields of one entry that it doesn't share with others.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PackedRecord<'a> {
    pub name: &'a [u8],
    /// The number of its class.
    pub class: usize,
    /// The number of the file that it is one of several names of.
    pub group: Option<usize>,
    pub size: Option<u64>,
    pub mtime: Option<Time>,
    pub sha256: Option<Digest>,
    pub target: Option<&'a [u8]>,
}

const GROUP: u64 = 1;
const SIZE: u64 = 2;
const MTIME: u64 = 4;
const SHA256: u64 = 8;
const TARGET: u64 = 16;

impl<'a> PackedRecord<'a> {
    /// Appends it to `out`, which grows by an eighth when it is full: twice is too much where
    /// memory counts.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        let most = self.name.len() + self.target.map_or(0, <[u8]>::len) + 128;
        if out.capacity() - out.len() < most {
            out.reserve_exact(most.max(out.len() / 8));
        }
        push_bytes(self.name, out);
        let flag = |is: bool, flag: u64| if is { flag } else { 0 };
        let flags = flag(self.group.is_some(), GROUP)
            | flag(self.size.is_some(), SIZE)
            | flag(self.mtime.is_some(), MTIME)
            | flag(self.sha256.is_some(), SHA256)
            | flag(self.target.is_some(), TARGET);
        push(flags, out);
        push(self.class as u64, out);
        if let Some(group) = self.group {
            push(group as u64, out);
        }
        if let Some(size) = self.size {
            push(size, out);
        }
        if let Some(time) = self.mtime {
            push(zigzag(time.seconds), out);
            push(time.nanoseconds.into(), out);
        }
        if let Some(digest) = self.sha256 {
            out.extend_from_slice(&digest.0);
        }
        if let Some(target) = self.target {
            push_bytes(target, out);
        }
    }

    /// The record that begins at `at`.
    pub(super) fn read(bytes: &'a [u8], at: usize) -> Option<Self> {
        let mut rest = bytes.get(at..)?;
        let rest = &mut rest;
        let name = take_bytes(rest)?;
        let flags = take(rest)?;
        let has = |flag| flags & flag != 0;
        let class = usize::try_from(take(rest)?).ok()?;
        let group = if has(GROUP) {
            Some(usize::try_from(take(rest)?).ok()?)
        } else {
            None
        };
        let size = if has(SIZE) { Some(take(rest)?) } else { None };
        let mtime = if has(MTIME) {
            Some(Time {
                seconds: unzigzag(take(rest)?),
                nanoseconds: u32::try_from(take(rest)?).ok()?,
            })
        } else {
            None
        };
        let sha256 = if has(SHA256) {
            let (digest, after) = rest.split_first_chunk()?;
            *rest = after;
            Some(Digest(*digest))
        } else {
            None
        };
        let target = if has(TARGET) {
            Some(take_bytes(rest)?)
        } else {
            None
        };
        Some(Self {
            name,
            class,
            group,
            size,
            mtime,
            sha256,
            target,
        })
    }
}

/// The name alone of the record that begins at `at`.
pub(super) fn name(bytes: &[u8], at: usize) -> Option<&[u8]> {
    take_bytes(&mut bytes.get(at..)?)
}

fn push(mut number: u64, out: &mut Vec<u8>) {
    loop {
        let [low, ..] = (number & 0x7f).to_le_bytes();
        number >>= 7;
        if number == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

fn take(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, after) = rest.split_first()?;
        *rest = after;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

fn push_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    push(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(take(rest)?).ok()?;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

/// Small numbers of either sign as small numbers.
const fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)).cast_unsigned()
}

const fn unzigzag(number: u64) -> i64 {
    (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_comes_back() {
        for number in [0, 1, 127, 128, 300, u64::from(u32::MAX), u64::MAX] {
            let mut bytes = Vec::new();
            push(number, &mut bytes);
            assert_eq!(take(&mut bytes.as_slice()), Some(number));
            assert_eq!(zigzag(unzigzag(number)), number);
        }
        assert_eq!(zigzag(-1), 1);
        assert_eq!(take(&mut [0x80].as_slice()), None);
    }

    #[test]
    fn a_plain_file_takes_little_more_than_its_digest_and_name() {
        let record = PackedRecord {
            name: b"file42",
            class: 3,
            group: None,
            size: Some(4096),
            mtime: Some(Time {
                seconds: 1_700_000_000,
                nanoseconds: 123_456_789,
            }),
            sha256: Some(Digest::of(b"x")),
            target: None,
        };
        let mut bytes = vec![7];
        record.write(&mut bytes);
        assert!(bytes.len() < 32 + 6 + 18, "{}", bytes.len());
        assert_eq!(PackedRecord::read(&bytes, 1), Some(record));
        assert_eq!(name(&bytes, 1), Some(b"file42".as_slice()));
    }
}
