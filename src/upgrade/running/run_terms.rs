//! The terms of a run: in which window the old release may be stopped, and whether what comes of it has
//! to be confirmed. They are in the journal, so that whoever resumes the run keeps to them.

use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::going_back::is_flow;
use super::maintenance_window::{MaintenanceWindow, WindowState};
use super::run_error::RunError;
use crate::clock;
use crate::progress::{ExpectedStep, Progress, StepProgress};
use crate::release::Version;
use crate::upgrade::downtime_estimate::DowntimeEstimate;
use crate::upgrade::plan::Plan;

/// Between two looks at the clock, and at whether to stop.
pub(super) const PAUSE: Duration = Duration::from_millis(250);

/// What whoever began a run wants of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunTerms {
    /// When the old release may be stopped, and by when the new one has to serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<MaintenanceWindow>,
    /// Outside of the window it is waited for.
    #[serde(default)]
    pub wait: bool,
    /// How long, in seconds, the new release serves before it makes way for the old one again, unless
    /// it is confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm_seconds: Option<u64>,
    /// How long, in seconds, it may be down: what would take longer isn't stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_downtime_seconds: Option<u64>,
}

/// What is known, just before the old release is stopped, of how long that will be.
pub(super) type Expects<'a> = &'a dyn Fn() -> Option<DowntimeEstimate>;

/// That the old release may be stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OpenedWindow {
    /// When it has to be over.
    pub(super) ends: Option<jiff::Timestamp>,
    /// How long it is expected to be down.
    pub(super) expected: Option<DowntimeEstimate>,
}

impl RunTerms {
    /// True where nothing is wanted.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// That the plan can be run on these terms, now or, where that is wanted, later.
    ///
    /// # Errors
    /// [`RunError::NoTerms`], [`RunError::OutsideWindow`].
    pub(super) fn require(&self, plan: &Plan) -> Result<(), RunError> {
        if !self.is_none() && !is_flow(plan) {
            return Err(RunError::NoTerms);
        }
        let Some(window) = &self.window else {
            return Ok(());
        };
        match fits(window, plan.estimate.downtime.as_ref()) {
            Ok(_) => Ok(()),
            Err(Some(_)) if self.wait => Ok(()),
            Err(until) => Err(outside(window, until, false)),
        }
    }

    /// Waits until the old release may be stopped, and looks then how long that will be.
    ///
    /// # Errors
    /// [`RunError::OutsideWindow`] where it isn't to be waited for, [`RunError::Downtime`]; nothing where
    /// it is interrupted.
    pub(super) fn open(
        &self,
        from: &Version,
        expects: Expects<'_>,
        progress: &dyn Progress,
    ) -> Result<OpenedWindow, Option<RunError>> {
        let mut expected = expects();
        // What was waited for may have changed more meanwhile.
        let mut is_fresh = true;
        let mut told = Countdown::default();
        loop {
            let Some(window) = &self.window else {
                self.require_short(expected.as_ref())?;
                return Ok(OpenedWindow {
                    ends: None,
                    expected,
                });
            };
            match fits(window, expected.as_ref()) {
                Ok(ends) if is_fresh => {
                    self.require_short(expected.as_ref())?;
                    return Ok(OpenedWindow {
                        ends: Some(ends),
                        expected,
                    });
                }
                Ok(_) => {
                    expected = expects();
                    is_fresh = true;
                    continue;
                }
                Err(Some(until)) if self.wait => {
                    is_fresh = false;
                    told.tell(until, progress, |left| {
                        format!(
                            "all is ready: {from} is stopped in {left}, when the window {window} opens"
                        )
                    });
                }
                Err(until) => return Err(Some(outside(window, until, true))),
            }
            if progress.interrupted() {
                return Err(None);
            }
            thread::sleep(PAUSE);
        }
    }

    /// When a run has to be over that goes on in its window: at the end of the one in which it was begun,
    /// and not of the next night's. Where that isn't recorded, of the one that is open, or now.
    pub(super) fn end_of(&self, opened: Option<OpenedWindow>) -> Option<jiff::Timestamp> {
        match opened {
            Some(opened) => opened.ends,
            None => self.window.as_ref().map(MaintenanceWindow::end),
        }
    }

