//! Which merge a file gets.

use std::ffi::OsStr;
use std::path::Path;

use super::answer::Answers;
use super::error::Error;
use super::outcome::{Inputs, Merged};
use super::{merge_compose, merge_env, merge_text, merge_whole};
use crate::compose::Document;
use crate::env_file::is_env_name;

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
        let contents: Vec<&[u8]> = contents.into_iter().collect();
        if contents.iter().any(|content| is_binary(content)) {
            return Self::Whole;
        }
        let file_name = name.file_name().unwrap_or_default().to_string_lossy();
        if is_env_name(name) {
            // It may well hold a key.
            Self::Env
        } else if is_compose(&file_name) || are_compose(name, &contents) {
            Self::Compose
        } else if contents.iter().any(|content| is_pem(content)) {
            Self::Whole
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

/// True for compose files of another name, as `COMPOSE_FILE` may list them: `prod.yml`.
fn are_compose(name: &Path, contents: &[&[u8]]) -> bool {
    let is_yaml = matches!(name.extension(), Some(end) if end == "yml" || end == "yaml");
    let is_compose = |content: &&[u8]| {
        Document::parse(name, content).is_ok_and(|document| document.has_services())
    };
    is_yaml && !contents.is_empty() && contents.iter().all(is_compose)
}

/// True for what has a NUL byte near its beginning, as to git.
fn is_binary(content: &[u8]) -> bool {
    content[..content.len().min(8000)].contains(&0)
}

/// True for keys and certificates: a line begins with their mark.
fn is_pem(content: &[u8]) -> bool {
    let mut lines = content[..content.len().min(8000)].split(|byte| *byte == b'\n');
    lines.any(|line| line.starts_with(b"-----BEGIN "))
}

/// Merges three versions of a file, by its name and contents. A side that changed no byte
/// gives the other, and two that are equal give themselves. What only looks like a `.env`
/// file by its name, as a script does, is merged by line.
///
/// # Errors
/// [`Error`] if a `.env` or compose file can't be read as one.
pub fn merge_file(inputs: &Inputs<'_>, answers: &Answers) -> Result<Merged, Error> {
    let sides = [inputs.base, Some(inputs.mine), Some(inputs.theirs)];
    let contents = sides.into_iter().flatten().map(|input| input.bytes);
    let merged = match FileKind::of(inputs.name, contents) {
        FileKind::Env => match merge_env(inputs, answers) {
            Err(Error::Env(_)) if inputs.name.file_name() != Some(OsStr::new(".env")) => {
                merge_text(inputs, answers)
            }
            merged => merged?,
        },
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
            (".env", "K='\n-----BEGIN KEY-----\n'", FileKind::Env),
            ("app.conf", "# not -----BEGIN KEY", FileKind::Text),
            ("prod.yml", "services: {web: {}}\n", FileKind::Compose),
            ("tasks.yml", "- services: x\n", FileKind::Text),
        ] {
            let found = FileKind::of(Path::new(name), [content.as_bytes()]);
            assert_eq!(found, kind, "{name}");
        }
    }
}
