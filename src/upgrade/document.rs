//! The envelope of every document that transship keeps for itself: a format's name, its
//! version, and a SHA-256 over the exact bytes of the body.
//!
//! ```json
//! {"format": "transship-plan", "version": 1, "sha256": "...", "body": {...}}
//! ```
//!
//! Their names sort by when they were made: `20260102T030405Z-v2.0.0`, and
//! `20260102T030405Z.2-v3.0.0` for the next one of the same second.
//!
//! A damaged document is refused, never read up to the damage: a journal cut short is a
//! wrong journal. A document of a newer version is refused by name, so that an older
//! transship never acts on half an understanding.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::error::{Explain, Kind};
use crate::fs::{Disk, WriteError};
use crate::release::Version;
use crate::tree::Digest;

/// A kind of document: its name and the version that this transship writes and reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentFormat {
    /// The name, such as `transship-plan`.
    pub name: &'static str,
    /// The version, counted from 1.
    pub version: u32,
}

/// Why a document can't be read, written or believed.
#[derive(Debug, Error)]
pub enum DocumentError {
    /// The file can't be read.
    #[error("can't read `{}`", path.display())]
    Io {
        /// The document's file.
        path: PathBuf,
        /// The error of the system call.
        source: io::Error,
    },
    /// The file can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The text isn't what transship wrote: cut short, changed, or not JSON.
    #[error("`{}` is damaged or was edited: {what}", path.display())]
    Damaged {
        /// The document's file.
        path: PathBuf,
        /// The part that doesn't fit: the checksum, or a line and column.
        what: String,
    },
    /// The document is of another kind, such as a plan where a journal was asked for.
    #[error("`{}` is a `{found}`, not a `{wanted}`", path.display())]
    OtherFormat {
        /// The document's file.
        path: PathBuf,
        /// The format's name in the document, at most 40 characters.
        found: String,
        /// The format's name that was asked for.
        wanted: &'static str,
    },
    /// The document is of a version that this transship doesn't know.
    #[error("`{}` is of version {found}, and this transship knows version {known}", path.display())]
    OtherVersion {
        /// The document's file.
        path: PathBuf,
        /// The document's version.
        found: u32,
        /// The version that can be read.
        known: u32,
    },
}

