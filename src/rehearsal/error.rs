//! Why a plan can't be rehearsed.

use std::io;
use std::net::IpAddr;
use std::path::PathBuf;

use thiserror::Error;

use crate::document::DocumentError;
use crate::engine;
use crate::error::{Code, ErrorPart, Explain, Kind};
use crate::fs::{TrustError, WriteError};
use crate::launch::LaunchError;
use crate::release::{IdentityError, InstallError};
use crate::tree;
use crate::upgrade::planning::prepare::PrepareError;
use crate::upgrade::running::run_error::RunError;

/// Every error of [`rehearsal`](super). What goes wrong within the clone is a finding, and none of these.
#[derive(Debug, Error)]
pub enum RehearsalError {
    /// A file or folder of a rehearsal can't be read, made or removed.
    #[error("can't {what} `{}`", path.display())]
    Io {
        /// What was to be done with it, as a verb.
        what: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the system call.
        source: io::Error,
    },
    /// A folder couldn't be cloned, or looked at.
    #[error(transparent)]
    Tree(#[from] tree::Error),
    /// A volume couldn't be cloned, or looked at.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// The clone is no install.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The clone gets no id.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A record can't be read or written.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// A record is somebody else's.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// A folder can't be made.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The clone's releases can't be read.
    #[error(transparent)]
    Prepare(Box<PrepareError>),
    /// The user wanted to stop.
    #[error("the rehearsal was interrupted: {at}")]
    Interrupted {
        /// What was being done.
        at: String,
        /// What was interrupted within the clone.
        source: Box<RunError>,
    },
    /// The release runs, and it wasn't said how it is kept from writing while it is copied.
    #[error("{version} runs, and a copy of what is written meanwhile is of no one moment")]
    Runs {
        /// The release that runs.
        version: String,
    },
    /// Something can't be had twice.
    #[error("{what} can't be had twice: a clone would have the original's")]
    Unclonable {
        /// What it is, with whose.
        what: String,
    },
    /// An address that a clone hasn't is spoken of.
    #[error(
        "the address {address} of service `{service}` can't be had twice, and {place} speaks of it"
    )]
    SpokenAddress {
        /// The address.
        address: IpAddr,
        /// Whose it is.
        service: String,
        /// Where it is spoken of, and by whom.
        place: String,
    },
    /// What is in the clone could reach further than it.
    #[error("the clone can't be shut in: {why}")]
    NotShutIn {
        /// Why.
        why: String,
    },
    /// The recipe has commands that are run on the host.
    #[error("the recipe runs commands on this machine, which may reach what runs: {commands}")]
    OnHost {
        /// The commands.
        commands: String,
    },
    /// What the recipe wants run before anything else in the clone failed.
    #[error("the clone isn't neutralized: `{command}`: {said}")]
    NotNeutralized {
        /// What was run, as the recipe has it.
        command: String,
        /// How it ended.
        said: String,
    },
    /// The old release can't come up in the clone.
    #[error(transparent)]
    Launch(Box<LaunchError>),
    /// There is no room for a clone.
    #[error("a clone and what is done in it need {needed} bytes in `{}`, and {free} are free", path.display())]
    NoRoom {
        /// The clone's folder.
        path: PathBuf,
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// It found something.
    #[error("rehearsal `{id}` didn't go well")]
    NotWell {
        /// The rehearsal.
        id: String,
    },
    /// Something isn't as it was rehearsed.
    #[error("since rehearsal `{id}` this has drifted: {}", what.join("; "))]
    Drifted {
        /// The rehearsal.
        id: String,
        /// What, from what to what, a sentence each.
        what: Vec<String>,
    },
    /// The plan has no such step.
    #[error("there is no step {step}: the plan has {count}")]
    NoStep {
        /// The number that was asked for.
        step: usize,
        /// How many steps there are.
        count: usize,
    },
    /// There is none of that name, or none at all.
    #[error("there is no rehearsal{} in `{}`", named(name.as_deref()), folder.display())]
    Unknown {
        /// The name that was asked for.
        name: Option<String>,
        /// The install's folder of rehearsals.
        folder: PathBuf,
    },
}

