//! Whoever refers to a name that an edit changes: environment, commands, health checks,
//! labels, modes, configs, env files, mounted files. Where a text surely means what gets the
//! new name it is edited with it; else it is listed.

mod candidates;
mod from_outside;
mod in_files;
mod mixed_variables;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::path::PathBuf;

use candidates::{Candidate, Candidates};

use super::name_use::{KnownHosts, NameUse, NamedText, ValueRole, is_bridge, is_name_byte, uses};
use super::rename::{NamedThing, Rename};
use crate::compose::file::document::Document;
use crate::compose::file::edit::Draft;
use crate::compose::file::interpolate::Lookup;
use crate::compose::file::location::Location;
use crate::compose::file::syntax::NodeId;
use crate::compose::file::template::{Home, Template};
use crate::compose::file::value_location::ValueSites;
use crate::compose::file::variable::{KEPT, VariableEdit, Variables};
use crate::compose::model::model::{Model, Service};

/// A place that keeps, or may keep, a name that nothing has any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleName {
    /// What had the name.
    pub thing: NamedThing,
    /// The name until now.
    pub from: String,
    /// The name from now on.
    pub to: String,
    /// The service or file that refers to it.
    pub owner: String,
    /// Where.
    pub at: Location,
    /// Why it isn't edited, as a clause.
    pub reason: String,
}

/// A text file that services see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it holds.
    pub text: String,
    /// Why it isn't edited, as a clause; nothing if it is. What reads a mounted file may be anything.
    pub kept: Option<&'static str>,
}

/// The project whose names change.
#[derive(Clone)]
pub(crate) struct Referrers<'a> {
    model: &'a Model,
    lookup: &'a Lookup<'a>,
    /// What gets another name, by the name until now in small letters.
    renames: HashMap<String, Vec<&'a Rename>>,
    /// The names of its networks, in small letters and in order.
    networks: Vec<String>,
    /// The names that services answer to, whatever their containers are called, with the networks
    /// on which they do.
    services: HashMap<&'a str, HashSet<&'a str>>,
    /// Those names alone, in order.
    peers: Vec<&'a str>,
    /// The variables that stand for something else, too, and keep their values.
    mixed: HashSet<String>,
}

/// What became of the uses in a file, each by its scalar and its place there: several services
/// may share one.
#[derive(Default)]
struct UsesInFile {
    edited: HashSet<(NodeId, usize)>,
    stale: Vec<(NodeId, usize, StaleName)>,
}

impl UsesInFile {
    /// What nobody edited.
    fn not_edited(self) -> impl Iterator<Item = StaleName> {
        let stale = self.stale.into_iter();
        let left = stale.filter(move |(node, at, _)| !self.edited.contains(&(*node, *at)));
        left.map(|(.., stale)| stale)
    }
}

/// A use in the resolved text, and the name that it is to be.
struct Found<'a> {
    range: Range<usize>,
    is_sure: bool,
    rename: &'a Rename,
}

impl<'a> Referrers<'a> {
    pub(crate) fn new(model: &'a Model, lookup: &'a Lookup<'a>, renames: &'a [Rename]) -> Self {
        let mut by_name: HashMap<String, Vec<&Rename>> = HashMap::new();
        for rename in renames {
            let name = rename.from.to_ascii_lowercase();
            by_name.entry(name).or_default().push(rename);
        }
        let networks = model.networks.values();
        let networks = networks.map(|network| network.name.to_ascii_lowercase());
        let networks: BTreeSet<String> = networks.collect();
        let mut services: HashMap<&str, HashSet<&str>> = HashMap::new();
        let enabled = model.services.iter().filter(|(_, service)| service.enabled);
        for (name, service) in enabled {
            services.entry(name).or_default();
            for (network, aliases) in &service.networks {
                for name in aliases.iter().chain([name]) {
                    services.entry(name).or_default().insert(network);
                }
            }
        }
        let peers: BTreeSet<&str> = services.keys().copied().collect();
        Self {
            model,
            lookup,
            renames: by_name,
            networks: networks.into_iter().collect(),
            peers: peers.into_iter().collect(),
            services,
            mixed: HashSet::new(),
        }
    }

