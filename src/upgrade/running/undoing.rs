//! Undoing a run: what stands against it, and its steps in reverse.

use super::downtime::Downtime;
use super::going_back::{scope_begun, undo_order};
use super::journal::{Journal, JournalEvent, RunState, StepState};
use super::report::Report;
use super::run_error::RunError;
use super::runner::{RunIds, Runner, said};
use crate::progress::StepMoment;
use crate::upgrade::step::{Step, StepError, Undo, UndoEvidence, UndoScope};

impl Runner<'_> {
    pub(super) fn scope(journal: &Journal, discard: bool) -> Result<UndoScope, RunError> {
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
    pub(super) fn require_left(&self, journal: &Journal, scope: UndoScope) -> Result<(), RunError> {
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

    pub(super) fn undo(&self, step: &Step, ids: &RunIds, undo: Undo) -> Result<(), StepError> {
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
            if step.is_undoable() {
                self.tell(StepMoment::UndoBegun, &steps, number, None);
            }
            journal.record(self.disk, JournalEvent::Undo { step: number })?;
            if let Err(source) = self.undo(step, &ids, Undo { scope, evidence }) {
                let said = said(self.install, &journal, &source);
                let error = said.clone();
                journal.record(
                    self.disk,
                    JournalEvent::UndoFailed {
                        step: number,
                        error,
                    },
                )?;
                let failed = cant_undo(&steps, number)(source);
                // `current` isn't switched to a release that doesn't serve.
                // Nor is the old release's database started beside another server on its volume.
                let is_needed = matches!(step, Step::Stop(_) | Step::MoveDatabase(_));
                if scope != UndoScope::Switch || is_needed {
                    return Err(first.unwrap_or(failed));
                }
                // The old release is to serve, whatever else can't be undone.
                self.progress.note(&format!("{failed}: {said}"));
                first = first.or(Some(failed));
                continue;
            }
            journal.record(self.disk, JournalEvent::Undone { step: number })?;
            if step.is_undoable() {
                self.tell(StepMoment::Undone, &steps, number, None);
            }
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
}

impl UndoScope {
    pub(super) const fn covers(self, step: &Step) -> bool {
        match self {
            // What only looks has nothing to undo, and must not stand in the way.
            Self::Switch => matches!(
                step,
                Step::Switch(_)
                    | Step::Stop(_)
                    | Step::Start(_)
                    | Step::Hook(_)
                    | Step::Check(_)
                    // A killed run's servers may run still.
                    | Step::MoveDatabase(_)
            ),
            Self::Everything | Self::CompleteRun => true,
        }
    }
}

/// For `map_err`: the error of undoing a step.
pub(super) fn cant_undo(steps: &[Step], number: usize) -> impl Fn(StepError) -> RunError + '_ {
    move |source| RunError::Undo {
        number: number + 1,
        count: steps.len(),
        title: steps[number].title(),
        source: Box::new(source),
    }
}

/// What is known of a step that is to be undone; `None` when there is nothing to undo. An
/// interrupted undoing doesn't make it less known that the step was done.
pub(super) fn undoing(journal: &Journal, step: usize) -> Option<UndoEvidence> {
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
