//! The journal of a run: what was meant and what came of it, step by step.
//!
//! One file a run, rewritten atomically at every record under one checksum. An append-only
//! log read up to its first bad record gave silent half-rollbacks when damaged; a whole
//! file is right or refused. Every record must be a legal transition from those before it,
//! when written and again when read.
//!
//! The order is: record `do`, act, record `ok`. After a crash the disk is compared with
//! both; the journal alone is never believed about what happened after its last record.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::downtime::DowntimeFigure;
use super::run_course::RunCourse;
pub use super::run_course::{RunState, StepState};
use super::run_terms::{OpenedWindow, RunTerms};
use crate::document::{self, DocumentError, DocumentFormat};
use crate::error::{Code, Explain, Kind};
use crate::fs::Disk;
use crate::release::Install;
use crate::upgrade::downtime_estimate::DowntimeEstimate;
use crate::upgrade::plan::{Plan, PlanError, is_of, own_id};
use crate::upgrade::step::StepOutcome;

/// The format of a journal. Each version has a file in `fixtures/formats/`.
pub const FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-journal",
    version: 10,
    oldest: 1,
};

/// A run of a plan: the plan itself and what happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Journal {
    path: PathBuf,
    body: JournalBody,
    progress: RunCourse,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct JournalBody {
    run: String,
    /// The run's place in the order in which the install's runs were begun, counted from 1; 0 in a
    /// journal of version 1.
    #[serde(default)]
    sequence: u64,
    /// The id of the install; absent in a journal of version 1.
    #[serde(default)]
    install: Option<String>,
    plan: Plan,
    records: Vec<JournalRecord>,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JournalRecord {
    /// The time at which it was written.
    pub at: Timestamp,
    /// What was meant, or what came of it.
    pub event: JournalEvent,
}

/// What happened. Steps are counted from 0 in the plan's order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "kebab-case", deny_unknown_fields)]
pub enum JournalEvent {
    /// A step is about to be done; again, after a failure or a crash.
    Do {
        /// The step's number in the plan, counted from 0.
        step: usize,
    },
    /// A step was done and is durable.
    Ok {
        /// The step's number in the plan, counted from 0.
        step: usize,
        /// What the step wrote or read, and how long it took.
        outcome: StepOutcome,
    },
    /// A step failed and left nothing behind that `resume` could trip over.
    Failed {
        /// The step's number in the plan, counted from 0.
        step: usize,
        /// What was said, free of secrets.
        error: String,
    },
    /// Every step of the plan is done, so the run is over.
    Complete,
    /// A step is about to be undone; again, after a failure or a crash; or, after all was
    /// rolled back, because what was left of the run is to be discarded.
    Undo {
        /// The step's number in the plan, counted from 0.
        step: usize,
    },
    /// A step was undone.
    Undone {
        /// The step's number in the plan, counted from 0.
        step: usize,
    },
    /// Undoing a step failed.
    UndoFailed {
        /// The step's number in the plan, counted from 0.
        step: usize,
        /// What was said, free of secrets.
        error: String,
    },
    /// Every step that was to be undone is undone, so the run is over.
    RolledBack,
    /// What is wanted of the run, before its first step.
    Terms {
        /// The terms.
        terms: RunTerms,
    },
    /// The old release may be stopped from now on.
    Opened {
        /// When the new one has to serve, where the run has a window of maintenance.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ends: Option<Timestamp>,
        /// How long nobody will be served, by what is known now.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expected: Option<DowntimeEstimate>,
    },
    /// Every step of the plan is done, and it goes back unless it is confirmed.
    Awaits {
        /// By when.
        until: Timestamp,
    },
    /// It was confirmed, so the run is over.
    Confirmed,
    /// How long nobody was served, on the way there or on the way back.
    Downtime {
        /// What was measured.
        figure: DowntimeFigure,
    },
}

/// Why a journal can't be read, kept or believed.
#[derive(Debug, Error)]
pub enum JournalError {
    /// The journal's file is damaged, of another kind or version, or can't be read or written.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// The records contradict each other.
    #[error("`{}` records an impossible course: {what}", path.display())]
    Illegal {
        /// The journal's file.
        path: PathBuf,
        /// Which record can't follow those before it.
        what: String,
    },
    /// The folder can't be listed.
    #[error("can't read `{}`", folder.display())]
    Io {
        /// The install's folder of journals.
        folder: PathBuf,
        /// The error of the system call.
        source: io::Error,
    },
}

impl Explain for JournalError {
    fn code(&self) -> Code {
        match self {
            Self::Document(error) => error.code(),
            Self::Illegal { .. } => Code::Damaged,
            Self::Io { .. } => Code::Unreadable,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Document(error) => error.kind(),
            Self::Illegal { .. } | Self::Io { .. } => Kind::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Document(error) => error.hints(),
            Self::Illegal { .. } => {
                vec!["it is not acted upon; compare the install with the plan in it by hand".into()]
            }
            Self::Io { .. } => Vec::new(),
        }
    }
}

impl Journal {
    /// Opens the journal of a new run of `plan`. Nothing is written before the first
    /// record.
    ///
    /// # Errors
    /// [`JournalError::Io`] if the install's journals can't be listed.
    pub fn begin(install: &Install, plan: Plan, at: Timestamp) -> Result<Self, JournalError> {
        let folder = install.journals();
        let id = document::next_id(&folder, at, plan.to.as_str()).map_err(io(&folder))?;
        let progress = RunCourse::new(plan.steps.len());
        Ok(Self {
            path: folder.join(format!("{}.json", id.name)),
            body: JournalBody {
                run: id.name,
                sequence: id.sequence,
                install: plan.install.clone(),
                plan,
                records: Vec::new(),
            },
            progress,
        })
    }

    /// Reads a journal and checks its course.
    ///
    /// # Errors
    /// [`JournalError::Document`], or [`JournalError::Illegal`].
    pub fn load(path: &Path) -> Result<Self, JournalError> {
        Self::checked(path, document::load(FORMAT, path)?)
    }

    /// The journal of a text, with its course checked; `path` is for messages, and where the next
    /// record goes.
    ///
    /// # Errors
    /// As [`Journal::load`], but for reading the file.
    pub fn from_text(path: &Path, text: &str) -> Result<Self, JournalError> {
        Self::checked(path, document::from_text(FORMAT, path, text)?)
    }

    fn checked(path: &Path, body: JournalBody) -> Result<Self, JournalError> {
        let mut progress = RunCourse::new(body.plan.steps.len());
        for (number, record) in body.records.iter().enumerate() {
            progress
                .take(&record.event)
                .map_err(|what| JournalError::Illegal {
                    path: path.into(),
                    what: format!("record {}: {what}", number + 1),
                })?;
        }
        Ok(Self {
            path: path.into(),
            body,
            progress,
        })
    }

    /// The newest run of the install, if there was one. What a clone has of its original is none.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn newest(install: &Install) -> Result<Option<Self>, JournalError> {
        Self::newest_of(install, &|_| true)
    }

    /// The newest of the install's runs that `wanted` takes, if there is one.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn newest_of(
        install: &Install,
        wanted: &dyn Fn(&Self) -> bool,
    ) -> Result<Option<Self>, JournalError> {
        let folder = install.journals();
        let runs = document::in_order(&folder).map_err(io(&folder))?;
        let own = own_id(install);
        for path in runs.iter().rev() {
            let journal = Self::load(path)?;
            if path.file_stem() != Some(journal.run().as_ref()) {
                return Err(JournalError::Illegal {
                    path: path.into(),
                    what: format!("its name isn't that of its run, `{}`", journal.run()),
                });
            }
            if is_of(journal.body.install.as_deref(), own.as_deref()) && wanted(&journal) {
                return Ok(Some(journal));
            }
        }
        Ok(None)
    }

    /// Appends a record and makes it durable before it returns.
    ///
    /// # Errors
    /// [`JournalError`]; the journal is then as it was before.
    pub fn record(&mut self, disk: &Disk, event: JournalEvent) -> Result<(), JournalError> {
        let mut progress = self.progress.clone();
        progress
            .take(&event)
            .map_err(|what| JournalError::Illegal {
                path: self.path.clone(),
                what: what.into(),
            })?;
        self.body.records.push(JournalRecord {
            at: crate::clock::now(),
            event,
        });
        if let Err(error) = document::save(disk, FORMAT, &self.path, &self.body) {
            self.body.records.pop();
            return Err(error.into());
        }
        self.progress = progress;
        Ok(())
    }

    /// That what is recorded may be acted upon in this install.
    ///
    /// # Errors
    /// Those of [`Plan::require_own`].
    pub fn require_own(&self, install: &Install) -> Result<(), PlanError> {
        let own = self.plan().require_own(install, "run", self.run());
        match self.body.install == self.plan().install {
            true => own,
            false => Err(PlanError::Unidentified {
                what: "run",
                id: self.run().to_owned(),
            }),
        }
    }

    /// The run's name.
    pub fn run(&self) -> &str {
        &self.body.run
    }

    /// The journal's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The plan that is run.
    pub fn plan(&self) -> &Plan {
        &self.body.plan
    }

    /// The records of the run so far, oldest first.
    pub fn records(&self) -> &[JournalRecord] {
        &self.body.records
    }

    /// Where the run as a whole stands.
    pub fn state(&self) -> RunState {
        self.progress.run
    }

    /// Whether every step of the plan was done once, whatever was undone since.
    pub fn was_complete(&self) -> bool {
        let mut records = self.records().iter();
        records.any(|record| {
            matches!(
                record.event,
                JournalEvent::Complete | JournalEvent::Confirmed
            )
        })
    }

    /// Where each step stands, in the plan's order.
    pub fn steps(&self) -> &[StepState] {
        &self.progress.steps
    }

    /// What came of a step, when it is done.
    pub fn outcome(&self, step: usize) -> Option<&StepOutcome> {
        self.records()
            .iter()
            .rev()
            .find_map(|record| match &record.event {
                JournalEvent::Ok {
                    step: done,
                    outcome,
                } if *done == step => Some(outcome),
                _ => None,
            })
    }

    /// The last downtime that was measured.
    pub fn downtime(&self) -> Option<DowntimeFigure> {
        let mut records = self.records().iter().rev();
        records.find_map(|record| match record.event {
            JournalEvent::Downtime { figure } => Some(figure),
            _ => None,
        })
    }

    /// What is wanted of the run.
    pub fn terms(&self) -> RunTerms {
        let mut records = self.records().iter().rev();
        let terms = records.find_map(|record| match &record.event {
            JournalEvent::Terms { terms } => Some(terms.clone()),
            _ => None,
        });
        terms.unwrap_or_default()
    }

    /// What was known when the old release might be stopped, the last time; nothing in a journal of
    /// version 6.
    pub(super) fn opened(&self) -> Option<OpenedWindow> {
        let mut records = self.records().iter().rev();
        records.find_map(|record| match &record.event {
            JournalEvent::Opened { ends, expected } => Some(OpenedWindow {
                ends: *ends,
                expected: expected.clone(),
            }),
            _ => None,
        })
    }

    /// By when the run has to be confirmed, while it has to.
    pub fn awaits(&self) -> Option<Timestamp> {
        let mut records = self.records().iter().rev();
        let until = records.find_map(|record| match record.event {
            JournalEvent::Awaits { until } => Some(until),
            _ => None,
        });
        until.filter(|_| self.state() == RunState::Unconfirmed)
    }

    /// When a step was begun last.
    pub(super) fn begun(&self, step: usize) -> Option<Timestamp> {
        let mut records = self.records().iter().rev();
        let found = records.find(|record| record.event == JournalEvent::Do { step });
        found.map(|record| record.at)
    }

    /// The last error that was recorded.
    pub fn last_error(&self) -> Option<&str> {
        self.records()
            .iter()
            .rev()
            .find_map(|record| match &record.event {
                JournalEvent::Failed { error, .. } | JournalEvent::UndoFailed { error, .. } => {
                    Some(error.as_str())
                }
                _ => None,
            })
    }
}

fn io(folder: &Path) -> impl FnOnce(io::Error) -> JournalError {
    move |source| JournalError::Io {
        folder: folder.into(),
        source,
    }
}
