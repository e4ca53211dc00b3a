//! Why a step failed, or couldn't be undone.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::compose;
use crate::database::postgres::PostgresError;
use crate::database::{DatabaseEngine, StreamedMoveError};
use crate::document::DocumentError;
use crate::engine::{self, ArchiveError};
use crate::error::{Code, Explain, Kind, root_hint};
use crate::fs::WriteError;
use crate::launch::LaunchError;
use crate::merge;
use crate::release::{InstallError, VendorReleaseError};
use crate::tree::{self, Difference, Problem};

/// Why a step failed. It has left nothing behind.
#[derive(Debug, Error)]
pub enum StepError {
    /// A system call failed.
    #[error("can't use `{}`", path.display())]
    Io {
        /// On what.
        path: PathBuf,
        /// The error of the system call.
        source: io::Error,
    },
    /// A file couldn't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The vendor's tarball or folder.
    #[error(transparent)]
    VendorRelease(#[from] VendorReleaseError),
    /// Tree work failed.
    #[error(transparent)]
    Tree(#[from] tree::Error),
    /// The place where volumes live.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The images can't be loaded.
    #[error(transparent)]
    Images(#[from] ArchiveError),
    /// A database can't be moved.
    #[error(transparent)]
    Database(#[from] PostgresError),
    /// A database can't be streamed into another.
    #[error(transparent)]
    Stream(#[from] StreamedMoveError),
    /// A recipe has commands for a database, and they aren't in the step, or transship has none.
    #[error("there is no way to move {engine}")]
    NoWay {
        /// The engine.
        engine: DatabaseEngine,
    },
    /// A service keeps its data elsewhere than in its volume.
    #[error("`{service}` has its data in `{}`, which isn't in volume `{volume}`", folder.display())]
    DataElsewhere {
        /// The service.
        service: String,
        /// The volume's real name.
        volume: String,
        /// Where the data is, as the container sees it.
        folder: PathBuf,
    },
    /// There is no Docker program.
    #[error("there is no Docker program for it")]
    NoDocker,
    /// A compose file can't be edited.
    #[error(transparent)]
    Compose(#[from] compose::Error),
    /// A file can't be merged.
    #[error(transparent)]
    Merge(#[from] merge::Error),
    /// A file is neither as it was planned for nor as it should become.
    #[error("`{}` was edited since the plan was made", path.display())]
    FileChanged {
        /// The file.
        path: PathBuf,
    },
    /// The edit gives another result than the plan's.
    #[error("the edit of `{}` gives another result than the plan's", path.display())]
    EditDiffers {
        /// The file.
        path: PathBuf,
    },
    /// A symlink leads out of the new release.
    #[error("`{}` leads out of its release by a symlink", path.display())]
    Outside {
        /// The path.
        path: PathBuf,
    },
    /// A volume was written after it was copied.
    #[error(
        "volume `{volume}` was written since it was copied, first: {}",
        first(differences)
    )]
    SourceChanged {
        /// The volume's real name, as the engine has it.
        volume: String,
        /// How the source differs from what was copied.
        differences: Vec<Difference>,
    },
    /// A folder of the host was written after it was copied, and the new release runs on the copy.
    #[error("`{}` was written since it was copied, and the new release has the copy", path.display())]
    FolderWritten {
        /// The folder.
        path: PathBuf,
    },
    /// The old release was stopped, and somebody has started some of it since.
    #[error("{version} was started again while {to} came up (`{container}`)")]
    StartedAgain {
        /// The old release.
        version: String,
        /// The new one.
        to: String,
        /// A container of the old one that runs.
        container: String,
    },
    /// What going back to takes is gone.
    #[error("`{}` is gone: going back would lead to nothing", path.display())]
    OldGone {
        /// The file or folder of the release that is gone back to.
        path: PathBuf,
    },
    /// The old release's volume isn't what was copied any more, so that the copy may be all there is.
    #[error("volume `{volume}` {what}: `{copy}`, which was copied from it, may be all there is")]
    LastCopy {
        /// The old volume's real name.
        volume: String,
        /// The new volume's real name.
        copy: String,
        /// What became of the old volume: `is gone`.
        what: &'static str,
    },
    /// A volume of a run's can't be remembered, or what is remembered can't be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The new volume holds something.
    #[error("volume `{volume}` is not empty")]
    TargetNotEmpty {
        /// The volume's real name, as the engine has it.
        volume: String,
        /// The folder that holds its content.
        path: PathBuf,
    },
    /// The new volume holds something that this run didn't copy.
    #[error("volume `{volume}` holds something else than a copy of the old one")]
    TargetNotOurs {
        /// The volume's real name, as the engine has it.
        volume: String,
        /// The folder that holds its content.
        path: PathBuf,
    },
    /// Something of the source can't be kept where the copy goes.
    #[error("{} of the copy can't be kept, first: {}", count(problems.len()), first(problems))]
    NotKept {
        /// What can't be kept, path by path.
        problems: Vec<Problem>,
    },
    /// The copy, read back, isn't what was copied.
    #[error("volume `{volume}` differs from its manifest in {}, first: {}", count(differences.len()), first(differences))]
    Differs {
        /// The volume's real name, as the engine has it.
        volume: String,
        /// How the copy differs from its manifest.
        differences: Vec<Difference>,
    },
    /// A release isn't there, or its project can't be told.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// A release can't be brought up.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The release would have other names, ports or volumes than its files say.
    #[error("{version} can't come up as its files have it: what it wants by name is another's")]
    WouldComeUpOtherwise {
        /// The release.
        version: String,
    },
    /// A container that going back needs is gone, and its image is, too.
    #[error(
        "container `{container}` is gone, and so is its image `{image}`: going back would start another"
    )]
    ImageGone {
        /// The name that the container had.
        container: String,
        /// The image's id.
        image: String,
    },
    /// A hook failed.
    #[error("hook `{hook}`: {said}")]
    HookFailed {
        /// As recipes call it.
        hook: &'static str,
        /// How, and what it said last, free of secrets.
        said: String,
        /// The file with all of what it said.
        log: PathBuf,
    },
    /// The user wanted to stop while a hook ran.
    #[error("interrupted while hook `{hook}` ran")]
    HookInterrupted {
        /// As recipes call it.
        hook: &'static str,
    },
    /// A release isn't well.
    #[error("{version} wasn't well within {seconds} s: {check}: {said}")]
    NotWell {
        /// The release.
        version: String,
        /// What was asked.
        check: String,
        /// How long it was asked.
        seconds: u64,
        /// What was said the last time.
        said: String,
    },
    /// The user wanted to stop while something was asked.
    #[error("interrupted while waiting for: {check}")]
    CheckInterrupted {
        /// What was asked.
        check: String,
    },
    /// `current` points to neither release.
    #[error("`{}` was repointed by somebody else, to {}", link.display(), target(now.as_deref()))]
    CurrentMoved {
        /// The symlink.
        link: PathBuf,
        /// What the symlink holds; `None` when there is none.
        now: Option<PathBuf>,
    },
}

impl StepError {
    /// For `map_err`: an error about `path`.
    pub(crate) fn io(path: &Path) -> impl Fn(io::Error) -> Self {
        move |source| Self::Io {
            path: path.into(),
            source,
        }
    }
}

impl Explain for StepError {
    fn code(&self) -> Code {
        match self {
            Self::Write(error) => error.code(),
            Self::VendorRelease(error) => error.code(),
            Self::Tree(error) => error.code(),
            Self::Engine(error) => error.code(),
            Self::Images(error) => error.code(),
            Self::Compose(error) => error.code(),
            Self::Merge(error) => error.code(),
            Self::Document(error) => error.code(),
            Self::Database(error) => error.code(),
            Self::Stream(error) => error.code(),
            Self::Launch(error) => error.code(),
            Self::Install(error) => error.code(),
            Self::Io { .. } => Code::Unwritable,
            Self::NoDocker { .. } => Code::NoEngine,
            Self::NoWay { .. } => Code::Refused,
            Self::FileChanged { .. }
            | Self::SourceChanged { .. }
            | Self::FolderWritten { .. }
            | Self::StartedAgain { .. }
            | Self::WouldComeUpOtherwise { .. }
            | Self::CurrentMoved { .. } => Code::Changed,
            Self::EditDiffers { .. } | Self::Differs { .. } => Code::Differs,
            Self::Outside { .. } | Self::DataElsewhere { .. } => Code::Outside,
            Self::OldGone { .. } | Self::LastCopy { .. } => Code::OldReleaseGone,
            Self::TargetNotEmpty { .. } | Self::TargetNotOurs { .. } => Code::Exists,
            Self::NotKept { .. } => Code::Incomplete,
            Self::ImageGone { .. } => Code::NoImage,
            Self::HookFailed { .. } => Code::HookFailed,
            Self::HookInterrupted { .. } | Self::CheckInterrupted { .. } => Code::Interrupted,
            Self::NotWell { .. } => Code::NotWell,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::VendorRelease(error) => error.kind(),
            Self::Tree(error) => error.kind(),
            Self::Engine(error) => error.kind(),
            Self::Compose(error) => error.kind(),
            Self::Merge(error) => error.kind(),
            Self::Document(error) => error.kind(),
            Self::Database(error) => error.kind(),
            Self::Stream(error) => error.kind(),
            Self::Launch(error) => error.kind(),
            Self::Install(error) => error.kind(),
            Self::HookInterrupted { .. } | Self::CheckInterrupted { .. } => Kind::Interrupted,
            Self::Io { .. }
            | Self::Write(_)
            | Self::Differs { .. }
            | Self::HookFailed { .. }
            | Self::NotWell { .. }
            | Self::NotKept { .. } => Kind::Failed,
            _ => Kind::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::VendorRelease(error) => error.hints(),
            Self::Tree(error) => error.hints(),
            Self::Engine(error) => error.hints(),
            Self::Compose(error) => error.hints(),
            Self::Merge(error) => error.hints(),
            Self::Write(error) => error.hints(),
            Self::Document(error) => error.hints(),
            Self::Launch(error) => error.hints(),
            Self::Install(error) => error.hints(),
            Self::WouldComeUpOtherwise { version } => {
                vec![format!(
                    "see what is in its way: transship up {version} --dry-run"
                )]
            }
            Self::ImageGone { image, .. } => {
                vec![format!(
                    "load or pull the image with the id `{image}` again"
                )]
            }
            Self::HookFailed { log, .. } => {
                vec![format!("all that it said is in `{}`", log.display())]
            }
            Self::OldGone { .. } => {
                vec!["restore it from a backup, or stay with the new release".into()]
            }
            Self::LastCopy { volume, .. } => vec![
                format!(
                    "restore `{volume}` from a backup, or copy it back with `transship volume copy`"
                ),
                "nothing was changed: the new release and its volumes are there".into(),
            ],
            Self::FileChanged { .. } | Self::EditDiffers { .. } => {
                vec!["roll back and make the plan again".into()]
            }
            Self::Database(error) => error.hints(),
            Self::Stream(error) => error.hints(),
            Self::DataElsewhere { volume, .. } => vec![format!(
                "mount `{volume}` where the image keeps its data: from Postgres 18 on one level higher"
            )],
            Self::Outside { .. } => vec!["put a file or folder of its own in its place".into()],
            Self::SourceChanged { .. } => {
                vec!["keep the old release stopped, roll back, and apply again".into()]
            }
            Self::FolderWritten { .. } => vec![
                "see who writes there while no release runs (a process of the host, a timer), stop it, and \
                 apply again"
                    .into(),
            ],
            Self::StartedAgain { .. } => vec![
                "what it wrote the new release wouldn't have: see who starts it (a restart policy, \
                 a timer), and apply again"
                    .into(),
            ],
            Self::TargetNotEmpty { path, .. } | Self::TargetNotOurs { path, .. } => {
                vec![format!(
                    "look at `{}`; remove it if nothing in it is needed",
                    path.display()
                )]
            }
            Self::NotKept { .. } => root_hint(
                "run it as root, onto a filesystem of the same kind",
                Some("copy it onto a filesystem of the same kind"),
            ),
            Self::Differs { .. } => vec![
                "suspect the disk or the memory; roll back, and look at the kernel's log".into(),
            ],
            Self::CurrentMoved { .. } => vec!["repoint it as it was, or finish by hand".into()],
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                root_hint(
                    "run it as root: volumes belong to the users of their containers",
                    None,
                )
            }
            _ => Vec::new(),
        }
    }
}

fn count(number: usize) -> String {
    if number == 1 {
        "one place".into()
    } else {
        format!("{number} places")
    }
}

fn first<T: std::fmt::Display>(all: &[T]) -> String {
    all.first().map(ToString::to_string).unwrap_or_default()
}

fn target(now: Option<&Path>) -> String {
    now.map_or_else(|| "nothing".into(), |path| format!("`{}`", path.display()))
}
