//! Bringing a release up under a compose project of its own, beside all that runs already.
//!
//! The release's files are never changed for it. Where something of it collides with what
//! the engine has, Compose is given copies of the files in which nothing does
//! (`.transship/up/PROJECT/`): the same lossless edits as `conflicts --fix`, with each
//! variable that holds a port in a `ports.env` behind the release's own `.env`. What no
//! edit can part is refused before anything starts.
//!
//! Begin at [`Launch::prepare`].

mod clone_bindings;
mod error;
mod files;
mod held_ports;
mod making_way;
mod mounted;
mod parting;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::thread;

pub use clone_bindings::{CloneBindings, FORMAT as CLONE_FORMAT};
pub use error::LaunchError;
pub use held_ports::held_ports;
pub use making_way::{GivesWay, ReplacedProject};
pub(crate) use mounted::MountedTexts;
pub use parting::{EditedFile, Parting, PartingNames, require_distinct};

use crate::compose::{self, Claims, Conflict, ConflictRule, LoadOptions, Model, VariableChange};
use crate::engine::{
    Compose, ComposeProject, Docker, EngineClaims, ExceptProject, LocalImage, UpOptions,
    local_images, missing_images,
};
use crate::fs::Disk;
use crate::release::{Install, Release};
use crate::threads;
use making_way::{had_given_way, what_gives_way};

/// How a release is to run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaunchOptions {
    /// The compose project; Compose's own choice when absent.
    pub project: Option<String>,
    /// The files of variables; those that Compose reads by itself when empty.
    pub env_files: Vec<PathBuf>,
    /// The active profiles; those of `COMPOSE_PROFILES` when empty.
    pub profiles: Vec<String>,
    /// What names and ports get where they collide.
    pub names: PartingNames,
    /// The release's predecessor, whose place it takes. While that has a container that runs, the
    /// two run side by side instead.
    pub replaces: Option<ReplacedProject>,
    /// Kinds of collisions that may stay; [`ConflictRule::ProjectName`] never may, since the
    /// one would then recreate the other's containers.
    pub accept: Vec<ConflictRule>,
    /// Take no image from a registry, also where one is missing.
    pub never_pull: bool,
    /// Take the predecessor's place although that runs still: it will have been stopped by then.
    pub takes_over: bool,
    /// Make containers anew that are there.
    pub recreate: bool,
    /// Images by service that the containers are made of, whatever the files say.
    pub images: BTreeMap<String, String>,
}

