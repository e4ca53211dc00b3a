//! Loading the images that come with a release into the engine.
//!
//! There is no undo: an image that was loaded is in nobody's way, and may be in use by then,
//! or have been there before under another name.

use super::{LoadImages, Outcome, StepError, World};
use crate::engine::{ArchiveError, ImageArchive, load_images};

pub(super) fn act(step: &LoadImages, world: World<'_>) -> Result<Outcome, StepError> {
    let archive = ImageArchive::read(&step.archive, world.progress)?;
    if archive.images != step.images {
        return Err(StepError::FileChanged {
            path: step.archive.clone(),
        });
    }
    let docker = world.volumes.docker().ok_or(StepError::NoDocker)?;
    load_images(docker, world.disk, &step.archive, &archive, world.progress)?;
    let stat = step.archive.metadata();
    let bytes = stat.map_err(|source| ArchiveError::Unreadable {
        path: step.archive.clone(),
        source,
    })?;
    Ok(Outcome {
        files: archive.images.len() as u64,
        bytes: bytes.len(),
        ..Outcome::default()
    })
}
