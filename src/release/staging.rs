//! Staging: what a vendor ships becomes a release of an install, with a copy of its small
//! files as they were shipped. `transship release new` and the stage step of an upgrade do
//! the same, and it is written here.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::{Install, InstallError, VendorRelease, VendorReleaseError, Version};
use crate::error::{Code, Explain, Kind};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::tree;

/// What an earlier attempt may have left in the places of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarlierAttempt {
    /// There was none: a release that is there is somebody else's.
    None,
    /// One that may have been cut short. What it finished stands, since everything gets its
    /// name only when it is complete.
    Interrupted,
}

/// The two folders of a release: itself, and its small files as they were shipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReleasePlaces {
    /// The release's folder, `releases/VERSION`.
    pub release: PathBuf,
    /// The folder for its small files as they were shipped, `.transship/pristine/VERSION`.
    pub pristine: PathBuf,
}

/// Why a release wasn't staged.
#[derive(Debug, Error)]
pub enum StagingError {
    /// The install can't take it.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// What the vendor ships can't be used, or its release is there already.
    #[error(transparent)]
    Release(#[from] VendorReleaseError),
}

impl StagingError {
    fn explained(&self) -> &dyn Explain {
        match self {
            Self::Install(error) => error,
            Self::Release(error) => error,
        }
    }
}

impl Explain for StagingError {
    fn code(&self) -> Code {
        self.explained().code()
    }

    fn kind(&self) -> Kind {
        self.explained().kind()
    }

    fn hints(&self) -> Vec<String> {
        self.explained().hints()
    }
}

/// A release that is staged, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedRelease {
    /// The release's folder.
    pub path: PathBuf,
    /// The vendor's tarball or folder that it was made from, as it was read.
    pub shipped: VendorRelease,
}

/// A release to be staged by itself, outside of an upgrade.
#[derive(Debug, Clone, Copy)]
pub struct NewRelease<'a> {
    /// The install that gets it.
    pub install: &'a Install,
    /// The release's name, and so that of its folder.
    pub version: &'a Version,
    /// The vendor's tarball or folder.
    pub from: &'a Path,
}

impl NewRelease<'_> {
    /// Stages the release, under the install's lock.
    ///
    /// # Errors
    /// [`StagingError`]; the install is then as it was before.
    pub fn stage(
        self,
        disk: &Disk,
        progress: &dyn Progress,
    ) -> Result<StagedRelease, StagingError> {
        self.with_lock(disk, progress, |shipped, places| {
            self.install.adopt(disk)?;
            shipped.stage_with_pristine(disk, places, EarlierAttempt::None, progress)?;
            Ok(())
        })
    }

    /// Looks at all that [`NewRelease::stage`] would look at, and stages nothing.
    ///
    /// # Errors
    /// Those of [`NewRelease::stage`] that come before a change.
    pub fn look(self, disk: &Disk, progress: &dyn Progress) -> Result<StagedRelease, StagingError> {
        self.with_lock(disk, progress, |_, _| Ok(()))
    }

    fn with_lock(
        self,
        disk: &Disk,
        progress: &dyn Progress,
        stage: impl FnOnce(&VendorRelease, &ReleasePlaces) -> Result<(), StagingError>,
    ) -> Result<StagedRelease, StagingError> {
        let places = self.install.places_of(self.version);
        if places.release.symlink_metadata().is_ok() {
            let path = places.release;
            return Err(VendorReleaseError::ReleaseExists { path }.into());
        }
        let _lock = self.install.lock(disk, "release new")?;
        let run = self.install.run_files()?;
        let shipped = VendorRelease::open_with(self.from, &run, progress)?;
        stage(&shipped, &places)?;
        let path = places.release;
        Ok(StagedRelease { path, shipped })
    }
}

impl VendorRelease {
    /// Makes the release and the copy of its small files. The copy for later comparison comes
    /// first: where there is a release, there is that.
    ///
    /// # Errors
    /// Those of [`VendorRelease::stage`] and [`VendorRelease::keep_pristine`]. What a failed
    /// attempt made is removed again, as far as the disk lets it.
    pub fn stage_with_pristine(
        &self,
        disk: &Disk,
        places: &ReleasePlaces,
        earlier: EarlierAttempt,
        progress: &dyn Progress,
    ) -> Result<(), VendorReleaseError> {
        let ReleasePlaces { release, pristine } = places;
        let io = |path: &Path| {
            let path = path.to_owned();
            move |source| VendorReleaseError::Io { path, source }
        };
        let is_done = |path: &Path| earlier == EarlierAttempt::Interrupted && path.is_dir();
        if !is_done(pristine) {
            if pristine.symlink_metadata().is_ok() {
                tree::remove(disk, pristine).map_err(io(pristine))?;
            }
            for above in missing_above(pristine).into_iter().rev() {
                disk.create_dir(above, 0o700).map_err(io(above))?;
            }
            self.keep_pristine(disk, pristine)?;
        }
        if !is_done(release)
            && let Err(error) = self.stage(disk, release, progress)
        {
            // The failure is what there is to tell.
            let _ = tree::remove(disk, pristine);
            return Err(error);
        }
        Ok(())
    }
}

/// The folders above `path` that aren't there, the innermost first.
fn missing_above(path: &Path) -> Vec<&Path> {
    let above = path.ancestors().skip(1);
    above.take_while(|folder| !folder.exists()).collect()
}
