//! What the administrator asked for, in full: with it, a plan can be made again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::projects::Arrangement;
use super::service_path::ServicePath;
use crate::engine::VolumeBackend;
use crate::release::{Install, Version};

/// An upgrade that somebody wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// The release to upgrade to.
    pub version: Version,
    /// The release to upgrade from; the active one when absent.
    pub from: Option<Version>,
    /// The vendor's tarball or folder, absolute, or relative where it is in the install; absent when `version` is staged already.
    pub shipment: Option<PathBuf>,
    /// The prefix of the new volumes' names; the recipe's, or `v2_10_5_`, when absent.
    pub prefix: Option<String>,
    /// Rules as `image set` takes them, besides those that follow from the version.
    pub images: Vec<String>,
    /// Those rules follow a tag into the variable that holds it, as `image set --tag-var` does.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub tag_var: bool,
    /// Config to carry, relative to the release, instead of the recipe's list.
    pub carry: Vec<PathBuf>,
    /// Keys of volumes that are not copied, besides the recipe's.
    pub skip: Vec<String>,
    /// Volumes by key, and absolute folders, outside of both releases that the new one gets a copy
    /// of, besides the recipe's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub own: Vec<String>,
    /// Volumes by key, and absolute folders, outside of both releases that both use, besides the
    /// recipe's.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub share: Vec<String>,
    /// Files of variables instead of `.env`, as `--env-file` takes them, later ones winning; relative
    /// where they are in the install. Those of the old release stand for the new one's of that name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env_files: Vec<PathBuf>,
    /// The profiles that are active; those of `COMPOSE_PROFILES` when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
    /// The new release's compose project; Compose's own choice when absent.
    pub project: Option<String>,
    /// The old release's compose project, as it runs; Compose's own choice when absent.
    pub from_project: Option<String>,
    /// Files, folders, or `FILE:KEY`, where the old release's version wins a conflict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ours: Vec<PathBuf>,
    /// Files, folders, or `FILE:KEY`, where the vendor's version wins a conflict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub theirs: Vec<PathBuf>,
    /// Edits of the compose file become an override file beside the vendor's.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub as_override: bool,
    /// An archive of the new release's images, to be loaded first; absolute, or relative where it is in
    /// the install.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image_archive: Option<PathBuf>,
    /// Whether the new release is to run in the old one's place, or beside it.
    #[serde(default, skip_serializing_if = "Arrangement::is_usual")]
    pub arrangement: Arrangement,
    /// Places in the old release's containers whose data may stay behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leave: Vec<ServicePath>,
    /// The old release runs, and is stopped for it; the new one is started in its place.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub up: bool,
    /// The folder or engine that the volumes live in; a folder is relative where it is in the install.
    pub place: VolumeBackend,
}

impl Request {
    /// The plain upgrade to `version`, which is staged already, with the volumes at `place`:
    /// everything else is the recipe's, or as it is where there is none.
    pub fn new(version: Version, place: VolumeBackend) -> Self {
        Self {
            version,
            from: None,
            shipment: None,
            prefix: None,
            images: Vec::new(),
            tag_var: false,
            carry: Vec::new(),
            skip: Vec::new(),
            own: Vec::new(),
            share: Vec::new(),
            env_files: Vec::new(),
            profiles: Vec::new(),
            project: None,
            from_project: None,
            ours: Vec::new(),
            theirs: Vec::new(),
            as_override: false,
            image_archive: None,
            arrangement: Arrangement::default(),
            leave: Vec::new(),
            up: false,
            place,
        }
    }

    /// The files of variables of `release`, relative where they are in the install: where `from`, the
    /// release that was left, has its own, the other one has them under the same names.
    pub(super) fn recorded_env_files_of(&self, from: &Version, release: &Version) -> Vec<PathBuf> {
        let (old, own) = (
            Install::current_target(from),
            Install::current_target(release),
        );
        let file = |path: &PathBuf| match path.strip_prefix(&old) {
            Ok(name) => own.join(name),
            Err(_) => path.clone(),
        };
        self.env_files.iter().map(file).collect()
    }

    /// The same, absolute.
    pub fn env_files_of(
        &self,
        install: &Install,
        from: &Version,
        release: &Version,
    ) -> Vec<PathBuf> {
        let files = self.recorded_env_files_of(from, release).into_iter();
        files.map(|path| install.root().join(path)).collect()
    }

    /// Where the volumes live, with an absolute path.
    pub fn volumes_of(&self, install: &Install) -> VolumeBackend {
        match &self.place {
            VolumeBackend::Dir { path } => VolumeBackend::Dir {
                path: install.root().join(path),
            },
            VolumeBackend::Local => VolumeBackend::Local,
        }
    }
}

/// `path`, which is absolute, as an install's documents hold it: relative where it is in the install,
/// so that it leads into the same install wherever that is.
pub fn recorded(install: &Install, path: &Path) -> PathBuf {
    match path.strip_prefix(install.root()) {
        Ok(rest) if rest.as_os_str().is_empty() => path.to_owned(),
        Ok(rest) => rest.to_owned(),
        Err(_) => path.to_owned(),
    }
}
