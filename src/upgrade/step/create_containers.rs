//! The new release's containers and networks, made while the old one serves, so that in the window they
//! are only started.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::StepError;
use super::release_project::ReleaseProject;
use super::world::{Attempt, Phase, StepKind, StepOutcome, Undo, World};
use crate::engine::{Compose, VolumeStore, remove_containers};
use crate::upgrade::confine::{Bounds, OutOfBounds};

/// Makes the new release's containers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CreateContainers {
    /// The release that is to come, and its project.
    pub new: ReleaseProject,
    /// The release that runs, and its project.
    pub old: ReleaseProject,
    /// True if they can be there beside the old ones; else these are stopped first, and give up
    /// their names.
    pub beforehand: bool,
}

impl StepKind for CreateContainers {
    fn check(&self, world: World<'_>) -> Result<(), StepError> {
        world.docker().map(|_| ())
    }

    fn act(&self, world: World<'_>, _: Attempt) -> Result<StepOutcome, StepError> {
        let docker = world.docker()?;
        let launch = self.new.launch(world, &self.old)?;
        if !self.beforehand {
            launch.make_way(docker, world.disk)?;
        } else if !launch.gives_way.is_empty() {
            // The old release gives it up when it is stopped: they are made when they are started.
            return Ok(StepOutcome::default());
        }
        launch.write(world.disk)?;
        let compose = launch.compose(&Compose::find(docker)?)?;
        compose.create(world.disk, world.progress)?;
        Ok(StepOutcome::default())
    }

    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        bounds.old_project(&self.old)?;
        bounds.new_project(&self.new)
    }

    fn check_undo(&self, _: World<'_>, _: Undo) -> Result<(), StepError> {
        Ok(())
    }

    fn undo(&self, world: World<'_>, _: Undo) -> Result<(), StepError> {
        let folder = self.new.project_folder(world);
        let project = (self.new.project.as_str(), folder.as_path());
        Ok(remove_containers(world.docker()?, world.disk, project)?)
    }

    fn places(&self, _: World<'_>) -> Vec<PathBuf> {
        Vec::new()
    }

    fn title(&self) -> String {
        format!("make the containers of {}", self.new.version)
    }

    fn commands(&self, _: &dyn VolumeStore) -> Vec<String> {
        vec![self.new.compose_command("create --pull never")]
    }

    fn phase(&self) -> Phase {
        match self.beforehand {
            true => Phase::Before,
            false => Phase::Window,
        }
    }
}
