//! Files or dump: what may be done with a database's files when another image is to open them.
//!
//! Purely: values in, a [`FilesVerdict`] out. What is on disk comes from [`inspect`](super::inspect()), what an
//! image is from the engine or its tag, how an engine's versions follow each other from its recipe
//! ([`DatabaseRecipe`](super::DatabaseRecipe)).

mod files_verdict;
mod platform;

pub use files_verdict::{FilesVerdict, Opener, Opening};
pub use platform::{CLibrary, Platform};
