//! What a volume is, who uses it, and what a place where volumes live can do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::engine::{
    Contents, Docker, DockerVolumes, Error, FolderUsers, FolderVolumes, ServerInfo, Users,
};
use crate::fs::Disk;

/// A volume that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volume {
    /// Its real name, prefix and all: `v1_3_2_postgres_data`.
    pub name: String,
    /// The absolute path of the folder that holds its contents.
    pub path: PathBuf,
    /// The driver that keeps it: `local`, or `folder` for a plain folder.
    pub driver: String,
    /// The driver's options, empty for an ordinary volume.
    pub options: BTreeMap<String, String>,
    /// Its labels; a plain folder has none.
    pub labels: BTreeMap<String, String>,
    /// When it was made, as its engine says; nothing for a plain folder. Engines before 23 tell
    /// the time of the last change of its folder.
    pub created: Option<String>,
}

impl Volume {
    /// Whether both are described alike, whatever is said of when they were made.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        let timeless = |volume: &Self| Self {
            created: None,
            ..volume.clone()
        };
        timeless(self) == timeless(other)
    }
}

/// A volume to be made: enough for Docker Compose to take it for its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVolume {
    /// The real name.
    pub name: String,
    /// The compose project that it will belong to.
    pub project: String,
    /// The volume's key in the compose file: `postgres_data`.
    pub key: String,
    /// The run that makes it, where one does; an engine has that in labels.
    pub made_by: Option<MadeBy>,
}

/// The label with the id of the install whose run made a volume.
pub const LABEL_INSTALL: &str = "io.transship.install";

/// The label with the run that made a volume.
pub const LABEL_RUN: &str = "io.transship.run";

/// The run of an install that makes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeBy {
    /// The install's id.
    pub install: String,
    /// The run's name.
    pub run: String,
}

/// A container or process that uses a volume, or a folder above or below its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The container's name, or the process's: `postgres (process 4711)`.
    pub who: String,
    /// The container's id or the process's number.
    pub id: String,
    /// The compose project, where the container belongs to one.
    pub project: Option<String>,
    /// The compose service, where the container belongs to one.
    pub service: Option<String>,
    /// False for a container that is stopped and could be started again.
    pub running: bool,
    /// False where it has the volume mounted read-only; true for processes, of which
    /// that isn't known.
    pub writes: bool,
    /// True for a process that belongs to no container that is known of.
    pub is_process: bool,
    /// The path that it uses, on the host: a bind mount's source, a process's open file.
    pub path: Option<PathBuf>,
}

impl User {
    /// Whether it may be writing now, so that a copy could be neither one state nor another.
    pub const fn is_writing(&self) -> bool {
        self.running && self.writes
    }
}

/// Where an install's volumes live, as a plan remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum VolumeBackend {
    /// Each volume is a folder of its name, below one folder of this machine.
    Dir {
        /// The folder, absolute.
        path: PathBuf,
    },
    /// In a Docker engine on this machine.
    Local,
}

/// How an engine is reached, and what is believed where it can't be.
#[derive(Debug)]
pub struct EngineAccess {
    /// The program, or why there is none.
    pub docker: Result<Docker, Error>,
    /// A static transship for volumes out of this process's reach, where one was named.
    pub helper: Option<PathBuf>,
    /// Take for unused what nobody can be asked about.
    pub assume_stopped: bool,
}

impl EngineAccess {
    /// Who uses folders of this machine.
    pub fn folder_users(self) -> FolderUsers {
        FolderUsers::new(self.docker).assume_stopped(self.assume_stopped)
    }
}

impl VolumeBackend {
    /// The store there, reached as `access` says. Without a program to ask, folders can still be
    /// copied, but it may be unknown who uses them.
    ///
    /// # Errors
    /// Where the volumes are an engine's: that `docker` is none, or [`Error::NoEngine`].
    pub fn open(&self, access: EngineAccess) -> Result<Box<dyn VolumeStore>, Error> {
        match self {
            Self::Dir { path } => Ok(Box::new(FolderVolumes::new(path, access.folder_users()))),
            Self::Local => {
                let store = access.docker.and_then(DockerVolumes::connect)?;
                Ok(Box::new(store.with_helper(access.helper)))
            }
        }
    }
}

