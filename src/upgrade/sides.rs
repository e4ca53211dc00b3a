//! Both releases, read: their compose files as bytes and as a model, and the recipe.
//!
//! The new release may still be in the vendor's tarball; its small files are then read
//! from a [`Peek`]. Only reads, but for that temporary folder.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Request;
use crate::compose::{self, LoadOptions, Model};
use crate::env_file::{self, EnvFile};
use crate::error::{Explain, Kind};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::release::{
    Install, InstallError, Peek, Recipe, RecipeError, Release, Shipment, ShipmentError, Version,
};

/// The old release, the new one, and how to get from one to the other.
#[derive(Debug)]
pub struct Sides {
    /// The release that the upgrade leaves.
    pub old: Side,
    /// The release that it leads to.
    pub new: Side,
    /// The vendor's tarball or folder, when the new release isn't staged yet.
    pub shipment: Option<Shipment>,
    /// The new release's recipe.
    pub recipe: Recipe,
    /// Keeps the new release's files readable.
    _peek: Option<Peek>,
}

/// One release.
#[derive(Debug)]
pub struct Side {
    /// Its name.
    pub version: Version,
    /// Where its files can be read now.
    pub folder: PathBuf,
    /// Its compose files, those that Compose would read by itself.
    pub files: Vec<ComposeFile>,
    /// What they mean together.
    pub model: Model,
    /// Its `.env`, where it has one.
    pub env: Option<BTreeMap<String, String>>,
}

/// A compose file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComposeFile {
    /// Its path below the release's folder.
    pub name: PathBuf,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Why the releases can't be read.
#[derive(Debug, Error)]
pub enum SidesError {
    /// The install.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// The vendor's tarball or folder.
    #[error(transparent)]
    Shipment(#[from] ShipmentError),
    /// The recipe.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// A compose file.
    #[error(transparent)]
    Compose(#[from] compose::Error),
    /// A `.env` file.
    #[error(transparent)]
    Env(#[from] env_file::Error),
    /// A release without a compose file.
    #[error("`{}` holds no compose file", folder.display())]
    NoCompose {
        /// The release's folder.
        folder: PathBuf,
    },
    /// A compose file outside of its release.
    #[error("`{}` is outside of the release `{}`", file.display(), folder.display())]
    FileOutside {
        /// The compose file.
        file: PathBuf,
        /// The release's folder.
        folder: PathBuf,
    },
    /// A file can't be read.
    #[error("can't read `{}`", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

impl Explain for SidesError {
    fn kind(&self) -> Kind {
        match self {
            Self::Install(error) => error.kind(),
            Self::Shipment(error) => error.kind(),
            Self::Recipe(error) => error.kind(),
            Self::Compose(error) => error.kind(),
            Self::Env(error) => error.kind(),
            Self::NoCompose { .. } => Kind::Usage,
            Self::FileOutside { .. } | Self::Io { .. } => Kind::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Install(error) => error.hints(),
            Self::Shipment(error) => error.hints(),
            Self::Recipe(error) => error.hints(),
            Self::Compose(error) => error.hints(),
            Self::Env(error) => error.hints(),
            Self::NoCompose { .. } => {
                vec!["a release holds a `docker-compose.yml` or `compose.yaml` at its top".into()]
            }
            Self::FileOutside { .. } => {
                vec!["a release's compose files should be its own: no symlink, and no `COMPOSE_FILE` that leads out of it".into()]
            }
            Self::Io { .. } => {
                vec!["run it as a user who may read the release, for example with `sudo`".into()]
            }
        }
    }
}

impl Sides {
    /// Reads both releases.
    pub fn read(
        disk: &Disk,
        install: &Install,
        request: &Request,
        progress: &dyn Progress,
    ) -> Result<Self, SidesError> {
        let old = match &request.from {
            Some(version) => install.release(version)?,
            None => install.active()?,
        };
        let shipment = request
            .shipment
            .as_deref()
            .map(|path| open(install, request, path, progress))
            .transpose()?;
        let peek = shipment
            .as_ref()
            .map(|shipment| shipment.peek(disk))
            .transpose()?;
        let folder = match &peek {
            Some(peek) => peek.path().to_owned(),
            None => install.release(&request.version)?.path,
        };
        let old = Side::read(&old, &old.path, request.from_project.as_deref(), None)?;
        // The old release's `.env` is the one that the new release will run with.
        let env = Some(old.folder.join(".env")).filter(|path| path.is_file());
        let at = install.release_folder(&request.version);
        let new = Release {
            version: request.version.clone(),
            path: folder,
        };
        let new = Side::read(&new, &at, request.project.as_deref(), env.as_deref())?;
        let own = install.root().join("transship.yml");
        let recipe = Recipe::read(new.model.recipe.as_ref(), &new.files[0].name, &own)?;
        Ok(Self {
            old,
            new,
            shipment,
            recipe,
            _peek: peek,
        })
    }
}

fn open(
    install: &Install,
    request: &Request,
    path: &Path,
    progress: &dyn Progress,
) -> Result<Shipment, ShipmentError> {
    let target = install.release_folder(&request.version);
    if target.symlink_metadata().is_ok() {
        return Err(ShipmentError::ReleaseExists { path: target });
    }
    Shipment::open(path, progress)
}

impl Side {
    /// Whether the file at `path`, below the release's folder, is one of its compose secrets.
    pub fn is_secret(&self, path: &Path) -> bool {
        let files = self
            .model
            .secrets
            .values()
            .filter_map(|secret| secret.file.as_ref());
        let inside =
            |file: &Path| file.strip_prefix(&self.model.project_dir).unwrap_or(file) == path;
        files.into_iter().any(|file| inside(file))
    }

    /// Reads a release whose files are in its folder now and that will be `at` another.
    fn read(
        release: &Release,
        at: &Path,
        project: Option<&str>,
        env: Option<&Path>,
    ) -> Result<Self, SidesError> {
        let folder = release.path.clone();
        let paths = compose::discover(&folder)?;
        if paths.is_empty() {
            return Err(SidesError::NoCompose { folder });
        }
        let options = LoadOptions {
            project: project.map(str::to_owned),
            project_dir: Some(at.to_owned()),
            env_files: env.map(Path::to_owned).into_iter().collect(),
            ..LoadOptions::default()
        };
        let model = Model::load(&paths, &options)?;
        let files = paths
            .iter()
            .map(|path| ComposeFile::read(path, &folder))
            .collect::<Result<_, _>>()?;
        let env = read_env(&folder.join(".env"))?;
        Ok(Self {
            version: release.version.clone(),
            folder,
            files,
            model,
            env,
        })
    }
}

impl ComposeFile {
    fn read(path: &Path, folder: &Path) -> Result<Self, SidesError> {
        let outside = |_| SidesError::FileOutside {
            file: path.into(),
            folder: folder.into(),
        };
        let name = path.strip_prefix(folder).map_err(outside)?.to_owned();
        let real = path.canonicalize().ok().zip(folder.canonicalize().ok());
        if real.is_some_and(|(file, folder)| !file.starts_with(folder)) {
            return Err(SidesError::FileOutside {
                file: path.into(),
                folder: folder.into(),
            });
        }
        let bytes = fs::read(path).map_err(|source| SidesError::Io {
            path: path.into(),
            source,
        })?;
        Ok(Self { name, bytes })
    }
}

fn read_env(path: &Path) -> Result<Option<BTreeMap<String, String>>, SidesError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(EnvFile::parse(path, &bytes)?.values(&|_| None)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SidesError::Io {
            path: path.into(),
            source,
        }),
    }
}
