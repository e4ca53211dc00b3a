//! Manifests: what is in a tree, path by path, as a value that can be kept and verified.
//!
//! A manifest is written in one of three formats, each readable by a program that every
//! Linux has: mtree (`mtree -f`, `bsdtar -tf`), sha256sum (`sha256sum -c`), JSON. Its order
//! and its bytes depend on nothing but the tree. Begin at [`Manifest`].

mod entry;
mod escape;
mod inode_flags;
mod json;
mod manifest;
mod mtree;
mod packed;
mod packed_record;
mod sums;
mod watched;

pub use entry::{EntryKind, ManifestEntry, Time, Xattr, path_order};
pub use inode_flags::InodeFlags;
pub use manifest::{Manifest, ManifestFormat};
pub(super) use packed::Packer;
