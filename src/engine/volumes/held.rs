//! What was paused or stopped for a copy is written down before it is done, so that whoever
//! comes after a run that was killed finds it.
//!
//! Each run has a file of its own, made durable before the first call and removed when all goes on
//! again, in a folder of the machine's and not of an install's, since `volume copy` needs none:
//! `/var/lib/transship/held` for root, `transship/held` below `$XDG_STATE_HOME` (or
//! `~/.local/state`) for everybody else, or `held` below `$TRANSSHIP_STATE`. The file's name is
//! the process, so that it can be known whether that lives. Folder and files belong to root or to the
//! caller, and nobody else may write them.
//!
//! Begin at [`HeldRecord::all`].

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::quiesce::Quiesce;
use crate::clock;
use crate::document::{self, DocumentError, DocumentFormat};
use crate::engine::{Container, Docker, Error, ServerInfo};
use crate::error::{Code, Explain, Kind};
use crate::fs::{Disk, Maker, NamedProcess, TrustError, WriteError, require_own};

/// The format of a record.
pub const HELD_FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-held",
    version: 1,
    oldest: 1,
};

/// Why what is held can't be written down, or read.
#[derive(Debug, Error)]
pub enum HeldError {
    /// The caller has no folder for it.
    #[error("there is no folder for what a run leaves paused or stopped: HOME isn't set")]
    NoFolder,
    /// The folder can't be read or made.
    #[error("can't use `{}`, which says what a run leaves paused or stopped", path.display())]
    Folder {
        /// The folder, or a record in it.
        path: PathBuf,
        /// The error of the system call.
        source: io::Error,
    },
    /// The folder can't be made.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// Somebody else could have written it.
    #[error(transparent)]
    Trust(#[from] TrustError),
    /// The record is damaged, or can't be written.
    #[error(transparent)]
    Document(#[from] DocumentError),
    /// Another engine answers than the one whose containers are held.
    #[error("the engine that answers isn't `{wanted}`, whose containers are held")]
    OtherEngine {
        /// The engine's name and address.
        wanted: String,
    },
}

impl Explain for HeldError {
    fn code(&self) -> Code {
        match self {
            Self::Document(error) => error.code(),
            Self::Trust(error) => error.code(),
            Self::Write(error) => error.code(),
            Self::NoFolder { .. } => Code::Unwritable,
            Self::Folder { .. } => Code::Unreadable,
            Self::OtherEngine { .. } => Code::Held,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Document(error) => error.kind(),
            _ => Kind::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NoFolder | Self::Folder { .. } | Self::Write(_) => {
                vec!["another folder can be named with TRANSSHIP_STATE".into()]
            }
            Self::Trust(error) => error.hints(),
            Self::Document(error) => error.hints(),
            Self::OtherEngine { .. } => {
                vec!["let that one answer: see DOCKER_HOST and `docker context ls`".into()]
            }
        }
    }
}

/// What a run paused or stopped, as it is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldContainers {
    /// How long each has to end, in seconds; nothing where they are paused.
    pub stop_seconds: Option<u64>,
    /// The volume, or path, that is copied.
    pub volume: String,
    /// The containers, all of which may be held, or only the first ones.
    pub containers: Vec<HeldContainer>,
    /// Whose they are.
    pub engine: HeldEngine,
    /// The run's process id.
    pub process: i32,
    /// When the first of them was held.
    pub since: Timestamp,
}

/// A container that is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldContainer {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// The engine of containers that are held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldEngine {
    /// The engine's own id.
    pub id: String,
    /// The machine that it runs on, as the engine sees it.
    pub name: String,
    /// Its data root on that machine.
    pub root: PathBuf,
    /// Its address; empty where the program doesn't say.
    pub endpoint: String,
}

impl HeldContainers {
    /// By which way they are held.
    pub fn how(&self) -> Quiesce {
        self.stop_seconds.map_or(Quiesce::Pause, |seconds| {
            Quiesce::Stop(Duration::from_secs(seconds))
        })
    }

    /// Until when a container that was told to stop may run on, in case the run that told it was
    /// killed meanwhile.
    fn stopped_by(&self) -> Option<Timestamp> {
        let seconds = i64::try_from(self.stop_seconds?).unwrap_or(i64::MAX);
        let count = i64::try_from(self.containers.len()).unwrap_or(i64::MAX);
        let whole = SignedDuration::from_secs(seconds.saturating_mul(count).saturating_add(60));
        Some(self.since.saturating_add(whole).unwrap_or(Timestamp::MAX))
    }

