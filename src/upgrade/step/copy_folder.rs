//! Copying a folder of the host into the new release, which gets one of its own in its place: the
//! copy is compared with the folder, byte by byte, before it is believed.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StepError;
use super::carry_config::{create_parents, discard, faithful};
use super::copy_volume::require_idle_but;
use super::shell::{command, quote};
use super::world::{self, Attempt, Phase, StepKind, StepOutcome, Undo, UndoEvidence, World};
use crate::engine::{ByPath, VolumeStore};
use crate::launch::CloneBindings;
use crate::tree::{self, Against, CopyOptions, VerifyOptions, VerifyScope};
use crate::upgrade::confine::{self, Bounds, OutOfBounds};
use crate::upgrade::planning::outside::OWN_FOLDER;

/// Copies a folder, or a file, of the host into the new release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyFolder {
    /// What is copied: an absolute path, or one below the old release.
    pub from: PathBuf,
    /// The place below the new release that the copy gets.
    pub to: PathBuf,
    /// The old release's project, which runs until the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
}

impl StepKind for CopyFolder {
    fn check(&self, world: World<'_>) -> Result<(), StepError> {
        let folder = ByPath::volume(&self.source(world)?);
        require_idle_but(self.after.as_deref(), world, &folder)
    }

    fn act(&self, world: World<'_>, attempt: Attempt) -> Result<StepOutcome, StepError> {
        let source = self.source(world)?;
        let target = world::in_release(world, &self.to)?;
        require_idle(self, world)?;
        if target.symlink_metadata().is_ok() {
            if attempt == Attempt::First {
                return Err(StepError::TargetNotEmpty {
                    volume: self.to.display().to_string(),
                    path: target,
                });
            }
            // An interrupted run's own, and perhaps of before the folder was written again.
            discard(world.disk, &target)?;
        }
        let before = as_it_is(&source, world)?;
        create_parents(world, &self.from, &self.to)?;
        let options = CopyOptions::for_entry();
        let copied = tree::copy(world.disk, &source, &target, &options, world.progress)?;
        faithful(copied, || tree::remove(world.disk, &target))?;
        let differences = differences(&source, &target, world)?;
        if !differences.is_empty() {
            discard(world.disk, &target)?;
            return Err(StepError::SourceChanged {
                volume: source.display().to_string(),
                differences,
            });
        }
        let survey = tree::survey(&target)?;
        Ok(StepOutcome {
            files: survey.all_files(),
            bytes: survey.written(),
            sha256: Some(before),
            ..StepOutcome::default()
        })
    }

    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        match self.from.strip_prefix("/") {
            Ok(from) => confine::plain(from, "a folder of the host")?,
            Err(_) => bounds.of_old(&self.from)?,
        }
        bounds.of_new(&self.to)
    }

    fn check_undo(&self, world: World<'_>, undo: Undo) -> Result<(), StepError> {
        world::require_source(world, &self.source(world)?, undo)
    }

    fn undo(&self, world: World<'_>, Undo { evidence, .. }: Undo) -> Result<(), StepError> {
        let target = match world::in_release(world, &self.to) {
            Ok(target) => target,
            // It failed because it would have led out of the release, and did nothing.
            Err(_) if evidence == UndoEvidence::Failed => return Ok(()),
            Err(error) => return Err(error),
        };
        if evidence == UndoEvidence::Failed || target.symlink_metadata().is_err() {
            return self.remove_empty_parents(world, &target);
        }
        let source = self.source(world)?;
        if evidence == UndoEvidence::Unknown && !differences(&source, &target, world)?.is_empty() {
            return Err(StepError::FileChanged { path: target });
        }
        discard(world.disk, &target)?;
        self.remove_empty_parents(world, &target)
    }

    fn places(&self, world: World<'_>) -> Vec<PathBuf> {
        vec![world.install.root().join(&self.to)]
    }

    fn title(&self) -> String {
        format!("copy {} to {}", self.from.display(), self.to.display())
    }

    fn commands(&self, _: &dyn VolumeStore) -> Vec<String> {
        let above = self.to.parent().unwrap_or(Path::new("."));
        vec![
            command(["mkdir", "-p"], [above]),
            format!(
                "transship copy --verify {} {}",
                quote(&self.from),
                quote(&self.to)
            ),
        ]
    }

    fn phase(&self) -> Phase {
        Phase::Window
    }
}

impl CopyFolder {
    /// Removes the folders above the copy that were made for it, as far as nothing else is in them: all
    /// that are below the release's folder of its own copies, and that one.
    fn remove_empty_parents(&self, world: World<'_>, target: &Path) -> Result<(), StepError> {
        let within = Path::new(OWN_FOLDER);
        let inside: PathBuf = self.to.components().skip(2).collect();
        let parents = inside.ancestors().skip(1);
        let made = parents.take_while(|path| path.starts_with(within)).count();
        for folder in target.ancestors().skip(1).take(made) {
            match world.disk.remove_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => break,
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(StepError::io(folder)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What is copied, as an absolute path.
    fn source(&self, world: World<'_>) -> Result<PathBuf, StepError> {
        Ok(CloneBindings::place(world.install, &self.from)?)
    }

    /// It is as it was before it was copied, told by size and times: whoever writes there, a process of the
    /// host, isn't stopped. `was` is what the step told of it then, if it did.
    ///
    /// # Errors
    /// [`StepError::FolderWritten`].
    pub(crate) fn require_unwritten(
        &self,
        world: World<'_>,
        was: Option<&str>,
    ) -> Result<(), StepError> {
        let path = self.source(world)?;
        match was {
            Some(was) if as_it_is(&path, world)? != was => Err(StepError::FolderWritten { path }),
            _ => Ok(()),
        }
    }

    /// Copies again what was written since it was copied; whether anything was. Told by size and times.
    ///
    /// # Errors
    /// [`StepError`]: it is in use, or can't be read or copied.
    pub(crate) fn bring_up_to_date(&self, world: World<'_>) -> Result<bool, StepError> {
        let source = self.source(world)?;
        let target = world::in_release(world, &self.to)?;
        require_idle(self, world)?;
        let options = VerifyOptions {
            scope: VerifyScope::MetadataOnly,
            ..VerifyOptions::default()
        };
        let is_there = target.symlink_metadata().is_ok();
        let tree = Against::Tree(&source);
        if is_there && tree::verify(&target, tree, &options, world.progress)?.is_empty() {
            return Ok(false);
        }
        self.act(world, Attempt::Again)?;
        Ok(true)
    }
}

/// What tells whether it was written since: names, sizes and times, and no content.
fn as_it_is(path: &Path, world: World<'_>) -> Result<String, StepError> {
    let options = VerifyOptions {
        scope: VerifyScope::MetadataOnly,
        ..VerifyOptions::default()
    };
    Ok(tree::manifest_of(path, &options, world.progress)?.digest())
}

fn require_idle(step: &CopyFolder, world: World<'_>) -> Result<(), StepError> {
    let folder = ByPath::volume(&step.source(world)?);
    let users = world.volumes.users(&folder)?;
    Ok(users.writing().require_none(&folder.name)?)
}

fn differences(
    source: &Path,
    target: &Path,
    world: World<'_>,
) -> Result<Vec<tree::Difference>, StepError> {
    let options = VerifyOptions {
        media: true,
        ..VerifyOptions::default()
    };
    Ok(tree::verify(
        target,
        Against::Tree(source),
        &options,
        world.progress,
    )?)
}
