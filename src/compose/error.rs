//! What can go wrong with a compose file, and what to do about it.

use std::path::PathBuf;

use thiserror::Error as ThisError;

use super::file::interpolate::InterpolateError;
use super::file::location::Location;
use crate::env_file;
use crate::error::{Code, Explain, Kind};

/// Why a compose file could not be read, or an edit was not made. Nothing was changed.
///
/// No variant quotes a line of the file: it may hold a secret.
#[derive(Debug, ThisError)]
pub enum Error {
    /// The text isn't what Compose accepts as a compose file.
    #[error("{at}: {reason}")]
    Syntax {
        /// The place at which the parser noticed it, which may be behind its cause.
        at: Location,
        /// The fault, as a clause.
        reason: String,
    },
    /// The file isn't UTF-8.
    #[error("{}: not UTF-8 at byte {offset}", path.display())]
    NotUtf8 {
        /// The file.
        path: PathBuf,
        /// The first byte that isn't.
        offset: usize,
    },
    /// The file is larger than a compose file can be.
    #[error("{}: larger than {most} MiB", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read, in MiB.
        most: usize,
    },
    /// The file can't be read.
    #[error("{}: can't be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A value's variables can't be resolved.
    #[error("{at}: the value can't be interpolated")]
    Interpolate {
        /// The value.
        at: Location,
        /// The fault in the value's text.
        source: InterpolateError,
    },
    /// More than one folder may be the project's.
    #[error("`{}` has compose files in several folders: {}", top.display(), quoted(folders))]
    SeveralProjects {
        /// The folder that has none itself.
        top: PathBuf,
        /// Those that have, below it.
        folders: Vec<PathBuf>,
    },
    /// The `.env` file.
    #[error(transparent)]
    Env(#[from] env_file::Error),
    /// The edit can't be made without changing more than was asked.
    #[error("{at}: {reason}")]
    Unsafe {
        /// The value that would have to change, or what stands in its way.
        at: Location,
        /// The reason, as a clause.
        reason: String,
        /// What a person can do instead, as a clause.
        remedy: String,
    },
    /// What is to change is held in a variable.
    #[error("{at}: `{service}` holds {part} in the variable `{variable}`")]
    HeldInVariable {
        /// The value that mentions the variable.
        at: Location,
        /// The service.
        service: String,
        /// `the tag of its image`, `a host port`.
        part: String,
        /// The variable's name.
        variable: String,
    },
    /// An image has a digest that the new tag would contradict, and it is to be kept.
    #[error("{at}: the image of `{service}` is pinned by a digest")]
    Pinned {
        /// The image.
        at: Location,
        /// The service.
        service: String,
    },
    /// No image of the file is what a rule names. Over several files, one is enough.
    #[error("{}: no image matches `{rule}`", path.display())]
    NoMatch {
        /// The file.
        path: PathBuf,
        /// The rule as it was given.
        rule: String,
        /// The repositories that the file does name, sorted.
        present: Vec<String>,
        /// The rule that may be meant, and what it does: a sentence.
        meant: Option<String>,
    },
    /// No bind mount is from where a rebase begins.
    #[error("{}: nothing is mounted from `{}`", path.display(), from.display())]
    NotMounted {
        /// The file.
        path: PathBuf,
        /// The folder that was asked for.
        from: PathBuf,
        /// The absolute sources of the file's bind mounts, sorted.
        present: Vec<String>,
    },
    /// A rule, reference or name that can't be understood.
    #[error("`{text}`: {reason}")]
    Malformed {
        /// The text as it was given.
        text: String,
        /// The fault, as a clause.
        reason: String,
    },
    /// An offset of ports leads to one that is taken.
    #[error("with an offset of {by} port {port} would be that of {owner}, too")]
    PortTaken {
        /// The offset.
        by: i32,
        /// The port that is taken.
        port: u16,
        /// Who has it.
        owner: String,
        /// An offset that works, if there is one.
        works: Option<i32>,
    },
    /// An offset of ports leads beyond the last port, or none leads to free ones.
    #[error("{}", no_port(*by))]
    NoPort {
        /// The offset that was asked for.
        by: Option<i32>,
        /// An offset that works, if there is one.
        works: Option<i32>,
    },
    /// Two volumes, or networks, would be one.
    #[error("{at}: {kind} `{first}` and `{second}` would both be named `{name}`")]
    Collision {
        /// The second one.
        at: Location,
        /// `volumes` or `networks`.
        kind: &'static str,
        /// The first one's key.
        first: Box<str>,
        /// The other's.
        second: Box<str>,
        /// The name that both would have.
        name: String,
    },
}

