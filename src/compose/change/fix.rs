//! `conflicts --fix`: the edits of one project's files that part it from others, and of all
//! that refers to what they rename.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::Path;

use super::prefix_names::{PrefixRule, Section, draft_each_name, prove_names};
use super::references::{Referrers, StaleName, TextFile, unique};
use super::rename::{NamedThing, Rename};
use super::service_edits::{check_suffix, draft_ports};
use super::taken_names::TakenNames;
use crate::compose::conflicts::claims::Claims;
use crate::compose::conflicts::conflict::{Conflict, ConflictRule};
use crate::compose::error::Error;
use crate::compose::file::document::Document;
use crate::compose::file::edit::{Draft, Edited};
use crate::compose::file::interpolate::{Lookup, interpolate, variables as variables_of};
use crate::compose::file::location::Location;
use crate::compose::file::value_location::{ValueLocation, ValueSites, sites};
use crate::compose::file::variable::{VariableChange, Variables};
use crate::compose::model::model::Model;
use crate::compose::model::port::Port;
use crate::env_file::EnvFile;

/// How names and ports become a project's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FixRule {
    /// What is put behind the container names that collide: `-v2105`.
    pub suffix: String,
    /// What is put before the keys of volumes and networks whose names collide: `v2105_`.
    pub prefix: String,
    /// What is added to the host ports of services of which one collides; none are moved
    /// when absent.
    pub port_offset: Option<i32>,
}

/// The files of a project that are to be fixed.
pub struct ProjectFiles<'a> {
    /// What they come to.
    pub model: &'a Model,
    /// The compose files that may be edited.
    pub documents: &'a [Document],
    /// The values of the project's variables.
    pub lookup: &'a Lookup<'a>,
    /// For each of the documents, the values of its variables, where it has others than the project.
    pub lookups: &'a [&'a Lookup<'a>],
    /// The files of `env_file`, which may be edited, too.
    pub env_files: &'a [EnvFile],
    /// The names of the projects that it is parted from.
    pub others: &'a [String],
    /// Names that only those have, of services that the project has, too: who uses them is told of.
    pub foreign: &'a [Rename],
    /// Text files that services mount or have labels from.
    pub texts: &'a [TextFile],
    /// All that the others have, and that no name may become.
    pub taken: &'a Claims,
    /// True for a variable that others have from the same file: its value stays.
    pub is_kept: &'a dyn Fn(&str) -> bool,
}

/// A project's files with their conflicts resolved, as far as that can be.
#[derive(Debug)]
pub struct FixedFiles {
    /// The edited compose files, in the order that they were given in.
    pub files: Vec<Edited>,
    /// Variables that hold ports or names, for the `.env` file.
    pub variables: Vec<VariableChange>,
    /// For each of the env files, the variables that are to change in it.
    pub env_files: Vec<Vec<VariableChange>>,
    /// The text files, edited or not, in the order that they were given in.
    pub texts: Vec<Edited>,
    /// What gets another name.
    pub renames: Vec<Rename>,
    /// Places that still use, or may use, a name that is gone.
    pub stale: Vec<StaleName>,
    /// Why what could be edited couldn't.
    pub refusals: Vec<Error>,
}

