//! Sizes and times for people.

use std::time::Duration;

use jiff::Timestamp;

use crate::clock;

const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];

/// The number before the unit.
#[expect(clippy::cast_precision_loss, reason = "two decimals are shown of it")]
fn in_unit(bytes: u64, power: usize) -> String {
    let decimals = if power == 0 { 0 } else { 2 };
    format!(
        "{:.decimals$}",
        bytes as f64 / (1_u64 << (10 * power)) as f64
    )
}

/// `1.50 GiB`.
pub(crate) fn human(bytes: u64) -> String {
    let power = UNITS.len() - 1;
    let power = (0..power)
        .find(|power| bytes >> (10 * (power + 1)) == 0)
        .unwrap_or(power);
    in_unit(bytes, power) + " " + UNITS[power]
}

/// `100.00 of 400.00 MiB`: in the unit of the whole.
pub(crate) fn of(part: u64, whole: u64) -> String {
    let whole = human(whole);
    let unit = whole.split(' ').next_back();
    let power = UNITS.iter().position(|one| unit == Some(*one));
    format!("{} of {whole}", in_unit(part, power.unwrap_or(0)))
}

/// A column of sizes, all in the unit of the largest and with their ends below each other.
pub(crate) fn column(sizes: &[Option<u64>]) -> Vec<String> {
    let largest = human(sizes.iter().flatten().copied().max().unwrap_or(0));
    let unit = largest.split(' ').next_back().unwrap_or_default();
    let power = UNITS.iter().position(|one| *one == unit).unwrap_or(0);
    let cell = |bytes: &Option<u64>| {
        let number = in_unit((*bytes)?, power);
        let number = match *bytes {
            Some(1..) if number == "0.00" => "<0.01".to_owned(),
            _ => number,
        };
        Some(format!("{number} {unit}"))
    };
    let cells: Vec<_> = sizes
        .iter()
        .map(cell)
        .map(Option::unwrap_or_default)
        .collect();
    let width = cells.iter().map(String::len).max().unwrap_or(0);
    cells
        .into_iter()
        .map(|cell| format!("{cell:>width$}"))
        .collect()
}

/// `12 s`, `4 min 05 s`, `2 h 10 min`: a time that is known only about so.
pub(crate) fn round(time: Duration) -> String {
    let seconds = time.as_millis().div_ceil(1000);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
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
        assert_eq!(human(0), "0 B");
        assert_eq!(human(1023), "1023 B");
        assert_eq!(human(1536), "1.50 KiB");
        assert_eq!(human(1 << 20), "1.00 MiB");
        assert_eq!(human(u64::MAX), "16.00 EiB");
        assert_eq!(count(1, "file"), "1 file");
        assert_eq!(count(0, "file"), "0 files");
        assert_eq!(duration(Duration::from_millis(12_340)), "12.3 s");
        assert_eq!(duration(Duration::from_secs(245)), "4 min 05 s");
        assert_eq!(of(104_857_600, 1_610_612_736), "0.10 of 1.50 GiB");
        assert_eq!(of(7, 512), "7 of 512 B");
        let sizes = [Some(3 << 29), None, Some(10), Some(200 << 20), Some(0)];
        let wanted = ["1.50 GiB", "", "<0.01 GiB", "0.20 GiB", "0.00 GiB"];
        let found = column(&sizes);
        assert_eq!(
            found.iter().map(|cell| cell.trim()).collect::<Vec<_>>(),
            wanted
        );
        assert!(found.iter().all(|cell| cell.len() == "<0.01 GiB".len()));
        assert_eq!(column(&[Some(7), Some(1023)]), ["   7 B", "1023 B"]);
        assert_eq!(round(Duration::from_millis(11_200)), "12 s");
        assert_eq!(round(Duration::from_secs(130)), "2 min 10 s");
        assert_eq!(round(Duration::from_mins(130)), "2 h 10 min");
    }
}
