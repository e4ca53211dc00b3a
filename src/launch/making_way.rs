//! Making way: what a stopped project has that its successor wants by the same name.
//!
//! Containers are renamed and networks removed, which Compose makes anew; volumes are never
//! touched. So the old release can be brought up again: it then is the one that replaces.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

use super::LaunchError;
use crate::compose::{self, Claims, Conflict, ConflictRule, Model};
use crate::engine::{
    Container, Docker, EngineClaims, ExceptProject, remove_network, rename_container,
};
use crate::fs::Disk;

/// The project whose place another takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplacedProject {
    /// The project's name, as `-p` takes it.
    pub project: String,
    /// The folder of its release.
    pub folder: PathBuf,
}

impl ReplacedProject {
    pub(super) fn except(&self) -> ExceptProject<'_> {
        ExceptProject {
            project: &self.project,
            folder: &self.folder,
        }
    }

    /// True while it has a container that runs.
    pub(super) fn runs(&self, docker: &Docker) -> Result<bool, LaunchError> {
        let containers = Container::of_project(docker, &self.project)?;
        let is_its = |container: &&Container| container.is_from(&self.folder);
        Ok(containers.iter().filter(is_its).any(|one| one.running))
    }
}

/// What the replaced project gives up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum GivesWay {
    /// A container is called otherwise.
    Container {
        /// The container's name now, before it is renamed.
        name: String,
        /// The name that it gets.
        to: String,
    },
    /// A network is removed.
    Network {
        /// The network's name.
        name: String,
    },
}

impl fmt::Display for GivesWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Container { name, to } => write!(f, "container `{name}` is renamed `{to}`"),
            Self::Network { name } => write!(f, "network `{name}` is removed"),
        }
    }
}

/// What of the replaced project `old` stands in the way of `wanted`: `there` is what the engine
/// has, that project's things among it.
pub(super) fn what_gives_way(
    there: &Claims,
    wanted: &Claims,
    old: &ReplacedProject,
    new_project: &str,
) -> Vec<GivesWay> {
    if old.project == new_project {
        // Compose itself makes new containers of its project's old ones.
        return Vec::new();
    }
    let found = compose::conflicts(there, wanted).into_iter();
    let its = found.filter(|found| found.first.project.as_ref() == Some(&old.project));
    let mut all: Vec<GivesWay> = its.filter_map(|found| gives_way(found, old)).collect();
    all.dedup();
    all
}

fn gives_way(found: Conflict, old: &ReplacedProject) -> Option<GivesWay> {
    let name = found.first.owner;
    match found.rule {
        ConflictRule::ContainerName => Some(GivesWay::Container {
            to: format!("{name}-{}", old.project),
            name,
        }),
        ConflictRule::NetworkName | ConflictRule::NetworkSubnet => Some(GivesWay::Network { name }),
        _ => None,
    }
}

impl GivesWay {
    pub(super) fn act(&self, docker: &Docker, disk: &Disk) -> Result<(), LaunchError> {
        match self {
            Self::Container { name, to } => rename_container(docker, disk, name, to)?,
            Self::Network { name } => remove_network(docker, disk, name)?,
        }
        Ok(())
    }
}

/// True if the project has containers that stand still and gave way once: they have another name
/// than their files say, or were on a network that is gone. Compose would start them as they are.
pub(super) fn had_given_way(there: &EngineClaims, model: &Model) -> bool {
    let containers = there.of_project(&model.project);
    if containers.iter().any(|container| container.running) {
        return false;
    }
    let is_renamed = |container: &Container| {
        let service = container.service.as_ref();
        let service = service.and_then(|service| model.services.get(service));
        let name = service.and_then(|service| service.container_name.as_ref());
        name.is_some_and(|name| *name != container.name)
    };
    let is_cut_off = |container: &Container| {
        let mut networks = container.networks.iter();
        networks.any(|network| !there.has_network(network))
    };
    containers
        .iter()
        .any(|one| is_renamed(one) || is_cut_off(one))
}
