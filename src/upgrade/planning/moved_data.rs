//! Data that goes from a folder into a volume of the new release, or the reverse, as the recipe says. Pure.

use std::path::Path;

use super::facts::release_path;
use super::outside;
use super::releases::Releases;
use super::volume_pair::VolumePair;
use crate::compose::{Model, VolumeDefinition};
use crate::release::{MovedData, Version};

/// The copies that a recipe's `renames:` asks for. What the releases don't have so was said for an earlier upgrade.
pub(super) fn pairs(releases: &Releases, prefix: &str, skip: &[&str]) -> Vec<VolumePair> {
    let moved = releases.recipe.moved_data.iter();
    let pairs = moved.filter_map(|moved| match moved {
        MovedData::IntoVolume { folder, key } => into_volume(releases, prefix, folder, key),
        MovedData::IntoFolder { key, folder } => into_folder(releases, key, folder),
    });
    let is_skipped = |pair: &VolumePair| skip.contains(&pair.key.as_str());
    pairs.filter(|pair| !is_skipped(pair)).collect()
}

/// The name in a plan of a folder as a release's files have it.
pub(super) fn folder_name(version: &Version, folder: &Path) -> String {
    let path = match folder.is_absolute() {
        true => folder.to_owned(),
        false => release_path(version).join(folder),
    };
    path.display().to_string()
}

/// The name in a plan of a volume's data: of the folder, where that is below the release and the volume's device.
pub(super) fn place_of_volume(
    model: &Model,
    version: &Version,
    volume: &VolumeDefinition,
) -> String {
    let inside = volume.folder().and_then(|path| model.inside(&path));
    inside.map_or_else(|| volume.name.clone(), |path| folder_name(version, &path))
}

/// The name in a plan of what a service of a release has at a path of its container.
pub(super) fn place_of(
    model: &Model,
    version: &Version,
    service: &str,
    target: &str,
) -> Option<String> {
    if let Some(key) = model.services.get(service)?.mounts.get(target) {
        return Some(place_of_volume(model, version, model.volumes.get(key)?));
    }
    let mut binds = model.binds.iter();
    let bind = binds.find(|bind| bind.service == service && bind.target == target)?;
    Some(folder_name(version, &bind.source))
}

fn into_volume(releases: &Releases, prefix: &str, folder: &Path, key: &str) -> Option<VolumePair> {
    let Releases { old, new, .. } = releases;
    let volume = new.model.volumes.get(key)?;
    // That is outside of the release, and asked for.
    let is_own = !volume.external && !volume.is_device();
    (is_own && has_folder(&old.model, folder)).then(|| VolumePair {
        key: key.to_owned(),
        source: folder_name(&old.version, folder),
        target: format!("{prefix}{key}"),
        is_used: true,
        moved: None,
    })
}

fn into_folder(releases: &Releases, key: &str, folder: &Path) -> Option<VolumePair> {
    let Releases { old, new, .. } = releases;
    let volume = old.model.volumes.get(key)?;
    (!volume.is_device() && has_folder(&new.model, folder)).then(|| VolumePair {
        key: Path::new(".").join(folder).display().to_string(),
        source: volume.name.clone(),
        target: folder_name(&new.version, folder),
        is_used: outside::is_mounted(&old.model, key),
        moved: None,
    })
}

/// Whether a service can write it: by its path, or as the device of a volume.
fn has_folder(model: &Model, folder: &Path) -> bool {
    let mut binds = model.binds.iter().filter(|bind| !bind.read_only);
    let devices = model.volumes.values().filter_map(VolumeDefinition::folder);
    let mut devices = devices.map(|path| model.inside(&path).unwrap_or(path));
    binds.any(|bind| bind.source == folder) || devices.any(|path| path == folder)
}
