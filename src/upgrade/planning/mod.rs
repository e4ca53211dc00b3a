//! From a request to a plan, without an effect.

pub mod changes;
pub mod config;
pub mod drift;
pub mod facts;
pub mod image_facts;
mod local_changes;
pub mod merging;
pub mod planner;
pub mod prepare;
pub mod releases;
mod warnings;