    /// The same for a file whose variables have these values.
    pub(crate) fn with(&self, lookup: &'a Lookup<'a>) -> Self {
        Self {
            lookup,
            ..self.clone()
        }
    }

    /// The names in a text that are to change: words that no letter of a name stands beside, nor
    /// the name of a network, nor a character by its number, `%2F`.
    fn named_in(&self, text: &str) -> Vec<&'a Rename> {
        let text = text.to_ascii_lowercase();
        let words = text.split(|c: char| !c.is_ascii() || !is_name_byte(c as u8));
        let mut named: BTreeSet<&str> = BTreeSet::new();
        for word in words {
            let dots = word.match_indices('.').map(|(at, _)| &word[..at]);
            let behind_number = word.get(2..).into_iter();
            let all = dots.chain([word]).chain(behind_number);
            named.extend(all.filter(|word| self.renames.contains_key(*word)));
        }
        let named = named.into_iter().filter_map(|word| self.renames.get(word));
        named.flatten().copied().collect()
    }

    /// Drafts the new names in all that surely refers to one in this file; gives what is left.
    pub(crate) fn edit(
        &self,
        document: &Document,
        draft: &mut Draft<'_>,
        variables: &mut Variables<'_>,
    ) -> Vec<StaleName> {
        let mut stale = Vec::new();
        if self.renames.is_empty() {
            return stale;
        }
        let mut told = UsesInFile::default();
        let Candidates {
            found: candidates,
            outside,
            ..
        } = Candidates::of(document);
        let alone = outside.iter().filter_map(|outside| outside.site.clone());
        let alone = ValueSites::new(alone.collect());
        for outside in &outside {
            stale.extend(self.variable_of_outside(document, draft, variables, &alone, outside));
        }
        let is_named = |candidate: &&Candidate<'_>| self.may_use(candidate.site.written);
        let chosen: Vec<&Candidate<'_>> = candidates.iter().filter(is_named).collect();
        let sites = chosen.iter().map(|candidate| candidate.site.clone());
        let sites = ValueSites::new(sites.collect());
        for candidate in chosen {
            self.candidate(document, draft, variables, &sites, candidate, &mut told);
        }
        variables.mentioned_in(&sites.all);
        stale.extend(told.not_edited());
        stale
    }

    /// Most texts hold no name, and are passed over at once.
    fn may_use(&self, text: &str) -> bool {
        text.contains('$') || !self.named_in(text).is_empty()
    }

    fn candidate(
        &self,
        document: &Document,
        draft: &mut Draft<'_>,
        variables: &mut Variables<'_>,
        sites: &ValueSites<'_>,
        candidate: &Candidate<'_>,
        told: &mut UsesInFile,
    ) {
        let site = &candidate.site;
        // What can't be resolved is an error of the file's, and told elsewhere.
        let Ok(template) = Template::new(site.written, self.lookup) else {
            return;
        };
        let found = self.in_candidate(site.service, candidate, &template.resolved);
        let mut list = |found: &Found<'_>, reason: &str| {
            let at = document.location_of(site.scalar);
            let stale = StaleName::of(found.rename, site.service, at, reason);
            told.stale.push((site.scalar, found.range.end, stale));
        };
        let (mut written, mut of_values) = (Vec::new(), Vec::new());
        for found in &found {
            if !found.is_sure {
                list(found, MAY_MEAN_ELSE);
                continue;
            }
            let to = &found.rename.to;
            // A variable that the name is made of, or that is only a part of it, stays as it is.
            let home = template.home(found.range.clone(), false, to);
            let variable = home.as_ref().filter(|home| home.is_in_value);
            let variable = variable.and_then(|home| home.variable.clone());
            let kept = variable.filter(|name| variables.is_kept(name));
            let home = home.filter(|home| {
                let is_kept = |name: &String| {
                    found.rename.made_of.contains(name)
                        || home.is_in_value && (kept.is_some() || self.is_mixed(found, name))
                };
                home.text == *to && !home.variable.as_ref().is_some_and(is_kept)
            });
            match home {
                None => match (appended(&template, site.written, found), kept) {
                    (Some(appended), _) => written.push(appended),
                    (None, Some(name)) if self.may_write_out(&name) => {
                        of_values.push((found.range.clone(), to.clone()));
                    }
                    (None, Some(_)) => list(found, KEPT),
                    (None, None) => list(found, PUT_TOGETHER),
                },
                Some(home) if !home.is_in_value => {
                    written.push((found.range.clone(), to.clone(), home));
                }
                Some(home) => {
                    let changed = match home.variable {
                        Some(name) if home.is_whole_value => {
                            let edit = VariableEdit {
                                name,
                                range: home.range,
                                text: &home.text,
                            };
                            variables.change(edit, &[site.service], self.lookup)
                        }
                        _ => Err("a variable within a variable holds it".to_owned()),
                    };
                    if let Err(reason) = changed {
                        list(found, &reason);
                    }
                }
            }
        }
        match template.written_out(&of_values) {
            Some(written_out) => written.extend(written_out),
            None => found.iter().for_each(|found| list(found, KEPT)),
        }
        if written.is_empty() {
            return;
        }
        let places: Vec<_> = written
            .iter()
            .map(|(range, ..)| (site.scalar, range.end))
            .collect();
        let parts: Vec<_> = written
            .iter()
            .map(|(_, _, home)| (home.range.clone(), home.text.clone()))
            .collect();
        let Some(value) = template.apply(site.written, self.lookup, written) else {
            for found in &found {
                list(found, "it would mingle with a variable's name");
            }
            return;
        };
        match draft.replace_parts(document, sites, site, &parts, value) {
            Ok(()) => told.edited.extend(places),
            Err(reason) => found.iter().for_each(|found| list(found, &reason)),
        }
    }

    /// The uses of all names in a text, those of the longer name where two overlap.
    fn in_candidate(
        &self,
        service: &str,
        candidate: &Candidate<'_>,
        resolved: &str,
    ) -> Vec<Found<'_>> {
        let split = resolved.find('=').filter(|_| candidate.is_pair);
        let start = split.map_or(0, |at| at + 1);
        let key = split.map_or(candidate.key.as_str(), |at| &resolved[..at]);
        let text = &resolved[start..];
        // Whoever gets a config may read it.
        let readers = match candidate.role {
            ValueRole::Text => &[][..],
            _ => &[service],
        };
        let mut found = self.uses(candidate.role, key, text, readers);
        for found in &mut found {
            found.range = found.range.start + start..found.range.end + start;
        }
        found
    }

    /// The networks of a service, or of the one whose network it is in.
    fn networks(&self, name: &str) -> Option<&BTreeMap<String, Vec<String>>> {
        let services = &self.model.services;
        let service = services.get(name)?;
        let mode = service.network_mode.as_deref().unwrap_or_default();
        let of = mode.strip_prefix("service:");
        let of = of.and_then(|of| services.get(of));
        Some(&of.unwrap_or(service).networks)
    }

    /// True if all of `readers` are in a network with the service `owner`.
    fn reach(&self, readers: &[&str], owner: &str) -> bool {
        let Some(own) = self.networks(owner) else {
            return true;
        };
        let mut readers = readers.iter().filter_map(|reader| self.networks(reader));
        readers.all(|networks| networks.keys().any(|network| own.contains_key(network)))
    }

    /// True for a name by which all of `readers` reach a service, whatever its container is called.
    fn is_service(&self, readers: &[&str], name: &str) -> bool {
        let Some(there) = self.services.get(name).filter(|there| !there.is_empty()) else {
            return self.services.contains_key(name);
        };
        let mut readers = readers.iter().filter_map(|reader| self.networks(reader));
        readers.all(|networks| {
            let mut names = networks.keys().map(String::as_str);
            networks.is_empty() || names.any(|network| there.contains(network))
        })
    }

    /// The uses in a text that `readers`, services, read.
    fn uses(&self, role: ValueRole, key: &str, text: &str, readers: &[&str]) -> Vec<Found<'_>> {
        let named = self.named_in(text);
        if named.is_empty() {
            return Vec::new();
        }
        let services = readers
            .iter()
            .filter_map(|name| self.model.services.get(*name));
        let ports = services.flat_map(|service| &service.ports);
        let own_ports: Vec<u16> = ports.map(|(port, _)| port.target).collect();
        let with = readers.iter();
        let with = with.filter_map(|name| self.model.services.get(*name));
        let added = with.clone().flat_map(|service| &service.extra_hosts);
        let (gateways, fixed): (Vec<_>, Vec<_>) =
            added.partition(|(_, address)| *address == "host-gateway");
        let names = |hosts: Vec<(&'a String, &'a String)>| {
            let names = hosts.into_iter().map(|(host, _)| host.as_str());
            names.collect::<Vec<_>>()
        };
        let (gateways, fixed) = (names(gateways), names(fixed));
        let mode = |service: &Service| service.network_mode.as_deref() == Some("host");
        let hosts = KnownHosts {
            peers: &self.peers,
            gateways: &gateways,
            fixed: &fixed,
            is_in_host_network: with.clone().any(mode),
            speaks_to_host: with.clone().any(speaks_to_host),
        };
        let mut all: Vec<Found<'_>> = Vec::new();
        for rename in named {
            let text = NamedText {
                role,
                key,
                text,
                own_ports: &own_ports,
                is_own: !readers.is_empty() && readers.iter().all(|name| *name == rename.owner),
                reaches: self.reach(readers, &rename.owner),
                is_service: self.is_service(readers, &rename.from),
                networks: &self.networks,
                hosts,
            };
            let found = uses(&text, rename).into_iter();
            all.extend(found.map(|NameUse { range, is_sure }| Found {
                range,
                is_sure,
                rename,
            }));
        }
        // What is sure wins over what another kind of thing might be meant by.
        all.sort_by_key(|found| (found.range.start, !found.is_sure, found.rename.thing));
        let mut kept: Vec<Found<'_>> = Vec::new();
        for found in all {
            match kept.last() {
                Some(last) if last.range.end > found.range.start => {}
                _ => kept.push(found),
            }
        }
        kept
    }
}

