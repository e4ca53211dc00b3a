//! Walking a tree: from held descriptors, one name at a time, following no symlink.

pub(crate) mod beneath;
pub(crate) mod cold_files;
pub(crate) mod dir_chain;
pub(crate) mod escaped;
pub(crate) mod exclude;
pub(crate) mod fence;
pub(crate) mod file_ages;
mod glob;
pub(crate) mod jobs;
pub(crate) mod pace;
pub(crate) mod stat;
pub(crate) mod survey;
pub(crate) mod walk;
