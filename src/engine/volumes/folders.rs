//! Volumes that are plain folders below a path, for installs whose compose files mount
//! folders, for tests, and for a look at how things work with no Docker engine at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::store::no_such_volume;
use super::users::refuse_writers;
use crate::engine::{
    ByPath, Contents, Docker, Error, FolderUsers, NewVolume, ServerInfo, Users, Volume,
    VolumeStore, check_name,
};
use crate::fs::Disk;
use crate::tree;

/// Folders below a path; each is a volume.
#[derive(Debug)]
pub struct FolderVolumes {
    root: PathBuf,
    users: FolderUsers,
}

impl FolderVolumes {
    /// The folders below `root`; `users` finds out who uses one.
    pub fn new(root: &Path, users: FolderUsers) -> Self {
        Self {
            root: root.to_owned(),
            users,
        }
    }

    fn volume(&self, name: &str) -> Volume {
        Volume {
            name: name.to_owned(),
            path: self.root.join(name),
            driver: "folder".to_owned(),
            options: std::collections::BTreeMap::new(),
            labels: std::collections::BTreeMap::new(),
            created: None,
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

    fn existing(&self, name: &str) -> Result<Volume, Error> {
        self.find(name)?.ok_or_else(|| no_such_volume(self, name))
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

    fn users(&self, volume: &Volume) -> Result<Users, Error> {
        self.users.of(&volume.path)
    }

    fn users_of_each(&self, volumes: &[&Volume]) -> Result<Vec<Users>, Error> {
        volumes.iter().map(|volume| self.users(volume)).collect()
    }

    fn docker(&self) -> Option<&Docker> {
        self.users.docker()
    }

    fn server(&self) -> Option<&ServerInfo> {
        None
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

fn folder_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Folder { what, path, source }
}
