//! How long nobody was served: from the first signal to the release that is left until the other one
//! answered for good, as a prober saw it meanwhile.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::prober::Prober;
use super::probing::{ProbeTargets, SeenBy};
use crate::clock::Stopwatch;

/// The downtime of one run, or of one way back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DowntimeFigure {
    /// From the first signal until it answered for good, in milliseconds.
    pub milliseconds: u64,
    /// How often it was asked, from just before the first signal on.
    pub probes: u64,
    /// How many of these it didn't answer well.
    pub failed_probes: u64,
    /// The longest time between two good answers, in milliseconds.
    pub longest_gap_milliseconds: u64,
    /// What was asked.
    pub seen_by: SeenBy,
    /// Whether it answered in the end: else the time is that of the steps, which were well.
    pub answered: bool,
    /// False where another process began it: then the beginning is the journal's, in whole seconds, and
    /// the probes are those of this process.
    pub whole: bool,
}

impl DowntimeFigure {
    /// How long it was, where all of it was seen.
    pub(crate) fn seen(self) -> Option<Duration> {
        let is_seen = self.whole && self.answered && self.probes > 0;
        is_seen.then(|| Duration::from_millis(self.milliseconds))
    }
}

impl fmt::Display for DowntimeFigure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |milliseconds: u64| Duration::from_millis(milliseconds).as_secs_f64();
        let about = if self.whole { "" } else { "about " };
        write!(f, "down for {about}{:.1} s", seconds(self.milliseconds))?;
        let Self {
            probes,
            failed_probes,
            ..
        } = self;
        let gap = seconds(self.longest_gap_milliseconds);
        match self.probes {
            0 => f.write_str(" by its steps, since nothing could be asked meanwhile"),
            _ => write!(
                f,
                " ({failed_probes} of {probes} probes failed, longest gap {gap:.1} s)"
            ),
        }
    }
}

/// The answers so far. Times are since the prober began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ProbeLog {
    probes: u64,
    failed: u64,
    /// The last good answer, or the beginning.
    last_good: Duration,
    longest_gap: Duration,
    /// Since when every answer was good.
    good_since: Option<Duration>,
    /// What was asked before isn't about the release that is awaited.
    counts_from: Duration,
}

impl ProbeLog {
    /// An answer to what was asked `at`.
    pub(super) fn take(&mut self, at: Duration, is_good: bool) {
        self.probes += 1;
        if !is_good {
            self.failed += 1;
            self.good_since = None;
            return;
        }
        self.longest_gap = self.longest_gap.max(at.saturating_sub(self.last_good));
        self.last_good = at;
        if at >= self.counts_from {
            self.good_since = self.good_since.or(Some(at));
        }
    }

    /// The release that is left is down: its answers count no longer.
    pub(super) fn old_is_down(&mut self, at: Duration) {
        self.counts_from = at;
        self.good_since = None;
    }

    /// Since when it answers.
    pub(super) fn good_since(&self) -> Option<Duration> {
        self.good_since
    }
}

/// The measuring of a downtime, as it goes.
pub(super) struct Downtime {
    since: Stopwatch,
    /// What went before this process began to measure.
    before: Duration,
    prober: Prober,
    seen_by: SeenBy,
    /// Some of what has to be well only the steps ask.
    steps_ask: bool,
    whole: bool,
}

impl Downtime {
    /// Begins just before the first signal; `before` it, another process may have begun already.
    pub(super) fn begin(targets: ProbeTargets, before: Option<Duration>) -> Self {
        let since = Stopwatch::start();
        Self {
            since,
            before: before.unwrap_or_default(),
            whole: before.is_none(),
            seen_by: targets.seen_by,
            steps_ask: targets.steps_ask,
            prober: Prober::start(targets, since),
        }
    }

    /// To be told when the release that is left is down.
    pub(super) fn old_is_down(&self) {
        self.prober.old_is_down(self.since.elapsed());
    }

    /// Ends it: every step that had to see the other release well has.
    pub(super) fn end(self) -> DowntimeFigure {
        let done = self.since.elapsed();
        let log = self.prober.end();
        let end = match log.good_since {
            Some(good) if self.steps_ask => good.max(done),
            Some(good) => good,
            None => done,
        };
        let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let gap = match log.good_since {
            Some(_) => log.longest_gap,
            None => log.longest_gap.max(done.saturating_sub(log.last_good)),
        };
        DowntimeFigure {
            milliseconds: milliseconds(self.before + end),
            probes: log.probes,
            failed_probes: log.failed,
            longest_gap_milliseconds: milliseconds(gap),
            seen_by: self.seen_by,
            answered: log.good_since.is_some(),
            whole: self.whole,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is known after these answers, `+` or `-`, one each 250 ms; at `|` the old release is down.
    fn log(answers: &str) -> ProbeLog {
        let mut log = ProbeLog::default();
        let mut at = Duration::ZERO;
        for answer in answers.chars() {
            match answer {
                '|' => log.old_is_down(at),
                answer => {
                    log.take(at, answer == '+');
                    at += Duration::from_millis(250);
                }
            }
        }
        log
    }

    #[track_caller]
    fn check(answers: &str, good_since: Option<u64>, failed: u64, gap: u64) {
        let log = log(answers);
        assert_eq!(
            log.good_since,
            good_since.map(Duration::from_millis),
            "{answers}"
        );
        assert_eq!(log.failed, failed, "{answers}");
        assert_eq!(log.longest_gap, Duration::from_millis(gap), "{answers}");
    }

    #[test]
    fn it_ends_with_the_first_good_answer_that_no_bad_one_follows() {
        check("++--|--++", Some(1500), 4, 1250);
        check("++--|-+-++", Some(1750), 4, 1000);
        check("+|++", Some(250), 0, 250);
    }

    #[test]
    fn what_the_old_release_answers_while_it_is_stopped_ends_nothing() {
        check("+++", Some(0), 0, 250);
        check("+++|", None, 0, 250);
        check("-+++|--", None, 3, 250);
        check("----", None, 4, 0);
    }
}
