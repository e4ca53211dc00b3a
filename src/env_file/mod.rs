//! `.env` files as Compose reads them: keys, values, where they stand, and an edit of one
//! value that leaves every other byte alone.
//!
//! Begin with [`EnvFile::parse`].

mod document;
mod error;
mod values;

pub use document::{Entry, EnvFile, Quote};
pub use error::Error;
