//! A plan: the ordered steps of an upgrade, saved so that `apply` does what was shown.
//!
//! A plan holds names, paths, digests and sizes; it never holds a file's content or a
//! value of `.env`, so it may be shown to anybody who may know the install's layout.

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::confine::{self, Bounds, OutOfBounds};
use super::downtime_estimate::DowntimeEstimate;
use super::planning::merging::PlanConflict;
use super::projects::ProjectPair;
use super::request::Request;
use super::shared_with_old::SharedWithOld;
use super::step::Step;
use crate::document::{self, DocumentError, DocumentFormat, DocumentId};
use crate::engine::VolumeBackend;
use crate::error::{Code, Explain, Kind};
use crate::fs::Disk;
use crate::release::{Install, Version};

/// The format of a saved plan. Each version has a file in `fixtures/formats/`.
pub const FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-plan",
    version: 9,
    oldest: 1,
};

/// What will be done, in this order, and what is known of it beforehand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The plan's name: its place, when it was made and where it leads, as
    /// `00007-20261121T015100Z-v2.10.5`.
    pub id: String,
    /// Its place in the order in which the install's plans were made, counted from 1; 0 in a plan of
    /// version 1, which has none.
    #[serde(default)]
    pub sequence: u64,
    /// The id of the install that it was made in; absent in a plan of version 1.
    #[serde(default)]
    pub install: Option<String>,
    /// The time at which it was made.
    pub made: Timestamp,
    /// The version of transship that made it.
    pub transship: String,
    /// What the administrator asked for; with it, the plan can be made again.
    pub request: Request,
    /// The release that the upgrade leaves.
    pub from: Version,
    /// The release that it leads to.
    pub to: Version,
    /// The old release's compose project.
    pub from_project: String,
    /// The new release's compose project.
    pub project: String,
    /// Both projects, and what they claim by name; nothing in a plan of version 1.
    #[serde(default)]
    pub projects: ProjectPair,
    /// The steps.
    pub steps: Vec<Step>,
    /// What the copies need and what is free.
    pub estimate: Estimate,
    /// What the administrator should know, a sentence each.
    pub warnings: Vec<String>,
    /// The vendor's notes, a file of the new release: they are to be read before it is applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notes: Option<PathBuf>,
    /// What is outside of both releases and both use: going back brings nothing of it back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared: Vec<SharedWithOld>,
    /// What both the administrator and the vendor changed; the plan can't be applied while there is any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub conflicts: Vec<PlanConflict>,
}

/// Sizes as they were when the plan was made; they may change while the old release runs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estimate {
    /// How much there is of each volume that is to be copied: files, and bytes.
    pub volumes: Vec<VolumeEstimate>,
    /// The bytes needed and free on each filesystem that is written to.
    pub space: Vec<Space>,
    /// How long nobody will be served; absent where the plan stops nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub downtime: Option<DowntimeEstimate>,
}

/// One volume's size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeEstimate {
    /// The volume's key below `volumes:` of the compose file, or the absolute path of a folder that
    /// is copied.
    pub key: String,
    /// Names of everything but folders.
    pub files: u64,
    /// Bytes of content.
    pub bytes: u64,
    /// Running containers or processes that use it now and must be stopped before
    /// `apply`; absent where nobody could say.
    pub in_use_by: Option<Vec<String>>,
}

/// What is needed of a filesystem and what it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Space {
    /// A folder on it that is written to.
    pub path: PathBuf,
    /// Bytes needed.
    pub needed: u64,
    /// Bytes free for the user who asked.
    pub free: u64,
}

