//! The two containers of a move: each like one of a project's, which stands still, by a name that a run that
//! was killed is known by.

use super::MoveDatabase;
use crate::engine::{self, Container, ContainerEnd, LoneContainer, Volume};
use crate::upgrade::step::create_containers::CreateContainers;
use crate::upgrade::step::world::{Attempt, StepKind as _, World};
use crate::upgrade::step::{ReleaseProject, StepError};

impl MoveDatabase {
    /// The service's containers of both releases; the new one's are made if they aren't there.
    pub(super) fn containers(&self, world: World<'_>) -> Result<(Container, Container), StepError> {
        let old = container(world, &self.old, &self.old_service)?;
        if container(world, &self.new, &self.service).is_err() {
            let create = CreateContainers {
                new: self.new.clone(),
                old: self.old.clone(),
                beforehand: false,
            };
            create.act(world, Attempt::Again)?;
        }
        Ok((old, container(world, &self.new, &self.service)?))
    }

    /// What the two are called.
    pub(super) fn names(&self, world: World<'_>) -> [String; 2] {
        let plain = |c: char| {
            if c.is_ascii_alphanumeric() || c == '-' {
                c
            } else {
                '_'
            }
        };
        let run: String = format!("{}-{}", world.id, world.run)
            .chars()
            .map(plain)
            .collect();
        let service: String = self.service.chars().map(plain).collect();
        ["old", "new"].map(|side| format!("transship-{run}-{service}-{side}"))
    }

    /// Those that a killed run left.
    pub(super) fn remove_servers(&self, world: World<'_>) -> Result<(), StepError> {
        let docker = world.docker()?;
        let [old, new] = self.names(world);
        LoneContainer::remove(docker, world.disk, &old, ContainerEnd::InItsTime)?;
        // What the new one has is thrown away, or is begun anew.
        Ok(LoneContainer::remove(
            docker,
            world.disk,
            &new,
            ContainerEnd::AtOnce,
        )?)
    }

    /// After a failure the new volume is empty, as it was.
    pub(super) fn take_back(&self, world: World<'_>, target: &Volume) {
        // The failure itself is what there is to tell; `undo` looks again at what stays.
        let _ = self.remove_servers(world);
        let _ = world.volumes.contents().clear(world.disk, target);
    }
}

/// The container of a service, which stands still.
fn container(
    world: World<'_>,
    release: &ReleaseProject,
    service: &str,
) -> Result<Container, StepError> {
    let containers = Container::of_project(world.docker()?, &release.project)?;
    let folder = release.project_folder(world);
    let is_its = |one: &Container| one.service.as_deref() == Some(service) && one.is_from(&folder);
    let found = containers.into_iter().find(is_its);
    found.ok_or_else(|| {
        StepError::Engine(engine::Error::NotStartable {
            container: service.to_owned(),
            why: format!("project `{}` has no container of it", release.project),
        })
    })
}
