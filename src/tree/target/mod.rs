//! Where a tree is written: what is built beside its place, filled in place, or removed.

pub(crate) mod attribute_probe;
pub(crate) mod destination;
pub(crate) mod in_place;
pub(crate) mod remove;
pub(crate) mod sweep;
pub(crate) mod temporary_tree;
