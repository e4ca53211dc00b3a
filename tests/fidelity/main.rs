//! Fidelity: a copy has everything that its source has.
//!
//! Trees with one of each kind of thing (`zoo`) are copied and compared attribute by
//! attribute by code that shares nothing with the copier (`look`), and by programs that have
//! been trusted for decades. What needs root says so and is skipped elsewhere, but not in CI.

#![expect(
    clippy::disallowed_methods,
    clippy::unnecessary_debug_formatting,
    clippy::unwrap_used,
    reason = "tests make their own files and ask other programs, and may fail anywhere"
)]

mod copies;
#[path = "../common/dead.rs"]
#[expect(dead_code, reason = "the tests here make such names only")]
mod dead;
mod equal;
mod filesystems;
mod hostile;
mod known_files;
mod large;
mod look;
mod naive;
#[path = "../common/need.rs"]
mod need;
mod pairs;
mod planted;
mod programs;
mod race;
mod random;
mod streams;
mod support;
mod updates;
mod verifies;
mod zoo;
