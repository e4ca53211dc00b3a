//! Volumes that are plain folders below a path, for installs whose compose files mount
//! folders, for tests, and for a look at how things work with no Docker engine at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::engine::projects::containers::containers_using;
use crate::engine::projects::processes::processes_using;
use crate::engine::{
    ByPath, Contents, Docker, Error, NewVolume, User, Volume, VolumeStore, check_name,
};
use crate::fs::Disk;
use crate::tree;

/// Folders below a path; each is a volume.
#[derive(Debug)]
pub struct FolderVolumes {
    root: PathBuf,
    docker: Option<Docker>,
}

impl FolderVolumes {
    /// The folders below `root`. Where `docker` is given and an engine answers, its
    /// containers are looked at too when it is asked who uses a folder.
    pub fn new(root: &Path, docker: Option<Docker>) -> Self {
        Self {
            root: root.to_owned(),
            docker,
        }
    }

    fn volume(&self, name: &str) -> Volume {
        Volume {
            name: name.to_owned(),
            path: self.root.join(name),
            driver: "folder".to_owned(),
            options: std::collections::BTreeMap::new(),
            labels: std::collections::BTreeMap::new(),
        }
    }

    fn exists(&self, volume: &NewVolume) -> Error {
        Error::Exists {
            name: volume.name.clone(),
            place: self.describe(),
        }
    }
}

impl VolumeStore for FolderVolumes {
    fn describe(&self) -> String {
        format!("folders below `{}`", self.root.display())
    }

    fn contents(&self) -> &dyn Contents {
        &ByPath
    }

    fn folder(&self) -> Result<PathBuf, Error> {
        Ok(self.root.clone())
    }

    fn list(&self) -> Result<Vec<Volume>, Error> {
        let listed = fs::read_dir(&self.root).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = listed.map_err(folder_error("list", &self.root))?;
        let is_dir = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
        let names = entries.iter().filter(|entry| is_dir(entry));
        let mut names: Vec<String> = names
            .filter_map(|entry| entry.file_name().into_string().ok())
            .filter(|name| check_name(name).is_ok())
            .collect();
        names.sort();
        Ok(names.iter().map(|name| self.volume(name)).collect())
    }

    fn find(&self, name: &str) -> Result<Option<Volume>, Error> {
        check_name(name)?;
        let volume = self.volume(name);
        match fs::symlink_metadata(&volume.path) {
            Ok(stat) if stat.is_dir() => Ok(Some(volume)),
            // A symlink could lead anywhere, so it is no volume either.
            Ok(_) => Err(Error::NotAFolder { path: volume.path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(folder_error("look at", &volume.path)(error)),
        }
    }

    fn create(&self, disk: &Disk, volume: &NewVolume) -> Result<Volume, Error> {
        if self.find(&volume.name)?.is_some() {
            return Err(self.exists(volume));
        }
        let made = self.volume(&volume.name);
        match disk.create_dir(&made.path, 0o755) {
            Ok(()) => Ok(made),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(self.exists(volume)),
            Err(error) => Err(folder_error("create", &made.path)(error)),
        }
    }

    fn remove(&self, disk: &Disk, name: &str) -> Result<(), Error> {
        let volume = self.existing(name)?;
        refuse_writers(&volume, self.users(&volume)?)?;
        tree::remove(disk, &volume.path).map_err(folder_error("remove", &volume.path))
    }

    fn users(&self, volume: &Volume) -> Result<Vec<User>, Error> {
        let mut users = processes_using(&volume.path);
        if let Some(docker) = &self.docker {
            match docker.server() {
                Ok(_) => users.extend(containers_using(docker, &volume.path)?),
                // No engine, no containers: processes are all there is.
                Err(Error::NoEngine { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(users)
    }

    fn docker(&self) -> Option<&Docker> {
        self.docker.as_ref()
    }

    fn path_of(&self, name: &str) -> Option<PathBuf> {
        Some(self.root.join(name))
    }

    fn create_command(&self, volume: &NewVolume) -> String {
        let path = self.root.join(&volume.name);
        format!(
            "mkdir {}",
            crate::engine::program::quoted([&*path.to_string_lossy()])
        )
    }
}

/// Refuses where somebody writes to the volume, or would once it is started again. Those who
/// only read don't count: a monitor that sees all of the machine is in nobody's way.
pub(crate) fn refuse_writers(volume: &Volume, users: Vec<User>) -> Result<(), Error> {
    let users: Vec<User> = users.into_iter().filter(|user| user.writes).collect();
    if users.is_empty() {
        return Ok(());
    }
    Err(Error::InUse {
        name: volume.name.clone(),
        users,
    })
}

fn folder_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Folder { what, path, source }
}
