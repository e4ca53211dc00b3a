//! The program from outside: exit codes, what it prints, and what it leaves on disk.

#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "tests set up their own world"
)]

#[path = "../common/mod.rs"]
mod common;

mod ansible;
mod as_it_will_be;
mod bad_input;
mod completion;
mod conflicts;
mod consent;
mod data_that_moves;
mod database_routes;
mod diff;
mod docker;
mod doctor;
mod documents;
mod edits;
mod exit_codes;
mod generated;
mod identity;
mod install_place;
mod installs_as_they_are;
mod interface;
mod json;
mod last_copy;
mod limits;
mod log;
mod meant_images;
mod merge;
mod merged_upgrade;
mod nested;
mod new_release;
mod old_release;
mod on_a_terminal;
mod path;
mod plan_script;
mod planned_with;
mod postgres;
mod prune;
mod read_as_one;
mod refusals;
mod rehearse;
mod release_pairs;
mod renamed_variables;
mod side_by_side;
mod story;
mod sub_folder;
mod symlinked_files;
mod toolkit;
mod tree_cases;
mod trees;
mod what_compose_reads;
mod whose_files;
