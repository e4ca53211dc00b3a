//! Why a run stopped, or wasn't begun, and what to do then.

use std::path::PathBuf;

use jiff::Timestamp;
use thiserror::Error;

use super::downtime::DowntimeFigure;
use super::journal::JournalError;
use crate::error::{Code, Explain, Kind};
use crate::release::{IdentityError, InstallError};
use crate::upgrade::downtime_estimate::DowntimeRefusal;
use crate::upgrade::plan::PlanError;
use crate::upgrade::step::StepError;

/// Why a run stopped, or wasn't begun.
#[derive(Debug, Error)]
pub enum RunError {
    /// A step failed.
    #[error("step {number} of {count} {}: {title}", ended(source))]
    Step {
        /// Counted from 1.
        number: usize,
        /// Steps in the plan.
        count: usize,
        /// The step in one line.
        title: String,
        /// Why the step couldn't do it.
        source: Box<StepError>,
    },
    /// Undoing a step failed.
    #[error("step {number} of {count} can't be undone: {title}")]
    Undo {
        /// Counted from 1.
        number: usize,
        /// Steps in the plan.
        count: usize,
        /// The step in one line.
        title: String,
        /// Why the step couldn't do it.
        source: Box<StepError>,
    },
    /// The user wanted to stop.
    #[error("interrupted before step {number} of {count}: {title}")]
    Interrupted {
        /// Counted from 1.
        number: usize,
        /// Steps in the plan.
        count: usize,
        /// The step in one line.
        title: String,
        /// Whether anything of the run is recorded, so that it can be gone on with.
        is_begun: bool,
    },
    /// Something failed while neither release served, and the old one serves again.
    #[error("the upgrade to {to} failed, and {from} serves again{}", after(*downtime))]
    WentBack {
        /// The release that serves.
        from: String,
        /// The release that it was to lead to.
        to: String,
        /// How long nobody was served; nothing where nothing was stopped.
        downtime: Option<DowntimeFigure>,
        /// What failed.
        #[source]
        failed: Box<RunError>,
    },
    /// Something failed while neither release served, and the old one couldn't be had back.
    #[error("{from} doesn't serve again, after this failed: {failed}")]
    NotBack {
        /// The release that should serve.
        from: String,
        /// What failed first.
        failed: String,
        /// Why it couldn't be had back.
        source: Box<RunError>,
    },
    /// The plan stops nothing, and so has neither a window nor anything to confirm.
    #[error("this plan neither stops the old release nor starts the new one")]
    NoTerms,
    /// The old release may not be stopped now.
    #[error("it is outside of the window {window}{}", opens(until.as_deref()))]
    OutsideWindow {
        /// The window, as it was told.
        window: String,
        /// The time until it opens for long enough, for a reader; nothing where it doesn't.
        until: Option<String>,
        /// Whether everything that comes before the window is done.
        is_begun: bool,
    },
    /// The window ended before the new release served.
    #[error("the window {window} is over")]
    WindowOver {
        /// The window, as it was told.
        window: String,
    },
    /// More has changed than could be expected, so that it would be down for too long.
    #[error("all is ready, and {source}")]
    Downtime {
        /// How long that would be, and how long it may be.
        source: DowntimeRefusal,
    },
    /// Waiting for a confirmation was interrupted.
    #[error("interrupted while {to} waited to be confirmed by {until}")]
    Unconfirmed {
        /// The release that serves.
        to: String,
        /// By when it has to be confirmed.
        until: Timestamp,
    },
    /// Nobody has confirmed it.
    #[error("it wasn't confirmed by {until}")]
    NotConfirmed {
        /// By when it had to be.
        until: Timestamp,
    },
    /// The journal can't be kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An earlier run isn't over.
    #[error("the run `{run}` to {to} was interrupted and isn't over")]
    Unfinished {
        /// The run.
        run: String,
        /// The release that the run led to.
        to: String,
    },
    /// All is undone, but what was kept for it can't be removed.
    #[error("all is undone, but what was kept for it stays")]
    Leftover {
        /// Why the step couldn't do it.
        source: Box<StepError>,
    },
    /// What would be discarded is the active release.
    #[error("`current` points to {to}: it is not discarded")]
    Active {
        /// The release.
        to: String,
    },
    /// Something stands against it, found before the first effect.
    #[error(transparent)]
    Refused {
        /// What stands against it.
        source: Box<StepError>,
    },
    /// There is nothing to resume or to roll back.
    #[error("{what}")]
    Nothing {
        /// What there isn't, as a sentence.
        what: String,
        /// The next moves, besides a look at `status`.
        next: Vec<String>,
    },
    /// The plan or run isn't this install's, or is none that a planner makes.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The install isn't where its id says.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// It isn't known which release is active.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The release to go back to isn't there.
    #[error("the old release {version} is gone: there is nothing to go back to in `{}`", folder.display())]
    NoOldRelease {
        /// The name of the old release, the one to go back to.
        version: String,
        /// The folder that should hold it.
        folder: PathBuf,
    },
}

fn opens(until: Option<&str>) -> String {
    until.map_or_else(
        || ", and no other comes that is long enough".to_owned(),
        |until| format!(", which opens in {until}"),
    )
}

fn ended(source: &StepError) -> &'static str {
    match source.kind() {
        Kind::Interrupted => "was interrupted",
        _ => "failed",
    }
}

