//! What a look at a tree left out, though it is there.

use std::fmt;

use super::difference::{Difference, DifferenceKind};
use crate::tree::walk::escaped::Escaped;

/// One thing that is in a tree and wasn't looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// The path below the tree's root; `.` is the root.
    pub path: Vec<u8>,
    /// What of it wasn't seen.
    pub what: UnseenKind,
}

/// What of a path wasn't seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnseenKind {
    /// The filesystem that is mounted there.
    Mount,
    /// Its extended attributes: their names take more than the 64 KiB that the system lists.
    Xattrs,
}

impl fmt::Display for UnseenKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mount => "another filesystem is mounted there, and wasn't looked into",
            Self::Xattrs => "it has more extended attributes than the system lists",
        })
    }
}

impl fmt::Display for Unseen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", Escaped(&self.path), self.what)
    }
}

impl Unseen {
    /// What isn't known to be equal isn't equal.
    pub(super) fn difference(&self) -> Difference {
        let kind = match self.what {
            UnseenKind::Mount => DifferenceKind::Mount,
            UnseenKind::Xattrs => DifferenceKind::Xattr,
        };
        Difference {
            found: self.what.to_string(),
            ..Difference::plain(self.path.clone(), kind)
        }
    }
}
