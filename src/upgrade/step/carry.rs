//! Carrying config: a file or folder of the old release becomes the new one's, as it is or
//! merged with the vendor's, with its modes and owners; what the vendor shipped under that
//! name is kept for undo.
//!
//! The result is built beside its place and exchanged with what is there, so that the new
//! release has the vendor's file or the carried one and never half of either.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use super::{Carry, Merge, Outcome, StepError, Undoing, World};
use crate::fs::Disk;
use crate::merge::Answers;
use crate::progress::Silent;
use crate::tree::{self, Against, Copied, CopyOptions, Digest, Exclude, VerifyOptions};
use crate::upgrade::planning::merging::{self, Shared};

pub(super) fn act(step: &Carry, world: World<'_>) -> Result<Outcome, StepError> {
    let source = world.install.root().join(&step.from);
    let target = super::in_release(world, &step.to)?;
    let result = match &step.merge {
        Some(merge) => match merged(step, merge, world, &target)? {
            Content::Done(bytes) => {
                return Ok(Outcome {
                    files: 1,
                    bytes,
                    ..Outcome::default()
                });
            }
            Content::Merged(content) => Some(content),
        },
        None => None,
    };
    let there = target.symlink_metadata().is_ok();
    if there && !step.replaces {
        // Nothing was there when the run began, and what appears by a rename is complete.
        let survey = tree::survey(&target)?;
        return Ok(Outcome {
            files: survey.files,
            bytes: survey.bytes,
            ..Outcome::default()
        });
    }
    let copied = if !there && let Some(result) = &result {
        create(world, &source, &target, result)?
    } else if there {
        replace(step, world, &source, &target, result.as_ref())?
    } else {
        create_parents(world, step)?;
        let copied = tree::copy(
            world.disk,
            &source,
            &target,
            &CopyOptions::for_entry(),
            world.progress,
        )?;
        faithful(copied, || tree::remove(world.disk, &target))?
    };
    Ok(Outcome {
        files: copied.counts.files,
        bytes: copied.counts.bytes,
        ..Outcome::default()
    })
}

/// Puts the result where nothing is, with the mode and owner of the source.
fn create(
    world: World<'_>,
    source: &Path,
    target: &Path,
    result: &Texts,
) -> Result<Copied, StepError> {
    let built = beside(target);
    discard(world.disk, &built)?;
    let copied = tree::copy(
        world.disk,
        source,
        &built,
        &CopyOptions::for_entry(),
        world.progress,
    )?;
    let copied = faithful(copied, || tree::remove(world.disk, &built))?;
    world.disk.replace(&built, &result.mine, &result.merged)?;
    world
        .disk
        .rename_new(&built, target)
        .map_err(StepError::io(target))?;
    Ok(copied)
}

fn replace(
    step: &Carry,
    world: World<'_>,
    source: &Path,
    target: &Path,
    result: Option<&Texts>,
) -> Result<Copied, StepError> {
    let kept = world.kept(&step.to);
    if kept.symlink_metadata().is_err() {
        super::make_folders(world, &kept)?;
        tree::copy(
            world.disk,
            target,
            &kept,
            &CopyOptions::for_entry(),
            &Silent,
        )?;
    }
    let built = beside(target);
    discard(world.disk, &built)?;
    let options = CopyOptions {
        exclude: Exclude::paths(step.exclude.iter().map(|path| path.as_os_str().as_bytes())),
        ..CopyOptions::for_entry()
    };
    let copied = tree::copy(world.disk, source, &built, &options, world.progress)?;
    let copied = faithful(copied, || tree::remove(world.disk, &built))?;
    if let Some(Texts { mine, merged }) = result {
        world.disk.replace(&built, mine, merged)?;
    }
    if source.is_dir() && target.is_dir() {
        let overlay = CopyOptions {
            keep_existing: true,
            ..CopyOptions::for_entry()
        };
        tree::copy(world.disk, target, &built, &overlay, &Silent)?;
    }
    world
        .disk
        .exchange(&built, target)
        .map_err(StepError::io(target))?;
    discard(world.disk, &built)?;
    Ok(copied)
}

/// The old release's file and what becomes of it.
struct Texts {
    mine: Vec<u8>,
    merged: Vec<u8>,
}

enum Content {
    /// It is there already, of so many bytes.
    Done(u64),
    Merged(Texts),
}

