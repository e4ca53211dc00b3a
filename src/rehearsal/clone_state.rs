//! What a clone is like at one time, to be held against how it was before: which release is current, the
//! files of the old one, and what is in each volume.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::RehearsalError;
use crate::engine::VolumeStore;
use crate::launch::CloneBindings;
use crate::progress::Progress;
use crate::release::{Install, Version};
use crate::tree::{self, Difference, DifferenceKind, Manifest, VerifyOptions};

/// How many differences of one tree are told one by one.
const TOLD: usize = 20;

/// A clone at one time.
#[derive(Debug)]
pub(super) struct CloneState {
    current: Option<PathBuf>,
    /// What is in each tree, by what it is called.
    trees: BTreeMap<String, Manifest>,
    /// Where each of them is.
    places: BTreeMap<String, PathBuf>,
    /// The old release's containers, by service, where it runs.
    pub(super) containers: BTreeMap<String, ClonedContainer>,
}

/// One container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ClonedContainer {
    /// The id of its image.
    pub(super) image: String,
    /// Whether it runs, or has done its work.
    pub(super) is_up: bool,
}

/// Paths of which it says nothing that they differ.
#[derive(Debug, Default)]
pub(super) struct OwnWrites {
    /// What the old release writes by itself, by tree.
    paths: BTreeMap<String, BTreeSet<Vec<u8>>>,
    /// Folders whose databases are asked themselves, by tree; empty for all of it.
    asked: BTreeMap<String, BTreeSet<Vec<u8>>>,
}

impl OwnWrites {
    /// How many there are.
    pub(super) fn count(&self) -> usize {
        let trees = self.paths.iter();
        let own = trees.flat_map(|(tree, paths)| paths.iter().map(move |path| (tree, path)));
        own.filter(|(tree, path)| !self.is_asked(tree, path))
            .count()
    }

    /// Whether it is one, or in a folder that one is in.
    fn has(&self, tree: &str, path: &[u8]) -> bool {
        let is_own = self.paths.get(tree).is_some_and(|own| {
            own.contains(path) || above(path).is_some_and(|above| own.contains(above))
        });
        is_own || self.is_asked(tree, path)
    }

    /// Whether it is a file of a database that is asked itself.
    fn is_asked(&self, tree: &str, path: &[u8]) -> bool {
        let mut asked = self.asked.get(tree).into_iter().flatten();
        asked.any(|folder| {
            let rest = path.strip_prefix(folder.as_slice());
            folder.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest[0] == b'/')
        })
    }
}

/// The folder that a path of a manifest is in; nothing at the top.
fn above(path: &[u8]) -> Option<&[u8]> {
    let slash = path.iter().rposition(|byte| *byte == b'/')?;
    path.get(..slash)
}

/// What a run has left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left<'a> {
    /// The new release, and its volumes.
    New(&'a Version),
    /// Nothing.
    Nothing,
}

impl CloneState {
    /// Looks at the releases of `clone` and at its volumes.
    pub(super) fn of(
        clone: &Install,
        volumes: &dyn VolumeStore,
        progress: &dyn Progress,
    ) -> Result<Self, RehearsalError> {
        let (mut trees, mut places) = (BTreeMap::new(), BTreeMap::new());
        for release in clone.all_releases()? {
            let name = name_of(&release.version);
            trees.insert(name.clone(), tree::manifest(&release.path, progress)?);
            places.insert(name, release.path);
        }
        let bindings = CloneBindings::of(clone)?.unwrap_or_default();
        for (original, copy) in bindings.outside.iter().filter(|(_, copy)| copy.is_dir()) {
            let name = format!("folder {}", original.display());
            trees.insert(name.clone(), tree::manifest(copy, progress)?);
            places.insert(name, copy.clone());
        }
        for volume in volumes.list()? {
            let contents = volumes.contents();
            let found = contents.observe(&volume, &VerifyOptions::default(), progress)?;
            let name = format!("volume {}", volume.name);
            trees.insert(name.clone(), found);
            places.insert(name, volume.path);
        }
        Ok(Self {
            current: fs::read_link(clone.current_link()).ok(),
            trees,
            places,
            containers: BTreeMap::new(),
        })
    }

