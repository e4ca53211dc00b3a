//! Compose files: read, edited and understood without disturbing another byte.
//!
//! Pure, text in and text out. Begin with [`Document::parse`] for one file: edit it with
//! [`set_images`] or [`prefix_volumes`], which give new bytes and say what they changed. Begin
//! with [`Model::load`] for a whole project: what its files come to, the same as `docker
//! compose config` would say; two of them can be asked for their [`conflicts()`].

mod change;
mod conflicts;
mod error;
mod file;
mod model;

pub use change::binds::{SharedData, rebase_binds_in, shared_data};
pub use change::fix::{FixRule, FixedFiles, ProjectFiles, fix};
pub use change::image_rule::ImageRule;
pub use change::prefix_names::{
    PrefixRule, name_volumes_like, prefix_networks, prefix_volumes, prefix_volumes_in,
};
pub use change::references::{StaleName, TextFile};
pub use change::release_edit::{ReleaseEdit, written_images};
pub use change::rename::{NamedThing, Rename};
pub use change::service_edits::{offset_ports, offset_ports_with, suffix_container_names};
pub use change::set_images::{ImageOptions, set_images, set_images_in, set_images_with};
pub use conflicts::claims::{Claim, Claimant, Claims, NetworkClaim, routes};
pub use conflicts::conflict::{Conflict, ConflictRule, conflicts, conflicts_made};
pub use conflicts::port_offset::{PortOffset, port_offset};
pub use conflicts::remaining::{remaining, unseen};
pub use error::Error;
pub use file::document::Document;
pub use file::edit::{Change, Edited, Warning};
pub use file::interpolate::{InterpolateError, Lookup, interpolate};
pub(crate) use file::interpolate::{unset, variables};
pub use file::location::Location;
pub use file::set_variables::set_variables;
pub use file::variable::VariableChange;
pub use model::fixed_address::{FixedEndpoint, SpokenAddress, addresses_in};
pub use model::found_project::{
    FoundProject, find_project, find_project_with, folders_with_projects, is_known_folder,
    is_project_file,
};
pub use model::image::{ImageUse, images};
pub use model::model::{Bind, LoadOptions, Model, Network, Service, VolumeDefinition};
pub use model::port::Port;
pub use model::project::{
    discover, discover_with, file_names, is_compose_name, is_in, is_override_name, override_of,
    project_name,
};
pub use model::reads::{HostRead, ReadKind};
pub use model::reference::Reference;
pub use model::resource::Resource;
pub use model::settings::{Setting, SettingChange, Settings, settings_diff};

pub(crate) use file::rewrite::{plain_or_quoted, rewrite};
pub(crate) use file::strict::{Type, plain_type};
pub(crate) use file::syntax::{Node, NodeId, NodeKind, Style};
pub(crate) use model::model::now_at;
pub(crate) use model::mount::{Device, is_data};
pub(crate) use model::reference::spelled_out;
