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

use crate::document::{self, DocumentError, DocumentFormat};
use crate::error::{Explain, Kind};
use crate::fs::Disk;
use crate::release::Install;
use crate::upgrade::plan::{Plan, PlanError, is_of, own_id};
use crate::upgrade::step::StepOutcome;

/// The format of a journal. Each version has a file in `fixtures/formats/`.
pub const FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-journal",
    version: 2,
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
}

/// Where a step of a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepState {
    /// Not begun.
    Pending,
    /// Begun, and nothing was recorded since: being done, or a crash.
    Doing,
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Being undone, or a crash.
    Undoing,
    /// Undone.
    Undone,
}

/// Where a run as a whole stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// Under way, or interrupted.
    Open,
    /// Every step of the plan is done; nothing is left to resume.
    Complete,
    /// Being rolled back, or interrupted in it.
    RollingBack,
    /// Rolled back.
    RolledBack,
}

impl RunState {
    /// True when nothing is left to resume.
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Complete | Self::RolledBack)
    }
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

/// The course so far, and which event may come next.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RunCourse {
    run: RunState,
    steps: Vec<StepState>,
}

impl RunCourse {
    fn new(steps: usize) -> Self {
        Self {
            run: RunState::Open,
            steps: vec![StepState::Pending; steps],
        }
    }

    fn take(&mut self, event: &JournalEvent) -> Result<(), &'static str> {
        use RunState::{Complete, Open, RolledBack, RollingBack};
        use StepState::{Doing, Done, Failed, Pending, Undoing, Undone};
        match *event {
            JournalEvent::Do { step } => {
                self.expect_run(&[Open])?;
                let ready = self.steps.iter().take(step).all(|state| *state == Done);
                if !ready {
                    return Err("a step before an earlier one was done");
                }
                self.step(step, &[Pending, Failed, Doing], Doing)
            }
            JournalEvent::Ok { step, .. } => self.step(step, &[Doing], Done),
            JournalEvent::Failed { step, .. } => self.step(step, &[Doing], Failed),
            JournalEvent::Complete => {
                self.expect_run(&[Open])?;
                if self.steps.iter().any(|state| *state != Done) {
                    return Err("complete before all steps were done");
                }
                self.run = Complete;
                Ok(())
            }
            JournalEvent::Undo { step } => {
                self.expect_run(&[Open, Complete, RollingBack, RolledBack])?;
                self.step(step, &[Done, Doing, Failed, Undoing], Undoing)?;
                self.run = RollingBack;
                Ok(())
            }
            JournalEvent::Undone { step } => self.step(step, &[Undoing], Undone),
            JournalEvent::UndoFailed { step, .. } => self.step(step, &[Undoing], Undoing),
            JournalEvent::RolledBack => {
                self.expect_run(&[Open, RollingBack])?;
                if self
                    .steps
                    .iter()
                    .any(|state| matches!(state, Doing | Undoing))
                {
                    return Err("rolled back while a step was under way");
                }
                self.run = RolledBack;
                Ok(())
            }
        }
    }

    fn expect_run(&self, allowed: &[RunState]) -> Result<(), &'static str> {
        if allowed.contains(&self.run) {
            Ok(())
        } else {
            Err("after the run was over")
        }
    }

    fn step(&mut self, step: usize, from: &[StepState], to: StepState) -> Result<(), &'static str> {
        let state = self
            .steps
            .get_mut(step)
            .ok_or("a step that the plan doesn't have")?;
        if !from.contains(state) {
            return Err("a step in the wrong order");
        }
        *state = to;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DO: fn(usize) -> JournalEvent = |step| JournalEvent::Do { step };
    const UNDO: fn(usize) -> JournalEvent = |step| JournalEvent::Undo { step };
    const UNDONE: fn(usize) -> JournalEvent = |step| JournalEvent::Undone { step };

    fn ok(step: usize) -> JournalEvent {
        JournalEvent::Ok {
            step,
            outcome: StepOutcome::default(),
        }
    }

    fn failed(step: usize) -> JournalEvent {
        JournalEvent::Failed {
            step,
            error: String::new(),
        }
    }

    /// Where a run of two steps stands after the events, or the first one that can't be.
    fn course(events: &[JournalEvent]) -> Result<RunState, usize> {
        let mut state = RunCourse::new(2);
        for (number, event) in events.iter().enumerate() {
            state.take(event).map_err(|_| number)?;
        }
        Ok(state.run)
    }

    #[test]
    fn legal_courses() {
        let complete = [DO(0), ok(0), DO(1), ok(1), JournalEvent::Complete];
        assert_eq!(course(&complete), Ok(RunState::Complete));
        let retried = [DO(0), failed(0), DO(0), DO(0), ok(0)];
        assert_eq!(course(&retried), Ok(RunState::Open));
        let back = [
            DO(0),
            ok(0),
            DO(1),
            UNDO(1),
            UNDONE(1),
            UNDO(0),
            UNDO(0),
            UNDONE(0),
            JournalEvent::RolledBack,
        ];
        assert_eq!(course(&back), Ok(RunState::RolledBack));
        let switched_back = [
            &complete[..],
            &[UNDO(1), UNDONE(1), JournalEvent::RolledBack],
        ]
        .concat();
        assert_eq!(course(&switched_back), Ok(RunState::RolledBack));
        let discarded = [
            &switched_back[..],
            &[UNDO(0), UNDONE(0), JournalEvent::RolledBack],
        ]
        .concat();
        assert_eq!(course(&discarded), Ok(RunState::RolledBack));
    }

    #[test]
    fn illegal_courses() {
        for (events, at) in [
            (vec![ok(0)], 0),
            (vec![DO(1)], 0),
            (vec![DO(2)], 0),
            (vec![DO(0), ok(0), ok(0)], 2),
            (vec![DO(0), ok(0), DO(0)], 2),
            (vec![DO(0), ok(0), JournalEvent::Complete], 2),
            (vec![UNDO(0)], 0),
            (vec![DO(0), failed(0), UNDONE(0)], 2),
            (vec![DO(0), UNDO(0), DO(0)], 2),
            (vec![DO(0), JournalEvent::RolledBack], 1),
            (vec![JournalEvent::RolledBack, DO(0)], 1),
            (
                vec![DO(0), ok(0), DO(1), ok(1), JournalEvent::Complete, DO(1)],
                5,
            ),
        ] {
            assert_eq!(course(&events), Err(at), "{events:?}");
        }
    }
}
