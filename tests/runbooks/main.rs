//! Whole runbooks on a real Docker engine with real databases, step for step as an
//! administrator would do them.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests set up their own world"
)]

#[path = "../common/mod.rs"]
mod common;

mod concurrent;
mod file_copy;
mod insight;
