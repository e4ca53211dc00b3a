//! What a run has done, for a reader and for a script.

use std::path::Path;

use serde::Serialize;

use super::downtime::DowntimeFigure;
use super::journal::{Journal, RunState, StepState};
use crate::release::Version;
use crate::upgrade::step::{StepOutcome, quote};

/// The report of a run. Its JSON is the `--json` output of `apply`, `resume` and
/// `rollback`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// The run's name.
    pub run: String,
    /// The plan's name.
    pub plan: String,
    /// The release that was left.
    pub from: Version,
    /// The release that it led to.
    pub to: Version,
    /// The compose project of the release that was left.
    pub from_project: String,
    /// The compose project of the release that it led to.
    pub project: String,
    /// Where the run as a whole stands.
    pub state: RunState,
    /// What became of each step of the plan, in the plan's order.
    pub steps: Vec<StepReport>,
    /// How long nobody was served, the last time that it passed from one release to the other; absent
    /// where nothing was stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub downtime: Option<DowntimeFigure>,
    /// How long that was expected to be when it was planned, in milliseconds; absent where it wasn't known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_downtime_milliseconds: Option<u64>,
    /// How long it was expected to be just before the old release was stopped, in milliseconds; absent where
    /// it wasn't known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expected_at_window_milliseconds: Option<u64>,
    /// What remains for the administrator to do, as sentences or commands.
    pub next: Vec<String>,
    /// Whether the plan itself stops and starts the releases.
    #[serde(skip)]
    starts: bool,
}

/// What became of one step of the run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepReport {
    /// What the step is, in one line.
    pub title: String,
    /// `pending`, `doing`, `done`, `failed`, `undoing` or `undone`.
    pub state: &'static str,
    /// What came of it, once it is done.
    pub outcome: Option<StepOutcome>,
}

impl Report {
    /// The report of what `journal` records.
    pub fn of(journal: &Journal) -> Self {
        let plan = journal.plan();
        let steps = plan.steps.iter().zip(journal.steps()).enumerate();
        Self {
            run: journal.run().to_owned(),
            plan: plan.id.clone(),
            from: plan.from.clone(),
            to: plan.to.clone(),
            from_project: plan.from_project.clone(),
            project: plan.project.clone(),
            state: journal.state(),
            steps: steps
                .map(|(number, (step, state))| StepReport {
                    title: step.title(),
                    state: word(*state),
                    outcome: journal.outcome(number).cloned(),
                })
                .collect(),
            downtime: journal.downtime(),
            expected_downtime_milliseconds: expected(journal),
            expected_at_window_milliseconds: expected_at_window(journal),
            next: Vec::new(),
            starts: plan.request.up,
        }
    }

    /// The report with what remains to be done by hand.
    #[must_use]
    pub fn with_next(mut self) -> Self {
        let start = |version: &Version| format!("to start it: transship up {}", quoted(version));
        let back = "to go back: transship rollback".to_owned();
        self.next = match self.state {
            RunState::Complete if self.starts => vec![back],
            RunState::Complete => vec![
                start(&self.to),
                format!("to stop it again: transship stop {}", quoted(&self.to)),
                "then, to go back: transship rollback".to_owned(),
            ],
            RunState::RolledBack => {
                let stays = self.steps.iter().any(|step| step.state == "done");
                let discard =
                    "the new release and its volumes stay; to remove them: transship rollback \
                               --discard"
                        .to_owned();
                let start = start(&self.from);
                let next = (!self.starts).then_some(start).into_iter();
                next.chain(stays.then_some(discard)).collect()
            }
            RunState::Open | RunState::Unconfirmed | RunState::RollingBack => Vec::new(),
        };
        self
    }
}

/// The way back was never planned.
fn expected(journal: &Journal) -> Option<u64> {
    let estimate = journal.plan().estimate.downtime.as_ref()?;
    is_way_there(journal)
        .then(|| estimate.milliseconds())
        .flatten()
}

fn expected_at_window(journal: &Journal) -> Option<u64> {
    let expected = journal.opened().filter(|_| is_way_there(journal))?.expected;
    expected?.milliseconds()
}

fn is_way_there(journal: &Journal) -> bool {
    matches!(journal.state(), RunState::Open | RunState::Complete)
}

/// A version as a word of a shell's.
fn quoted(version: &Version) -> String {
    quote(Path::new(version.as_str()))
}

const fn word(state: StepState) -> &'static str {
    match state {
        StepState::Pending => "pending",
        StepState::Doing => "doing",
        StepState::Done => "done",
        StepState::Failed => "failed",
        StepState::Undoing => "undoing",
        StepState::Undone => "undone",
    }
}
