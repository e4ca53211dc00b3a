//! The runner: the one part of an upgrade that has effects.
//!
//! For every step: record `do`, act, record `ok`. A run that stops, by a failure, a signal
//! or a crash, is gone on with by [`Runner::resume`] or undone by [`Runner::roll_back`],
//! which undoes steps in reverse and journals that, too.

use thiserror::Error;

use super::journal::{Event, Journal, JournalError, RunState, StepState};
use super::report::Report;
use crate::clock::{self, Stopwatch};
use crate::engine::VolumeStore;
use crate::error::{Explain, Kind};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::release::Install;
use crate::upgrade::plan::Plan;
use crate::upgrade::step::{self, Outcome, Step, StepError, Undoing, World};

/// Runs plans on one install, whose lock the caller holds.
pub struct Runner<'a> {
    /// The install.
    pub install: &'a Install,
    /// The right to change files.
    pub disk: &'a Disk,
    /// Where the volumes live.
    pub volumes: &'a dyn VolumeStore,
    /// Whom to tell, and who may stop it.
    pub progress: &'a dyn Progress,
}

/// Why a run stopped.
#[derive(Debug, Error)]
pub enum RunError {
    /// A step failed.
    #[error("step {number} of {count} failed: {title}")]
    Step {
        /// Counted from 1.
        number: usize,
        /// Steps in the plan.
        count: usize,
        /// The step in one line.
        title: String,
        /// What happened.
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
        /// What happened.
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
    },
    /// The journal can't be kept.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// An earlier run isn't over.
    #[error("the run `{run}` to {to} was interrupted and isn't over")]
    Unfinished {
        /// The run.
        run: String,
        /// Where it led.
        to: String,
    },
    /// All is undone, but what was kept for it can't be removed.
    #[error("all is undone, but what was kept for it stays")]
    Leftover {
        /// What happened.
        source: Box<StepError>,
    },
    /// What would be discarded is the active release.
    #[error("`current` points to {to}: it is not discarded")]
    Active {
        /// The release.
        to: String,
    },
    /// What would be discarded is in use.
    #[error(transparent)]
    InUse {
        /// Which volume, and by whom.
        source: Box<StepError>,
    },
    /// There is nothing to resume or to roll back.
    #[error("{what}")]
    Nothing {
        /// What there isn't.
        what: String,
    },
}

impl Explain for RunError {
    fn kind(&self) -> Kind {
        match self {
            Self::Step { source, .. } if source.kind() == Kind::Interrupted => Kind::Interrupted,
            Self::Step { .. } | Self::Undo { .. } | Self::Leftover { .. } => Kind::Failed,
            Self::Interrupted { .. } => Kind::Interrupted,
            Self::Journal(error) => error.kind(),
            Self::Unfinished { .. }
            | Self::Nothing { .. }
            | Self::Active { .. }
            | Self::InUse { .. } => Kind::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        let go_on =
            "go on with `transship resume`, or undo it with `transship rollback`".to_owned();
        match self {
            Self::Step { source, .. } => [source.hints(), vec![go_on]].concat(),
            Self::Undo { source, .. } => [
                source.hints(),
                vec!["then run `transship rollback` again".into()],
            ]
            .concat(),
            Self::Interrupted { .. } | Self::Unfinished { .. } => vec![go_on],
            Self::Active { .. } => {
                vec!["switch to another release first, with `transship release use VERSION`".into()]
            }
            Self::InUse { source } => source.hints(),
            Self::Leftover { .. } => vec!["run `transship rollback` again".into()],
            Self::Journal(error) => error.hints(),
            Self::Nothing { .. } => {
                vec!["`transship status` shows where the install stands".into()]
            }
        }
    }
}

impl Runner<'_> {
    /// Runs `plan` from its first step. Refuses while an earlier run isn't over.
    pub fn apply(&self, plan: Plan) -> Result<Report, RunError> {
        require_over(self.install)?;
        self.run(Journal::begin(self.install, plan, clock::now())?)
    }

