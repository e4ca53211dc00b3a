//! Volumes for tests: folders, with users of the test's own invention.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::users::refuse_writers;
use crate::engine::{
    ByPath, Contents, Docker, Error, FolderUsers, FolderVolumes, NewVolume, ServerInfo, User,
    Users, Volume, VolumeStore,
};
use crate::fs::Disk;

/// Folders below a path that remember what was made of them and are used by whom the test
/// says. No process and no engine is asked.
#[derive(Debug)]
pub struct FakeVolumes {
    folders: FolderVolumes,
    known: Mutex<FakeState>,
}

#[derive(Debug, Default)]
struct FakeState {
    users: BTreeMap<String, Vec<User>>,
    created: Vec<NewVolume>,
    unknown: Option<String>,
}

impl FakeVolumes {
    /// The folders below `root`, used by nobody.
    pub fn new(root: &Path) -> Self {
        Self {
            folders: FolderVolumes::new(root, FolderUsers::nobody()),
            known: Mutex::default(),
        }
    }

    /// From now on `user` uses the volume `name`.
    pub fn use_by(&self, name: &str, user: User) {
        let mut known = self.known();
        known.users.entry(name.to_owned()).or_default().push(user);
    }

    /// From now on nobody can say whether others use any volume, and this is why.
    pub fn hide_users(&self, why: &str) {
        self.known().unknown = Some(why.to_owned());
    }

    /// From now on nobody uses the volume `name`.
    pub fn free(&self, name: &str) {
        self.known().users.remove(name);
    }

    /// What was created, in order.
    pub fn created(&self) -> Vec<NewVolume> {
        self.known().created.clone()
    }

    fn known(&self) -> MutexGuard<'_, FakeState> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl VolumeStore for FakeVolumes {
    fn describe(&self) -> String {
        self.folders.describe()
    }

    fn contents(&self) -> &dyn Contents {
        &ByPath
    }

    fn folder(&self) -> Result<PathBuf, Error> {
        self.folders.folder()
    }

    fn list(&self) -> Result<Vec<Volume>, Error> {
        self.folders.list()
    }

    fn find(&self, name: &str) -> Result<Option<Volume>, Error> {
        self.folders.find(name)
    }

    fn existing(&self, name: &str) -> Result<Volume, Error> {
        self.folders.existing(name)
    }

    fn create(&self, disk: &Disk, volume: &NewVolume) -> Result<Volume, Error> {
        let made = self.folders.create(disk, volume)?;
        self.known().created.push(volume.clone());
        Ok(made)
    }

    fn remove(&self, disk: &Disk, name: &str) -> Result<(), Error> {
        if let Some(volume) = self.find(name)? {
            refuse_writers(&volume, self.users(&volume)?)?;
        }
        self.folders.remove(disk, name)
    }

    fn users(&self, volume: &Volume) -> Result<Users, Error> {
        let known = self.known();
        let found = known.users.get(&volume.name).cloned();
        Ok(Users {
            found: found.unwrap_or_default(),
            unknown: known.unknown.clone(),
        })
    }

    fn users_of_each(&self, volumes: &[&Volume]) -> Result<Vec<Users>, Error> {
        volumes.iter().map(|volume| self.users(volume)).collect()
    }

    fn docker(&self) -> Option<&Docker> {
        None
    }

    fn server(&self) -> Option<&ServerInfo> {
        None
    }

    fn path_of(&self, name: &str) -> Option<PathBuf> {
        self.folders.path_of(name)
    }

    fn create_command(&self, volume: &NewVolume) -> String {
        self.folders.create_command(volume)
    }
}
