//! The releases that a vendor made, as far as they are known.

use super::{BadReleases, Install, InstallError, Recipe, Version};

/// Releases that an upgrade may lead over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KnownReleases {
    /// In their order; each version once, whatever folder it is in.
    versions: Vec<Version>,
    /// Whether there are no others. What is on one disk never tells.
    pub is_complete: bool,
}

impl KnownReleases {
    /// All releases that the vendor made.
    pub fn all(versions: impl IntoIterator<Item = Version>) -> Self {
        Self {
            is_complete: true,
            ..Self::some(versions)
        }
    }

    /// Some of the releases that the vendor made.
    pub fn some(versions: impl IntoIterator<Item = Version>) -> Self {
        let mut versions: Vec<_> = versions.into_iter().collect();
        versions.sort();
        versions.dedup_by(|a, b| a.is_same_as(b));
        Self {
            versions,
            is_complete: false,
        }
    }

    /// What the recipe lists, which is taken for all, and what is on disk; without what is bad.
    ///
    /// # Errors
    /// [`InstallError::Io`].
    pub fn of_install(install: &Install, recipe: &Recipe) -> Result<Self, InstallError> {
        let on_disk = install.releases()?.into_iter();
        let on_disk = on_disk.map(|release| release.version);
        let bad = BadReleases::load(install)?;
        let all = on_disk.chain(recipe.releases.iter().cloned());
        Ok(Self {
            is_complete: !recipe.releases.is_empty(),
            ..Self::some(all.filter(|version| !bad.has(version)))
        })
    }

    /// The releases after `from` and before `to`, but for those that come before what they name.
    pub(super) fn between(&self, from: &Version, to: &Version) -> Vec<Version> {
        let is_between = |version: &&Version| {
            from < *version
                && *version < to
                && !version.is_same_as(from)
                && !version.is_same_as(to)
                && !version.is_pre_release()
        };
        self.versions.iter().filter(is_between).cloned().collect()
    }
}
