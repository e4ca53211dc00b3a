//! Which files are files of variables.

use std::path::Path;

/// Whether a file of this name holds nothing but variables: `.env`, `custom.env`, `.env.local`.
/// The file isn't looked at, and need not be there.
pub fn is_env_name(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name == ".env" || name.starts_with(".env.") || name.ends_with(".env")
}

/// The names under which vendors ship a `.env` to be copied: Compose reads none of them by itself.
pub(crate) const SAMPLE_NAMES: [&str; 12] = [
    ".env.example",
    ".env.sample",
    ".env.template",
    ".env.tmpl",
    ".env.dist",
    ".env.default",
    ".env.defaults",
    "env.example",
    "env.sample",
    "env.template",
    "example.env",
    "sample.env",
];

/// True for a sample: one of those, or `app.env.example` and the like.
pub fn is_env_sample(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut names = SAMPLE_NAMES.iter();
    names.any(|known| name == *known || (known.starts_with('.') && name.ends_with(known)))
}
