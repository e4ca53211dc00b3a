//! What an image brings besides its program that files depend on: the processor, and the C library, which
//! sorts the texts of indexes.

use std::fmt;
use std::str::FromStr;

/// What a program in an image runs on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Platform {
    /// The processor: `amd64`, `arm64`; nothing where it isn't known.
    pub machine: Option<String>,
    /// The C library; nothing where it isn't known.
    pub c_library: Option<CLibrary>,
}

/// The C library of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CLibrary {
    /// The GNU one of a version, major and minor.
    Glibc(u32, u32),
    /// Musl, whose texts are in the order of their bytes in every version.
    Musl,
}

/// The C library of the systems that images' tags are called by.
const SYSTEMS: [(&str, CLibrary); 6] = [
    ("stretch", CLibrary::Glibc(2, 24)),
    ("buster", CLibrary::Glibc(2, 28)),
    ("bullseye", CLibrary::Glibc(2, 31)),
    ("bookworm", CLibrary::Glibc(2, 36)),
    ("trixie", CLibrary::Glibc(2, 41)),
    ("alpine", CLibrary::Musl),
];

impl CLibrary {
    /// What a tag tells of it: `17-alpine`, `15.8-bookworm`, `16-alpine3.20`.
    pub fn of_tag(tag: &str) -> Option<Self> {
        let mut words = tag.split('-');
        words.find_map(|word| {
            let name = word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
            let known = SYSTEMS.iter().find(|(suite, _)| *suite == name);
            known.map(|(_, library)| *library)
        })
    }
}

/// As `getconf GNU_LIBC_VERSION` prints it, `glibc 2.36`, or `musl`.
impl FromStr for CLibrary {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let text = text.trim();
        if text == "musl" {
            return Ok(Self::Musl);
        }
        let version = text.strip_prefix("glibc ").ok_or(())?;
        let (major, minor) = version.split_once('.').ok_or(())?;
        // Vendors add their own: `2.17.1`.
        let minor = minor.split('.').next().unwrap_or_default();
        match (major.parse(), minor.parse()) {
            (Ok(major), Ok(minor)) => Ok(Self::Glibc(major, minor)),
            _ => Err(()),
        }
    }
}

impl fmt::Display for CLibrary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Glibc(major, minor) => write!(f, "glibc {major}.{minor}"),
            Self::Musl => f.write_str("musl"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_tells_the_c_library_where_it_names_a_system() {
        for (tag, expect) in [
            ("17-alpine", Some(CLibrary::Musl)),
            ("16.4-alpine3.20", Some(CLibrary::Musl)),
            ("15.8-bookworm", Some(CLibrary::Glibc(2, 36))),
            ("17-3.5-bullseye", Some(CLibrary::Glibc(2, 31))),
            ("15", None),
            ("latest", None),
        ] {
            assert_eq!(CLibrary::of_tag(tag), expect, "{tag}");
        }
    }

    #[test]
    fn what_getconf_prints_is_understood_and_nothing_else_is() {
        assert_eq!("glibc 2.36\n".parse(), Ok(CLibrary::Glibc(2, 36)));
        assert_eq!("glibc 2.17.1".parse(), Ok(CLibrary::Glibc(2, 17)));
        assert_eq!("musl".parse(), Ok(CLibrary::Musl));
        for text in ["", "undefined", "glibc", "glibc 2", "2.36", "glibc x.y"] {
            assert_eq!(text.parse::<CLibrary>(), Err(()), "{text}");
        }
    }
}
