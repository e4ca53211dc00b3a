//! What is wrong with an install, and what to do about it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{IdentityError, TrustError, Version};
use crate::compose;
use crate::document::DocumentError;
use crate::error::{Code, Explain, Kind, user_hint};
use crate::fs::LockError;

/// What to do where a release's compose files are in none of the usual places.
pub(crate) fn where_else(release: &Path) -> Option<String> {
    let folders = compose::folders_with_projects(release);
    let first = folders.first()?.display();
    let names: Vec<_> = folders
        .iter()
        .map(|f| format!("`{}`", f.display()))
        .collect();
    Some(format!(
        "compose files are in {} there: if that is what runs, `transship init --project-directory \
         {first}`",
        names.join(", ")
    ))
}

/// What is wrong with an install, or with a question about it.
#[derive(Debug, Error)]
pub enum InstallError {
    /// There is no `releases/` folder.
    #[error("{}", no_releases(root))]
    NoReleases {
        /// The folder that was asked about.
        root: PathBuf,
    },
    /// No folder below `releases/` holds a compose file.
    #[error("`{}` holds no release with a compose file", path.display())]
    NoneFound {
        /// The `releases/` folder.
        path: PathBuf,
    },
    /// `transship init` was never run here.
    #[error("`{}` was not adopted yet", root.display())]
    NotAdopted {
        /// The install.
        root: PathBuf,
    },
    /// No such release.
    #[error("there is no release `{version}` in `{}`", releases.display())]
    UnknownVersion {
        /// The version that was asked for.
        version: Version,
        /// The `releases/` folder.
        releases: PathBuf,
        /// The releases that are there, oldest first.
        known: Vec<Version>,
    },
    /// The release has no compose file.
    #[error("`{}` has no compose file: it is no complete release", path.display())]
    Incomplete {
        /// The release's folder.
        path: PathBuf,
    },
    /// `current` is absent, and several releases could be meant.
    #[error("there is no `{}`, and more than one release could be meant", link.display())]
    NoCurrent {
        /// Where the symlink should be.
        link: PathBuf,
        /// The releases that are there, oldest first.
        known: Vec<Version>,
    },
    /// Another release is active than the one that is said to be.
    #[error("`current` points to {active}, not to {wanted}")]
    OtherCurrent {
        /// The active release.
        active: Version,
        /// The one that it was said to be.
        wanted: Version,
    },
    /// `current` is there and isn't a symlink to a folder in `releases/`.
    #[error("`{}` is not a symlink to a release", link.display())]
    StrangeCurrent {
        /// The path of `current`.
        link: PathBuf,
    },
    /// Somebody wrote down that the release is bad.
    #[error("release `{version}` was marked as bad{}", said(because))]
    Bad {
        /// The release's version.
        version: Version,
        /// What was said of it; may be empty.
        because: String,
    },
    /// Somebody else has a hand in it.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The lock wasn't had.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The release's compose files can't be found.
    #[error(transparent)]
    Compose(Box<compose::Error>),
    /// A document of the install's own can't be read.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// What should be a folder below a release isn't.
    #[error("`{}` is no folder below a release", folder.display())]
    BadDirectory {
        /// The folder.
        folder: PathBuf,
    },
    /// The install's id can't be read, or records another folder than the install is in.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// A folder or file can't be read or made.
    #[error("can't use `{}`", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The operating system's error, the cause.
        source: io::Error,
    },
}

impl From<compose::Error> for InstallError {
    fn from(error: compose::Error) -> Self {
        Self::Compose(Box::new(error))
    }
}

fn no_releases(root: &Path) -> String {
    let shown = root.display();
    match root.is_dir() {
        true => format!("`{shown}` is not an install: it has no `releases/` folder"),
        false => format!("`{shown}` is not an install: there is no such folder"),
    }
}

impl Explain for InstallError {
    fn code(&self) -> Code {
        match self {
            Self::NoReleases { .. } | Self::NoneFound { .. } => Code::NotAnInstall,
            Self::NotAdopted { .. } => Code::NotAdopted,
            Self::UnknownVersion { .. } => Code::UnknownRelease,
            Self::Incomplete { .. } => Code::IncompleteRelease,
            Self::NoCurrent { .. } | Self::OtherCurrent { .. } | Self::StrangeCurrent { .. } => {
                Code::NoCurrent
            }
            Self::Bad { .. } => Code::BadRelease,
            Self::Trust(error) => error.code(),
            Self::Lock(error) => error.code(),
            Self::Compose(error) => error.code(),
            Self::Document(error) => error.code(),
            Self::Identity(error) => error.code(),
            Self::BadDirectory { .. } => Code::Usage,
            Self::Io { .. } => Code::Unreadable,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::NoReleases { .. }
            | Self::NoneFound { .. }
            | Self::UnknownVersion { .. }
            | Self::BadDirectory { .. } => Kind::Usage,
            Self::Compose(error) => error.kind(),
            Self::Document(error) => error.kind(),
            Self::Trust(error) => error.kind(),
            Self::Lock(error) => error.kind(),
            Self::Identity(error) => error.kind(),
            _ => Kind::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Compose(error) => error.hints(),
            Self::Document(error) => error.hints(),
            Self::BadDirectory { .. } => {
                vec!["write it relative to a release, as `docker`, without `..`".into()]
            }
            Self::Bad { version, .. } => vec![format!(
                "if it isn't bad after all: `transship release bad {} --undo`",
                version.word()
            )],
            Self::Trust(error) => error.hints(),
            Self::Lock(error) => error.hints(),
            Self::Identity(error) => error.hints(),
            Self::NoReleases { .. } => vec![
                "name the folder that holds `releases/` with `-C INSTALL`".into(),
                "a release is a folder such as `releases/v1.3.2/` with its compose file in it"
                    .into(),
            ],
            Self::NoneFound { path } => {
                let releases = fs::read_dir(path).into_iter().flatten().flatten();
                let mut elsewhere = releases.filter_map(|release| where_else(&release.path()));
                vec![elsewhere.next().unwrap_or_else(|| {
                    "put the running release into a folder such as `releases/v1.3.2/`".into()
                })]
            }
            Self::NotAdopted { .. } => vec!["run `transship init` first".into()],
            Self::UnknownVersion { known, version, .. } => vec![
                list_known(known),
                format!(
                    "to stage the vendor's tarball or folder: `transship release new {} \
                     --from-release PATH`; `plan` takes `--from-release`, too",
                    version.word()
                ),
            ],
            Self::Incomplete { path } => vec![where_else(path).unwrap_or_else(|| {
                "unpack it again, or choose another with `transship release ls`".into()
            })],
            Self::NoCurrent { known, .. } => {
                vec![
                    list_known(known),
                    "say which one is running with `transship init --current VERSION`".into(),
                ]
            }
            Self::OtherCurrent { wanted, .. } => vec![format!(
                "to repoint it, use `transship release use {}`",
                wanted.word()
            )],
            Self::StrangeCurrent { link } => vec![format!(
                "it should be a symlink such as `releases/v1.3.2`; look at it with `ls -l {}`",
                link.display()
            )],
            Self::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                user_hint("the user who owns the install")
            }
            Self::Io { .. } => Vec::new(),
        }
    }
}

/// What somebody said of a bad release.
fn said(because: &str) -> String {
    match because {
        "" => String::new(),
        because => format!(": `{because}`"),
    }
}

fn list_known(known: &[Version]) -> String {
    let names: Vec<_> = known.iter().map(|version| format!("`{version}`")).collect();
    if names.is_empty() {
        "no release is there".into()
    } else {
        format!("there are {}", names.join(", "))
    }
}
