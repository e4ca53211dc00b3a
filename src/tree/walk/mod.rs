//! Walking a tree: from held descriptors, one name at a time, following no symlink.

pub(crate) mod beneath;
pub(crate) mod exclude;
pub(crate) mod jobs;
pub(crate) mod name;
pub(crate) mod stat;
pub(crate) mod survey;
pub(crate) mod walk;
