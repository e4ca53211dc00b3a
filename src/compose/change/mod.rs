//! Edits of compose files by what is meant: new tags, unique names, folders by another path.

pub(crate) mod binds;
pub(crate) mod fix;
pub(crate) mod image_rule;
pub(crate) mod name_use;
pub(crate) mod prefix_names;
pub(crate) mod references;
pub(crate) mod release_edit;
pub(crate) mod rename;
pub(crate) mod service_edits;
pub(crate) mod set_images;
mod taken_names;
pub(crate) mod top_level_name;
