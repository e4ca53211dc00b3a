//! The course of a run: where it and its steps stand, and which event may come next.

use serde::Serialize;

use super::journal::JournalEvent;

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
    /// Every step of the plan is done, and it goes back unless it is confirmed in time.
    Unconfirmed,
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

/// The course so far, and which event may come next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RunCourse {
    pub run: RunState,
    pub steps: Vec<StepState>,
}

impl RunCourse {
    pub(super) fn new(steps: usize) -> Self {
        Self {
            run: RunState::Open,
            steps: vec![StepState::Pending; steps],
        }
    }

    pub(super) fn take(&mut self, event: &JournalEvent) -> Result<(), &'static str> {
        use RunState::{Complete, Open, RolledBack, RollingBack, Unconfirmed};
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
            JournalEvent::Terms { .. } | JournalEvent::Opened { .. } => self.expect_run(&[Open]),
            JournalEvent::Awaits { .. } | JournalEvent::Complete => {
                self.expect_run(&[Open])?;
                if self.steps.iter().any(|state| *state != Done) {
                    return Err("complete before all steps were done");
                }
                self.run = match event {
                    JournalEvent::Awaits { .. } => Unconfirmed,
                    _ => Complete,
                };
                Ok(())
            }
            JournalEvent::Confirmed => {
                self.expect_run(&[Unconfirmed])?;
                self.run = Complete;
                Ok(())
            }
            JournalEvent::Undo { step } => {
                self.expect_run(&[Open, Unconfirmed, Complete, RollingBack, RolledBack])?;
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
            // A measure, of whatever.
            JournalEvent::Downtime { .. } => Ok(()),
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
    use crate::upgrade::step::StepOutcome;

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
    fn what_has_to_be_confirmed_is_complete_then_or_goes_back() {
        let awaits = JournalEvent::Awaits {
            until: crate::clock::now(),
        };
        let done = [DO(0), ok(0), DO(1), ok(1), awaits.clone()];
        assert_eq!(course(&done), Ok(RunState::Unconfirmed));
        let confirmed = [&done[..], &[JournalEvent::Confirmed]].concat();
        assert_eq!(course(&confirmed), Ok(RunState::Complete));
        let back = [&done[..], &[UNDO(1), UNDONE(1), JournalEvent::RolledBack]].concat();
        assert_eq!(course(&back), Ok(RunState::RolledBack));
        assert_eq!(course(&[DO(0), ok(0), awaits]), Err(2));
        assert_eq!(course(&[JournalEvent::Confirmed]), Err(0));
        let twice = [&done[..], &[JournalEvent::Complete]].concat();
        assert_eq!(course(&twice), Err(5));
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
