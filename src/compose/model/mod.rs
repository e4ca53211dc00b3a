//! What the files of a project come to: read, laid over each other, and resolved.

pub(crate) mod builder;
pub(crate) mod canonical;
mod container_values;
mod dockerfile;
pub(crate) mod fixed_address;
pub(crate) mod found_project;
pub(crate) mod image;
pub(crate) mod layers;
pub(crate) mod load;
pub(crate) mod model;
pub(crate) mod mount;
pub(crate) mod port;
pub(crate) mod project;
pub(crate) mod reads;
pub(crate) mod reference;
pub(crate) mod resource;
pub(crate) mod settings;
mod templates;
pub(crate) mod value;
