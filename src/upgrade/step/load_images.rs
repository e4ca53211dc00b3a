//! Loading the images that come with a release into the engine.
//!
//! There is no undo: an image that was loaded is in nobody's way, and may be in use by then,
//! or have been there before under another name.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::StepError;
use super::shell::command;
use super::world::{Attempt, Phase, StepKind, StepOutcome, Undo, World};
use crate::engine::{ArchiveError, ArchivedImage, ImageArchive, VolumeStore, load_images};
use crate::upgrade::confine::{Bounds, OutOfBounds};

/// Loads the images that come with a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadImages {
    /// The archive, absolute, or relative where it is in the install.
    pub archive: PathBuf,
    /// The images in the archive, with digests.
    pub images: Vec<ArchivedImage>,
}

impl StepKind for LoadImages {
    fn check(&self, _: World<'_>) -> Result<(), StepError> {
        Ok(())
    }

    fn act(&self, world: World<'_>, _: Attempt) -> Result<StepOutcome, StepError> {
        let path = world.install.root().join(&self.archive);
        let archive = ImageArchive::read(&path, world.progress)?;
        if archive.images != self.images {
            return Err(StepError::FileChanged { path });
        }
        let docker = world.volumes.docker().ok_or(StepError::NoDocker)?;
        load_images(docker, world.disk, &path, &archive, world.progress)?;
        let stat = path.metadata();
        let bytes = stat.map_err(|source| ArchiveError::Unreadable { path, source })?;
        Ok(StepOutcome {
            files: archive.images.len() as u64,
            bytes: bytes.len(),
            ..StepOutcome::default()
        })
    }

    fn confine(&self, _: &Bounds<'_>) -> Result<(), OutOfBounds> {
        // An archive is read, wherever it is.
        Ok(())
    }

    fn check_undo(&self, _: World<'_>, _: Undo) -> Result<(), StepError> {
        Ok(())
    }

    fn undo(&self, _: World<'_>, _: Undo) -> Result<(), StepError> {
        // Images that were loaded stay.
        Ok(())
    }

    fn places(&self, _: World<'_>) -> Vec<PathBuf> {
        Vec::new()
    }

    fn title(&self) -> String {
        // One image can have several names, which is what people count.
        let count: usize = self.images.iter().map(|i| i.names.len().max(1)).sum();
        let images = if count == 1 { "image" } else { "images" };
        format!("load {count} {images} from {}", self.archive.display())
    }

    fn commands(&self, _: &dyn VolumeStore) -> Vec<String> {
        vec![command(["docker", "load", "--input"], [&self.archive])]
    }

    fn phase(&self) -> Phase {
        Phase::Before
    }
}
