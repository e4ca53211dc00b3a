//! Names that only helpers have, by which the leftovers of killed runs are recognised.

use std::hash::{BuildHasher as _, RandomState};

use crate::clock;

/// What every name begins with, and the label that every container has.
pub(super) const NAME: &str = "transship-helper";

/// What is this old and still there was left by a run that is over, in seconds. A helper whose
/// run is over ends by itself, and so do its image's uses: this is about what a crash of the
/// engine, or a lost connection, left.
const OLD: i64 = 24 * 60 * 60;

/// A name for one run: the time in seconds since 1970, and 8 random hexadecimal digits.
pub(super) fn run() -> String {
    let random = RandomState::new().hash_one(0) & 0xffff_ffff;
    format!("{}-{random:08x}", clock::now().as_second())
}

/// True for a [`run`] that is long over, and nothing else.
pub(super) fn is_old(run: &str) -> bool {
    let Some((time, random)) = run.split_once('-') else {
        return false;
    };
    let hex = random.len() == 8 && random.bytes().all(|byte| byte.is_ascii_hexdigit());
    let time = time.parse::<i64>().ok().filter(|time| *time > 0);
    hex && time.is_some_and(|time| clock::now().as_second() - time > OLD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_run_of_long_ago_is_old() {
        assert!(is_old("1700000000-0123abcd"));
        assert!(!is_old(&run()));
        for other in [
            "",
            "1700000000",
            "x-0123abcd",
            "1700000000-0123abc",
            "-1-0123abcd",
        ] {
            assert!(!is_old(other), "{other}");
        }
        assert_ne!(run(), run());
    }
}
