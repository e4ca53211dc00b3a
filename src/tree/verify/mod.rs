//! Looking at trees: what is there, as manifests, and what differs.

pub(crate) mod checker;
pub(crate) mod collector;
pub(crate) mod content_check;
pub(crate) mod difference;
pub(crate) mod known_files;
mod scan_options;
pub(crate) mod scanner;
pub(crate) mod unseen;
pub(crate) mod verify;
