//! The one line that tells of a whole run: which step of how many, on what, how much of it, and how long it
//! still takes. Pure: events with their times go in, a line comes out.

use std::time::Duration;

use unicode_width::UnicodeWidthStr as _;

use super::size;
use super::visible::visible;
use super::work_name::{called, cut_front};
use crate::progress::{ExpectedStep, StepMoment, StepProgress};

/// Before that much has passed or was done, a rate says more of the disk's cache than of its speed.
const LEAST_TIME: Duration = Duration::from_millis(500);
const LEAST_BYTES: u64 = 1 << 20;
/// A step that has no size is told by its time once it takes longer than that.
const SLOW: Duration = Duration::from_secs(2);

/// A run as far as it was heard of. Times are those since its beginning.
#[derive(Debug, Default)]
pub(super) struct RunLine {
    steps: Vec<ExpectedStep>,
    at_work: Option<MeasuredStep>,
    copied: MeasuredWork,
    read: MeasuredWork,
}

#[derive(Debug)]
struct MeasuredStep {
    number: usize,
    count: usize,
    is_undo: bool,
    title: String,
    since: Duration,
    /// What is worked on, where the step told of it, and how much there is.
    what: Option<String>,
    total: Option<u64>,
    bytes: u64,
}

/// What steps of one kind did, and how long they took.
#[derive(Debug, Clone, Copy, Default)]
struct MeasuredWork {
    bytes: u64,
    time: Duration,
}

/// How long a run still takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TimeLeft {
    known: Duration,
    /// Whether there is something beside of which nobody can know.
    or_more: bool,
}

impl RunLine {
    pub(super) fn of(steps: &[ExpectedStep]) -> Self {
        Self {
            steps: steps.to_vec(),
            ..Self::default()
        }
    }

    /// Work that is no step of a run.
    pub(super) fn of_work(what: &str, total: Option<u64>) -> Self {
        Self {
            steps: vec![total.map_or(ExpectedStep::Unknown, ExpectedStep::Copy)],
            at_work: Some(MeasuredStep {
                number: 1,
                count: 0,
                is_undo: false,
                title: called(what).to_owned(),
                since: Duration::ZERO,
                what: None,
                total,
                bytes: 0,
            }),
            ..Self::default()
        }
    }

    /// A step begins or ends.
    pub(super) fn step(&mut self, step: &StepProgress<'_>, at: Duration) {
        self.measure(at);
        self.at_work = step.state.begins().then(|| MeasuredStep {
            number: step.number,
            count: step.count,
            is_undo: step.state == StepMoment::UndoBegun,
            title: step.title.to_owned(),
            since: at,
            what: None,
            total: None,
            bytes: 0,
        });
    }

    /// Within a step work on `what` begins.
    pub(super) fn work(&mut self, what: &str, total: Option<u64>) {
        if let Some(step) = &mut self.at_work {
            step.what = Some(called(what).to_owned());
            step.total = total;
            step.bytes = 0;
        }
    }

    /// So many bytes of it are done.
    pub(super) fn done(&mut self, bytes: u64) {
        if let Some(step) = &mut self.at_work {
            step.bytes = bytes;
        }
    }

    /// Keeps what the step at work did, now that it is over.
    fn measure(&mut self, at: Duration) {
        let Some(step) = &self.at_work else { return };
        let (bytes, time) = (step.bytes, at.saturating_sub(step.since));
        let kind = match self.expected(step) {
            ExpectedStep::Copy(_) => &mut self.copied,
            ExpectedStep::Read(_) => &mut self.read,
            _ => return,
        };
        kind.bytes += bytes;
        kind.time += time;
    }

    fn expected(&self, step: &MeasuredStep) -> ExpectedStep {
        let expected = self.steps.get(step.number.wrapping_sub(1)).copied();
        expected.unwrap_or(ExpectedStep::Unknown)
    }

    /// The line at this time, at most so many columns wide.
    pub(super) fn text(&self, at: Duration, columns: usize) -> String {
        let Some(step) = &self.at_work else {
            return String::new();
        };
        let head = match step.count {
            0 => String::new(),
            count => format!("[{}/{count}] ", step.number),
        };
        let mut tail = self.tail(step, at);
        // As a narrow terminal has room for: the time left is what one looks for.
        let wanted = step.words();
        let room = |tail: &[String]| {
            let taken = head.width() + tail.iter().map(|part| part.width() + 2).sum::<usize>();
            columns.saturating_sub(taken)
        };
        let least = |tail: &[String]| if tail.len() > 1 { 28 } else { 12 };
        while room(&tail) < wanted.width().min(least(&tail)) && !tail.is_empty() {
            tail.remove(0);
        }
        let words = cut_front(&visible(&wanted, false), room(&tail));
        let parts: Vec<_> = std::iter::once(words).chain(tail).collect();
        cut_front(&format!("{head}{}", parts.join(", ")), columns)
    }

