//! The downtime that a plan expects: shown with what it is made of, and limited.

use std::time::Duration;

use crate::cli::terminal::failure::Failure;
use crate::cli::terminal::ui::Ui;
use crate::cli::terminal::{color, size};
use crate::error::Kind;
use crate::release::hooks::seconds;
use crate::upgrade::Plan;

/// How long it may be down.
#[derive(Debug, Clone, Default, clap::Args)]
pub(in crate::cli) struct DowntimeLimit {
    /// Refuse a plan that is expected to be down for longer: `30s`, `5m`, `1h`
    ///
    /// One of which that isn't known is refused, too. Once all is ready it is looked at again, and nothing
    /// is stopped where more has changed than could be expected.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(in crate::cli) max_downtime: Option<Duration>,
    /// Go on although it isn't known how long it will be down
    #[arg(long)]
    pub(in crate::cli) accept_unknown_downtime: bool,
}

impl DowntimeLimit {
    pub(in crate::cli) fn require(&self, plan: &Plan) -> Result<(), Failure> {
        let Some(limit) = self.max_downtime else {
            return Ok(());
        };
        let Some(estimate) = &plan.estimate.downtime else {
            let what = "this plan stops nothing, so that its downtime is yours";
            return Err(Failure::new(Kind::Refused, what)
                .hint("leave `--max-downtime` out, or plan while the old release runs"));
        };
        Ok(estimate.require_within(limit, self.accept_unknown_downtime)?)
    }
}

/// A time as recipes have it.
pub(in crate::cli) fn time(text: &str) -> Result<Duration, String> {
    let seconds = seconds(text).filter(|seconds| *seconds > 0);
    let seconds = seconds.ok_or("a time is a number with `s`, `m` or `h`, such as `30s`")?;
    Ok(Duration::from_secs(seconds))
}

/// The downtime that is expected, for a reader.
pub(super) fn render(plan: &Plan, ui: &Ui) -> String {
    let Some(estimate) = &plan.estimate.downtime else {
        return String::new();
    };
    let whole = match estimate.expected() {
        Some(whole) => format!("about {}", size::duration(whole)),
        None => "unknown".to_owned(),
    };
    let heading = format!("\nExpected downtime: {whole}\n");
    let mut text = ui.paint(color::HEADING, &heading);
    for part in &estimate.parts {
        let time = match part.milliseconds {
            Some(milliseconds) => size::duration(Duration::from_millis(milliseconds)),
            None => "unknown".to_owned(),
        };
        text += &format!("  {:<7} {time:>9}: {}\n", part.kind, part.basis);
    }
    text
}
