//! Sizes and times for people.

use std::time::Duration;

use indicatif::BinaryBytes;
use jiff::Timestamp;

use crate::clock;

/// `1.50 GiB`.
pub(crate) fn human(bytes: u64) -> String {
    BinaryBytes(bytes).to_string()
}

/// `1 file`, `2 files`.
pub(crate) fn count(number: u64, one: &str) -> String {
    if number == 1 {
        format!("1 {one}")
    } else {
        format!("{number} {one}s")
    }
}

/// `12.3 s`, `4 min 05 s`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {:02} s", seconds / 60, seconds % 60)
    }
}

/// `2026-11-28 08:51:30`, in this machine's time zone.
pub(crate) fn clock_time(time: Timestamp) -> String {
    let zone = clock::local_now().time_zone().clone();
    time.to_zoned(zone)
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_times_are_short() {
        assert_eq!(human(1536), "1.50 KiB");
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(0, "file"), "0 files");
        assert_eq!(duration(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(duration(Duration::from_secs(245)), "4 min 05 s");
    }
}
