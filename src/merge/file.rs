//! Which merge a file gets.

use std::path::Path;

use super::answer::Answers;
use super::error::Error;
use super::outcome::{Inputs, Merged};
use super::{merge_compose, merge_env, merge_text, merge_whole};

/// How a file is merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// By key.
    Env,
    /// By what was changed in which service.
    Compose,
    /// By line.
    Text,
    /// Taken whole: it isn't text, or is a key or a certificate.
    Whole,
}

impl FileKind {
    /// The kind of a file of this name with these contents, all of which must be known.
    pub fn of<'a>(name: &Path, contents: impl IntoIterator<Item = &'a [u8]>) -> Self {
        if contents.into_iter().any(is_whole) {
            return Self::Whole;
        }
        let name = name.file_name().unwrap_or_default().to_string_lossy();
        if name == ".env" || name.starts_with(".env.") || name.ends_with(".env") {
            Self::Env
        } else if is_compose(&name) {
            Self::Compose
        } else {
            Self::Text
        }
    }
}

/// `docker-compose.yml`, `compose.override.yaml`, `docker-compose.prod.yml`.
fn is_compose(name: &str) -> bool {
    let stem = name
        .strip_suffix(".yml")
        .or_else(|| name.strip_suffix(".yaml"));
    stem.is_some_and(|stem| {
        let stem = stem.strip_prefix("docker-").unwrap_or(stem);
        stem == "compose" || stem.starts_with("compose.") || stem.starts_with("compose-")
    })
}

/// True for what has a NUL byte, as to git, and for PEM: keys and certificates.
fn is_whole(content: &[u8]) -> bool {
    const PEM: &[u8] = b"-----BEGIN ";
    let head = &content[..content.len().min(8000)];
    head.contains(&0) || head.windows(PEM.len()).any(|window| window == PEM)
}

/// Merges three versions of a file, by its name and contents. A side that changed no byte
/// gives the other, and two that are equal give themselves.
///
/// # Errors
/// [`Error`] if a `.env` or compose file can't be read as one.
pub fn merge_file(inputs: &Inputs<'_>, answers: &Answers) -> Result<Merged, Error> {
    let sides = [inputs.base, Some(inputs.mine), Some(inputs.theirs)];
    let contents = sides.into_iter().flatten().map(|input| input.bytes);
    let merged = match FileKind::of(inputs.name, contents) {
        FileKind::Env => merge_env(inputs, answers)?,
        FileKind::Compose => merge_compose(inputs, answers)?,
        FileKind::Text => merge_text(inputs, answers),
        FileKind::Whole => merge_whole(inputs, answers),
    };
    Ok(merged)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_follows_from_name_and_content() {
        for (name, content, kind) in [
            (".env", "A=1", FileKind::Env),
            ("x/.env.local", "A=1", FileKind::Env),
            ("custom.env", "", FileKind::Env),
            ("docker-compose.yml", "", FileKind::Compose),
            ("compose.override.yaml", "", FileKind::Compose),
            ("docker-compose.prod.yml", "", FileKind::Compose),
            ("recompose.yml", "", FileKind::Text),
            ("Caddyfile", "a", FileKind::Text),
            ("logo.txt", "a\0b", FileKind::Whole),
            ("site.crt", "-----BEGIN CERTIFICATE-----\n", FileKind::Whole),
            (".env", "A=\0", FileKind::Whole),
        ] {
            let found = FileKind::of(Path::new(name), [content.as_bytes()]);
            assert_eq!(found, kind, "{name}");
        }
    }
}
