//! A release and its compose project, as steps that stop and start one name it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StepError;
use super::shell::{command, quote};
use super::world::World;
use crate::launch::{Launch, LaunchOptions, ReplacedProject};
use crate::release::{Install, Version};

/// A release, and the compose project that it runs as.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseProject {
    /// The release.
    pub version: Version,
    /// The project's name, as `-p` takes it.
    pub project: String,
}

impl ReleaseProject {
    /// The folder that Compose makes the release's containers from.
    pub(super) fn folder(&self, world: World<'_>) -> PathBuf {
        let release = world.install.release(&self.version);
        release.map_or_else(
            |_| self.release_folder(world),
            |release| release.project_folder(),
        )
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
                folder: old.folder(world),
            }),
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

    /// A command of Compose for it, for people to read.
    pub(super) fn compose_command(&self, words: &str) -> String {
        let folder = Install::current_target(&self.version);
        let project = Path::new(&self.project);
        let call = command(["docker", "compose", "-p"], [project]);
        format!("{call} --project-directory {} {words}", quote(&folder))
    }
}