/// True if a variable of the service's names the machine that its container runs on.
fn speaks_to_host(service: &Service) -> bool {
    let is_machine = |value: &String| {
        let mut words = value.split(|c: char| !c.is_ascii() || !is_name_byte(c as u8));
        words.any(|word| {
            word == "host.docker.internal"
                || is_bridge(word)
                || service
                    .extra_hosts
                    .get(word)
                    .is_some_and(|host| host == "host-gateway")
        })
    };
    service.environment.values().any(is_machine)
}

const PUT_TOGETHER: &str = "it is put together from several parts";
const MADE_OF_IT: &str = "the new name is still made of this variable";
const MAY_MEAN_ELSE: &str = "it may mean something else";

impl StaleName {
    fn of(rename: &Rename, owner: &str, at: Location, reason: &str) -> Self {
        Self {
            thing: rename.thing,
            from: rename.from.clone(),
            to: rename.to.clone(),
            owner: owner.to_owned(),
            at,
            reason: reason.to_owned(),
        }
    }
}

/// A name that is put together from several parts, with what is put behind it: in the text itself.
fn appended(
    template: &Template,
    written: &str,
    found: &Found<'_>,
) -> Option<(Range<usize>, String, Home)> {
    let suffix = found.rename.to.strip_prefix(&found.rename.from)?;
    let end = found.range.end;
    let home = Home {
        text: suffix.to_owned(),
        ..template.behind(written, end)?
    };
    Some((end..end, suffix.to_owned(), home))
}

/// Renames of which each name stands once for a kind of thing.
pub(crate) fn unique(renames: Vec<Rename>) -> Vec<Rename> {
    let mut seen: BTreeSet<(NamedThing, String)> = BTreeSet::new();
    let mut kept: BTreeMap<(NamedThing, String), Rename> = BTreeMap::new();
    for rename in renames {
        let key = (rename.thing, rename.from.clone());
        if seen.insert(key.clone()) && rename.from != rename.to {
            kept.insert(key, rename);
        }
    }
    kept.into_values().collect()
}
