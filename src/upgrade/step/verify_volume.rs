//! Verifying: the copied volume, read back, against the manifest of what was copied.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::StepError;
use super::shell::command;
use super::world::{Attempt, Phase, StepKind, StepOutcome, Undo, World};
use crate::engine::{self, Volume, VolumeStore};
use crate::tree::{Manifest, VerifyOptions, VerifyScope};
use crate::upgrade::confine::{Bounds, OutOfBounds};
use crate::upgrade::data_places::{path_from_install, told};
use crate::upgrade::known_copy::KnownCopy;

/// Compares a copied volume, read back, with its manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyVolume {
    /// The real name of the volume that was copied.
    pub source: String,
    /// The real name of the copied volume.
    pub volume: String,
    /// The manifest to hold it against.
    pub manifest: PathBuf,
}

impl StepKind for VerifyVolume {
    fn check(&self, _: World<'_>) -> Result<(), StepError> {
        Ok(())
    }

    fn act(&self, world: World<'_>, _: Attempt) -> Result<StepOutcome, StepError> {
        let [volume, source] = engine::both_existing(world.volumes, [&self.volume, &self.source])?;
        let path = world.install.root().join(&self.manifest);
        let manifest = Manifest::load(&path)?;
        // What the page cache holds proves nothing about the disk. What was read back from it before
        // the window, and wasn't written since, needn't be read again.
        let known = KnownCopy::load(world.install, &self.manifest);
        let options = VerifyOptions {
            media: true,
            known: known.map(|known| known.target),
            ..VerifyOptions::default()
        };
        let contents = world.volumes.contents();
        let differences = contents.verify(&volume, &manifest, &options, world.progress)?;
        if !differences.is_empty() {
            return Err(StepError::Differs {
                volume: self.volume.clone(),
                differences,
            });
        }
        self.require_as_in(world, &source, &manifest)?;
        let survey = contents.survey(&volume, world.progress)?;
        let sha256 = Some(manifest.digest());
        Ok(StepOutcome {
            files: survey.all_files(),
            bytes: survey.bytes,
            sha256,
            ..StepOutcome::default()
        })
    }

    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        bounds.data_of_old(&self.source)?;
        bounds.data_of_new(&self.volume)?;
        bounds.kept_of_new(&self.manifest, "manifests")
    }

    fn check_undo(&self, _: World<'_>, _: Undo) -> Result<(), StepError> {
        Ok(())
    }

    fn undo(&self, _: World<'_>, _: Undo) -> Result<(), StepError> {
        // A comparison has no effect.
        Ok(())
    }

    fn places(&self, _: World<'_>) -> Vec<PathBuf> {
        Vec::new()
    }

    fn title(&self) -> String {
        format!("verify {}", told(&self.volume))
    }

    fn commands(&self, volumes: &dyn VolumeStore) -> Vec<String> {
        match path_from_install(volumes, &self.volume) {
            Some(path) => vec![command(["transship", "verify"], [&path, &self.manifest])],
            // Done by the copy that is shown.
            None => Vec::new(),
        }
    }

    fn phase(&self) -> Phase {
        Phase::Window
    }
}

impl VerifyVolume {
    /// What was copied is what is there still: told by size and times, since the old release may have
    /// been started between the copy and now.
    ///
    /// # Errors
    /// [`StepError::SourceChanged`].
    pub(in crate::upgrade) fn require_unwritten(&self, world: World<'_>) -> Result<(), StepError> {
        let path = world.install.root().join(&self.manifest);
        let source = world.volumes.existing(&self.source)?;
        self.require_as_in(world, &source, &Manifest::load(&path)?)
    }

    fn require_as_in(
        &self,
        world: World<'_>,
        source: &Volume,
        manifest: &Manifest,
    ) -> Result<(), StepError> {
        let options = VerifyOptions {
            scope: VerifyScope::MetadataOnly,
            ..VerifyOptions::default()
        };
        let contents = world.volumes.contents();
        let differences = contents.verify(source, manifest, &options, world.progress)?;
        if differences.is_empty() {
            return Ok(());
        }
        Err(StepError::SourceChanged {
            volume: self.source.clone(),
            differences,
        })
    }
}
