//! What was observed of the archive of images that comes with a release.

use std::path::{Path, PathBuf};

use thiserror::Error;

use super::decisions::Decisions;
use crate::engine::{
    self, ArchiveError, ArchivedImage, ImageArchive, VolumeStore, local_images, missing_images,
};
use crate::error::{Code, Explain, Kind};
use crate::progress::Progress;

/// The archive, and what of the release's images is nowhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageFacts {
    /// The archive, absolute.
    pub archive: PathBuf,
    /// The images in the archive, with digests.
    pub images: Vec<ArchivedImage>,
    /// Images that the release needs and that neither the archive nor the engine has.
    pub missing: Vec<String>,
}

/// Why the images can't be observed.
#[derive(Debug, Error)]
pub enum ImagesError {
    /// The archive can't be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The engine can't be asked.
    #[error(transparent)]
    Engine(#[from] engine::Error),
    /// There is no Docker program to load them with.
    #[error("there is no Docker engine to load `{}` into", archive.display())]
    NoDocker {
        /// The archive.
        archive: PathBuf,
    },
}

impl Explain for ImagesError {
    fn code(&self) -> Code {
        match self {
            Self::Archive(error) => error.code(),
            Self::Engine(error) => error.code(),
            Self::NoDocker { .. } => Code::NoEngine,
        }
    }

    fn kind(&self) -> Kind {
        match self {
            Self::Archive(error) => error.kind(),
            Self::Engine(error) => error.kind(),
            Self::NoDocker { .. } => Kind::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Archive(error) => error.hints(),
            Self::Engine(error) => error.hints(),
            Self::NoDocker { .. } => vec!["name the program with `--docker PROGRAM`".into()],
        }
    }
}

impl ImageFacts {
    /// Reads the archive's list, and asks the engine for what isn't in it.
    ///
    /// # Errors
    /// [`ImagesError`].
    pub(crate) fn observe(
        archive: &Path,
        decisions: &Decisions,
        volumes: &dyn VolumeStore,
        progress: &dyn Progress,
    ) -> Result<Self, ImagesError> {
        let read = ImageArchive::read(archive, progress)?;
        let docker = volumes.docker().ok_or_else(|| ImagesError::NoDocker {
            archive: archive.into(),
        })?;
        let needed: Vec<&str> = decisions.images.iter().map(String::as_str).collect();
        let missing = missing_images(&local_images(docker)?, &read.missing(&needed));
        Ok(Self {
            archive: archive.into(),
            missing: missing.into_iter().map(str::to_owned).collect(),
            images: read.images,
        })
    }
}
