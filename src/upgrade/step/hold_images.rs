//! Holding the images of a release: nobody's prune takes them before the run, or its way back, is
//! over. Those that the engine lacks are pulled now, while the old release serves.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StepError;
use super::shell::command;
use super::world::{Attempt, Phase, StepKind, StepOutcome, Undo, World};
use crate::engine::{Docker, ImageHold, StandingContainer, VolumeStore, have_image, image_id};
use crate::release::Version;
use crate::upgrade::confine::{Bounds, OutOfBounds};

/// Holds the images of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldImages {
    /// The release.
    pub version: Version,
    /// The compose project that it runs as: the images of its containers are held, whatever is called
    /// as they were by now; absent for the release that is to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<String>,
    /// The images by reference, resolved.
    pub images: Vec<String>,
}

impl StepKind for HoldImages {
    fn check(&self, world: World<'_>) -> Result<(), StepError> {
        world.docker().map(|_| ())
    }

    fn act(&self, world: World<'_>, _: Attempt) -> Result<StepOutcome, StepError> {
        let docker = world.docker()?;
        let mut ids = self.of_containers(world, docker)?;
        for reference in &self.images {
            let go_on = || !world.progress.interrupted();
            ids.insert(have_image(docker, world.disk, reference, &go_on)?);
        }
        for id in &ids {
            self.hold(world, id).take(docker, world.disk)?;
        }
        Ok(StepOutcome::default())
    }

    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        match self.project {
            Some(_) => bounds.old_release(&self.version),
            None => bounds.new_release(&self.version),
        }
    }

    fn check_undo(&self, _: World<'_>, _: Undo) -> Result<(), StepError> {
        Ok(())
    }

    fn undo(&self, world: World<'_>, _: Undo) -> Result<(), StepError> {
        let docker = world.docker()?;
        let mut ids = self.of_containers(world, docker)?;
        for reference in &self.images {
            ids.extend(image_id(docker, reference)?);
        }
        for id in &ids {
            self.hold(world, id).let_go(docker, world.disk)?;
        }
        Ok(())
    }

    fn places(&self, _: World<'_>) -> Vec<PathBuf> {
        Vec::new()
    }

    fn title(&self) -> String {
        match &self.project {
            Some(project) => format!("hold the images of project {project}"),
            None => format!("hold the images of {}", self.version),
        }
    }

    fn commands(&self, _: &dyn VolumeStore) -> Vec<String> {
        // Each tag has the image's id in it, which is known when it is there.
        let images = self.images.iter().map(Path::new);
        images
            .map(|image| command(["docker", "image", "inspect"], [image]))
            .collect()
    }

    fn phase(&self) -> Phase {
        Phase::Before
    }
}

impl HoldImages {
    fn hold(&self, world: World<'_>, id: &str) -> ImageHold {
        ImageHold::new(world.id, &self.version.slug(), id)
    }

    fn of_containers(
        &self,
        world: World<'_>,
        docker: &Docker,
    ) -> Result<BTreeSet<String>, StepError> {
        let Some(project) = &self.project else {
            return Ok(BTreeSet::new());
        };
        let release = world.install.release(&self.version)?;
        let folder = release.project_folder();
        let containers = StandingContainer::of_project(docker, project, &folder)?;
        Ok(containers.into_iter().map(|one| one.image).collect())
    }
}
