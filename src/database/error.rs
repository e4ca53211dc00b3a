//! What keeps a tree from being inspected at all.

use std::io;
use std::path::PathBuf;

use crate::error::{Code, Explain, Kind, root_hint};

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The tree's root isn't there, or may not be read.
    #[error("can't read `{}`", path.display())]
    Open {
        /// The tree's root.
        path: PathBuf,
        /// The operating system's error, the cause.
        source: io::Error,
    },
    /// The root that was named is no folder: a single file, say.
    #[error("`{}` is no folder", path.display())]
    NotAFolder {
        /// What was taken for a tree's root.
        path: PathBuf,
    },
}

impl Explain for Error {
    fn code(&self) -> Code {
        Code::Unreadable
    }

    fn kind(&self) -> Kind {
        Kind::Usage
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Open { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => {
                root_hint(
                    "run it as root, or as the user that the database runs as",
                    None,
                )
            }
            Self::Open { .. } => Vec::new(),
            Self::NotAFolder { .. } => {
                vec![
                    "name the folder that it is in: databases are looked for in folders".to_owned(),
                ]
            }
        }
    }
}
