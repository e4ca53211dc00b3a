//! Why a release can't be brought up.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::compose::{self, Conflict};
use crate::document::DocumentError;
use crate::engine;
use crate::env_file;
use crate::error::{Code, Explain, Kind};
use crate::fs::WriteError;

/// Every error of [`launch`](super).
#[derive(Debug, Error)]
pub enum LaunchError {
    /// The release has no compose file.
    #[error("there is no compose file in `{}`", folder.display())]
    NoFiles {
        /// The release's folder.
        folder: PathBuf,
    },
    /// A file can't be read.
    #[error("can't read `{}`", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The operating system's error, the cause.
        source: io::Error,
    },
    /// The compose files can't be read as such, or not edited.
    #[error(transparent)]
    Compose(#[from] compose::Error),
    /// `.env` can't be read as such.
    #[error(transparent)]
    Env(#[from] env_file::Error),
    /// The engine can't be asked, or doesn't do as it is told.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// A copy can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It can't be known whether the install is a rehearsal's clone.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Something collides with what the engine has.
    #[error("it would collide with what the engine has: {}", subjects(left))]
    Conflicts {
        /// What no edit has parted.
        left: Vec<Conflict>,
        /// Why not, where an edit was tried.
        refusals: Vec<compose::Error>,
    },
    /// The edits make two things of the release one.
    #[error(
        "`{}` and `{}` would both have the {} `{}`",
        conflict.first.owner, conflict.second.owner, conflict.rule, conflict.subject
    )]
    Made {
        /// What would collide within the project.
        conflict: Box<Conflict>,
    },
    /// A variable that should get another value is set where no file can win.
    #[error("`{name}` is set in the environment, which wins over every file")]
    Exported {
        /// The variable.
        name: String,
    },
    /// Images are missing and may not be pulled.
    #[error("the engine lacks {}", ticked(images))]
    NoImages {
        /// The references of the images that are missing.
        images: Vec<String>,
    },
}

impl Explain for LaunchError {
    fn code(&self) -> Code {
        match self {
            Self::Compose(error) => error.code(),
            Self::Env(error) => error.code(),
            Self::Document(error) => error.code(),
            Self::Engine(error) => error.code(),
            Self::Write(error) => error.code(),
            Self::Conflicts { .. } | Self::Exported { .. } => Code::Collision,
            Self::Made { .. } => Code::Exists,
            Self::NoImages { .. } => Code::NoImage,
            Self::NoFiles { .. } => Code::IncompleteRelease,
            Self::Read { .. } => Code::Unreadable,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Compose(error) => error.kind(),
            Self::Env(error) => error.kind(),
            Self::Engine(error) => error.kind(),
            Self::Write(error) => error.kind(),
            Self::Document(error) => error.kind(),
            Self::Conflicts { .. } | Self::Made { .. } | Self::NoImages { .. } => Kind::Refused,
            Self::NoFiles { .. } | Self::Read { .. } | Self::Exported { .. } => Kind::Usage,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Compose(error) => error.hints(),
            Self::Env(error) => error.hints(),
            Self::Engine(error) => error.hints(),
            Self::Write(error) => error.hints(),
            Self::Document(error) => error.hints(),
            Self::Conflicts { left, refusals } => refusals
                .iter()
                .map(ToString::to_string)
                .chain(left.iter().map(remedy))
                .collect(),
            Self::Made { .. } => {
                vec!["choose another `--port-offset`, `--suffix` or `--prefix`".into()]
            }
            Self::Exported { name } => vec![format!("`unset {name}` first")],
            Self::NoImages { .. } => {
                vec!["load them with `transship image load`, or let them be pulled".into()]
            }
            Self::NoFiles { .. } | Self::Read { .. } => Vec::new(),
        }
    }
}

fn remedy(conflict: &Conflict) -> String {
    use compose::ConflictRule as Rule;
    let move_on = match conflict.rule {
        Rule::ProjectName => "name another project with `-p`",
        Rule::HostPort => "move its ports with `--port-offset N`",
        Rule::SharedBind => {
            "mount a copy (`transship volume rebase`), or `--accept shared-bind` where both may \
             write there"
        }
        _ => &conflict.remedy,
    };
    let holder = &conflict.first;
    let whose = match &holder.project {
        Some(project) if *project == holder.owner => format!("project `{project}`"),
        Some(project) => format!("`{}` of project `{project}`", holder.owner),
        None => format!("`{}`", holder.owner),
    };
    let at = conflict.second.at.as_ref();
    let at = at.map(|at| format!("{at}: ")).unwrap_or_default();
    let Conflict { rule, subject, .. } = conflict;
    format!("{at}{rule} {subject} is {whose}'s: {move_on}")
}

fn subjects(conflicts: &[Conflict]) -> String {
    let subject = |conflict: &Conflict| format!("{} `{}`", conflict.rule, conflict.subject);
    let all: Vec<_> = conflicts.iter().map(subject).collect();
    all.join(", ")
}

fn ticked(names: &[String]) -> String {
    let names: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