    /// What differs already after the old release has come up once: it wrote that by itself.
    /// `asked` are folders whose databases are asked themselves.
    pub(super) fn own_writes(&self, now: &Self, asked: &BTreeSet<PathBuf>) -> OwnWrites {
        let differing = |(name, before): (&String, &Manifest)| {
            let after = now.trees.get(name)?;
            let differences = tree::compare(before, after, &VerifyOptions::default());
            let paths = differences.into_iter().map(|difference| difference.path);
            Some((name.clone(), paths.collect()))
        };
        let mut by_tree: BTreeMap<String, BTreeSet<Vec<u8>>> = BTreeMap::new();
        for (tree, place) in &now.places {
            let below = asked
                .iter()
                .filter_map(|path| path.strip_prefix(place).ok());
            let below = below.map(|path| path.as_os_str().as_encoded_bytes().to_vec());
            by_tree.entry(tree.clone()).or_default().extend(below);
        }
        OwnWrites {
            paths: self.trees.iter().filter_map(differing).collect(),
            asked: by_tree,
        }
    }

    /// The trees that are held against how they were by all of their files.
    pub(super) fn compared_by_files(&self, own: &OwnWrites) -> Vec<&str> {
        let trees = self.trees.keys().filter(|tree| !own.is_asked(tree, b""));
        let data = trees.filter(|tree| !tree.starts_with("release "));
        data.map(String::as_str).collect()
    }

    /// What isn't as it was, a sentence each.
    pub(super) fn differences(&self, now: &Self, left: Left<'_>, own: &OwnWrites) -> Vec<String> {
        let mut found = Vec::new();
        if self.current != now.current {
            let shown = |target: &Option<PathBuf>| match target {
                Some(path) => format!("leads to `{}`", path.display()),
                None => "isn't there".to_owned(),
            };
            let (was, is) = (shown(&self.current), shown(&now.current));
            found.push(format!("`current` {is}, and before it {was}"));
        }
        let new = match left {
            Left::New(version) => Some(name_of(version)),
            Left::Nothing => None,
        };
        for (name, before) in self
            .trees
            .iter()
            .filter(|(name, _)| new.as_ref() != Some(*name))
        {
            let Some(after) = now.trees.get(name) else {
                found.push(format!("{name} is gone"));
                continue;
            };
            let mut differences = tree::compare(before, after, &VerifyOptions::default());
            differences.retain(|difference| {
                !own.has(name, &difference.path) && !self.is_written_twice(name, difference)
            });
            let more = differences.len().saturating_sub(TOLD);
            let told = differences.iter().take(TOLD);
            found.extend(told.map(|difference| format!("{name}: {difference}")));
            if more > 0 {
                found.push(format!("{name}: {more} more differences"));
            }
        }
        for (service, before) in &self.containers {
            match now.containers.get(service) {
                Some(now) if now == before => {}
                Some(now) if now.image != before.image => {
                    found.push(format!("`{service}` has another image than before"));
                }
                Some(_) => found.push(format!("`{service}` isn't up as it was before")),
                None => found.push(format!("`{service}` has no container any more")),
            }
        }
        if left == Left::Nothing {
            let news = now
                .trees
                .keys()
                .filter(|name| !self.trees.contains_key(*name));
            found.extend(news.map(|name| format!("{name} is left")));
        }
        found
    }

    /// Whether it is the time of a file of the new release that was edited, and is as it was again.
    fn is_written_twice(&self, tree: &str, difference: &Difference) -> bool {
        let current = self.current.as_deref().and_then(Path::file_name);
        let is_old = current.is_some_and(|name| tree == format!("release {}", name.display()));
        let is_new = tree.starts_with("release ") && !is_old;
        is_new && difference.kind == DifferenceKind::Mtime
    }

