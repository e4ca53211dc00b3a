//! Folders of a release that the next one mounts under another name: what a recipe says of them, and what it
//! might say. Pure.

use std::path::Path;

use super::decisions::OutsideFolder;
use super::releases::Releases;
use crate::compose::plain_or_quoted;

/// What a recipe might say of data that has another name in the new release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedRename {
    /// What both are.
    pub kind: RenamedKind,
    /// The old key, or place below the release.
    pub from: String,
    /// The new one.
    pub to: String,
}

/// What has another name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RenamedKind {
    /// Volumes, by their keys.
    Volumes,
    /// Folders below a release.
    Folders,
}

impl ProposedRename {
    /// Volumes by their keys.
    pub(super) fn volumes(from: &str, to: &str) -> Self {
        Self {
            kind: RenamedKind::Volumes,
            from: from.to_owned(),
            to: to.to_owned(),
        }
    }

    /// Folders, where both are below a release.
    pub(super) fn folders(from: &Path, to: &Path) -> Option<Self> {
        let is_inside = |path: &Path| path.is_relative() && !path.starts_with("..");
        Some(Self {
            kind: RenamedKind::Folders,
            from: from.to_str().filter(|_| is_inside(from))?.to_owned(),
            to: to.to_str().filter(|_| is_inside(to))?.to_owned(),
        })
    }

    /// As it stands in a recipe.
    pub(super) fn written(&self) -> String {
        let section = match self.kind {
            RenamedKind::Volumes => "volumes",
            RenamedKind::Folders => "folders",
        };
        let [from, to] = [&self.from, &self.to].map(|name| plain_or_quoted(name));
        format!("renames: {{{section}: {{{from}: {to}}}}}")
    }
}

/// The copies that the recipe's `renames: {folders: ...}` makes for the new release: of what the old one mounts,
/// to where the new one does. What neither does any longer was said for an earlier upgrade.
pub(super) fn copies(releases: &Releases) -> impl Iterator<Item = OutsideFolder> {
    let Releases {
        old, new, recipe, ..
    } = releases;
    let renamed = recipe.renamed_folders.iter();
    let holds = renamed.filter(|(from, to)| {
        let mut before = old.model.binds.iter();
        let mut after = new.model.binds.iter();
        before.any(|bind| bind.source.starts_with(from))
            && after.any(|bind| bind.source.starts_with(to))
    });
    holds.map(|(from, to)| OutsideFolder {
        path: from.clone(),
        from: from.clone(),
        to: to.clone(),
    })
}
