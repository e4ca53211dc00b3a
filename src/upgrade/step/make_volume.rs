//! A new volume that begins empty: a database is moved into it in the window. Made beforehand and with the
//! labels of the run, so that going back knows whose it is.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::StepError;
use super::run_volume::{check_removal, labels, remove};
use super::world::{self, Attempt, Phase, StepKind, StepOutcome, Undo, World};
use crate::engine::{CopyEnd, NewVolume, VolumeStore};
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
        let labels = labels(world, &self.project, &self.key);
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
        check_removal(world, &self.target)
    }

    fn undo(&self, world: World<'_>, _: Undo) -> Result<(), StepError> {
        remove(world, &self.target)?;
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
