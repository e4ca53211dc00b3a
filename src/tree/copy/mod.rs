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
mod fill_in_missing;
mod folder_pair;
mod leaf;
mod links;
mod new_folder;
mod options;
mod placing;
mod removal;
mod same;
mod shadow;
mod staged;
mod tally;
mod update;
mod updater;
mod way;
mod weight;

pub use fill::fill;
pub use options::{Copied, CopyOptions, Foretold, MAX_PROBLEMS, Removals, Updated};
pub use staged::{copy, foretell_copy};
pub use update::{check_update, foretell, update};
pub use weight::{check_removals, foretell_between};

pub(super) use attributes::{Attributes, InodeDefaults, apply, set_flags};
pub(super) use copier::{LARGE, Scratch};
pub(super) use file::OpenSource;
pub(super) use leaf::open_chain;
