//! Data by its name in a plan: a volume's real name, or the path of a folder, below the install or from the root. As in
//! a compose file, what has a `/` is a folder: no volume's name has one. To the steps that copy, both are volumes.
//!
//! A folder has no labels. Whose it is stands in what is remembered of it, from before anything is in it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::made_volume::{MadeVolume, VolumeIdentity};
use crate::engine::{
    ByPath, Contents, Docker, Error, LABEL_INSTALL, LABEL_RUN, MadeBy, NewVolume, ServerInfo,
    Users, Volume, VolumeStore, no_such_volume,
};
use crate::fs::Disk;
use crate::launch::CloneBindings;
use crate::release::Install;
use crate::tree::{self, Digest};

/// The volumes of an install, and folders as if they were some.
#[derive(Clone, Copy)]
pub struct DataPlaces<'a> {
    /// Where paths begin.
    pub install: &'a Install,
    /// The folder or engine that the volumes live in.
    pub volumes: &'a dyn VolumeStore,
}

/// Whether a name in a plan is a folder's path.
pub fn is_folder(name: &str) -> bool {
    name.contains('/')
}

/// Where a folder of this name in a plan is below its release; nothing for a volume, and for what isn't in one.
pub fn below_release(name: &str) -> Option<PathBuf> {
    let below = Path::new(name).strip_prefix("releases").ok()?;
    Some(below.components().skip(1).collect())
}

/// A copy's source, for a title.
pub(super) fn told(name: &str) -> String {
    match is_folder(name) {
        true => name.to_owned(),
        false => format!("volume {name}"),
    }
}

/// The name in a plan, in a sentence.
pub(super) fn quoted(name: &str) -> String {
    match is_folder(name) {
        true => format!("`{name}`"),
        false => format!("volume `{name}`"),
    }
}

/// A copy's target, told beside its source: what it is, where that isn't what the other is.
pub(super) fn told_beside(name: &str, other: &str) -> String {
    match is_folder(name) == is_folder(other) {
        true => name.to_owned(),
        false => told(name),
    }
}

/// Where this process reaches what has a name in a plan, from the install's folder.
pub(super) fn path_from_install(volumes: &dyn VolumeStore, name: &str) -> Option<PathBuf> {
    match is_folder(name) {
        true => Some(PathBuf::from(name)),
        false => volumes.path_of(name),
    }
}

/// A name for a file that tells of data, one for each: a path has none of its own.
pub fn file_stem(name: &str) -> String {
    // Most filesystems take names of 255 bytes, and something comes behind it.
    const LONGEST: usize = 200;
    let plain = name.replace('%', "%25").replace('/', "%2F");
    match plain.len() > LONGEST {
        true => format!("%{}", Digest::of(name.as_bytes())),
        false => plain,
    }
}

/// Whether a symlink leads a path that begins with `releases/VERSION` out of that release.
pub(super) fn leads_out(install: &Install, path: &Path) -> bool {
    let release: PathBuf = path.components().take(2).collect();
    let release = install.root().join(release);
    let absolute = install.root().join(path);
    let there = absolute.ancestors().skip(1).find(|folder| folder.exists());
    let resolved = there.map(Path::canonicalize).transpose();
    match (release.canonicalize(), resolved) {
        (Ok(release), Ok(Some(resolved))) => !resolved.starts_with(release),
        // The release isn't there, and so neither is a symlink in it.
        _ => false,
    }
}

