//! Bytes in the text of a manifest: names in `vis(3)`'s octal form, which `mtree`, `bsdtar` and
//! this program read alike; values that may be anything, in base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// `bytes` in base64.
pub(super) fn to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes that stand in base64; `None` where it is none.
pub(super) fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Appends `bytes`, everything but letters, digits and harmless punctuation as `\ooo`. What
/// has a meaning in mtree files is thereby escaped as well: blanks, `#`, `=`, `\` and the
/// glob characters.
pub(super) fn escape(bytes: &[u8], out: &mut Vec<u8>) {
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"./-_+,:@%~".contains(&byte) {
            out.push(byte);
        } else {
            out.extend([
                b'\\',
                b'0' + (byte >> 6),
                b'0' + (byte >> 3 & 7),
                b'0' + (byte & 7),
            ]);
        }
    }
}

/// The bytes that an escaped word stands for: octal, and the short forms that other
/// programs write. `None` where an escape is none.
pub(super) fn unescape(word: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(word.len());
    let mut rest = word;
    while let [first, tail @ ..] = rest {
        if *first != b'\\' {
            bytes.push(*first);
            rest = tail;
            continue;
        }
        let (byte, used) = escaped(tail)?;
        bytes.push(byte);
        rest = &tail[used..];
    }
    Some(bytes)
}

/// The byte that stands behind a backslash, and how many bytes say so: `vis(3)` with any of its
/// styles.
fn escaped(tail: &[u8]) -> Option<(u8, usize)> {
    const LETTERS: [(u8, u8); 10] = [
        (b's', b' '),
        (b't', b'\t'),
        (b'n', b'\n'),
        (b'r', b'\r'),
        (b'a', 7),
        (b'b', 8),
        (b'v', 11),
        (b'f', 12),
        (b'E', 27),
        (b'e', 27),
    ];
    let control = |byte: u8| match byte {
        b'?' => 127,
        byte => byte & 31,
    };
    Some(match tail {
        [b'0'..=b'7', ..] => octal(tail)?,
        [b'M', b'-', byte, ..] => (byte | 128, 3),
        [b'M', b'^', byte @ b'?'..=b'_', ..] => (control(*byte) | 128, 3),
        [b'^', byte @ b'?'..=b'_', ..] => (control(*byte), 2),
        [b'x', high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
            let digit = |byte: &u8| char::from(*byte).to_digit(16);
            (u8::try_from(digit(high)? << 4 | digit(low)?).ok()?, 3)
        }
        [letter, ..] if LETTERS.iter().any(|(each, _)| each == letter) => {
            let (_, byte) = LETTERS.into_iter().find(|(each, _)| each == letter)?;
            (byte, 1)
        }
        [byte, ..] if byte.is_ascii_punctuation() => (*byte, 1),
        _ => return None,
    })
}

/// One to three octal digits.
fn octal(tail: &[u8]) -> Option<(u8, usize)> {
    let digits = tail.iter().take(3);
    let digits: Vec<u16> = digits
        .take_while(|byte| (b'0'..=b'7').contains(byte))
        .map(|byte| u16::from(byte - b'0'))
        .collect();
    let number = digits.iter().fold(0, |number, digit| number << 3 | digit);
    Some((u8::try_from(number).ok()?, digits.len()))
}

/// A path as a manifest gives it, without `./` in front; refused where it leads out of the
/// tree or isn't in the form that every path has once.
pub(super) fn clean_path(path: &[u8]) -> Result<Vec<u8>, String> {
    let path = path.strip_prefix(b"./").unwrap_or(path);
    if path == b"." {
        return Ok(path.to_vec());
    }
    let bad = |name: &[u8]| matches!(name, b"" | b"." | b"..") || name.contains(&0);
    if path.split(|&byte| byte == b'/').any(bad) {
        return Err("a path that is absolute or has `..` or empty parts".to_owned());
    }
    Ok(path.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_survives_the_way_there_and_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut word = Vec::new();
        escape(&bytes, &mut word);
        assert!(word.iter().all(u8::is_ascii_graphic));
        assert_eq!(unescape(&word), Some(bytes));
    }

    #[test]
    fn what_mtree_files_give_a_meaning_to_is_escaped() {
        let mut word = Vec::new();
        escape(b"a b#c=d*[?]\\", &mut word);
        assert_eq!(word, b"a\\040b\\043c\\075d\\052\\133\\077\\135\\134");
    }

    #[test]
    fn paths_that_could_lead_out_of_the_tree_are_refused() {
        assert_eq!(clean_path(b"./a/b"), Ok(b"a/b".to_vec()));
        assert_eq!(clean_path(b"."), Ok(b".".to_vec()));
        for bad in ["", "/a", "../a", "a/../b", "a//b", "a/", "a/./b", "a\0"] {
            assert!(clean_path(bad.as_bytes()).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn short_forms_of_other_programs_are_read_and_broken_ones_refused() {
        assert_eq!(unescape(b"a\\sb\\n\\#"), Some(b"a b\n#".to_vec()));
        assert_eq!(unescape(b"a\\"), None);
        assert_eq!(unescape(b"\\9"), None);
        assert_eq!(unescape(b"\\777"), None);
        assert_eq!(unescape(b"\\d"), None);
    }

    #[test]
    fn what_mtree_of_netbsd_writes_is_read() {
        let cases: [(&[u8], &[u8]); 6] = [
            (b"\\M-E\\M^Q", "ő".as_bytes()),
            (b"a\\^A\\^?b", b"a\x01\x7fb"),
            (b"\\M^?\\M-\\", b"\xff\xdc"),
            (b"\\0\\01x", b"\0\x01x"),
            (b"\\x7f\\E", b"\x7f\x1b"),
            (b"\\*\\[\\\"", b"*[\""),
        ];
        for (word, bytes) in cases {
            assert_eq!(unescape(word).as_deref(), Some(bytes), "{word:?}");
        }
    }
}