    /// That it won't be down for longer than it may; what isn't known was accepted before.
    fn require_short(&self, expected: Option<&DowntimeEstimate>) -> Result<(), RunError> {
        let limit = self.max_downtime_seconds.map(Duration::from_secs);
        match limit.zip(expected) {
            Some((limit, expected)) => expected
                .require_within(limit, true)
                .map_err(|source| RunError::Downtime { source }),
            None => Ok(()),
        }
    }
}

/// When the window ends, if it is open and long enough; else how long until the next one, if any comes.
fn fits(
    window: &MaintenanceWindow,
    expected: Option<&DowntimeEstimate>,
) -> Result<jiff::Timestamp, Option<Duration>> {
    let expected = expected
        .and_then(DowntimeEstimate::expected)
        .unwrap_or_default();
    let now = clock::local_now();
    match window.at(&now) {
        WindowState::Open { ends, left } if expected <= left => Ok(ends),
        // The rest of it is too short: the next one, from its end on.
        WindowState::Open { ends, left } => {
            let end = ends.to_zoned(now.time_zone().clone());
            Err(match window.at(&end) {
                WindowState::Later { until } => Some(left + until),
                _ => None,
            })
        }
        WindowState::Later { until } => Err(Some(until)),
        WindowState::Over => Err(None),
    }
}

fn outside(window: &MaintenanceWindow, until: Option<Duration>, is_begun: bool) -> RunError {
    RunError::OutsideWindow {
        window: window.to_string(),
        until: until.map(words),
        is_begun,
    }
}

