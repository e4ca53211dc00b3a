//! The runner: the one part of an upgrade that has effects.
//!
//! For every step: record `do`, act, record `ok`. A run that stops, by a failure, a signal
//! or a crash, is gone on with by [`Runner::resume`] or undone by [`Runner::roll_back`],
//! which undoes steps in reverse and journals that, too.

use jiff::{SignedDuration, Timestamp};

use super::downtime::Downtime;
use super::expected_steps::expected_steps;
use super::going_back::{OnFailure, is_in_window, scope_begun, undo_order};
use super::journal::{Journal, JournalError, JournalEvent, RunState, StepState};
use super::report::Report;
pub use super::run_error::RunError;
use super::run_terms::{Deadline, OpenedWindow, RunTerms};
use super::undoing::undoing;
use crate::clock::{self, Stopwatch};
use crate::error::{Explain as _, Kind, with_causes};
use crate::fs::Disk;
use crate::progress::{Progress, StepMoment, StepProgress};
use crate::release::Install;
use crate::upgrade::data_places::DataPlaces;
use crate::upgrade::plan::Plan;
use crate::upgrade::run_secrets::run_secrets;
use crate::upgrade::step::{Attempt, Phase, Step, StepError, StepOutcome, World};

/// Runs plans on one install, whose lock the caller holds.
pub struct Runner<'a> {
    /// The install.
    pub install: &'a Install,
    /// The right to change files.
    pub disk: &'a Disk,
    /// The folder or engine that the volumes live in, and folders in a volume's place.
    pub volumes: DataPlaces<'a>,
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
                self.progress
                    .begins_run(journal.run(), &expected_steps(journal.plan()));
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
        self.progress
            .begins_run(journal.run(), &expected_steps(journal.plan()));
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
        let steps = undone.map(|number| &journal.plan().steps[number]);
        let undone = steps.filter(|step| step.is_undoable());
        Ok(undone.map(Step::title).collect())
    }

    /// The newest run, to be gone on with or undone. Half-written journals of a crash go first.
    fn newest(&self, verb: &str) -> Result<Journal, RunError> {
        let folder = self.install.journals();
        let swept = crate::tree::sweep(self.disk, &folder);
        swept.map_err(|source| JournalError::Io { folder, source })?;
        newest(self.install, verb)
    }

    fn run(&self, mut journal: Journal) -> Result<Report, RunError> {
        self.progress
            .begins_run(journal.run(), &expected_steps(journal.plan()));
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
            let is_begun = !journal.records().is_empty();
            let interrupted = || RunError::Interrupted {
                number: number + 1,
                count: steps.len(),
                title: step.title(),
                is_begun,
            };
            if step.phase() == Phase::Window && !is_open {
                is_open = true;
                let opened = self.open_window(journal, &terms, &ids);
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
            let is_current = self.look_again(step, journal, &ids);
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
                            error: said(self.install, journal, &source),
                        },
                    )?;
                    return Err(cant_do(&steps, number)(source));
                }
            }
        }
        let event = last_event(&terms);
        Ok(journal.record(self.disk, event)?)
    }

    /// Waits until the window may be opened, and gives when it has to be over.
    fn open_window(
        &self,
        journal: &mut Journal,
        terms: &RunTerms,
        ids: &RunIds,
    ) -> Result<Option<Timestamp>, Option<RunError>> {
        if is_in_window(journal) {
            // It was open once, and may be over by now.
            return Ok(terms.end_of(journal.opened()));
        }
        let expects = || self.expected_now(journal, ids);
        let OpenedWindow { ends, expected } =
            terms.open(&journal.plan().from, &expects, self.progress)?;
        let event = JournalEvent::Opened { ends, expected };
        journal.record(self.disk, event).map_err(RunError::from)?;
        Ok(ends)
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

    /// Before the switch: nobody has started the old release again, nor written what was copied of it, nor
    /// the folders of the host that were; these are copied again, where the new one doesn't run yet.
    fn look_again(&self, step: &Step, journal: &Journal, ids: &RunIds) -> Result<(), StepError> {
        if !matches!(step, Step::Switch(_)) {
            return Ok(());
        }
        let steps = &journal.plan().steps;
        let is_flow = steps.iter().any(|step| matches!(step, Step::Stop(_)));
        for (number, step) in steps.iter().enumerate() {
            match step {
                Step::Stop(stop) => stop.require_stopped(self.world(ids))?,
                Step::Verify(verify) if is_flow => verify.require_unwritten(self.world(ids))?,
                Step::CopyFolder(copy) if is_flow => {
                    let outcome = journal.outcome(number);
                    let was = outcome.and_then(|outcome| outcome.sha256.as_deref());
                    copy.require_unwritten(self.world(ids), was)?;
                }
                _ => {}
            }
            // Once the new release runs, the copy is what it writes: never replaced beneath it.
            if !is_flow
                && let Step::CopyFolder(copy) = step
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

    pub(super) fn world<'b>(&'b self, ids: &'b RunIds) -> World<'b> {
        World {
            install: self.install,
            disk: self.disk,
            volumes: &self.volumes,
            progress: self.progress,
            run: &ids.run,
            id: &ids.install,
        }
    }

    pub(super) fn tell(
        &self,
        state: StepMoment,
        steps: &[Step],
        number: usize,
        bytes: Option<u64>,
    ) {
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

/// What is recorded once all steps are done.
fn last_event(terms: &RunTerms) -> JournalEvent {
    let Some(seconds) = terms.confirm_seconds else {
        return JournalEvent::Complete;
    };
    let seconds = i64::try_from(seconds).unwrap_or(i64::MAX);
    let until = clock::now().saturating_add(SignedDuration::from_secs(seconds));
    JournalEvent::Awaits {
        until: until.unwrap_or(Timestamp::MAX),
    }
}

/// The names of a run and of its install.
pub(super) struct RunIds {
    run: String,
    install: String,
}

impl RunIds {
    pub(super) fn of(journal: &Journal) -> Self {
        Self {
            run: journal.run().to_owned(),
            install: journal.plan().install.clone().unwrap_or_default(),
        }
    }
}

/// Why a step failed, with its causes and without secrets.
pub(super) fn said(install: &Install, journal: &Journal, error: &StepError) -> String {
    run_secrets(install, journal.plan()).setting(None, &with_causes(error))
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
