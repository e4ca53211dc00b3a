//! The runner: the one part of an upgrade that has effects.
//!
//! For every step: record `do`, act, record `ok`. A run that stops, by a failure, a signal
//! or a crash, is gone on with by [`Runner::resume`] or undone by [`Runner::roll_back`],
//! which undoes steps in reverse and journals that, too.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::downtime::Downtime;
use super::going_back::{OnFailure, is_in_window, scope_begun, undo_order};
use super::journal::{Journal, JournalError, JournalEvent, RunState, StepState};
use super::maintenance_window::MaintenanceWindow;
use super::probing::ProbeTargets;
use super::report::Report;
pub use super::run_error::RunError;
use super::run_terms::{Deadline, RunTerms};
use crate::clock::{self, Stopwatch};
use crate::engine::VolumeStore;
use crate::error::{Explain as _, Kind};
use crate::fs::Disk;
use crate::progress::{Progress, StepMoment, StepProgress};
use crate::release::Install;
use crate::upgrade::plan::Plan;
use crate::upgrade::step::{
    Attempt, Phase, Step, StepError, StepOutcome, StopRelease, Undo, UndoEvidence, UndoScope, World,
};

/// Runs plans on one install, whose lock the caller holds.
pub struct Runner<'a> {
    /// The install.
    pub install: &'a Install,
    /// The right to change files.
    pub disk: &'a Disk,
    /// The folder or engine that the volumes live in.
    pub volumes: &'a dyn VolumeStore,
    /// Whom to tell, and who may stop it.
    pub progress: &'a dyn Progress,
    /// What is done about a failure while neither release serves.
    pub on_failure: OnFailure,
}

