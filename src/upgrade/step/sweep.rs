//! Sweeping: what a crash may have left beside the places that a step makes.
//!
//! Everything is built under a hidden name beside its final one and renamed, so that what a
//! crash leaves has a name that nothing else has: `.NAME.part...`, `.NAME.trash...`,
//! `.NAME.carried` or `.NAME....transship-tmp`. Only called under the install's lock, so
//! that none of it belongs to work that is under way.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::{Step, StepError, World};
use crate::tree;

const MARKS: [&[u8]; 3] = [b".part", b".trash", b".carried"];
const TEMPORARY: &[u8] = b".transship-tmp";

/// Removes what an earlier, interrupted call of `step` left.
pub(super) fn sweep(step: &Step, world: World<'_>) -> Result<(), StepError> {
    for place in places(step, world) {
        sweep_beside(world, &place)?;
    }
    Ok(())
}

/// Removes the originals that were kept for undo, and what an interrupted removal of them
/// left.
pub(super) fn forget_originals(world: World<'_>) -> Result<(), StepError> {
    let kept = world.kept_folder();
    sweep_beside(world, &kept)?;
    if kept.symlink_metadata().is_err() {
        return Ok(());
    }
    tree::remove(world.disk, &kept).map_err(StepError::io(&kept))
}

/// The final names under which the step makes something.
fn places(step: &Step, world: World<'_>) -> Vec<PathBuf> {
    let at = |path: &Path| world.install.root().join(path);
    match step {
        Step::StageRelease(step) => {
            vec![at(&step.target), world.install.pristine(&step.version)]
        }
        Step::EditCompose(step) => vec![at(&step.file), world.kept(&step.file)],
        Step::Carry(step) => vec![at(&step.to), world.kept(&step.to)],
        Step::CopyVolume(step) => {
            let volume = world.volumes.path_of(&step.target);
            volume.into_iter().chain([at(&step.manifest)]).collect()
        }
        Step::Verify(_) | Step::LoadImages(_) => Vec::new(),
        Step::Switch(_) => vec![world.install.root().join("switch")],
    }
}

fn sweep_beside(world: World<'_>, place: &Path) -> Result<(), StepError> {
    let (Some(folder), Some(name)) = (place.parent(), place.file_name()) else {
        return Ok(());
    };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StepError::io(folder)(error)),
    };
    let own = [b".", name.as_bytes()].concat();
    for entry in entries {
        let path = entry.map_err(StepError::io(folder))?.path();
        let rest = path
            .file_name()
            .and_then(|name| name.as_bytes().strip_prefix(own.as_slice()));
        if rest.is_some_and(is_leaving) {
            tree::remove(world.disk, &path).map_err(StepError::io(&path))?;
        }
    }
    Ok(())
}

fn is_leaving(rest: &[u8]) -> bool {
    let marked = MARKS.iter().filter_map(|mark| rest.strip_prefix(*mark));
    marked
        .into_iter()
        .any(|tail| tail.is_empty() || tail.starts_with(b"."))
        || rest.ends_with(TEMPORARY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_nothing_else_has_are_swept() {
        for leaving in [
            ".part",
            ".part.0123456789abcdef",
            ".trash.1",
            ".carried",
            ".Ab3x.transship-tmp",
        ] {
            assert!(is_leaving(leaving.as_bytes()), "{leaving}");
        }
        for other in ["", ".", ".party", ".bak", ".part-two", "part", ".env"] {
            assert!(!is_leaving(other.as_bytes()), "{other}");
        }
    }
}
