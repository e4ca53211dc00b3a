//! Copying a volume: the new one is made with labels of its own, filled with everything
//! that the old one holds, and described by a manifest taken from the bytes that passed.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StepError;
use super::last_copy;
use super::run_volume::{copy_command, labels, remember, require_labels};
use super::shell::{command, quote};
use super::world::{
    self, Attempt, Phase, StepKind, StepOutcome, Undo, UndoEvidence, UndoScope, World,
};
use crate::database;
use crate::engine::{self, CopyEnd, CopyPair, FoundEnd, NewVolume, Volume, VolumeStore};
use crate::tree::{self, CopyOptions, Holds, Manifest, ManifestFormat, Removals, VerifyOptions};
use crate::upgrade::confine::{Bounds, OutOfBounds};
use crate::upgrade::data_places::{DataPlaces, is_folder, path_from_install, told, told_beside};
use crate::upgrade::known_copy::{self, KnownCopy};
use crate::upgrade::made_volume::MadeVolume;

/// Copies a volume, with a manifest of what was copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyVolume {
    /// The volume's key in the compose file.
    pub key: String,
    /// The real name of the old release's volume.
    pub source: String,
    /// The real name of the new one's.
    pub target: String,
    /// The compose project that the new volume belongs to.
    pub project: String,
    /// The manifest's file, below the install.
    pub manifest: PathBuf,
    /// The old release's project, which runs until the window: the new volume then holds a copy that
    /// was made meanwhile, and is brought up to date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl StepKind for CopyVolume {
    fn check(&self, world: World<'_>) -> Result<(), StepError> {
        match world.volumes.find(&self.source)? {
            Some(source) => require_idle_but(self.after.as_deref(), world, &source),
            None => Ok(()),
        }
    }

    fn act(&self, world: World<'_>, attempt: Attempt) -> Result<StepOutcome, StepError> {
        if self.after.is_some() {
            return update(self, world);
        }
        let source = world.volumes.existing(&self.source)?;
        engine::require_idle(world.volumes, &source)?;
        let FoundEnd {
            volume: target,
            is_new,
            ..
        } = self
            .target(world)
            .find_or_make(world.disk, &labels(world, &self.project, &self.key))?;
        match world.holds(&target)? {
            Holds::Nothing => {}
            // An interrupted run's own: what there is of it is removed by the copy.
            Holds::Part if attempt == Attempt::Again => {}
            Holds::Something if attempt == Attempt::Again => {
                return accept(self, world, &source, &target);
            }
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
        let pair = CopyPair {
            source: &source,
            target: &target,
        };
        let copied = world
            .volumes
            .contents()
            .copy(world.disk, pair, &options, world.progress);
        let done = copied.map_err(StepError::from).and_then(|copied| {
            if copied.problems.is_empty() {
                remember(world, (&self.source, &source), (&self.target, &target))?;
                save(self, world, copied.manifest.as_ref())
                    .map(|sha256| (copied.counts.all_files(), copied.counts.written(), sha256))
            } else {
                Err(StepError::NotKept {
                    problems: copied.problems,
                })
            }
        });
        let (files, bytes, sha256) = done.inspect_err(|_| take_back(world, &target, is_new))?;
        Ok(StepOutcome {
            files,
            bytes,
            sha256,
            ..StepOutcome::default()
        })
    }

    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        bounds.data_of_old(&self.source)?;
        bounds.data_of_new(&self.target)?;
        bounds.kept_of_new(&self.manifest, "manifests")
    }

    fn check_undo(&self, world: World<'_>, undo: Undo) -> Result<(), StepError> {
        if undo.evidence == UndoEvidence::Failed {
            return Ok(());
        }
        let Some(target) = world.volumes.find(&self.target)? else {
            return Ok(());
        };
        if undo.scope != UndoScope::Switch {
            let project = self.after.as_ref().map(|_| self.project.as_str());
            require_idle_but(project, world, &target)?;
            if undo.evidence == UndoEvidence::Done {
                last_copy::require_made(self, world, &target)?;
            }
        }
        last_copy::require_source(self, world, &target, undo.scope)
    }

    fn undo(&self, world: World<'_>, Undo { evidence, .. }: Undo) -> Result<(), StepError> {
        if self.after.is_some() {
            // It was there before, made by the step that copied while the old release ran.
            return Ok(());
        }
        if evidence == UndoEvidence::Failed {
            // A failed call has removed what it made, and what is there may be another's.
            let is_gone = is_folder(&self.target) && world.volumes.find(&self.target)?.is_none();
            return match is_gone {
                true => forget(world, &self.manifest, &self.target),
                false => Ok(()),
            };
        }
        let Some(target) = world.volumes.find(&self.target)? else {
            return forget(world, &self.manifest, &self.target);
        };
        engine::require_idle(world.volumes, &target)?;
        if evidence == UndoEvidence::Done {
            last_copy::require_made(self, world, &target)?;
        }
        if evidence == UndoEvidence::Unknown && world.holds(&target)? == Holds::Something {
            let source = world.volumes.existing(&self.source)?;
            require_equal(world, &source, &target)?;
        }
        world.volumes.remove(world.disk, &target.name)?;
        forget(world, &self.manifest, &self.target)
    }

    fn places(&self, world: World<'_>) -> Vec<PathBuf> {
        let volume = world.volumes.path_of(&self.target);
        let manifest = world.install.root().join(&self.manifest);
        volume.into_iter().chain([manifest]).collect()
    }

    fn title(&self) -> String {
        match self.after {
            None => format!(
                "copy {} to {}",
                told(&self.source),
                told_beside(&self.target, &self.source)
            ),
            Some(_) => format!(
                "bring {} up to date with {}",
                told(&self.target),
                told_beside(&self.source, &self.target)
            ),
        }
    }

    fn commands(&self, volumes: &dyn VolumeStore) -> Vec<String> {
        let ends = [&*self.source, &*self.target];
        if self.after.is_some() {
            let flags = ["--update", "--delete-all"];
            return vec![copy_command(&flags, (&self.project, None), ends)];
        }
        let new = NewVolume {
            name: self.target.clone(),
            project: self.project.clone(),
            key: self.key.clone(),
            made_by: None,
        };
        let [Some(source), Some(target)] = ends.map(|name| path_from_install(volumes, name)) else {
            let of_project = (&*self.project, Some(&*self.key));
            return vec![copy_command(&["--verify"], of_project, ends)];
        };
        let folder = self.manifest.parent().unwrap_or(Path::new("."));
        let list = command(["transship", "manifest"], [&source]);
        let made = match is_folder(&self.target) {
            true => command(["mkdir", "-p"], [&target]),
            false => volumes.create_command(&new),
        };
        vec![
            made,
            command(["transship", "copy"], [&source, &target]),
            command(["mkdir", "-p"], [folder]),
            format!("{list} -o {}", quote(&self.manifest)),
        ]
    }

    fn phase(&self) -> Phase {
        Phase::Window
    }
}