    /// What stands behind the words, the least important first.
    fn tail(&self, step: &MeasuredStep, at: Duration) -> Vec<String> {
        let passed = at.saturating_sub(step.since);
        let mut parts = Vec::new();
        if step.bytes > 0 {
            if passed >= LEAST_TIME {
                let rate = u128::from(step.bytes) * 1000 / passed.as_millis().max(1);
                let rate = u64::try_from(rate).unwrap_or(u64::MAX);
                parts.push(format!("{}/s", size::human(rate)));
            }
            parts.push(match step.total {
                Some(total) => size::of(step.bytes, total.max(step.bytes)),
                None => size::human(step.bytes),
            });
        } else if passed >= SLOW {
            parts.push(format!("for {}", size::round(passed)));
        }
        if !step.is_undo
            && let Some(left) = self.left(step, at)
        {
            let more = if left.or_more { " or more" } else { "" };
            parts.push(format!("{}{more} left", size::round(left.known)));
        }
        parts
    }

    /// How long the run still takes; nothing before a rate was measured that is needed for it.
    fn left(&self, step: &MeasuredStep, at: Duration) -> Option<TimeLeft> {
        let passed = at.saturating_sub(step.since);
        let mut left = TimeLeft {
            known: Duration::ZERO,
            or_more: false,
        };
        let begins_now = std::iter::once((self.expected(step), step.bytes, passed));
        let later = self.steps.iter().skip(step.number);
        let later = later.map(|expected| (*expected, 0, Duration::ZERO));
        for (expected, bytes, passed) in begins_now.chain(later) {
            match expected {
                ExpectedStep::Copy(all) | ExpectedStep::Read(all) => {
                    let todo = all.saturating_sub(bytes);
                    if todo > 0 {
                        left.known += self.rate(expected, step, at)?.time_for(todo);
                    }
                }
                ExpectedStep::Time(all) => left.known += all.saturating_sub(passed),
                ExpectedStep::Brief => {}
                ExpectedStep::Unknown => left.or_more = true,
            }
        }
        (left.known > Duration::ZERO).then_some(left)
    }

    /// What was measured of steps of this kind, the one at work among them; else of the other kind.
    fn rate(&self, kind: ExpectedStep, step: &MeasuredStep, at: Duration) -> Option<MeasuredWork> {
        let now = MeasuredWork {
            bytes: step.bytes,
            time: at.saturating_sub(step.since),
        };
        let (mut copied, mut read) = (self.copied, self.read);
        match self.expected(step) {
            ExpectedStep::Copy(_) => copied = copied.and(now),
            ExpectedStep::Read(_) => read = read.and(now),
            _ => {}
        }
        let (own, other) = match kind {
            ExpectedStep::Read(_) => (read, copied),
            _ => (copied, read),
        };
        [own, other].into_iter().find(|work| work.is_enough())
    }
}

impl MeasuredWork {
    fn and(self, other: Self) -> Self {
        Self {
            bytes: self.bytes + other.bytes,
            time: self.time + other.time,
        }
    }

    fn is_enough(self) -> bool {
        self.bytes >= LEAST_BYTES && self.time >= LEAST_TIME
    }

    fn time_for(self, bytes: u64) -> Duration {
        let milliseconds = self.time.as_millis() * u128::from(bytes) / u128::from(self.bytes);
        Duration::from_millis(u64::try_from(milliseconds).unwrap_or(u64::MAX))
    }
}

