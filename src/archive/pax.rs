//! Records of pax headers (POSIX pax, "pax Extended Header"): `LENGTH KEY=VALUE\n`.

use super::sparse::SparseRecords;

/// What the records of one header say, for the member that follows.
#[derive(Debug, Default)]
pub(super) struct PaxRecords {
    pub path: Option<Vec<u8>>,
    pub link: Option<Vec<u8>>,
    pub size: Option<u64>,
    /// Seconds and nanoseconds.
    pub modified: Option<(i64, u32)>,
    pub sparse: SparseRecords,
}

impl PaxRecords {
    /// Reads the records of a header for one member, or says what is wrong with them.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        let mut records = Self::default();
        for record in Each(bytes) {
            let (key, value) = record?;
            match key {
                b"path" => once(&mut records.path, name(value)?)?,
                b"linkpath" => once(&mut records.link, name(value)?)?,
                b"size" => once(&mut records.size, decimal(value).ok_or("with an odd size")?)?,
                b"mtime" => {
                    let time = time(value).ok_or("with an unreadable time")?;
                    once(&mut records.modified, time)?;
                }
                _ => {
                    // What is left are owners, attributes and comments, which an unpacked
                    // release hasn't.
                    if let Some(key) = key.strip_prefix(b"GNU.") {
                        records.sparse.add(key, value)?;
                    }
                }
            }
        }
        Ok(records)
    }

    /// Holds the records of a header for all members against what may be said of all.
    pub(super) fn check_global(bytes: &[u8]) -> Result<(), &'static str> {
        for record in Each(bytes) {
            let (key, _) = record?;
            if matches!(key, b"path" | b"linkpath" | b"size" | b"mtime") || key.starts_with(b"GNU.")
            {
                return Err("which says of all members what is one's own");
            }
        }
        Ok(())
    }
}

fn once<T>(place: &mut Option<T>, value: T) -> Result<(), &'static str> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err("with a record twice"),
    }
}

fn name(value: &[u8]) -> Result<Vec<u8>, &'static str> {
    if value.is_empty() || value.contains(&0) {
        return Err("with an odd name");
    }
    Ok(value.to_vec())
}

/// Digits alone, as a number.
pub(super) fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// Seconds with a sign and a fraction: `-1.5` is 2 seconds before 1970 and half a one after.
fn time(text: &[u8]) -> Option<(i64, u32)> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(text) => (true, text),
        None => (false, text),
    };
    let mut parts = text.splitn(2, |byte| *byte == b'.');
    let seconds = i64::try_from(decimal(parts.next()?)?).ok()?;
    let fraction = match parts.next() {
        None | Some(b"") => 0,
        Some(digits) => {
            decimal(digits.get(..digits.len().min(18))?)?;
            if !digits.iter().all(u8::is_ascii_digit) {
                return None;
            }
            let nine = digits
                .iter()
                .copied()
                .chain(std::iter::repeat(b'0'))
                .take(9);
            nine.fold(0, |value, digit| value * 10 + u32::from(digit - b'0'))
        }
    };
    Some(match (negative, fraction) {
        (false, _) => (seconds, fraction),
        (true, 0) => (-seconds, 0),
        (true, _) => (-seconds - 1, 1_000_000_000 - fraction),
    })
}

/// The records one after the other; after what is none, nothing.
struct Each<'a>(&'a [u8]);

impl<'a> Iterator for Each<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), &'static str>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let bytes = std::mem::take(&mut self.0);
        let Some((record, rest)) = split(bytes) else {
            return Some(Err("with a malformed record"));
        };
        self.0 = rest;
        Some(Ok(record))
    }
}

/// The key and value of the first record, and what is after it.
#[expect(clippy::type_complexity, reason = "a record and a rest, used once")]
fn split(bytes: &[u8]) -> Option<((&[u8], &[u8]), &[u8])> {
    let space = bytes.iter().take(8).position(|byte| *byte == b' ')?;
    let length = usize::try_from(decimal(&bytes[..space])?).ok()?;
    let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
    let equals = record.iter().position(|byte| *byte == b'=')?;
    let (key, value) = (&record[..equals], &record[equals + 1..]);
    if key.is_empty() {
        return None;
    }
    Some(((key, value), &bytes[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_to_the_byte() {
        let records = PaxRecords::read(b"12 path=abc\n20 mtime=1795788167.5\n").unwrap_err();
        assert_eq!(records, "with a malformed record");
        let records =
            PaxRecords::read(b"12 path=abc\n22 mtime=1795788167.5\n11 size=12\n").unwrap();
        assert_eq!(records.path.unwrap(), b"abc");
        assert_eq!(records.modified, Some((1_795_788_167, 500_000_000)));
        assert_eq!(records.size, Some(12));
    }

    #[test]
    fn a_record_that_has_no_one_meaning_is_refused() {
        for bad in [
            &b"99 path=abc\n"[..],
            b"11 path=abc\n",
            b"12 path=abc ",
            b"12 path abc\n",
            b"x path=abc\n",
            b"-12 path=abc\n",
            b"12 path=abc\n12 path=abd\n",
            b"8 path=\n",
            b"11 size=-1\n",
            b"13 size=0x12\n",
            b"26 GNU.sparse.unheard=1234\n",
            b"15 GNU.other=1\n",
            b"6 =ab\n",
            b"0 path=abc\n",
            b"12 path=a\0c\n",
            b"\0\0\0\0",
        ] {
            assert!(PaxRecords::read(bad).is_err(), "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn times_are_rounded_down() {
        for (text, expect) in [
            ("0", Some((0, 0))),
            ("1.25", Some((1, 250_000_000))),
            ("1.0000000019", Some((1, 1))),
            ("-1", Some((-1, 0))),
            ("-1.5", Some((-2, 500_000_000))),
            ("1.", Some((1, 0))),
            ("", None),
            ("1.x", None),
            ("1e3", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(time(text.as_bytes()), expect, "{text}");
        }
    }

    #[test]
    fn a_header_for_all_members_may_have_a_comment() {
        assert!(PaxRecords::check_global(b"20 comment=9fceb02d\n").is_ok());
        assert!(PaxRecords::check_global(b"12 path=abc\n").is_err());
    }
}
