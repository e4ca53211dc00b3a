//! Going back by itself: what fails in the window, Ctrl-C among it, stops the new release and has the
//! old one serve again. Only that is success; whatever else comes of it is told.

use super::downtime::{Downtime, DowntimeFigure};
use super::journal::{Journal, StepState};
use super::run_error::RunError;
use super::runner::Runner;
use crate::progress::{ExpectedStep, Progress, StepProgress};
use crate::upgrade::plan::Plan;
use crate::upgrade::step::{Phase, Step, UndoScope};

/// What a run does about a failure in the window.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum OnFailure {
    /// It goes back.
    #[default]
    GoBack,
    /// It leaves everything as it stands, for whoever wants to look at it.
    Stay,
}

/// True for a plan that stops the old release and starts the new one.
pub(super) fn is_flow(plan: &Plan) -> bool {
    plan.steps.iter().any(|step| matches!(step, Step::Stop(_)))
}

/// True from the first thing that is done in the window until the switch is done.
pub(super) fn is_in_window(journal: &Journal) -> bool {
    let steps = || journal.plan().steps.iter().zip(journal.steps());
    let mut window = steps().filter(|(step, _)| step.phase() == Phase::Window);
    let is_begun = window
        .next()
        .is_some_and(|(_, state)| *state != StepState::Pending);
    let mut switches = steps().filter(|(step, _)| matches!(step, Step::Switch(_)));
    let is_over = switches.any(|(_, state)| *state == StepState::Done);
    is_flow(journal.plan()) && is_begun && !is_over
}

/// How much of a run that is being rolled back is undone: what was begun is gone on with, and never
/// widened. Of a run that was complete, or that stops a release, only the way back is gone unless
/// something else of it is undone already.
pub(super) fn scope_begun(journal: &Journal, discard: bool) -> UndoScope {
    let mut steps = journal.plan().steps.iter().zip(journal.steps());
    let goes_on = steps.any(|(step, state)| {
        !UndoScope::Switch.covers(step) && matches!(state, StepState::Undoing | StepState::Undone)
    });
    let is_way_back = is_flow(journal.plan()) || journal.was_complete();
    match is_way_back && !discard && !goes_on {
        true => UndoScope::Switch,
        false => UndoScope::Everything,
    }
}

/// The numbers of the steps that a scope covers, in the order in which they are undone: backwards; but
/// where the old release is started again, `current` leads to it only once it serves. Until then it
/// leads to the release that served last, which is what a reboot, or a person, would start.
pub(super) fn undo_order(plan: &Plan, scope: UndoScope) -> Vec<usize> {
    let covered = |number: &usize| scope.covers(&plan.steps[*number]);
    let mut order: Vec<usize> = (0..plan.steps.len()).rev().filter(covered).collect();
    let place = |order: &[usize], is_it: fn(&Step) -> bool| {
        order.iter().position(|number| is_it(&plan.steps[*number]))
    };
    let switch = place(&order, |step| matches!(step, Step::Switch(_)));
    let stop = place(&order, |step| matches!(step, Step::Stop(_)));
    if let (Some(switch), Some(stop)) = (switch, stop)
        && switch < stop
    {
        order[switch..=stop].rotate_left(1);
    }
    order
}

impl Runner<'_> {
    /// After a failure: goes back where it is to, and tells what has come of it.
    pub(super) fn settle(
        &self,
        journal: Journal,
        failed: RunError,
        downtime: Option<Downtime>,
    ) -> RunError {
        if self.on_failure == OnFailure::Stay || !is_in_window(&journal) {
            return failed;
        }
        let (from, to) = (
            journal.plan().from.to_string(),
            journal.plan().to.to_string(),
        );
        self.progress
            .note(&format!("it failed: going back to {from}: {failed}"));
        let runner = Runner {
            progress: &Unstoppable(self.progress),
            ..*self
        };
        let failed = Box::new(failed);
        match runner.go_back(journal, downtime) {
            Ok(downtime) => RunError::WentBack {
                from,
                to,
                downtime,
                failed,
            },
            Err(source) => RunError::NotBack {
                from,
                failed: failed.to_string(),
                source: Box::new(source),
            },
        }
    }

    fn go_back(
        &self,
        journal: Journal,
        downtime: Option<Downtime>,
    ) -> Result<Option<DowntimeFigure>, RunError> {
        let scope = UndoScope::Switch;
        self.check_undo(&journal, scope)?;
        let unrecorded = journal.clone();
        match self.undo_all(journal, scope, downtime) {
            // A full disk must not keep the old release from coming back.
            Err(RunError::Journal(error)) => {
                self.undo_unrecorded(&unrecorded, scope)?;
                Err(RunError::Journal(error))
            }
            done => done.map(|report| report.downtime),
        }
    }
}

/// Going back isn't stopped by the Ctrl-C that began it.
struct Unstoppable<'a>(&'a dyn Progress);

impl Progress for Unstoppable<'_> {
    fn start(&self, what: &str, bytes: Option<u64>) {
        self.0.start(what, bytes);
    }
    fn advance(&self, bytes: u64, files: u64) {
        self.0.advance(bytes, files);
    }
    fn finish(&self) {
        self.0.finish();
    }
    fn note(&self, line: &str) {
        self.0.note(line);
    }
    fn step(&self, step: &StepProgress<'_>) {
        self.0.step(step);
    }
    fn begins_run(&self, run: &str, steps: &[ExpectedStep]) {
        self.0.begins_run(run, steps);
    }
    fn wants_total(&self) -> bool {
        self.0.wants_total()
    }
}
