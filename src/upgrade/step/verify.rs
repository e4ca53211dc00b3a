//! Verifying: the copied volume, read back, against the manifest of what was copied.

use super::{Outcome, StepError, Verify, World};
use crate::tree::{Manifest, VerifyOptions, VerifyScope};

pub(super) fn act(step: &Verify, world: World<'_>) -> Result<Outcome, StepError> {
    let missing = || StepError::NoVolume {
        volume: step.volume.clone(),
        place: world.volumes.describe(),
    };
    let volume = world.volumes.find(&step.volume)?.ok_or_else(missing)?;
    let path = world.install.root().join(&step.manifest);
    let manifest = Manifest::load(&path)?;
    // What the page cache holds proves nothing about the disk.
    let options = VerifyOptions {
        media: true,
        ..VerifyOptions::default()
    };
    let contents = world.volumes.contents();
    let differences = contents.verify(&volume, &manifest, &options, world.progress)?;
    if !differences.is_empty() {
        return Err(StepError::Differs {
            volume: step.volume.clone(),
            differences,
        });
    }
    require_unwritten(step, world, &manifest)?;
    let survey = contents.survey(&volume, world.progress)?;
    let sha256 = Some(manifest.digest());
    Ok(Outcome {
        files: survey.files,
        bytes: survey.bytes,
        sha256,
        ..Outcome::default()
    })
}

/// What was copied is what is there still: told by size and times, since the old release
/// may have been started between the copy and now.
fn require_unwritten(
    step: &Verify,
    world: World<'_>,
    manifest: &Manifest,
) -> Result<(), StepError> {
    let missing = || StepError::NoVolume {
        volume: step.source.clone(),
        place: world.volumes.describe(),
    };
    let source = world.volumes.find(&step.source)?.ok_or_else(missing)?;
    let options = VerifyOptions {
        scope: VerifyScope::MetadataOnly,
        ..VerifyOptions::default()
    };
    let contents = world.volumes.contents();
    let differences = contents.verify(&source, manifest, &options, world.progress)?;
    if differences.is_empty() {
        return Ok(());
    }
    Err(StepError::SourceChanged {
        volume: step.source.clone(),
        differences,
    })
}
