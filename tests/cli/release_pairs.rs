//! Pairs of releases made at random, with what administrators do to them: where `plan` passes, Compose
//! names after `apply` exactly the images and volumes that the plan named, every service finds the
//! data that it had at the same place, and nothing that only the administrator had is lost without
//! being told.
//!
//! A sample runs always; `TRANSSHIP_PAIRS=1000 cargo nextest run --test cli release_pairs` is more, and
//! `TRANSSHIP_PAIRS=251-500` are those of these seeds.

mod generated;
mod pair;

use std::panic;

use pair::Pair;

use crate::common::need;

/// The first and the last seed.
fn seeds() -> (u64, u64) {
    let asked = std::env::var("TRANSSHIP_PAIRS").unwrap_or_else(|_| "20".to_owned());
    match asked.split_once('-') {
        Some((first, last)) => (first.parse().unwrap(), last.parse().unwrap()),
        None => (1, asked.parse().unwrap()),
    }
}

#[test]
fn a_plan_that_passes_is_the_release_that_stands_there() {
    if !need::compose() {
        return;
    }
    let (first, last) = seeds();
    let (mut passed, mut failed) = (0, Vec::new());
    for seed in first..=last {
        // The other seeds are worth knowing of, too.
        match panic::catch_unwind(|| Pair::new(seed).check()) {
            Ok(true) => passed += 1,
            Ok(false) => {}
            Err(_) => failed.push(seed),
        }
        if seed % 50 == 0 {
            println!("to {seed}: {passed} plans passed, failed: {failed:?}");
        }
    }
    let count = last - first + 1;
    println!("{passed} of {count} plans passed");
    assert!(failed.is_empty(), "seeds that fail: {failed:?}");
    assert!(passed * 4 > count, "{passed} of {count}");
}
