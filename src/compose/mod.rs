//! Compose files: read, edited and understood without disturbing another byte.
//!
//! Pure, text in and text out. Begin with [`Document::parse`] for one file: edit it with
//! [`set_images`] or [`prefix_volumes`], which give new bytes and say what they changed. Begin
//! with [`Model::load`] for a whole project: what its files come to, the same as `docker
//! compose config` would say; two of them can be asked for their [`conflicts()`].

mod binds;
mod canonical;
mod claims;
mod conflicts;
mod document;
mod edit;
mod error;
mod fix;
mod image;
mod image_rule;
mod interpolate;
mod load;
mod location;
mod merge;
mod model;
mod model_builder;
mod mount;
mod port;
mod prefix_names;
mod project;
mod reference;
mod service_edits;
mod set_images;
mod set_images_in;
mod settings;
mod site;
mod strict;
mod subnet;
mod syntax;
mod template;
mod top_level_name;
mod value;
mod variable;

pub(crate) use binds::is_data;
pub use binds::{SharedData, rebase_binds_in, shared_data};
pub use claims::{Claim, Claims, Holder, NetworkClaim, routes};
pub use conflicts::{Conflict, ConflictRule, conflicts, conflicts_made};
pub use document::Document;
pub use edit::{Change, Edited, Warning};
pub use error::Error;
pub use fix::{FixRule, Fixed, fix};
pub use image::{ImageUse, images};
pub use image_rule::ImageRule;
pub(crate) use interpolate::variables;
pub use interpolate::{InterpolateError, Lookup, interpolate};
pub use location::Location;
pub use model::{Bind, LoadOptions, Model, Network, Resource, Service, Volume};
pub use port::Port;
pub use prefix_names::{
    PrefixRule, name_volumes_like, prefix_networks, prefix_volumes, prefix_volumes_in,
};
pub use project::{discover, discover_with, is_compose_name, is_in, override_of, project_name};
pub use reference::Reference;
pub use service_edits::{offset_ports, offset_ports_with, suffix_container_names};
pub use set_images::{ImageOptions, set_images, set_images_with};
pub use set_images_in::set_images_in;
pub use settings::{Setting, SettingChange, Settings, settings_diff};
pub use variable::{VariableChange, set_variables};

pub(crate) use edit::{plain_or_quoted, rewrite};
pub(crate) use reference::spelled_out;
pub(crate) use strict::{Type, plain_type};
pub(crate) use syntax::{Kind, Node, NodeId, Style};
