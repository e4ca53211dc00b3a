//! Starting the new release in the place of the old one, which is stopped: never pulling, and until all
//! of it is up and healthy. To undo it is to stop it; its containers stay, with what they said, unless
//! everything of the run goes.
//!
//! A call that fails leaves what it started, for whoever wants to look at it: undoing stops it.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::StepError;
use super::release_project::ReleaseProject;
use super::stop_release::{COMING_UP, PATIENCE, UNHEALTHY};
use super::world::{Attempt, Phase, StepKind, StepOutcome, Undo, UndoScope, World};
use crate::engine::{Compose, UpOptions, UpWait, VolumeStore, remove_containers, stop_containers};
use crate::upgrade::confine::{Bounds, OutOfBounds};

/// How long what has no health check has to stay up.
const SETTLING: Duration = Duration::from_secs(2);

/// Starts the new release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartRelease {
    /// The release that is to come, and its project.
    pub new: ReleaseProject,
    /// The release that was stopped, and its project.
    pub old: ReleaseProject,
    /// Only these services, and what they depend on; all when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<String>,
}

impl StepKind for StartRelease {
    fn check(&self, world: World<'_>) -> Result<(), StepError> {
        world.docker().map(|_| ())
    }

    fn act(&self, world: World<'_>, _: Attempt) -> Result<StepOutcome, StepError> {
        let docker = world.docker()?;
        let launch = self.new.launch(world, &self.old)?;
        let compose = launch.compose(&Compose::find(docker)?)?;
        launch.write(world.disk)?;
        launch.make_way(docker, world.disk)?;
        let services: Vec<&str> = self.services.iter().map(String::as_str).collect();
        let how = UpOptions {
            services: &services,
            ..launch.up()
        };
        compose.up(world.disk, &how, world.progress)?;
        let wait = UpWait {
            patience: COMING_UP,
            unhealthy: Some(UNHEALTHY),
            // What is needed before the rest is waited for again.
            settling: match self.services.is_empty() {
                true => SETTLING,
                false => Duration::ZERO,
            },
        };
        compose.wait_settled(&services, &wait, world.progress)?;
        Ok(StepOutcome::default())
    }

    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        bounds.old_project(&self.old)?;
        bounds.new_project(&self.new)
    }

    fn check_undo(&self, world: World<'_>, _: Undo) -> Result<(), StepError> {
        world.docker().map(|_| ())
    }

    fn undo(&self, world: World<'_>, undo: Undo) -> Result<(), StepError> {
        let docker = world.docker()?;
        let folder = self.new.project_folder(world);
        let project = (self.new.project.as_str(), folder.as_path());
        stop_containers(docker, world.disk, project, PATIENCE, world.progress)?;
        if undo.scope != UndoScope::Switch {
            remove_containers(docker, world.disk, project)?;
        }
        Ok(())
    }

    fn places(&self, _: World<'_>) -> Vec<PathBuf> {
        Vec::new()
    }

    fn title(&self) -> String {
        let ReleaseProject {
            version, project, ..
        } = &self.new;
        match self.services.is_empty() {
            true => format!("start {version} (project {project}), and wait until it is up"),
            false => format!("start {} of {version}", self.services.join(", ")),
        }
    }

    fn commands(&self, _: &dyn VolumeStore) -> Vec<String> {
        let words = ["up --detach --wait --pull never".to_owned()];
        let words: Vec<_> = words.into_iter().chain(self.services.clone()).collect();
        vec![self.new.compose_command(&words.join(" "))]
    }

    fn phase(&self) -> Phase {
        Phase::Window
    }
}