    fn state(&self, container: &Container, now: Timestamp) -> HeldState {
        match (self.how(), container.paused, container.running) {
            (Quiesce::Pause, true, _) => HeldState::Paused,
            (Quiesce::Stop(_), _, false) => HeldState::Stopped,
            (Quiesce::Stop(_), _, true) if self.stopped_by().is_some_and(|by| now < by) => {
                HeldState::Stopping
            }
            _ => HeldState::Free,
        }
    }
}

/// What has become of a container that was held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeldState {
    /// It is paused still.
    Paused,
    /// It is stopped still.
    Stopped,
    /// It runs, and may have been told to stop.
    Stopping,
    /// It goes on.
    Free,
}

/// A container of a record that isn't known to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StillHeld {
    /// Which.
    pub container: HeldContainer,
    /// How it is now.
    pub state: HeldState,
}

/// What a run holds, or left held when it was killed.
#[derive(Debug)]
pub struct HeldRecord {
    path: PathBuf,
    /// What is known of the process that wrote it.
    pub maker: Maker,
    /// What is written in it.
    pub held: HeldContainers,
}

impl HeldRecord {
    /// All that is written down where this caller's runs write it; each by itself, since a damaged
    /// one hides no other.
    ///
    /// # Errors
    /// [`HeldError::Folder`], [`HeldError::Trust`].
    pub fn all() -> Result<Vec<Result<Self, HeldError>>, HeldError> {
        match folder() {
            Some(folder) => Self::all_in(&folder),
            None => Ok(Vec::new()),
        }
    }

    fn all_in(folder: &Path) -> Result<Vec<Result<Self, HeldError>>, HeldError> {
        match fs::symlink_metadata(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(at(folder)(error)),
            Ok(metadata) => require_own(folder, &metadata)?,
        }
        let listed = document::in_order(folder).map_err(at(folder))?;
        let records = listed.into_iter().map(Self::load);
        // One that is gone by now is nothing's.
        Ok(records.filter_map(Result::transpose).collect())
    }

