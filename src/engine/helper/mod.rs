//! A helper container: work on volumes whose contents this process can't reach, done beside
//! them by transship itself.
//!
//! The engine gets an image that holds one file, the static transship ([`HelperError::NoProgram`]
//! says how to get it), by `docker import`: no registry is asked. For each piece of work a
//! container is run from it, with no network, a read-only root, the volumes in question and no
//! rights but those that a faithful copy needs; `protocol` is what is said. Container and image
//! are removed afterwards, and what a killed run left is removed by the next.
//!
//! What comes out of a container is bounded, parsed strictly, made printable before it is
//! shown, and never used as a path.

mod binary;
mod client;
mod error;
mod inside;
mod lines;
mod names;
mod protocol;
mod stream;

pub use error::HelperError;
pub use inside::serve;

pub(super) use client::{Helper, Mounted};
pub(super) use protocol::{Answer, Trouble, Work};
