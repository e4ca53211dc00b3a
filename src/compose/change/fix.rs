//! `conflicts --fix`: the edits of one project's files that part it from others, and of all
//! that refers to what they rename.

use std::collections::{BTreeMap, BTreeSet};

use super::prefix_names::{PrefixRule, Section, draft_each_name, prove_names};
use super::references::{Referrers, StaleName, TextFile, unique};
use super::rename::{NamedThing, Rename};
use super::service_edits::{check_suffix, draft_ports, host_ports_of};
use crate::compose::conflicts::conflict::{Conflict, ConflictRule};
use crate::compose::error::Error;
use crate::compose::file::document::Document;
use crate::compose::file::edit::{Draft, Edited};
use crate::compose::file::interpolate::{Lookup, interpolate, variables as variables_of};
use crate::compose::file::value_location::{ValueLocation, sites};
use crate::compose::file::variable::{VariableChange, Variables};
use crate::compose::model::model::Model;
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
    /// Text files that services mount or have labels from.
    pub texts: &'a [TextFile],
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
    let mut fixing = Fixing {
        lookup: project.lookup,
        rule,
        variables: Variables::default(),
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
        fixing.document(document, &mut draft, &Owners::of(document, conflicts))?;
        drafts.push(draft);
    }
    let made = project.others.iter();
    let made = made.flat_map(|other| Rename::made_for(other, project.model));
    let renames = unique(fixing.renames.into_iter().chain(made).collect());
    let referrers = Referrers::new(project.model, project.lookup, &renames);
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

/// Who has to give way in one file, by the kind of conflict.
struct Owners(BTreeMap<ConflictRule, BTreeMap<String, String>>);

impl Owners {
    fn of(document: &Document, conflicts: &[Conflict]) -> Self {
        let here = conflicts.iter().filter(|conflict| {
            let at = conflict.second.at.as_ref();
            at.is_some_and(|at| at.path == document.path())
        });
        let mut owners: BTreeMap<_, BTreeMap<String, String>> = BTreeMap::new();
        for conflict in here {
            let of_rule = owners.entry(conflict.rule).or_default();
            of_rule.insert(conflict.second.owner.clone(), conflict.subject.clone());
        }
        Self(owners)
    }

    /// The owners, each with the name that collides.
    fn with_names(&self, rule: ConflictRule) -> impl Iterator<Item = (&String, &String)> {
        self.0.get(&rule).into_iter().flatten()
    }

    fn names(&self, rule: ConflictRule) -> BTreeSet<&str> {
        self.with_names(rule)
            .map(|(owner, _)| owner.as_str())
            .collect()
    }
}

/// The fix under way.
struct Fixing<'a> {
    /// The values of the variables of the file that is edited.
    lookup: &'a Lookup<'a>,
    rule: &'a FixRule,
    variables: Variables,
    renames: Vec<Rename>,
    refusals: Vec<Error>,
}

impl Fixing<'_> {
    fn document(
        &mut self,
        document: &Document,
        draft: &mut Draft<'_>,
        owners: &Owners,
    ) -> Result<(), Error> {
        self.containers(document, draft, &owners.names(ConflictRule::ContainerName));
        if let Some(offset) = self.rule.port_offset {
            self.ports(
                document,
                draft,
                offset,
                &owners.names(ConflictRule::HostPort),
            );
        }
        for (section, of) in [
            (Section::Volumes, ConflictRule::VolumeName),
            (Section::Networks, ConflictRule::NetworkName),
        ] {
            self.top_level(document, draft, section, owners.with_names(of).collect())?;
        }
        Ok(())
    }

    fn containers(&mut self, document: &Document, draft: &mut Draft<'_>, owners: &BTreeSet<&str>) {
        if owners.is_empty() {
            return;
        }
        let suffix = &self.rule.suffix;
        let sites = sites(document, "container_name");
        let asked = |site: &&ValueLocation<'_>| {
            owners.contains(site.service) && !site.written.ends_with(suffix.as_str())
        };
        for site in sites.iter().filter(asked) {
            let name = format!("{}{suffix}", site.written);
            let from = interpolate(site.written, self.lookup);
            if let Some(error) = from
                .as_ref()
                .ok()
                .and_then(|from| too_long(document, site, from, suffix))
            {
                self.refusals.push(error);
            } else if let Err(error) = draft.set(document, &sites, site, name) {
                self.refusals.push(error);
            } else if let Ok(from) = from {
                let to = format!("{from}{suffix}");
                self.renames.push(Rename {
                    made_of: variables_of(site.written),
                    ..Rename::new(NamedThing::Container, site.service, from, to)
                });
            }
        }
    }

    fn ports(
        &mut self,
        document: &Document,
        draft: &mut Draft<'_>,
        offset: i32,
        owners: &BTreeSet<&str>,
    ) {
        if owners.is_empty() {
            return;
        }
        let is_meant = |service: &str| owners.contains(service);
        let lookup = self.lookup;
        let refused = draft_ports(
            document,
            draft,
            &mut self.variables,
            offset,
            &is_meant,
            lookup,
        );
        self.refusals.extend(refused);
        for (service, port) in host_ports_of(document, &is_meant, lookup) {
            let moved = i32::from(port) + offset;
            let (from, to) = (port.to_string(), moved.to_string());
            self.renames
                .push(Rename::new(NamedThing::HostPort, &service, from, to));
        }
    }

    fn top_level(
        &mut self,
        document: &Document,
        draft: &mut Draft<'_>,
        section: Section,
        owners: Vec<(&String, &String)>,
    ) -> Result<(), Error> {
        if owners.is_empty() {
            return Ok(());
        }
        let names = PrefixRule {
            prefix: self.rule.prefix.clone(),
            replace: None,
            only: owners.iter().map(|(key, _)| (*key).clone()).collect(),
            own: None,
        };
        let refused = draft_each_name(document, draft, section, &names)?;
        let is_refused = |key: &str| refused.iter().any(|(other, _)| other == key);
        for (key, name) in owners {
            if !is_refused(key) {
                let thing = match section {
                    Section::Volumes => NamedThing::Volume,
                    Section::Networks => NamedThing::Network,
                };
                let to = format!("{}{key}", self.rule.prefix);
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
