//! Numbers and texts at offsets; nothing where the bytes end before.

/// `N` bytes at an offset.
pub(crate) fn bytes<const N: usize>(data: &[u8], at: usize) -> Option<[u8; N]> {
    data.get(at..at.checked_add(N)?)?.try_into().ok()
}

pub(crate) fn u16_le(data: &[u8], at: usize) -> Option<u16> {
    bytes(data, at).map(u16::from_le_bytes)
}

pub(crate) fn u32_le(data: &[u8], at: usize) -> Option<u32> {
    bytes(data, at).map(u32::from_le_bytes)
}

pub(crate) fn u32_be(data: &[u8], at: usize) -> Option<u32> {
    bytes(data, at).map(u32::from_be_bytes)
}

pub(crate) fn u64_le(data: &[u8], at: usize) -> Option<u64> {
    bytes(data, at).map(u64::from_le_bytes)
}

pub(crate) fn u64_be(data: &[u8], at: usize) -> Option<u64> {
    bytes(data, at).map(u64::from_be_bytes)
}

/// A number as offset or length on this machine.
pub(crate) fn index(number: impl TryInto<usize>) -> Option<usize> {
    number.try_into().ok()
}

/// A short text that may be shown: one line of printable ASCII, 64 characters at most.
pub(crate) fn plain(text: &[u8]) -> Option<String> {
    const LONGEST: usize = 64;
    let text = std::str::from_utf8(text).ok()?.trim();
    let is_fine = |c: char| c.is_ascii_graphic() || c == ' ';
    let fine = !text.is_empty() && text.len() <= LONGEST && text.chars().all(is_fine);
    fine.then(|| text.to_owned())
}

/// A version within a text: its first word that begins with a digit (`MariaDB 10.11.6` has
/// `10.11.6`), up to what can't be part of one.
pub(crate) fn version_in(text: &str) -> Option<String> {
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, '-' | ',' | ':' | '('));
    let word = words.find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    let end = word
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(word.len());
    Some(word[..end].trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_end_where_the_bytes_do() {
        assert_eq!(u32_le(&[1, 0, 0, 0], 0), Some(1));
        assert_eq!(u32_be(&[0, 0, 0, 1], 0), Some(1));
        assert_eq!(u32_le(&[1, 0, 0, 0], 1), None);
        assert_eq!(u64_be(&[0; 8], usize::MAX), None);
    }

    #[test]
    fn a_version_is_found_in_what_programs_say() {
        for (text, version) in [
            ("MariaDB 10.11.19", Some("10.11.19")),
            ("10.11.19-MariaDB", Some("10.11.19")),
            ("MySQL 8.4.0", Some("8.4.0")),
            ("WiredTiger 10.0.2: (November 30, 2021)", Some("10.0.2")),
            ("8.0.36", Some("8.0.36")),
            ("ibbackup was here", None),
            ("", None),
        ] {
            assert_eq!(version_in(text).as_deref(), version, "{text}");
        }
    }

    #[test]
    fn nothing_but_a_short_line_may_be_shown() {
        assert_eq!(plain(b"7.0.15\n").as_deref(), Some("7.0.15"));
        for odd in [&b""[..], b"a\x1b[2Jb", b"\xff", b"a\nb", &[b'x'; 65]] {
            assert_eq!(plain(odd), None, "{odd:?}");
        }
    }
}
