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
        let (byte, used) = match tail {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
                ((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'), 3)
            }
            [b'\\', ..] => (b'\\', 1),
            [b's', ..] => (b' ', 1),
            [b't', ..] => (b'\t', 1),
            [b'n', ..] => (b'\n', 1),
            [b'r', ..] => (b'\r', 1),
            [b'a', ..] => (7, 1),
            [b'b', ..] => (8, 1),
            [b'v', ..] => (11, 1),
            [b'f', ..] => (12, 1),
            [b'#', ..] => (b'#', 1),
            _ => return None,
        };
        bytes.push(byte);
        rest = &tail[used..];
    }
    Some(bytes)
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
    }
}
