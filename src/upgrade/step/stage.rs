//! Staging: the vendor's files become a release folder, complete or not at all.

use std::ffi::OsString;

use super::{Outcome, StageRelease, StepError, World};
use crate::release::{EarlierAttempt, ReleasePlaces, Summary, VendorRelease};
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
    let places = ReleasePlaces {
        release: target,
        pristine: world.install.pristine(&step.version),
    };
    let earlier = if again {
        EarlierAttempt::Interrupted
    } else {
        EarlierAttempt::None
    };
    shipment.stage_with_pristine(world.disk, &places, earlier, world.progress)?;
    let survey = tree::survey(&places.release)?;
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
