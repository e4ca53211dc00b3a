//! Never the last copy: before a copied volume is removed, or the release that it was copied for is
//! left, the old release's volume must be there and be what was copied.

use super::StepError;
use super::copy_volume::CopyVolume;
use super::world::{UndoScope, World};
use crate::engine::{LABEL_INSTALL, LABEL_RUN, Volume};
use crate::tree::{Holds, Manifest, VerifyOptions, VerifyScope};
use crate::upgrade::made_volume::{MadeVolume, VolumeIdentity};

/// The volume must be the very one that this run made.
pub(super) fn require_made(
    step: &CopyVolume,
    world: World<'_>,
    target: &Volume,
) -> Result<(), StepError> {
    let made = MadeVolume::load(world.install, &step.target)?;
    let is_ours = made.as_ref().is_some_and(|made| {
        let labels = [(LABEL_INSTALL, world.id), (LABEL_RUN, world.run)];
        let mut told = labels
            .iter()
            .filter_map(|(key, own)| Some((target.labels.get(*key)?, own)));
        made.install == world.id && made.run == world.run && told.all(|(told, own)| told == own)
    });
    let now = VolumeIdentity::of(world.volumes, target);
    let is_same = made.and_then(|made| made.made.is(&now)) != Some(false);
    // One that came back from a backup is another, and yet nobody else's.
    if is_ours && (is_same || holds_what_was_copied(step, world, target)?) {
        return Ok(());
    }
    Err(StepError::TargetNotOurs {
        volume: target.name.clone(),
        path: target.path.clone(),
    })
}

/// The old release's volume must be there, and be the one that was copied: else the copy may be all
/// that is left of it.
pub(super) fn require_source(
    step: &CopyVolume,
    world: World<'_>,
    target: &Volume,
    scope: UndoScope,
) -> Result<(), StepError> {
    let last_copy = |what| StepError::LastCopy {
        volume: step.source.clone(),
        copy: step.target.clone(),
        what,
    };
    let Some(source) = world.volumes.find(&step.source)? else {
        return Err(last_copy("is gone"));
    };
    let is_empty = world.holds(&source)? == Holds::Nothing;
    let path = world.install.root().join(&step.manifest);
    if !path.exists() {
        // Nothing was copied completely, or it isn't known what.
        return match is_empty && world.holds(target)? != Holds::Nothing {
            true => Err(last_copy("is empty")),
            false => Ok(()),
        };
    }
    let manifest = Manifest::load(&path)?;
    // The folder itself is an entry, too.
    if is_empty && manifest.len() > 1 {
        return Err(last_copy("is empty"));
    }
    let options = VerifyOptions {
        scope: VerifyScope::MetadataOnly,
        ..VerifyOptions::default()
    };
    let contents = world.volumes.contents();
    let differences = contents.verify(&source, &manifest, &options, world.progress)?;
    if differences.is_empty() {
        return Ok(());
    }
    let made = MadeVolume::load(world.install, &step.target)?;
    let now = VolumeIdentity::of(world.volumes, &source);
    let is_same = made.and_then(|made| made.copied.is(&now));
    // One that came back from a backup is another, with other times.
    if is_same != Some(true) && holds_what_was_copied(step, world, &source)? {
        return Ok(());
    }
    match is_same {
        None => Err(last_copy("isn't what was copied, and it isn't known why")),
        Some(false) => Err(last_copy("was made again since it was copied")),
        Some(true) if scope == UndoScope::CompleteRun => {
            Err(last_copy("was written since it was copied"))
        }
        // The old release runs again, or ran.
        Some(true) => Ok(()),
    }
}

/// Whether a volume has the paths and contents that were copied; every file is read.
fn holds_what_was_copied(
    step: &CopyVolume,
    world: World<'_>,
    volume: &Volume,
) -> Result<bool, StepError> {
    let path = world.install.root().join(&step.manifest);
    if !path.exists() {
        return Ok(false);
    }
    let manifest = Manifest::load(&path)?;
    let options = VerifyOptions {
        scope: VerifyScope::ContentOnly,
        ..VerifyOptions::default()
    };
    let contents = world.volumes.contents();
    let differences = contents.verify(volume, &manifest, &options, world.progress)?;
    Ok(differences.is_empty())
}
