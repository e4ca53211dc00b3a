//! Sweeping: what a crash may have left beside the places that a step makes.
//!
//! Everything is built under a temporary name in the folder of its final one and renamed, so
//! that what a crash leaves has a name that nothing else has (see `fs`).

use std::path::{Path, PathBuf};

use super::{Step, StepError, World};
use crate::tree;

/// Removes what an earlier, interrupted call of `step` left.
pub(super) fn sweep(step: &Step, world: World<'_>) -> Result<(), StepError> {
    for place in places(step, world) {
        sweep_beside(world, &place)?;
    }
    Ok(())
}

/// Removes the originals that were kept for undo, and what an interrupted removal of them
/// left.
pub(super) fn forget_originals(world: World<'_>) -> Result<(), StepError> {
    let kept = world.kept_folder();
    sweep_beside(world, &kept)?;
    if kept.symlink_metadata().is_err() {
        return Ok(());
    }
    tree::remove(world.disk, &kept).map_err(StepError::io(&kept))
}

/// The final names under which the step makes something.
fn places(step: &Step, world: World<'_>) -> Vec<PathBuf> {
    let at = |path: &Path| world.install.root().join(path);
    match step {
        Step::StageRelease(step) => {
            vec![at(&step.target), world.install.pristine(&step.version)]
        }
        Step::EditCompose(step) => vec![at(&step.file), world.kept(&step.file)],
        Step::Carry(step) => vec![at(&step.to), world.kept(&step.to)],
        Step::CopyVolume(step) => {
            let volume = world.volumes.path_of(&step.target);
            volume.into_iter().chain([at(&step.manifest)]).collect()
        }
        Step::Verify(_) | Step::LoadImages(_) => Vec::new(),
        Step::Switch(_) => vec![world.install.root().join("switch")],
    }
}

fn sweep_beside(world: World<'_>, place: &Path) -> Result<(), StepError> {
    let Some(folder) = place.parent() else {
        return Ok(());
    };
    tree::sweep(world.disk, folder).map_err(StepError::io(folder))?;
    Ok(())
}
