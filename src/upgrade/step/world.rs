//! What every kind of step has, and what it acts on and through.
//!
//! Everything is built under a temporary name in the folder of its final one and renamed, so
//! that what a crash leaves has a name that nothing else has, and that says whether its maker
//! still lives (see `fs`).

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::StepError;
use crate::engine::{Docker, Volume, VolumeStore};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::release::Install;
use crate::tree::{self, Holds};
use crate::upgrade::confine::{Bounds, OutOfBounds};
use crate::upgrade::data_places;

/// What a kind of step can do; its file has all of it, beside its data. Nothing has a default, so that
/// the compiler asks for each.
pub(super) trait StepKind {
    /// Whether it could be done: what can be known before the first effect of a run.
    fn check(&self, world: World<'_>) -> Result<(), StepError>;
    /// Does it.
    fn act(&self, world: World<'_>, attempt: Attempt) -> Result<StepOutcome, StepError>;
    /// That no path in it leads where no such step leads.
    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds>;
    /// Whether it could be undone, or needn't be: what can be known before anything of a run is
    /// undone. The old release must have what going back to it takes.
    fn check_undo(&self, world: World<'_>, undo: Undo) -> Result<(), StepError>;
    /// Undoes it.
    fn undo(&self, world: World<'_>, undo: Undo) -> Result<(), StepError>;
    /// The final names under which it makes something; what a crash left beside them is swept.
    fn places(&self, world: World<'_>) -> Vec<PathBuf>;
    /// What it is in one line, for plans, progress and reports.
    fn title(&self) -> String;
    /// The commands that a person would type instead, in order, from the install's folder.
    fn commands(&self, volumes: &dyn VolumeStore) -> Vec<String>;
    /// When it is done, seen from the services.
    fn phase(&self) -> Phase;
}

/// When a step is done, seen from the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// While the old release may run.
    Before,
    /// While neither does.
    Window,
    /// While the new release may run.
    After,
}

impl Phase {
    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Before => "before",
            Self::Window => "window",
            Self::After => "after",
        }
    }
}

/// Whether a step was tried before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attempt {
    /// Nothing was begun, or a failure has taken back what it had made.
    First,
    /// An earlier one may have been cut short at any instant.
    Again,
}

/// What a step wrote or read, and how long it took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepOutcome {
    /// Entries that were written or read back.
    pub files: u64,
    /// Bytes of content that were written or read back.
    pub bytes: u64,
    /// SHA-256 of the manifest, where the step makes or uses one.
    pub sha256: Option<String>,
    /// How long it took, in milliseconds; filled in by the runner.
    pub milliseconds: u64,
}

/// What a step acts on and through.
#[derive(Clone, Copy)]
pub struct World<'a> {
    /// The install.
    pub install: &'a Install,
    /// The right to change files.
    pub disk: &'a Disk,
    /// The folder or engine that the volumes live in.
    pub volumes: &'a dyn VolumeStore,
    /// Whom to tell, and who may stop it.
    pub progress: &'a dyn Progress,
    /// The run's name.
    pub run: &'a str,
    /// The install's id.
    pub id: &'a str,
}

/// How much of a run is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoScope {
    /// `current` goes back, and so do the containers: the new ones are stopped and the old ones
    /// started. What was made stays.
    Switch,
    /// All goes that an interrupted run made, or one that was rolled back before: the old release may
    /// have run, and written, since.
    Everything,
    /// All goes that a complete run made, the switch first: what the old release has is to be what
    /// was copied.
    CompleteRun,
}

/// The undoing of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undo {
    /// What else is undone.
    pub scope: UndoScope,
    /// What is known of the step.
    pub evidence: UndoEvidence,
}

/// What is known of a step that is to be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoEvidence {
    /// The journal says that it was done.
    Done,
    /// It was begun, and what came of it isn't known.
    Unknown,
    /// It failed: mostly before it had an effect, at the worst after the effect and before
    /// that was durable.
    Failed,
}

impl World<'_> {
    /// Removes what an earlier, interrupted call left beside `places`.
    ///
    /// # Errors
    /// [`StepError::Io`] if it can't be listed or removed.
    pub(super) fn sweep(self, places: &[PathBuf]) -> Result<(), StepError> {
        places
            .iter()
            .try_for_each(|place| sweep_beside(self, place))
    }

    /// Removes the originals that were kept for undo, once nothing is left to undo, and what an
    /// interrupted removal of them left.
    ///
    /// # Errors
    /// [`StepError::Io`] if they can't be removed.
    pub fn forget_originals(self) -> Result<(), StepError> {
        let kept = self.kept_folder();
        sweep_beside(self, &kept)?;
        if kept.symlink_metadata().is_err() {
            return Ok(());
        }
        tree::remove(self.disk, &kept).map_err(StepError::io(&kept))
    }

    /// The program that reaches the engine.
    ///
    /// # Errors
    /// [`StepError::NoDocker`].
    pub(super) fn docker(&self) -> Result<&Docker, StepError> {
        self.volumes.docker().ok_or(StepError::NoDocker)
    }

    /// Whether a volume holds something, nothing, or part of a copy.
    ///
    /// # Errors
    /// [`StepError::Engine`].
    pub(super) fn holds(&self, volume: &Volume) -> Result<Holds, StepError> {
        Ok(self.volumes.contents().holds(volume, self.progress)?)
    }

    /// Where the originals of files that this run replaced are kept, for undo.
    pub(super) fn kept(&self, path: &Path) -> PathBuf {
        self.kept_folder().join(path)
    }

    fn kept_folder(&self) -> PathBuf {
        self.install.own("kept").join(self.run)
    }
}

/// The absolute path of `path`, which begins with `releases/VERSION`: an error if a symlink
/// leads it out of that release, since what is there belongs to another.
///
/// # Errors
/// [`StepError::Outside`].
pub(super) fn in_release(world: World<'_>, path: &Path) -> Result<PathBuf, StepError> {
    let absolute = world.install.root().join(path);
    match data_places::leads_out(world.install, path) {
        true => Err(StepError::Outside { path: absolute }),
        false => Ok(absolute),
    }
}

/// Before an undo: what a step copied is still where it was, unless the step did nothing.
///
/// # Errors
/// [`StepError::OldGone`], [`StepError::Io`].
pub(super) fn require_source(world: World<'_>, from: &Path, undo: Undo) -> Result<(), StepError> {
    let path = world.install.root().join(from);
    match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => match undo.evidence {
            UndoEvidence::Failed => Ok(()),
            UndoEvidence::Done | UndoEvidence::Unknown => Err(StepError::OldGone { path }),
        },
        Err(error) => Err(StepError::io(&path)(error)),
        Ok(_) => Ok(()),
    }
}

/// Makes the folders above `path`, below transship's own folder, private to their owner.
///
/// # Errors
/// [`StepError::Io`].
pub(super) fn make_folders(world: World<'_>, path: &Path) -> Result<(), StepError> {
    match path.parent() {
        Some(above) => Ok(world.disk.create_dirs(above, 0o700)?),
        None => Ok(()),
    }
}

/// Removes a file that tells of what is gone, if it is there.
///
/// # Errors
/// [`StepError::Io`].
pub(super) fn forget_file(world: World<'_>, path: &Path) -> Result<(), StepError> {
    match world.disk.remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(StepError::io(path)(error)),
        _ => Ok(()),
    }
}

fn sweep_beside(world: World<'_>, place: &Path) -> Result<(), StepError> {
    let Some(folder) = place.parent() else {
        return Ok(());
    };
    tree::sweep(world.disk, folder).map_err(StepError::io(folder))?;
    Ok(())
}
