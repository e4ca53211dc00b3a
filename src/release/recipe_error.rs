//! Why a recipe isn't followed, and what to do about it.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::error::{Code, Explain, Kind};
use crate::near_match::near_key;

/// Why a recipe can't be read or followed.
#[derive(Debug, Error)]
pub enum RecipeError {
    /// The file can't be read.
    #[error("can't read `{}`", path.display())]
    Io {
        /// The recipe's file.
        path: PathBuf,
        /// The operating system's error, the cause.
        source: io::Error,
    },
    /// The file isn't YAML, or has other types of values than a recipe.
    #[error("the recipe in `{at}` can't be understood")]
    Syntax {
        /// The recipe's file, and the line and column of what is wrong where that is known.
        at: String,
        /// What the parser said; it names keys and places, never values.
        source: serde_yaml::Error,
    },
    /// A key that is unknown, or beyond this version.
    #[error("the recipe in `{at}` asks for `{key}`, which this version of transship can't do")]
    Unsupported {
        /// The recipe's file, and the line and column of the key.
        at: String,
        /// The key, as `carry.how: union` or `hooks`.
        key: String,
    },
    /// A path that leaves the release.
    #[error("{}`{}` is not a path inside a release", before(at.as_ref()), path.display())]
    Outside {
        /// The recipe's file, and the line and column; nothing where the path is of no recipe.
        at: Option<String>,
        /// The path.
        path: PathBuf,
    },
}

impl RecipeError {
    /// What of the recipe it speaks of, as it is written there: a path, or a value that nothing can follow.
    pub(super) fn named(&self) -> String {
        match self {
            Self::Outside { path, .. } => path.display().to_string(),
            Self::Unsupported { key, .. } => {
                let value = key.split_once(": ").map(|(_, value)| value);
                let last = key.rsplit('.').next().unwrap_or(key);
                value.unwrap_or(last).to_owned()
            }
            Self::Io { .. } | Self::Syntax { .. } => String::new(),
        }
    }

    /// The same with the place in a recipe, which whoever read the value didn't know.
    pub(super) fn placed(self, place: &str) -> Self {
        match self {
            Self::Unsupported { key, .. } => Self::Unsupported {
                at: place.to_owned(),
                key,
            },
            Self::Outside { path, .. } => Self::Outside {
                at: Some(place.to_owned()),
                path,
            },
            other => other,
        }
    }
}

/// What stands before a message with a place.
fn before(at: Option<&String>) -> String {
    at.map_or_else(String::new, |at| format!("{at}: "))
}

impl Explain for RecipeError {
    fn code(&self) -> Code {
        match self {
            Self::Io { .. } => Code::Unreadable,
            Self::Syntax { .. } => Code::Syntax,
            Self::Unsupported { .. } => Code::Unsupported,
            Self::Outside { .. } => Code::Outside,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Unsupported { .. } => Kind::Refused,
            _ => Kind::Usage,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Syntax { source, .. } => near_key(&source.to_string())
                .map(|key| format!("did you mean `{key}`?"))
                .into_iter()
                .collect(),
            Self::Unsupported { key, .. } if !key.contains('.') => {
                let without = format!(
                    "to do without it, put `{key}: null` into `transship.yml` in the install"
                );
                let ways = (key == "compose_command").then(|| {
                    "`docker compose` itself is run; what a wrapper tells it can be said with `-p`, \
                     `--env-file` and `--profile`, or with `COMPOSE_FILE` in `.env`"
                        .to_owned()
                });
                ways.into_iter().chain([without]).collect()
            }
            Self::Unsupported { .. } => {
                vec!["say it otherwise in `transship.yml` in the install".into()]
            }
            Self::Outside { .. } => {
                vec!["write it relative to the release's folder, without `..`".into()]
            }
            Self::Io { .. } => Vec::new(),
        }
    }
}
