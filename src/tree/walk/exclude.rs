//! Which paths are left out: patterns as `rsync --exclude` has them.

use std::os::fd::AsFd as _;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::fs::FileType;

use super::dir_chain::DirChain;
use super::glob::{self, Glob};
use super::stat::{DirEntry, Stat};

/// Patterns of paths to leave out, with rsync's meaning. `*`, `?` and `[...]` stand for
/// something within one name, `**` for anything. A pattern without `/` is about names in any
/// folder; one with `/` is about the end of the path, or with `/` in front about all of it from
/// the tree's root. With `/` at its end it is about folders only. What is in an excluded folder is
/// excluded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Exclude {
    patterns: Arc<[Pattern]>,
    /// The path below the root of the tree that asks about paths, with `/` at its end; or empty.
    base: Vec<u8>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern {
    /// Without the `/` in front and at the end.
    text: Vec<u8>,
    /// About the path from the root, not about its end.
    anchored: bool,
    folders_only: bool,
    /// How many names of a path's end it is about.
    names: usize,
    /// Backslashes and wildcards mean themselves.
    literal: bool,
}

impl Exclude {
    /// From patterns as a user types them; an empty one leaves nothing out.
    pub fn new<S: AsRef<[u8]>>(patterns: impl IntoIterator<Item = S>) -> Self {
        let parse = |pattern: S| Pattern::parse(pattern.as_ref());
        Self {
            patterns: patterns.into_iter().filter_map(parse).collect(),
            base: Vec::new(),
        }
    }

    /// From paths below the root, in which nothing has a meaning.
    pub fn paths<S: AsRef<[u8]>>(paths: impl IntoIterator<Item = S>) -> Self {
        let pattern = |path: S| Pattern {
            text: path
                .as_ref()
                .strip_suffix(b"/")
                .unwrap_or(path.as_ref())
                .to_vec(),
            anchored: true,
            folders_only: false,
            names: 0,
            literal: true,
        };
        Self {
            patterns: paths.into_iter().map(pattern).collect(),
            base: Vec::new(),
        }
    }

    /// The same for the tree at `path` in this one: it is asked about paths below that.
    pub(crate) fn below(&self, path: &[u8]) -> Self {
        let mut base = self.base.clone();
        if !path.is_empty() {
            base.extend_from_slice(path);
            base.push(b'/');
        }
        Self {
            patterns: Arc::clone(&self.patterns),
            base,
        }
    }

    /// True if nothing is left out.
    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }

    /// True if `path` below the root, a folder or not, is itself left out; the folders above it
    /// are to be asked about on the way down.
    pub fn matches(&self, path: &[u8], is_dir: bool) -> bool {
        let any = |path: &[u8]| self.patterns.iter().any(|each| each.matches(path, is_dir));
        if self.base.is_empty() {
            return any(path);
        }
        any(&[self.base.as_slice(), path].concat())
    }

    /// True if `path` or a folder above it is left out.
    pub fn covers(&self, path: &[u8], is_dir: bool) -> bool {
        if self.is_empty() {
            return false;
        }
        let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        let mut above = ends.map(|(at, _)| &path[..at]);
        above.any(|folder| self.matches(folder, true)) || self.matches(path, is_dir)
    }

    /// True if an entry of the open folder `fd`, which stands at `chain`, is left out.
    pub(crate) fn leaves_out(&self, fd: &OwnedFd, chain: &DirChain, entry: DirEntry<'_>) -> bool {
        if self.is_empty() {
            return false;
        }
        let is_dir = entry.is_dir.unwrap_or_else(|| {
            let stat = Stat::at(fd.as_fd(), entry.name);
            stat.is_ok_and(|stat| stat.kind == FileType::Directory)
        });
        self.matches(&chain.path_of(entry.name), is_dir)
    }
}

impl Pattern {
    fn parse(pattern: &[u8]) -> Option<Self> {
        let folders_only = pattern.ends_with(b"/");
        let rooted = pattern.strip_prefix(b"./").map(|rest| (true, rest));
        let (rooted, pattern) = rooted.unwrap_or((false, pattern));
        let anchored = rooted || pattern.starts_with(b"/");
        let text = pattern.strip_prefix(b"/").unwrap_or(pattern);
        let end = text.iter().rposition(|&byte| byte != b'/')? + 1;
        let text = text[..end].to_vec();
        Some(Self {
            anchored,
            folders_only,
            names: text.split(|&byte| byte == b'/').count(),
            literal: !text.iter().any(|byte| b"*?[".contains(byte)),
            text,
        })
    }

