//! Staging: the vendor's files become a release folder, complete or not at all.

use std::ffi::OsString;

use super::{Outcome, StageRelease, StepError, World};
use crate::release::{Shipment, Summary};
use crate::tree;

pub(super) fn act(
    step: &StageRelease,
    world: World<'_>,
    again: bool,
) -> Result<Outcome, StepError> {
    let target = world.install.root().join(&step.target);
    // The folder appears by a rename when it is complete, so one that is there after a
    // crash is done.
    if !(again && target.is_dir()) {
        let shipment = Shipment {
            path: step.shipment.clone(),
            kind: step.form,
            sha256: step.sha256.clone(),
            top: step.top.as_ref().map(OsString::from),
            summary: Summary::default(),
        };
        shipment.stage(world.disk, &target, world.progress)?;
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
    if target.symlink_metadata().is_err() {
        return Ok(());
    }
    tree::remove(world.disk, &target).map_err(StepError::io(&target))
}