/// Edits a project's files so that the conflicts end whose second side stands in them: names
/// of containers, volumes and networks, and host ports, each with all that surely refers to
/// it. What needs a decision or a copy of data (subnets, folders, external networks, routes)
/// is left.
///
/// # Errors
/// [`Error::Malformed`] for a prefix or suffix that makes no name; [`Error::Unsafe`] if the
/// edits together can't be proven.
pub fn fix(
    project: &ProjectFiles<'_>,
    conflicts: &[Conflict],
    rule: &FixRule,
) -> Result<FixedFiles, Error> {
    let is_container = |conflict: &Conflict| conflict.rule == ConflictRule::ContainerName;
    if conflicts.iter().any(is_container) {
        check_suffix(&rule.suffix)?;
    }
    let own = Claims::of(project.model);
    let taken = TakenNames::new(project.taken, &own, project.model, conflicts);
    let mut fixing = Fixing {
        lookup: project.lookup,
        rule,
        taken: &taken,
        variables: Variables::keeping(project.is_kept),
        renames: Vec::new(),
        refusals: Vec::new(),
    };
    let lookups = project.lookups.iter().copied();
    let lookups = lookups.chain(std::iter::repeat(project.lookup));
    let documents = project.documents.iter().zip(lookups);
    let mut drafts = Vec::new();
    for (document, lookup) in documents.clone() {
        let mut draft = Draft::new(document);
        fixing.lookup = lookup;
        let colliding = Colliding {
            model: project.model,
            conflicts,
            path: document.path(),
        };
        fixing.document(document, &mut draft, &colliding)?;
        drafts.push(draft);
    }
    let made = project.others.iter();
    let made = made.flat_map(|other| Rename::made_for(other, project.model));
    let foreign = project.foreign.iter().cloned();
    let renames = fixing.renames.into_iter().chain(made).chain(foreign);
    let renames = unique(renames.collect());
    let referrers = Referrers::new(project.model, project.lookup, &renames)
        .knowing_mixed(documents.clone(), project.env_files);
    let (mut stale, mut files) = (Vec::new(), Vec::new());
    for ((document, lookup), mut draft) in documents.zip(drafts) {
        let referrers = referrers.with(lookup);
        stale.extend(referrers.edit(document, &mut draft, &mut fixing.variables));
        let edited = draft.finish()?;
        for section in [Section::Volumes, Section::Networks] {
            prove_names(document, &edited, section)?;
        }
        files.push(edited);
    }
    let mut env_files = Vec::new();
    for file in project.env_files {
        let (changes, left) = referrers.in_env_file(file, &mut fixing.variables);
        env_files.push(changes);
        stale.extend(left);
    }
    let mut texts = Vec::new();
    for file in project.texts {
        let (edited, left) = referrers.in_text(file);
        texts.push(edited);
        stale.extend(left);
    }
    stale.sort_by(|a, b| (&a.at, &a.from, a.thing).cmp(&(&b.at, &b.from, b.thing)));
    stale.dedup();
    Ok(FixedFiles {
        files,
        variables: fixing.variables.into_changes(),
        env_files,
        texts,
        stale,
        refusals: fixing.refusals,
        renames,
    })
}

/// What of a project has to give way, of which one file is looked at.
struct Colliding<'a> {
    model: &'a Model,
    conflicts: &'a [Conflict],
    path: &'a Path,
}

impl<'a> Colliding<'a> {
    /// The owners by the places in this file where what collides is written. That is where the
    /// edit belongs: a service may have it from another that it `extends`.
    fn places(&self, rule: ConflictRule) -> HashMap<&'a Location, &'a Conflict> {
        let here = self
            .conflicts
            .iter()
            .filter(|conflict| conflict.rule == rule);
        let place = |conflict: &'a Conflict| Some((conflict.second.at.as_ref()?, conflict));
        here.filter_map(place)
            .filter(|(at, _)| at.path == self.path)
            .collect()
    }

    /// The ports that move, with their places in this file: all of a service of which one collides.
    fn ports(&self) -> Vec<(&'a str, &'a Port, &'a Location)> {
        let here = self.conflicts.iter();
        let here = here.filter(|conflict| conflict.rule == ConflictRule::HostPort);
        let owners: BTreeSet<&str> = here
            .map(|conflict| conflict.second.owner.as_str())
            .collect();
        let services = owners
            .into_iter()
            .filter_map(|owner| self.model.services.get_key_value(owner));
        let ports = services.flat_map(|(owner, service)| {
            let ports = service.ports.iter();
            ports.map(move |(port, at)| (owner.as_str(), port, at))
        });
        ports.filter(|(.., at)| at.path == self.path).collect()
    }
}

/// The fix under way.
struct Fixing<'a> {
    /// The values of the variables of the file that is edited.
    lookup: &'a Lookup<'a>,
    rule: &'a FixRule,
    taken: &'a TakenNames<'a>,
    variables: Variables<'a>,
    renames: Vec<Rename>,
    refusals: Vec<Error>,
}

