//! The envelope of every document that transship keeps for itself: a format's name, its
//! version, and a SHA-256 over the exact bytes of the body.
//!
//! ```json
//! {"format": "transship-plan", "version": 1, "sha256": "...", "body": {...}}
//! ```
//!
//! Their names begin with their place in the order in which they were made, which no clock
//! changes: `00007-20260102T030405Z-v2.0.0`.
//!
//! A damaged document is refused, never read up to the damage: a journal cut short is a
//! wrong journal. A document of a newer version is refused by name, so that an older
//! transship never acts on half an understanding.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::fs::{Mode, OFlags};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use thiserror::Error;

use crate::error::{Code, Explain, Kind};
use crate::fs::{Disk, WriteError};
use crate::tree::Digest;

/// A kind of document: its name and the version that this transship writes and reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentFormat {
    /// The name, such as `transship-plan`.
    pub name: &'static str,
    /// The version that is written, counted from 1.
    pub version: u32,
    /// The oldest version that is still read.
    pub oldest: u32,
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
    fn code(&self) -> Code {
        match self {
            Self::Io { .. } => Code::Unreadable,
            Self::Write(error) => error.code(),
            Self::Damaged { .. } => Code::Damaged,
            Self::OtherFormat { .. } | Self::OtherVersion { .. } => Code::OtherVersion,
        }
    }

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

/// Bytes of the largest document that is read: a plan of ten thousand steps has a few MiB.
const LARGEST: u64 = 64 << 20;

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
    if !(format.oldest..=format.version).contains(&envelope.version) {
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
    let bytes = read(path).map_err(|source| DocumentError::Io {
        path: path.into(),
        source,
    })?;
    let text = String::from_utf8(bytes).map_err(|_| DocumentError::Damaged {
        path: path.into(),
        what: "it is not UTF-8".into(),
    })?;
    from_text(format, path, &text)
}

/// The content of a regular file; whatever else stands there is neither waited for nor read.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = fs::File::from(rustix::fs::open(path, flags, Mode::empty())?);
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

/// A name for a document, and its place among those of its folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentId {
    /// The place, counted from 1.
    pub sequence: u64,
    /// The name, without `.json`.
    pub name: String,
}

/// A name for a document about `what`, made at `when`, that comes after all those in `folder`. A
/// folder that isn't there has none.
///
/// # Errors
/// The operating system's error, if the folder is there and can't be listed.
pub fn next_id(folder: &Path, when: Timestamp, what: &str) -> io::Result<DocumentId> {
    let saved = match in_order(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        saved => saved?,
    };
    let last = saved.last().map_or(0, |path| order(path).sequence);
    let sequence = last.saturating_add(1);
    let second = when.strftime("%Y%m%dT%H%M%SZ");
    Ok(DocumentId {
        sequence,
        name: format!("{sequence:05}-{second}-{what}"),
    })
}

/// The files of the documents in `folder`, the one that was made last at the end.
///
/// # Errors
/// The operating system's error, if the folder isn't there or can't be listed.
pub fn in_order(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let paths = fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = paths.collect::<io::Result<Vec<_>>>()?;
    paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
    paths.sort_by_key(|path| order(path));
    Ok(paths)
}

/// True for a document's name, or for the number that it begins with, with or without its zeros.
pub fn is_named(name: &str, wanted: &str) -> bool {
    let number = name.split('-').next().unwrap_or_default();
    let bare = |text: &str| text.parse::<u64>().ok();
    name == wanted || (bare(wanted).is_some() && bare(wanted) == bare(number))
}

/// Where a document stands in the order in which those of its folder were made.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct DocumentOrder {
    /// The number that its name begins with; 0 for the names of before there were any.
    sequence: u64,
    /// Of those of before: the second in which it was made.
    second: String,
    /// Of those of before: the number within that second, counted from 1.
    number: u32,
}

fn order(path: &Path) -> DocumentOrder {
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    let first = name.split_once('-').map_or(&*name, |(first, _)| first);
    if let Ok(sequence) = first.parse() {
        return DocumentOrder {
            sequence,
            second: String::new(),
            number: 0,
        };
    }
    let (second, number) = first.split_once('.').unwrap_or((first, "1"));
    DocumentOrder {
        sequence: 0,
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
        oldest: 1,
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

    /// Puts empty documents of these names into a folder, and gives the names in order.
    fn ordered(names: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            let path = folder.path().join(format!("{name}.json"));
            Disk::new().create(&path, b"", 0o600).unwrap();
        }
        let paths = in_order(folder.path()).unwrap();
        let stem = |path: &PathBuf| path.file_stem().unwrap().to_string_lossy().into_owned();
        paths.iter().map(stem).collect()
    }

    #[test]
    fn documents_are_in_the_order_of_their_numbers_and_those_of_before_come_first() {
        assert_eq!(
            ordered(&[
                "00002-20250101T000000Z-v3",
                "123456-20240101T000000Z-v5",
                "00001-20260101T000000Z-v2",
                "20270101T000000Z.10-v1",
                "20270101T000000Z-v1",
                "20270101T000000Z.2-v9",
            ]),
            [
                "20270101T000000Z-v1",
                "20270101T000000Z.2-v9",
                "20270101T000000Z.10-v1",
                "00001-20260101T000000Z-v2",
                "00002-20250101T000000Z-v3",
                "123456-20240101T000000Z-v5",
            ]
        );
    }

    #[test]
    fn a_clock_that_went_back_changes_no_order() {
        let folder = tempfile::tempdir().unwrap();
        for (second, expected) in [
            (60, "00001-19700101T000100Z-v1"),
            (59, "00002-19700101T000059Z-v1"),
            (59, "00003-19700101T000059Z-v1"),
        ] {
            let when = Timestamp::from_second(second).unwrap();
            let id = next_id(folder.path(), when, "v1").unwrap();
            assert_eq!(id.name, expected);
            let path = folder.path().join(id.name + ".json");
            Disk::new().create(&path, b"", 0o600).unwrap();
            assert_eq!(in_order(folder.path()).unwrap().pop(), Some(path));
        }
    }

    #[test]
    fn a_folder_that_isn_t_there_has_none() {
        let when = Timestamp::from_second(0).unwrap();
        assert_eq!(
            next_id(Path::new("/nowhere"), when, "v1").unwrap().sequence,
            1
        );
        assert!(in_order(Path::new("/nowhere")).is_err());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test makes a fifo")]
    fn a_fifo_for_a_document_is_refused_and_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("plan.json");
        rustix::fs::mknodat(
            rustix::fs::CWD,
            &path,
            rustix::fs::FileType::Fifo,
            Mode::RUSR,
            0,
        )
        .unwrap();
        let error = load::<Vec<String>>(FORMAT, &path).unwrap_err();
        assert!(matches!(error, DocumentError::Io { .. }), "{error}");
    }
}
