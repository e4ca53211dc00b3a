//! The rules, a file each. `table.rs` lists them.

mod clock;
mod compose_version;
mod database_extension;
mod database_files;
mod database_folder;
mod database_outside;
mod database_unclean;
mod database_version;
pub(super) mod doctor_rule;
mod engine_version;
mod fixed_name;
mod image_missing;
mod inodes;
mod latest_tag;
mod name_taken;
mod port_taken;
mod project_name;
mod project_taken;
mod restart_policy;
mod same_release;
#[cfg(test)]
mod scene;
pub(super) mod secret_in_file;
mod secret_readable;
mod space;
pub(super) mod table;
mod unhealthy;
mod unread_variable;
mod usage_unknown;
mod volume_in_use;
