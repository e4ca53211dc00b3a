//! Both releases, read: their compose files as bytes and as a model, and the recipe.
//!
//! The new release may still be in the vendor's tarball; its small files are then read
//! from a [`Peek`]. Only reads, but for that temporary folder.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use walkdir::WalkDir;

use super::Request;
use super::merging::{self, MergedFile, Shared};
use crate::compose::{self, LoadOptions, Model};
use crate::env_file::{self, EnvFile};
use crate::error::{Explain, Kind};
use crate::fs::Disk;
use crate::merge;
use crate::progress::Progress;
use crate::release::{
    Carry, How, Install, InstallError, Peek, Recipe, RecipeError, Release, Shipment, ShipmentError,
    Version,
};
use crate::tree;

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
    /// Config to be carried.
    pub carry: Vec<Carry>,
    /// Files of both releases, merged; the new release's model is that of the result.
    pub merged: Vec<MergedFile>,
    /// True if it is known what the old release's vendor shipped.
    pub has_pristine: bool,
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
            Self::Merge(error) => error.kind(),
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
            Self::Merge(error) => error.hints(),
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
        let untouched = BTreeMap::new();
        let old_project = request.from_project.as_deref();
        let old = Side::read(&old, &old.path, old_project, None, &untouched)?;
        // The old release's `.env` is the one that the new release will run with.
        let env = Some(old.folder.join(".env")).filter(|path| path.is_file());
        let at = install.release_folder(&request.version);
        let new = Release {
            version: request.version.clone(),
            path: folder,
        };
        let project = request.project.as_deref();
        let release = new;
        let mut new = Side::read(&release, &at, project, env.as_deref(), &untouched)?;
        let own = install.root().join("transship.yml");
        let recipe = Recipe::read(new.model.recipe.as_ref(), &new.files[0].name, &own)?;
        let carry = carried(request, &recipe, &old)?;
        let pristine = Some(install.pristine(&old.version)).filter(|folder| folder.is_dir());
        let shared = shared(install, (&old, &new), pristine.as_deref(), &carry)?;
        let versions = (&old.version, &new.version);
        let merged = shared
            .iter()
            .map(|shared| MergedFile::of(request, versions, shared))
            .map(|merged| merged.map_err(|error| SidesError::Merge(Box::new(error))))
            .collect::<Result<Vec<_>, _>>()?;
        if !merged.is_empty() {
            let results = merged.iter();
            let results = results.map(|file| (file.name.clone(), file.merged.bytes.clone()));
            new = Side::read(&release, &at, project, env.as_deref(), &results.collect())?;
        }
        Ok(Self {
            old,
            new,
            shipment,
            recipe,
            carry,
            merged,
            has_pristine: pristine.is_some(),
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

    /// Reads a release whose files are in its folder now and that will be `at` another; of
    /// those in `edited`, by their names, the content is given.
    fn read(
        release: &Release,
        at: &Path,
        project: Option<&str>,
        env: Option<&Path>,
        edited: &BTreeMap<PathBuf, Vec<u8>>,
    ) -> Result<Self, SidesError> {
        let folder = release.path.clone();
        let paths = compose::discover(&folder)?;
        if paths.is_empty() {
            return Err(SidesError::NoCompose { folder });
        }
        let own_env = folder.join(".env");
        let env = match edited.contains_key(Path::new(".env")) {
            true => Some(own_env.as_path()),
            false => env,
        };
        let options = LoadOptions {
            project: project.map(str::to_owned),
            project_dir: Some(at.to_owned()),
            env_files: env.map(Path::to_owned).into_iter().collect(),
            ..LoadOptions::default()
        };
        let read = |path: &Path| {
            let name = path.strip_prefix(&folder).ok();
            match name.and_then(|name| edited.get(name)) {
                Some(content) => Ok(content.clone()),
                None => fs::read(path),
            }
        };
        let model = Model::load_with(&paths, &options, &read)?;
        let mut files = paths
            .iter()
            .map(|path| ComposeFile::read(path, &folder))
            .collect::<Result<Vec<_>, _>>()?;
        for file in &mut files {
            if let Some(content) = edited.get(&file.name) {
                file.bytes.clone_from(content);
            }
        }
        let env = read_env(&own_env)?;
        Ok(Self {
            version: release.version.clone(),
            folder,
            files,
            model,
            env,
        })
    }
}

/// What is asked for; else what the recipe lists; else `.env`, and what the old release's
/// compose file mounts or reads from inside its folder.
fn carried(request: &Request, recipe: &Recipe, old: &Side) -> Result<Vec<Carry>, RecipeError> {
    if !request.carry.is_empty() {
        return request.carry.iter().map(|path| Carry::new(path)).collect();
    }
    if let Some(listed) = &recipe.carry {
        return Ok(listed.clone());
    }
    let mut carry = vec![Carry::new(Path::new(".env"))?];
    let inside = old.model.files_inside();
    carry.extend(inside.iter().filter_map(|path| Carry::new(path).ok()));
    carry.retain(|carry| old.folder.join(&carry.path).symlink_metadata().is_ok());
    carry.sort_by(|a, b| a.path.cmp(&b.path));
    carry.dedup();
    // What lies below a carried folder is carried with it.
    let folders = carry.clone();
    let is_below = |carry: &Carry| {
        let mut above = folders.iter().filter(|folder| folder.path != carry.path);
        above.any(|folder| carry.path.starts_with(&folder.path))
    };
    carry.retain(|carry| !is_below(carry));
    Ok(carry)
}

/// The files that both releases have and that are to be merged: those that differ, and whose
/// pristine version isn't what the vendor ships now, too.
fn shared(
    install: &Install,
    (old, new): (&Side, &Side),
    pristine: Option<&Path>,
    carry: &[Carry],
) -> Result<Vec<Shared>, SidesError> {
    let mut names: BTreeSet<PathBuf> = BTreeSet::new();
    if pristine.is_some() {
        names.extend(new.files.iter().map(|file| file.name.clone()));
    }
    for carry in carry {
        let is_merged = match carry.how {
            How::Auto => pristine.is_some(),
            How::Copy => false,
            How::Merge => true,
        };
        if is_merged {
            // What its vendor ships is written by nobody else; what the old release has is.
            let files = WalkDir::new(new.folder.join(&carry.path))
                .into_iter()
                .flatten();
            let files = files.filter(|entry| entry.file_type().is_file());
            names.extend(
                files.filter_map(|entry| {
                    Some(entry.path().strip_prefix(&new.folder).ok()?.to_owned())
                }),
            );
        }
    }
    let mut found = Vec::new();
    for name in names {
        let read = |root: &Path, name: &Path| {
            tree::read_beneath(root, name).map_err(|source| SidesError::Io {
                path: root.join(name),
                source,
            })
        };
        let (Some(mine), Some(theirs)) = (read(&old.folder, &name)?, read(&new.folder, &name)?)
        else {
            continue;
        };
        let base = match pristine {
            Some(pristine) => read(pristine, &name)?,
            None => None,
        };
        let is_compose = new.files.iter().any(|file| file.name == name);
        if mine == theirs || (base.as_ref() == Some(&theirs) && !is_compose) {
            continue;
        }
        let resolved = read(install.root(), &merging::resolution(&new.version, &name))?;
        found.push(Shared {
            name,
            base,
            mine,
            theirs,
            resolved,
        });
    }
    Ok(found)
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
