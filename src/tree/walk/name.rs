//! Names and places: what a file is called below a tree's root.
//!
//! Names are bytes without `/` and NUL, and nothing else can be said of them: what is
//! shown to a person goes through [`Escaped`], so that a container's file name can't send
//! control sequences to the administrator's terminal.

use std::ffi::{CStr, CString, OsStr};
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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

/// The folder of a tree that something stands in: a chain of names up to the root. Chains
/// share their upper part, so a million files cost no million paths.
#[derive(Debug)]
pub(crate) struct Place {
    above: Option<Arc<Place>>,
    name: CString,
}

impl Place {
    /// The tree's root itself.
    pub(crate) fn root() -> Arc<Self> {
        Arc::new(Self {
            above: None,
            name: CString::default(),
        })
    }

    /// The folder `name` in `self`.
    pub(crate) fn below(self: &Arc<Self>, name: &CStr) -> Arc<Self> {
        Arc::new(Self {
            above: Some(Arc::clone(self)),
            name: name.to_owned(),
        })
    }

    /// True for the root.
    pub(crate) fn is_root(&self) -> bool {
        self.above.is_none()
    }

    /// The last name; empty for the root.
    pub(crate) fn name(&self) -> &CStr {
        &self.name
    }

    /// The names from the root down to this folder.
    pub(crate) fn names(&self) -> Vec<&CStr> {
        let mut names = Vec::new();
        let mut place = self;
        while let Some(above) = &place.above {
            names.push(place.name.as_c_str());
            place = above;
        }
        names.reverse();
        names
    }

    /// The path below the root, `/` between the names; empty for the root.
    pub(crate) fn path(&self) -> Vec<u8> {
        join(self.names())
    }

    /// The path of `name` in this folder; of the folder itself where `name` is empty.
    pub(crate) fn path_of(&self, name: &CStr) -> Vec<u8> {
        let names = self.names();
        join(names.into_iter().chain(std::iter::once(name)))
    }
}

impl Drop for Place {
    /// Lets go of a long chain without recursion.
    fn drop(&mut self) {
        let mut above = self.above.take();
        while let Some(place) = above.and_then(Arc::into_inner) {
            let mut place = place;
            above = place.above.take();
        }
    }
}

fn join<'a>(names: impl IntoIterator<Item = &'a CStr>) -> Vec<u8> {
    let mut path = Vec::new();
    for name in names {
        if !path.is_empty() && !name.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(name.to_bytes());
    }
    path
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

    #[test]
    fn a_place_knows_its_path() {
        let root = Place::root();
        let inner = root.below(c"a").below(c"b");
        assert_eq!(root.path(), b"");
        assert_eq!(inner.path(), b"a/b");
        assert_eq!(inner.path_of(c"c"), b"a/b/c");
        assert_eq!(root.path_of(c"c"), b"c");
    }

    #[test]
    fn a_chain_of_a_million_places_is_let_go_without_recursion() {
        let mut place = Place::root();
        for _ in 0..1_000_000 {
            place = place.below(c"d");
        }
        drop(place);
    }
}
