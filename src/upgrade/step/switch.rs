//! The switch: `current` from the one release that was planned for to the other.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Outcome, StepError, Switch, World};

pub(super) fn act(step: &Switch, world: World<'_>) -> Result<Outcome, StepError> {
    let now = read(world)?;
    if now.as_ref() != Some(&step.to) {
        if now != step.from {
            return Err(StepError::CurrentMoved {
                link: world.install.current_link(),
                now,
            });
        }
        repoint(world, &step.to)?;
    }
    Ok(Outcome::default())
}

pub(super) fn undo(step: &Switch, world: World<'_>) -> Result<(), StepError> {
    let now = read(world)?;
    if now == step.from {
        return Ok(());
    }
    if now.as_ref() != Some(&step.to) {
        return Err(StepError::CurrentMoved {
            link: world.install.current_link(),
            now,
        });
    }
    if let Some(from) = &step.from {
        return repoint(world, from);
    }
    let link = world.install.current_link();
    world.disk.remove_file(&link).map_err(StepError::io(&link))
}

fn repoint(world: World<'_>, to: &Path) -> Result<(), StepError> {
    let link = world.install.current_link();
    world.disk.switch(&link, to).map_err(StepError::io(&link))
}

fn read(world: World<'_>) -> Result<Option<PathBuf>, StepError> {
    let link = world.install.current_link();
    match fs::read_link(&link) {
        Ok(target) => Ok(Some(target)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StepError::io(&link)(error)),
    }
}
