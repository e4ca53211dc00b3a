//! Names as they may be shown.
//!
//! Names are bytes without `/` and NUL, and nothing else can be said of them: what is
//! shown to a person goes through [`Escaped`], so that a container's file name can't send
//! control sequences to the administrator's terminal.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

/// Bytes as they may be shown: UTF-8 as it is, control characters, backslashes and bytes
/// that aren't UTF-8 as `\ooo` in octal.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                if character.is_control() || character == '\\' || is_bidi(character) {
                    let mut bytes = [0; 4];
                    octal(f, character.encode_utf8(&mut bytes).as_bytes())?;
                } else {
                    write!(f, "{character}")?;
                }
            }
            octal(f, chunk.invalid())?;
        }
        Ok(())
    }
}

fn octal(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "\\{byte:03o}"))
}

/// Characters that change the direction of what follows them on the terminal.
const fn is_bidi(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// [`Escaped`] for a path.
pub(crate) fn escaped(path: &Path) -> Escaped<'_> {
    Escaped(path.as_os_str().as_bytes())
}

/// `root` with `path` below it, for messages.
pub(crate) fn join_path(root: &Path, path: &[u8]) -> PathBuf {
    if path.is_empty() || path == b"." {
        root.to_owned()
    } else {
        root.join(OsStr::from_bytes(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(bytes: &[u8]) -> String {
        Escaped(bytes).to_string()
    }

    #[test]
    fn plain_and_accented_names_are_shown_as_they_are() {
        assert_eq!(shown("Größe 1.txt".as_bytes()), "Größe 1.txt");
    }

    #[test]
    fn escape_sequences_never_reach_the_terminal() {
        assert_eq!(shown(b"\x1b[2Jx\n"), "\\033[2Jx\\012");
        assert_eq!(shown("a\u{202e}b".as_bytes()), "a\\342\\200\\256b");
    }

    #[test]
    fn bytes_that_are_not_utf8_are_octal_and_a_backslash_cannot_imitate_them() {
        assert_eq!(shown(b"a\xffb"), "a\\377b");
        assert_eq!(shown(b"a\\377"), "a\\134377");
    }
}
