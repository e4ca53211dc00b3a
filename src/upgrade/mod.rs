//! An upgrade from one release to the next: `request -> facts -> plan -> run -> report`.
//!
//! A [`Request`] is what the administrator asked for. [`Releases`] reads both releases,
//! [`Decisions`] decides, purely, what the upgrade touches, [`Facts`] is what was observed
//! of it, and [`plan`](planning::planner::plan) turns all three into a [`Plan`] with no effect of
//! its own. The [`Runner`] alone has effects: it runs a plan's steps under a [`Journal`],
//! goes on with an interrupted run, or rolls one back.
//!
//! Begin with [`planning`] for what is decided and with [`running`] for what is done.

pub use crate::document;
mod confine;
pub mod data_places;
pub mod downtime_estimate;
mod expected_changes;
pub mod known_copy;
pub mod made_volume;
pub mod plan;
pub mod plan_script;
pub mod planning;
pub mod projects;
pub mod prune;
pub mod prune_error;
pub mod request;
pub mod run_log;
pub(crate) mod run_secrets;
pub mod running;
pub mod service_path;
pub mod shared_with_old;
pub mod standing_record;
pub mod step;

pub use plan::Plan;
pub use plan_script::PlanScript;
pub use planning::decisions::Decisions;
pub use planning::facts::Facts;
pub use planning::releases::Releases;
pub use request::Request;
pub use running::journal::Journal;
pub use running::report::Report;
pub use running::runner::Runner;
pub use step::Step;
