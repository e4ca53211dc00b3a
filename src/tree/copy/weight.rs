//! Whether an update removes so much that it may be a mistake: the wrong source, one that isn't
//! mounted, or a target that never was a copy of it.

use std::collections::BTreeSet;
use std::path::Path;

use super::options::{Foretold, Removals, Updated};
use crate::tree::error::{Error, Suspicion};
use crate::tree::manifest::{EntryKind, Manifest, ManifestEntry};
use crate::tree::verify::difference::{VerifyOptions, VerifyScope};
use crate::tree::verify::verify::compare;

/// What speaks for and against an update that removes something.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Weight {
    /// Entries that go.
    pub removals: u64,
    /// Entries of the target, but for what is excluded.
    pub entries: u64,
    /// Entries that are as in the source, going by size and time; an update looks at no file more
    /// once it has seen one.
    pub alike: u64,
    pub source_is_empty: bool,
}

/// Refuses an update of a tree that is as `found` to one that is as `expected`, where the two can't
/// be looked at side by side. `target` is what the message calls it.
///
/// # Errors
/// [`Error::TooManyRemovals`].
pub fn check_removals(
    expected: &Manifest,
    found: &Manifest,
    removals: Removals,
    target: &Path,
) -> Result<(), Error> {
    Weight::between(expected, found).check(removals, target)
}

/// What an update of a tree that is as `found` to one that is as `expected` would do, where the two
/// can't be looked at side by side, going by sizes, times and attributes.
///
/// # Errors
/// [`Error::TooManyRemovals`].
pub fn foretell_between(
    expected: &Manifest,
    found: &Manifest,
    removals: Removals,
    target: &Path,
) -> Result<Foretold, Error> {
    let weight = Weight::between(expected, found);
    weight.check(removals, target)?;
    let options = VerifyOptions {
        scope: VerifyScope::MetadataOnly,
        ..VerifyOptions::default()
    };
    let differences = compare(expected, found, &options);
    let differing: BTreeSet<&[u8]> = differences.iter().map(|one| &*one.path).collect();
    let mut updated = Updated {
        removed: weight.removals,
        ..Updated::default()
    };
    for entry in expected.entries() {
        let there = found.find(&entry.path).map(|(_, entry)| entry);
        let stays = there.is_some_and(|there| {
            entry.kind == EntryKind::Directory && there.kind == entry.kind
                || is_alike(&entry, &there)
        });
        match (stays, entry.kind) {
            (true, _) => updated.adjusted += u64::from(differing.contains(&*entry.path)),
            (false, EntryKind::File) => {
                updated.copied.counts.files += 1;
                updated.copied.counts.bytes += entry.size.unwrap_or_default();
            }
            (false, EntryKind::Directory) => updated.copied.counts.directories += 1,
            (false, _) => updated.copied.counts.others += 1,
        }
    }
    Ok(Foretold {
        updated,
        differences,
    })
}

impl Weight {
    /// Of an update from what was observed of both trees.
    fn between(expected: &Manifest, found: &Manifest) -> Self {
        let below_root = |entry: &ManifestEntry| entry.path != b".";
        let mut weight = Self {
            source_is_empty: !expected.entries().any(|entry| below_root(&entry)),
            ..Self::default()
        };
        for entry in found.entries().filter(below_root) {
            weight.entries += 1;
            match expected.find(&entry.path) {
                None => weight.removals += 1,
                Some((_, theirs)) => weight.alike += u64::from(is_alike(&theirs, &entry)),
            }
        }
        weight
    }

    /// Refuses what may be a mistake.
    pub(super) fn check(&self, removals: Removals, target: &Path) -> Result<(), Error> {
        let Self {
            removals: gone,
            entries,
            alike,
            source_is_empty,
        } = *self;
        let why = match removals {
            _ if gone == 0 => return Ok(()),
            Removals::AtMost(most) if gone <= most => return Ok(()),
            Removals::AtMost(_) => Suspicion::MoreThanAllowed,
            Removals::Plausible if source_is_empty => Suspicion::EmptySource,
            Removals::Plausible if alike == 0 => Suspicion::NeverACopy,
            Removals::Plausible if gone > entries / 2 => Suspicion::MoreThanHalf,
            Removals::Plausible | Removals::All => return Ok(()),
        };
        Err(Error::TooManyRemovals {
            target: target.to_owned(),
            why,
            removals: gone,
            entries,
        })
    }
}

