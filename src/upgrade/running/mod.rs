//! From a plan to a report: the runner, its journal, and what it says.

pub mod confirmation;
pub mod discard_loss;
pub mod downtime;
mod downtime_facts;
mod expected_steps;
pub mod going_back;
pub mod journal;
pub mod maintenance_window;
mod measuring;
mod prober;
pub mod probing;
pub mod recorded_project;
pub mod release_use;
pub mod report;
mod run_course;
pub mod run_error;
pub mod run_terms;
pub mod runner;
mod second_sight;
mod undoing;
pub mod writes_since_copy;