impl CopyVolume {
    fn target<'a>(&self, world: World<'a>) -> CopyEnd<'a> {
        CopyEnd::Volume {
            store: world.volumes,
            name: self.target.clone(),
        }
    }
}

/// What is known of a volume that is gone would tell lies about the next one of its name.
pub(super) fn forget(world: World<'_>, manifest: &Path, volume: &str) -> Result<(), StepError> {
    let root = world.install.root();
    if is_folder(volume) {
        let (install, volumes) = (world.install, world.volumes);
        DataPlaces { install, volumes }.remove_above(world.disk, volume)?;
    }
    let known = root.join(known_copy::file(manifest));
    let made = MadeVolume::file(world.install, volume);
    for path in [root.join(manifest), known, made] {
        world::forget_file(world, &path)?;
    }
    Ok(())
}

/// The users of a volume that would stand against it, without those of a project that is stopped by
/// then.
pub(super) fn require_idle_but(
    project: Option<&str>,
    world: World<'_>,
    volume: &Volume,
) -> Result<(), StepError> {
    let mut users = world.volumes.users(volume)?.writing();
    users
        .found
        .retain(|user| project.is_none() || user.project.as_deref() != project);
    Ok(users.require_none(&volume.name)?)
}

/// Brings a copy up to date that was made while the old release ran: by content where a database may
/// have written without a trace in the times of its files.
fn update(step: &CopyVolume, world: World<'_>) -> Result<StepOutcome, StepError> {
    // Nobody is served meanwhile, and each question takes its time.
    let [source, target] = &engine::both_existing(world.volumes, [&step.source, &step.target])?;
    require_labels(world, target)?;
    engine::require_all_idle(world.volumes, &[source, target])?;
    let contents = world.volumes.contents();
    let paths = contents.path(source).zip(contents.path(target));
    let known = KnownCopy::load(world.install, &step.manifest).filter(|_| paths.is_some());
    let copied = if let Some((from, to)) = paths {
        let options = CopyOptions {
            removals: Removals::All,
            checksum: known.is_some()
                || database::inspect(from).map_or(true, |found| !found.databases.is_empty()),
            known: known.clone(),
            ..CopyOptions::default()
        };
        tree::update(world.disk, from, to, &options, world.progress)?.copied
    } else {
        let (from, to) = ((contents, source), (contents, target));
        engine::transfer(world.disk, from, to, true, world.progress)?
    };
    if !copied.problems.is_empty() {
        return Err(StepError::NotKept {
            problems: copied.problems,
        });
    }
    let options = VerifyOptions {
        known: known.map(|known| known.source),
        ..VerifyOptions::default()
    };
    let manifest = contents.observe(source, &options, world.progress)?;
    remember(world, (&step.source, source), (&step.target, target))?;
    let sha256 = save(step, world, Some(&manifest))?;
    Ok(StepOutcome {
        files: copied.counts.all_files(),
        bytes: copied.counts.written(),
        sha256,
        ..StepOutcome::default()
    })
}

