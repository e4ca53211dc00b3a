//! Carrying config: a file or folder of the old release becomes the new one's, as it is or
//! merged with the vendor's, with its modes and owners; what the vendor shipped under that
//! name is kept for undo.
//!
//! The result is built beside its place and exchanged with what is there, so that the new
//! release has the vendor's file or the carried one and never half of either.

use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StepError;
use super::shell::{command, quote};
use super::world::{self, Attempt, Phase, StepKind, StepOutcome, Undo, UndoEvidence, World};
use crate::engine::VolumeStore;
use crate::fs::{Disk, Purpose, TemporaryName};
use crate::merge::Answers;
use crate::progress::Silent;
use crate::tree::{self, Against, Copied, CopyOptions, Digest, Exclude, VerifyOptions};
use crate::upgrade::confine::{self, Bounds, OutOfBounds};
use crate::upgrade::planning::merging::{self, ConfigMerge, SharedFile};

/// Brings a file or folder of config from the old release into the new one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CarryConfig {
    /// The file or folder in the old release.
    pub from: PathBuf,
    /// The place in the new release that it goes to.
    pub to: PathBuf,
    /// True when the vendor ships something under that name. A file is replaced; of a
    /// folder, what only the vendor has stays.
    pub replaces: bool,
    /// Of a folder: paths below it that are merged by steps of their own, before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<PathBuf>,
    /// How the content is merged with the vendor's; the old release's as it is when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<ConfigMerge>,
    /// The old release writes it while it runs: it is brought in the window.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub written: bool,
}

impl CarryConfig {
    /// What of it isn't brought.
    pub(in crate::upgrade) fn excluded(&self) -> Exclude {
        Exclude::paths(self.exclude.iter().map(|path| path.as_os_str().as_bytes()))
    }

    fn options(&self) -> CopyOptions {
        CopyOptions {
            exclude: self.excluded(),
            ..CopyOptions::for_entry()
        }
    }
}

impl StepKind for CarryConfig {
    fn check(&self, world: World<'_>) -> Result<(), StepError> {
        world::in_release(world, &self.to).map(|_| ())
    }

