//! The layout of an install: where everything is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::staging::ReleasePlaces;
use super::{BadReleases, BadVersion, InstallError, Version};
use crate::compose::{self, FoundProject};
use crate::fs::{Disk, Lock, LockHolder};
use crate::tree;

/// The folder that holds `releases/` and `current`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Install {
    root: PathBuf,
}

/// A release that is on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The release's name, that of its folder.
    pub version: Version,
    /// The release's folder, absolute.
    pub path: PathBuf,
    /// False for a folder without a compose file: half unpacked, say.
    pub is_complete: bool,
    /// The folder below it in which Compose is to be started, where that is recorded.
    directory: Option<PathBuf>,
}

impl Release {
    /// The release `version` in the folder `path`, which is looked into; Compose is started in
    /// `directory` below it, if there is a project.
    pub fn at(version: Version, path: PathBuf, directory: Option<&Path>) -> Self {
        let found = compose::find_project(&path, directory);
        Self {
            version,
            path,
            is_complete: found.is_ok_and(|found| found.is_some()),
            directory: directory.map(Path::to_owned),
        }
    }

    /// The folder below it in which Compose is to be started, where that is recorded.
    pub fn directory(&self) -> Option<&Path> {
        self.directory.as_deref()
    }

    /// Its compose project.
    ///
    /// # Errors
    /// [`InstallError::Incomplete`], and [`InstallError::Compose`] where several could be meant.
    pub fn project(&self) -> Result<FoundProject, InstallError> {
        let found = compose::find_project(&self.path, self.directory())?;
        found.ok_or_else(|| InstallError::Incomplete {
            path: self.path.clone(),
        })
    }

    /// The folder of its compose project, where it has one; else its own.
    pub fn project_folder(&self) -> PathBuf {
        let project = self.project();
        project.map_or_else(|_| self.path.clone(), |project| project.folder)
    }
}

impl Install {
    /// The install at `root`, which must have a `releases/` folder. Its path is made
    /// absolute, so that a saved plan means the same from every working folder.
    ///
    /// # Errors
    /// [`InstallError::NoReleases`].
    pub fn at(root: &Path) -> Result<Self, InstallError> {
        let found = root
            .canonicalize()
            .ok()
            .filter(|root| root.join("releases").is_dir());
        let root = found.ok_or_else(|| InstallError::NoReleases { root: root.into() })?;
        Ok(Self { root })
    }

    /// The install at `root`, adopted by `transship init`.
    ///
    /// # Errors
    /// [`InstallError::NoReleases`], [`InstallError::NotAdopted`].
    pub fn adopted(root: &Path) -> Result<Self, InstallError> {
        let install = Self::at(root)?;
        if install.is_adopted() {
            Ok(install)
        } else {
            Err(InstallError::NotAdopted { root: install.root })
        }
    }

    /// Whether transship's own folder is there: `transship init` was run.
    pub fn is_adopted(&self) -> bool {
        self.own("").is_dir()
    }

    /// The folder itself, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `releases/`.
    pub fn releases_folder(&self) -> PathBuf {
        self.root.join("releases")
    }

    /// The folder of a release, there or not: `releases/VERSION`.
    pub fn release_folder(&self, version: &Version) -> PathBuf {
        self.releases_folder().join(version.as_str())
    }

    /// The symlink to the active release.
    pub fn current_link(&self) -> PathBuf {
        self.root.join("current")
    }

    /// What `current` holds when `version` is active; relative, so that the install can
    /// be moved as a whole.
    pub fn current_target(version: &Version) -> PathBuf {
        Path::new("releases").join(version.as_str())
    }

    /// A path in transship's own folder.
    pub fn own(&self, name: &str) -> PathBuf {
        self.root.join(".transship").join(name)
    }

    /// The folder of saved plans.
    pub fn plans(&self) -> PathBuf {
        self.own("plans")
    }

    /// The folder of journals.
    pub fn journals(&self) -> PathBuf {
        self.own("journal")
    }