    /// Goes on with the newest run, where it isn't over.
    pub fn resume(&self) -> Result<Report, RunError> {
        let journal = self.newest("resume")?;
        match journal.state() {
            RunState::Open => self.run(journal),
            RunState::RollingBack => self.undo_all(journal, Reach::Everything),
            RunState::Complete | RunState::RolledBack => Err(RunError::Nothing {
                what: format!("the run `{}` is over: nothing to resume", journal.run()),
            }),
        }
    }

    /// Rolls the newest run back. Of a complete run only the switch is undone, so that
    /// nothing written since is lost; `discard` removes the new release and its volumes,
    /// too. Of a run that isn't over everything is undone.
    pub fn roll_back(&self, discard: bool) -> Result<Report, RunError> {
        let journal = self.newest("roll back")?;
        let reach = Reach::of(&journal, discard)?;
        if reach == Reach::Everything {
            self.require_dispensable(&journal)?;
        }
        self.undo_all(journal, reach)
    }

    /// The titles of the steps that [`Runner::roll_back`] would undo, in its order.
    pub fn would_undo(&self, discard: bool) -> Result<Vec<String>, RunError> {
        let journal = self.newest("roll back")?;
        let reach = Reach::of(&journal, discard)?;
        let steps = journal.plan().steps.iter().enumerate().rev();
        let undone = steps
            .filter(|(number, step)| reach.covers(step) && undoing(&journal, *number).is_some());
        Ok(undone.map(|(_, step)| step.title()).collect())
    }

    /// Nothing is discarded that is active or in use: said before anything is undone.
    fn require_dispensable(&self, journal: &Journal) -> Result<(), RunError> {
        let plan = journal.plan();
        let current = self.install.current().ok().flatten();
        if journal.state() == RunState::RolledBack
            && current.is_some_and(|current| current.version == plan.to)
        {
            return Err(RunError::Active {
                to: plan.to.to_string(),
            });
        }
        for (number, step) in plan.steps.iter().enumerate() {
            let Step::CopyVolume(copy) = step else {
                continue;
            };
            if undoing(journal, number).is_none_or(|known| known == Undoing::Failed) {
                continue;
            }
            step::require_unused(self.volumes, &copy.target).map_err(|source| RunError::InUse {
                source: Box::new(source),
            })?;
        }
        Ok(())
    }

    /// The newest run, to be gone on with or undone. Half-written journals of a crash go first.
    fn newest(&self, verb: &str) -> Result<Journal, RunError> {
        let folder = self.install.journals();
        let swept = crate::tree::sweep(self.disk, &folder);
        swept.map_err(|source| JournalError::Io { folder, source })?;
        let none = || RunError::Nothing {
            what: format!("no plan was applied here yet: nothing to {verb}"),
        };
        Journal::newest(self.install)?.ok_or_else(none)
    }

    fn run(&self, mut journal: Journal) -> Result<Report, RunError> {
        let run = journal.run().to_owned();
        let steps = journal.plan().steps.clone();
        for (number, step) in steps.iter().enumerate() {
            let state = journal.steps()[number];
            if state == StepState::Done {
                continue;
            }
            if self.progress.interrupted() {
                let (number, count) = (number + 1, steps.len());
                return Err(RunError::Interrupted {
                    number,
                    count,
                    title: step.title(),
                });
            }
            self.note(number, steps.len(), &step.title());
            journal.record(self.disk, Event::Do { step: number })?;
            match self.act(step, &run, state) {
                Ok(outcome) => journal.record(
                    self.disk,
                    Event::Ok {
                        step: number,
                        outcome,
                    },
                )?,
                Err(source) => {
                    journal.record(
                        self.disk,
                        Event::Failed {
                            step: number,
                            error: source.to_string(),
                        },
                    )?;
                    let (number, count) = (number + 1, steps.len());
                    return Err(RunError::Step {
                        number,
                        count,
                        title: step.title(),
                        source: Box::new(source),
                    });
                }
            }
        }
        journal.record(self.disk, Event::Complete)?;
        Ok(Report::of(&journal))
    }

