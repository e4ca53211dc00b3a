//! Which place an install's volumes live in, and how it is opened.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::engine::{Docker, DockerVolumes, Error, FolderUsers, FolderVolumes, VolumeStore};

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