impl Fixing<'_> {
    fn document(
        &mut self,
        document: &Document,
        draft: &mut Draft<'_>,
        colliding: &Colliding<'_>,
    ) -> Result<(), Error> {
        self.containers(document, draft, colliding);
        if let Some(offset) = self.rule.port_offset {
            self.ports(document, draft, offset, &colliding.ports());
        }
        for (section, of) in [
            (Section::Volumes, ConflictRule::VolumeName),
            (Section::Networks, ConflictRule::NetworkName),
        ] {
            let places = colliding.places(of);
            self.top_level(document, draft, section, places.into_values().collect())?;
        }
        Ok(())
    }

    fn containers(
        &mut self,
        document: &Document,
        draft: &mut Draft<'_>,
        colliding: &Colliding<'_>,
    ) {
        let places = colliding.places(ConflictRule::ContainerName);
        if places.is_empty() {
            return;
        }
        let suffix = &self.rule.suffix;
        let sites = ValueSites::new(sites(document, "container_name"));
        let asked =
            |site: &'_ ValueLocation<'_>| places.get(&document.location_of(site.scalar)).copied();
        for (site, conflict) in sites
            .all
            .iter()
            .filter_map(|site| Some((site, asked(site)?)))
        {
            let name = format!("{}{suffix}", site.written);
            let from = interpolate(site.written, self.lookup);
            if let Some(error) = from
                .as_ref()
                .ok()
                .and_then(|from| too_long(document, site, from, suffix))
            {
                self.refusals.push(error);
            } else if let Some(error) = self.taken.refuses_suffix(conflict, suffix) {
                self.refusals.push(error);
            } else if let Err(error) = draft.set(document, &sites, site, name) {
                self.refusals.push(error);
            } else if let Ok(from) = from {
                let to = format!("{from}{suffix}");
                self.renames.push(Rename {
                    made_of: variables_of(site.written),
                    ..Rename::new(NamedThing::Container, &conflict.second.owner, from, to)
                });
            }
        }
    }

    fn ports(
        &mut self,
        document: &Document,
        draft: &mut Draft<'_>,
        offset: i32,
        moving: &[(&str, &Port, &Location)],
    ) {
        if moving.is_empty() {
            return;
        }
        let places: HashSet<&Location> = moving.iter().map(|(.., at)| *at).collect();
        let refused = draft_ports(
            document,
            draft,
            &mut self.variables,
            offset,
            &|port| places.contains(&port.at),
            self.lookup,
        );
        self.refusals.extend(refused);
        for (service, port, _) in moving {
            let ends = port.host_ports().into_iter();
            for port in ends.flat_map(|ports| [*ports.start(), *ports.end()]) {
                let moved = i32::from(port) + offset;
                let (from, to) = (port.to_string(), moved.to_string());
                self.renames
                    .push(Rename::new(NamedThing::HostPort, service, from, to));
            }
        }
    }

    fn top_level(
        &mut self,
        document: &Document,
        draft: &mut Draft<'_>,
        section: Section,
        colliding: Vec<&Conflict>,
    ) -> Result<(), Error> {
        let prefix = &self.rule.prefix;
        let (mut keys, mut free) = (Vec::new(), Vec::new());
        for conflict in colliding {
            if let Some(error) = self.taken.refuses_prefix(section, conflict, prefix) {
                self.refusals.push(error);
            } else {
                keys.push(conflict.second.owner.clone());
                free.push(conflict);
            }
        }
        if free.is_empty() {
            return Ok(());
        }
        let names = PrefixRule {
            prefix: prefix.clone(),
            replace: None,
            only: keys,
            own: None,
        };
        let refused = draft_each_name(document, draft, section, &names)?;
        let is_refused = |key: &str| refused.iter().any(|(other, _)| other == key);
        let thing = match section {
            Section::Volumes => NamedThing::Volume,
            Section::Networks => NamedThing::Network,
        };
        for conflict in free {
            let (key, name) = (&conflict.second.owner, &conflict.subject);
            if !is_refused(key) {
                let to = format!("{prefix}{key}");
                self.renames.push(Rename::new(thing, key, name.clone(), to));
            }
        }
        self.refusals
            .extend(refused.into_iter().map(|(_, error)| error));
        Ok(())
    }
}

/// Whoever is called by a name that is too long for a host's can't be reached by it any more.
fn too_long(
    document: &Document,
    site: &ValueLocation<'_>,
    name: &str,
    suffix: &str,
) -> Option<Error> {
    /// Of a label in the names of hosts (RFC 1035).
    const LONGEST: usize = 63;
    let length = name.len() + suffix.len();
    (name.len() <= LONGEST && length > LONGEST).then(|| Error::Unsafe {
        at: document.location_of(site.scalar),
        reason: format!(
            "`{name}{suffix}` has {length} characters, and a container with more than {LONGEST} \
             can't be reached by its name"
        ),
        remedy: "choose a shorter one with `--suffix`".to_owned(),
    })
}

#[cfg(test)]
mod tests;