/// Merges again, and holds everything against the plan.
fn merged(
    step: &Carry,
    merge: &Merge,
    world: World<'_>,
    target: &Path,
) -> Result<Content, StepError> {
    let root = world.install.root();
    let digest = |bytes: &[u8]| Digest::of(bytes).to_string();
    let read = |path: &Path| fs::read(path).map_err(StepError::io(path));
    let changed = |path: &Path| StepError::FileChanged { path: path.into() };
    let name: PathBuf = step.from.components().skip(2).collect();
    let release: PathBuf = step.from.components().take(2).collect();
    let vendors = match &merge.over {
        Some(over) => {
            let release: PathBuf = step.to.components().take(2).collect();
            super::in_release(world, &release.join(over))?
        }
        None => target.to_owned(),
    };
    if target.symlink_metadata().is_ok() && (merge.over.is_some() || merge.after != merge.before) {
        let there = read(target)?;
        if digest(&there) == merge.after {
            return Ok(Content::Done(there.len() as u64));
        }
        if merge.over.is_some() {
            return Err(changed(target));
        }
    }
    let theirs = read(&vendors)?;
    if digest(&theirs) != merge.before {
        return Err(changed(&vendors));
    }
    let source = root.join(&step.from);
    let mine = tree::read_beneath(&root.join(release), &name).map_err(StepError::io(&source))?;
    let mine = mine.filter(|mine| digest(mine) == merge.mine);
    let optional = |path: &Option<PathBuf>| path.as_ref().map(|path| read(&root.join(path)));
    let shared = Shared {
        name,
        base: optional(&merge.base).transpose()?,
        mine: mine.ok_or_else(|| changed(&source))?,
        theirs,
        resolved: optional(&merge.resolved).transpose()?,
        resolved_in: merge.resolved.clone(),
        overlay: merge.over.as_ref().map(|_| step.to.clone()),
    };
    let result = merging::merged(&shared, &Answers::new(&merge.ours, &merge.theirs))?.bytes;
    if digest(&result) != merge.after {
        return Err(StepError::EditDiffers {
            path: target.into(),
        });
    }
    Ok(Content::Merged(Texts {
        mine: shared.mine,
        merged: result,
    }))
}

pub(super) fn undo(step: &Carry, world: World<'_>, known: Undoing) -> Result<(), StepError> {
    let target = super::in_release(world, &step.to)?;
    let kept = world.kept(&step.to);
    let built = beside(&target);
    discard(world.disk, &built)?;
    if target.symlink_metadata().is_err() {
        return Ok(());
    }
    if kept.symlink_metadata().is_err() {
        // Nothing was kept: either nothing was there before, or nothing was replaced yet.
        let made = || match &step.merge {
            Some(merge) => {
                let there = fs::read(&target).map_err(StepError::io(&target))?;
                Ok(Digest::of(&there).to_string() == merge.after)
            }
            None => is_copy(step, world, &target),
        };
        let ours = !step.replaces && (known == Undoing::Done || made()?);
        return if ours {
            discard(world.disk, &target)
        } else {
            Ok(())
        };
    }
    tree::copy(
        world.disk,
        &kept,
        &built,
        &CopyOptions::for_entry(),
        &Silent,
    )?;
    world
        .disk
        .exchange(&built, &target)
        .map_err(StepError::io(&target))?;
    discard(world.disk, &built)
}

/// Whether the target is what carrying makes: what else stands there isn't ours to remove.
fn is_copy(step: &Carry, world: World<'_>, target: &Path) -> Result<bool, StepError> {
    let source = world.install.root().join(&step.from);
    let against = Against::Tree(&source);
    Ok(tree::verify(target, against, &VerifyOptions::default(), &Silent)?.is_empty())
}

/// The folders above the target that the new release lacks, with the modes and owners
/// that they have in the old one.
fn create_parents(world: World<'_>, step: &Carry) -> Result<(), StepError> {
    let (from, to) = (
        world.install.root().join(&step.from),
        world.install.root().join(&step.to),
    );
    let pairs: Vec<_> = from
        .ancestors()
        .zip(to.ancestors())
        .skip(1)
        .take_while(|(_, to)| !to.exists())
        .collect();
    for (from, to) in pairs.into_iter().rev() {
        world
            .disk
            .create_dir_like(from, to)
            .map_err(StepError::io(to))?;
    }
    Ok(())
}

/// Gives `copied`, or takes the copy back when something of it couldn't be kept.
fn faithful(
    copied: Copied,
    take_back: impl FnOnce() -> std::io::Result<()>,
) -> Result<Copied, StepError> {
    if copied.problems.is_empty() {
        return Ok(copied);
    }
    // The loss is what there is to tell; a copy that can't be removed is found by the
    // next attempt.
    let _ = take_back();
    Err(StepError::NotKept {
        problems: copied.problems,
    })
}

fn discard(disk: &Disk, path: &Path) -> Result<(), StepError> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    tree::remove(disk, path).map_err(StepError::io(path))
}

fn beside(target: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(target.file_name().unwrap_or_default());
    name.push(".carried");
    target.with_file_name(name)
}
