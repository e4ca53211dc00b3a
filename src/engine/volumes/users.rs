//! Who uses a volume, with three answers: these do, nobody does, or it can't be known.
//!
//! Absence proves nothing where nobody could be asked: an engine that doesn't answer may run
//! a database on the very folder. So [`Users`] says beside what was found whether that is all,
//! and [`require_idle`](crate::engine::require_idle) refuses where it may not be.

use std::path::Path;

use crate::engine::projects::containers::containers_using;
use crate::engine::projects::processes::{is_of_container, processes_using};
use crate::engine::{Docker, Error, User, Volume};

/// The sockets of a Docker engine that is there although no program was found to ask it.
const SOCKETS: &[&str] = &["/run/docker.sock", "/var/run/docker.sock"];

/// Who uses a volume, as far as that can be known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Users {
    /// The containers and processes that were found.
    pub found: Vec<User>,
    /// Why there may be others; nothing where these are all.
    pub unknown: Option<String>,
}

impl Users {
    /// These, and nobody else.
    pub fn known(found: Vec<User>) -> Self {
        Self {
            found,
            unknown: None,
        }
    }

    /// The same without those that may not be writing now.
    #[must_use]
    pub fn writing(mut self) -> Self {
        self.found.retain(User::is_writing);
        self
    }

    /// Refuses where there are some, or may be.
    ///
    /// # Errors
    /// [`Error::InUse`], [`Error::UsersUnknown`].
    pub fn require_none(self, name: &str) -> Result<(), Error> {
        let name = name.to_owned();
        match (self.found.is_empty(), self.unknown) {
            (false, _) => Err(Error::InUse {
                name,
                users: self.found,
            }),
            (true, Some(why)) => Err(Error::UsersUnknown { name, why }),
            (true, None) => Ok(()),
        }
    }
}

/// Refuses where somebody writes to the volume, or would once it is started again. Those who
/// only read don't count: a monitor that sees all of the machine is in nobody's way.
pub(crate) fn refuse_writers(volume: &Volume, mut users: Users) -> Result<(), Error> {
    users.found.retain(|user| user.writes);
    users.require_none(&volume.name)
}

/// How the users of folders of this machine are found out: its engine is asked for containers,
/// and `/proc` for processes.
#[derive(Debug, Clone)]
pub struct FolderUsers {
    docker: Option<Docker>,
    /// Why there is no program to ask.
    no_docker: Option<String>,
    is_stopped: bool,
}

impl FolderUsers {
    /// `docker` is the program that reaches the engine, or why there is none.
    pub fn new(docker: Result<Docker, Error>) -> Self {
        let (docker, no_docker) = match docker {
            Ok(docker) => (Some(docker), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Self {
            docker,
            no_docker,
            is_stopped: false,
        }
    }

    /// Nobody is asked: for tests.
    pub(crate) fn nobody() -> Self {
        Self {
            docker: None,
            no_docker: None,
            is_stopped: true,
        }
    }

    /// The same, with somebody's word that what can't be found isn't there.
    #[must_use]
    pub fn assume_stopped(mut self, assumed: bool) -> Self {
        self.is_stopped = assumed;
        self
    }

    /// The program that reaches the engine, where there is one.
    pub fn docker(&self) -> Option<&Docker> {
        self.docker.as_ref()
    }

    /// Who uses the folder `path`, or one above or below it.
    ///
    /// All is known where the engine of this machine answers, and as root where there is no
    /// engine at all: then `/proc` shows every process, what it has open, and what is mounted
    /// where it lives.
    ///
    /// # Errors
    /// [`Error::Call`] and [`Error::Answer`] for an engine that answers and then fails.
    pub fn of(&self, path: &Path) -> Result<Users, Error> {
        let mut users = Users::known(processes_using(path));
        users.unknown = match &self.docker {
            None => self.without_engine(),
            Some(docker) => with_containers(docker, path, &mut users.found)?,
        };
        if self.is_stopped {
            users.unknown = None;
        }
        Ok(users)
    }

    /// What can't be known where there is no program that would reach an engine.
    fn without_engine(&self) -> Option<String> {
        let why = self.no_docker.as_deref().unwrap_or("no Docker program");
        let is_there = |path: &&str| Path::new(path).exists();
        if let Some(socket) = SOCKETS.iter().find(|path| is_there(path)) {
            return Some(format!("{why}, and there is an engine at `{socket}`"));
        }
        if std::env::var_os("DOCKER_HOST").is_some() {
            return Some(format!("{why}, and DOCKER_HOST names an engine"));
        }
        if !rustix::process::geteuid().is_root() {
            return Some(format!("{why}, and only root sees everybody's processes"));
        }
        (!Path::new("/proc/self/mountinfo").exists())
            .then(|| format!("{why}, and there is no `/proc`"))
    }
}

/// Adds the containers that use the folder, and takes out their processes. Gives why there may be
/// others, if so.
fn with_containers(
    docker: &Docker,
    path: &Path,
    found: &mut Vec<User>,
) -> Result<Option<String>, Error> {
    let server = match docker.server() {
        Ok(server) => server,
        Err(error @ Error::NoEngine { .. }) => return Ok(Some(error.to_string())),
        Err(error) => return Err(error),
    };
    if let Some(place) = server.elsewhere() {
        let why = format!("the Docker engine that answers is {place}, and not this machine's");
        return Ok(Some(why));
    }
    let containers = match containers_using(docker, path) {
        Ok(containers) => containers,
        Err(error) => {
            return match docker.ask() {
                Err(gone @ Error::NoEngine { .. }) => Ok(Some(gone.to_string())),
                _ => Err(error),
            };
        }
    };
    let is_known = |user: &User| containers.iter().any(|one| is_of_container(user, &one.id));
    found.retain(|user| !is_known(user));
    found.extend(containers);
    Ok(None)
}
