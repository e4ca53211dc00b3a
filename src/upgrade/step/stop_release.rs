//! Stopping the old release: its containers are kept, and what stood there is written down first. To
//! undo it is to have the old release back: the same containers, of the same images, started again and
//! seen to be well. Nothing less counts as done.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::StepError;
use super::release_project::ReleaseProject;
use super::smoke_check::check_all;
use super::world::{Attempt, Phase, StepKind, StepOutcome, Undo, UndoEvidence, UndoScope, World};
use crate::engine::{
    Compose, Container, Docker, ImageHold, StandingContainer, VolumeStore, free_names, image_id,
    stop_containers,
};
use crate::launch::LaunchOptions;
use crate::release::Check;
use crate::upgrade::confine::{Bounds, OutOfBounds};
use crate::upgrade::standing_record::StandingRecord;

/// How long a container that keeps data has to end.
pub(in crate::upgrade) const PATIENCE: Duration = Duration::from_mins(5);

/// How long containers may take to come up.
pub(super) const COMING_UP: Duration = Duration::from_mins(10);

/// How long one may be unhealthy before it is given up: some get well late.
pub(super) const UNHEALTHY: Duration = Duration::from_secs(20);

/// Stops the old release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopRelease {
    /// The release that runs, and its project.
    pub old: ReleaseProject,
    /// The release that is to come, and its project.
    pub new: ReleaseProject,
    /// What has to be well once it was started again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
}

impl StepKind for StopRelease {
    fn check(&self, world: World<'_>) -> Result<(), StepError> {
        world.docker().map(|_| ())
    }

    fn act(&self, world: World<'_>, _: Attempt) -> Result<StepOutcome, StepError> {
        let docker = world.docker()?;
        self.remember(world, docker)?;
        let folder = self.old.project_folder(world);
        let project = (self.old.project.as_str(), folder.as_path());
        stop_containers(docker, world.disk, project, PATIENCE, world.progress)?;
        Ok(StepOutcome::default())
    }

    fn confine(&self, bounds: &Bounds<'_>) -> Result<(), OutOfBounds> {
        bounds.old_project(&self.old)?;
        bounds.new_project(&self.new)
    }

    fn check_undo(&self, world: World<'_>, _: Undo) -> Result<(), StepError> {
        let docker = world.docker()?;
        let Some(record) = StandingRecord::load(world.install, world.run)? else {
            return Ok(());
        };
        let folder = self.old.project_folder(world);
        let there = StandingContainer::of_project(docker, &self.old.project, &folder)?;
        for standing in record.containers.iter().filter(|one| one.ran) {
            let is_there = there.iter().any(|one| one.id == standing.id);
            if !is_there && image_id(docker, &standing.image)?.is_none() {
                return Err(StepError::ImageGone {
                    container: standing.name.clone(),
                    image: standing.image.clone(),
                });
            }
        }
        Ok(())
    }

    fn undo(&self, world: World<'_>, undo: Undo) -> Result<(), StepError> {
        let docker = world.docker()?;
        let Some(record) = StandingRecord::load(world.install, world.run)? else {
            // Nothing is stopped before that is written.
            return Ok(());
        };
        if undo.evidence != UndoEvidence::Done {
            // The engine may be stopping some still, and would stop what is started meanwhile.
            let folder = self.old.project_folder(world);
            let project = (self.old.project.as_str(), folder.as_path());
            stop_containers(docker, world.disk, project, PATIENCE, world.progress)?;
        }
        free_names(docker, world.disk, &record.containers, &self.new.project)?;
        let all = &record.containers;
        let started =
            StandingContainer::start_again(all, docker, world.disk, COMING_UP, world.progress);
        if let Err(error) = started {
            world.progress.note(&format!(
                "{} doesn't start as it stood ({error}): its containers are made anew, of the images that they had",
                self.old.version
            ));
            self.make_anew(world, docker, &record)?;
        }
        if record.ran() {
            check_all(&self.checks, world, &self.old)?;
        }
        if undo.scope == UndoScope::Everything || undo.scope == UndoScope::CompleteRun {
            StandingRecord::forget(world.disk, world.install, world.run)?;
        }
        Ok(())
    }