impl MeasuredStep {
    /// What is done to what: the step's title, or its verb with the name of what it works on now.
    fn words(&self) -> String {
        let undo = if self.is_undo { "undo: " } else { "" };
        match &self.what {
            // Both names of a copy are too long for a line.
            Some(what) if self.title.contains(" volume ") && !what.contains(' ') => {
                let verb = self.title.split(' ').next().unwrap_or_default();
                format!("{undo}{verb} {what}")
            }
            _ => format!("{undo}{}", self.title),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn begun(number: usize, title: &str) -> StepProgress<'_> {
        StepProgress {
            state: StepMoment::Begun,
            number,
            count: 15,
            title,
            phase: "before",
            bytes: None,
        }
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A run that copies 600 MiB and reads them, with 20 s after it, 10 s into its first step.
    fn copying() -> RunLine {
        let mut run = RunLine::of(&[
            ExpectedStep::Brief,
            ExpectedStep::Copy(400 * MIB),
            ExpectedStep::Copy(200 * MIB),
            ExpectedStep::Read(600 * MIB),
            ExpectedStep::Time(seconds(20)),
        ]);
        run.step(&begun(1, "stage releases/v2 from v2.tar.gz"), seconds(0));
        run.step(&begun(2, "copy volume v1_data to v2_data"), seconds(1));
        run.work("/var/lib/docker/volumes/v2_data/_data", Some(400 * MIB));
        run
    }

    #[test]
    fn the_time_left_is_that_of_all_steps_by_the_rate_measured() {
        let mut run = copying();
        // Nothing is measured yet.
        assert_eq!(run.text(seconds(1), 80), "[2/15] copy v2_data");
        run.done(100 * MIB);
        // 10 MiB/s: 500 MiB to copy, 600 MiB to read at the same rate as far as is known, and 20 s.
        let line = run.text(seconds(11), 80);
        assert_eq!(
            line,
            "[2/15] copy v2_data, 10.00 MiB/s, 100.00 of 400.00 MiB, 2 min 10 s left"
        );
        run.done(400 * MIB);
        run.step(&begun(3, "copy volume v1_logs to v2_logs"), seconds(41));
        run.work("/var/lib/docker/volumes/v2_logs/_data", Some(200 * MIB));
        let line = run.text(seconds(41), 80);
        assert_eq!(line, "[3/15] copy v2_logs, 1 min 40 s left");
        run.done(200 * MIB);
        // Reading is measured by itself once it is done.
        run.step(&begun(4, "verify volume v2_data"), seconds(61));
        run.work("volumes/v2_data", None);
        run.done(300 * MIB);
        let line = run.text(seconds(64), 80);
        assert_eq!(
            line,
            "[4/15] verify v2_data, 100.00 MiB/s, 300.00 MiB, 23 s left"
        );
        run.step(&begun(5, "start v2"), seconds(67));
        assert_eq!(
            run.text(seconds(72), 80),
            "[5/15] start v2, for 5 s, 15 s left"
        );
        assert_eq!(run.text(seconds(99), 80), "[5/15] start v2, for 32 s");
    }

    #[test]
    fn what_nobody_can_know_is_told_as_more() {
        let mut run = RunLine::of(&[ExpectedStep::Unknown, ExpectedStep::Time(seconds(8))]);
        run.step(&begun(1, "hook migrate in web"), seconds(0));
        assert_eq!(
            run.text(seconds(1), 80),
            "[1/15] hook migrate in web, 8 s or more left"
        );
        let mut run = RunLine::of(&[ExpectedStep::Unknown]);
        run.step(&begun(1, "hook migrate in web"), seconds(0));
        assert_eq!(
            run.text(seconds(60), 80),
            "[1/15] hook migrate in web, for 1 min 00 s"
        );
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_the_time_left_goes_last() {
        let long = "insight_v2_10_5_postgres_of_the_reports_data";
        let title = format!("copy volume old_{long} to {long}");
        let mut run = copying();
        run.step(&begun(2, &title), seconds(1));
        run.work(
            &format!("/var/lib/docker/volumes/{long}/_data"),
            Some(400 * MIB),
        );
        run.done(100 * MIB);
        for columns in 0..200 {
            let line = run.text(seconds(11), columns);
            assert!(line.width() <= columns, "{columns}: {line}");
        }
        let check = |columns, wanted: &str| assert_eq!(run.text(seconds(11), columns), wanted);
        check(
            76,
            "[2/15] ..postgres_of_the_reports_data, 100.00 of 400.00 MiB, 2 min 10 s left",
        );
        check(40, "[2/15] ..e_reports_data, 2 min 10 s left");
        check(
            200,
            "[2/15] copy insight_v2_10_5_postgres_of_the_reports_data, 10.00 MiB/s, 100.00 of 400.00 MiB, \
             2 min 10 s left",
        );
    }

    #[test]
    fn work_by_itself_has_no_number() {
        let mut work = RunLine::of_work("/srv/data/copied", Some(100 * MIB));
        work.done(20 * MIB);
        let line = work.text(seconds(2), 80);
        assert_eq!(line, "copied, 10.00 MiB/s, 20.00 of 100.00 MiB, 8 s left");
        let mut work = RunLine::of_work("reading the release", None);
        work.done(20 * MIB);
        let line = work.text(seconds(2), 80);
        assert_eq!(line, "reading the release, 10.00 MiB/s, 20.00 MiB");
    }

    #[test]
    fn going_back_says_so_and_promises_no_time() {
        let mut run = copying();
        run.done(100 * MIB);
        let undo = StepProgress {
            state: StepMoment::UndoBegun,
            ..begun(2, "copy volume v1_data to v2_data")
        };
        run.step(&undo, seconds(20));
        assert_eq!(
            run.text(seconds(21), 80),
            "[2/15] undo: copy volume v1_data to v2_data"
        );
        let undone = StepProgress {
            state: StepMoment::Undone,
            ..undo
        };
        run.step(&undone, seconds(22));
        assert_eq!(run.text(seconds(22), 80), "");
    }

    #[test]
    fn a_run_that_nothing_is_known_of_has_a_line_all_the_same() {
        let mut run = RunLine::default();
        assert_eq!(run.text(seconds(1), 80), "");
        run.work("reading the release", None);
        run.step(&begun(3, "switch current to v2"), seconds(1));
        assert_eq!(run.text(seconds(2), 80), "[3/15] switch current to v2");
    }
}
