//! A release and its compose project, as steps that stop and start one name it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StepError;
use super::shell::{command, quote};
use super::world::World;
use crate::compose::{LoadOptions, Model};
use crate::launch::{Launch, LaunchOptions, ReplacedProject};
use crate::release::{Install, Version};
use crate::upgrade::confine::{self, OutOfBounds};

/// A release, and the compose project that it runs as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseProject {
    /// The release.
    pub version: Version,
    /// The project's name, as `-p` takes it.
    pub project: String,
    /// The folder below the release that Compose makes its containers from; empty for the release's own.
    #[serde(default, skip_serializing_if = "is_empty")]
    pub folder: PathBuf,
    /// The files of variables that were named, later ones winning, relative where they are in the
    /// install; those that Compose reads by itself when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub env_files: Vec<PathBuf>,
    /// The profiles that were named; those of `COMPOSE_PROFILES` when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<String>,
}

fn is_empty(path: &Path) -> bool {
    path.as_os_str().is_empty()
}

impl ReleaseProject {
    /// The folder that Compose makes the release's containers from, whatever became of the files in it.
    pub(in crate::upgrade) fn project_folder(&self, world: World<'_>) -> PathBuf {
        match is_empty(&self.folder) {
            true => self.release_folder(world),
            false => self.release_folder(world).join(&self.folder),
        }
    }

    /// The release's folder.
    pub(super) fn release_folder(&self, world: World<'_>) -> PathBuf {
        world.install.release_folder(&self.version)
    }

    /// How the release takes the place of `old`, which is stopped by then, with all of its files as
    /// they are: where names, ports or volumes would have to be others, the data wouldn't be there.
    pub(super) fn launch(&self, world: World<'_>, old: &Self) -> Result<Launch, StepError> {
        self.launch_with(world, old, LaunchOptions::default())
    }

    /// The same, with what else is wanted.
    pub(super) fn launch_with(
        &self,
        world: World<'_>,
        old: &Self,
        wish: LaunchOptions,
    ) -> Result<Launch, StepError> {
        let options = LaunchOptions {
            project: Some(self.project.clone()),
            replaces: Some(ReplacedProject {
                project: old.project.clone(),
                folder: old.project_folder(world),
            }),
            env_files: self.env_files(world),
            profiles: self.profiles.clone(),
            never_pull: true,
            takes_over: true,
            ..wish
        };
        let release = world.install.release(&self.version)?;
        let launch = Launch::prepare(world.install, &release, &options, world.docker()?)?;
        let is_edited = launch
            .files
            .iter()
            .any(crate::launch::EditedFile::is_change);
        if !launch.volumes.is_empty() || !launch.variables.is_empty() || is_edited {
            return Err(StepError::WouldComeUpOtherwise {
                version: self.version.to_string(),
            });
        }
        Ok(launch)
    }

    /// What its compose files come to; nothing where they can't be read.
    pub(in crate::upgrade) fn model(&self, world: World<'_>) -> Option<Model> {
        let found = world.install.release(&self.version).ok()?.project().ok()?;
        let named = self.env_files(world);
        let options = LoadOptions {
            project: Some(self.project.clone()),
            env_files: match named.is_empty() {
                true => found.named_env_files(),
                false => named,
            },
            profiles: self.profiles.clone(),
            ..found.options()
        };
        Model::load(&found.files, &options).ok()
    }

    /// The files of variables that were named, absolute.
    pub(super) fn env_files(&self, world: World<'_>) -> Vec<PathBuf> {
        let files = self.env_files.iter();
        files.map(|path| world.install.root().join(path)).collect()
    }

    /// A command of Compose for it, for people to type in the install's folder.
    pub(in crate::upgrade) fn compose_command(&self, words: &str) -> String {
        let folder = Install::current_target(&self.version);
        let folder = match is_empty(&self.folder) {
            true => folder,
            false => folder.join(&self.folder),
        };
        let project = Path::new(&self.project);
        let call = command(["docker", "compose", "-p"], [project]);
        let env_files = self.env_files.iter();
        let env_files = env_files.map(|file| format!(" --env-file {}", quote(file)));
        let profiles = self.profiles.iter();
        let profiles = profiles.map(|name| format!(" --profile {}", quote(Path::new(name))));
        let options: String = env_files.chain(profiles).collect();
        format!(
            "{call} --project-directory {}{options} {words}",
            quote(&folder)
        )
    }

    /// That its folder is one of the release's. Files of variables are read, wherever they are.
    pub(in crate::upgrade) fn confine(&self) -> Result<(), OutOfBounds> {
        match is_empty(&self.folder) {
            true => Ok(()),
            false => confine::plain(&self.folder, "a folder of its release"),
        }
    }
}