impl Runner<'_> {
    /// Runs `plan` from its first step.
    ///
    /// # Errors
    /// [`RunError::Unfinished`] while an earlier run isn't over, and why a step failed.
    pub fn apply(&self, plan: Plan) -> Result<Report, RunError> {
        self.apply_on(plan, RunTerms::default())
    }

    /// The same, on these terms.
    ///
    /// # Errors
    /// Those of [`Runner::apply`]; [`RunError::NoTerms`], [`RunError::OutsideWindow`].
    pub fn apply_on(&self, plan: Plan, terms: RunTerms) -> Result<Report, RunError> {
        require_over(self.install)?;
        self.install.require_own()?;
        plan.require_own(self.install, "plan", &plan.id)?;
        terms.require(&plan)?;
        let mut journal = Journal::begin(self.install, plan, clock::now())?;
        if !terms.is_none() {
            self.check(&journal)?;
            journal.record(self.disk, JournalEvent::Terms { terms })?;
        }
        self.run(journal)
    }

    /// Goes on with the newest run.
    ///
    /// # Errors
    /// [`RunError::Nothing`] where that is over, and why a step failed.
    pub fn resume(&self) -> Result<Report, RunError> {
        let journal = self.newest("resume")?;
        match journal.state() {
            RunState::Open => self.run(journal),
            RunState::RollingBack => {
                let scope = scope_begun(&journal, false);
                self.check_undo(&journal, scope)?;
                self.undo_all(journal, scope, None)
            }
            RunState::Unconfirmed => self.await_confirmation(journal),
            RunState::Complete | RunState::RolledBack => Err(RunError::Nothing {
                what: format!("the run `{}` is over: nothing to resume", journal.run()),
                next: Vec::new(),
            }),
        }
    }

    /// Rolls the newest run back. Of a complete run only the switch is undone, so that
    /// nothing written since is lost; `discard` removes the new release and its volumes,
    /// too. Of a run that isn't over everything is undone.
    ///
    /// # Errors
    /// [`RunError`]: what stands against it, or which step can't be undone and why.
    pub fn roll_back(&self, discard: bool) -> Result<Report, RunError> {
        let journal = self.newest("roll back")?;
        let scope = Self::scope(&journal, discard)?;
        self.check_undo(&journal, scope)?;
        self.undo_all(journal, scope, None)
    }

    /// The titles of the steps that [`Runner::roll_back`] would undo, in its order.
    ///
    /// # Errors
    /// What [`Runner::roll_back`] would find to stand against it, and that the journal can't be read.
    pub fn would_undo(&self, discard: bool) -> Result<Vec<String>, RunError> {
        let journal = self.newest("roll back")?;
        let scope = Self::scope(&journal, discard)?;
        self.check_undo(&journal, scope)?;
        let numbers = undo_order(journal.plan(), scope).into_iter();
        let undone = numbers.filter(|number| undoing(&journal, *number).is_some());
        let steps = &journal.plan().steps;
        Ok(undone.map(|number| steps[number].title()).collect())
    }

    fn scope(journal: &Journal, discard: bool) -> Result<UndoScope, RunError> {
        let left = (0..journal.steps().len()).any(|step| undoing(journal, step).is_some());
        match journal.state() {
            RunState::Complete | RunState::Unconfirmed if discard => Ok(UndoScope::CompleteRun),
            RunState::Complete | RunState::Unconfirmed => Ok(UndoScope::Switch),
            RunState::RollingBack => Ok(scope_begun(journal, discard)),
            RunState::RolledBack if !(discard && left) => Err(RunError::Nothing {
                what: format!("the run `{}` was rolled back already", journal.run()),
                next: match left {
                    true => vec![
                        "to remove the new release and its volumes, too: transship rollback --discard"
                            .to_owned(),
                    ],
                    false => vec![format!("to upgrade again: transship plan {}", journal.plan().to)],
                },
            }),
            _ => Ok(UndoScope::Everything),
        }
    }

    /// Everything that can be known to stand against undoing, said before anything is undone: what
    /// would be discarded is neither active nor in use, and what is gone back to is there.
    pub(super) fn check_undo(&self, journal: &Journal, scope: UndoScope) -> Result<(), RunError> {
        let plan = journal.plan();
        self.require_left(journal, scope)?;
        let folder = self.install.release_folder(&plan.from);
        let is_there = folder.is_dir() && self.install.release(&plan.from)?.is_complete;
        if !is_there {
            return Err(RunError::NoOldRelease {
                version: plan.from.to_string(),
                folder,
            });
        }
        let ids = RunIds::of(journal);
        for (number, step) in plan.steps.iter().enumerate() {
            let Some(evidence) = undoing(journal, number) else {
                continue;
            };
            let checked = step.check_undo(self.world(&ids), Undo { scope, evidence });
            checked.map_err(|source| RunError::Refused {
                source: Box::new(source),
            })?;
        }
        Ok(())
    }

    /// The release that would be discarded must not be active once `current` was put back, if the run
    /// has switched at all.
    fn require_left(&self, journal: &Journal, scope: UndoScope) -> Result<(), RunError> {
        let plan = journal.plan();
        let is_switched_back = plan.steps.iter().enumerate().any(|(number, step)| {
            matches!(step, Step::Switch(_)) && undoing(journal, number).is_some()
        });
        if scope == UndoScope::Switch || is_switched_back {
            return Ok(());
        }
        match self.install.current()? {
            Some(current) if current.version == plan.to => Err(RunError::Active {
                to: plan.to.to_string(),
            }),
            _ => Ok(()),
        }
    }

    /// The newest run, to be gone on with or undone. Half-written journals of a crash go first.
    fn newest(&self, verb: &str) -> Result<Journal, RunError> {
        let folder = self.install.journals();
        let swept = crate::tree::sweep(self.disk, &folder);
        swept.map_err(|source| JournalError::Io { folder, source })?;
        newest(self.install, verb)
    }

    fn run(&self, mut journal: Journal) -> Result<Report, RunError> {
        self.check(&journal)?;
        let mut downtime = None;
        let deadline = Deadline::none(self.progress);
        let runner = Runner {
            progress: &deadline,
            ..*self
        };
        match runner.do_steps(&mut journal, &mut downtime, &deadline) {
            Ok(()) if journal.state() == RunState::Unconfirmed => self.await_confirmation(journal),
            Ok(()) => Ok(Report::of(&journal)),
            Err(error) => {
                let window = journal
                    .terms()
                    .window
                    .filter(|_| deadline.is_over() && error.kind() == Kind::Interrupted);
                let error = window.map_or(error, |window| RunError::WindowOver {
                    window: window.to_string(),
                });
                Err(self.settle(journal, error, downtime))
            }
        }
    }

    fn do_steps(
        &self,
        journal: &mut Journal,
        downtime: &mut Option<Downtime>,
        deadline: &Deadline<'_>,
    ) -> Result<(), RunError> {
        let ids = RunIds::of(journal);
        let steps = journal.plan().steps.clone();
        let terms = journal.terms();
        let mut is_open = false;
        *downtime = self.downtime_begun(journal, &ids);
        self.stop_again(journal, &ids)?;
        for (number, step) in steps.iter().enumerate() {
            let state = journal.steps()[number];
            if state == StepState::Done {
                continue;
            }
            let interrupted = || RunError::Interrupted {
                number: number + 1,
                count: steps.len(),
                title: step.title(),
            };
            if step.phase() == Phase::Window && !is_open {
                is_open = true;
                let opened = match is_in_window(journal) {
                    // It was open once, and may be over by now.
                    true => Ok(terms.window.as_ref().map(MaintenanceWindow::end)),
                    false => terms.open(journal.plan(), self.progress),
                };
                let ends = opened.map_err(|error| error.unwrap_or_else(interrupted))?;
                if let Some(ends) = ends {
                    deadline.set(ends);
                }
            }
            if self.progress.interrupted() {
                return Err(interrupted());
            }
            self.tell(StepMoment::Begun, &steps, number, None);
            journal.record(self.disk, JournalEvent::Do { step: number })?;
            self.measure(step, journal, downtime, &ids)?;
            let is_current = self.look_again(step, &steps, &ids);
            match is_current.and_then(|()| self.act(step, &ids, state)) {
                Ok(outcome) => {
                    let bytes = outcome.bytes;
                    match step {
                        Step::Stop(_) => downtime.iter().for_each(Downtime::old_is_down),
                        Step::Switch(_) => deadline.lift(),
                        _ => {}
                    }
                    journal.record(
                        self.disk,
                        JournalEvent::Ok {
                            step: number,
                            outcome,
                        },
                    )?;
                    self.tell(StepMoment::Done, &steps, number, Some(bytes));
                }
                Err(source) => {
                    journal.record(
                        self.disk,
                        JournalEvent::Failed {
                            step: number,
                            error: source.to_string(),
                        },
                    )?;
                    return Err(cant_do(&steps, number)(source));
                }
            }
        }
        let event = match terms.confirm_seconds {
            None => JournalEvent::Complete,
            Some(seconds) => {
                let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
                let until = clock::now().saturating_add(SignedDuration::from_secs(seconds));
                JournalEvent::Awaits {
                    until: until.unwrap_or(Timestamp::MAX),
                }
            }
        };
        Ok(journal.record(self.disk, event)?)
    }

    /// The downtime of a run that goes on in the window: another process saw it begin.
    fn downtime_begun(&self, journal: &Journal, ids: &RunIds) -> Option<Downtime> {
        let (number, stop) = stop_of(&journal.plan().steps)?;
        let begun = journal.begun(number).filter(|_| is_in_window(journal))?;
        let before = Duration::try_from(clock::now().duration_since(begun)).unwrap_or_default();
        let targets = ProbeTargets::of(stop, self.world(ids));
        let downtime = Downtime::begin(targets, Some(before));
        if journal.steps()[number] == StepState::Done {
            downtime.old_is_down();
        }
        Some(downtime)
    }

    /// Begins and ends to measure the downtime, before a step that is about to be done.
    fn measure(
        &self,
        step: &Step,
        journal: &mut Journal,
        downtime: &mut Option<Downtime>,
        ids: &RunIds,
    ) -> Result<(), RunError> {
        match step {
            Step::Stop(stop) if downtime.is_none() => {
                let targets = ProbeTargets::of(stop, self.world(ids));
                *downtime = Some(Downtime::begin(targets, None));
            }
            Step::Switch(_) => {
                if let Some(downtime) = downtime.take() {
                    let figure = downtime.end();
                    journal.record(self.disk, JournalEvent::Downtime { figure })?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The downtime of the way back, before anything is undone; none where nothing was stopped.
    fn downtime_of_way_back(&self, journal: &Journal, ids: &RunIds) -> Option<Downtime> {
        let (number, stop) = stop_of(&journal.plan().steps)?;
        undoing(journal, number)?;
        let targets = ProbeTargets::of(stop, self.world(ids));
        Some(Downtime::begin(targets, None))
    }

    /// A run that goes on in the window: what a restart policy or a reboot has revived of the old
    /// release meanwhile is stopped again.
    fn stop_again(&self, journal: &Journal, ids: &RunIds) -> Result<(), RunError> {
        if !is_in_window(journal) {
            return Ok(());
        }
        let steps = journal.plan().steps.iter().zip(journal.steps()).enumerate();
        for (number, (step, state)) in steps {
            if matches!(step, Step::Stop(_)) && *state == StepState::Done {
                let stopped = step.act(self.world(ids), Attempt::Again);
                stopped.map_err(cant_do(&journal.plan().steps, number))?;
            }
        }
        Ok(())
    }

    /// What can be known to stand against the steps that are left, before any is done.
    fn check(&self, journal: &Journal) -> Result<(), RunError> {
        let ids = RunIds::of(journal);
        let states = journal.steps().iter().zip(&journal.plan().steps);
        for (_, step) in states.filter(|(state, _)| **state != StepState::Done) {
            let checked = step.check(self.world(&ids));
            checked.map_err(|source| RunError::Refused {
                source: Box::new(source),
            })?;
        }
        Ok(())
    }

    /// Before the switch: folders of the host that were written since they were copied are copied again.
    fn look_again(&self, step: &Step, steps: &[Step], ids: &RunIds) -> Result<(), StepError> {
        if !matches!(step, Step::Switch(_)) {
            return Ok(());
        }
        for step in steps {
            if let Step::CopyFolder(copy) = step
                && copy.bring_up_to_date(self.world(ids))?
            {
                let path = copy.from.display();
                let note =
                    format!("`{path}` was written since it was copied, and was copied again");
                self.progress.note(&note);
            }
        }
        Ok(())
    }

    fn act(&self, step: &Step, ids: &RunIds, state: StepState) -> Result<StepOutcome, StepError> {
        let watch = Stopwatch::start();
        if state != StepState::Pending {
            step.sweep(self.world(ids))?;
        }
        let attempt = match state {
            StepState::Doing => Attempt::Again,
            _ => Attempt::First,
        };
        let outcome = step.act(self.world(ids), attempt)?;
        let milliseconds = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(StepOutcome {
            milliseconds,
            ..outcome
        })
    }

    fn undo(&self, step: &Step, ids: &RunIds, undo: Undo) -> Result<(), StepError> {
        step.sweep(self.world(ids))?;
        step.undo(self.world(ids), undo)
    }

    /// Undoes what can be undone though nothing can be recorded.
    pub(super) fn undo_unrecorded(
        &self,
        journal: &Journal,
        scope: UndoScope,
    ) -> Result<(), RunError> {
        let ids = RunIds::of(journal);
        let steps = &journal.plan().steps;
        for number in undo_order(journal.plan(), scope) {
            let Some(evidence) = undoing(journal, number) else {
                continue;
            };
            let undone = steps[number].undo(self.world(&ids), Undo { scope, evidence });
            undone.map_err(cant_undo(steps, number))?;
        }
        Ok(())
    }

    pub(super) fn undo_all(
        &self,
        mut journal: Journal,
        scope: UndoScope,
        downtime: Option<Downtime>,
    ) -> Result<Report, RunError> {
        let ids = RunIds::of(&journal);
        let steps = journal.plan().steps.clone();
        let mut downtime = downtime.or_else(|| self.downtime_of_way_back(&journal, &ids));
        let mut first = None;
        for number in undo_order(journal.plan(), scope) {
            let step = &steps[number];
            let Some(evidence) = undoing(&journal, number) else {
                continue;
            };
            self.tell(StepMoment::UndoBegun, &steps, number, None);
            journal.record(self.disk, JournalEvent::Undo { step: number })?;
            if let Err(source) = self.undo(step, &ids, Undo { scope, evidence }) {
                journal.record(
                    self.disk,
                    JournalEvent::UndoFailed {
                        step: number,
                        error: source.to_string(),
                    },
                )?;
                let said = source.to_string();
                let failed = cant_undo(&steps, number)(source);
                // `current` isn't switched to a release that doesn't serve.
                if scope != UndoScope::Switch || matches!(step, Step::Stop(_)) {
                    return Err(first.unwrap_or(failed));
                }
                // The old release is to serve, whatever else can't be undone.
                self.progress.note(&format!("{failed}: {said}"));
                first = first.or(Some(failed));
                continue;
            }
            journal.record(self.disk, JournalEvent::Undone { step: number })?;
            self.tell(StepMoment::Undone, &steps, number, None);
            match step {
                Step::Start(_) => downtime.iter().for_each(Downtime::old_is_down),
                Step::Stop(_) => {
                    if let Some(downtime) = downtime.take() {
                        let figure = downtime.end();
                        journal.record(self.disk, JournalEvent::Downtime { figure })?;
                    }
                }
                _ => {}
            }
        }
        if let Some(failed) = first {
            return Err(failed);
        }
        if scope != UndoScope::Switch {
            let forgotten = self.world(&ids).forget_originals();
            forgotten.map_err(|source| RunError::Leftover {
                source: Box::new(source),
            })?;
        }
        journal.record(self.disk, JournalEvent::RolledBack)?;
        Ok(Report::of(&journal))
    }

    fn world<'b>(&'b self, ids: &'b RunIds) -> World<'b> {
        World {
            install: self.install,
            disk: self.disk,
            volumes: self.volumes,
            progress: self.progress,
            run: &ids.run,
            id: &ids.install,
        }
    }

    fn tell(&self, state: StepMoment, steps: &[Step], number: usize, bytes: Option<u64>) {
        self.progress.step(&StepProgress {
            state,
            number: number + 1,
            count: steps.len(),
            title: &steps[number].title(),
            phase: steps[number].phase().name(),
            bytes,
        });
    }
}

/// The step that stops the old release, and its number.
fn stop_of(steps: &[Step]) -> Option<(usize, &StopRelease)> {
    steps
        .iter()
        .enumerate()
        .find_map(|(number, step)| match step {
            Step::Stop(stop) => Some((number, stop)),
            _ => None,
        })
}

/// The names of a run and of its install.
struct RunIds {
    run: String,
    install: String,
}

impl RunIds {
    fn of(journal: &Journal) -> Self {
        Self {
            run: journal.run().to_owned(),
            install: journal.plan().install.clone().unwrap_or_default(),
        }
    }
}

impl UndoScope {
    pub(super) const fn covers(self, step: &Step) -> bool {
        match self {
            // What only looks has nothing to undo, and must not stand in the way.
            Self::Switch => matches!(
                step,
                Step::Switch(_) | Step::Stop(_) | Step::Start(_) | Step::Hook(_) | Step::Check(_)
            ),
            Self::Everything | Self::CompleteRun => true,
        }
    }
}

/// For `map_err`: the error of doing a step.
fn cant_do(steps: &[Step], number: usize) -> impl Fn(StepError) -> RunError + '_ {
    move |source| RunError::Step {
        number: number + 1,
        count: steps.len(),
        title: steps[number].title(),
        source: Box::new(source),
    }
}

/// For `map_err`: the error of undoing a step.
fn cant_undo(steps: &[Step], number: usize) -> impl Fn(StepError) -> RunError + '_ {
    move |source| RunError::Undo {
        number: number + 1,
        count: steps.len(),
        title: steps[number].title(),
        source: Box::new(source),
    }
}

/// What is known of a step that is to be undone; `None` when there is nothing to undo. An
/// interrupted undoing doesn't make it less known that the step was done.
fn undoing(journal: &Journal, step: usize) -> Option<UndoEvidence> {
    match journal.steps()[step] {
        StepState::Pending | StepState::Undone => None,
        StepState::Failed => Some(UndoEvidence::Failed),
        StepState::Done => Some(UndoEvidence::Done),
        StepState::Doing | StepState::Undoing => Some(if journal.outcome(step).is_some() {
            UndoEvidence::Done
        } else {
            UndoEvidence::Unknown
        }),
    }
}

/// The newest run of the install, to `verb` it, that may be acted upon.
///
/// # Errors
/// [`RunError::Nothing`] where there is none, and why it isn't acted upon.
pub fn newest(install: &Install, verb: &str) -> Result<Journal, RunError> {
    install.require_own()?;
    let none = || RunError::Nothing {
        what: format!("no plan was applied here yet: nothing to {verb}"),
        next: Vec::new(),
    };
    let journal = Journal::newest(install)?.ok_or_else(none)?;
    journal.require_own(install)?;
    Ok(journal)
}

/// Refuses while the newest run of the install isn't over.
///
/// # Errors
/// [`RunError::Unfinished`], or that the journal can't be read.
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
///
/// # Errors
/// [`RunError::Nothing`], or that the journal can't be read.
pub fn require_unapplied(install: &Install, plan: &Plan) -> Result<(), RunError> {
    match Journal::newest(install)? {
        Some(journal) if journal.plan().id == plan.id && journal.state() == RunState::Complete => {
            Err(RunError::Nothing {
                what: format!("plan `{}` was applied already", plan.id),
                next: Vec::new(),
            })
        }
        _ => Ok(()),
    }
}
