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

mod carry;
mod copy;
mod edit;
mod error;
mod load_images;
mod stage;
mod sweep;
mod switch;
mod verify;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use error::StepError;

use crate::engine::{ArchivedImage, VolumeStore};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::release::{Install, VendorReleaseKind, Version};

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
    Carry(Carry),
    /// Copies a volume, with a manifest of what was copied.
    CopyVolume(CopyVolume),
    /// Compares a copied volume, read back, with its manifest.
    Verify(Verify),
    /// Repoints `current`.
    Switch(Switch),
}

/// See [`Step::LoadImages`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoadImages {
    /// The archive, absolute.
    pub archive: PathBuf,
    /// What is in it, with digests.
    pub images: Vec<ArchivedImage>,
}

/// See [`Step::StageRelease`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageRelease {
    /// The new release.
    pub version: Version,
    /// The tarball or folder, absolute.
    pub shipment: PathBuf,
    /// Which of the two it is.
    pub form: VendorReleaseKind,
    /// Its SHA-256 (of a folder: its manifest's).
    pub sha256: String,
    /// The tarball's single top folder, which is left out.
    pub top: Option<String>,
    /// The release's folder.
    pub target: PathBuf,
}

/// See [`Step::EditCompose`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EditCompose {
    /// The compose file.
    pub file: PathBuf,
    /// Rules as `image set` takes them.
    pub images: Vec<String>,
    /// The prefix for the names of its volumes.
    pub prefix: String,
    /// Each change, for a reader: the key and the values before and after.
    pub changes: Vec<Change>,
    /// SHA-256 of the file before.
    pub before: String,
    /// SHA-256 of the file after.
    pub after: String,
}

/// A value that an edit changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The path of keys, such as `services.web.image`.
    pub key: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The value before; absent when the key is new.
    pub from: Option<String>,
    /// The value after.
    pub to: String,
}

/// See [`Step::Carry`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Carry {
    /// The file or folder in the old release.
    pub from: PathBuf,
    /// Where it goes in the new one.
    pub to: PathBuf,
    /// True when the vendor ships something under that name. A file is replaced; of a
    /// folder, what only the vendor has stays.
    pub replaces: bool,
    /// Of a folder: paths below it that are merged by steps of their own, before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<PathBuf>,
    /// How the content is merged with the vendor's; the old release's as it is when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merge: Option<Merge>,
}

/// A three-way merge of a carried file. Modes and owners are the old release's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Merge {
    /// The old release's file as its vendor shipped it; absent where there is none.
    pub base: Option<PathBuf>,
    /// What the administrator made of an earlier plan's conflicts; wins over all else.
    pub resolved: Option<PathBuf>,
    /// Where the old release's version wins a conflict.
    pub ours: Vec<PathBuf>,
    /// Where the vendor's version wins a conflict.
    pub theirs: Vec<PathBuf>,
    /// The vendor's new file, below the release, if the result is an override to lay over it;
    /// absent when the result takes that file's place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<PathBuf>,
    /// SHA-256 of the old release's file.
    pub mine: String,
    /// SHA-256 of the new release's file before.
    pub before: String,
    /// SHA-256 of the result.
    pub after: String,
}

/// See [`Step::CopyVolume`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CopyVolume {
    /// The volume's key in the compose file.
    pub key: String,
    /// The real name of the old release's volume.
    pub source: String,
    /// The real name of the new one's.
    pub target: String,
    /// The compose project that the new volume belongs to.
    pub project: String,
    /// Where the manifest is kept.
    pub manifest: PathBuf,
}

/// See [`Step::Verify`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// The real name of the volume that was copied.
    pub source: String,
    /// The real name of the copied volume.
    pub volume: String,
    /// The manifest to hold it against.
    pub manifest: PathBuf,
}

/// See [`Step::Switch`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Switch {
    /// What `current` holds now; absent when there is no `current`.
    pub from: Option<PathBuf>,
    /// What it will hold.
    pub to: PathBuf,
}

/// What came of a step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
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
    /// Where the volumes live.
    pub volumes: &'a dyn VolumeStore,
    /// Whom to tell, and who may stop it.
    pub progress: &'a dyn Progress,
    /// The run's name.
    pub run: &'a str,
}

/// What is known of a step that is to be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undoing {
    /// The journal says that it was done.
    Done,
    /// It was begun, and what came of it isn't known.
    Unknown,
    /// It failed: mostly before it had an effect, at the worst after the effect and before
    /// that was durable.
    Failed,
}

impl Step {
    /// Does it. `again` says that an earlier call may have been cut short.
    pub fn act(&self, world: World<'_>, again: bool) -> Result<Outcome, StepError> {
        match self {
            Self::LoadImages(step) => load_images::act(step, world),
            Self::StageRelease(step) => stage::act(step, world, again),
            Self::EditCompose(step) => edit::act(step, world),
            Self::Carry(step) => carry::act(step, world),
            Self::CopyVolume(step) => copy::act(step, world, again),
            Self::Verify(step) => verify::act(step, world),
            Self::Switch(step) => switch::act(step, world),
        }
    }

