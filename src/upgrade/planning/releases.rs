//! Both releases, read: their compose files as bytes and as a model, and the recipe.
//!
//! The new release may still be in the vendor's tarball; its small files are then read
//! from a [`SmallFiles`]. Only reads, but for that temporary folder.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::changes::Edit;
use super::config::{Astray, Config};
use super::merging::MergedFile;
use crate::compose::{self, LoadOptions, Model};
use crate::env_file::{self, EnvFile};
use crate::error::{Explain, Kind};
use crate::fs::Disk;
use crate::merge;
use crate::progress::Progress;
use crate::release::{
    CarryRule, Install, InstallError, Recipe, RecipeError, Release, SmallFiles, VendorRelease,
    VendorReleaseError, Version,
};
use crate::upgrade::Request;

/// The old release, the new one, and how to get from one to the other.
#[derive(Debug)]
pub struct Sides {
    /// The release that the upgrade leaves.
    pub old: Side,
    /// The release that it leads to.
    pub new: Side,
    /// The vendor's tarball or folder, when the new release isn't staged yet.
    pub shipment: Option<VendorRelease>,
    /// The new release's recipe.
    pub recipe: Recipe,
    /// Config to be carried.
    pub carry: Vec<CarryRule>,
    /// Files of both releases, merged; the new release's model is that of the result.
    pub merged: Vec<MergedFile>,
    /// True if it is known what the old release's vendor shipped.
    pub has_pristine: bool,
    /// Where releases and pristine files don't agree on what is there.
    pub astray: Astray,
    /// The new release's `.env` as its vendor ships it.
    pub shipped_env: Option<BTreeMap<String, String>>,
    /// Keeps the new release's files readable.
    _small_files: Option<SmallFiles>,
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
    /// What makes the model of the files.
    options: LoadOptions,
    /// Files whose content isn't that on disk, by name.
    coming: BTreeMap<PathBuf, Vec<u8>>,
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
    VendorRelease(#[from] VendorReleaseError),
    /// The recipe.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// A compose file.
    #[error(transparent)]
    Compose(#[from] compose::Error),
    /// A `.env` file.
    #[error(transparent)]
    Env(#[from] env_file::Error),
    /// A file of both releases can't be merged.
    #[error(transparent)]
    Merge(Box<merge::Error>),
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
    /// Edits can't be told from what the vendor shipped.
    #[error(
        "it is not known what the vendor shipped as {version}, so your edits of it are not, either"
    )]
    NoPristine {
        /// The old release.
        version: Version,
    },
    /// There is an override already, or Compose wouldn't read one.
    #[error("your edits can't be written as `{}`", path.display())]
    OverrideTaken {
        /// The override.
        path: PathBuf,
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
            Self::VendorRelease(error) => error.kind(),
            Self::Recipe(error) => error.kind(),
            Self::Compose(error) => error.kind(),
            Self::Env(error) => error.kind(),
            Self::Merge(error) => error.kind(),
            Self::NoCompose { .. } => Kind::Usage,
            Self::FileOutside { .. }
            | Self::NoPristine { .. }
            | Self::OverrideTaken { .. }
            | Self::Io { .. } => Kind::Refused,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Install(error) => error.hints(),
            Self::VendorRelease(error) => error.hints(),
            Self::Recipe(error) => error.hints(),
            Self::Compose(error) => error.hints(),
            Self::Env(error) => error.hints(),
            Self::Merge(error) => error.hints(),
            Self::NoCompose { .. } => {
                vec!["a release holds a `docker-compose.yml` or `compose.yaml` at its top".into()]
            }
            Self::FileOutside { .. } => {
                vec!["a release's compose files should be its own: no symlink, and no `COMPOSE_FILE` that leads out of it".into()]
            }
            Self::NoPristine { .. } => {
                vec!["name the vendor's tarball or folder of it with `--pristine PATH`".into()]
            }
            Self::OverrideTaken { .. } => vec![
                "either release has an override, or `COMPOSE_FILE` in `.env` names the files"
                    .into(),
                "leave out `--as-override`, and your edits are merged".into(),
            ],
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
        let small_files = shipment
            .as_ref()
            .map(|shipment| shipment.small_files(disk))
            .transpose()?;
        let folder = match &small_files {
            Some(small_files) => small_files.path().to_owned(),
            None => install.release(&request.version)?.path,
        };
        let untouched = BTreeMap::new();
        let old_project = request.from_project.as_deref();
        let old = Side::read(&old, &old.path, old_project, None, &untouched)?;
        // The old release's `.env` is the one that the new release will run with.
        let env = Some(old.folder.join(".env")).filter(|path| path.is_file());
        let at = install.release_folder(&request.version);
        let release = Release {
            version: request.version.clone(),
            path: folder,
        };
        let project = request.project.as_deref();
        let shipped = Side::read(&release, &at, project, env.as_deref(), &untouched)?;
        let own = install.root().join("transship.yml");
        let recipe = Recipe::read(shipped.model.recipe.as_ref(), &shipped.files[0].name, &own)?;
        let pristine = Some(install.pristine(&old.version)).filter(|folder| folder.is_dir());
        let config = Config::decide(
            install,
            request,
            &recipe,
            (&old, &shipped),
            pristine.as_deref(),
        )?;
        let shipped_env = shipped.env.clone();
        let new = match config.coming.is_empty() {
            true => shipped,
            false => Side::read(&release, &at, project, env.as_deref(), &config.coming)?,
        };
        let mut overlays = config.merged.iter().filter(|file| file.step.over.is_some());
        if let Some(unread) = overlays.find(|over| new.files.iter().all(|f| f.name != over.name)) {
            return Err(SidesError::OverrideTaken {
                path: new.folder.join(&unread.name),
            });
        }
        Ok(Self {
            old,
            new,
            shipment,
            recipe,
            carry: config.carry,
            merged: config.merged,
            has_pristine: config.has_pristine,
            astray: config.astray,
            shipped_env,
            _small_files: small_files,
        })
    }
}

fn open(
    install: &Install,
    request: &Request,
    path: &Path,
    progress: &dyn Progress,
) -> Result<VendorRelease, VendorReleaseError> {
    let target = install.release_folder(&request.version);
    if target.symlink_metadata().is_ok() {
        return Err(VendorReleaseError::ReleaseExists { path: target });
    }
    VendorRelease::open(path, progress)
}

impl Side {
    /// What the files come to after `edits` of them.
    ///
    /// # Errors
    /// Those of [`Model::load`].
    pub fn edited(&self, edits: &[Edit]) -> Result<Model, compose::Error> {
        let read = |path: &Path| {
            let Ok(name) = path.strip_prefix(&self.folder) else {
                return fs::read(path);
            };
            let file = Install::current_target(&self.version).join(name);
            let edit = edits.iter().find(|edit| edit.step.file == file);
            match edit
                .map(|edit| &edit.after)
                .or_else(|| self.coming.get(name))
            {
                Some(bytes) => Ok(bytes.clone()),
                None => fs::read(path),
            }
        };
        let paths = self.files.iter().map(|file| self.folder.join(&file.name));
        Model::load_with(&paths.collect::<Vec<_>>(), &self.options, &read)
    }

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