impl DataPlaces<'_> {
    fn place(&self, name: &str) -> Result<PathBuf, Error> {
        let path = Path::new(name);
        CloneBindings::place(self.install, path)
            .map_err(|error| folder_error("look at", path)(io::Error::other(error)))
    }

    /// The place of a folder that is to be made or removed. A symlink may not lead there: it would be in another's.
    fn own_place(&self, name: &str) -> Result<PathBuf, Error> {
        let place = self.place(name)?;
        match leads_out(self.install, Path::new(name)) {
            true => Err(folder_error("change", &place)(io::Error::other(
                "a symlink leads there, out of the release",
            ))),
            false => Ok(place),
        }
    }

    fn folder_at(&self, name: &str) -> Result<Option<Volume>, Error> {
        let place = self.place(name)?;
        let path = match fs::canonicalize(&place) {
            Ok(path) if path.is_dir() => path,
            Ok(path) => return Err(Error::NotAFolder { path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(folder_error("look at", &place)(error)),
        };
        // What can't be read says nothing, and then it is nobody's.
        let made = MadeVolume::load(self.install, name).ok().flatten();
        let labels = made.map(|made| {
            [
                (LABEL_INSTALL.to_owned(), made.install),
                (LABEL_RUN.to_owned(), made.run),
            ]
        });
        Ok(Some(Volume {
            name: name.to_owned(),
            labels: labels.into_iter().flatten().collect(),
            ..ByPath::volume(&path)
        }))
    }

    /// Makes a folder, and remembers before it has a name that the run did.
    fn make_folder(&self, disk: &Disk, new: &NewVolume) -> Result<Volume, Error> {
        let path = self.own_place(&new.name)?;
        if path.symlink_metadata().is_ok() {
            return Err(Error::Exists {
                name: new.name.clone(),
                place: self.describe(),
            });
        }
        let no_folder = |error| folder_error("make", &path)(io::Error::other(error));
        if let Some(MadeBy { install, run }) = new.made_by.clone() {
            let made = MadeVolume {
                install,
                run,
                volume: new.name.clone(),
                made: VolumeIdentity::default(),
                source: String::new(),
                copied: VolumeIdentity::default(),
                above: missing_above(&path),
            };
            let file = MadeVolume::file(self.install, &new.name);
            if let Some(above) = file.parent() {
                disk.create_dirs(above, 0o700).map_err(no_folder)?;
            }
            made.save(disk, self.install)
                .map_err(|error| folder_error("make", &path)(io::Error::other(error)))?;
        }
        if let Some(above) = path.parent() {
            disk.create_dirs(above, 0o755).map_err(no_folder)?;
        }
        disk.create_dir(&path, 0o700)
            .map_err(folder_error("make", &path))?;
        self.existing(&new.name)
    }

    fn remove_folder(&self, disk: &Disk, name: &str) -> Result<(), Error> {
        let path = self.own_place(name)?;
        let mut users = self.users(&self.existing(name)?)?;
        users.found.retain(|user| user.writes);
        users.require_none(name)?;
        tree::remove(disk, &path).map_err(folder_error("remove", &path))?;
        self.remove_above(disk, name)
    }

    /// Removes the folders that were made above a folder which is gone, as far as nothing else is in them.
    ///
    /// # Errors
    /// [`Error::Folder`].
    pub(super) fn remove_above(&self, disk: &Disk, name: &str) -> Result<(), Error> {
        let path = self.own_place(name)?;
        let made = MadeVolume::load(self.install, name).ok().flatten();
        let made = made.map_or(0, |made| made.above);
        if path.symlink_metadata().is_ok() {
            return Ok(());
        }
        for folder in path.ancestors().skip(1).take(made) {
            match disk.remove_dir(folder) {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => break,
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    return Err(folder_error("remove", folder)(error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl VolumeStore for DataPlaces<'_> {
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
        self.volumes.list()
    }

    fn find(&self, name: &str) -> Result<Option<Volume>, Error> {
        match is_folder(name) {
            true => self.folder_at(name),
            false => self.volumes.find(name),
        }
    }

    fn existing(&self, name: &str) -> Result<Volume, Error> {
        match is_folder(name) {
            true => self
                .folder_at(name)?
                .ok_or_else(|| no_such_volume(self, name)),
            false => self.volumes.existing(name),
        }
    }

    fn create(&self, disk: &Disk, volume: &NewVolume) -> Result<Volume, Error> {
        match is_folder(&volume.name) {
            true => self.make_folder(disk, volume),
            false => self.volumes.create(disk, volume),
        }
    }

    fn remove(&self, disk: &Disk, name: &str) -> Result<(), Error> {
        match is_folder(name) {
            true => self.remove_folder(disk, name),
            false => self.volumes.remove(disk, name),
        }
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
        match is_folder(name) {
            true => self.place(name).ok(),
            false => self.volumes.path_of(name),
        }
    }

    fn create_command(&self, volume: &NewVolume) -> String {
        self.volumes.create_command(volume)
    }
}

/// How many of the folders above a path aren't there.
fn missing_above(path: &Path) -> usize {
    let above = path.ancestors().skip(1);
    above.take_while(|folder| !folder.exists()).count()
}

fn folder_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Folder { what, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_a_slash_is_a_folder_and_has_a_file_name_of_its_own() {
        assert!(is_folder("releases/v1/data") && is_folder("/srv") && !is_folder("v1_data"));
        assert_eq!(below_release("releases/v1/data/db"), Some("data/db".into()));
        assert_eq!(below_release("/srv/releases"), None);
        let long = format!("releases/v2/{}", "d/".repeat(200));
        let names = ["v1_data", "a/b", "a%2Fb", "a/b/", &long];
        let mut stems: Vec<_> = names.iter().map(|name| file_stem(name)).collect();
        assert!(
            stems
                .iter()
                .all(|stem| stem.len() < 220 && !stem.contains('/'))
        );
        assert_eq!(stems[0], "v1_data");
        stems.dedup();
        assert_eq!(stems.len(), names.len());
    }
}
