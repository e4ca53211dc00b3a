//! From a request to a plan, without an effect.

pub mod compose_config;
pub mod config;
mod database_look;
pub mod decisions;
pub mod drift;
pub mod examination;
pub mod facts;
mod flow;
pub mod hops;
pub mod image_facts;
pub mod local_changes;
pub mod merging;
pub mod obstacle;
mod obstacle_words;
pub mod outside;
pub mod planner;
pub mod prepare;
pub mod release_changes;
pub mod release_files;
pub mod releases;
pub mod tag_edits;
mod unseen;
mod unseen_words;
mod view;
pub mod volume_pair;
mod warnings;
pub mod whose;
