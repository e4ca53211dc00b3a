//! A volume that a run makes: its labels say whose it is from its first moment on, and what was put into it
//! is remembered, so that going back takes nothing else.

use std::path::Path;

use super::StepError;
use super::shell::quote;
use super::world::{self, World};
use crate::engine::{self, LABEL_INSTALL, LABEL_RUN, MadeBy, TargetLabels, Volume};
use crate::upgrade::data_places::is_folder;
use crate::upgrade::made_volume::{MadeVolume, VolumeIdentity};

/// The command that copies data: a new volume is a project's, and a folder nobody's.
pub(super) fn copy_command(
    flags: &[&str],
    (project, key): (&str, Option<&str>),
    [source, target]: [&str; 2],
) -> String {
    let volume = ["transship", "volume", "copy"].into_iter();
    let flags = volume.chain(flags.iter().copied());
    let mut words: Vec<String> = flags.map(str::to_owned).collect();
    let of_project = [Some(("-p", project)), key.map(|key| ("--key", key))];
    let of_project = of_project.into_iter().flatten();
    for (flag, value) in of_project.filter(|_| !is_folder(target)) {
        words.extend([flag.to_owned(), quote(Path::new(value))]);
    }
    words.extend([source, target].map(|name| quote(Path::new(name))));
    words.join(" ")
}

/// What it is labelled with: the compose project, its key there, and the run.
pub(super) fn labels(world: World<'_>, project: &str, key: &str) -> TargetLabels {
    TargetLabels {
        project: Some(project.to_owned()),
        key: Some(key.to_owned()),
        made_by: Some(MadeBy {
            install: world.id.to_owned(),
            run: world.run.to_owned(),
        }),
    }
}

/// The volume must be one that this run made.
pub(super) fn require_labels(world: World<'_>, target: &Volume) -> Result<(), StepError> {
    let own = [(LABEL_INSTALL, world.id), (LABEL_RUN, world.run)];
    let is_ours =
        |(key, own): &(&str, &str)| target.labels.get(*key).is_some_and(|label| label == own);
    if own.iter().all(is_ours) {
        return Ok(());
    }
    Err(StepError::TargetNotOurs {
        volume: target.name.clone(),
        path: target.path.clone(),
    })
}

/// That it may be removed, if it is there.
pub(super) fn check_removal(world: World<'_>, target: &str) -> Result<(), StepError> {
    match world.volumes.find(target)? {
        Some(target) => require_labels(world, &target),
        None => Ok(()),
    }
}

/// Removes it, if it is there, and this run's, and nobody has it.
pub(super) fn remove(world: World<'_>, target: &str) -> Result<(), StepError> {
    let Some(target) = world.volumes.find(target)? else {
        return Ok(());
    };
    require_labels(world, &target)?;
    engine::require_idle(world.volumes, &target)?;
    Ok(world.volumes.remove(world.disk, &target.name)?)
}

/// Remembers which volume was made by which run, of which one, each with its name in the plan: in a
/// rehearsal's clone it has another. What is filled may be put into the place of what was made, and so
/// this comes after it.
pub(super) fn remember(
    world: World<'_>,
    (source_name, source): (&str, &Volume),
    (target_name, target): (&str, &Volume),
) -> Result<(), StepError> {
    let before = MadeVolume::load(world.install, target_name)?;
    let made = MadeVolume {
        above: before.map_or(0, |before| before.above),
        install: world.id.to_owned(),
        run: world.run.to_owned(),
        volume: target_name.to_owned(),
        made: VolumeIdentity::of(world.volumes, target),
        source: source_name.to_owned(),
        copied: VolumeIdentity::of(world.volumes, source),
    };
    world::make_folders(world, &MadeVolume::file(world.install, target_name))?;
    Ok(made.save(world.disk, world.install)?)
}
