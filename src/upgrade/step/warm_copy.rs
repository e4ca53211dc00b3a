//! A first copy of a volume while the old release still writes it: what changes later, the copy in the
//! window brings up to date, so that the services stand still for what changed and not for all of it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StepError;
use super::copy_volume::{forget, take_back};
use super::run_volume::{check_removal, copy_command, labels, remove};
use super::world::{self, Attempt, Phase, StepKind, StepOutcome, Undo, World};
use crate::engine::{CopyEnd, CopyPair, Volume, VolumeStore};
use crate::tree::{self, CopyOptions, Holds, KnownFiles, Writers};
use crate::upgrade::confine::{Bounds, OutOfBounds};
use crate::upgrade::data_places::{told, told_beside};
use crate::upgrade::known_copy::KnownCopy;

/// Makes a volume, and copies into it what another holds by now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarmCopy {
    /// The volume's key in the compose file.
    pub key: String,
    /// The real name of the old release's volume.
    pub source: String,
    /// The real name of the new one's.
    pub target: String,
    /// The compose project that the new volume belongs to.
    pub project: String,
    /// The manifest's file, below the install, that the copy in the window writes.
    pub manifest: PathBuf,
}

impl StepKind for WarmCopy {
    fn check(&self, _: World<'_>) -> Result<(), StepError> {
        Ok(())
    }

    fn act(&self, world: World<'_>, attempt: Attempt) -> Result<StepOutcome, StepError> {
        let source = world.volumes.existing(&self.source)?;
        let end = CopyEnd::Volume {
            store: world.volumes,
            name: self.target.clone(),
        };
        let found = end.find_or_make(world.disk, &labels(world, &self.project, &self.key))?;
        let target = &found.volume;
        match world.holds(target)? {
            Holds::Nothing => {}
            Holds::Part if attempt == Attempt::Again => {}
            // Complete, or on the way; what it lacks the copy in the window brings.
            Holds::Something if attempt == Attempt::Again => {
                learn(self, world, &source, target)?;
                return Ok(StepOutcome::default());
            }
            Holds::Part | Holds::Something => {
                return Err(StepError::TargetNotEmpty {
                    volume: target.name.clone(),
                    path: target.path.clone(),
                });
            }
        }
        let options = CopyOptions {
            live: true,
            ..CopyOptions::default()
        };
        let pair = CopyPair {
            source: &source,
            target,
        };
        let contents = world.volumes.contents();
        // What changed meanwhile, or couldn't be kept, is told by the copy that counts.
        let copied = contents.copy(world.disk, pair, &options, world.progress);
        let copied = copied.inspect_err(|_| take_back(world, target, found.is_new))?;
        learn(self, world, &source, target)?;
        Ok(StepOutcome {
            files: copied.counts.all_files(),
            bytes: copied.counts.written(),
            ..StepOutcome::default()
        })
    }

    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        bounds.data_of_old(&self.source)?;
        bounds.data_of_new(&self.target)?;
        bounds.kept_of_new(&self.manifest, "manifests")
    }

    fn check_undo(&self, world: World<'_>, _: Undo) -> Result<(), StepError> {
        check_removal(world, &self.target)
    }

    fn undo(&self, world: World<'_>, _: Undo) -> Result<(), StepError> {
        remove(world, &self.target)?;
        forget(world, &self.manifest, &self.target)
    }

    fn places(&self, world: World<'_>) -> Vec<PathBuf> {
        let manifest = world.install.root().join(&self.manifest);
        let volume = world.volumes.path_of(&self.target);
        volume.into_iter().chain([manifest]).collect()
    }

    fn title(&self) -> String {
        format!(
            "copy {} to {}, as it is by now",
            told(&self.source),
            told_beside(&self.target, &self.source)
        )
    }

    fn commands(&self, _: &dyn VolumeStore) -> Vec<String> {
        let of_project = (&*self.project, Some(&*self.key));
        let ends = [&*self.source, &*self.target];
        vec![copy_command(&["--live"], of_project, ends)]
    }

    fn phase(&self) -> Phase {
        Phase::Before
    }
}

/// Reads source and copy while there is time for it, the copy from the medium. What can't be read now
/// the window reads.
fn learn(
    step: &WarmCopy,
    world: World<'_>,
    source: &Volume,
    target: &Volume,
) -> Result<(), StepError> {
    let contents = world.volumes.contents();
    let Some((from, to)) = contents.path(source).zip(contents.path(target)) else {
        return Ok(());
    };
    let of = |path: &Path, writers, media| match KnownFiles::of(
        world.disk,
        path,
        writers,
        media,
        world.progress,
    ) {
        Err(error @ tree::Error::Interrupted) => Err(error),
        known => Ok(known.unwrap_or_default()),
    };
    let known = KnownCopy {
        source: of(from, Writers::Some, false)?,
        target: of(to, Writers::None, true)?,
    };
    if known.source.is_empty() || known.target.is_empty() {
        return Ok(());
    }
    world::make_folders(world, &world.install.root().join(&step.manifest))?;
    Ok(known.save(world.disk, world.install, &step.manifest)?)
}