/// A place where volumes live.
pub trait VolumeStore: Send + Sync {
    /// The place, for messages: "folders below `/srv/x/volumes`", "the local Docker
    /// engine 28.2.2".
    fn describe(&self) -> String;

    /// What can be done with the contents of its volumes.
    fn contents(&self) -> &dyn Contents;

    /// The folder that holds the volumes' folders: where space must be free for a new one.
    ///
    /// # Errors
    /// Those of asking for it.
    fn folder(&self) -> Result<PathBuf, Error>;

    /// All volumes of the store, sorted by name.
    ///
    /// # Errors
    /// Those of asking for them.
    fn list(&self) -> Result<Vec<Volume>, Error>;

    /// The volume of this name, if there is one.
    ///
    /// # Errors
    /// Among others: a name that could be no volume's.
    fn find(&self, name: &str) -> Result<Option<Volume>, Error>;

    /// The volume of this name, which has to be there.
    ///
    /// # Errors
    /// [`Error::Missing`], and those of [`VolumeStore::find`].
    fn existing(&self, name: &str) -> Result<Volume, Error> {
        self.find(name)?.ok_or_else(|| Error::Missing {
            name: name.to_owned(),
            place: self.describe(),
        })
    }

    /// Makes an empty volume, with the labels of its own project and key.
    ///
    /// # Errors
    /// Among others [`Error::Exists`]: a volume that is there is never taken over.
    fn create(&self, disk: &Disk, volume: &NewVolume) -> Result<Volume, Error>;

    /// Removes a volume and its contents.
    ///
    /// # Errors
    /// Among others [`Error::Missing`], and [`Error::InUse`] while anything uses it.
    fn remove(&self, disk: &Disk, name: &str) -> Result<(), Error>;

    /// Who uses the volume: containers of any project, running or stopped, that mount it,
    /// its folder, or a folder above or below, and, for plain folders, processes; and whether
    /// these are all.
    ///
    /// # Errors
    /// Where it can't be found out: [`Error::Call`], [`Error::Answer`].
    fn users(&self, volume: &Volume) -> Result<Users, Error>;

    /// The program that reaches the place's engine, where there is one.
    fn docker(&self) -> Option<&Docker> {
        None
    }

    /// What the engine says that it is, where the volumes are an engine's.
    fn server(&self) -> Option<&ServerInfo> {
        None
    }

    /// True where volumes have labels, by which Compose knows its own: a new one then has to
    /// belong to a project.
    fn has_labels(&self) -> bool {
        self.server().is_some()
    }

    /// Where this process reaches the contents of the volume of this name, or would; nothing
    /// where it can't.
    fn path_of(&self, name: &str) -> Option<PathBuf>;

    /// The command that does what [`VolumeStore::create`] does, for people to read.
    fn create_command(&self, volume: &NewVolume) -> String;
}

/// Checks that `name` is one that Docker takes: `[a-zA-Z0-9][a-zA-Z0-9_.-]+` (moby,
/// `volume/local`). Such a name is a single component of a path and never `.` or `..`.
///
/// # Errors
/// [`Error::Name`] for any other.
pub fn check_name(name: &str) -> Result<(), Error> {
    let rest_is_fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let fine = name.len() >= 2
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(rest_is_fine);
    if fine {
        return Ok(());
    }
    Err(Error::Name {
        name: name.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::check_name;

    #[test]
    fn a_name_is_what_docker_takes() {
        for name in ["v1_3_2_postgres_data", "a1", "9.data-x", "A_"] {
            assert!(check_name(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_name_is_one_harmless_component_of_a_path() {
        for name in [
            "", "a", ".", "..", "../x", "a/b", "/etc", "_x", "-v", ".x", "a b", "é1", "a\0", "a\n",
        ] {
            assert!(check_name(name).is_err(), "{name:?}");
        }
    }
}
