//! Bringing a release up under a compose project of its own, beside all that runs already.
//!
//! The release's files are never changed for it. Where something of it collides with what
//! the engine has, Compose is given copies of the files in which nothing does
//! (`.transship/up/PROJECT/`): the same lossless edits as `conflicts --fix`, with each
//! variable that holds a port in a `ports.env` behind the release's own `.env`. What no
//! edit can part is refused before anything starts.
//!
//! Begin at [`Launch::prepare`].

mod error;
mod files;

use std::path::{Path, PathBuf};

pub use error::LaunchError;

use crate::compose::{
    self, Claims, Conflict, ConflictRule, Document, Edited, FixRule, LoadOptions, Model,
    VariableChange,
};
use crate::engine::{
    Compose, ComposeProject, Docker, ExceptProject, UpOptions, claimed, local_images,
    missing_images,
};
use crate::env_file::Values;
use crate::release::{Install, Release};

/// How a release is to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaunchOptions {
    /// The compose project; Compose's own choice when absent.
    pub project: Option<String>,
    /// What is put behind container names that collide; `-` and the project's name when
    /// absent.
    pub suffix: Option<String>,
    /// What is put before names of volumes and networks that collide; the project's name
    /// and `_` when absent.
    pub prefix: Option<String>,
    /// What is added to the host ports of services of which one collides.
    pub port_offset: Option<i32>,
    /// Kinds of collisions that may stay; [`ConflictRule::ProjectName`] never may, since the
    /// one would then recreate the other's containers.
    pub accept: Vec<ConflictRule>,
    /// Take no image from a registry, also where one is missing.
    pub never_pull: bool,
}

/// A compose file of a release, as Compose will get it.
#[derive(Debug)]
pub struct LaunchFile {
    /// The release's file.
    pub path: PathBuf,
    /// What it holds.
    pub before: Vec<u8>,
    /// What Compose will read.
    pub edited: Edited,
}

impl LaunchFile {
    /// True if Compose gets a copy that differs.
    pub fn is_edited(&self) -> bool {
        self.edited.bytes != self.before
    }
}

/// A volume that the release would share with another project, and has to itself instead.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OwnVolume {
    /// Its key in the compose file.
    pub key: String,
    /// The name in the release's file.
    pub shared: String,
    /// The name for this project. Unless it is there already, Compose makes it, empty.
    pub name: String,
}

/// A release that is ready to be started. Nothing was changed yet.
#[derive(Debug)]
pub struct Launch {
    /// The compose project.
    pub project: String,
    /// The release's folder, which relative paths are relative to.
    pub folder: PathBuf,
    /// Its compose files, in their order.
    pub files: Vec<LaunchFile>,
    /// Variables that have to have another value than the release's `.env` says.
    pub variables: Vec<VariableChange>,
    /// Collisions that were accepted.
    pub accepted: Vec<Conflict>,
    /// Volumes that were given names of their own.
    pub volumes: Vec<OwnVolume>,
    /// Images that the engine lacks and that have to be pulled.
    pub to_pull: Vec<String>,
    /// Where the copies go.
    copies: PathBuf,
    never_pull: bool,
}

impl Launch {
    /// Finds out how `release` can come up beside what the engine has.
    ///
    /// # Errors
    /// [`LaunchError::Conflicts`] where something collides that no edit can part and that
    /// isn't accepted; [`LaunchError::NoImages`] where an image is missing and none may be
    /// pulled; those of reading the release and of asking the engine.
    pub fn prepare(
        install: &Install,
        release: &Release,
        wish: &LaunchOptions,
        docker: &Docker,
    ) -> Result<Self, LaunchError> {
        // It says best what is wrong with the engine, if anything is.
        docker.server()?;
        let paths = compose::discover(&release.path)?;
        if paths.is_empty() {
            return Err(LaunchError::NoFiles {
                folder: release.path.clone(),
            });
        }
        let options = LoadOptions {
            project: wish.project.clone(),
            ..LoadOptions::default()
        };
        let model = Model::load(&paths, &options)?;
        let others = claimed(docker, own(&model))?;
        let found = compose::conflicts(&others, &Claims::of(&model));
        let fixed = fix(&paths, &model, &found, wish)?;
        let after = reload(&paths, &model, &options, &fixed)?;
        let left = require_parted(&others, (&model, &after), wish, fixed.refusals)?;
        let to_pull = to_pull(docker, &after)?;
        if wish.never_pull && !to_pull.is_empty() {
            return Err(LaunchError::NoImages { images: to_pull });
        }
        Ok(Self {
            volumes: own_volumes(&model, &after),
            copies: install.own("up").join(&model.project),
            project: model.project,
            folder: model.project_dir,
            files: fixed.files,
            variables: fixed.variables,
            accepted: left,
            never_pull: to_pull.is_empty(),
            to_pull,
        })
    }