    /// The folder of manifests of copied volumes.
    pub fn manifests(&self) -> PathBuf {
        self.own("manifests")
    }

    /// Where a release's small files are kept as its vendor shipped them.
    pub fn pristine(&self, version: &Version) -> PathBuf {
        self.own("pristine").join(version.as_str())
    }

    /// Where the release `version` and its small files as they were shipped are, or would be.
    pub fn places_of(&self, version: &Version) -> ReleasePlaces {
        ReleasePlaces {
            release: self.release_folder(version),
            pristine: self.pristine(version),
        }
    }

    /// The lock's file.
    pub fn lock_file(&self) -> PathBuf {
        self.own("lock")
    }

    /// Takes the lock on this install for `command`. Nobody else may have a hand in what is kept
    /// here, and the install must be where its id says; one that has no id gets it.
    ///
    /// # Errors
    /// [`InstallError::Trust`], [`InstallError::Lock`], [`InstallError::Identity`].
    pub fn lock(&self, disk: &Disk, command: &str) -> Result<Lock, InstallError> {
        let lock = self.lock_anywhere(disk, command)?;
        self.identify(disk)?;
        Ok(lock)
    }

    /// [`Install::lock`], wherever the install is.
    ///
    /// # Errors
    /// [`InstallError::Trust`], [`InstallError::Lock`].
    pub fn lock_anywhere(&self, disk: &Disk, command: &str) -> Result<Lock, InstallError> {
        self.require_trusted()?;
        let holder = LockHolder::this_process(command);
        let lock = Lock::take(disk, &self.lock_file(), &holder)?;
        self.sweep(disk);
        Ok(lock)
    }

    /// Removes what killed runs left in the folders that every run writes to. What can't be
    /// removed is in nobody's way.
    fn sweep(&self, disk: &Disk) {
        let elsewhere = [
            std::env::temp_dir(),
            self.root.clone(),
            self.releases_folder(),
            self.own("kept"),
        ];
        for folder in elsewhere.iter().chain(&self.own_folders()) {
            let _ = tree::sweep(disk, folder);
        }
    }

    /// Transship's own folders, which every adopted install has.
    pub(super) fn own_folders(&self) -> [PathBuf; 7] {
        [
            self.own(""),
            self.plans(),
            self.journals(),
            self.manifests(),
            self.own("pristine"),
            self.own("shipped"),
            self.own("made"),
        ]
    }

    /// The releases on disk that are complete, oldest first.
    ///
    /// # Errors
    /// [`InstallError::Io`].
    pub fn releases(&self) -> Result<Vec<Release>, InstallError> {
        self.releases_in(self.project_directory()?.as_deref())
    }

    /// [`Install::releases`], with Compose started in `directory` below each.
    pub(super) fn releases_in(
        &self,
        directory: Option<&Path>,
    ) -> Result<Vec<Release>, InstallError> {
        let mut releases = self.all_releases_in(directory)?;
        releases.retain(|release| release.is_complete);
        Ok(releases)
    }

    /// The releases on disk, oldest first: the folders of `releases/` whose name is a version,
    /// with a compose file or without. What is temporary begins with a dot and is none.
    ///
    /// # Errors
    /// [`InstallError::Io`].
    pub fn all_releases(&self) -> Result<Vec<Release>, InstallError> {
        self.all_releases_in(self.project_directory()?.as_deref())
    }

    fn all_releases_in(&self, directory: Option<&Path>) -> Result<Vec<Release>, InstallError> {
        let folder = self.releases_folder();
        let io = |source| InstallError::Io {
            path: folder.clone(),
            source,
        };
        let mut releases = Vec::new();
        for entry in fs::read_dir(&folder).map_err(io)? {
            let path = entry.map_err(io)?.path();
            let version = path
                .file_name()
                .and_then(|name| name.to_str()?.parse().ok());
            if let Some(version) = version.filter(|_| path.is_dir()) {
                releases.push(Release::at(version, path, directory));
            }
        }
        releases.sort_by(|a, b| a.version.cmp(&b.version));
        Ok(releases)
    }

