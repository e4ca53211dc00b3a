//! A helper container: work on volumes whose contents this process can't reach, done beside
//! them by transship itself.
//!
//! The engine gets an image that holds one file, the static transship ([`HelperError::NoProgram`]
//! says how to get it), by `docker import`: no registry is asked. For each piece of work a
//! container is run from it, with no network, a read-only root, the volumes in question and no
//! rights but those that a faithful copy needs; `protocol` is what is said. The container is
//! removed afterwards, and what a killed run left of it by a later one; the image stays for a
//! day, see `image`.
//!
//! What comes out of a container is bounded, parsed strictly, made printable before it is
//! shown, and never used as a path.

mod binary;
mod client;
mod door;
mod error;
mod image;
mod inside;
pub(super) mod labels;
mod lazy;
mod protocol;
mod reader;
mod session;
mod shut_network;
mod sink;
mod stream;

pub use error::HelperError;
pub use inside::serve;
pub use shut_network::{NO_ADDRESS, ShutNetworks};
pub use sink::{SinkContainer, SinkImage};

pub(super) use client::{Helper, HelperMount};
pub(super) use lazy::LazyHelper;
pub(super) use protocol::{HelperAnswer, HelperWork, WireProblem};
