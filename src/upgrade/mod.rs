//! An upgrade from one release to the next: `request -> facts -> plan -> run -> report`.
//!
//! A [`Request`] is what the administrator asked for. [`Sides`] reads both releases,
//! [`Outline`] decides, purely, what the upgrade touches, [`Facts`] is what was observed
//! of it, and [`plan`](planner::plan) turns all three into a [`Plan`] with no effect of
//! its own. The [`Runner`] alone has effects: it runs a plan's steps under a [`Journal`],
//! goes on with an interrupted run, or rolls one back.
//!
//! Begin with [`planner`] for what is decided and with [`runner`] for what is done.

pub mod commands;
pub mod config;
pub mod drift;
pub mod facts;
pub mod image_facts;
pub mod journal;
pub mod left_behind;
pub mod merging;
pub mod outline;
mod own;
pub mod plan;
pub mod planner;
pub mod prepare;
pub mod report;
pub mod request;
pub mod runner;
pub mod sealed;
mod series;
pub mod sides;
pub mod step;
mod warnings;

pub use facts::Facts;
pub use journal::Journal;
pub use outline::Outline;
pub use plan::Plan;
pub use report::Report;
pub use request::{Place, Request};
pub use runner::Runner;
pub use sides::Sides;
pub use step::Step;
