//! Loading the images that come with a release into the engine.
//!
//! There is no undo: an image that was loaded is in nobody's way, and may be in use by then,
//! or have been there before under another name.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::StepError;
use super::shell::command;
use super::world::{Attempt, Phase, StepKind, StepOutcome, UndoEvidence, World};
use crate::engine::{ArchiveError, ArchivedImage, ImageArchive, VolumeStore, load_images};

/// Loads the images that come with a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadImages {
    /// The archive, absolute.
    pub archive: PathBuf,
    /// The images in the archive, with digests.
    pub images: Vec<ArchivedImage>,
}

impl StepKind for LoadImages {
    fn check(&self, _: World<'_>) -> Result<(), StepError> {
        Ok(())
    }

    fn act(&self, world: World<'_>, _: Attempt) -> Result<StepOutcome, StepError> {
        let archive = ImageArchive::read(&self.archive, world.progress)?;
        if archive.images != self.images {
            return Err(StepError::FileChanged {
                path: self.archive.clone(),
            });
        }
        let docker = world.volumes.docker().ok_or(StepError::NoDocker)?;
        load_images(docker, world.disk, &self.archive, &archive, world.progress)?;
        let stat = self.archive.metadata();
        let bytes = stat.map_err(|source| ArchiveError::Unreadable {
            path: self.archive.clone(),
            source,
        })?;
        Ok(StepOutcome {
            files: archive.images.len() as u64,
            bytes: bytes.len(),
            ..StepOutcome::default()
        })
    }

    fn check_undo(&self, _: World<'_>) -> Result<(), StepError> {
        Ok(())
    }

    fn undo(&self, _: World<'_>, _: UndoEvidence) -> Result<(), StepError> {
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
