//! The volumes of an engine as a clone has them: what the plan calls `v2_data` is another one there.

use std::path::PathBuf;

use crate::engine::{Contents, Docker, Error, NewVolume, ServerInfo, Users, Volume, VolumeStore};
use crate::fs::Disk;
use crate::launch::CloneBindings;

/// Volumes with the names of a clone.
pub(super) struct BoundVolumes {
    pub(super) volumes: Box<dyn VolumeStore>,
    pub(super) bindings: CloneBindings,
}

impl BoundVolumes {
    fn bound(&self, volume: &NewVolume) -> NewVolume {
        NewVolume {
            name: self.bindings.name(&volume.name),
            ..volume.clone()
        }
    }
}

impl VolumeStore for BoundVolumes {
    fn describe(&self) -> String {
        self.volumes.describe()
    }

    fn contents(&self) -> &dyn Contents {
        self.volumes.contents()
    }

    fn folder(&self) -> Result<PathBuf, Error> {
        self.volumes.folder()
    }

    fn list(&self) -> Result<Vec<Volume>, Error> {
        let mut all = self.volumes.list()?;
        all.retain(|volume| volume.name == self.bindings.name(&volume.name));
        Ok(all)
    }

    fn find(&self, name: &str) -> Result<Option<Volume>, Error> {
        self.volumes.find(&self.bindings.name(name))
    }

    fn existing(&self, name: &str) -> Result<Volume, Error> {
        self.volumes.existing(&self.bindings.name(name))
    }

    fn create(&self, disk: &Disk, volume: &NewVolume) -> Result<Volume, Error> {
        self.volumes.create(disk, &self.bound(volume))
    }

    fn remove(&self, disk: &Disk, name: &str) -> Result<(), Error> {
        self.volumes.remove(disk, &self.bindings.name(name))
    }

    fn users(&self, volume: &Volume) -> Result<Users, Error> {
        self.volumes.users(volume)
    }

    fn users_of_each(&self, volumes: &[&Volume]) -> Result<Vec<Users>, Error> {
        self.volumes.users_of_each(volumes)
    }

    fn docker(&self) -> Option<&Docker> {
        self.volumes.docker()
    }

    fn server(&self) -> Option<&ServerInfo> {
        self.volumes.server()
    }

    fn path_of(&self, name: &str) -> Option<PathBuf> {
        self.volumes.path_of(&self.bindings.name(name))
    }

    fn create_command(&self, volume: &NewVolume) -> String {
        self.volumes.create_command(&self.bound(volume))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::FakeVolumes;

    #[test]
    fn a_clones_volume_is_never_the_originals() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::new();
        let new = |name: &str| NewVolume {
            name: name.to_owned(),
            project: "p".to_owned(),
            key: "data".to_owned(),
            made_by: None,
        };
        let fake = FakeVolumes::new(folder.path());
        fake.create(&disk, &new("v1_data")).unwrap();
        let bound = BoundVolumes {
            volumes: Box::new(fake),
            bindings: CloneBindings {
                tag: "t".to_owned(),
                ..CloneBindings::default()
            },
        };
        assert_eq!(bound.find("v1_data").unwrap(), None);
        assert_eq!(bound.list().unwrap(), []);
        let made = bound.create(&disk, &new("v1_data")).unwrap();
        assert_eq!(made.name, "t-v1_data");
        assert_eq!(
            bound.find("v1_data").unwrap(),
            bound.find("t-v1_data").unwrap()
        );
        bound.remove(&disk, "v1_data").unwrap();
        assert_eq!(bound.list().unwrap(), []);
        assert!(bound.volumes.find("v1_data").unwrap().is_some());
    }
}
