//! Why the images of an archive can't be told or loaded.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::engine::error::ticked;
use crate::error::{Code, Explain, Kind};

/// Why the images of an archive can't be told.
#[derive(Debug, Error)]
pub enum ArchiveError {
    /// The file can't be read.
    #[error("can't read the image archive `{}`", path.display())]
    Unreadable {
        /// The archive.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The archive is compressed by what this program doesn't read.
    #[error("`{}` is compressed by {program}, which can't be looked into", path.display())]
    Compressed {
        /// The archive that was named.
        path: PathBuf,
        /// The program that unpacks it: `xz`, `bzip2`.
        program: &'static str,
    },
    /// The file is damaged, cut, or no archive.
    #[error("`{}` is damaged or no archive of images", path.display())]
    Damaged {
        /// The archive.
        path: PathBuf,
        /// What the decoder or the archive's reader said.
        source: io::Error,
    },
    /// The archive holds neither of the two lists of images.
    #[error("`{}` has neither `manifest.json` nor `index.json`", path.display())]
    NoImages {
        /// The archive.
        path: PathBuf,
    },
    /// A part of an image isn't there: the archive was cut, or made badly.
    #[error("`{}` lacks the member `{name}` that an image in it needs", path.display())]
    Lacks {
        /// The archive.
        path: PathBuf,
        /// The member.
        name: String,
    },
    /// The archive holds a list of images twice.
    #[error("`{}` has two members `{name}`", path.display())]
    Twice {
        /// The archive.
        path: PathBuf,
        /// The member.
        name: String,
    },
    /// A member that has no one meaning.
    #[error("`{}` holds `{}`, {reason}", path.display(), name.escape_ascii())]
    Member {
        /// The archive.
        path: PathBuf,
        /// The member's name as the archive has it.
        name: Vec<u8>,
        /// What is wrong with the member, as the end of a sentence.
        reason: &'static str,
    },
    /// A list is longer than any honest one.
    #[error("`{name}` in `{}` is over {} MiB", path.display(), super::LIMIT >> 20)]
    TooLong {
        /// The archive.
        path: PathBuf,
        /// The member.
        name: String,
    },
    /// The engine took it, and doesn't have what is in it.
    #[error("after `docker load` of `{}` the engine lacks {}", path.display(), ticked(images))]
    NotLoaded {
        /// The archive.
        path: PathBuf,
        /// Names of images.
        images: Vec<String>,
    },
    /// Images that are needed aren't in it.
    #[error("`{}` lacks {}", path.display(), ticked(images))]
    Incomplete {
        /// The archive.
        path: PathBuf,
        /// The references that the release's compose files have.
        images: Vec<String>,
    },
    /// The engine doesn't take it.
    #[error("can't load the images of `{}`", path.display())]
    Load {
        /// The archive.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The engine can't be asked.
    #[error(transparent)]
    Engine(#[from] Box<super::super::Error>),
    /// The user wants to stop.
    #[error("interrupted while reading an image archive")]
    Interrupted,
    /// A list can't be understood.
    #[error("`{name}` in `{}` can't be understood", path.display())]
    List {
        /// The archive.
        path: PathBuf,
        /// The member.
        name: &'static str,
        /// Where and why.
        source: serde_json::Error,
    },
}

impl Explain for ArchiveError {
    fn code(&self) -> Code {
        match self {
            Self::Interrupted { .. } => Code::Interrupted,
            Self::Engine(error) => error.code(),
            Self::Incomplete { .. } => Code::NoImage,
            Self::NotLoaded { .. } | Self::Load { .. } => Code::EngineFailed,
            Self::Unreadable { .. } => Code::Unreadable,
            _ => Code::Damaged,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Interrupted => Kind::Interrupted,
            Self::Engine(error) => error.kind(),
            Self::Incomplete { .. } => Kind::Refused,
            Self::NotLoaded { .. } | Self::Load { .. } => Kind::Failed,
            _ => Kind::Usage,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NoImages { .. }
            | Self::Damaged { .. }
            | Self::Member { .. }
            | Self::Lacks { .. } => {
                "it should be what `docker save` writes; get it again from the vendor"
            }
            Self::Engine(error) => return error.hints(),
            Self::Compressed { path, program } => {
                let path = path.display();
                return vec![format!(
                    "`{program} -dc {path} | gzip >images.tar.gz`, and load that"
                )];
            }
            Self::Incomplete { .. } => "get a complete archive from the vendor, or let Docker pull",
            Self::Load { .. } => {
                return vec![
                    "is there room on the engine's disk? `docker system df`".to_owned(),
                    "engines before 25 load no OCI layout: `skopeo copy oci-archive:FILE \
                     docker-archive:images.tar:NAME` makes what they load"
                        .to_owned(),
                ];
            }
            _ => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}
