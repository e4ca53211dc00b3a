//! Names that only helpers have, by which the leftovers of killed runs are recognised.

use std::hash::{BuildHasher as _, RandomState};

use crate::clock;

/// What every name begins with, and the label that every container has.
pub(super) const NAME: &str = "transship-helper";

/// What is this old is removed, in seconds: an image that others may have been using until now,
/// and a container that a crash of the engine, or a lost connection, has left. A helper whose
/// run is over ends by itself.
const OLD: i64 = 24 * 60 * 60;

/// What is this young isn't removed by anybody before it has been used, in seconds.
const FRESH: i64 = OLD / 2;

/// A name for one run: the time in seconds since 1970, and 8 random hexadecimal digits.
pub(crate) fn run() -> String {
    let random = RandomState::new().hash_one(0) & 0xffff_ffff;
    format!("{}-{random:08x}", clock::now().as_second())
}

/// True for a [`run`] that is long over, and nothing else.
pub(super) fn is_old(run: &str) -> bool {
    age(run).is_some_and(|age| age > OLD)
}

/// True for a [`run`] of the last twelve hours.
pub(super) fn is_fresh(run: &str) -> bool {
    age(run).is_some_and(|age| (0..FRESH).contains(&age))
}

/// How long ago a [`run`] began, in seconds; nothing for what is no run.
fn age(run: &str) -> Option<i64> {
    let (time, random) = run.split_once('-')?;
    let hex = random.len() == 8 && random.bytes().all(|byte| byte.is_ascii_hexdigit());
    let time = time.parse::<i64>().ok().filter(|time| *time > 0);
    time.filter(|_| hex)
        .map(|time| clock::now().as_second() - time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_run_of_long_ago_is_old() {
        assert!(is_old("1700000000-0123abcd"));
        assert!(!is_old(&run()) && is_fresh(&run()));
        assert!(!is_fresh("1700000000-0123abcd") && !is_fresh("99999999999-0123abcd"));
        for other in [
            "",
            "1700000000",
            "x-0123abcd",
            "1700000000-0123abc",
            "-1-0123abcd",
        ] {
            assert!(!is_old(other) && !is_fresh(other), "{other}");
        }
        assert_ne!(run(), run());
    }
}
