//! The compose projects of both releases, as a plan and its journal record them: whoever brings one
//! up, stops it or goes back uses what was planned, and not what Compose would choose by itself.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::compose::Model;

/// The projects of both releases, and how they stand to each other.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectPair {
    /// How containers, names and networks are arranged.
    pub arrangement: Arrangement,
    /// The old release's project.
    pub old: ProjectRecord,
    /// The new release's project.
    pub new: ProjectRecord,
}

/// How two releases share an engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrangement {
    /// The new one takes the place of the old one, whose containers and networks make way.
    #[default]
    Replace,
    /// Both releases run at once, side by side on the engine.
    Beside,
}

impl Arrangement {
    /// True for what is meant where nothing is said.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde's `skip_serializing_if` has it so"
    )]
    pub(crate) fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// One release's project, and what it claims of an engine by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectRecord {
    /// The project's name, as `-p` takes it.
    pub name: String,
    /// The services that have a container of a fixed name, with that name.
    pub containers: BTreeMap<String, String>,
    /// The networks by key, with the names that the engine has them by.
    pub networks: BTreeMap<String, NetworkRecord>,
}

/// A network of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NetworkRecord {
    /// The name that the engine has it by.
    pub name: String,
    /// Whether Compose neither makes nor removes it.
    pub external: bool,
    /// Its subnets, in CIDR notation.
    pub subnets: Vec<String>,
}

impl ProjectRecord {
    /// The project that a release's compose files come to.
    pub fn of(model: &Model) -> Self {
        let services = model.services.iter();
        let networks = model.networks.iter();
        Self {
            name: model.project.clone(),
            containers: services
                .filter_map(|(key, service)| Some((key.clone(), service.container_name.clone()?)))
                .collect(),
            networks: networks
                .map(|(key, network)| {
                    let record = NetworkRecord {
                        name: network.name.clone(),
                        external: network.external,
                        subnets: network.subnets.clone(),
                    };
                    (key.clone(), record)
                })
                .collect(),
        }
    }
}
