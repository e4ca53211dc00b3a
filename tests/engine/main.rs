//! Docker and the places where volumes live: with a real engine (see `tests/lab/up`), and
//! with one that fails, hangs, dies and lies.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![expect(clippy::disallowed_methods, reason = "tests set up their own world")]

mod compose_labels;
mod compose_program;
mod fake_docker;
mod faults;
mod folders;
mod image_archive;
mod lab;
#[path = "../common/need.rs"]
mod need;
mod quiesce;
mod real_engine;