/// A copy that an interrupted run completed without having said so: it is compared with
/// its source before it is believed.
fn accept(
    step: &CopyVolume,
    world: World<'_>,
    source: &Volume,
    target: &Volume,
) -> Result<StepOutcome, StepError> {
    require_equal(world, source, target)?;
    let contents = world.volumes.contents();
    let manifest = contents.observe(target, &VerifyOptions::default(), world.progress)?;
    let survey = contents.survey(target, world.progress)?;
    remember(world, (&step.source, source), (&step.target, target))?;
    let sha256 = save(step, world, Some(&manifest))?;
    Ok(StepOutcome {
        files: survey.all_files(),
        bytes: survey.written(),
        sha256,
        ..StepOutcome::default()
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

fn save(
    step: &CopyVolume,
    world: World<'_>,
    manifest: Option<&Manifest>,
) -> Result<Option<String>, StepError> {
    let Some(manifest) = manifest else {
        return Ok(None);
    };
    let path = world.install.root().join(&step.manifest);
    world::make_folders(world, &path)?;
    let mut text = Vec::new();
    manifest
        .write(ManifestFormat::Mtree, &mut text)
        .map_err(StepError::io(&path))?;
    world.disk.save(&path, &text)?;
    Ok(Some(manifest.digest()))
}

/// After a failure the volume is as it was: not there, or empty.
pub(super) fn take_back(world: World<'_>, target: &Volume, is_new: bool) {
    // The failure itself is what there is to tell; `undo` looks again at what stays.
    if is_new {
        let _ = world.volumes.remove(world.disk, &target.name);
    } else if world
        .holds(target)
        .is_ok_and(|holds| holds != Holds::Nothing)
    {
        let _ = world.volumes.contents().clear(world.disk, target);
    }
}