/// Why there is no plan to apply.
#[derive(Debug, Error)]
pub enum PlanError {
    /// None was saved.
    #[error("there is no plan in `{}`", folder.display())]
    None {
        /// The install's folder of plans.
        folder: PathBuf,
    },
    /// No plan of that name.
    #[error("there is no plan `{name}` in `{}`", folder.display())]
    Unknown {
        /// The name, or path, that was asked for.
        name: String,
        /// The install's folder of plans.
        folder: PathBuf,
    },
    /// Both the administrator and the vendor changed something, and nobody has said whose change counts.
    #[error("plan `{id}` has conflicts that nobody has answered: {conflicts}")]
    Conflicts {
        /// The plan's name.
        id: String,
        /// The open conflicts, as `FILE:KEY`, for a reader.
        conflicts: String,
    },
    /// The folder can't be listed.
    #[error("can't read `{}`", folder.display())]
    Io {
        /// The install's folder of plans.
        folder: PathBuf,
        /// The error of the system call.
        source: io::Error,
    },
    /// A plan, or the plan of a run, is of another install.
    #[error(
        "{what} `{id}` is of another install than `{here}`, whose id is {own}: its own is {theirs}"
    )]
    Foreign {
        /// `plan` or `run`.
        what: &'static str,
        /// The plan's or the run's name.
        id: String,
        /// The folder of the install that the plan or run was looked for in.
        here: String,
        /// The id of the install in that folder.
        own: String,
        /// The other install's id.
        theirs: String,
    },
    /// A plan, or the plan of a run, is of before installs had ids.
    #[error("{what} `{id}` doesn't say which install it is of: an earlier transship made it")]
    Unidentified {
        /// `plan` or `run`.
        what: &'static str,
        /// The plan's or the run's name.
        id: String,
    },
    /// A path leads where no plan leads.
    #[error("{what} `{id}` is not acted upon: {source}")]
    OutOfBounds {
        /// `plan` or `run`.
        what: &'static str,
        /// The plan's or the run's name.
        id: String,
        /// Which path, and where it belongs.
        source: OutOfBounds,
    },
    /// The plan's file is damaged, of another kind or version, or can't be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
}

impl Explain for PlanError {
    fn code(&self) -> Code {
        match self {
            Self::None { .. } | Self::Unknown { .. } => Code::NoPlan,
            Self::Conflicts { .. } => Code::OpenConflicts,
            Self::Io { .. } => Code::Unreadable,
            Self::Foreign { .. } | Self::Unidentified { .. } => Code::OtherInstall,
            Self::OutOfBounds { .. } => Code::Outside,
            Self::Document(error) => error.code(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Document(error) => error.kind(),
            Self::Conflicts { .. }
            | Self::Foreign { .. }
            | Self::Unidentified { .. }
            | Self::OutOfBounds { .. } => Kind::Refused,
            _ => Kind::Usage,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Document(error) => error.hints(),
            Self::Io { .. } => Vec::new(),
            Self::Foreign { .. } => {
                vec!["make a plan here, with `transship plan VERSION`".into()]
            }
            Self::Unidentified { what: "run", .. } => {
                vec!["finish it with the transship that began it".into()]
            }
            Self::Unidentified { .. } => {
                vec!["make it again, with `transship plan VERSION`".into()]
            }
            Self::OutOfBounds { .. } => {
                vec!["no transship wrote it so: find out who did, and make the plan again".into()]
            }
            Self::Conflicts { .. } => {
                vec!["plan again, with `--ours PATH` or `--theirs PATH` for each".into()]
            }
            _ => vec!["make one with `transship plan VERSION`".into()],
        }
    }
}

impl Plan {
    /// Checks that no conflict is left for the administrator to answer.
    ///
    /// # Errors
    /// [`PlanError::Conflicts`].
    pub fn require_settled(&self) -> Result<(), PlanError> {
        if self.conflicts.is_empty() {
            return Ok(());
        }
        let names = self.conflicts.iter().map(|conflict| {
            let what = &conflict.what;
            let colon = if what.is_empty() { "" } else { ":" };
            format!("`{}{colon}{what}`", conflict.file.display())
        });
        Err(PlanError::Conflicts {
            id: self.id.clone(),
            conflicts: names.collect::<Vec<_>>().join(", "),
        })
    }

    /// What going back to the old release brings nothing of back, a sentence each: what both
    /// releases write.
    pub fn not_brought_back(&self) -> Vec<String> {
        let told = self.shared.iter().map(|shared| {
            let SharedWithOld { name, services, .. } = shared;
            let kind = if shared.what.starts_with('/') { "" } else { "volume " };
            format!(
                "{kind}`{name}` ({}) is both releases': what {} writes there stays after `rollback`",
                services.join(", "),
                self.to
            )
        });
        told.collect()
    }

