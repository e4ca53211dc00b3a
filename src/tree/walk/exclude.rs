//! Which paths are left out: glob patterns, as `rsync --exclude` and `.gitignore` have them.

use std::sync::Arc;

use crate::glob;

/// Patterns of paths to leave out. `*` and `?` stand for anything within one name, `**` for
/// any number of names. A pattern without `/` (but at its end) is about names in any folder; one
/// with `/` is about the path from the tree's root. What is in an excluded folder is excluded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exclude {
    patterns: Arc<[Pattern]>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    /// The names from the root, or one name that may stand in any folder.
    names: Vec<Vec<u8>>,
    anywhere: bool,
}

impl Exclude {
    /// From patterns as a user types them.
    pub fn new<S: AsRef<[u8]>>(patterns: impl IntoIterator<Item = S>) -> Self {
        let parse = |pattern: S| Pattern::parse(pattern.as_ref());
        Self {
            patterns: patterns.into_iter().filter_map(parse).collect(),
        }
    }

    /// True if nothing is left out.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// True if `path` below the root is itself left out; the folders above it are to be
    /// asked about on the way down.
    pub fn matches(&self, path: &[u8]) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(path))
    }

    /// True if `path` or a folder above it is left out.
    pub fn covers(&self, path: &[u8]) -> bool {
        if self.is_empty() {
            return false;
        }
        let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        let mut above = ends.map(|(at, _)| &path[..at]);
        above.any(|folder| self.matches(folder)) || self.matches(path)
    }
}

impl Pattern {
    fn parse(pattern: &[u8]) -> Option<Self> {
        let pattern = pattern.strip_suffix(b"/").unwrap_or(pattern);
        let pattern = pattern.strip_prefix(b"./").unwrap_or(pattern);
        let names = pattern.split(|&byte| byte == b'/');
        let names: Vec<Vec<u8>> = names
            .filter(|name| !name.is_empty())
            .map(<[u8]>::to_vec)
            .collect();
        let anywhere = !pattern.contains(&b'/') && pattern != b"**";
        (!names.is_empty()).then_some(Self { names, anywhere })
    }

    fn matches(&self, path: &[u8]) -> bool {
        let names: Vec<&[u8]> = path.split(|&byte| byte == b'/').collect();
        match (self.anywhere, names.last()) {
            (true, Some(name)) => name_matches(&self.names[0], name),
            _ => names_match(&self.names, &names),
        }
    }
}

fn names_match(pattern: &[Vec<u8>], names: &[&[u8]]) -> bool {
    let is_many = |each: &Vec<u8>| each.as_slice() == b"**";
    glob::matches(pattern, names, is_many, |each, name| {
        is_many(each) || name_matches(each, name)
    })
}

fn name_matches(pattern: &[u8], name: &[u8]) -> bool {
    glob::matches(
        pattern,
        name,
        |byte| *byte == b'*',
        |byte, other| matches!(byte, b'*' | b'?') || byte == other,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, covered: &[&str], kept: &[&str]) {
        let exclude = Exclude::new([pattern]);
        for path in covered {
            assert!(exclude.covers(path.as_bytes()), "{pattern} on {path}");
        }
        for path in kept {
            assert!(!exclude.covers(path.as_bytes()), "{pattern} on {path}");
        }
    }

    #[test]
    fn a_name_is_left_out_in_every_folder_and_with_what_is_in_it() {
        check(
            "cache",
            &["cache", "a/cache", "a/cache/x"],
            &["cached", "a/b"],
        );
    }

    #[test]
    fn a_star_stays_within_a_name() {
        check("*.log", &["x.log", "a/x.log"], &["x.log.gz"]);
        check("a/*/c", &["a/b/c"], &["a/b/b/c", "x/a/b/c"]);
    }

    #[test]
    fn a_leading_slash_ties_a_name_to_the_root() {
        check("/pg_wal", &["pg_wal", "pg_wal/0001"], &["base/pg_wal"]);
    }

    #[test]
    fn two_stars_stand_for_any_folders() {
        check("a/**/z", &["a/z", "a/b/z", "a/b/c/z/y"], &["a/b", "b/z"]);
    }

    #[test]
    fn a_question_mark_is_one_byte_and_a_slash_at_the_end_changes_nothing() {
        check("v?/", &["v1", "v1/x"], &["v", "v10"]);
    }

    #[test]
    fn an_empty_pattern_leaves_nothing_out() {
        assert!(Exclude::new([""]).is_empty());
        assert!(!Exclude::new(["/"]).covers(b"a"));
    }
}
