//! Folders of a release that the next one mounts under another name: what a recipe says of them, and what it
//! might say. Pure.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::decisions::OutsideFolder;
use super::releases::Releases;
use crate::compose::{Model, VolumeDefinition, plain_or_quoted};

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
    /// One a volume, and the other a folder.
    Between,
}

/// What has a name.
#[derive(Debug, Clone)]
pub(super) enum DataName<'a> {
    /// A volume, by its key.
    Volume(&'a str),
    /// A folder, relative where it is below its release.
    Folder(Cow<'a, Path>),
}

impl<'a> DataName<'a> {
    /// A volume of a release; one whose device is a folder below the release is that folder.
    pub(super) fn of_volume(model: &Model, key: &'a str) -> Self {
        let device = model.volumes.get(key).and_then(VolumeDefinition::folder);
        match device.and_then(|path| model.inside(&path)) {
            Some(folder) => Self::Folder(folder.into()),
            None => Self::Volume(key),
        }
    }
}

impl ProposedRename {
    /// Whatever both are; nothing for what no recipe can say.
    pub(super) fn of(from: &DataName<'_>, to: &DataName<'_>) -> Option<Self> {
        let between = |from: &str, to: &str| Self {
            kind: RenamedKind::Between,
            from: from.to_owned(),
            to: to.to_owned(),
        };
        match (from, to) {
            (DataName::Volume(from), DataName::Volume(to)) => {
                (from != to).then(|| Self::volumes(from, to))
            }
            (DataName::Folder(from), DataName::Folder(to)) => Self::folders(from, to),
            (DataName::Folder(from), DataName::Volume(to)) => Some(between(&spelled(from)?, to)),
            // What is outside of the new release is a question of its own.
            (DataName::Volume(_), DataName::Folder(to)) if to.is_absolute() => None,
            (DataName::Volume(from), DataName::Folder(to)) => Some(between(from, &spelled(to)?)),
        }
    }

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
            RenamedKind::Volumes | RenamedKind::Between => "volumes",
            RenamedKind::Folders => "folders",
        };
        let [from, to] = [&self.from, &self.to].map(|name| plain_or_quoted(name));
        format!("renames: {{{section}: {{{from}: {to}}}}}")
    }
}

/// What services mount by its path, or by a volume whose device it is.
fn mounted(model: &Model) -> Vec<PathBuf> {
    let binds = model.binds.iter().map(|bind| bind.source.clone());
    let devices = model.volumes.values().filter_map(VolumeDefinition::folder);
    let devices = devices.filter_map(|path| model.inside(&path));
    binds.chain(devices).collect()
}

/// A folder as a compose file has it.
fn spelled(folder: &Path) -> Option<String> {
    let path = match folder.is_absolute() {
        true => folder.to_owned(),
        false if folder.starts_with("..") => return None,
        false => Path::new(".").join(folder),
    };
    path.to_str().map(str::to_owned)
}

/// The copies that the recipe's `renames: {folders: ...}` makes for the new release: of what the old one mounts,
/// to where the new one does. What neither does any longer was said for an earlier upgrade.
pub(super) fn copies(releases: &Releases) -> impl Iterator<Item = OutsideFolder> {
    let Releases {
        old, new, recipe, ..
    } = releases;
    let renamed = recipe.renamed_folders.iter();
    let (before, after) = (mounted(&old.model), mounted(&new.model));
    let holds = renamed.filter(move |(from, to)| {
        before.iter().any(|source| source.starts_with(from))
            && after.iter().any(|source| source.starts_with(to))
    });
    holds.map(|(from, to)| OutsideFolder {
        path: from.clone(),
        from: from.clone(),
        to: to.clone(),
    })
}
