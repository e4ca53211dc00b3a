//! Editing a compose file: from the one content that was planned for to the one that was
//! shown, or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{EditCompose, Outcome, StepError, Undoing, World};
use crate::compose;
use crate::tree::Digest;

pub(super) fn act(step: &EditCompose, world: World<'_>) -> Result<Outcome, StepError> {
    let path = real_file(world, &step.file)?;
    let before = fs::read(&path).map_err(StepError::io(&path))?;
    let done = Outcome {
        files: 1,
        bytes: before.len() as u64,
        ..Outcome::default()
    };
    let digest = Digest::of(&before).to_string();
    if digest == step.after {
        return Ok(done);
    }
    if digest != step.before {
        return Err(StepError::FileChanged { path });
    }
    let after = compose::edit_for_release(&path, &before, &step.images, &step.prefix)?.bytes;
    if Digest::of(&after).to_string() != step.after {
        return Err(StepError::EditDiffers { path });
    }
    keep(world, &step.file, &before)?;
    world.disk.replace(&path, &before, &after)?;
    Ok(done)
}

pub(super) fn undo(step: &EditCompose, world: World<'_>, known: Undoing) -> Result<(), StepError> {
    let path = real_file(world, &step.file)?;
    let now = match fs::read(&path) {
        Ok(now) => now,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StepError::io(&path)(error)),
    };
    let digest = Digest::of(&now).to_string();
    if digest == step.before {
        return Ok(());
    }
    if digest != step.after {
        // A failed edit may have failed because the file is another's by now.
        return match known {
            Undoing::Failed => Ok(()),
            Undoing::Done | Undoing::Unknown => Err(StepError::FileChanged { path }),
        };
    }
    let kept = world.kept(&step.file);
    let original = fs::read(&kept).map_err(StepError::io(&kept))?;
    Ok(world.disk.replace(&path, &now, &original)?)
}

/// The file's path, which neither it nor a folder above leads out of the release.
fn real_file(world: World<'_>, file: &Path) -> Result<PathBuf, StepError> {
    let path = super::in_release(world, file)?;
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_symlink() => Err(StepError::Outside { path }),
        _ => Ok(path),
    }
}

/// Keeps the original for undo.
fn keep(world: World<'_>, file: &Path, content: &[u8]) -> Result<(), StepError> {
    let kept = world.kept(file);
    super::make_folders(world, &kept)?;
    Ok(world.disk.save(&kept, content)?)
}
