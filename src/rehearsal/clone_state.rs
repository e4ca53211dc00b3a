//! What a clone is like at one time, to be held against how it was before: which release is current, the
//! files of the old one, and what is in each volume.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use super::RehearsalError;
use crate::engine::VolumeStore;
use crate::progress::Progress;
use crate::release::{Install, Version};
use crate::tree::{self, Manifest, VerifyOptions};

/// How many differences of one tree are told one by one.
const TOLD: usize = 20;

/// A clone at one time.
#[derive(Debug)]
pub(super) struct CloneState {
    current: Option<PathBuf>,
    /// What is in each tree, by what it is called.
    trees: BTreeMap<String, Manifest>,
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
    /// Looks at the releases of `clone` and at the volumes of these names.
    pub(super) fn of(
        clone: &Install,
        volumes: &dyn VolumeStore,
        names: &BTreeSet<String>,
        progress: &dyn Progress,
    ) -> Result<Self, RehearsalError> {
        let mut trees = BTreeMap::new();
        for release in clone.all_releases()? {
            let name = name_of(&release.version);
            trees.insert(name, tree::manifest(&release.path, progress)?);
        }
        for name in names {
            if let Some(volume) = volumes.find(name)? {
                let found =
                    volumes
                        .contents()
                        .observe(&volume, &VerifyOptions::default(), progress)?;
                trees.insert(format!("volume {name}"), found);
            }
        }
        Ok(Self {
            current: fs::read_link(clone.current_link()).ok(),
            trees,
        })
    }

    /// What isn't as it was, a sentence each.
    pub(super) fn differences(&self, now: &Self, left: Left<'_>) -> Vec<String> {
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
            let differences = tree::compare(before, after, &VerifyOptions::default());
            let more = differences.len().saturating_sub(TOLD);
            let told = differences.iter().take(TOLD);
            found.extend(told.map(|difference| format!("{name}: {difference}")));
            if more > 0 {
                found.push(format!("{name}: {more} more differences"));
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
        let names = ["old", "new"].map(str::to_owned).into();
        CloneState::of(&Install::at(root).unwrap(), &volumes, &names, &Silent).unwrap()
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
        let before = look(root);
        assert!(before.has("release v1") && before.has("volume old"));
        assert_eq!(
            before.differences(&look(root), Left::Nothing),
            Vec::<String>::new()
        );

        fs::create_dir_all(root.join("volumes/new")).unwrap();
        fs::create_dir(root.join("releases/v2")).unwrap();
        let new = "v2".parse().unwrap();
        let new = Left::New(&new);
        assert_eq!(before.differences(&look(root), new), Vec::<String>::new());
        let left = before.differences(&look(root), Left::Nothing);
        assert_eq!(left, ["release v2 is left", "volume new is left"]);

        fs::write(root.join("volumes/old/row"), "22").unwrap();
        fs::remove_file(root.join("current")).unwrap();
        fs::remove_dir(root.join("releases/v1")).unwrap();
        let found = before.differences(&look(root), new).join("\n");
        for told in [
            "`current` isn't there, and before it leads to `releases/v1`",
            "release v1 is gone",
            "volume old: row: size: expected 1, found 2",
        ] {
            assert!(found.contains(told), "no `{told}` in\n{found}");
        }
    }
}
