//! The envelope of every document that transship keeps for itself: a format's name, its
//! version, and a SHA-256 over the exact bytes of the body.
//!
//! ```json
//! {"format": "transship-plan", "version": 1, "sha256": "...", "body": {...}}
//! ```
//!
//! A damaged document is refused, never read up to the damage: a journal cut short is a
//! wrong journal. A document of a newer version is refused by name, so that an older
//! transship never acts on half an understanding.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::error::{Explain, Kind};
use crate::fs::{Disk, WriteError};
use crate::tree::Digest;

/// A kind of document: its name and the version that this transship writes and reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// The name, such as `transship-plan`.
    pub name: &'static str,
    /// The version, counted from 1.
    pub version: u32,
}

/// Why a document can't be used.
#[derive(Debug, Error)]
pub enum SealedError {
    /// It can't be read.
    #[error("can't read `{}`", path.display())]
    Io {
        /// The document's file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It isn't what was written.
    #[error("`{}` is damaged or was edited: {what}", path.display())]
    Damaged {
        /// The document's file.
        path: PathBuf,
        /// What doesn't fit.
        what: String,
    },
    /// It is of another kind.
    #[error("`{}` is a `{found}`, not a `{wanted}`", path.display())]
    OtherFormat {
        /// The document's file.
        path: PathBuf,
        /// What it says it is.
        found: String,
        /// What was asked for.
        wanted: &'static str,
    },
    /// It is of a version that this transship doesn't know.
    #[error("`{}` is of version {found}, and this transship knows version {known}", path.display())]
    OtherVersion {
        /// The document's file.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The version that can be read.
        known: u32,
    },
}

impl Explain for SealedError {
    fn kind(&self) -> Kind {
        match self {
            Self::Write(error) => error.kind(),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Kind::Refused
            }
            _ => Kind::Usage,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Write(error) => error.hints(),
            Self::Damaged { .. } => {
                vec!["it is not acted upon; restore it from a backup, or move it away".into()]
            }
            Self::OtherVersion { found, known, .. } if found > known => {
                vec!["use the transship that wrote it, or a newer one".into()]
            }
            _ => Vec::new(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Envelope<'a> {
    format: String,
    version: u32,
    sha256: String,
    #[serde(borrow)]
    body: &'a RawValue,
}

/// The document's text for `body`.
pub fn seal<T: Serialize>(format: Format, body: &T) -> serde_json::Result<String> {
    let body = RawValue::from_string(serde_json::to_string_pretty(body)?)?;
    let envelope = Envelope {
        format: format.name.to_owned(),
        version: format.version,
        sha256: Digest::of(body.get().as_bytes()).to_string(),
        body: &body,
    };
    Ok(serde_json::to_string_pretty(&envelope)? + "\n")
}

/// The body of a document's text; `path` is for messages.
pub fn unseal<T: DeserializeOwned>(
    format: Format,
    path: &Path,
    text: &str,
) -> Result<T, SealedError> {
    let damaged = |what: String| SealedError::Damaged {
        path: path.into(),
        what,
    };
    // Serde's own messages would quote values, which may be secrets of a damaged file.
    let place = |error: serde_json::Error| {
        damaged(format!("line {}, column {}", error.line(), error.column()))
    };
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(place)?;
    if envelope.format != format.name {
        return Err(SealedError::OtherFormat {
            path: path.into(),
            found: envelope.format.chars().take(40).collect(),
            wanted: format.name,
        });
    }
    if envelope.version != format.version {
        let (found, known) = (envelope.version, format.version);
        return Err(SealedError::OtherVersion {
            path: path.into(),
            found,
            known,
        });
    }
    if envelope.sha256 != Digest::of(envelope.body.get().as_bytes()).to_string() {
        return Err(damaged("its checksum doesn't fit".into()));
    }
    serde_json::from_str(envelope.body.get()).map_err(place)
}

/// Writes the document, atomically and durably, with mode 0600.
pub fn save<T: Serialize>(
    disk: &Disk,
    format: Format,
    path: &Path,
    body: &T,
) -> Result<(), SealedError> {
    let text = seal(format, body).map_err(|error| SealedError::Damaged {
        path: path.into(),
        what: error.to_string(),
    })?;
    Ok(disk.save(path, text.as_bytes())?)
}

/// Reads the document.
pub fn load<T: DeserializeOwned>(format: Format, path: &Path) -> Result<T, SealedError> {
    let bytes = fs::read(path).map_err(|source| SealedError::Io {
        path: path.into(),
        source,
    })?;
    let text = String::from_utf8(bytes).map_err(|_| SealedError::Damaged {
        path: path.into(),
        what: "it is not UTF-8".into(),
    })?;
    unseal(format, path, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: Format = Format {
        name: "transship-test",
        version: 1,
    };

    fn read(text: &str) -> Result<Vec<String>, SealedError> {
        unseal(FORMAT, Path::new("test.json"), text)
    }

    #[test]
    fn a_document_comes_back_as_it_was_saved() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("test.json");
        let body = vec!["a".to_owned(), "ü\u{0}".to_owned()];
        save(&Disk::new(), FORMAT, &path, &body).unwrap();
        assert_eq!(load::<Vec<String>>(FORMAT, &path).unwrap(), body);
    }

    #[test]
    fn damage_at_any_byte_is_refused_or_means_the_same() {
        let body = vec!["alpha".to_owned(), "beta".to_owned()];
        let text = seal(FORMAT, &body).unwrap();
        for at in 0..text.len() {
            for damage in [b' ', b'x', b'0', b'"'] {
                let mut bytes = text.clone().into_bytes();
                bytes[at] = damage;
                let read = String::from_utf8(bytes).map(|text| read(&text));
                assert!(
                    matches!(&read, Ok(Ok(found)) if *found == body) || !matches!(read, Ok(Ok(_))),
                    "byte {at}"
                );
            }
            assert!(
                read(&text[..at]).is_err() || text[at..].trim().is_empty(),
                "cut at {at}"
            );
        }
    }

    #[test]
    fn another_format_or_version_is_refused_by_name() {
        let text = seal(
            Format {
                version: 2,
                ..FORMAT
            },
            &["x"],
        )
        .unwrap();
        assert!(matches!(
            read(&text),
            Err(SealedError::OtherVersion {
                found: 2,
                known: 1,
                ..
            })
        ));
        let text = seal(
            Format {
                name: "transship-other",
                ..FORMAT
            },
            &["x"],
        )
        .unwrap();
        assert!(matches!(read(&text), Err(SealedError::OtherFormat { .. })));
    }

    #[test]
    fn a_message_quotes_nothing_of_the_document() {
        let text = seal(FORMAT, &["hunter2"])
            .unwrap()
            .replace("hunter2\"", "hunter2");
        let error = read(&text).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}
