//! What else is on the engine, and collides with the new release as it will be. Only reads.

use super::decisions::Decisions;
use super::facts::FactsError;
use super::release_files::ReleaseFiles;
use crate::compose::{Claims, Model, conflicts};
use crate::doctor::{NeighbourFacts, Observed};
use crate::engine::{Container, Docker, ExceptProject, VolumeStore, claimed};
use crate::launch::CloneBindings;
use crate::release::Install;

/// A release, and what on the engine is in nobody's way.
pub(super) struct Neighbourhood<'a> {
    /// The release.
    pub(super) model: &'a Model,
    /// Its own project.
    pub(super) own: ExceptProject<'a>,
    /// The project whose place it takes.
    pub(super) replaced: Option<ExceptProject<'a>>,
}

impl Neighbourhood<'_> {
    /// What else is there.
    pub(super) fn look(&self, volumes: &dyn VolumeStore) -> NeighbourFacts {
        let except: Vec<_> = self.replaced.into_iter().chain([self.own]).collect();
        let collisions = |docker: &Docker| {
            let others = claimed(docker, &except).map_err(|error| error.to_string())?;
            Ok(conflicts(&others, &Claims::of(self.model)))
        };
        let namesakes = |docker: &Docker| {
            let found = Container::all_of_project(docker, self.own.project);
            found.map_err(|error| error.to_string())
        };
        NeighbourFacts {
            conflicts: asked(volumes, collisions),
            namesakes: asked(volumes, namesakes),
            folder: self.own.folder.to_owned(),
            is_to_come: self.replaced.is_some(),
        }
    }
}

/// What the engine answers.
pub(super) fn asked<T>(
    volumes: &dyn VolumeStore,
    ask: impl Fn(&Docker) -> Observed<T>,
) -> Observed<T> {
    let docker = volumes.docker();
    docker.map_or_else(|| Err("no Docker engine is there to be asked".into()), ask)
}

/// What is beside the release that an upgrade leads to, in the place of the `old` one.
///
/// # Errors
/// It can't be known whether the install is a clone, whose releases have names of their own.
pub(super) fn of_upgrade(
    install: &Install,
    old: &ReleaseFiles,
    decisions: &Decisions,
    volumes: &dyn VolumeStore,
) -> Result<NeighbourFacts, FactsError> {
    let mut model = decisions.model.clone();
    if let Some(clone) = CloneBindings::of(install)? {
        clone.bind(&mut model);
    }
    // Its files may be in a folder of the plan's still.
    let folder = install
        .release_folder(&decisions.to)
        .join(&decisions.new.folder);
    let neighbourhood = Neighbourhood {
        model: &model,
        own: ExceptProject {
            project: &decisions.project,
            folder: &folder,
        },
        replaced: Some(ExceptProject {
            project: &decisions.from_project,
            folder: &old.model.project_dir,
        }),
    };
    Ok(neighbourhood.look(volumes))
}
