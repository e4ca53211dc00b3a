//! Where something stands in a file, in the words of an error message.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

/// A place in a file, shown as `file:line:column`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Location {
    /// The file as the caller named it.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The column, from 1, in characters.
    pub column: usize,
}

impl Location {
    /// The place of the byte at `offset` in `text`, which is the content of `path`.
    pub fn of(path: &Path, text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self {
            path: path.to_owned(),
            line: before.bytes().filter(|byte| *byte == b'\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.path.display(), self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_from_one() {
        let text = "a: 1\nüü: 2\r\nb";
        let at = |offset| Location::of(Path::new("c.yml"), text, offset).to_string();
        assert_eq!(at(0), "c.yml:1:1");
        assert_eq!(at(5), "c.yml:2:1");
        assert_eq!(at(9), "c.yml:2:3");
        assert_eq!(at(text.len() - 1), "c.yml:3:1");
    }

    #[test]
    fn an_offset_behind_the_end_is_the_end() {
        assert_eq!(Location::of(Path::new("c"), "ab", 99).to_string(), "c:1:3");
    }
}
