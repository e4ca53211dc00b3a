//! When the downtime of a run begins and ends, there and back.

use std::time::Duration;

use super::downtime::Downtime;
use super::going_back::is_in_window;
use super::journal::{Journal, JournalEvent, StepState};
use super::probing::ProbeTargets;
use super::run_error::RunError;
use super::runner::{RunIds, Runner};
use super::undoing::undoing;
use crate::clock;
use crate::upgrade::step::{Step, StopRelease};

impl Runner<'_> {
    /// The downtime of a run that goes on in the window: another process saw it begin.
    pub(super) fn downtime_begun(&self, journal: &Journal, ids: &RunIds) -> Option<Downtime> {
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
    pub(super) fn measure(
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
    pub(super) fn downtime_of_way_back(&self, journal: &Journal, ids: &RunIds) -> Option<Downtime> {
        let (number, stop) = stop_of(&journal.plan().steps)?;
        undoing(journal, number)?;
        let targets = ProbeTargets::of(stop, self.world(ids));
        Some(Downtime::begin(targets, None))
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
