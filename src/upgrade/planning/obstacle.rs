//! What can stand against an upgrade, and the next move for each.

use std::fmt;
use std::path::PathBuf;

use thiserror::Error;

use crate::error::{Explain, Kind};
use crate::upgrade::plan::Space;

/// Why there can be no plan: everything that stands against it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", summary(.0))]
pub struct Refused(pub Vec<Obstacle>);

/// Something that stands against an upgrade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// The upgrade leads from a release to itself.
    SameRelease {
        /// The release's version.
        version: String,
    },
    /// Both releases would run as one compose project.
    SameProject {
        /// The project's name.
        project: String,
    },
    /// A volume that the old release names isn't there.
    NoVolume {
        /// The volume's key below `volumes:`.
        key: String,
        /// The volume's real name, as the engine has it.
        name: String,
        /// The folder or engine that was looked into.
        place: String,
        /// Volumes with a name like it.
        similar: Vec<String>,
    },
    /// Old and new release would write the same volume.
    SameVolume {
        /// The volume's key below `volumes:`.
        key: String,
        /// The volume's real name, as the engine has it.
        name: String,
    },
    /// The new release's volume holds something.
    TargetFull {
        /// The volume's real name, as the engine has it.
        name: String,
    },
    /// An image is neither in the archive of images nor in the engine.
    NoImages {
        /// The archive.
        archive: PathBuf,
        /// The images' references.
        images: Vec<String>,
    },
    /// A filesystem is too small.
    NoSpace(Space),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SameRelease { version } => {
                write!(f, "`{version}` is the release that is active already")
            }
            Self::SameProject { project } => {
                write!(f, "both releases would be the compose project `{project}`")
            }
            Self::NoVolume {
                key, name, place, ..
            } => {
                write!(
                    f,
                    "volume `{name}` (`volumes.{key}` of the old release) is not in {place}"
                )
            }
            Self::SameVolume { key, name } => {
                write!(
                    f,
                    "both releases would use the volume `{name}` (`volumes.{key}`)"
                )
            }
            Self::TargetFull { name } => {
                write!(f, "the new volume `{name}` is there already and not empty")
            }
            Self::NoImages { archive, images } => {
                let images: Vec<_> = images.iter().map(|image| format!("`{image}`")).collect();
                let archive = archive.display();
                write!(
                    f,
                    "`{archive}` lacks {}, and so does the engine",
                    images.join(", ")
                )
            }
            Self::NoSpace(Space { path, needed, free }) => {
                write!(
                    f,
                    "`{}` has {free} bytes free, and the copies need {needed}",
                    path.display()
                )
            }
        }
    }
}

impl Obstacle {
    pub(super) fn hint(&self) -> String {
        match self {
            Self::SameRelease { .. } => {
                "name the release to upgrade to; `transship status` shows both".into()
            }
            Self::SameProject { .. } => "give the new one its own with `--project NAME`".into(),
            Self::NoVolume { similar, .. } if !similar.is_empty() => format!(
                "there are {}; if the old release runs under another project, name it with `--from-project NAME`",
                similar
                    .iter()
                    .map(|name| format!("`{name}`"))
                    .collect::<Vec<_>>()
                    .join(", ")
            ),
            Self::NoVolume { key, .. } => {
                format!("to go without its data, add `--skip-volume {key}`")
            }
            Self::SameVolume { .. } => "choose another prefix with `--prefix`".into(),
            Self::TargetFull { name } => format!(
                "it may be left from an earlier try; look into `{name}`, then remove it, or choose another `--prefix`"
            ),
            Self::NoImages { .. } => {
                "get a complete archive, or leave out `--image-archive` and let Compose pull".into()
            }
            Self::NoSpace(_) => {
                "free some room, or leave volumes out with `--skip-volume KEY`".into()
            }
        }
    }
}

impl Explain for Refused {
    fn kind(&self) -> Kind {
        Kind::Refused
    }

    fn hints(&self) -> Vec<String> {
        let mut hints: Vec<_> = self.0.iter().map(Obstacle::hint).collect();
        hints.dedup();
        hints
    }
}

fn summary(obstacles: &[Obstacle]) -> String {
    obstacles
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join("; ")
}
