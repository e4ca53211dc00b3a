//! A window of maintenance: when the old release may be stopped, in local time. `02:00-04:00` is every
//! night's, `2026-11-28T02:00/04:00` that night's alone.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::civil::{DateTime, Time};
use jiff::{Timestamp, ToSpan as _, Zoned};
use serde::{Deserialize, Serialize};

use crate::clock;

/// When it may begin, and when it has to be over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MaintenanceWindow {
    written: String,
    times: WindowTimes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WindowTimes {
    Daily { from: Time, to: Time },
    Once { from: DateTime, to: DateTime },
}

/// How a moment stands to a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowState {
    /// Within it.
    Open {
        /// When it ends.
        ends: Timestamp,
        /// The time until then.
        left: Duration,
    },
    /// Before it, or before the next one.
    Later {
        /// The time until it begins.
        until: Duration,
    },
    /// It won't come again.
    Over,
}

impl MaintenanceWindow {
    /// How `now` stands to it.
    pub fn at(&self, now: &Zoned) -> WindowState {
        let mut later = None;
        for (from, to) in self.around(now) {
            if from <= *now && *now < to {
                return WindowState::Open {
                    ends: to.timestamp(),
                    left: between(now, &to),
                };
            }
            if *now < from {
                later = later.or(Some(between(now, &from)));
            }
        }
        later.map_or(WindowState::Over, |until| WindowState::Later { until })
    }

    /// When it ends; now, where it isn't open.
    pub(super) fn end(&self) -> Timestamp {
        let now = clock::local_now();
        match self.at(&now) {
            WindowState::Open { ends, .. } => ends,
            _ => now.timestamp(),
        }
    }

    /// Its occurrences about a moment, in order.
    fn around(&self, now: &Zoned) -> Vec<(Zoned, Zoned)> {
        let zoned = |time: DateTime| time.to_zoned(now.time_zone().clone()).ok();
        let pair = |from, to| Some((zoned(from)?, zoned(to)?));
        match self.times {
            WindowTimes::Once { from, to } => pair(from, to).into_iter().collect(),
            WindowTimes::Daily { from, to } => {
                let days = [-1, 0, 1].into_iter().filter_map(|days| {
                    let day = now.date().checked_add(days.days()).ok()?;
                    let last = if to <= from {
                        day.tomorrow().ok()?
                    } else {
                        day
                    };
                    pair(day.to_datetime(from), last.to_datetime(to))
                });
                days.collect()
            }
        }
    }
}

fn between(from: &Zoned, to: &Zoned) -> Duration {
    Duration::try_from(to.timestamp().duration_since(from.timestamp())).unwrap_or_default()
}

impl fmt::Display for MaintenanceWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl FromStr for MaintenanceWindow {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        times(text)
            .map(|times| Self {
                written: text.to_owned(),
                times,
            })
            .ok_or_else(|| {
                "a window is `02:00-04:00`, or `2026-11-28T02:00/04:00` for one day".to_owned()
            })
    }
}

fn times(text: &str) -> Option<WindowTimes> {
    if let Some((from, to)) = text.split_once('/') {
        let from: DateTime = from.parse().ok()?;
        let to = if to.contains('T') {
            to.parse().ok()?
        } else {
            let to: Time = to.parse().ok()?;
            let day = match to <= from.time() {
                true => from.date().tomorrow().ok()?,
                false => from.date(),
            };
            day.to_datetime(to)
        };
        return (from < to).then_some(WindowTimes::Once { from, to });
    }
    let (from, to) = text.split_once('-')?;
    let (from, to): (Time, Time) = (from.parse().ok()?, to.parse().ok()?);
    (from != to).then_some(WindowTimes::Daily { from, to })
}

impl TryFrom<String> for MaintenanceWindow {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<MaintenanceWindow> for String {
    fn from(window: MaintenanceWindow) -> Self {
        window.written
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::{Offset, TimeZone};

    use super::*;

    /// How the window stands at a local time, in minutes: `open 30`, `in 90` or `over`.
    #[track_caller]
    fn check(window: &str, now: &str, expect: &str) {
        let window: MaintenanceWindow = window.parse().unwrap();
        let now: DateTime = now.parse().unwrap();
        let zone = TimeZone::fixed(Offset::constant(5));
        let found = match window.at(&now.to_zoned(zone).unwrap()) {
            WindowState::Open { left, .. } => format!("open {}", left.as_secs() / 60),
            WindowState::Later { until } => format!("in {}", until.as_secs() / 60),
            WindowState::Over => "over".to_owned(),
        };
        assert_eq!(found, expect, "{window} at {now}");
    }

    #[test]
    fn a_window_of_every_night_is_open_soon_or_later() {
        check("02:00-04:00", "2026-11-28T02:00", "open 120");
        check("02:00-04:00", "2026-11-28T03:30", "open 30");
        check("02:00-04:00", "2026-11-28T04:00", "in 1320");
        check("02:00-04:00", "2026-11-28T01:00", "in 60");
        check("23:00-01:00", "2026-11-28T23:30", "open 90");
        check("23:00-01:00", "2026-11-28T00:30", "open 30");
        check("23:00-01:00", "2026-11-28T01:00", "in 1320");
    }

    #[test]
    fn a_window_of_one_night_does_not_come_again() {
        check("2026-11-28T02:00/04:00", "2026-11-28T03:00", "open 60");
        check("2026-11-28T02:00/04:00", "2026-11-27T02:00", "in 1440");
        check("2026-11-28T02:00/04:00", "2026-11-28T04:00", "over");
        check("2026-11-28T23:00/01:00", "2026-11-29T00:30", "open 30");
        check(
            "2026-11-28T23:00/2026-11-30T01:00",
            "2026-11-29T01:00",
            "open 1440",
        );
    }

    #[test]
    fn what_is_no_window_is_refused() {
        for text in [
            "",
            "02:00",
            "2-4",
            "04:00-04:00",
            "2026-11-28T02:00/2026-11-27T04:00",
            "a/b",
        ] {
            assert!(text.parse::<MaintenanceWindow>().is_err(), "{text}");
        }
        let window: MaintenanceWindow = "02:00-04:00".parse().unwrap();
        assert_eq!(serde_json::to_string(&window).unwrap(), "\"02:00-04:00\"");
    }
}