    /// That the plan may be acted upon in this install: it was made here, and no path in it leads where
    /// no plan leads. `what` and `id` are for messages: a plan, or a run and its name.
    ///
    /// # Errors
    /// [`PlanError::Foreign`], [`PlanError::Unidentified`], [`PlanError::OutOfBounds`].
    pub fn require_own(
        &self,
        install: &Install,
        what: &'static str,
        id: &str,
    ) -> Result<(), PlanError> {
        let id = id.to_owned();
        let (Some(theirs), Some(own)) = (self.install.clone(), own_id(install)) else {
            return Err(PlanError::Unidentified { what, id });
        };
        if theirs != own {
            return Err(PlanError::Foreign {
                what,
                id,
                here: install.root().display().to_string(),
                own,
                theirs,
            });
        }
        self.confine()
            .map_err(|source| PlanError::OutOfBounds { what, id, source })
    }

    /// Holds every path against the bounds of the plan's releases.
    fn confine(&self) -> Result<(), OutOfBounds> {
        let bounds = Bounds {
            from: &self.from,
            to: &self.to,
        };
        if let VolumeBackend::Dir { path } = &self.request.place {
            confine::volumes_folder(path)?;
        }
        self.steps.iter().try_for_each(|step| step.confine(&bounds))
    }

    /// Saves the plan in the install and gives its file.
    ///
    /// # Errors
    /// [`DocumentError::Write`].
    pub fn save(&self, disk: &Disk, install: &Install) -> Result<PathBuf, DocumentError> {
        let path = file(install, &self.id);
        document::save(disk, FORMAT, &path, self)?;
        Ok(path)
    }

    /// The plan called `name` (an id, or a path to a saved plan), or the newest one of this install.
    ///
    /// # Errors
    /// [`PlanError`], but for conflicts.
    pub fn find(install: &Install, name: Option<&str>) -> Result<Self, PlanError> {
        let folder = install.plans();
        let path = match name {
            None => return newest(install, folder),
            Some(path) if path.contains('/') => PathBuf::from(path),
            Some(id) => file(install, id.trim_end_matches(".json")),
        };
        if name.is_some() && !path.exists() {
            return Err(PlanError::Unknown {
                name: name.unwrap_or_default().to_owned(),
                folder,
            });
        }
        Ok(document::load(FORMAT, &path)?)
    }

    /// A name for a plan to `version` made at `when` that sorts behind those of all saved ones.
    ///
    /// # Errors
    /// [`PlanError::Io`] if the saved plans can't be listed.
    pub fn new_id(
        install: &Install,
        when: Timestamp,
        version: &Version,
    ) -> Result<DocumentId, PlanError> {
        let folder = install.plans();
        let id = document::next_id(&folder, when, version.as_str());
        id.map_err(|source| PlanError::Io { folder, source })
    }
}

fn file(install: &Install, id: &str) -> PathBuf {
    install.plans().join(format!("{id}.json"))
}

/// The plan that was made last, but for those that a clone has of its original.
fn newest(install: &Install, folder: PathBuf) -> Result<Plan, PlanError> {
    let io = |folder, source| PlanError::Io { folder, source };
    let saved = match document::in_order(&folder) {
        Ok(saved) => saved,
        Err(source) => return Err(io(folder, source)),
    };
    let own = own_id(install);
    for path in saved.iter().rev() {
        let plan: Plan = document::load(FORMAT, path)?;
        if is_of(plan.install.as_deref(), own.as_deref()) {
            return Ok(plan);
        }
    }
    Err(PlanError::None { folder })
}

/// The install's id, where it has one that can be read.
pub(super) fn own_id(install: &Install) -> Option<String> {
    Some(install.identity().ok()??.id)
}

/// Whether a record is, or may be, of the install.
pub(super) fn is_of(recorded: Option<&str>, own: Option<&str>) -> bool {
    recorded.is_none() || own.is_none() || recorded == own
}