impl Explain for DocumentError {
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
///
/// # Errors
/// What serde says of a body that isn't JSON, such as a map whose keys aren't text.
pub fn to_text<T: Serialize>(format: DocumentFormat, body: &T) -> serde_json::Result<String> {
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
///
/// # Errors
/// [`DocumentError`], but for those of reading and writing a file.
pub fn from_text<T: DeserializeOwned>(
    format: DocumentFormat,
    path: &Path,
    text: &str,
) -> Result<T, DocumentError> {
    let damaged = |what: String| DocumentError::Damaged {
        path: path.into(),
        what,
    };
    // Serde's own messages would quote values, which may be secrets of a damaged file.
    let place = |error: serde_json::Error| {
        damaged(format!("line {}, column {}", error.line(), error.column()))
    };
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(place)?;
    if envelope.format != format.name {
        return Err(DocumentError::OtherFormat {
            path: path.into(),
            found: envelope.format.chars().take(40).collect(),
            wanted: format.name,
        });
    }
    if envelope.version != format.version {
        let (found, known) = (envelope.version, format.version);
        return Err(DocumentError::OtherVersion {
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
///
/// # Errors
/// [`DocumentError::Write`], and the old file is there as before.
pub fn save<T: Serialize>(
    disk: &Disk,
    format: DocumentFormat,
    path: &Path,
    body: &T,
) -> Result<(), DocumentError> {
    let text = to_text(format, body).map_err(|error| DocumentError::Damaged {
        path: path.into(),
        what: error.to_string(),
    })?;
    Ok(disk.save(path, text.as_bytes())?)
}

/// Reads the document at `path`.
///
/// # Errors
/// [`DocumentError`].
pub fn load<T: DeserializeOwned>(format: DocumentFormat, path: &Path) -> Result<T, DocumentError> {
    let bytes = fs::read(path).map_err(|source| DocumentError::Io {
        path: path.into(),
        source,
    })?;
    let text = String::from_utf8(bytes).map_err(|_| DocumentError::Damaged {
        path: path.into(),
        what: "it is not UTF-8".into(),
    })?;
    from_text(format, path, &text)
}

/// A name for a document about `version`, made at `when`, that comes after all those in
/// `folder`. A folder that isn't there has none.
///
/// # Errors
/// What the system says when the folder can't be listed.
pub(super) fn next_id(folder: &Path, when: Timestamp, version: &Version) -> io::Result<String> {
    let second = when.strftime("%Y%m%dT%H%M%SZ").to_string();
    let saved = match list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        saved => saved?,
    };
    let orders = saved.iter().map(|path| order(path));
    let last = orders.filter(|order| order.second == second).max();
    Ok(match last {
        None => format!("{second}-{version}"),
        Some(last) => format!("{second}.{}-{version}", last.number + 1),
    })
}

/// The file of the document that was made last, if there is one.
///
/// # Errors
/// What the system says when the folder can't be listed.
pub(super) fn newest(folder: &Path) -> io::Result<Option<PathBuf>> {
    Ok(list(folder)?.into_iter().max_by_key(|path| order(path)))
}

fn list(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
    Ok(paths)
}

/// Where a document stands in the order in which those of its folder were made.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct DocumentOrder {
    /// When it was made, as its name begins.
    second: String,
    /// The number within that second, counted from 1.
    number: u32,
}

fn order(path: &Path) -> DocumentOrder {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let time = name.split_once('-').map_or(&*name, |(time, _)| time);
    let (second, number) = time.split_once('.').unwrap_or((time, "1"));
    DocumentOrder {
        second: second.to_owned(),
        number: number.parse().unwrap_or(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORMAT: DocumentFormat = DocumentFormat {
        name: "transship-test",
        version: 1,
    };

    fn read(text: &str) -> Result<Vec<String>, DocumentError> {
        from_text(FORMAT, Path::new("test.json"), text)
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
        let text = to_text(FORMAT, &body).unwrap();
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
        let text = to_text(
            DocumentFormat {
                version: 2,
                ..FORMAT
            },
            &["x"],
        )
        .unwrap();
        assert!(matches!(
            read(&text),
            Err(DocumentError::OtherVersion {
                found: 2,
                known: 1,
                ..
            })
        ));
        let text = to_text(
            DocumentFormat {
                name: "transship-other",
                ..FORMAT
            },
            &["x"],
        )
        .unwrap();
        assert!(matches!(
            read(&text),
            Err(DocumentError::OtherFormat { .. })
        ));
    }

    #[test]
    fn a_message_quotes_nothing_of_the_document() {
        let text = to_text(FORMAT, &["hunter2"])
            .unwrap()
            .replace("hunter2\"", "hunter2");
        let error = read(&text).unwrap_err();
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn the_last_of_a_second_is_the_newest_whatever_its_version() {
        let folder = tempfile::tempdir().unwrap();
        let when = Timestamp::from_second(0).unwrap();
        for version in ["v3", "v2", "v2.10", "v2"].repeat(3) {
            let version: Version = version.parse().unwrap();
            let name = next_id(folder.path(), when, &version).unwrap();
            let path = folder.path().join(name + ".json");
            Disk::new().create(&path, b"", 0o600).unwrap();
            assert_eq!(newest(folder.path()).unwrap(), Some(path));
        }
    }

    #[test]
    fn a_later_second_comes_after_any_number() {
        let folder = tempfile::tempdir().unwrap();
        let version: Version = "v1".parse().unwrap();
        for (second, expected) in [
            (59, "19700101T000059Z-v1"),
            (59, "19700101T000059Z.2-v1"),
            (60, "19700101T000100Z-v1"),
        ] {
            let when = Timestamp::from_second(second).unwrap();
            let name = next_id(folder.path(), when, &version).unwrap();
            assert_eq!(name, expected);
            let path = folder.path().join(name + ".json");
            Disk::new().create(&path, b"", 0o600).unwrap();
            assert_eq!(newest(folder.path()).unwrap(), Some(path));
        }
    }

    #[test]
    fn a_folder_that_isn_t_there_has_none() {
        let version: Version = "v1".parse().unwrap();
        let when = Timestamp::from_second(0).unwrap();
        assert!(next_id(Path::new("/nowhere"), when, &version).is_ok());
        assert!(newest(Path::new("/nowhere")).is_err());
    }
}