    fn act(&self, step: &Step, run: &str, state: StepState) -> Result<Outcome, StepError> {
        let watch = Stopwatch::start();
        if state != StepState::Pending {
            step.sweep(self.world(run))?;
        }
        let outcome = step.act(self.world(run), state == StepState::Doing)?;
        let milliseconds = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Outcome {
            milliseconds,
            ..outcome
        })
    }

    fn undo(&self, step: &Step, run: &str, known: Undoing) -> Result<(), StepError> {
        step.sweep(self.world(run))?;
        step.undo(self.world(run), known)
    }

    fn undo_all(&self, mut journal: Journal, reach: Reach) -> Result<Report, RunError> {
        let run = journal.run().to_owned();
        let steps = journal.plan().steps.clone();
        for (number, step) in steps
            .iter()
            .enumerate()
            .rev()
            .filter(|(_, step)| reach.covers(step))
        {
            let Some(known) = undoing(&journal, number) else {
                continue;
            };
            self.note(number, steps.len(), &format!("undo: {}", step.title()));
            journal.record(self.disk, Event::Undo { step: number })?;
            if let Err(source) = self.undo(step, &run, known) {
                journal.record(
                    self.disk,
                    Event::UndoFailed {
                        step: number,
                        error: source.to_string(),
                    },
                )?;
                let (number, count) = (number + 1, steps.len());
                return Err(RunError::Undo {
                    number,
                    count,
                    title: step.title(),
                    source: Box::new(source),
                });
            }
            journal.record(self.disk, Event::Undone { step: number })?;
        }
        if reach == Reach::Everything {
            let forgotten = self.world(&run).forget_originals();
            forgotten.map_err(|source| RunError::Leftover {
                source: Box::new(source),
            })?;
        }
        journal.record(self.disk, Event::RolledBack)?;
        Ok(Report::of(&journal))
    }

    fn world<'b>(&'b self, run: &'b str) -> World<'b> {
        World {
            install: self.install,
            disk: self.disk,
            volumes: self.volumes,
            progress: self.progress,
            run,
        }
    }

    fn note(&self, number: usize, count: usize, title: &str) {
        self.progress
            .note(&format!("[{}/{count}] {title}", number + 1));
    }
}

/// How much of a run is undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// `current` goes back; what was made stays.
    Switch,
    /// All that the run made goes.
    Everything,
}

impl Reach {
    fn of(journal: &Journal, discard: bool) -> Result<Self, RunError> {
        let left = (0..journal.steps().len()).any(|step| undoing(journal, step).is_some());
        match journal.state() {
            RunState::Complete if !discard => Ok(Self::Switch),
            RunState::RolledBack if !(discard && left) => Err(RunError::Nothing {
                what: format!("the run `{}` was rolled back already", journal.run()),
            }),
            _ => Ok(Self::Everything),
        }
    }

    const fn covers(self, step: &Step) -> bool {
        matches!(
            (self, step),
            (Self::Everything, _) | (Self::Switch, Step::Switch(_))
        )
    }
}

/// What is known of a step that is to be undone; `None` when there is nothing to undo. An
/// interrupted undoing doesn't make it less known that the step was done.
fn undoing(journal: &Journal, step: usize) -> Option<Undoing> {
    match journal.steps()[step] {
        StepState::Pending | StepState::Undone => None,
        StepState::Failed => Some(Undoing::Failed),
        StepState::Done => Some(Undoing::Done),
        StepState::Doing | StepState::Undoing => Some(if journal.outcome(step).is_some() {
            Undoing::Done
        } else {
            Undoing::Unknown
        }),
    }
}

/// Refuses while the newest run of the install isn't over.
pub fn require_over(install: &Install) -> Result<(), RunError> {
    match Journal::newest(install)? {
        Some(journal) if !journal.state().is_over() => Err(RunError::Unfinished {
            run: journal.run().to_owned(),
            to: journal.plan().to.to_string(),
        }),
        _ => Ok(()),
    }
}

/// Refuses a plan that the newest run has carried out.
pub fn require_unapplied(install: &Install, plan: &Plan) -> Result<(), RunError> {
    match Journal::newest(install)? {
        Some(journal) if journal.plan().id == plan.id && journal.state() == RunState::Complete => {
            Err(RunError::Nothing {
                what: format!("plan `{}` was applied already", plan.id),
            })
        }
        _ => Ok(()),
    }
}