    /// Nothing for a record that is gone.
    fn load(path: PathBuf) -> Result<Option<Self>, HeldError> {
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(at(&path)(error)),
            Ok(metadata) if !metadata.is_file() => return Err(TrustError::Kind { path }.into()),
            Ok(metadata) => require_own(&path, &metadata)?,
        }
        let held = match document::load(HELD_FORMAT, &path) {
            Err(DocumentError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                return Ok(None);
            }
            held => held?,
        };
        Ok(Some(Self {
            maker: maker(&path),
            path,
            held,
        }))
    }

    /// Writes down that these will be held, durably.
    pub(super) fn keep(
        disk: &Disk,
        server: ServerInfo,
        volume: &str,
        how: Quiesce,
        containers: Vec<HeldContainer>,
    ) -> Result<Self, HeldError> {
        let folder = folder().ok_or(HeldError::NoFolder)?;
        Self::keep_in(&folder, disk, server, volume, how, containers)
    }

    fn keep_in(
        folder: &Path,
        disk: &Disk,
        server: ServerInfo,
        volume: &str,
        how: Quiesce,
        containers: Vec<HeldContainer>,
    ) -> Result<Self, HeldError> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        disk.create_dirs(folder, 0o700)?;
        let metadata = fs::symlink_metadata(folder).map_err(at(folder))?;
        require_own(folder, &metadata)?;
        // What a killed run was writing.
        crate::tree::sweep(disk, folder).map_err(at(folder))?;
        let process = NamedProcess::this();
        let held = HeldContainers {
            stop_seconds: match how {
                Quiesce::Pause => None,
                Quiesce::Stop(patience) => Some(patience.as_secs()),
            },
            volume: volume.to_owned(),
            containers,
            engine: HeldEngine {
                id: server.id,
                name: server.name,
                root: server.root,
                endpoint: server.endpoint,
            },
            process: process.id(),
            since: clock::now(),
        };
        let count = COUNT.fetch_add(1, Relaxed);
        let path = folder.join(format!("{process}.{count}.json"));
        document::save(disk, HELD_FORMAT, &path, &held)?;
        Ok(Self {
            path,
            maker: Maker::Alive,
            held,
        })
    }

    /// What isn't known to go on.
    ///
    /// # Errors
    /// [`HeldError::OtherEngine`]; those of asking the engine.
    pub fn look(&self, docker: &Docker) -> Result<Vec<StillHeld>, Error> {
        let docker = self.reach(docker)?;
        self.look_by(&docker)
    }

    fn look_by(&self, docker: &Docker) -> Result<Vec<StillHeld>, Error> {
        let (all, now) = (Container::all(docker)?, clock::now());
        let still = |held: &HeldContainer| {
            let container = all.iter().find(|container| container.id == held.id)?;
            let state = self.held.state(container, now);
            (state != HeldState::Free).then(|| StillHeld {
                container: held.clone(),
                state,
            })
        };
        Ok(self.held.containers.iter().filter_map(still).collect())
    }

    /// Lets go on what is paused or stopped still, and forgets the record when nothing is left to
    /// be done. Gives the containers that go on now, and those that don't.
    ///
    /// # Errors
    /// Those of [`HeldRecord::look`]; [`HeldError::Folder`] where the record can't be removed.
    pub fn let_go(&self, docker: &Docker, disk: &Disk) -> Result<LetGo, Error> {
        let docker = self.reach(docker)?;
        let (how, before) = (self.held.how(), self.look_by(&docker)?);
        let (stopping, held): (Vec<_>, Vec<_>) = before
            .into_iter()
            .partition(|still| still.state == HeldState::Stopping);
        for still in &held {
            // Whether it goes on is looked at below.
            let _ = how.let_go(&docker, disk, &still.container.id);
        }
        let now = self.look_by(&docker)?;
        let (left, released): (Vec<_>, Vec<_>) =
            held.into_iter().partition(|still| now.contains(still));
        let released = released.into_iter().map(|still| still.container.name);
        let done = LetGo {
            released: released.collect(),
            left: [stopping, left].concat(),
        };
        if done.left.is_empty() {
            self.forget(disk)?;
        }
        Ok(done)
    }

    /// Removes the record: all goes on.
    pub(super) fn forget(&self, disk: &Disk) -> Result<(), HeldError> {
        match disk.remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(&self.path)(error)),
            _ => Ok(()),
        }
    }

    /// The program that reaches the engine whose containers these are: as it is, or by the address
    /// that is written down.
    fn reach(&self, docker: &Docker) -> Result<Docker, Error> {
        let HeldEngine {
            id,
            name,
            root,
            endpoint,
        } = &self.held.engine;
        let is_it =
            |server: &ServerInfo| (&server.id, &server.name, &server.root) == (id, name, root);
        let asked = docker.server();
        if asked.as_ref().is_ok_and(is_it) {
            return Ok(docker.clone());
        }
        if endpoint.is_empty() {
            asked?;
        } else {
            let there = docker.clone().at(endpoint);
            if is_it(&there.server()?) {
                return Ok(there);
            }
        }
        let wanted = format!("{name} {endpoint}").trim_end().to_owned();
        Err(HeldError::OtherEngine { wanted }.into())
    }
}

/// What came of letting containers go on.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct LetGo {
    /// The names of those that go on now.
    pub released: Vec<String>,
    /// Those that don't, or may have been told to stop.
    pub left: Vec<StillHeld>,
}

/// Who wrote the record of this name, `PROCESS.COUNT.json`.
fn maker(path: &Path) -> Maker {
    let name = path.file_name().and_then(|name| name.to_str());
    let process = name.and_then(|name| name.split_once('.')?.0.parse().ok());
    process.map_or(Maker::Unknown, NamedProcess::look)
}

/// Where the caller's runs write down what they hold; nothing where the caller has no home.
fn folder() -> Option<PathBuf> {
    let named = |name: &str| std::env::var_os(name).map(PathBuf::from);
    let absolute = |path: &PathBuf| path.is_absolute();
    if let Some(state) = named("TRANSSHIP_STATE").filter(absolute) {
        return Some(state.join("held"));
    }
    if rustix::process::geteuid().is_root() {
        return Some("/var/lib/transship/held".into());
    }
    let state = named("XDG_STATE_HOME").filter(absolute);
    let state = state.or_else(|| Some(named("HOME")?.join(".local/state")))?;
    Some(state.join("transship/held"))
}

fn at(path: &Path) -> impl Fn(io::Error) -> HeldError {
    let path = path.to_owned();
    move |source| HeldError::Folder {
        path: path.clone(),
        source,
    }
}

#[cfg(test)]
mod tests;
