//! Compose projects in an engine: their containers, started, watched and stopped.

pub(crate) mod claimed;
pub(crate) mod compose;
pub(crate) mod config;
pub(crate) mod containers;
pub(crate) mod giving_way;
pub(crate) mod in_service;
pub(crate) mod inspected;
pub(crate) mod listening;
pub(crate) mod lone_container;
pub(crate) mod mounts;
pub(crate) mod no_route;
pub(crate) mod processes;
pub(crate) mod standing;
pub(crate) mod startup;
mod stop_signal;
pub(crate) mod stopping;
pub(crate) mod turnaround;
pub(crate) mod unseen_data;
pub(crate) mod unstarted;
