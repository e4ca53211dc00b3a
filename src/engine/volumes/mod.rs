//! Volumes, in folders and in engines, and what is in them.

pub(crate) mod backend;
pub(crate) mod contents;
pub(crate) mod copy;
pub(crate) mod copy_end;
pub(crate) mod copy_foretold;
pub(crate) mod docker;
pub(crate) mod docker_contents;
pub(crate) mod fake;
pub(crate) mod folders;
pub(crate) mod held;
pub(crate) mod helper_contents;
pub(crate) mod idle;
pub(crate) mod quiesce;
pub(crate) mod store;
pub(crate) mod user;
pub(crate) mod users;
pub(crate) mod volume;
