//! The first lines of a plan: how much is done, how long that takes, and what can't be undone.

use std::time::Duration;

use crate::cli::terminal::color;
use crate::cli::terminal::size;
use crate::cli::terminal::ui::Ui;
use crate::release::Install;
use crate::upgrade::planning::release_changes::ReleaseChanges;
use crate::upgrade::step::StepOutcome;
use crate::upgrade::{Decisions, Journal, Plan, Step};

/// How much there is to do, and how long that takes.
pub(super) fn render(plan: &Plan, changes: &ReleaseChanges, install: Option<&Install>) -> String {
    let of = |is: &dyn Fn(&Step) -> bool| plan.steps.iter().filter(|step| is(step)).count() as u64;
    let copied = of(&|step| matches!(step, Step::CopyVolume(_) | Step::CopyFolder(_)));
    let carried = of(&|step| matches!(step, Step::Carry(_)));
    let edited = of(&|step| matches!(step, Step::EditCompose(_)));
    let bytes: u64 = changes.written.values().sum();
    let time = match install.and_then(measured_rate) {
        _ if bytes == 0 => None,
        Some(rate) => Some(format!(
            "about {} to copy, as the last run did",
            size::duration(rate.time_for(bytes))
        )),
        None => Some("how long isn't known before something was copied here".to_owned()),
    };
    let downtime = plan
        .estimate
        .downtime
        .as_ref()
        .map(|downtime| match downtime.expected() {
            Some(whole) => format!("downtime about {}", size::duration(whole)),
            None => "downtime unknown".to_owned(),
        });
    let parts = [
        Some(format!(
            "{copied} to copy, {carried} to carry, {edited} to edit"
        )),
        Some(size::human(bytes)),
        time,
        downtime,
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    format!("  {}\n", parts.join("; "))
}

/// Questions that are open: told first, and answered below.
pub(super) fn questions(decisions: &Decisions, ui: &Ui) -> String {
    let merged = decisions.merged.iter();
    let merged = merged.filter(|file| file.merged.conflicts().next().is_some());
    let merged = merged.map(|file| file.asked_as().display().to_string());
    let asked = decisions
        .questions
        .iter()
        .filter(|file| file.answer.is_none());
    let asked = asked.map(|file| file.path.display().to_string());
    let names: Vec<String> = merged.chain(asked).collect();
    if names.is_empty() {
        return String::new();
    }
    let label = ui.paint(color::WARNING, "to be answered first:");
    format!("  {label} {}, below\n", names.join(", "))
}

/// What neither `rollback` nor anything else takes back.
pub(super) fn not_undone(plan: &Plan, ui: &Ui) -> String {
    let hooks = plan
        .steps
        .iter()
        .filter(|step| matches!(step, Step::Hook(_)));
    let mut text = String::new();
    for hook in hooks {
        let label = ui.paint(color::WARNING, "not undone:");
        text += &format!(
            "{label} what {} does outside of the new release's data\n",
            hook.title()
        );
    }
    text
}

/// What the last run copied in what time.
struct MeasuredRate {
    bytes: u64,
    milliseconds: u64,
}

impl MeasuredRate {
    fn time_for(&self, bytes: u64) -> Duration {
        let milliseconds =
            u128::from(bytes) * u128::from(self.milliseconds) / u128::from(self.bytes);
        Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX))
    }

    fn of<'a>(outcomes: impl Iterator<Item = &'a StepOutcome>) -> Option<Self> {
        // Less says more of the disk's cache than of its speed.
        const LEAST: u64 = 1 << 20;
        let none = Self {
            bytes: 0,
            milliseconds: 0,
        };
        let sum = outcomes.fold(none, |sum, outcome| Self {
            bytes: sum.bytes + outcome.bytes,
            milliseconds: sum.milliseconds + outcome.milliseconds,
        });
        (sum.bytes >= LEAST && sum.milliseconds > 0).then_some(sum)
    }
}

fn measured_rate(install: &Install) -> Option<MeasuredRate> {
    let journal = Journal::newest(install).ok().flatten()?;
    let steps = journal.plan().steps.iter().enumerate();
    let copies =
        steps.filter(|(_, step)| matches!(step, Step::CopyVolume(_) | Step::CopyFolder(_)));
    MeasuredRate::of(copies.filter_map(|(number, _)| journal.outcome(number)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_told_from_what_was_measured_and_not_from_next_to_nothing() {
        let outcome = |bytes, milliseconds| StepOutcome {
            bytes,
            milliseconds,
            ..StepOutcome::default()
        };
        let both = [outcome(3 << 20, 1000), outcome(1 << 20, 1000)];
        let rate = MeasuredRate::of(both.iter()).unwrap();
        assert_eq!(rate.time_for(8 << 20), Duration::from_secs(4));
        assert!(MeasuredRate::of([outcome(1000, 5)].iter()).is_none());
        assert!(MeasuredRate::of([].iter()).is_none());
    }
}