fn quoted(paths: &[PathBuf]) -> String {
    let paths = paths.iter().map(|path| format!("`{}`", path.display()));
    paths.collect::<Vec<_>>().join(", ")
}

fn no_port(by: Option<i32>) -> String {
    match by {
        Some(by) => format!("with an offset of {by} a port would be none: they are 1 to 65535"),
        None => "no offset leads to free ports of the host".to_owned(),
    }
}

impl Error {
    /// True if a rule names nothing of one file. Over several files the caller may go on.
    pub fn is_no_match(&self) -> bool {
        matches!(self, Self::NoMatch { .. } | Self::NotMounted { .. })
    }
}

impl Explain for Error {
    fn code(&self) -> Code {
        match self {
            Self::Syntax { .. }
            | Self::NotUtf8 { .. }
            | Self::TooLarge { .. }
            | Self::Interpolate { .. } => Code::Syntax,
            Self::Read { .. } => Code::Unreadable,
            Self::SeveralProjects { .. } | Self::NoMatch { .. } | Self::NotMounted { .. } => {
                Code::NoMatch
            }
            Self::Env(error) => error.code(),
            Self::PortTaken { .. } | Self::NoPort { .. } | Self::Collision { .. } => {
                Code::Collision
            }
            Self::Malformed { .. } => Code::Usage,
            _ => Code::Unsafe,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::PortTaken { .. } | Self::NoPort { .. } | Self::SeveralProjects { .. } => {
                Kind::Refused
            }
            _ => Kind::Usage,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::SeveralProjects { folders, .. } => {
                let first = folders
                    .first()
                    .map_or("DIR".into(), |path| path.to_string_lossy());
                vec![
                    format!(
                        "in an install, say which one is run: `transship init --project-directory {first}`"
                    ),
                    "elsewhere, go there, or name the compose file".to_owned(),
                ]
            }
            Self::Unsafe { remedy, .. } => vec![remedy.clone()],
            Self::HeldInVariable { variable, part, .. } if part.ends_with("image") => vec![
                "pass `--tag-var` to change it where it lives".to_owned(),
                format!("or set `{variable}` in `.env`"),
            ],
            Self::HeldInVariable { variable, .. } => {
                vec![format!(
                    "set `{variable}` where it has its value, such as `.env`"
                )]
            }
            Self::Pinned { .. } => vec![
                "name the new digest too: `REPO=TAG@sha256:...`".to_owned(),
                "or leave out `--keep-digest` to drop the old one".to_owned(),
            ],
            Self::NoMatch { present, meant, .. } if present.is_empty() => {
                let none = "the file names no image".to_owned();
                meant.iter().cloned().chain([none]).collect()
            }
            Self::NoMatch {
                present,
                rule,
                meant,
                ..
            } => {
                let what = match rule.starts_with("service:") {
                    true => "services with an image of their own",
                    false => "repositories",
                };
                let all = format!("its {what} are: {}", present.join(", "));
                meant.iter().cloned().chain([all]).collect()
            }
            Self::NotMounted { present, .. } if !present.is_empty() => {
                vec![format!("what is mounted: {}", present.join(", "))]
            }
            Self::Collision { first, second, .. } => vec![format!(
                "name `{first}` or `{second}` by hand, or leave one out with `--only`"
            )],
            Self::Interpolate {
                source: InterpolateError::Missing { variable, .. },
                ..
            } => vec![format!("set `{variable}` in `.env` or in the environment")],
            Self::PortTaken {
                works: Some(works), ..
            }
            | Self::NoPort {
                works: Some(works), ..
            } => vec![format!(
                "`--port-offset {works}` works, and so does `--port-offset auto`"
            )],
            Self::PortTaken { .. } | Self::NoPort { .. } => {
                vec!["change the ports of one side by hand".to_owned()]
            }
            Self::TooLarge { .. } => {
                vec![
                    "is it a compose file? name the right one, or include the parts of it"
                        .to_owned(),
                ]
            }
            Self::Env(error) => error.hints(),
            _ => Vec::new(),
        }
    }
}
