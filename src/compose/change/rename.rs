//! A name that an edit changes, by which others may refer to what has it.

use std::collections::{BTreeMap, HashSet};
use std::fmt;

use crate::compose::conflicts::claims::Claims;
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
        let networks = model.networks.values().map(|network| &network.name);
        let volumes = model.volumes.values().map(|volume| &volume.name);
        let declared: HashSet<&String> = networks.chain(volumes).collect();
        // There both can be reached.
        let is_shared = model.networks.values().any(|network| network.external);
        let mut made = Vec::new();
        let mut add = |thing, owner: &str, between: char, behind: &str| {
            let from = format!("{other}{between}{owner}{behind}");
            let to = format!("{own}{between}{owner}{behind}");
            if other != own && !declared.contains(&from) {
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

    /// The names by which only the `others` are called, of those services that the project has,
    /// too: where its files use one, they may mean the service of its own. That it is called so
    /// nowhere is how it stands when a name was changed before, and what used it wasn't.
    pub fn of_others(others: &Claims, own: &Claims, model: &Model) -> Vec<Self> {
        let theirs = others.networks_of_both(own).into_iter();
        let on_shared = theirs.flat_map(|net| &net.what.names);
        let fixed = others
            .containers
            .iter()
            .map(|claim| (&claim.what, &claim.holder));
        let services = model.services.iter().flat_map(|(service, with)| {
            let aliases = with.networks.values().flatten();
            aliases.chain(&with.container_name).chain([service])
        });
        let own_names: HashSet<&String> = services.collect();
        let is_own = |name: &String| own_names.contains(name);
        // What runs isn't told by its service.
        let written = fixed
            .chain(on_shared)
            .filter(|(_, holder)| holder.at.is_some());
        let mut found: BTreeMap<&str, Self> = BTreeMap::new();
        for (name, holder) in written {
            let service = model
                .services
                .get(&holder.owner)
                .filter(|service| service.enabled);
            let Some(service) = service.filter(|_| !is_own(name)) else {
                continue;
            };
            let to = service.container_name.as_ref().unwrap_or(&holder.owner);
            found.entry(name).or_insert_with(|| Self {
                may_be_others: true,
                ..Self::new(
                    NamedThing::Container,
                    &holder.owner,
                    name.clone(),
                    to.clone(),
                )
            });
        }
        found.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(text: &str) -> Model {
        Model::of_text("b", text, &[])
    }

    #[test]
    fn a_name_of_others_alone_is_one_of_a_service_that_the_project_has_too() {
        let check = |theirs: &str, own: &str, expect: &[&str]| {
            let shop = |services: &str| {
                format!("services: {{{services}}}\nnetworks: {{proxy: {{external: true}}, own: }}")
            };
            let (theirs, own) = (model(&shop(theirs)), model(&shop(own)));
            let found = Rename::of_others(&Claims::of(&theirs), &Claims::of(&own), &own);
            let found: Vec<_> = found
                .iter()
                .map(|name| format!("{} {}", name.from, name.to))
                .collect();
            assert_eq!(found, expect);
        };
        let db = "db: {image: x, container_name: shop-db}";
        check(
            db,
            "db: {image: x, container_name: shop-db-b}",
            &["shop-db shop-db-b"],
        );
        check(db, "db: {image: x}", &["shop-db db"]);
        check(db, "db: {image: x, profiles: [p]}", &[]);
        // Another's database may be meant.
        check(db, "web: {image: x}", &[]);
        // Its own answers by that name.
        check(db, db, &[]);
        check(db, "db: {image: x}, shop-db: {image: x}", &[]);
        let aliased = "db: {image: x, networks: {NET: {aliases: [data]}}}";
        let on = |network: &str| aliased.replace("NET", network);
        check(
            &on("proxy"),
            "db: {image: x, networks: [proxy]}",
            &["data db"],
        );
        check(&on("own"), "db: {image: x, networks: [proxy]}", &[]);
        check(&on("proxy"), "db: {image: x, networks: [own]}", &[]);
        check(&on("proxy"), &on("own"), &[]);
    }
}
