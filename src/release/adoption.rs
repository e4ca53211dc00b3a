//! Adopting a folder of releases, and saying which install it is after it was moved or copied.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::layout::below;
use super::{Install, InstallError, Release, Version};
use crate::compose;
use crate::fs::Disk;

/// What it takes to adopt a folder of releases.
#[derive(Debug)]
pub struct Adoption {
    /// The release that is running.
    pub active: Release,
    /// The complete releases, oldest first.
    pub releases: Vec<Version>,
    /// The folder below each release in which Compose is started; empty for its top.
    pub project_directory: PathBuf,
    /// Whether that has to be recorded.
    needs_record: bool,
    /// Whether `current` has to be made, or made relative.
    needs_link: bool,
    /// Whether anything has to be done.
    pub is_needed: bool,
}

/// What a folder is that isn't where its install's id was recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstallClaim {
    /// The same install, in a new place.
    Moved,
    /// An install of its own, a copy of the other.
    Clone,
}

/// An install that was claimed, or would be.
#[derive(Debug)]
pub struct ClaimedInstall {
    /// The folder that its id recorded before, if it had an id.
    pub was: Option<String>,
    /// The active release.
    pub active: Option<Version>,
}

impl Install {
    /// Looks at what adopting takes, with `current` as the running release and the folder below it in
    /// which Compose is started; without, they are found.
    ///
    /// # Errors
    /// [`InstallError::BadDirectory`], [`InstallError::Compose`], [`InstallError::Incomplete`],
    /// [`InstallError::OtherCurrent`], [`InstallError::NoneFound`], [`InstallError::NoCurrent`],
    /// [`InstallError::UnknownVersion`], [`InstallError::StrangeCurrent`],
    /// [`InstallError::Identity`], [`InstallError::Io`].
    pub fn look_at_adoption(
        &self,
        current: Option<&Version>,
        directory: Option<&Path>,
    ) -> Result<Adoption, InstallError> {
        self.require_own()?;
        let recorded = self.project_directory()?;
        let directory = directory.map(below).transpose()?;
        let wanted = directory.as_deref().or(recorded.as_deref());
        let active = match current {
            Some(version) => self.release(version)?,
            None => self.active_in(wanted)?,
        };
        let active = Release::at(active.version, active.path, wanted);
        if let Some(now) = self.current()?
            && now.version != active.version
        {
            return Err(InstallError::OtherCurrent {
                active: now.version,
                wanted: active.version,
            });
        }
        if let Some(directory) = &directory {
            let path = active.path.join(directory);
            if !compose::discover(&path).is_ok_and(|files| !files.is_empty()) {
                return Err(InstallError::Incomplete { path });
            }
        }
        let releases = self.releases_in(wanted)?;
        let releases: Vec<_> = releases
            .into_iter()
            .map(|release| release.version)
            .collect();
        if releases.is_empty() {
            return Err(self.none_found());
        }
        let found = active.project()?.started_in;
        let found = found.strip_prefix(&active.path).unwrap_or(Path::new(""));
        let project_directory = found.to_owned();
        let target = Self::current_target(&active.version);
        let needs_link = fs::read_link(self.current_link()).ok() != Some(target);
        let needs_record = recorded.unwrap_or_default() != project_directory;
        Ok(Adoption {
            active,
            releases,
            project_directory,
            needs_record,
            needs_link,
            is_needed: !self.is_adopted() || needs_link || needs_record,
        })
    }

    /// Adopts the install: makes transship's own folders, its id, and `current`.
    ///
    /// # Errors
    /// [`InstallError::Io`], and those of [`Install::lock`].
    pub fn adopt_as(&self, disk: &Disk, adoption: &Adoption) -> Result<(), InstallError> {
        self.adopt(disk)?;
        let _lock = self.lock(disk, "init")?;
        if adoption.needs_record {
            self.save_project_directory(disk, &adoption.project_directory)?;
        }
        if adoption.needs_link {
            self.switch(disk, &adoption.active.version)?;
        }
        Ok(())
    }

    /// Makes transship's own folders, readable by their owner alone. Nothing happens to
    /// those that are there.
    ///
    /// # Errors
    /// [`InstallError::Io`].
    pub fn adopt(&self, disk: &Disk) -> Result<(), InstallError> {
        for folder in self.own_folders() {
            match disk.create_dir(&folder, 0o700) {
                Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(InstallError::Io {
                        path: folder,
                        source,
                    });
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Says which install this is, and mends a `current` that leads out of it; or, with `dry_run`,
    /// only looks.
    ///
    /// # Errors
    /// [`InstallError::NotAdopted`], [`InstallError::Trust`], [`InstallError::Lock`],
    /// [`InstallError::Identity`], [`InstallError::StrangeCurrent`], [`InstallError::Io`].
    pub fn claim(
        &self,
        disk: &Disk,
        claim: InstallClaim,
        dry_run: bool,
    ) -> Result<ClaimedInstall, InstallError> {
        let install = Self::adopted(self.root())?;
        let _lock = install.lock_anywhere(disk, "init")?;
        let was = install.identity()?.map(|identity| identity.root);
        if !dry_run {
            match claim {
                InstallClaim::Clone => install.identify_as_clone(disk)?,
                InstallClaim::Moved => install.identify_as_moved(disk)?,
            };
            install.mend_current(disk)?;
        }
        let active = install.current()?.map(|release| release.version);
        Ok(ClaimedInstall { was, active })
    }

    /// Makes `current` relative where it leads to a release by an absolute path, of this install or of
    /// the one that it was moved or copied from: else it would lead out of the install, or to nothing.
    /// Under the install's lock.
    fn mend_current(&self, disk: &Disk) -> Result<(), InstallError> {
        let Ok(target) = fs::read_link(self.current_link()) else {
            return Ok(());
        };
        let name = target.file_name().and_then(|name| name.to_str());
        let version = name.and_then(|name| name.parse::<Version>().ok());
        match version {
            Some(version) if target.is_absolute() && self.release_folder(&version).is_dir() => {
                self.switch(disk, &version)
            }
            _ => Ok(()),
        }
    }
}
