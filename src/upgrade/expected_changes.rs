//! How much of a volume will have been changed between the copy that is made while it is in use and the
//! moment at which nobody writes it any more: what the window has to read.
//!
//! Pure. A file was changed for the last time as long ago as, looked at the other way round, it will be
//! until it is changed for the next time: so what was changed within the last minute is as much as will
//! be within the next. A database writes to its files what it has changed only every five minutes, and
//! when it is stopped; so what it wrote within these it will write again then. What was made within
//! these, and is quiet, was loaded or copied: that doesn't come again.

use std::time::Duration;

use crate::tree::FileAge;

/// How long a database may wait with writing: Postgres and others do so every five minutes.
const LATELY: Duration = Duration::from_mins(5);
/// The least that is looked back: what writes now and then isn't to be missed.
const NOW: Duration = Duration::from_secs(30);

/// The bytes that will have been changed, as they are added up.
#[derive(Debug, Clone, Copy)]
pub(in crate::upgrade) struct ExpectedChanges {
    now: i64,
    /// Between the warm copy and the stop, in seconds.
    gap: i64,
    bytes: u64,
}

impl ExpectedChanges {
    /// Begins, at `now` (seconds since 1970), for a stop that comes `gap` after the copy.
    pub(in crate::upgrade) fn within(gap: Duration, now: i64) -> Self {
        let gap = gap.max(NOW).as_secs();
        Self {
            now,
            gap: i64::try_from(gap).unwrap_or(i64::MAX),
            bytes: 0,
        }
    }

    /// Takes a file of the volume.
    pub(in crate::upgrade) fn take(&mut self, file: FileAge) {
        if self.will_change(file) {
            self.bytes = self.bytes.saturating_add(file.size);
        }
    }

    fn will_change(&self, file: FileAge) -> bool {
        let lately = LATELY.as_secs().cast_signed();
        let age = |time: i64| self.now.saturating_sub(time);
        let is_new = file.born.is_some_and(|born| age(born) <= lately);
        age(file.changed) <= self.gap || (age(file.changed) <= lately && !is_new)
    }

    /// What it comes to.
    pub(in crate::upgrade) const fn bytes(self) -> u64 {
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of files `(size, seconds since it was changed, since it was made)` that will change.
    #[track_caller]
    fn check(gap: u64, files: &[(u64, i64, Option<i64>)], expect: u64) {
        let now = 1_800_000_000;
        let mut changes = ExpectedChanges::within(Duration::from_secs(gap), now);
        for (size, changed, born) in files {
            changes.take(FileAge {
                size: *size,
                changed: now - changed,
                born: born.map(|born| now - born),
            });
        }
        assert_eq!(changes.bytes(), expect, "{gap} s: {files:?}");
    }

    #[test]
    fn what_was_changed_within_such_a_time_will_be_again() {
        check(10, &[(1, 0, None), (2, 29, None), (4, 400, None)], 3);
        check(400, &[(1, 0, None), (2, 29, None), (4, 400, None)], 7);
        check(400, &[(1, 401, Some(500)), (2, 10_000, None)], 0);
    }

    #[test]
    fn a_database_writes_again_what_it_wrote_within_five_minutes() {
        let day = Some(86_400);
        check(10, &[(1, 40, day), (2, 299, day), (4, 301, day)], 3);
        // Of a filesystem that doesn't tell when a file was made.
        check(10, &[(1, 40, None), (2, 299, None)], 3);
    }

    #[test]
    fn what_was_loaded_or_copied_a_minute_ago_is_not_expected_to_change_again() {
        check(10, &[(1 << 30, 60, Some(70)), (1, 5, Some(70))], 1);
        check(120, &[(1 << 30, 60, Some(70))], 1 << 30);
        // As long as it is being loaded it is.
        check(10, &[(1 << 30, 2, Some(200))], 1 << 30);
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_file_quiet() {
        check(10, &[(7, -3_600, Some(-3_600))], 7);
    }
}
