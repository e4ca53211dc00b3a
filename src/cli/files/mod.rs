//! The files that commands name: compose files, `.env`, edits of both, and volumes.

pub(crate) mod compose_files;
pub(crate) mod edits;
pub(crate) mod env_edits;
pub(crate) mod volumes;
