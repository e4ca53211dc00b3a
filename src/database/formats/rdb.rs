//! The beginning of a dump of Redis or Valkey: its format, and who wrote it.
//!
//! `src/rdb.c` of both: `REDIS` and four digits, or from Valkey 9 on `VALKEY` and three; then
//! auxiliary fields, each the opcode 0xFA and two strings; 0xFF and eight bytes of a checksum
//! at the end.

use super::fields::plain;

/// What the beginning says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rdb {
    /// The number of the format: 10 for Redis 7.0.
    pub format: u32,
    pub is_valkey: bool,
    /// The version of the program that wrote it.
    pub writer: Option<String>,
}

/// How many bytes of the file are enough.
pub(crate) const HEADER: usize = 4096;

/// Reads the beginning of a file; nothing where it is no dump.
pub(crate) fn header(bytes: &[u8]) -> Option<Rdb> {
    let (by_valkey, rest) = match bytes.strip_prefix(b"VALKEY") {
        Some(rest) => (true, rest),
        None => (false, bytes.strip_prefix(b"REDIS")?),
    };
    let (digits, mut rest) = rest.split_at_checked(if by_valkey { 3 } else { 4 })?;
    let digits = std::str::from_utf8(digits).ok()?;
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let mut rdb = Rdb {
        format: digits.parse().ok()?,
        is_valkey: by_valkey,
        writer: None,
    };
    while let Some((key, value, after)) = auxiliary(rest) {
        match key {
            b"redis-ver" if !rdb.is_valkey => rdb.writer = plain(value),
            b"valkey-ver" => {
                rdb.is_valkey = true;
                rdb.writer = plain(value);
            }
            _ => {}
        }
        rest = after;
    }
    Some(rdb)
}

/// True if the last bytes of a file are the end of a dump.
pub(crate) fn is_whole(last_nine: &[u8]) -> bool {
    last_nine.len() == 9 && last_nine[0] == 0xff
}

/// An auxiliary field, and what comes after it.
fn auxiliary(bytes: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let (key, rest) = string(bytes.strip_prefix(b"\xfa")?)?;
    let (value, rest) = string(rest)?;
    Some((key, value, rest))
}

/// A string; a number stands for itself as bytes, and a packed one for an empty string.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (first, rest) = bytes.split_first()?;
    match (first >> 6, first & 0x3f) {
        (0, length) => rest.split_at_checked(length.into()),
        (1, high) => {
            let (low, rest) = rest.split_first()?;
            rest.split_at_checked(usize::from(high) << 8 | usize::from(*low))
        }
        (3, width @ 0..=2) => rest.split_at_checked(1 << width),
        // Long and packed strings aren't among the fields that are asked for.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(bytes: &[u8], expect: Option<(u32, bool, Option<&str>)>) {
        let found = header(bytes);
        let found = found
            .as_ref()
            .map(|rdb| (rdb.format, rdb.is_valkey, rdb.writer.as_deref()));
        assert_eq!(found, expect, "{bytes:?}");
    }

    #[test]
    fn dumps_say_who_wrote_them() {
        // As redis-server 7.0.15 wrote it.
        let redis = b"REDIS0010\xfa\x09redis-ver\x067.0.15\xfa\x0aredis-bits\xc0\x40\xfa\x05ctime\xc2H\xb1\x09k";
        check(redis, Some((10, false, Some("7.0.15"))));
        let behind = b"REDIS0009\xfa\x0aredis-bits\xc0\x40\xfa\x09redis-ver\x056.2.1";
        check(behind, Some((9, false, Some("6.2.1"))));
        check(
            b"REDIS0011\xfa\x0avalkey-ver\x058.1.0",
            Some((11, true, Some("8.1.0"))),
        );
        check(
            b"VALKEY080\xfa\x0avalkey-ver\x059.0.0",
            Some((80, true, Some("9.0.0"))),
        );
        check(b"REDIS0006\xfe\0", Some((6, false, None)));
        check(b"REDIS00", None);
        check(b"REDIS+010", None);
        check(b"", None);
    }

    #[test]
    fn a_cut_field_ends_the_reading() {
        check(
            b"REDIS0010\xfa\x09redis-ver\x067.0",
            Some((10, false, None)),
        );
        check(b"REDIS0010\xfa\x7f", Some((10, false, None)));
    }
}
