//! What an install looks like on disk and what a vendor ships.
//!
//! [`Install`] knows the layout: `releases/`, `current` and transship's own folder. A
//! [`Version`] is a release's name, safe to use as a path component. A [`VendorRelease`] is
//! what the vendor ships, a tarball or a folder, and [`Recipe`] is how the vendor or the
//! administrator wants an upgrade done.

mod adoption;
mod archive;
mod bad_releases;
mod database_rule;
mod error;
mod found;
pub mod hooks;
pub mod identity;
mod install;
mod install_error;
mod known_releases;
pub mod layout;
mod minimum_version;
mod moved_data;
mod path_rules;
mod recipe;
mod recipe_error;
mod recipe_origin;
pub mod shipped_files;
mod staging;
mod trust;
mod upgrade_path;
mod vendor_release;
mod version;
mod version_order;

pub use crate::fs::TrustError;
pub use adoption::{Adoption, ClaimedInstall, InstallClaim};
pub use archive::{Limits, Summary};
pub use bad_releases::{BAD_FORMAT, BadReleases};
pub use database_rule::{DatabaseCommands, DatabaseRule, UpgradePrograms};
pub use error::VendorReleaseError;
pub use hooks::{Check, CheckQuestion, HookCommand, Hooks, RecipeHook};
pub use identity::{FolderIdentity, Identity, IdentityError, Whereabouts};
pub use install::{Install, Release};
pub use install_error::InstallError;
pub(crate) use install_error::where_else;
pub use known_releases::KnownReleases;
pub use layout::ReleaseLayout;
pub use minimum_version::{MinimumVersion, VersionedPart, leading_number};
pub use moved_data::MovedData;
pub use path_rules::PathRules;
pub use recipe::{CarryMode, CarryRule, Recipe};
pub use recipe_error::RecipeError;
pub(crate) use shipped_files::metadata;
pub use shipped_files::{AsShipped, LargeFile, LargeFiles, ShippedFiles};
pub use staging::{EarlierAttempt, NewRelease, ReleasePlaces, StagedRelease, StagingError};
pub use upgrade_path::{Hop, HopReason, PathError, UpgradePath};
pub use vendor_release::{SmallFiles, VendorRelease, VendorReleaseKind};
pub use version::{BadVersion, Version};
