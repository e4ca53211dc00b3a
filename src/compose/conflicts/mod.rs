//! What projects claim of an engine, and what collides when they run side by side.

pub(crate) mod claims;
pub(crate) mod conflict;
pub(crate) mod port_offset;
pub(crate) mod remaining;
pub(crate) mod subnet;
