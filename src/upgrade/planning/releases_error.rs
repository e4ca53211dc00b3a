//! Why the two releases of an upgrade can't be read, and what to do about it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::compose;
use crate::document::DocumentError;
use crate::env_file;
use crate::error::{Code, Explain, Kind, user_hint};
use crate::merge;
use crate::release::{InstallError, RecipeError, VendorReleaseError, Version, where_else};

/// Why the releases can't be read.
#[derive(Debug, Error)]
pub enum ReleasesError {
    /// The install.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The vendor's tarball or folder.
    #[error(transparent)]
    VendorRelease(#[from] VendorReleaseError),
    /// The list of what was shipped.
    #[error(transparent)]
    Shipped(#[from] DocumentError),
    /// The recipe.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// A compose file.
    #[error(transparent)]
    Compose(#[from] compose::Error),
    /// A `.env` file.
    #[error(transparent)]
    Env(#[from] env_file::Error),
    /// A file of both releases can't be merged.
    #[error(transparent)]
    Merge(Box<merge::Error>),
    /// A release without a compose file.
    #[error("`{}` holds no compose file", folder.display())]
    NoCompose {
        /// The release's folder.
        folder: PathBuf,
    },
    /// A compose file outside of its release.
    #[error("`{}` is outside of the release `{}`", file.display(), folder.display())]
    FileOutside {
        /// The compose file.
        file: PathBuf,
        /// The release's folder.
        folder: PathBuf,
    },
    /// The two releases have their compose files in different places.
    #[error("{old}, and {new}")]
    OtherFolder {
        /// Where those of the old release are, as a clause.
        old: String,
        /// Where those of the new one are.
        new: String,
    },
    /// A compose file of the new release, as it will be, names another that neither release has.
    #[error("Compose would read `{}` of the new release, and neither release has it", file.display())]
    NotThere {
        /// The file, below the release.
        file: PathBuf,
    },
    /// Edits can't be told from what the vendor shipped.
    #[error(
        "it is not known what the vendor shipped as {version}, so your edits of it are not, either"
    )]
    NoPristine {
        /// The old release.
        version: Version,
    },
    /// There is an override already, or Compose wouldn't read one.
    #[error("your edits can't be written as `{}`", path.display())]
    OverrideTaken {
        /// The override.
        path: PathBuf,
    },
    /// A file can't be read.
    #[error("can't read `{}`", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The error of the system call.
        source: io::Error,
    },
}

impl Explain for ReleasesError {
    fn code(&self) -> Code {
        match self {
            Self::Install(error) => error.code(),
            Self::VendorRelease(error) => error.code(),
            Self::Shipped(error) => error.code(),
            Self::Recipe(error) => error.code(),
            Self::Compose(error) => error.code(),
            Self::Env(error) => error.code(),
            Self::Merge(error) => error.code(),
            Self::NoCompose { .. } | Self::OtherFolder { .. } => Code::IncompleteRelease,
            Self::FileOutside { .. } => Code::Outside,
            Self::NotThere { .. } | Self::NoPristine { .. } => Code::NotFound,
            Self::OverrideTaken { .. } => Code::Exists,
            Self::Io { .. } => Code::Unreadable,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Install(error) => error.kind(),
            Self::VendorRelease(error) => error.kind(),
            Self::Shipped(error) => error.kind(),
            Self::Recipe(error) => error.kind(),
            Self::Compose(error) => error.kind(),
            Self::Env(error) => error.kind(),
            Self::Merge(error) => error.kind(),
            Self::NoCompose { .. } => Kind::Usage,
            Self::FileOutside { .. }
            | Self::OtherFolder { .. }
            | Self::NotThere { .. }
            | Self::NoPristine { .. }
            | Self::OverrideTaken { .. }
            | Self::Io { .. } => Kind::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Install(error) => error.hints(),
            Self::VendorRelease(error) => error.hints(),
            Self::Shipped(error) => error.hints(),
            Self::Recipe(error) => error.hints(),
            Self::Compose(error) => error.hints(),
            Self::Env(error) => error.hints(),
            Self::Merge(error) => error.hints(),
            Self::NoCompose { folder } => {
                if let Some(elsewhere) = where_else(folder) {
                    return vec![elsewhere];
                }
                vec!["a release holds a `docker-compose.yml` or `compose.yaml` at its top, or in a folder such as `docker`".into()]
            }
            Self::FileOutside { .. } => {
                vec![
                    "what is to be merged or edited has to be the release's own: no `COMPOSE_FILE` that leads out of \
                     it, and a copy in the place of a symlink that does"
                        .into(),
                ]
            }
            Self::OtherFolder { .. } => vec![
                "what is carried keeps its place: both releases have to be laid out alike; where only a \
                 part of what the vendor ships is the release, pass that folder to `--from-release`"
                    .into(),
                "where another folder of a release is the one that runs, say so with `transship init \
                 --project-directory DIR`"
                    .into(),
            ],
            Self::NotThere { .. } => vec![
                "put it into the old release, from where it comes along, or take what includes or extends \
                 it out of the old release's compose files"
                    .into(),
            ],
            Self::NoPristine { .. } => {
                vec!["name the vendor's tarball or folder of it with `--pristine PATH`".into()]
            }
            Self::OverrideTaken { .. } => vec![
                "either release has an override, or `COMPOSE_FILE` in `.env` names the files"
                    .into(),
                "leave out `--as-override`, and your edits are merged".into(),
            ],
            Self::Io { .. } => {
                user_hint("a user who may read the release")
            }
        }
    }
}