    fn matches(&self, path: &[u8], is_dir: bool) -> bool {
        if self.folders_only && !is_dir {
            return false;
        }
        if self.literal {
            return path == self.text || !self.anchored && ends_with(path, &self.text);
        }
        let glob = Glob::new(&self.text);
        // `***` at the end stands for the folder itself, too.
        let folder = is_dir && self.text.ends_with(b"/***");
        let paths = [path.to_vec(), [path, b"/"].concat()];
        let mut paths = paths.iter().take(if folder { 2 } else { 1 });
        paths.any(|path| {
            if self.anchored {
                glob.matches(path)
            } else if self.text.starts_with(b"**") {
                // `**/` in front stands for the root, too.
                glob.matches(path) || glob.matches(&[b"/", path.as_slice()].concat())
            } else if glob::has_two_stars(&self.text) {
                after_slashes(path).any(|end| glob.matches(end))
            } else {
                glob.matches(last_names(path, self.names))
            }
        })
    }
}

fn ends_with(path: &[u8], end: &[u8]) -> bool {
    let rest = path.strip_suffix(end);
    rest.is_some_and(|rest| rest.ends_with(b"/"))
}

/// The path, and what is left of it behind each `/`.
fn after_slashes(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
    std::iter::once(path).chain(slashes.map(|(at, _)| &path[at + 1..]))
}

/// The last `count` names of a path; all of it if there are fewer.
fn last_names(path: &[u8], count: usize) -> &[u8] {
    let slashes = path.iter().enumerate().rev();
    let mut slashes = slashes.filter(|(_, byte)| **byte == b'/');
    slashes
        .nth(count - 1)
        .map_or(path, |(at, _)| &path[at + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paths with `/` at their end are folders.
    #[track_caller]
    fn check(pattern: &str, covered: &[&str], kept: &[&str]) {
        let exclude = Exclude::new([pattern]);
        for (paths, wanted) in [(covered, true), (kept, false)] {
            for path in paths {
                let is_dir = path.ends_with('/');
                let bytes = path.trim_end_matches('/').as_bytes();
                assert_eq!(exclude.covers(bytes, is_dir), wanted, "{pattern} on {path}");
            }
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
        check("/a/*/c", &["a/b/c"], &["a/b/b/c", "x/a/b/c"]);
    }

    #[test]
    fn a_slash_within_is_about_the_end_of_the_path() {
        check("a/*", &["a/b", "x/a/b"], &["a/", "b/x"]);
        check("etc/ssl", &["etc/ssl", "x/etc/ssl/key"], &["ssl", "etc/"]);
    }

    #[test]
    fn a_leading_slash_ties_a_name_to_the_root() {
        check("/pg_wal", &["pg_wal", "pg_wal/0001"], &["base/pg_wal"]);
        check("./pg_wal", &["pg_wal"], &["base/pg_wal"]);
    }

    #[test]
    fn a_slash_at_the_end_leaves_out_folders_only() {
        check(
            "cache/",
            &["cache/", "a/cache/", "a/cache/x"],
            &["cache", "a/cache"],
        );
        check("*/", &["a/", "a/b"], &["a"]);
        check("v?/", &["v1/", "v1/x"], &["v/", "v10/", "v1"]);
    }

    #[test]
    fn two_stars_stand_for_anything() {
        check("a/**/z", &["a/b/z", "x/a/b/c/z/y"], &["a/b/", "b/z", "a/z"]);
        check("a/***", &["a/", "a/b/c"], &["a", "b/"]);
        check("**/z", &["a/z", "a/b/z", "z"], &["y"]);
    }

    #[test]
    fn a_class_is_one_byte_and_a_backslash_takes_away_a_meaning() {
        check("[a-c]?", &["b1", "x/c2"], &["d1", "b"]);
        check("[!a]b\\*", &["xb*"], &["ab*", "xbx"]);
    }

    #[test]
    fn a_path_has_no_wildcards() {
        let exclude = Exclude::paths(["a/*"]);
        assert!(exclude.covers(b"a/*", false));
        assert!(exclude.covers(b"a/*/x", false));
        assert!(!exclude.covers(b"a/b", false));
        assert!(!exclude.covers(b"x/a/*", false));
    }

    #[test]
    fn an_empty_pattern_leaves_nothing_out() {
        assert!(Exclude::new([""]).is_empty());
        assert!(!Exclude::new(["/"]).covers(b"a", true));
    }
}