/// True if nothing but attributes can differ, going by size and time.
fn is_alike(a: &ManifestEntry, b: &ManifestEntry) -> bool {
    a.kind == b.kind
        && match a.kind {
            EntryKind::File => (a.size, a.mtime) == (b.size, b.mtime),
            EntryKind::Directory => a.mtime == b.mtime,
            EntryKind::Symlink => a.target == b.target,
            _ => a.device == b.device,
        }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::manifest::Time;

    /// Files by name, with the second at which each changed.
    fn tree(files: &str) -> Manifest {
        let root = ManifestEntry::new(b".".to_vec(), EntryKind::Directory);
        let files = files.split_whitespace().map(|file| {
            let (name, time) = file.split_once(':').unwrap();
            let mut entry = ManifestEntry::new(name.as_bytes().to_vec(), EntryKind::File);
            entry.size = Some(1);
            entry.mtime = Some(Time {
                seconds: time.parse().unwrap(),
                nanoseconds: 0,
            });
            entry
        });
        Manifest::new(std::iter::once(root).chain(files))
    }

    #[track_caller]
    fn check(source: &str, target: &str, removals: Removals, expect: Option<(Suspicion, u64)>) {
        let checked = check_removals(&tree(source), &tree(target), removals, Path::new("t"));
        let why = checked.err().map(|error| match error {
            Error::TooManyRemovals { why, removals, .. } => (why, removals),
            error => panic!("{error}"),
        });
        assert_eq!(why, expect, "{source} to {target}");
    }

    #[test]
    fn an_update_between_two_observed_trees_is_foretold() {
        let (source, target) = (tree("a:1 b:2 new:1"), tree("a:1 b:1 gone:1"));
        let all = Removals::All;
        let foretold = foretell_between(&source, &target, all, Path::new("t")).unwrap();
        let Updated {
            copied,
            removed,
            adjusted,
        } = &foretold.updated;
        assert_eq!((copied.counts.files, copied.counts.bytes), (2, 2));
        assert_eq!((*removed, *adjusted), (1, 0));
        let paths: Vec<_> = foretold.differences.iter().map(|one| &*one.path).collect();
        assert_eq!(paths, [&b"b"[..], b"gone", b"new"]);
        let entry = |path: &str, kind, mode| {
            let mut entry = ManifestEntry::new(path.as_bytes().to_vec(), kind);
            entry.mode = Some(mode);
            entry
        };
        let (folder, file, link) = (EntryKind::Directory, EntryKind::File, EntryKind::Symlink);
        let source = Manifest::new([
            entry(".", folder, 0o755),
            entry("both", folder, 0o755),
            entry("both/new-link", link, 0o777),
            entry("changed", file, 0o600),
            entry("new", folder, 0o755),
        ]);
        let target = Manifest::new([
            entry(".", folder, 0o755),
            entry("both", folder, 0o700),
            entry("changed", file, 0o644),
            entry("new", file, 0o644),
        ]);
        let foretold = foretell_between(&source, &target, all, Path::new("t")).unwrap();
        let counts = foretold.updated.copied.counts;
        assert_eq!((counts.files, counts.directories, counts.others), (0, 1, 1));
        assert_eq!(
            (foretold.updated.removed, foretold.updated.adjusted),
            (0, 2)
        );
        let refused = foretell_between(&tree(""), &target, Removals::Plausible, Path::new("t"));
        assert!(matches!(refused, Err(Error::TooManyRemovals { .. })));
    }

    #[test]
    fn two_observed_trees_are_weighed_as_two_folders_are() {
        use Suspicion::{EmptySource, MoreThanAllowed, MoreThanHalf, NeverACopy};
        let plausible = Removals::Plausible;
        check("a:1 b:1", "a:1 b:1 c:1", plausible, None);
        check("", "", plausible, None);
        check("a:2", "a:1", plausible, None);
        check("", "a:1", plausible, Some((EmptySource, 1)));
        check("a:1", "a:1 b:1 c:1", plausible, Some((MoreThanHalf, 2)));
        check("a:2 x:1", "a:1 b:1", plausible, Some((NeverACopy, 1)));
        check("", "a:1", Removals::All, None);
        check("", "a:1 b:1", Removals::AtMost(2), None);
        let too_many = Some((MoreThanAllowed, 2));
        check("", "a:1 b:1", Removals::AtMost(1), too_many);
    }
}
