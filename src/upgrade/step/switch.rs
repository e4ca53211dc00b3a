//! The switch: `current` from the one release that was planned for to the other.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StepError;
use super::shell::command;
use super::world::{Attempt, Phase, StepKind, StepOutcome, Undo, UndoEvidence, World};
use crate::engine::VolumeStore;
use crate::upgrade::confine::{self, Bounds, OutOfBounds};
use crate::upgrade::request::recorded;

/// Repoints `current`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// What `current` holds now; absent when there is no `current`.
    pub from: Option<PathBuf>,
    /// What `current` will hold.
    pub to: PathBuf,
}

impl StepKind for Switch {
    fn check(&self, _: World<'_>) -> Result<(), StepError> {
        Ok(())
    }

    fn act(&self, world: World<'_>, _: Attempt) -> Result<StepOutcome, StepError> {
        let now = read(world)?;
        if now.as_ref() != Some(&self.to) {
            if now != self.from {
                return Err(StepError::CurrentMoved {
                    link: world.install.current_link(),
                    now,
                });
            }
            repoint(world, &self.to)?;
        }
        Ok(StepOutcome::default())
    }

    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        bounds.new_folder(&self.to)?;
        // Whatever is current when an upgrade from another release is asked for.
        self.from.as_deref().map_or(Ok(()), confine::release)
    }

    fn check_undo(&self, _: World<'_>, _: Undo) -> Result<(), StepError> {
        Ok(())
    }

    fn undo(&self, world: World<'_>, undo: Undo) -> Result<(), StepError> {
        let now = read(world)?;
        let is_ours = now.as_ref() == Some(&self.to);
        // Where it failed since somebody else had repointed it, nothing was done.
        if now == self.from || (undo.evidence == UndoEvidence::Failed && !is_ours) {
            return Ok(());
        }
        if now.as_ref() != Some(&self.to) {
            return Err(StepError::CurrentMoved {
                link: world.install.current_link(),
                now,
            });
        }
        if let Some(from) = &self.from {
            return repoint(world, from);
        }
        let link = world.install.current_link();
        world.disk.remove_file(&link).map_err(StepError::io(&link))
    }

    fn places(&self, world: World<'_>) -> Vec<PathBuf> {
        vec![world.install.root().join("switch")]
    }

    fn title(&self) -> String {
        format!("switch current to {}", self.to.display())
    }

    fn commands(&self, _: &dyn VolumeStore) -> Vec<String> {
        vec![
            command(["ln", "-s"], [self.to.as_path(), Path::new("current.new")]),
            "mv -T current.new current".into(),
        ]
    }

    fn phase(&self) -> Phase {
        Phase::Window
    }
}

/// Points `current` to a release, which must be there.
fn repoint(world: World<'_>, to: &Path) -> Result<(), StepError> {
    let link = world.install.current_link();
    let folder = world.install.root().join(to);
    if !folder.is_dir() {
        return Err(StepError::OldGone { path: folder });
    }
    world.disk.switch(&link, to).map_err(StepError::io(&link))
}

/// The release that `current` leads to, as it is written here: relative, however the link is.
fn read(world: World<'_>) -> Result<Option<PathBuf>, StepError> {
    let link = world.install.current_link();
    match fs::read_link(&link) {
        Ok(target) => Ok(Some(recorded(world.install, &target))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StepError::io(&link)(error)),
    }
}
