//! Docker and the places where volumes live: with a real engine (see `tests/lab/up`), and
//! with one that fails, hangs, dies and lies.

#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]
#![expect(clippy::disallowed_methods, reason = "tests set up their own world")]
#![expect(
    clippy::unnecessary_debug_formatting,
    reason = "what is shared with the tests of copies says what it skips, and shows any path"
)]

mod compose_labels;
mod compose_program;
mod crash_points;
#[path = "../common/document.rs"]
mod document;
mod fake_docker;
mod faults;
mod folders;
mod held;
mod helper_faults;
mod image_archive;
#[path = "../common/install.rs"]
#[expect(dead_code, reason = "made for the tests of the program")]
mod install;
mod lab;
#[path = "../fidelity/look.rs"]
mod look;
mod moved_data;
mod named_files;
#[path = "../common/need.rs"]
mod need;
mod neighbours;
mod outage;
mod plan_script;
#[path = "../common/program.rs"]
mod program;
mod pruning;
mod quiesce;
mod reach;
mod real_engine;
mod rehearse;
mod remote;
mod replacing;
mod restarted;
mod runbooks_rehearsed;
mod shut_in;
mod side_by_side;
mod standing;
#[path = "../fidelity/support.rs"]
#[expect(dead_code, reason = "made for the tests of copies")]
mod support;
mod terms;
mod two_engines;
mod unknown_users;
mod unseen_data;
mod upgrade;
mod ways_to_fail;
mod written_meanwhile;
#[path = "../fidelity/zoo.rs"]
mod zoo;