fn after(downtime: Option<DowntimeFigure>) -> String {
    downtime.map_or_else(String::new, |figure| format!(", {figure}"))
}

impl RunError {
    /// How long nobody was served, where the old release serves again.
    pub const fn downtime(&self) -> Option<DowntimeFigure> {
        match self {
            Self::WentBack { downtime, .. } => *downtime,
            _ => None,
        }
    }

    /// The next moves that what went wrong itself knows, without those of the run.
    fn cause_hints(&self) -> Vec<String> {
        match self {
            Self::Step { source, .. } | Self::Undo { source, .. } | Self::Refused { source } => {
                source.hints()
            }
            Self::Interrupted { .. } => Vec::new(),
            other => other.hints(),
        }
    }
}

impl Explain for RunError {
    fn code(&self) -> Code {
        match self {
            Self::Step { source, .. }
            | Self::Undo { source, .. }
            | Self::Leftover { source, .. }
            | Self::Refused { source, .. } => source.code(),
            Self::NotBack { .. } => Code::NotBack,
            Self::OutsideWindow { .. } | Self::WindowOver { .. } => Code::OutsideWindow,
            Self::Downtime { .. } => Code::Downtime,
            Self::Unconfirmed { .. } | Self::NotConfirmed { .. } => Code::Unconfirmed,
            Self::WentBack { .. } => Code::WentBack,
            Self::Interrupted { .. } => Code::Interrupted,
            Self::Journal(error) => error.code(),
            Self::Plan(error) => error.code(),
            Self::Identity(error) => error.code(),
            Self::Install(error) => error.code(),
            Self::NoOldRelease { .. } => Code::OldReleaseGone,
            Self::Unfinished { .. } => Code::Unfinished,
            Self::NoTerms | Self::Nothing { .. } => Code::Nothing,
            Self::Active { .. } => Code::ReleaseInUse,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Step { source, .. } if source.kind() == Kind::Interrupted => Kind::Interrupted,
            Self::Step { .. }
            | Self::Undo { .. }
            | Self::Leftover { .. }
            | Self::NotBack { .. }
            | Self::OutsideWindow { is_begun: true, .. }
            | Self::WindowOver { .. }
            | Self::Downtime { .. }
            | Self::NotConfirmed { .. } => Kind::Failed,
            Self::WentBack { .. } => Kind::RolledBack,
            Self::Interrupted { .. } | Self::Unconfirmed { .. } => Kind::Interrupted,
            Self::Journal(error) => error.kind(),
            Self::Plan(error) => error.kind(),
            Self::Identity(error) => error.kind(),
            Self::Install(error) => error.kind(),
            Self::NoOldRelease { .. }
            | Self::Unfinished { .. }
            | Self::NoTerms
            | Self::OutsideWindow { .. }
            | Self::Nothing { .. }
            | Self::Active { .. }
            | Self::Refused { .. } => Kind::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        let go_on =
            "go on with `transship resume`, or undo it with `transship rollback`".to_owned();
        match self {
            Self::Step { source, .. } => [source.hints(), vec![go_on]].concat(),
            Self::WentBack { failed, .. } => {
                let mut hints = failed.cause_hints();
                hints.push("the new release, its volumes and containers are kept for a look; before another try: `transship rollback --discard`".into());
                hints
            }
            Self::NotBack { source, .. } => {
                let mut hints = source.cause_hints();
                hints.push(
                    "see `docker ps --all`; when that is mended: `transship rollback`".into(),
                );
                hints
            }
            Self::Undo { source, .. } => [
                source.hints(),
                vec!["then run `transship rollback` again".into()],
            ]
            .concat(),
            Self::Interrupted { is_begun: true, .. }
            | Self::Unfinished { .. }
            | Self::OutsideWindow { is_begun: true, .. } => vec![go_on],
            Self::Interrupted {
                is_begun: false, ..
            } => vec!["nothing was done yet; to begin again: `transship apply`".into()],
            Self::Downtime { .. } => vec![
                "go on when less is written, with `transship resume`, or undo it with `transship rollback`"
                    .into(),
            ],
            Self::NoTerms => vec!["plan it while the old release runs".into()],
            Self::OutsideWindow {
                is_begun: false,
                until: Some(_),
                ..
            } => vec!["begin it then, or wait for it with `--wait`".into()],
            Self::OutsideWindow { .. } | Self::WindowOver { .. } => {
                vec!["begin it again with another `--window`".into()]
            }
            Self::Unconfirmed { .. } => vec![
                "keep it with `transship confirm`, or go on waiting with `transship resume`: nobody goes back by itself now".into(),
            ],
            Self::NotConfirmed { .. } => Vec::new(),
            Self::Active { .. } => {
                vec!["switch to another release first, with `transship release use VERSION`".into()]
            }
            Self::Refused { source } => source.hints(),
            Self::Leftover { .. } => vec!["run `transship rollback` again".into()],
            Self::Journal(error) => error.hints(),
            Self::Plan(error) => error.hints(),
            Self::Identity(error) => error.hints(),
            Self::Install(error) => error.hints(),
            Self::NoOldRelease { .. } => {
                vec!["restore the folder from a backup, or stay with the new release".into()]
            }
            Self::Nothing { next, .. } => {
                let look = "`transship status` shows where the install stands".to_owned();
                next.iter().cloned().chain([look]).collect()
            }
        }
    }
}
