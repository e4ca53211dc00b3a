//! A new volume that begins empty: a database is moved into it in the window. Made beforehand and with the
//! labels of the run, so that going back knows whose it is.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::StepError;
use super::warm_copy::require_labels;
use super::world::{self, Attempt, Phase, StepKind, StepOutcome, Undo, World};
use crate::engine::{self, CopyEnd, MadeBy, NewVolume, TargetLabels, VolumeStore};
use crate::tree::Holds;
use crate::upgrade::confine::{self, Bounds, OutOfBounds};
use crate::upgrade::made_volume::MadeVolume;

/// Makes a volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MakeVolume {
    /// The volume's key in the compose file.
    pub key: String,
    /// Its real name.
    pub target: String,
    /// The compose project that it belongs to.
    pub project: String,
    /// The file, below the install, that will prove what was moved into it, and goes with it.
    pub proof: PathBuf,
}

impl StepKind for MakeVolume {
    fn check(&self, _: World<'_>) -> Result<(), StepError> {
        Ok(())
    }

    fn act(&self, world: World<'_>, attempt: Attempt) -> Result<StepOutcome, StepError> {
        let end = CopyEnd::Volume {
            store: world.volumes,
            name: self.target.clone(),
        };
        let labels = TargetLabels {
            project: Some(self.project.clone()),
            key: Some(self.key.clone()),
            made_by: Some(MadeBy {
                install: world.id.to_owned(),
                run: world.run.to_owned(),
            }),
        };
        let target = end.find_or_make(world.disk, &labels)?.volume;
        if attempt == Attempt::First && world.holds(&target)? != Holds::Nothing {
            return Err(StepError::TargetNotEmpty {
                volume: target.name,
                path: target.path,
            });
        }
        Ok(StepOutcome::default())
    }

    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        confine::volume(&self.target)?;
        bounds.kept_of_new(&self.proof, "manifests")
    }

    fn check_undo(&self, world: World<'_>, _: Undo) -> Result<(), StepError> {
        match world.volumes.find(&self.target)? {
            Some(target) => require_labels(world, &target),
            None => Ok(()),
        }
    }

    fn undo(&self, world: World<'_>, _: Undo) -> Result<(), StepError> {
        if let Some(target) = world.volumes.find(&self.target)? {
            require_labels(world, &target)?;
            engine::require_idle(world.volumes, &target)?;
            world.volumes.remove(world.disk, &target.name)?;
        }
        world::forget_file(world, &world.install.root().join(&self.proof))?;
        world::forget_file(world, &MadeVolume::file(world.install, &self.target))
    }

    fn places(&self, world: World<'_>) -> Vec<PathBuf> {
        world.volumes.path_of(&self.target).into_iter().collect()
    }

    fn title(&self) -> String {
        format!("make volume {}, empty", self.target)
    }

    fn commands(&self, volumes: &dyn VolumeStore) -> Vec<String> {
        vec![volumes.create_command(&NewVolume {
            name: self.target.clone(),
            project: self.project.clone(),
            key: self.key.clone(),
            made_by: None,
        })]
    }

    fn phase(&self) -> Phase {
        Phase::Before
    }
}
