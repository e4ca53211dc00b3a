//! What an install looks like on disk and what a vendor ships.
//!
//! [`Install`] knows the layout: `releases/`, `current` and transship's own folder. A
//! [`Version`] is a release's name, safe to use as a path component. A [`Shipment`] is
//! what the vendor ships, a tarball or a folder, and [`Recipe`] is how the vendor or the
//! administrator wants an upgrade done.

mod archive;
mod install;
mod recipe;
mod shipment;
mod version;

pub use archive::Limits;
pub use install::{Install, InstallError, Release};
pub use recipe::{Carry, How, Recipe, RecipeError};
pub use shipment::{Peek, Shipment, ShipmentError, ShipmentKind, Summary};
pub use version::{BadVersion, Version};
