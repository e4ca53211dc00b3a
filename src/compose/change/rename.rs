//! A name that an edit changes, by which others may refer to what has it.

use std::fmt;

use crate::compose::model::model::Model;

/// What has the name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum NamedThing {
    /// A container, by its fixed name, which is a host name on its networks.
    Container,
    /// A network, by the name that Docker knows it by.
    Network,
    /// A volume, by the name that Docker knows it by.
    Volume,
    /// A port of the host.
    HostPort,
}

impl fmt::Display for NamedThing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Container => "container",
            Self::Network => "network",
            Self::Volume => "volume",
            Self::HostPort => "host port",
        })
    }
}

/// One thing that gets another name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rename {
    /// What has the name.
    pub thing: NamedThing,
    /// The service, or the volume's or network's key, that is called so.
    pub owner: String,
    /// The name until now, resolved.
    pub from: String,
    /// The name from now on.
    pub to: String,
    /// True for a name that Compose makes of a project's, and that no file declares.
    pub is_made: bool,
    /// True if who uses it may mean another project's thing.
    pub may_be_others: bool,
    /// The variables that the name is still made of: another value of theirs would change it again.
    pub made_of: Vec<String>,
}

impl Rename {
    /// A declared name, which is the project's own.
    pub(crate) fn new(thing: NamedThing, owner: &str, from: String, to: String) -> Self {
        Self {
            thing,
            owner: owner.to_owned(),
            from,
            to,
            is_made: false,
            may_be_others: false,
            made_of: Vec::new(),
        }
    }

    /// The names that Compose made for the things of a project's copy called `other`, which are
    /// another project's alone wherever they still stand: containers in both spellings, the
    /// volumes and networks without a name of their own.
    pub(crate) fn made_for(other: &str, model: &Model) -> Vec<Self> {
        let own = &model.project;
        let is_declared = |name: &String| {
            let mut networks = model.networks.values().map(|network| &network.name);
            let mut volumes = model.volumes.values().map(|volume| &volume.name);
            networks.any(|other| other == name) || volumes.any(|other| other == name)
        };
        // There both can be reached.
        let is_shared = model.networks.values().any(|network| network.external);
        let mut made = Vec::new();
        let mut add = |thing, owner: &str, between: char, behind: &str| {
            let from = format!("{other}{between}{owner}{behind}");
            let to = format!("{own}{between}{owner}{behind}");
            if other != own && !is_declared(&from) {
                made.push(Self {
                    is_made: true,
                    may_be_others: is_shared && thing == NamedThing::Container,
                    ..Self::new(thing, owner, from, to)
                });
            }
        };
        for (name, service) in model.services.iter().filter(|(_, s)| s.enabled) {
            if service.container_name.is_none() {
                add(NamedThing::Container, name, '-', "-1");
                add(NamedThing::Container, name, '_', "_1");
            }
        }
        for (key, network) in model.networks.iter().filter(|(_, n)| !n.external) {
            if network.name == format!("{own}_{key}") {
                add(NamedThing::Network, key, '_', "");
            }
        }
        for (key, volume) in model.volumes.iter().filter(|(_, v)| !v.external) {
            if volume.explicit_name.is_none() {
                add(NamedThing::Volume, key, '_', "");
            }
        }
        made
    }
}