    fn act(&self, world: World<'_>, _: Attempt) -> Result<StepOutcome, StepError> {
        let source = world.install.root().join(&self.from);
        // What is merged is a file, whatever led to it.
        let source = match self.merge.is_some() && source.is_symlink() {
            true => source.canonicalize().map_err(StepError::io(&source))?,
            false => source,
        };
        let target = world::in_release(world, &self.to)?;
        let result = match &self.merge {
            Some(merge) => match merged(self, merge, world, &target)? {
                Content::Done(bytes) => {
                    return Ok(StepOutcome {
                        files: 1,
                        bytes,
                        ..StepOutcome::default()
                    });
                }
                Content::Merged(content) => Some(content),
            },
            None => None,
        };
        let there = target.symlink_metadata().is_ok();
        if there && !self.replaces {
            // Nothing was there when the run began, and what appears by a rename is complete.
            let survey = tree::survey(&target)?;
            return Ok(StepOutcome {
                files: survey.all_files(),
                bytes: survey.written(),
                ..StepOutcome::default()
            });
        }
        let copied = if !there && let Some(result) = &result {
            create(world, &source, &target, result)?
        } else if there {
            replace(self, world, &source, &target, result.as_ref())?
        } else {
            create_parents(world, &self.from, &self.to)?;
            let copied = tree::copy(
                world.disk,
                &source,
                &target,
                &self.options(),
                world.progress,
            )?;
            faithful(copied, || tree::remove(world.disk, &target))?
        };
        Ok(StepOutcome {
            files: copied.counts.all_files(),
            bytes: copied.counts.written(),
            ..StepOutcome::default()
        })
    }

    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        bounds.of_old(&self.from)?;
        bounds.of_new(&self.to)?;
        let mut excluded = self.exclude.iter();
        excluded.try_for_each(|path| confine::plain(path, "below what is carried"))?;
        let Some(merge) = &self.merge else {
            return Ok(());
        };
        if let Some(base) = &merge.base {
            bounds.kept_of_old(base, "pristine")?;
        }
        if let Some(resolved) = &merge.resolved {
            bounds.kept_of_new(resolved, "merge")?;
        }
        match &merge.over {
            Some(over) => confine::plain(over, "below the new release"),
            None => Ok(()),
        }
    }

    fn check_undo(&self, world: World<'_>, undo: Undo) -> Result<(), StepError> {
        world::require_source(world, &self.from, undo)
    }

    fn undo(&self, world: World<'_>, Undo { evidence, .. }: Undo) -> Result<(), StepError> {
        // It failed because it would have led out of the release, and did nothing.
        if evidence == UndoEvidence::Failed && world::in_release(world, &self.to).is_err() {
            return Ok(());
        }
        let target = world::in_release(world, &self.to)?;
        let kept = world.kept(&self.to);
        let name = TemporaryName::new(Purpose::Exchange);
        let built = beside(&target, &name);
        if target.symlink_metadata().is_err() {
            return Ok(());
        }
        if kept.symlink_metadata().is_err() {
            // Nothing was kept: either nothing was there before, or nothing was replaced yet.
            let made = || match &self.merge {
                Some(merge) => {
                    let there = fs::read(&target).map_err(StepError::io(&target))?;
                    Ok(Digest::of(&there).to_string() == merge.after)
                }
                None => is_copy(self, world, &target),
            };
            let ours = !self.replaces && (evidence == UndoEvidence::Done || made()?);
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

    fn places(&self, world: World<'_>) -> Vec<PathBuf> {
        vec![world.install.root().join(&self.to), world.kept(&self.to)]
    }

    fn title(&self) -> String {
        let (from, to) = (self.from.display(), self.to.display());
        match &self.merge {
            None => format!("carry {from} to {to}"),
            Some(ConfigMerge { over: None, .. }) => format!("merge {from} into {to}"),
            Some(_) => format!("write the edits of {from} as {to}"),
        }
    }

    fn commands(&self, _: &dyn VolumeStore) -> Vec<String> {
        if let Some(merge) = &self.merge {
            return merge_commands(self, merge);
        }
        let copy = match self.exclude.is_empty() {
            true => command(["cp", "-a", "-T"], [&self.from, &self.to]),
            false => rsync(self),
        };
        match self
            .to
            .parent()
            .filter(|above| above.components().count() > 2)
        {
            Some(above) => vec![command(["mkdir", "-p"], [above]), copy],
            None => vec![copy],
        }
    }

    fn phase(&self) -> Phase {
        match self.written {
            true => Phase::Window,
            false => Phase::Before,
        }
    }
}

/// Puts the result where nothing is, with the mode and owner of the source.
fn create(
    world: World<'_>,
    source: &Path,
    target: &Path,
    result: &Texts,
) -> Result<Copied, StepError> {
    let name = TemporaryName::new(Purpose::Exchange);
    let built = beside(target, &name);
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
    step: &CarryConfig,
    world: World<'_>,
    source: &Path,
    target: &Path,
    result: Option<&Texts>,
) -> Result<Copied, StepError> {
    let kept = world.kept(&step.to);
    if kept.symlink_metadata().is_err() {
        world::make_folders(world, &kept)?;
        tree::copy(
            world.disk,
            target,
            &kept,
            &CopyOptions::for_entry(),
            &Silent,
        )?;
    }
    let name = TemporaryName::new(Purpose::Exchange);
    let built = beside(target, &name);
    let copied = tree::copy(world.disk, source, &built, &step.options(), world.progress)?;
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
    /// The merged file is in the target already, from an attempt before; its size in bytes.
    Done(u64),
    Merged(Texts),
}

/// Merges again, and holds everything against the plan.
fn merged(
    step: &CarryConfig,
    merge: &ConfigMerge,
    world: World<'_>,
    target: &Path,
) -> Result<Content, StepError> {
    let root = world.install.root();
    let digest = |bytes: &[u8]| Digest::of(bytes).to_string();
    let read = |path: &Path| fs::read(path).map_err(StepError::io(path));
    let changed = |path: &Path| StepError::FileChanged { path: path.into() };
    let source_name: PathBuf = step.from.components().skip(2).collect();
    let release: PathBuf = step.from.components().take(2).collect();
    let own_name = || step.to.components().skip(2).collect();
    let name = merge.over.clone().unwrap_or_else(own_name);
    let vendors = match &merge.over {
        Some(over) => {
            let release: PathBuf = step.to.components().take(2).collect();
            world::in_release(world, &release.join(over))?
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
    let mine = tree::read_beneath(&root.join(release), &source_name);
    let mine = match mine.map_err(StepError::io(&source))? {
        None if source.is_symlink() => Some(read(&source)?),
        mine => mine,
    };
    let mine = mine.filter(|mine| digest(mine) == merge.mine);
    let optional = |path: &Option<PathBuf>| path.as_ref().map(|path| read(&root.join(path)));
    let shared = SharedFile {
        name,
        shipped: source_name.clone(),
        source: source_name,
        // What it comes to is among the answers.
        keeps_mine: false,
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

/// Whether the target is what carrying makes: what else stands there isn't ours to remove.
fn is_copy(step: &CarryConfig, world: World<'_>, target: &Path) -> Result<bool, StepError> {
    let source = world.install.root().join(&step.from);
    let against = Against::Tree(&source);
    let options = VerifyOptions {
        exclude: step.excluded(),
        ..VerifyOptions::default()
    };
    Ok(tree::verify(target, against, &options, &Silent)?.is_empty())
}

/// The folders above the target that the new release lacks, with the modes and owners
/// that they have in the old one.
pub(super) fn create_parents(world: World<'_>, from: &Path, to: &Path) -> Result<(), StepError> {
    let (from, to) = (
        world.install.root().join(from),
        world.install.root().join(to),
    );
    // Where the old one lies less deep, the folders above are as its topmost.
    let top = from.ancestors().last();
    let pairs: Vec<_> = from
        .ancestors()
        .chain(top.into_iter().cycle())
        .zip(to.ancestors())
        .skip(1)
        .take_while(|(_, to)| !to.exists())
        .collect();
    for (from, to) in pairs.into_iter().rev() {
        tree::sweep_above(world.disk, to);
        world
            .disk
            .create_dir_like(from, to)
            .map_err(StepError::io(to))?;
    }
    Ok(())
}

/// Gives `copied`, or takes the copy back when something of it couldn't be kept.
pub(super) fn faithful(
    copied: Copied,
    take_back: impl FnOnce() -> io::Result<()>,
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

pub(super) fn discard(disk: &Disk, path: &Path) -> Result<(), StepError> {
    if path.symlink_metadata().is_err() {
        return Ok(());
    }
    tree::remove(disk, path).map_err(StepError::io(path))
}

/// Where what takes the place of `target` is built; what a crash leaves there is swept.
fn beside(target: &Path, name: &TemporaryName) -> PathBuf {
    target.with_file_name(name.as_os_str())
}

/// The copy of a folder without some paths.
fn rsync(step: &CarryConfig) -> String {
    let inside = |path: &Path| {
        let mut inside = path.as_os_str().to_owned();
        inside.push("/");
        PathBuf::from(inside)
    };
    let mut text = "rsync -aHAX".to_owned();
    for path in &step.exclude {
        let pattern = format!("--exclude=/{}", rsync_pattern(&path.to_string_lossy()));
        text += &format!(" {}", quote(Path::new(&pattern)));
    }
    let (from, to) = (inside(&step.from), inside(&step.to));
    format!("{text} {} {}", quote(&from), quote(&to))
}

/// A name as a pattern of rsync's that fits it alone: without a wildcard in it a backslash is one.
fn rsync_pattern(name: &str) -> String {
    if !name.contains(['*', '?', '[']) {
        return name.to_owned();
    }
    let escaped = name.chars().flat_map(|c| {
        let escape = matches!(c, '*' | '?' | '[' | '\\').then_some('\\');
        escape.into_iter().chain([c])
    });
    escaped.collect()
}

fn merge_commands(step: &CarryConfig, merge: &ConfigMerge) -> Vec<String> {
    let like_the_old = |program: &str| {
        let like = format!("--reference={}", quote(&step.from));
        format!("{program} {like} {}", quote(&step.to))
    };
    let content = if let Some(resolved) = &merge.resolved {
        command(["cp", "-T"], [resolved, &step.to])
    } else {
        let base = merge.base.as_deref().unwrap_or(Path::new("/dev/null"));
        let vendors = match &merge.over {
            Some(over) => step.to.with_file_name(over.file_name().unwrap_or_default()),
            None => step.to.clone(),
        };
        let mut text = command(["transship", "merge"], [base, &step.from, &vendors]);
        if !(merge.ours.is_empty() && merge.theirs.is_empty()) {
            // The answers name the file as it is below the release.
            let own: PathBuf = step.to.components().skip(2).collect();
            let name = merge.over.as_ref().unwrap_or(&own);
            text += &format!(" --path {}", quote(name));
        }
        if merge.over.is_some() {
            text += " --as-override";
        }
        let answers = [("--ours", &merge.ours), ("--theirs", &merge.theirs)];
        for (option, paths) in answers {
            for path in paths {
                text += &format!(" {option} {}", quote(path));
            }
        }
        format!("{text} -o {}", quote(&step.to))
    };
    vec![content, like_the_old("chown"), like_the_old("chmod")]
}