    /// The release named `version`.
    ///
    /// # Errors
    /// [`InstallError::UnknownVersion`], with those that are known.
    pub fn release(&self, version: &Version) -> Result<Release, InstallError> {
        let path = self.release_folder(version);
        if path.is_dir() {
            let directory = self.project_directory()?;
            return Ok(Release::at(version.clone(), path, directory.as_deref()));
        }
        Err(InstallError::UnknownVersion {
            version: version.clone(),
            releases: self.releases_folder(),
            known: self.known()?,
        })
    }

    /// That nobody wrote down that the release is bad.
    ///
    /// # Errors
    /// [`InstallError::Bad`], [`InstallError::Document`].
    pub fn require_good(&self, version: &Version) -> Result<(), InstallError> {
        let bad = BadReleases::load(self)?;
        bad.releases
            .get(version.as_str())
            .map_or(Ok(()), |because| {
                Err(InstallError::Bad {
                    version: version.clone(),
                    because: because.clone(),
                })
            })
    }

    /// The active release: what `current` points to, or `None` when there is no
    /// `current`.
    ///
    /// # Errors
    /// [`InstallError::StrangeCurrent`].
    pub fn current(&self) -> Result<Option<Release>, InstallError> {
        let link = self.current_link();
        let target = match fs::read_link(&link) {
            Ok(target) => target,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(_) => return Err(InstallError::StrangeCurrent { link }),
        };
        let strange = || InstallError::StrangeCurrent { link: link.clone() };
        let absolute = self.root.join(&target);
        if absolute.parent() != Some(&self.releases_folder()) || !absolute.is_dir() {
            return Err(strange());
        }
        let name = absolute
            .file_name()
            .and_then(|name| name.to_str())
            .ok_or_else(strange)?;
        let version = name.parse().map_err(|_: BadVersion| strange())?;
        let directory = self.project_directory()?;
        Ok(Some(Release::at(version, absolute, directory.as_deref())))
    }

    /// Makes `version` the active release.
    ///
    /// # Errors
    /// [`InstallError::Io`], also where `current` is no symlink.
    pub fn switch(&self, disk: &Disk, version: &Version) -> Result<(), InstallError> {
        let link = self.current_link();
        disk.switch(&link, &Self::current_target(version))
            .map_err(|source| InstallError::Io { path: link, source })
    }

    /// The active release; where `current` is absent, the only one that there is.
    ///
    /// # Errors
    /// [`InstallError::NoCurrent`] where several could be meant, [`InstallError::NoneFound`].
    pub fn active(&self) -> Result<Release, InstallError> {
        self.active_in(self.project_directory()?.as_deref())
    }

    /// [`Install::active`], with Compose started in `directory` below each release.
    pub(super) fn active_in(&self, directory: Option<&Path>) -> Result<Release, InstallError> {
        if let Some(release) = self.current()? {
            return Ok(release);
        }
        let mut releases = self.releases_in(directory)?;
        match (releases.pop(), releases.is_empty()) {
            (Some(only), true) => Ok(only),
            (None, _) => Err(self.none_found()),
            (Some(_), false) => Err(InstallError::NoCurrent {
                link: self.current_link(),
                known: self.known()?,
            }),
        }
    }

    /// Why no release is complete: there is none, or several compose projects could be meant.
    pub(super) fn none_found(&self) -> InstallError {
        let all = self.all_releases().unwrap_or_default();
        let several = all.iter().find_map(|release| match release.project() {
            Err(error @ InstallError::Compose(_)) => Some(error),
            _ => None,
        });
        several.unwrap_or_else(|| InstallError::NoneFound {
            path: self.releases_folder(),
        })
    }

    /// The versions of the complete releases, oldest first.
    pub(super) fn known(&self) -> Result<Vec<Version>, InstallError> {
        Ok(self
            .releases()?
            .into_iter()
            .map(|release| release.version)
            .collect())
    }
}

#[cfg(test)]
mod tests;
