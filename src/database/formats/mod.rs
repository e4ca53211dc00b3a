//! Formats that databases write: pure functions over bytes, which may be anyone's.

pub(crate) mod bolt;
pub(crate) mod bson;
pub(crate) mod crc32c;
pub(crate) mod fields;
pub(crate) mod rdb;
pub(crate) mod redo_log;
pub(crate) mod smile;