    /// The project as Compose is told of it.
    ///
    /// # Errors
    /// Those of [`Compose::project`] and [`ComposeProject::with_env_files`].
    pub fn compose(&self, compose: &Compose) -> Result<ComposeProject, LaunchError> {
        let files: Vec<_> = self.files.iter().zip(self.copied()).collect();
        let files = files
            .into_iter()
            .map(|(file, copy)| match file.is_edited() {
                true => copy,
                false => file.path.clone(),
            });
        let files: Vec<_> = files.collect();
        let project = compose.project(&self.project, &self.folder, &files)?;
        Ok(project.with_env_files(&self.env_files())?)
    }

    /// How it is started: what is there is never pulled.
    pub fn up(&self) -> UpOptions<'static> {
        UpOptions {
            never_pull: self.never_pull,
            ..UpOptions::default()
        }
    }
}

fn own(model: &Model) -> ExceptProject<'_> {
    ExceptProject {
        project: &model.project,
        folder: &model.project_dir,
    }
}

/// The files with their edits.
struct Fixed {
    files: Vec<LaunchFile>,
    variables: Vec<VariableChange>,
    refusals: Vec<compose::Error>,
}

fn fix(
    paths: &[PathBuf],
    model: &Model,
    found: &[Conflict],
    wish: &LaunchOptions,
) -> Result<Fixed, LaunchError> {
    let project = &model.project;
    let rule = FixRule {
        suffix: wish.suffix.clone().unwrap_or(format!("-{project}")),
        prefix: wish.prefix.clone().unwrap_or(format!("{project}_")),
        port_offset: wish.port_offset,
    };
    let values = Values::in_folder(&model.project_dir, read)?;
    let mut all = Fixed {
        files: Vec::new(),
        variables: Vec::new(),
        refusals: Vec::new(),
    };
    for path in paths {
        let before = read(path)?;
        let document = Document::parse(path, &before)?;
        let fixed = compose::fix(&document, found, &rule, &|name| values.get(name))?;
        all.files.push(LaunchFile {
            path: path.clone(),
            before,
            edited: fixed.edited,
        });
        all.variables.extend(fixed.variables);
        all.refusals.extend(fixed.refusals);
    }
    let exported = |change: &&VariableChange| std::env::var_os(&change.name).is_some();
    match all.variables.iter().find(exported) {
        None => Ok(all),
        Some(change) => Err(LaunchError::Exported {
            name: change.name.clone(),
        }),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, LaunchError> {
    std::fs::read(path).map_err(|source| LaunchError::Read {
        path: path.to_owned(),
        source,
    })
}

/// What the files come to with their edits.
fn reload(
    paths: &[PathBuf],
    model: &Model,
    options: &LoadOptions,
    fixed: &Fixed,
) -> Result<Model, LaunchError> {
    let read = |path: &Path| match fixed.files.iter().find(|file| file.path == path) {
        Some(file) => Ok(file.edited.bytes.clone()),
        None => std::fs::read(path),
    };
    let mut options = LoadOptions {
        project: Some(model.project.clone()),
        ..options.clone()
    };
    let changes = fixed.variables.iter();
    let changes = changes.map(|change| (change.name.clone(), change.to.clone()));
    options.environment.extend(changes);
    Ok(Model::load_with(paths, &options, &read)?)
}

/// The collisions that are left and accepted; an error if there are others, or if the edits
/// made new ones.
fn require_parted(
    others: &Claims,
    (before, after): (&Model, &Model),
    wish: &LaunchOptions,
    refusals: Vec<compose::Error>,
) -> Result<Vec<Conflict>, LaunchError> {
    let (before, after) = (Claims::of(before), Claims::of(after));
    if let Some(conflict) = compose::conflicts_made(&before, &after).into_iter().next() {
        let conflict = Box::new(conflict);
        return Err(LaunchError::Made { conflict });
    }
    let left = compose::conflicts(others, &after).into_iter();
    let may_stay = |conflict: &Conflict| {
        conflict.rule != ConflictRule::ProjectName && wish.accept.contains(&conflict.rule)
    };
    let (accepted, left): (Vec<_>, Vec<_>) = left.partition(may_stay);
    match left.is_empty() {
        true => Ok(accepted),
        false => Err(LaunchError::Conflicts { left, refusals }),
    }
}

fn own_volumes(before: &Model, after: &Model) -> Vec<OwnVolume> {
    let renamed = |(key, volume): (&String, &compose::Volume)| {
        let shared = &before.volumes.get(key)?.name;
        (volume.name != *shared).then(|| OwnVolume {
            key: key.clone(),
            shared: shared.clone(),
            name: volume.name.clone(),
        })
    };
    after.volumes.iter().filter_map(renamed).collect()
}

/// The images of enabled services that are neither there nor built.
fn to_pull(docker: &Docker, model: &Model) -> Result<Vec<String>, LaunchError> {
    let wanted = model.images_to_have();
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let have = local_images(docker)?;
    let missing = missing_images(&have, &wanted).into_iter();
    Ok(missing.map(str::to_owned).collect())
}
