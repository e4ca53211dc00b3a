//! Copying a volume: the new one is made with labels of its own, filled with everything
//! that the old one holds, and described by a manifest taken from the bytes that passed.

use std::io;

use super::{CopyVolume, Outcome, StepError, Undoing, World};
use crate::engine::{NewVolume, User, Volume, VolumeStore};
use crate::tree::{CopyOptions, Holds, Manifest, ManifestFormat, VerifyOptions};

pub(super) fn act(step: &CopyVolume, world: World<'_>, again: bool) -> Result<Outcome, StepError> {
    let source = existing(world, &step.source)?;
    require_idle(world.volumes, &source)?;
    let found = world.volumes.find(&step.target)?;
    let ours = found.is_none();
    let target = match found {
        Some(target) => target,
        None => create(step, world)?,
    };
    match holds(world, &target)? {
        Holds::Nothing => {}
        // An interrupted run's own: what there is of it is removed by the copy.
        Holds::Part if again => {}
        Holds::Something if again => return accept(step, world, &source, &target),
        Holds::Part | Holds::Something => {
            return Err(StepError::TargetNotEmpty {
                volume: target.name,
                path: target.path,
            });
        }
    }
    let options = CopyOptions {
        digest: true,
        ..CopyOptions::default()
    };
    let pair = (&source, &target);
    let copied = world
        .volumes
        .contents()
        .copy(world.disk, pair, &options, world.progress);
    let done = copied.map_err(StepError::from).and_then(|copied| {
        if copied.problems.is_empty() {
            save(step, world, copied.manifest.as_ref())
                .map(|sha256| (copied.counts.files, copied.counts.bytes, sha256))
        } else {
            Err(StepError::NotKept {
                problems: copied.problems,
            })
        }
    });
    let (files, bytes, sha256) = done.inspect_err(|_| take_back(world, &target, ours))?;
    Ok(Outcome {
        files,
        bytes,
        sha256,
        ..Outcome::default()
    })
}

pub(super) fn undo(step: &CopyVolume, world: World<'_>, known: Undoing) -> Result<(), StepError> {
    let Some(target) = world.volumes.find(&step.target)? else {
        return forget_manifest(step, world);
    };
    require_idle(world.volumes, &target)?;
    if known == Undoing::Unknown && holds(world, &target)? == Holds::Something {
        let source = existing(world, &step.source)?;
        require_equal(world, &source, &target)?;
    }
    world.volumes.remove(world.disk, &target.name)?;
    forget_manifest(step, world)
}

/// The manifest of a volume that is gone would tell lies about the next one of its name.
fn forget_manifest(step: &CopyVolume, world: World<'_>) -> Result<(), StepError> {
    let path = world.install.root().join(&step.manifest);
    match world.disk.remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StepError::io(&path)(error)),
        _ => Ok(()),
    }
}

/// A copy that an interrupted run completed without having said so: it is compared with
/// its source before it is believed.
fn accept(
    step: &CopyVolume,
    world: World<'_>,
    source: &Volume,
    target: &Volume,
) -> Result<Outcome, StepError> {
    require_equal(world, source, target)?;
    let contents = world.volumes.contents();
    let manifest = contents.observe(target, &VerifyOptions::default(), world.progress)?;
    let survey = contents.survey(target, world.progress)?;
    let sha256 = save(step, world, Some(&manifest))?;
    Ok(Outcome {
        files: survey.files,
        bytes: survey.bytes,
        sha256,
        ..Outcome::default()
    })
}

fn require_equal(world: World<'_>, source: &Volume, target: &Volume) -> Result<(), StepError> {
    let contents = world.volumes.contents();
    let options = VerifyOptions::default();
    let expected = contents.observe(source, &options, world.progress)?;
    let differences = contents.verify(target, &expected, &options, world.progress)?;
    if differences.is_empty() {
        return Ok(());
    }
    Err(StepError::TargetNotOurs {
        volume: target.name.clone(),
        path: target.path.clone(),
    })
}

fn existing(world: World<'_>, name: &str) -> Result<Volume, StepError> {
    let missing = || StepError::NoVolume {
        volume: name.to_owned(),
        place: world.volumes.describe(),
    };
    world.volumes.find(name)?.ok_or_else(missing)
}

/// A volume that something writes can be neither copied nor removed.
pub(super) fn require_idle(volumes: &dyn VolumeStore, volume: &Volume) -> Result<(), StepError> {
    let users = volumes.users(volume)?;
    let writing: Vec<User> = users.into_iter().filter(User::is_writing).collect();
    if writing.is_empty() {
        Ok(())
    } else {
        Err(StepError::InUse {
            volume: volume.name.clone(),
            users: writing,
        })
    }
}

fn save(
    step: &CopyVolume,
    world: World<'_>,
    manifest: Option<&Manifest>,
) -> Result<Option<String>, StepError> {
    let Some(manifest) = manifest else {
        return Ok(None);
    };
    let path = world.install.root().join(&step.manifest);
    super::make_folders(world, &path)?;
    let mut text = Vec::new();
    manifest
        .write(ManifestFormat::Mtree, &mut text)
        .map_err(StepError::io(&path))?;
    world.disk.save(&path, &text)?;
    Ok(Some(manifest.digest()))
}

/// After a failure the volume is as it was: not there, or empty.
fn take_back(world: World<'_>, target: &Volume, ours: bool) {
    // The failure itself is what there is to tell; `undo` looks again at what stays.
    if ours {
        let _ = world.volumes.remove(world.disk, &target.name);
    } else if holds(world, target).is_ok_and(|holds| holds != Holds::Nothing) {
        let _ = world.volumes.contents().clear(world.disk, target);
    }
}

/// Makes the volume. What a failure leaves of it is empty, and goes.
fn create(step: &CopyVolume, world: World<'_>) -> Result<Volume, StepError> {
    let made = world.volumes.create(world.disk, &new_volume(step));
    if made.is_err()
        && let Ok(Some(left)) = world.volumes.find(&step.target)
        && holds(world, &left).is_ok_and(|holds| holds == Holds::Nothing)
    {
        // The failure is what there is to tell; an empty volume does no harm.
        let _ = world.volumes.remove(world.disk, &step.target);
    }
    Ok(made?)
}

fn new_volume(step: &CopyVolume) -> NewVolume {
    NewVolume {
        name: step.target.clone(),
        project: step.project.clone(),
        key: step.key.clone(),
    }
}

fn holds(world: World<'_>, volume: &Volume) -> Result<Holds, StepError> {
    Ok(world.volumes.contents().holds(volume, world.progress)?)
}