/// `1 h 20 min`, `5 min`, `30 s`.
pub(super) fn words(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60) {
        (0, 0) => format!("{seconds} s"),
        (0, minutes) => format!("{minutes} min"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

/// Tells how much time is left, less and less seldom.
#[derive(Default)]
pub(super) struct Countdown {
    next: Option<u64>,
}

impl Countdown {
    pub(super) fn tell(
        &mut self,
        left: Duration,
        progress: &dyn Progress,
        line: impl Fn(&str) -> String,
    ) {
        let seconds = left.as_secs();
        if self.next.is_some_and(|next| seconds > next) {
            return;
        }
        progress.note(&line(&words(left)));
        let step = match seconds {
            0..=10 => 1,
            11..=60 => 10,
            61..=600 => 60,
            _ => 600,
        };
        self.next = Some(seconds.saturating_sub(step));
    }
}

/// Somebody's progress, who also wants to stop when a time is over.
pub(super) struct Deadline<'a> {
    inner: &'a dyn Progress,
    /// In seconds since 1970.
    ends: AtomicI64,
}

impl<'a> Deadline<'a> {
    pub(super) fn none(inner: &'a dyn Progress) -> Self {
        Self {
            inner,
            ends: AtomicI64::new(i64::MAX),
        }
    }

    pub(super) fn set(&self, ends: jiff::Timestamp) {
        self.ends.store(ends.as_second(), Relaxed);
    }

    pub(super) fn lift(&self) {
        self.ends.store(i64::MAX, Relaxed);
    }

    /// It is over, and nobody else wants to stop.
    pub(super) fn is_over(&self) -> bool {
        !self.inner.interrupted() && self.has_passed()
    }

    fn has_passed(&self) -> bool {
        let ends = self.ends.load(Relaxed);
        ends != i64::MAX && clock::now().as_second() >= ends
    }
}

impl Progress for Deadline<'_> {
    fn start(&self, what: &str, bytes: Option<u64>) {
        self.inner.start(what, bytes);
    }
    fn advance(&self, bytes: u64, files: u64) {
        self.inner.advance(bytes, files);
    }
    fn finish(&self) {
        self.inner.finish();
    }
    fn note(&self, line: &str) {
        self.inner.note(line);
    }
    fn step(&self, step: &StepProgress<'_>) {
        self.inner.step(step);
    }
    fn begins_run(&self, run: &str, steps: &[ExpectedStep]) {
        self.inner.begins_run(run, steps);
    }
    fn wants_total(&self) -> bool {
        self.inner.wants_total()
    }
    fn interrupted(&self) -> bool {
        self.inner.interrupted() || self.has_passed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Collected;
    use crate::upgrade::downtime_estimate::{DowntimePart, PartBasis, PartKind};

    #[test]
    fn a_countdown_tells_more_often_as_it_nears_its_end() {
        let said = Collected::default();
        let mut told = Countdown::default();
        for left in (0..=90).rev() {
            told.tell(Duration::from_secs(left), &said, str::to_owned);
        }
        let lines = said.lines.lock().unwrap().clone();
        let first = ["1 min", "30 s", "20 s", "10 s", "9 s"];
        assert_eq!(lines[..5], first, "{lines:?}");
    }

    fn estimate(seconds: Option<u64>) -> DowntimeEstimate {
        let part = DowntimePart {
            kind: PartKind::Copy,
            milliseconds: seconds.map(|seconds| seconds * 1000),
            basis: PartBasis::WarmCopy,
        };
        DowntimeEstimate { parts: vec![part] }
    }

    /// Opens, where so many seconds of downtime are expected; gives what is said against it.
    #[track_caller]
    fn check(terms: &RunTerms, expected: Option<u64>, refused: Option<&str>) {
        let from = "v1".parse().unwrap();
        let expects = || Some(estimate(expected));
        let opened = terms.open(&from, &expects, &Collected::default());
        let said = opened.as_ref().err();
        let said = said.and_then(Option::as_ref).map(ToString::to_string);
        match refused {
            Some(refused) => assert!(said.as_ref().unwrap().contains(refused), "{said:?}"),
            None => assert_eq!(opened.unwrap().expected, Some(estimate(expected))),
        }
    }

    #[test]
    fn what_has_changed_more_than_was_expected_is_not_stopped() {
        let limited = RunTerms {
            max_downtime_seconds: Some(30),
            ..RunTerms::default()
        };
        check(&limited, Some(30), None);
        check(&limited, Some(31), Some("it would be down for about 31 s"));
        // Accepted when it was planned.
        check(&limited, None, None);
        check(&RunTerms::default(), Some(1_000_000), None);
        let now = clock::local_now();
        let at = |minutes: i64| {
            let time = &now + jiff::SignedDuration::from_mins(minutes);
            time.strftime("%Y-%m-%dT%H:%M:%S").to_string()
        };
        let window = format!("{}/{}", at(-1), at(60)).parse().unwrap();
        let in_window = RunTerms {
            window: Some(window),
            ..limited
        };
        check(&in_window, Some(10), None);
        check(&in_window, Some(40), Some("down for about 40 s"));
        check(&in_window, Some(4_000), Some("no other comes"));
    }

    #[test]
    fn a_run_that_goes_on_has_to_be_over_by_the_end_of_the_night_in_which_it_was_begun() {
        let now = clock::local_now();
        let at = |hours: i64| {
            let time = &now + jiff::SignedDuration::from_hours(hours);
            time.strftime("%H:%M").to_string()
        };
        let terms = RunTerms {
            window: Some(format!("{}-{}", at(-1), at(2)).parse().unwrap()),
            ..RunTerms::default()
        };
        let last_night = clock::now() - jiff::SignedDuration::from_hours(22);
        let opened = |ends| OpenedWindow {
            ends,
            expected: None,
        };
        let end = terms.end_of(Some(opened(Some(last_night))));
        assert_eq!(end, Some(last_night));
        let said = Collected::default();
        let deadline = Deadline::none(&said);
        deadline.set(end.unwrap());
        assert!(deadline.is_over(), "it goes back");
        assert_eq!(terms.end_of(Some(opened(None))), None);
        // Of before that was recorded.
        assert!(terms.end_of(None).unwrap() > clock::now());
    }

    #[test]
    fn a_deadline_that_is_over_is_a_wish_to_stop_and_one_that_is_lifted_is_none() {
        let said = Collected::default();
        let deadline = Deadline::none(&said);
        assert!(!deadline.interrupted());
        deadline.set(clock::now());
        assert!(deadline.interrupted() && deadline.is_over());
        said.stop.store(true, Relaxed);
        assert!(!deadline.is_over(), "somebody stopped it");
        said.stop.store(false, Relaxed);
        deadline.lift();
        assert!(!deadline.interrupted());
    }
}
