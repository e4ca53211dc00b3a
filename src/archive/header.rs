//! One header of 512 bytes (POSIX pax "ustar Interchange Format"; GNU tar, "Basic Tar Format").

use std::ops::Range;

/// The size of a header, and what contents are filled up to.
pub(super) const BLOCK: usize = 512;

/// A header as it is in the archive.
pub(super) struct TarHeader<'a>(pub &'a [u8; BLOCK]);

const NAME: Range<usize> = 0..100;
const MODE: Range<usize> = 100..108;
const SIZE: Range<usize> = 124..136;
const MODIFIED: Range<usize> = 136..148;
const CHECKSUM: Range<usize> = 148..156;
const TYPE: usize = 156;
const LINK: Range<usize> = 157..257;
const MAGIC: Range<usize> = 257..265;
const PREFIX: Range<usize> = 345..500;
/// GNU: four holes and data, whether more follow, and the real size.
const SPARSE: Range<usize> = 386..482;
const SPARSE_MORE: usize = 482;
const REAL_SIZE: Range<usize> = 483..495;

/// Who wrote a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Before there was a standard: no prefix.
    V7,
    /// POSIX: long names have a prefix.
    Ustar,
    /// GNU, before it wrote pax.
    Gnu,
}

impl TarHeader<'_> {
    /// True for a block of zeros: the end of an archive has two.
    pub(super) fn is_zero(&self) -> bool {
        self.0.iter().all(|byte| *byte == 0)
    }

    /// True if the sum of its bytes is the one that it says; old programs summed them as
    /// signed.
    pub(super) fn is_sound(&self) -> bool {
        let Some(said) = octal(&self.0[CHECKSUM]) else {
            return false;
        };
        let bytes = self.0.iter().enumerate();
        let bytes = bytes.map(|(at, byte)| if CHECKSUM.contains(&at) { b' ' } else { *byte });
        let unsigned: u64 = bytes.clone().map(u64::from).sum();
        let signed: i64 = bytes.map(|byte| i64::from(byte.cast_signed())).sum();
        said == unsigned || i64::try_from(said).is_ok_and(|said| said == signed)
    }

    pub(super) fn dialect(&self) -> Option<Dialect> {
        match &self.0[MAGIC] {
            b"ustar\x0000" => Some(Dialect::Ustar),
            b"ustar  \0" => Some(Dialect::Gnu),
            [0, 0, 0, 0, 0, 0, 0, 0] => Some(Dialect::V7),
            _ => None,
        }
    }

    /// The letter of its type.
    pub(super) const fn kind(&self) -> u8 {
        self.0[TYPE]
    }

    /// The name, with its prefix.
    pub(super) fn name(&self, dialect: Dialect) -> Vec<u8> {
        let name = text(&self.0[NAME]);
        let prefix = text(&self.0[PREFIX]);
        if dialect != Dialect::Ustar || prefix.is_empty() {
            return name.to_vec();
        }
        [prefix, b"/", name].concat()
    }

    pub(super) fn link(&self) -> Vec<u8> {
        text(&self.0[LINK]).to_vec()
    }

    pub(super) fn mode(&self) -> Option<u32> {
        let mode = number(&self.0[MODE])?;
        u32::try_from(mode).ok()
    }

    /// The size of what follows, in bytes.
    pub(super) fn size(&self) -> Option<u64> {
        u64::try_from(number(&self.0[SIZE])?).ok()
    }

    /// Seconds since 1970, or before.
    pub(super) fn modified(&self) -> Option<i64> {
        number(&self.0[MODIFIED])
    }

    /// Of a sparse file of GNU's old format: where its data are, whether a further block has
    /// more of that, and its size with all holes.
    pub(super) fn sparse(&self) -> Option<(Vec<Range<u64>>, bool, u64)> {
        let real = u64::try_from(number(&self.0[REAL_SIZE])?).ok()?;
        let more = self.0[SPARSE_MORE] != 0;
        Some((data_ranges(&self.0[SPARSE])?, more, real))
    }

    /// True if it has a sparse file's fields where its type, or its dialect, has none: bsdtar
    /// believes them of any type.
    pub(super) fn is_odd(&self, dialect: Dialect) -> bool {
        let fields = &self.0[SPARSE.start..REAL_SIZE.end];
        match (self.kind(), dialect) {
            (b'S', dialect) => dialect != Dialect::Gnu,
            (_, Dialect::Gnu) => fields.iter().any(|byte| *byte != 0),
            (_, Dialect::V7 | Dialect::Ustar) => false,
        }
    }

    /// Of a further block of a sparse file: where data are, and whether yet another follows.
    pub(super) fn more_sparse(&self) -> Option<(Vec<Range<u64>>, bool)> {
        Some((data_ranges(&self.0[..504])?, self.0[504] != 0))
    }
}

/// Pairs of offset and length, up to the first that is empty as a field.
fn data_ranges(field: &[u8]) -> Option<Vec<Range<u64>>> {
    let pairs = field.chunks_exact(24).take_while(|pair| pair[0] != 0);
    let range = |pair: &[u8]| {
        let offset = u64::try_from(number(&pair[..12])?).ok()?;
        let length = u64::try_from(number(&pair[12..])?).ok()?;
        Some(offset..offset.checked_add(length)?)
    };
    pairs.map(range).collect()
}

/// A text up to its first NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|byte| *byte == 0);
    &field[..end.unwrap_or(field.len())]
}

/// Octal digits, or a big-endian number where the first bit is set. An empty field is 0.
fn number(field: &[u8]) -> Option<i64> {
    match field[0] {
        0x80 | 0xff => {
            let negative = field[0] == 0xff;
            let fill = if negative { 0xff } else { 0 };
            let (high, low) = field[1..].split_at((field.len() - 1).saturating_sub(8));
            if high.iter().any(|byte| *byte != fill) {
                return None;
            }
            let start = if negative { -1_i64 } else { 0 };
            let value = low
                .iter()
                .fold(start, |value, byte| value << 8 | i64::from(*byte));
            // A number that needs its sign bit isn't one of these.
            ((value < 0) == negative).then_some(value)
        }
        0x81..=0xfe => None,
        _ => i64::try_from(octal(field)?).ok(),
    }
}

/// Spaces, octal digits, and a NUL or space before whatever else is in the field. NULs alone
/// are 0.
fn octal(field: &[u8]) -> Option<u64> {
    let begin = field.iter().position(|byte| *byte != b' ');
    let digits = &field[begin.unwrap_or(field.len())..];
    let end = digits.iter().position(|byte| matches!(byte, 0 | b' '));
    let digits = &digits[..end.unwrap_or(digits.len())];
    let fold = |value: u64, digit: &u8| match digit {
        b'0'..=b'7' => value.checked_mul(8)?.checked_add(u64::from(digit - b'0')),
        _ => None,
    };
    if digits.is_empty() && field.iter().any(|byte| *byte != 0) {
        return None;
    }
    digits.iter().try_fold(0, fold)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_gnu_tar_writes_them() {
        for (field, value) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"77777777777\0", Some(0o77_777_777_777)),
            (b"\x80\0\0\0\0\0\0\x02\0\0\0\0", Some(1 << 33)),
            (
                b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
                Some(-1),
            ),
            (b"\xff\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"\x80\0\0\0\x80\0\0\0\0\0\0\0", None),
            (b"\x90\0\0\0\0\0\0\0\0\0\0\0", None),
            (b"        ", None),
            (b"0000o44\0", None),
            (b"-000044\0", None),
            (b"0000689\0", None),
        ] {
            assert_eq!(number(field), value, "{}", field.escape_ascii());
        }
    }
}
