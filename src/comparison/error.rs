//! Why two things can't be compared.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::error::{Code, Explain, Kind};
use crate::{compose, tree};

/// Every error of [`comparison`](super).
#[derive(Debug, Error)]
pub enum ComparisonError {
    /// There is nothing of that name.
    #[error("`{name}` is neither a folder, nor a file, nor a release")]
    Nowhere {
        /// What was named.
        name: String,
    },
    /// One is a folder, the other isn't.
    #[error("`{}` and `{}` are not both folders or both files", a.display(), b.display())]
    Unlike {
        /// The first.
        a: PathBuf,
        /// The other.
        b: PathBuf,
    },
    /// A file can't be read.
    #[error("can't read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's error, the cause.
        source: io::Error,
    },
    /// The compose files of a folder can't be found out.
    #[error(transparent)]
    Compose(#[from] compose::Error),
    /// A tree or a manifest can't be read.
    #[error(transparent)]
    Tree(#[from] tree::Error),
}

impl Explain for ComparisonError {
    fn code(&self) -> Code {
        match self {
            Self::Nowhere { .. } => Code::NotFound,
            Self::Unlike { .. } => Code::Usage,
            Self::Read { .. } => Code::Unreadable,
            Self::Compose(error) => error.code(),
            Self::Tree(error) => error.code(),
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Read { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                Kind::Refused
            }
            Self::Nowhere { .. } | Self::Unlike { .. } | Self::Read { .. } => Kind::Usage,
            Self::Compose(error) => error.kind(),
            Self::Tree(error) => error.kind(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Nowhere { .. } => {
                vec!["name the install of a release with `-C INSTALL`".to_owned()]
            }
            Self::Unlike { .. } | Self::Read { .. } => Vec::new(),
            Self::Compose(error) => error.hints(),
            Self::Tree(error) => error.hints(),
        }
    }
}
