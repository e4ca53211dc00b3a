//! What a plan was made from, as digests: held against what there is when it is to be done for real.

use std::collections::BTreeMap;
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

/// What a volume may have grown or shrunk by: it is written while time passes.
const GROWTH: u64 = 1 << 20;

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

impl InputValue {
    fn shown(&self) -> String {
        match self {
            Self::Sha256(digest) => format!("sha256 {}", digest.get(..12).unwrap_or(digest)),
            Self::Text(text) => text.clone(),
            Self::Bytes(bytes) => format!("{bytes} bytes"),
        }
    }

    /// Whether a plan that was rehearsed with one can be done with the other.
    fn is_as_good_as(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Bytes(was), Self::Bytes(is)) => was.abs_diff(*is) <= GROWTH.max(was / 10),
            _ => self == other,
        }
    }
}

/// What differs between what was rehearsed and what there is, a sentence each.
pub(super) fn drift(was: &[RehearsalInput], is: &[RehearsalInput]) -> Vec<String> {
    let by_name = |inputs: &[RehearsalInput]| -> BTreeMap<String, InputValue> {
        let pairs = inputs.iter();
        pairs
            .map(|input| (input.name.clone(), input.value.clone()))
            .collect()
    };
    let (was, is) = (by_name(was), by_name(is));
    let mut drifted = Vec::new();
    for (name, before) in &was {
        match is.get(name) {
            None => drifted.push(format!("{name} was {}, and is gone", before.shown())),
            Some(now) if !before.is_as_good_as(now) => {
                let (before, now) = (before.shown(), now.shown());
                drifted.push(format!("{name} was {before}, and is {now}"));
            }
            Some(_) => {}
        }
    }
    let news = is.iter().filter(|(name, _)| !was.contains_key(*name));
    drifted.extend(news.map(|(name, now)| format!("{name} is {}, and wasn't there", now.shown())));
    drifted
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

    fn input(name: &str, value: InputValue) -> RehearsalInput {
        RehearsalInput {
            name: name.to_owned(),
            value,
        }
    }

    #[test]
    fn drift_names_what_drifted_from_what_to_what() {
        let digest = |text: &str| InputValue::Sha256(text.repeat(32));
        let was = [
            input("`.env`", digest("aa")),
            input("`gone`", digest("bb")),
            input("image `x:1`", InputValue::Text("sha256:1".to_owned())),
            input("volume `data`", InputValue::Bytes(100 << 20)),
        ];
        assert_eq!(drift(&was, &was), Vec::<String>::new());
        let is = [
            input("`.env`", digest("cc")),
            input("`new`", digest("dd")),
            input("image `x:1`", InputValue::Text("sha256:2".to_owned())),
            input("volume `data`", InputValue::Bytes(150 << 20)),
        ];
        assert_eq!(
            drift(&was, &is),
            [
                "`.env` was sha256 aaaaaaaaaaaa, and is sha256 cccccccccccc",
                "`gone` was sha256 bbbbbbbbbbbb, and is gone",
                "image `x:1` was sha256:1, and is sha256:2",
                "volume `data` was 104857600 bytes, and is 157286400 bytes",
                "`new` is sha256 dddddddddddd, and wasn't there",
            ]
        );
    }

    #[test]
    fn a_volume_that_is_written_meanwhile_has_not_drifted() {
        let of = |bytes| [input("volume `data`", InputValue::Bytes(bytes))];
        for (was, is, drifts) in [
            (100 << 20, 109 << 20, false),
            (100 << 20, 111 << 20, true),
            (5, 1 << 20, false),
            (5, 3 << 20, true),
            (100 << 20, 80 << 20, true),
        ] {
            assert_eq!(!drift(&of(was), &of(is)).is_empty(), drifts, "{was} {is}");
        }
    }

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
