//! Copying a tree so that nothing is lost, and so that the target is complete or absent.
//!
//! The source is walked once, by several threads; what is met is made in a 0700 staging
//! folder beside the target, which nobody else can enter, so that a container with a hand in
//! the source, or in the target's old contents, can't redirect a write. When all is there
//! and on the medium, one rename gives it its name. Begin at [`copy`].

mod attributes;
mod build;
mod content;
mod copier;
mod direct;
mod file;
mod fill;
mod leaf;
mod links;
mod options;
mod overlay;
mod same;
mod tally;
mod update;
mod whole;

pub use fill::fill;
pub use options::{Copied, CopyOptions, MAX_PROBLEMS, Updated};
pub use update::update;
pub use whole::copy;

pub(super) use attributes::{Attributes, Fresh, apply, set_flags};
pub(super) use copier::{LARGE, Room, WINDOW};
pub(super) use file::Source;
pub(super) use leaf::open_place;
