//! A tree as a stream of bytes, from one machine to another.
//!
//! [`send`] writes it, [`Receiving`] reads it into a directory. It carries all that a copy
//! keeps, and of every file its SHA-256, so that what arrives is proved on the way. What the
//! other side has already needn't be sent again ([`Receiving::have`]). `format` describes it.
//!
//! The receiver takes the stream for hostile: names are single components, folders are entered
//! and left rather than named by path, every length has a limit, and nothing is complete before
//! the end record has come.

mod already_there;
mod format;
mod receive;
mod send;
mod stream_record;

pub use receive::Receiving;
pub use send::send;
