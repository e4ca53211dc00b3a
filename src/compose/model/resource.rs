//! What Compose gives to containers as a file.

use std::path::PathBuf;

/// A config or a secret.
#[derive(Debug, Clone)]
pub struct Resource {
    /// The name that Docker knows it by.
    pub name: String,
    /// True if Compose doesn't make it.
    pub external: bool,
    /// The file that holds it, absolute.
    pub file: Option<PathBuf>,
}