    fn places(&self, world: World<'_>) -> Vec<PathBuf> {
        vec![world.install.own("standing").join(world.run)]
    }

    fn title(&self) -> String {
        format!("stop {} (project {})", self.old.version, self.old.project)
    }

    fn commands(&self, _: &dyn VolumeStore) -> Vec<String> {
        vec![self.old.compose_command("stop")]
    }

    fn phase(&self) -> Phase {
        Phase::Window
    }
}

impl StopRelease {
    /// That nobody has started the old release again since it was stopped.
    ///
    /// # Errors
    /// [`StepError::StartedAgain`].
    pub(in crate::upgrade) fn require_stopped(&self, world: World<'_>) -> Result<(), StepError> {
        let folder = self.old.project_folder(world);
        let mut containers = Container::of_project(world.docker()?, &self.old.project)?;
        containers.retain(|one| one.running && one.is_from(&folder));
        match containers.into_iter().next() {
            None => Ok(()),
            Some(one) => Err(StepError::StartedAgain {
                version: self.old.version.to_string(),
                to: self.new.version.to_string(),
                container: one.name,
            }),
        }
    }

    /// Writes down what stands there, but for what an interrupted call has stopped by now.
    fn remember(&self, world: World<'_>, docker: &Docker) -> Result<(), StepError> {
        let folder = self.old.project_folder(world);
        let now = StandingContainer::of_project(docker, &self.old.project, &folder)?;
        let before = StandingRecord::load(world.install, world.run)?;
        let mut containers = before.map(|record| record.containers).unwrap_or_default();
        let is_news = |one: &StandingContainer| !containers.iter().any(|old| old.id == one.id);
        let news: Vec<_> = now.into_iter().filter(is_news).collect();
        if news.is_empty() && !containers.is_empty() {
            return Ok(());
        }
        containers.extend(news);
        let record = StandingRecord {
            install: world.id.to_owned(),
            run: world.run.to_owned(),
            version: self.old.version.clone(),
            project: self.old.project.clone(),
            containers,
        };
        Ok(record.save(world.disk, world.install)?)
    }

    /// Where the containers themselves can't be started: containers like them, of the images that
    /// they had and not of what these are called now.
    fn make_anew(
        &self,
        world: World<'_>,
        docker: &Docker,
        record: &StandingRecord,
    ) -> Result<(), StepError> {
        let ran = record.containers.iter().filter(|one| one.ran);
        let mut images = BTreeMap::new();
        for standing in ran {
            let Some(service) = &standing.service else {
                continue;
            };
            let slug = self.old.version.slug();
            let tag = ImageHold::new(world.id, &slug, &standing.image).tag;
            let held = [tag, standing.image.clone()];
            let mut found = None;
            for reference in held {
                if image_id(docker, &reference)?.as_ref() == Some(&standing.image) {
                    found = found.or(Some(reference));
                }
            }
            let reference = found.ok_or_else(|| StepError::ImageGone {
                container: standing.name.clone(),
                image: standing.image.clone(),
            })?;
            images.insert(service.clone(), reference);
        }
        if images.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = images.keys().cloned().collect();
        let services: Vec<&str> = names.iter().map(String::as_str).collect();
        let wish = LaunchOptions {
            recreate: true,
            images,
            ..LaunchOptions::default()
        };
        let launch = self.old.launch_with(world, &self.new, wish)?;
        let compose = launch.compose(&Compose::find(docker)?)?;
        launch.write(world.disk)?;
        launch.make_way(docker, world.disk)?;
        let how = crate::engine::UpOptions {
            services: &services,
            ..launch.up()
        };
        compose.up(world.disk, &how, world.progress)?;
        Ok(compose.wait_for(&services, COMING_UP, Some(UNHEALTHY), world.progress)?)
    }
}