    /// Whether the tree is there.
    #[cfg(test)]
    fn has(&self, name: &str) -> bool {
        self.trees.contains_key(name)
    }
}

fn name_of(release: &Version) -> String {
    format!("release {release}")
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests set up their own world")]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::engine::{Docker, FolderUsers, FolderVolumes};
    use crate::progress::Silent;

    fn look(root: &Path) -> CloneState {
        let users = FolderUsers::new(Docker::find(Some("/nonexistent"))).assume_stopped(true);
        let volumes = FolderVolumes::new(&root.join("volumes"), users);
        CloneState::of(&Install::at(root).unwrap(), &volumes, &Silent).unwrap()
    }

    #[test]
    fn what_isnt_as_it_was_is_told_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["releases/v1", "volumes/old"] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        fs::write(root.join("volumes/old/row"), "1").unwrap();
        std::os::unix::fs::symlink("releases/v1", root.join("current")).unwrap();
        let (before, none) = (look(root), OwnWrites::default());
        assert!(before.has("release v1") && before.has("volume old"));
        assert_eq!(
            before.differences(&look(root), Left::Nothing, &none),
            Vec::<String>::new()
        );

        fs::create_dir_all(root.join("volumes/new")).unwrap();
        fs::create_dir(root.join("releases/v2")).unwrap();
        let new = "v2".parse().unwrap();
        let new = Left::New(&new);
        assert_eq!(
            before.differences(&look(root), new, &none),
            Vec::<String>::new()
        );
        let left = before.differences(&look(root), Left::Nothing, &none);
        assert_eq!(left, ["release v2 is left", "volume new is left"]);

        fs::write(root.join("volumes/old/row"), "22").unwrap();
        fs::remove_file(root.join("current")).unwrap();
        fs::remove_dir(root.join("releases/v1")).unwrap();
        let found = before.differences(&look(root), new, &none).join("\n");
        for told in [
            "`current` isn't there, and before it leads to `releases/v1`",
            "release v1 is gone",
            "volume old: row: size: expected 1, found 2",
        ] {
            assert!(found.contains(told), "no `{told}` in\n{found}");
        }
    }

    #[test]
    fn what_the_old_release_writes_by_itself_is_no_difference() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["releases", "volumes/old/wal", "volumes/old/base"] {
            fs::create_dir_all(root.join(path)).unwrap();
        }
        let write =
            |path: &str, text: &str| fs::write(root.join("volumes/old").join(path), text).unwrap();
        write("base/row", "1");
        write("wal/1", "");
        let cloned = look(root);
        write("wal/1", "began");
        write("wal/2", "");
        let before = look(root);
        let own = cloned.own_writes(&before, &BTreeSet::new());
        assert!(own.count() >= 3, "{own:?}");
        write("wal/1", "goes on");
        write("wal/3", "");
        assert_eq!(
            before.differences(&look(root), Left::Nothing, &own),
            Vec::<String>::new()
        );
        write("base/row", "");
        let found = before.differences(&look(root), Left::Nothing, &own);
        assert_eq!(found[0], "volume old: base/row: size: expected 1, found 0");

        // Where the database is asked, its files say nothing; what is beside them does.
        let asked = BTreeSet::from([root.join("volumes/old/base")]);
        let own = cloned.own_writes(&before, &asked);
        let differences = |own| before.differences(&look(root), Left::Nothing, own);
        assert_eq!(differences(&own), Vec::<String>::new());
        write("based", "");
        let told = differences(&own);
        assert!(
            told.iter().any(|one| one.starts_with("volume old: based")),
            "{told:?}"
        );
        let all = BTreeSet::from([root.join("volumes/old")]);
        let own = cloned.own_writes(&before, &all);
        assert_eq!((differences(&own), own.count()), (Vec::new(), 0));
        assert_eq!(before.compared_by_files(&own), Vec::<&str>::new());
    }
}
