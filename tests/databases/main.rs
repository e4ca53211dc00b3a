//! Database servers that run: whether two have the same, and what moves from one to another. The
//! servers are real ones in containers, which `tests/lab/up` makes the images of.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![expect(clippy::disallowed_methods, reason = "tests set up their own world")]

#[path = "../common/document.rs"]
mod document;
#[path = "../common/need.rs"]
mod need;
#[path = "../common/program.rs"]
mod program;

mod both_majors;
mod collation;
mod compare;
mod dumps;
mod folder_upgrades;
mod killed_moves;
mod majors;
mod moves;
mod server;
mod shop;
mod stream_upgrades;
mod streams;
mod upgrades;
