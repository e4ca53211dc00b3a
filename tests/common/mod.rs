//! What several test crates share.

#![allow(dead_code, reason = "a test crate may do with a part of it")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

pub(crate) mod dead;
pub(crate) mod document;
pub(crate) mod install;
pub(crate) mod need;
pub(crate) mod program;
