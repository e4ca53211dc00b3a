//! A step: one effect with its check and its undo.
//!
//! The data of a step is what the plan shows and saves; what it does is in a file of its
//! own. The contract of every step:
//!
//! - [`Step::act`] can be called again after a crash at any instant of an earlier call,
//!   and then finds out from the disk what is left to do.
//! - When `act` gives an error, it has taken back what it made, as far as the disk let it;
//!   the undo of a failed step looks again.
//! - [`Step::undo`] can be called again, too, and refuses rather than remove what this
//!   run did not make.
//!
//! Paths in steps are relative to the install, unless they lead out of it.

mod carry_config;
mod copy_folder;
mod copy_volume;
mod create_containers;
mod edit_compose;
mod error;
mod hold_images;
mod last_copy;
mod load_images;
mod make_volume;
mod move_database;
mod release_project;
mod run_hook;
mod run_volume;
mod shell;
mod smoke_check;
mod stage_release;
mod start_release;
mod stop_release;
mod switch;
mod verify_volume;
mod warm_copy;
mod world;

use serde::{Deserialize, Serialize};

pub use carry_config::CarryConfig;
pub use copy_folder::CopyFolder;
pub use copy_volume::CopyVolume;
pub use create_containers::CreateContainers;
pub use edit_compose::{EditCompose, FolderMove, TagVariable, ValueChange, WrittenImage};
pub use error::StepError;
pub use hold_images::HoldImages;
pub use load_images::LoadImages;
pub use make_volume::MakeVolume;
pub use move_database::MoveDatabase;
pub use release_project::ReleaseProject;
pub use run_hook::{HookPoint, RunHook};
pub(crate) use shell::quote;
pub use smoke_check::SmokeCheck;
pub use stage_release::StageRelease;
pub use start_release::StartRelease;
pub(in crate::upgrade) use stop_release::PATIENCE as STOP_PATIENCE;
pub use stop_release::StopRelease;
pub use switch::Switch;
pub use verify_volume::VerifyVolume;
pub use warm_copy::WarmCopy;
pub use world::{Attempt, Phase, StepOutcome, Undo, UndoEvidence, UndoScope, World};

use world::StepKind;

use super::confine::{Bounds, OutOfBounds};
use crate::engine::VolumeStore;

/// One effect of an upgrade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// Loads the images that come with the release.
    LoadImages(LoadImages),
    /// Puts the vendor's files into a new release folder.
    StageRelease(StageRelease),
    /// Retags images and prefixes volumes in a compose file of the new release.
    EditCompose(EditCompose),
    /// Brings config from the old release into the new one.
    Carry(CarryConfig),
    /// Copies a volume, with a manifest of what was copied.
    CopyVolume(CopyVolume),
    /// Copies a folder of the host into the new release.
    CopyFolder(CopyFolder),
    /// Compares a copied volume, read back, with its manifest.
    Verify(VerifyVolume),
    /// Repoints `current`.
    Switch(Switch),
    /// Keeps the images of a release from being removed.
    HoldImages(HoldImages),
    /// Copies a volume while it is written still.
    WarmCopy(WarmCopy),
    /// Makes a volume that a database is moved into.
    MakeVolume(MakeVolume),
    /// Moves a database into the new release's volume.
    MoveDatabase(MoveDatabase),
    /// Makes the new release's containers.
    CreateContainers(CreateContainers),
    /// Runs a hook of the recipe's.
    Hook(RunHook),
    /// Stops the old release.
    Stop(StopRelease),
    /// Starts the new release.
    Start(StartRelease),
    /// Sees that the new release is well.
    Check(SmokeCheck),
}

impl Step {
    /// The one place that knows all kinds.
    fn kind(&self) -> &dyn StepKind {
        match self {
            Self::LoadImages(step) => step,
            Self::StageRelease(step) => step,
            Self::EditCompose(step) => step,
            Self::Carry(step) => step,
            Self::CopyVolume(step) => step,
            Self::CopyFolder(step) => step,
            Self::Verify(step) => step,
            Self::Switch(step) => step,
            Self::HoldImages(step) => step,
            Self::WarmCopy(step) => step,
            Self::MakeVolume(step) => step,
            Self::MoveDatabase(step) => step,
            Self::CreateContainers(step) => step,
            Self::Hook(step) => step,
            Self::Stop(step) => step,
            Self::Start(step) => step,
            Self::Check(step) => step,
        }
    }

    /// Whether it could be done, as far as that can be known before a run's first effect.
    ///
    /// # Errors
    /// What stands against it.
    pub fn check(&self, world: World<'_>) -> Result<(), StepError> {
        self.kind().check(world)
    }

    /// Does it.
    ///
    /// # Errors
    /// Why it couldn't be done; it has then taken back what it made.
    pub fn act(&self, world: World<'_>, attempt: Attempt) -> Result<StepOutcome, StepError> {
        self.kind().act(world, attempt)
    }

    /// Removes what an interrupted call of [`Step::act`] or [`Step::undo`] left beside the
    /// places that the step makes.
    ///
    /// # Errors
    /// [`StepError::Io`] if it can't be listed or removed.
    pub fn sweep(&self, world: World<'_>) -> Result<(), StepError> {
        world.sweep(&self.kind().places(world))
    }

    /// That no path in it leads where no such step leads.
    ///
    /// # Errors
    /// The first path that does.
    pub(super) fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        self.kind().confine(bounds)
    }

    /// Whether the old release has what going back to it takes, and whether the step could be undone
    /// where it is to be, as far as that can be known before anything of a run is.
    ///
    /// # Errors
    /// What stands against it.
    pub fn check_undo(&self, world: World<'_>, undo: Undo) -> Result<(), StepError> {
        self.kind().check_undo(world, undo)
    }

    /// Undoes it.
    ///
    /// # Errors
    /// Why it couldn't be undone, or that what is there isn't what the step made.
    pub fn undo(&self, world: World<'_>, undo: Undo) -> Result<(), StepError> {
        self.kind().undo(world, undo)
    }

    /// Whether there is something to take back of it: it didn't only look, and what it made doesn't stay.
    pub fn is_undoable(&self) -> bool {
        match self {
            Self::Verify(_) | Self::Check(_) | Self::LoadImages(_) => false,
            // Brings a volume up to date that is another step's to remove.
            Self::CopyVolume(copy) => copy.after.is_none(),
            Self::Hook(hook) => hook.is_undoable(),
            Self::StageRelease(_)
            | Self::EditCompose(_)
            | Self::Carry(_)
            | Self::CopyFolder(_)
            | Self::Switch(_)
            | Self::HoldImages(_)
            | Self::WarmCopy(_)
            | Self::MakeVolume(_)
            | Self::MoveDatabase(_)
            | Self::CreateContainers(_)
            | Self::Stop(_)
            | Self::Start(_) => true,
        }
    }

    /// The step in one line, for plans, progress and reports.
    pub fn title(&self) -> String {
        self.kind().title()
    }

    /// The commands that a person would type instead, in order, from the install's folder. Words
    /// are quoted for a POSIX shell.
    pub fn commands(&self, volumes: &dyn VolumeStore) -> Vec<String> {
        self.kind().commands(volumes)
    }

    /// When it is done, seen from the services.
    pub fn phase(&self) -> Phase {
        self.kind().phase()
    }
}
