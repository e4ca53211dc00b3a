//! Staging: the vendor's files become a release folder, complete or not at all.

use std::ffi::OsString;

use super::{Outcome, StageRelease, StepError, World};
use crate::release::{Summary, VendorRelease};
use crate::tree;

pub(super) fn act(
    step: &StageRelease,
    world: World<'_>,
    again: bool,
) -> Result<Outcome, StepError> {
    let target = world.install.root().join(&step.target);
    let shipment = VendorRelease {
        path: step.shipment.clone(),
        kind: step.form,
        sha256: step.sha256.clone(),
        top: step.top.as_ref().map(OsString::from),
        summary: Summary::default(),
    };
    // The copy for later comparison comes first: where there is a release, there is that.
    let pristine = world.install.pristine(&step.version);
    if !(again && pristine.is_dir()) {
        if pristine.symlink_metadata().is_ok() {
            tree::remove(world.disk, &pristine).map_err(StepError::io(&pristine))?;
        }
        super::make_folders(world, &pristine)?;
        shipment.keep_pristine(world.disk, &pristine)?;
    }
    // The folder appears by a rename when it is complete, so one that is there after a
    // crash is done.
    if !(again && target.is_dir())
        && let Err(error) = shipment.stage(world.disk, &target, world.progress)
    {
        // The failure is what there is to tell.
        let _ = tree::remove(world.disk, &pristine);
        return Err(error.into());
    }
    let survey = tree::survey(&target)?;
    Ok(Outcome {
        files: survey.files,
        bytes: survey.bytes,
        ..Outcome::default()
    })
}

pub(super) fn undo(step: &StageRelease, world: World<'_>) -> Result<(), StepError> {
    let target = world.install.root().join(&step.target);
    for made in [target, world.install.pristine(&step.version)] {
        if made.symlink_metadata().is_ok() {
            tree::remove(world.disk, &made).map_err(StepError::io(&made))?;
        }
    }
    Ok(())
}
