//! What a run came to, for a reader.

use std::time::Duration;

use crate::cli::terminal::ui::Ui;
use crate::cli::terminal::{color, size};
use crate::upgrade::Report;
use crate::upgrade::running::downtime::DowntimeFigure;
use crate::upgrade::running::journal::RunState;
use crate::upgrade::running::probing::SeenBy;
use crate::upgrade::step::StepOutcome;

pub(super) fn render(report: &Report, ui: &Ui) -> String {
    let verdict = match report.state {
        RunState::Complete | RunState::Unconfirmed => {
            format!("Upgraded from {} to {}", report.from, report.to)
        }
        RunState::RolledBack => format!("Rolled back to {}", report.from),
        RunState::Open | RunState::RollingBack => {
            format!("From {} to {}: not over", report.from, report.to)
        }
    };
    let mut text = ui.paint(color::HEADING, &verdict) + "\n";
    text += &report.downtime.as_ref().map_or_else(String::new, downtime);
    if let (Some(milliseconds), Some(_)) = (report.expected_downtime_milliseconds, &report.downtime)
    {
        let shown = |milliseconds| size::duration(Duration::from_millis(milliseconds));
        let expected = shown(milliseconds);
        text += &format!("  expected when it was planned: {expected}");
        let just_before = report.expected_at_window_milliseconds.map(shown);
        let just_before = just_before.map(|expected| format!("; just before the stop: {expected}"));
        text += &(just_before.unwrap_or_default() + "\n");
    }
    let rolled_back = report.state == RunState::RolledBack;
    for step in report
        .steps
        .iter()
        .filter(|step| !rolled_back || step.state == "undone")
    {
        let outcome = step
            .outcome
            .as_ref()
            .filter(|_| step.state == "done")
            .map(measure);
        text += &format!(
            "  {:<7} {}{}\n",
            step.state,
            step.title,
            outcome.unwrap_or_default()
        );
    }
    for next in &report.next {
        text += &format!("{} {}\n", ui.paint(color::HINT, "next:"), ui.pasted(next));
    }
    text
}

/// How long nobody was served, and by whose word.
fn downtime(figure: &DowntimeFigure) -> String {
    let seen_by = match figure.seen_by {
        SeenBy::Checks => "the recipe's checks were asked",
        SeenBy::Ports => "the ports that are published were asked",
        SeenBy::Containers => {
            "only whether the containers run was asked: neither a check nor a published port is known"
        }
    };
    let mut text =
        format!("  {figure}\n  {seen_by} four times a second, from the first signal on\n");
    if !figure.answered {
        text += "  not all of it answered in the end, though every step was well\n";
    }
    if !figure.whole {
        text += "  another process began it: the probes are those of the end alone\n";
    }
    text
}

fn measure(outcome: &StepOutcome) -> String {
    if outcome.files == 0 && outcome.sha256.is_none() {
        return String::new();
    }
    let (files, bytes) = (
        size::count(outcome.files, "file"),
        size::human(outcome.bytes),
    );
    let digest = outcome
        .sha256
        .as_deref()
        .map(|digest| format!(", sha256 {}", &digest[..12]));
    let time = size::duration(Duration::from_millis(outcome.milliseconds));
    format!(": {files}, {bytes}, {time}{}", digest.unwrap_or_default())
}