    /// Removes what an interrupted call of [`Step::act`] or [`Step::undo`] left beside the
    /// places that the step makes.
    pub fn sweep(&self, world: World<'_>) -> Result<(), StepError> {
        sweep::sweep(self, world)
    }

    /// Undoes it.
    pub fn undo(&self, world: World<'_>, known: Undoing) -> Result<(), StepError> {
        match self {
            // A failed call has removed what it made, and what is there may be another's.
            Self::StageRelease(_) | Self::CopyVolume(_) if known == Undoing::Failed => Ok(()),
            Self::StageRelease(step) => stage::undo(step, world),
            // It failed because it would have led out of the release, and did nothing.
            Self::EditCompose(EditCompose { file: path, .. })
            | Self::Carry(Carry { to: path, .. })
                if known == Undoing::Failed && in_release(world, path).is_err() =>
            {
                Ok(())
            }
            Self::EditCompose(step) => edit::undo(step, world, known),
            Self::Carry(step) => carry::undo(step, world, known),
            Self::CopyVolume(step) => copy::undo(step, world, known),
            // A comparison has no effect, and images that were loaded stay.
            Self::Verify(_) | Self::LoadImages(_) => Ok(()),
            Self::Switch(step) => switch::undo(step, world),
        }
    }

    /// The step in one line, for plans, progress and reports.
    pub fn title(&self) -> String {
        match self {
            Self::LoadImages(step) => {
                // One image can have several names, which is what people count.
                let count: usize = step.images.iter().map(|i| i.names.len().max(1)).sum();
                let images = if count == 1 { "image" } else { "images" };
                format!("load {count} {images} from {}", step.archive.display())
            }
            Self::StageRelease(step) => {
                format!(
                    "stage {} from {}",
                    step.target.display(),
                    step.shipment.display()
                )
            }
            Self::EditCompose(step) => {
                let count = step.changes.len();
                format!(
                    "edit {} ({count} {})",
                    step.file.display(),
                    if count == 1 { "place" } else { "places" }
                )
            }
            Self::Carry(step) => {
                let (from, to) = (step.from.display(), step.to.display());
                match &step.merge {
                    None => format!("carry {from} to {to}"),
                    Some(Merge { over: None, .. }) => format!("merge {from} into {to}"),
                    Some(_) => format!("write the edits of {from} as {to}"),
                }
            }
            Self::CopyVolume(step) => format!("copy volume {} to {}", step.source, step.target),
            Self::Verify(step) => format!("verify volume {}", step.volume),
            Self::Switch(step) => format!("switch current to {}", step.to.display()),
        }
    }
}

impl World<'_> {
    /// Removes the originals that were kept, once nothing is left to undo.
    pub fn forget_originals(self) -> Result<(), StepError> {
        sweep::forget_originals(self)
    }

    /// Where the originals of files that this run replaced are kept, for undo.
    fn kept(&self, path: &Path) -> PathBuf {
        self.kept_folder().join(path)
    }

    fn kept_folder(&self) -> PathBuf {
        self.install.own("kept").join(self.run)
    }
}

/// Refuses where something may be writing a volume, if there is one of that name.
pub fn require_unused(volumes: &dyn VolumeStore, name: &str) -> Result<(), StepError> {
    match volumes.find(name)? {
        Some(volume) => copy::require_idle(volumes, &volume),
        None => Ok(()),
    }
}

/// The absolute path of `path`, which begins with `releases/VERSION`: an error if a symlink
/// leads it out of that release, since what is there belongs to another.
fn in_release(world: World<'_>, path: &Path) -> Result<PathBuf, StepError> {
    let release: PathBuf = path.components().take(2).collect();
    let release = world.install.root().join(release);
    let absolute = world.install.root().join(path);
    let there = absolute.ancestors().skip(1).find(|folder| folder.exists());
    let resolved = there.map(Path::canonicalize).transpose();
    let (Ok(release), Ok(Some(resolved))) = (release.canonicalize(), resolved) else {
        // The release isn't there, and so neither is a symlink in it.
        return Ok(absolute);
    };
    if resolved.starts_with(&release) {
        Ok(absolute)
    } else {
        Err(StepError::Outside { path: absolute })
    }
}

/// Makes the folders above `path`, below transship's own folder, private to their owner.
fn make_folders(world: World<'_>, path: &Path) -> Result<(), StepError> {
    let missing: Vec<_> = path
        .ancestors()
        .skip(1)
        .take_while(|folder| !folder.exists())
        .collect();
    for folder in missing.into_iter().rev() {
        world
            .disk
            .create_dir(folder, 0o700)
            .map_err(StepError::io(folder))?;
    }
    Ok(())
}
