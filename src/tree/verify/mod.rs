//! Looking at trees: what is there, as manifests, and what differs.

pub(crate) mod check;
pub(crate) mod collect;
pub(crate) mod contents;
pub(crate) mod exact;
pub(crate) mod scan;
pub(crate) mod verify;
