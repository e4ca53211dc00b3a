//! What a place where volumes live can do.

use std::path::PathBuf;
use std::thread;

use crate::engine::{Contents, Docker, Error, NewVolume, ServerInfo, Users, Volume};
use crate::fs::Disk;
use crate::threads;

/// A place where volumes live.
///
/// What a place may know better than by the other questions has no default, though one could be written: who
/// wraps a place would forget to hand that on.
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
    fn existing(&self, name: &str) -> Result<Volume, Error>;

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

    /// Who uses each of the volumes, in their order, as [`VolumeStore::users`] says: asked at once where
    /// that is possible.
    ///
    /// # Errors
    /// Those of [`VolumeStore::users`].
    fn users_of_each(&self, volumes: &[&Volume]) -> Result<Vec<Users>, Error>;

    /// The program that reaches the place's engine, where there is one.
    fn docker(&self) -> Option<&Docker>;

    /// What the engine says that it is, where the volumes are an engine's.
    fn server(&self) -> Option<&ServerInfo>;

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

/// There is no volume of this name in the place.
pub(crate) fn no_such_volume(store: &dyn VolumeStore, name: &str) -> Error {
    Error::Missing {
        name: name.to_owned(),
        place: store.describe(),
    }
}

/// Two volumes, which have to be there, looked for at the same time.
///
/// # Errors
/// Those of [`VolumeStore::existing`].
pub fn both_existing(store: &dyn VolumeStore, names: [&str; 2]) -> Result<[Volume; 2], Error> {
    let [first, second] = names;
    thread::scope(|scope| {
        let other = threads::start_in(scope, || store.existing(second));
        let found = store.existing(first);
        let other = threads::ended_or(other, || store.existing(second));
        Ok([found?, other?])
    })
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
