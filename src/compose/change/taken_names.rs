//! Names that somebody has already: nothing may get one of them.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashMap};

use super::prefix_names::Section;
use crate::compose::conflicts::claims::{Claim, Claimant, Claims};
use crate::compose::conflicts::conflict::{Conflict, ConflictRule};
use crate::compose::error::Error;
use crate::compose::model::model::Model;

/// What the others have and what stays of the project's own, by name.
pub(super) struct TakenNames<'a> {
    containers: HashMap<&'a str, &'a Claimant>,
    volumes: HashMap<&'a str, &'a Claimant>,
    networks: HashMap<&'a str, &'a Claimant>,
    /// Whoever used such a name as a container's would reach the service.
    services: BTreeSet<&'a str>,
    /// What has to give way.
    conflicts: &'a [Conflict],
    /// The suffix and the prefix with which all of it works.
    suffix: OnceCell<String>,
    prefix: OnceCell<String>,
}

impl<'a> TakenNames<'a> {
    /// What can't be given by an edit that ends `conflicts`; `own` is what the project claims.
    pub(super) fn new(
        others: &'a Claims,
        own: &'a Claims,
        model: &'a Model,
        conflicts: &'a [Conflict],
    ) -> Self {
        let by_name = |claim: &'a Claim<String>| (claim.what.as_str(), &claim.holder);
        let on_shared = others.networks_of_both(own).into_iter();
        let on_shared = on_shared
            .flat_map(|net| &net.what.names)
            .map(|(name, holder)| (name.as_str(), holder));
        let networks = others.networks.iter();
        let networks = networks.map(|net| (net.what.name.as_str(), &net.holder));
        let made = others.made_containers.iter().chain(&own.made_containers);
        // One of its own that gives way is another's, too.
        let fixed = own.containers.iter().chain(&others.containers);
        Self {
            containers: on_shared.chain(made.chain(fixed).map(by_name)).collect(),
            volumes: others.volumes.iter().map(by_name).collect(),
            networks: networks.collect(),
            services: model.services.keys().map(String::as_str).collect(),
            conflicts,
            suffix: OnceCell::new(),
            prefix: OnceCell::new(),
        }
    }

    /// Why the container called `name` can't get `suffix`, if it can't.
    pub(super) fn refuses_suffix(&self, found: &Conflict, suffix: &str) -> Option<Error> {
        let name = format!("{}{suffix}", found.subject);
        let reason = self.container(&name)?;
        let works = self.suffix.get_or_init(|| self.working_suffix(suffix));
        Some(Error::Unsafe {
            at: found.second.at.clone()?,
            reason,
            remedy: format!("choose another one: `--suffix={works}`"),
        })
    }

    /// Why the volume or network of `found` can't get `prefix`, if it can't.
    pub(super) fn refuses_prefix(
        &self,
        section: Section,
        found: &Conflict,
        prefix: &str,
    ) -> Option<Error> {
        let reason = self.top_level(section, &format!("{prefix}{}", found.second.owner))?;
        let works = self.prefix.get_or_init(|| self.working_prefix(prefix));
        Some(Error::Unsafe {
            at: found.second.at.clone()?,
            reason,
            remedy: format!("choose another one: `--prefix {works}`"),
        })
    }

    /// The suffix with the smallest number behind it that makes free names of all that give way.
    fn working_suffix(&self, suffix: &str) -> String {
        let fits = |suffix: &String| {
            let mut colliding = self.of(ConflictRule::ContainerName);
            colliding.all(|found| {
                self.container(&format!("{}{suffix}", found.subject))
                    .is_none()
            })
        };
        let mut numbered = (2..).map(|number: u64| format!("{suffix}{number}"));
        numbered.find(fits).unwrap_or_default()
    }

    /// The same for the prefix of volumes and networks.
    fn working_prefix(&self, prefix: &str) -> String {
        let fits_in = |section: Section, prefix: &str| {
            let mut colliding = self.of(section.rule());
            colliding.all(|found| {
                let name = format!("{prefix}{}", found.second.owner);
                self.top_level(section, &name).is_none()
            })
        };
        let fits = |prefix: &String| {
            fits_in(Section::Volumes, prefix) && fits_in(Section::Networks, prefix)
        };
        let stem = prefix.trim_end_matches('_');
        let mut numbered = (2..).map(|number: u64| format!("{stem}{number}_"));
        numbered.find(fits).unwrap_or_default()
    }

    fn of(&self, rule: ConflictRule) -> impl Iterator<Item = &'a Conflict> {
        let conflicts = self.conflicts.iter();
        conflicts.filter(move |conflict| conflict.rule == rule)
    }

    /// Who has a container's name already, as a clause.
    fn container(&self, name: &str) -> Option<String> {
        if self.services.contains(name) {
            return Some(format!("`{name}` is the name of a service"));
        }
        let holder = self.containers.get(name)?;
        let holder = holder.in_words();
        Some(format!("`{name}` would be the name of {holder}, too"))
    }

    fn top_level(&self, section: Section, name: &str) -> Option<String> {
        let holder = match section {
            Section::Volumes => self.volumes.get(name),
            Section::Networks => self.networks.get(name),
        };
        Some(format!(
            "`{name}` would be the name of {}, too",
            holder?.in_words()
        ))
    }
}