    /// Reads a release whose files are in its folder now and that will be `at` another; of
    /// those in `coming`, by their names, the content is given.
    fn read(
        release: &Release,
        at: &Path,
        project: Option<&str>,
        env: Option<&Path>,
        coming: &BTreeMap<PathBuf, Vec<u8>>,
    ) -> Result<Self, SidesError> {
        let folder = release.path.clone();
        let given = |path: &Path| coming.get(path.strip_prefix(&folder).ok()?);
        let is_there = |path: &Path| given(path).is_some() || path.is_file();
        let read = |path: &Path| given(path).map_or_else(|| fs::read(path), |b| Ok(b.clone()));
        let paths = compose::discover_with(&folder, &is_there, &read)?;
        if paths.is_empty() {
            return Err(SidesError::NoCompose { folder });
        }
        let own_env = folder.join(".env");
        let env = match given(&own_env) {
            Some(_) => Some(own_env.as_path()),
            None => env,
        };
        let options = LoadOptions {
            project: project.map(str::to_owned),
            project_dir: Some(at.to_owned()),
            env_files: env.map(Path::to_owned).into_iter().collect(),
            ..LoadOptions::default()
        };
        let model = Model::load_with(&paths, &options, &read)?;
        let files = paths.iter().map(|path| match given(path) {
            Some(bytes) => Ok(ComposeFile {
                name: path.strip_prefix(&folder).unwrap_or(path).to_owned(),
                bytes: bytes.clone(),
            }),
            None => ComposeFile::read(path, &folder),
        });
        Ok(Self {
            version: release.version.clone(),
            files: files.collect::<Result<_, _>>()?,
            env: read_env(&own_env, &read)?,
            folder,
            model,
            options,
            coming: coming.clone(),
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

fn read_env(
    path: &Path,
    read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<Option<BTreeMap<String, String>>, SidesError> {
    match read(path) {
        Ok(bytes) => Ok(Some(EnvFile::parse(path, &bytes)?.values(&|_| None)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(SidesError::Io {
            path: path.into(),
            source,
        }),
    }
}
