//! `.env` files as Compose reads them: keys, values, where they stand, and edits of
//! values that leave every other byte alone.
//!
//! Begin with [`EnvFile::parse`].

mod changes;
mod document;
mod edits;
mod error;
mod name;
mod resolved;
mod values;

pub use changes::{EnvChange, env_changes};
pub use document::{EnvEntry, EnvFile, Quote};
pub(crate) use edits::EnvEdit;
pub use error::Error;
pub(crate) use name::SAMPLE_NAMES;
pub use name::{is_env_name, is_env_sample};
pub use resolved::Values;
