//! Why something could not be asked of Docker, or of a place where volumes live.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::helper::HelperError;
use super::program;
use super::projects::unstarted::UnstartedContainer;
use super::volumes::held::HeldError;
use super::volumes::user::User;
use crate::error::{Code, Explain, Kind};
use crate::tree;

/// Every error of [`engine`](super).
#[derive(Debug, Error)]
pub enum Error {
    /// There is no `docker` program.
    #[error("no Docker program")]
    NoProgram(#[source] program::Error),
    /// The program is there, and no engine answers it.
    #[error("no Docker engine answers{}", colon(said))]
    NoEngine {
        /// What the program had to say, in its words; may be empty.
        said: String,
    },
    /// A call of a program failed.
    #[error("can't {what}")]
    Call {
        /// What was wanted: `list the containers`.
        what: String,
        /// How it failed.
        source: program::Error,
    },
    /// A call seemed to do well and its answer makes no sense.
    #[error("can't {what}: `{command}` gave an answer that can't be understood")]
    Answer {
        /// What was wanted.
        what: String,
        /// The call.
        command: String,
        /// What is wrong with the answer.
        source: serde_json::Error,
    },
    /// What an answer says can't be.
    #[error("can't {what}: `{command}` {said}")]
    BadReply {
        /// What was wanted.
        what: String,
        /// The call.
        command: String,
        /// What is wrong with it: `answered about another volume`.
        said: String,
    },
    /// Not a name that Docker would take.
    #[error("`{name}` is no name for a volume")]
    Name {
        /// As given.
        name: String,
    },
    /// No volume of this name.
    #[error("there is no volume `{name}` in {place}")]
    Missing {
        /// The volume.
        name: String,
        /// [`VolumeStore::describe`](super::VolumeStore::describe).
        place: String,
    },
    /// A volume that should be new is there already.
    #[error("volume `{name}` is there already, in {place}")]
    Exists {
        /// The volume.
        name: String,
        /// [`VolumeStore::describe`](super::VolumeStore::describe).
        place: String,
    },
    /// Work in a helper container failed.
    #[error("can't {what} in a helper container")]
    Helper {
        /// What was wanted: copy which volume to which.
        what: String,
        /// The container that couldn't be removed.
        left: Option<String>,
        /// What went wrong.
        source: Box<HelperError>,
    },
    /// Work on a volume's contents failed.
    #[error(transparent)]
    Tree(#[from] tree::Error),
    /// The engine said that it had made the volume, and there is none.
    #[error("volume `{name}` isn't there after it was created")]
    NotMade {
        /// The volume.
        name: String,
    },
    /// The volume is there, and not as it was asked for.
    #[error("volume `{name}` was created with other {what} than asked for")]
    MadeOtherwise {
        /// The volume.
        name: String,
        /// `labels`, `options` or `driver`.
        what: &'static str,
    },
    /// The volume should be gone and isn't.
    #[error("volume `{name}` is still there after it was removed")]
    NotGone {
        /// The volume.
        name: String,
    },
    /// Somebody uses the volume.
    #[error("volume `{name}` is in use by {}", names(users))]
    InUse {
        /// The volume.
        name: String,
        /// By whom.
        users: Vec<User>,
    },
    /// Nobody can say whether somebody uses the volume.
    #[error("whether anything uses `{name}` can't be known: {why}")]
    UsersUnknown {
        /// The volume, or a path.
        name: String,
        /// Who couldn't be asked.
        why: String,
    },
    /// The target of a copy holds something.
    #[error("volume `{name}` is not empty")]
    NotEmpty {
        /// The volume.
        name: String,
    },
    /// A volume is to be made, and nobody said whose it is.
    #[error("the new volume `{name}` has to belong to a compose project")]
    NoOwner {
        /// The volume.
        name: String,
    },
    /// A copy failed, and so did letting containers go on that had been kept from writing.
    #[error(transparent)]
    LeftQuiesced(Box<Error>),
    /// A container goes on writing although it was told not to.
    #[error("container `{container}` goes on after `docker {verb}`")]
    NotHeld {
        /// The container's name.
        container: String,
        /// `pause` or `stop`.
        verb: &'static str,
    },
    /// A container to be held is held by somebody else.
    #[error("container `{container}` is paused already, and may be let go on at any time")]
    PausedAlready {
        /// The container's name.
        container: String,
    },
    /// What is paused or stopped can't be written down, or what was written can't be read.
    #[error(transparent)]
    Held(#[from] HeldError),
    /// Containers that were held don't go on.
    #[error("{} didn't go on after `docker {verb}`", ticked(containers))]
    NotReleased {
        /// The containers' names.
        containers: Vec<String>,
        /// `unpause` or `start`.
        verb: &'static str,
    },
    /// There is neither `docker compose` nor `docker-compose`.
    #[error("no Docker Compose")]
    NoCompose(#[source] program::Error),
    /// This Compose is of the first generation and can't do it.
    #[error("Docker Compose {version} has no {what}")]
    TooOld {
        /// The version found.
        version: String,
        /// What was wanted: `up --pull never`.
        what: &'static str,
    },
    /// Not a name that Compose would take.
    #[error("`{name}` is no name for a compose project")]
    Project {
        /// As given.
        name: String,
    },
    /// Containers go on running after they were stopped.
    #[error(
        "still running after project `{project}` was stopped: {}",
        ticked(containers)
    )]
    StillRunning {
        /// The project.
        project: String,
        /// The containers' names.
        containers: Vec<String>,
    },
    /// Some of a project's containers didn't come up.
    #[error("project `{project}` didn't come up: {}", joined(failures))]
    NotUp {
        /// The project.
        project: String,
        /// Which containers, how, and what they said last.
        failures: Vec<UnstartedContainer>,
    },
    /// Compose failed when it had started some of a project's containers.
    #[error("project `{project}` was started in part{}", those_not_up(failures))]
    UpFailed {
        /// The project.
        project: String,
        /// Which containers aren't up, how, and what they said last.
        failures: Vec<UnstartedContainer>,
        /// What Compose said.
        source: program::Error,
    },
    /// An image can't be kept from being removed.
    #[error("image `{image}` isn't held by `{tag}`")]
    NotHeldImage {
        /// The image's id.
        image: String,
        /// The tag that should hold it.
        tag: String,
    },
    /// The engine said that it had pulled the image, and there is none.
    #[error("image `{image}` isn't there after it was pulled")]
    NotPulled {
        /// The image's reference.
        image: String,
    },
    /// The user wants to stop.
    #[error("interrupted while pulling image `{image}`")]
    PullInterrupted {
        /// The image's reference.
        image: String,
    },
    /// A container that is to be started again is gone, or something that it needs is.
    #[error("container `{container}` can't be started as it is: {why}")]
    NotStartable {
        /// The name that the container had.
        container: String,
        /// What is missing: `it is gone`.
        why: String,
    },
    /// The user wants to stop.
    #[error("interrupted while waiting for project `{project}`")]
    Interrupted {
        /// The project.
        project: String,
    },
    /// A folder is no folder, or a symlink.
    #[error("`{}` is not a folder", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// A folder can't be read or changed.
    #[error("can't {what} `{}`", path.display())]
    Folder {
        /// `list`, `create`, `remove`.
        what: &'static str,
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Explain for Error {
    fn code(&self) -> Code {
        match self {
            Self::NoProgram { .. } | Self::NoCompose { .. } | Self::TooOld { .. } => {
                Code::NoProgram
            }
            Self::NoEngine { .. } => Code::NoEngine,
            Self::Name { .. } | Self::Project { .. } | Self::NoOwner { .. } => Code::Usage,
            Self::Missing { .. } => Code::NotFound,
            Self::Exists { .. } | Self::NotEmpty { .. } => Code::Exists,
            Self::Helper { source, .. } => source.code(),
            Self::Tree(error) => error.code(),
            Self::Held(error) => error.code(),
            Self::InUse { .. } => Code::InUse,
            Self::UsersUnknown { .. } => Code::UseUnknown,
            Self::LeftQuiesced { .. }
            | Self::NotHeld { .. }
            | Self::PausedAlready { .. }
            | Self::NotReleased { .. } => Code::Held,
            Self::NotUp { .. } => Code::NotWell,
            Self::NotHeldImage { .. } | Self::NotPulled { .. } => Code::NoImage,
            Self::Interrupted { .. } | Self::PullInterrupted { .. } => Code::Interrupted,
            Self::NotAFolder { .. } | Self::Folder { .. } => Code::Unreadable,
            _ => Code::EngineFailed,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::NoProgram(source) => source.kind(),
            Self::Name { .. } | Self::Project { .. } | Self::NoOwner { .. } => Kind::Usage,
            Self::NotMade { .. }
            | Self::MadeOtherwise { .. }
            | Self::NotGone { .. }
            | Self::StillRunning { .. }
            | Self::NotReleased { .. }
            | Self::LeftQuiesced(_)
            | Self::UpFailed { .. }
            | Self::NotUp { .. } => Kind::Failed,
            Self::Interrupted { .. } | Self::PullInterrupted { .. } => Kind::Interrupted,
            Self::Helper { source, .. } => source.kind(),
            Self::Held(error) => error.kind(),
            Self::Tree(error) => error.kind(),
            _ => Kind::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoProgram(source) | Self::Call { source, .. } => source.hints(),
            Self::Tree(error) => error.hints(),
            Self::Held(error) => error.hints(),
            Self::LeftQuiesced(first) => first.hints(),
            Self::NotUp { project, .. } | Self::UpFailed { project, .. } => vec![
                format!("see `docker compose -p {project} logs`, then start it again"),
                format!("or stop what runs of it: `docker compose -p {project} stop`"),
            ],
            Self::InUse { users, .. } => stop_hints(users),
            Self::Helper { source, left, .. } => {
                let left = left.iter().map(|name| {
                    format!("a container was left; remove it with `docker rm --force {name}`")
                });
                source.hints().into_iter().chain(left).collect()
            }
            _ => self
                .own_hints()
                .iter()
                .map(|&hint| hint.to_owned())
                .collect(),
        }
    }
}

impl Error {
    fn own_hints(&self) -> &'static [&'static str] {
        match self {
            Self::NoEngine { .. } => &[
                "start the engine, or look at DOCKER_HOST and `docker context ls`",
                "volumes that are plain folders need no engine: `--volumes DIR`",
            ],
            Self::Answer { .. } | Self::BadReply { .. } => {
                &["run the command by hand; it should print JSON"]
            }
            Self::Missing { .. } => &["`transship volume ls --all` lists those that are there"],
            Self::Name { .. } => &[
                "a volume's name begins with a letter or digit and goes on with letters, \
                 digits, `_`, `.` and `-`; it has at least two characters",
            ],
            Self::UsersUnknown { .. } => &[
                "let the engine of this machine answer: see DOCKER_HOST and `docker context ls`",
                "where nothing uses it, say so with `--assume-stopped`",
            ],
            Self::NotEmpty { .. } => {
                &["bring it up to date with `--update`, which removes what SOURCE hasn't"]
            }
            Self::NoOwner { .. } => {
                &["name it with `-p NAME`, or Compose won't take the volume for its own"]
            }
            Self::NoCompose(_) | Self::TooOld { .. } => {
                &["install Docker Compose v2, the plugin behind `docker compose`"]
            }
            Self::Project { .. } => &[
                "a project's name begins with a small letter or digit and goes on with those, \
                 `_` and `-`",
            ],
            Self::PausedAlready { .. } => &[
                "where a run was killed that had paused it: `transship volume unpause`",
                "else see who paused it, and `docker unpause` it",
            ],
            Self::NotReleased { .. } => &["try again with `transship volume unpause`"],
            Self::StillRunning { .. } => {
                &["a restart policy may have started them again; see `docker ps`"]
            }
            _ => &[],
        }
    }
}

fn colon(said: &str) -> String {
    if said.is_empty() {
        String::new()
    } else {
        format!(": {said}")
    }
}

/// How to stop those who use a volume, one sentence each.
pub(crate) fn stop_hints(users: &[User]) -> Vec<String> {
    let mut hints: Vec<String> = users
        .iter()
        .map(|user| match &user.project {
            Some(project) => format!("stop it with `docker compose -p {project} stop`"),
            None => format!("stop {} first", user.who),
        })
        .collect();
    hints.sort();
    hints.dedup();
    hints
}

fn names(users: &[User]) -> String {
    let names: Vec<&str> = users.iter().map(|user| user.who.as_str()).collect();
    names.join(", ")
}

/// `a`, `b`: names in a message.
pub(super) fn ticked<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    let names: Vec<_> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

fn those_not_up(failures: &[UnstartedContainer]) -> String {
    match failures {
        [] => String::new(),
        failures => format!(", and this isn't up: {}", joined(failures)),
    }
}

fn joined(failures: &[UnstartedContainer]) -> String {
    if failures.is_empty() {
        return "it has no containers".to_owned();
    }
    let all: Vec<String> = failures.iter().map(UnstartedContainer::to_string).collect();
    all.join("; ")
}
