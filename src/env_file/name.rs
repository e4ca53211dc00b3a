//! Which files are files of variables.

use std::path::Path;

/// Whether a file of this name holds nothing but variables: `.env`, `custom.env`, `.env.local`.
/// The file isn't looked at, and need not be there.
pub fn is_env_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name == ".env" || name.starts_with(".env.") || name.ends_with(".env")
}
