//! What a plan was made from, as digests: held against what there is when it is to be done for real.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::RehearsalError;
use super::error;
use crate::engine::{VolumeStore, image_id};
use crate::progress::Progress;
use crate::release::{Install, Version};
use crate::tree::{self, file_digest};
use crate::upgrade::planning::prepare::Prepared;

/// Files that are larger aren't told by name: a release's own data, say.
const LARGEST: u64 = 1 << 20;

/// One thing that a plan was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RehearsalInput {
    /// What it is, for a reader.
    pub name: String,
    /// What it was.
    pub value: InputValue,
}

/// What was seen of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum InputValue {
    /// The SHA-256 of a file, in hexadecimal digits.
    Sha256(String),
    /// A text as it is: an image's id, a version.
    Text(String),
    /// The bytes in a volume.
    Bytes(u64),
}

/// Looks at all that a plan was made from.
pub(super) fn observe(
    install: &Install,
    prepared: &Prepared,
    volumes: &dyn VolumeStore,
    progress: &dyn Progress,
) -> Result<Vec<RehearsalInput>, RehearsalError> {
    let plan = &prepared.plan;
    let mut inputs = vec![text("transship", env!("CARGO_PKG_VERSION"))];
    let written = &prepared.decisions.written;
    inputs.extend(release_files(install, &plan.from, written)?);
    if plan.request.shipment.is_none() {
        inputs.extend(release_files(install, &plan.to, &[])?);
    }
    let recipe = install.root().join("transship.yml");
    let named = [Some(recipe)].into_iter().flatten();
    let archive = plan.request.image_archive.iter();
    let outside = plan
        .request
        .env_files
        .iter()
        .filter(|path| !path.starts_with("releases"));
    let named = named.chain(archive.chain(outside).map(|path| install.root().join(path)));
    for path in named.filter(|path| path.is_file()) {
        inputs.push(file(install, &path)?);
    }
    if let Some(shipment) = &plan.request.shipment {
        let path = install.root().join(shipment);
        inputs.push(match path.is_dir() {
            true => RehearsalInput {
                name: format!("folder `{}`", shown(install, &path)),
                value: InputValue::Sha256(tree::manifest(&path, progress)?.digest()),
            },
            false => file(install, &path)?,
        });
    }
    inputs.extend(images(prepared, volumes)?);
    let sizes = plan.estimate.volumes.iter();
    inputs.extend(sizes.map(|volume| RehearsalInput {
        name: format!("volume `{}`", volume.key),
        value: InputValue::Bytes(volume.bytes),
    }));
    Ok(inputs)
}

fn text(name: &str, text: &str) -> RehearsalInput {
    RehearsalInput {
        name: name.to_owned(),
        value: InputValue::Text(text.to_owned()),
    }
}

fn shown(install: &Install, path: &Path) -> String {
    let path = path.strip_prefix(install.root()).unwrap_or(path);
    path.display().to_string()
}

fn file(install: &Install, path: &Path) -> Result<RehearsalInput, RehearsalError> {
    Ok(RehearsalInput {
        name: format!("`{}`", shown(install, path)),
        value: InputValue::Sha256(file_digest(path)?.to_string()),
    })
}

/// The small files of a release, but for those that its services write.
fn release_files(
    install: &Install,
    version: &Version,
    written: &[PathBuf],
) -> Result<Vec<RehearsalInput>, RehearsalError> {
    let root = install.release_folder(version);
    let mut inputs = Vec::new();
    let walk = walkdir::WalkDir::new(&root).sort_by_file_name().into_iter();
    let is_theirs = |entry: &walkdir::DirEntry| {
        let path = entry.path().strip_prefix(&root).unwrap_or(entry.path());
        !written.iter().any(|own| path.starts_with(own))
    };
    for entry in walk.filter_entry(is_theirs) {
        let entry = entry.map_err(|failed| {
            let path = failed.path().unwrap_or(&root).to_owned();
            error::io("read", path)(failed.into())
        })?;
        let metadata =
            fs::symlink_metadata(entry.path()).map_err(error::io("read", entry.path()))?;
        if metadata.is_symlink() {
            let target = fs::read_link(entry.path()).map_err(error::io("read", entry.path()))?;
            let name = format!("`{}`", shown(install, entry.path()));
            inputs.push(text(&name, &format!("a symlink to `{}`", target.display())));
        } else if metadata.is_file() && metadata.len() <= LARGEST {
            inputs.push(file(install, entry.path())?);
        }
    }
    Ok(inputs)
}

/// The ids of both releases' images, where there is an engine that has them.
fn images(
    prepared: &Prepared,
    volumes: &dyn VolumeStore,
) -> Result<Vec<RehearsalInput>, RehearsalError> {
    let Some(docker) = volumes.docker().filter(|_| volumes.server().is_some()) else {
        return Ok(Vec::new());
    };
    let old = prepared.releases.old.model.images_to_have();
    let all = old.iter().chain(&prepared.decisions.images);
    let mut inputs = Vec::new();
    for reference in all {
        let id = image_id(docker, reference)?;
        let id = id.unwrap_or_else(|| "not on the engine".to_owned());
        inputs.push(text(&format!("image `{reference}`"), &id));
    }
    Ok(inputs)
}

/// Whether there is a record of the file at all.
#[cfg(test)]
fn has(inputs: &[RehearsalInput], name: &str) -> bool {
    inputs.iter().any(|input| input.name == name)
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests set up their own world")]
mod tests {
    use super::*;

    #[test]
    fn what_services_write_and_large_files_are_no_inputs() {
        let folder = tempfile::tempdir().unwrap();
        let release = folder.path().join("releases/v1");
        fs::create_dir_all(release.join("data")).unwrap();
        fs::write(release.join("data/row"), "1").unwrap();
        fs::write(release.join(".env"), "A=1\n").unwrap();
        fs::write(release.join("dump"), vec![0; 2 << 20]).unwrap();
        std::os::unix::fs::symlink("/etc/ssl", release.join("ssl")).unwrap();
        let install = Install::at(folder.path()).unwrap();
        let written = [PathBuf::from("data")];
        let inputs = release_files(&install, &"v1".parse().unwrap(), &written).unwrap();
        assert!(has(&inputs, "`releases/v1/.env`") && has(&inputs, "`releases/v1/ssl`"));
        assert_eq!(inputs.len(), 2, "{inputs:?}");
    }
}