/// A volume that the release would share with another project, and has to itself instead.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct OwnVolume {
    /// The volume's key in the compose file.
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
    /// The release's compose files as they are run, in the order in which Compose is given them.
    pub files: Vec<EditedFile>,
    /// Variables that have to have another value than the release's `.env` says.
    pub variables: Vec<VariableChange>,
    /// Collisions that were accepted.
    pub accepted: Vec<Conflict>,
    /// Volumes that were given names of their own.
    pub volumes: Vec<OwnVolume>,
    /// What the predecessor gives up, so that this takes its place.
    pub gives_way: Vec<GivesWay>,
    /// The predecessor's project, where it runs still and this comes up beside it.
    pub beside: Option<String>,
    /// Images that the engine lacks and that have to be pulled.
    pub to_pull: Vec<String>,
    /// The files of variables that it was resolved with.
    env_files: Vec<PathBuf>,
    /// Whether Compose finds those by itself.
    has_usual_env: bool,
    /// The folder that Compose is started in.
    started_in: PathBuf,
    profiles: Vec<String>,
    /// Where the copies go.
    copies: PathBuf,
    never_pull: bool,
    /// The release's own containers had given way, and can't be started as they are.
    recreate: bool,
    /// Images by service that aren't those that the files name.
    images: BTreeMap<String, String>,
    /// What Compose is told besides, in a rehearsal's clone.
    clone: Option<String>,
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
        let project = compose::find_project(&release.path, release.directory())?;
        let project = project.ok_or_else(|| LaunchError::NoFiles {
            folder: release.path.clone(),
        })?;
        let options = LoadOptions {
            project: wish.project.clone(),
            root: Some(release.path.clone()),
            env_files: match wish.env_files.is_empty() {
                true => project.named_env_files(),
                false => wish.env_files.clone(),
            },
            profiles: wish.profiles.clone(),
            ..project.options()
        };
        let paths = project.files;
        let mut model = Model::load(&paths, &options)?;
        let clone = CloneBindings::of(install)?;
        let clone_file = clone.as_ref().map(|clone| clone.compose_file(&model));
        if let Some(clone) = &clone {
            clone.bind(&mut model);
        }
        let (replaced, beside) = match &wish.replaces {
            Some(old) if !wish.takes_over && old.runs(docker)? => (None, Some(old.project.clone())),
            old => (old.as_ref(), None),
        };
        let mut except = vec![own(&model)];
        except.extend(replaced.map(ReplacedProject::except));
        // Each answer takes as long as the program needs to start.
        let (engine, images) = thread::scope(|scope| {
            let images = threads::start_in(scope, || local_images(docker));
            let engine = EngineClaims::look(docker);
            let images = threads::ended_or(images, || local_images(docker));
            (engine, images)
        });
        let (engine, images) = (engine?, images?);
        let others = engine.but_for(&except);
        let found = compose::conflicts(&others, &Claims::of(&model));
        let mut parting = Parting::of(&model, &paths, &others, &found, &wish.names)?;
        parting.keep(&|_| true, "it stands in an env file of the release");
        require_unexported(&parting.variables)?;
        let after = match clone {
            // What collides all the same is no edit's to part.
            Some(_) => model.clone(),
            None => parting.model(&model, &paths, &options)?,
        };
        let claims = Claims::of(&after);
        let before = Claims::of(&model);
        require_distinct(&before, &claims)?;
        let left = compose::remaining(&others, &before, &claims, &parting.stale);
        let left = require_parted(left, &wish.accept, parting.refusals)?;
        let gives_way = match replaced {
            Some(old) => {
                let there = engine.but_for(&except[..1]);
                what_gives_way(&there, &claims, old, &model.project)
            }
            None => Vec::new(),
        };
        let to_pull = to_pull(&images, &after, &wish.images);
        if wish.never_pull && !to_pull.is_empty() {
            return Err(LaunchError::NoImages { images: to_pull });
        }
        Ok(Self {
            volumes: own_volumes(&model, &after),
            copies: install.own("up").join(&model.project),
            has_usual_env: options.env_files.is_empty(),
            env_files: model.env_files,
            started_in: project.started_in,
            profiles: wish.profiles.clone(),
            project: model.project,
            folder: model.project_dir,
            files: parting.files,
            variables: parting.variables,
            accepted: left,
            gives_way,
            beside,
            never_pull: to_pull.is_empty(),
            recreate: wish.recreate || had_given_way(&engine, &after),
            to_pull,
            images: wish.images.clone(),
            clone: clone_file,
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
            .map(|(file, copy)| match file.is_change() {
                true => copy,
                false => file.path.clone(),
            });
        let files: Vec<_> = files
            .chain(self.images_file())
            .chain(self.clone_file())
            .collect();
        let project = compose.project(&self.project, &self.folder, &files)?;
        let project = project
            .with_profiles(&self.profiles)
            .started_in(&self.started_in);
        Ok(project.with_env_files(&self.env_files())?)
    }

    /// Makes the predecessor give way.
    ///
    /// # Errors
    /// [`LaunchError::Engine`]; what has given way by then has another name, or is gone.
    pub fn make_way(&self, docker: &Docker, disk: &Disk) -> Result<(), LaunchError> {
        let mut each = self.gives_way.iter();
        each.try_for_each(|one| one.act(docker, disk))
    }

    /// How it is started: what is there is never pulled.
    pub fn up(&self) -> UpOptions<'static> {
        UpOptions {
            never_pull: self.never_pull,
            recreate: self.recreate,
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

/// No file wins over the environment.
fn require_unexported(variables: &[VariableChange]) -> Result<(), LaunchError> {
    let exported = |change: &&VariableChange| std::env::var_os(&change.name).is_some();
    match variables.iter().find(exported) {
        None => Ok(()),
        Some(change) => Err(LaunchError::Exported {
            name: change.name.clone(),
        }),
    }
}

/// The collisions that are left and accepted; an error if there are others.
fn require_parted(
    left: Vec<Conflict>,
    accept: &[ConflictRule],
    refusals: Vec<compose::Error>,
) -> Result<Vec<Conflict>, LaunchError> {
    let may_stay = |conflict: &Conflict| {
        conflict.rule != ConflictRule::ProjectName && accept.contains(&conflict.rule)
    };
    let (accepted, left): (Vec<_>, Vec<_>) = left.into_iter().partition(may_stay);
    match left.is_empty() {
        true => Ok(accepted),
        false => Err(LaunchError::Conflicts { left, refusals }),
    }
}

fn own_volumes(before: &Model, after: &Model) -> Vec<OwnVolume> {
    let renamed = |(key, volume): (&String, &compose::VolumeDefinition)| {
        let shared = &before.volumes.get(key)?.name;
        (volume.name != *shared).then(|| OwnVolume {
            key: key.clone(),
            shared: shared.clone(),
            name: volume.name.clone(),
        })
    };
    after.volumes.iter().filter_map(renamed).collect()
}

/// The images of enabled services that are neither there nor built nor `given` otherwise.
fn to_pull(have: &[LocalImage], model: &Model, given: &BTreeMap<String, String>) -> Vec<String> {
    let mut model = model.clone();
    model.services.retain(|name, _| !given.contains_key(name));
    let wanted = model.images_to_have();
    let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
    let missing = missing_images(have, &wanted).into_iter();
    missing.map(str::to_owned).collect()
}