fn named(name: Option<&str>) -> String {
    name.map_or_else(String::new, |name| format!(" `{name}`"))
}

impl RehearsalError {
    fn inner(&self) -> Option<&dyn Explain> {
        Some(match self {
            Self::Tree(error) => error,
            Self::Engine(error) => error,
            Self::Install(error) => error,
            Self::Identity(error) => error,
            Self::Document(error) => error,
            Self::Trust(error) => error,
            Self::Write(error) => error,
            Self::Prepare(error) => error.as_ref(),
            Self::Launch(error) => error.as_ref(),
            _ => return None,
        })
    }
}

impl Explain for RehearsalError {
    fn code(&self) -> Code {
        self.inner().map_or_else(
            || match self {
                Self::Interrupted { .. } => Code::Interrupted,
                Self::Runs { .. } => Code::InUse,
                Self::NoRoom { .. } => Code::NoRoom,
                Self::NotNeutralized { .. } => Code::HookFailed,
                Self::Unclonable { .. }
                | Self::SpokenAddress { .. }
                | Self::NotShutIn { .. }
                | Self::OnHost { .. } => Code::Refused,
                Self::NotWell { .. } => Code::NotWell,
                Self::Drifted { .. } => Code::StalePlan,
                Self::Io { .. } => Code::Unwritable,
                _ => Code::NotFound,
            },
            Explain::code,
        )
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Interrupted { .. } => Kind::Interrupted,
            Self::Runs { .. }
            | Self::Unclonable { .. }
            | Self::SpokenAddress { .. }
            | Self::NotShutIn { .. }
            | Self::OnHost { .. }
            | Self::NotNeutralized { .. }
            | Self::NotWell { .. }
            | Self::Drifted { .. }
            | Self::NoRoom { .. } => Kind::Refused,
            Self::Io { .. } => Kind::Failed,
            other => other.inner().map_or(Kind::Usage, Explain::kind),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Runs { .. } => vec![
                "have all of it stand still until it is copied: `--pause`".into(),
                "have it stopped until then, and started again: `--stop`".into(),
            ],
            Self::OnHost { .. } => {
                vec![
                    "where they do no harm there (`$TRANSSHIP_INSTALL` is the clone): `--on-host`"
                        .into(),
                ]
            }
            Self::SpokenAddress { service, .. } => {
                vec![format!("speak of `{service}` by its name, which leads there in the clone, too")]
            }
            Self::NotShutIn { .. } => vec![
                "nothing was started in it; `--helper PROGRAM` names a static transship that can listen there".into(),
            ],
            Self::NotNeutralized { .. } => vec![
                "nothing else was started in it, and it is gone; see `neutralize` in the recipe"
                    .into(),
            ],
            Self::NotWell { .. } | Self::Drifted { .. } => {
                vec!["rehearse again, with `transship rehearse VERSION`".into()]
            }
            Self::Unknown { .. } => vec!["make one with `transship rehearse VERSION`".into()],
            other => other.inner().map_or_else(Vec::new, Explain::hints),
        }
    }

    fn parts(&self) -> Vec<ErrorPart> {
        self.inner().map_or_else(Vec::new, Explain::parts)
    }
}

impl From<PrepareError> for RehearsalError {
    fn from(error: PrepareError) -> Self {
        Self::Prepare(Box::new(error))
    }
}

impl From<LaunchError> for RehearsalError {
    fn from(error: LaunchError) -> Self {
        Self::Launch(Box::new(error))
    }
}

/// A reader's name for the folder of an error.
pub(super) fn io(
    what: &'static str,
    path: impl Into<PathBuf>,
) -> impl FnOnce(io::Error) -> RehearsalError {
    let path = path.into();
    move |source| RehearsalError::Io { what, path, source }
}
