//! Whoever refers to a name that an edit changes: environment, commands, health checks,
//! labels, modes, configs, env files, mounted files. Where a text surely means what gets the
//! new name it is edited with it; else it is listed.

mod candidates;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Range;
use std::path::PathBuf;

use candidates::{Candidate, Candidates, FromOutside};

use super::name_use::{NameUse, NamedText, ValueRole, is_name_byte, uses};
use super::rename::{NamedThing, Rename};
use crate::compose::file::document::Document;
use crate::compose::file::edit::{Change, Draft, Edited};
use crate::compose::file::interpolate::Lookup;
use crate::compose::file::location::Location;
use crate::compose::file::template::Template;
use crate::compose::file::value_location::ValueLocation;
use crate::compose::file::variable::{VariableChange, Variables};
use crate::compose::model::model::Model;
use crate::env_file::EnvFile;

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
    /// Whether it is edited: what reads a mounted file may be anything.
    pub is_edited: bool,
}

/// The project whose names change.
pub(crate) struct Referrers<'a> {
    model: &'a Model,
    lookup: &'a Lookup<'a>,
    /// What gets another name, by the name until now.
    renames: HashMap<&'a str, Vec<&'a Rename>>,
    /// The names that services answer to, whatever their containers are called.
    services: HashSet<&'a str>,
}

/// A use in the resolved text, and the name that it is to be.
struct Found<'a> {
    range: Range<usize>,
    is_sure: bool,
    rename: &'a Rename,
}

impl<'a> Referrers<'a> {
    pub(crate) fn new(model: &'a Model, lookup: &'a Lookup<'a>, renames: &'a [Rename]) -> Self {
        let mut by_name: HashMap<&str, Vec<&Rename>> = HashMap::new();
        for rename in renames {
            by_name.entry(&rename.from).or_default().push(rename);
        }
        let aliases = model
            .services
            .values()
            .flat_map(|service| service.networks.values());
        let names = model.services.keys().chain(aliases.flatten());
        Self {
            model,
            lookup,
            renames: by_name,
            services: names.map(String::as_str).collect(),
        }
    }

    /// The names in a text that are to change: words that no letter of a name stands beside.
    fn named_in(&self, text: &str) -> Vec<&'a Rename> {
        let words = text.split(|c: char| !c.is_ascii() || !is_name_byte(c as u8));
        // The full stop of a sentence is no part of a name.
        let words = words.flat_map(|word| [word, word.trim_end_matches('.')]);
        let named: HashSet<&str> = words
            .filter(|word| self.renames.contains_key(word))
            .collect();
        let named = named.into_iter().filter_map(|word| self.renames.get(word));
        named.flatten().copied().collect()
    }

    /// Drafts the new names in all that surely refers to one in this file; gives what is left.
    pub(crate) fn edit(
        &self,
        document: &Document,
        draft: &mut Draft<'_>,
        variables: &mut Variables,
    ) -> Vec<StaleName> {
        let mut stale = Vec::new();
        if self.renames.is_empty() {
            return stale;
        }
        let Candidates {
            found: candidates,
            outside,
            ..
        } = Candidates::of(document);
        for outside in &outside {
            self.variable_of_outside(document, variables, outside, &mut stale);
        }
        let is_named = |candidate: &&Candidate<'_>| self.may_use(candidate.site.written);
        let chosen: Vec<&Candidate<'_>> = candidates.iter().filter(is_named).collect();
        let sites: Vec<_> = chosen
            .iter()
            .map(|candidate| candidate.site.clone())
            .collect();
        for candidate in chosen {
            let drafts = (&mut *draft, &mut *variables);
            self.candidate(document, drafts, &sites, candidate, &mut stale);
        }
        stale
    }

    /// Most texts hold no name, and are passed over at once.
    fn may_use(&self, text: &str) -> bool {
        text.contains('$') || !self.named_in(text).is_empty()
    }

    /// A variable that a service has from outside, `- DB_HOST` alone, changes where it is set.
    fn variable_of_outside(
        &self,
        document: &Document,
        variables: &mut Variables,
        outside: &FromOutside<'_>,
        stale: &mut Vec<StaleName>,
    ) {
        let FromOutside { service, name, at } = outside;
        let Some(value) = (self.lookup)(name) else {
            return;
        };
        for found in self.uses(ValueRole::Pair, name, &value, &[service]) {
            let edit = (name.clone(), found.range.clone(), found.rename.to.as_str());
            let services = || vec![(*service).to_owned()];
            let done = match found.is_sure {
                true => variables.change(edit, services(), self.lookup),
                false => Err(MAY_MEAN_ELSE.to_owned()),
            };
            if let Err(reason) = done {
                let at = document.location_of(*at);
                stale.push(StaleName::of(found.rename, service, at, &reason));
            }
        }
    }

    fn candidate(
        &self,
        document: &Document,
        (draft, variables): (&mut Draft<'_>, &mut Variables),
        sites: &[ValueLocation<'_>],
        candidate: &Candidate<'_>,
        stale: &mut Vec<StaleName>,
    ) {
        let site = &candidate.site;
        // What can't be resolved is an error of the file's, and told elsewhere.
        let Ok(template) = Template::new(site.written, self.lookup) else {
            return;
        };
        let found = self.in_candidate(site.service, candidate, &template.resolved);
        let mut list = |found: &Found<'_>, reason: &str| {
            stale.push(StaleName::of(
                found.rename,
                site.service,
                document.location_of(site.scalar),
                reason,
            ));
        };
        let mut written = Vec::new();
        for found in &found {
            if !found.is_sure {
                list(found, MAY_MEAN_ELSE);
                continue;
            }
            let to = &found.rename.to;
            match template.home(found.range.clone(), false, to) {
                None => list(found, "it is put together from several parts"),
                Some(home) if !home.is_in_value => {
                    written.push((found.range.clone(), to.clone(), home));
                }
                Some(home) => {
                    let changed = match home.variable {
                        Some(name) if home.is_whole_value => {
                            let edit = (name, home.range, home.text.as_str());
                            variables.set(edit, site, sites, self.lookup)
                        }
                        _ => Err("a variable within a variable holds it".to_owned()),
                    };
                    if let Err(reason) = changed {
                        list(found, &reason);
                    }
                }
            }
        }
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
        if let Err(reason) = draft.replace_parts(document, sites, site, &parts, value) {
            for found in &found {
                list(found, &reason);
            }
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

    /// True if all of `readers` are in a network with the service `owner`.
    fn reach(&self, readers: &[&str], owner: &str) -> bool {
        let services = &self.model.services;
        let networks = |name: &str| {
            let service = services.get(name)?;
            let mode = service.network_mode.as_deref().unwrap_or_default();
            let of = mode
                .strip_prefix("service:")
                .and_then(|of| services.get(of));
            Some(&of.unwrap_or(service).networks)
        };
        let Some(own) = networks(owner) else {
            return true;
        };
        readers
            .iter()
            .filter_map(|reader| networks(reader))
            .all(|networks| {
                let mut networks = networks.keys();
                networks.any(|network| own.contains_key(network))
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
        let mut all: Vec<Found<'_>> = Vec::new();
        for rename in named {
            let text = NamedText {
                role,
                key,
                text,
                own_ports: &own_ports,
                is_own: !readers.is_empty() && readers.iter().all(|name| *name == rename.owner),
                reaches: self.reach(readers, &rename.owner),
                is_service: self.services.contains(rename.from.as_str()),
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

    /// The changes of an env file's variables, as [`VariableChange`]s of it, and what is left.
    pub(crate) fn in_env_file(&self, file: &EnvFile) -> (Vec<VariableChange>, Vec<StaleName>) {
        let (mut changes, mut stale) = (Vec::new(), Vec::new());
        let users: Vec<String> = self
            .model
            .services
            .iter()
            .filter(|(_, service)| service.env_files.iter().any(|path| path == file.path()))
            .map(|(name, _)| name.clone())
            .collect();
        let owner = users.first().map_or("", String::as_str);
        let readers: Vec<&str> = users.iter().map(String::as_str).collect();
        for entry in file.entries() {
            let Some(template) = file.template(entry) else {
                continue;
            };
            let found = self.uses(ValueRole::Pair, &entry.key, &template, &readers);
            let at = || Location {
                path: file.path().to_owned(),
                line: entry.line,
                column: 1,
            };
            let owner = if owner.is_empty() { &entry.key } else { owner };
            let is_literal = !template.contains('$');
            let (sure, unsure): (Vec<_>, Vec<_>) =
                found.iter().partition(|found| found.is_sure && is_literal);
            stale.extend(unsure.iter().map(|found| {
                let reason = if found.is_sure {
                    "variables stand beside it"
                } else {
                    MAY_MEAN_ELSE
                };
                StaleName::of(found.rename, owner, at(), reason)
            }));
            if sure.is_empty() {
                continue;
            }
            let mut to = template.clone();
            for found in sure.iter().rev() {
                to.replace_range(found.range.clone(), &found.rename.to);
            }
            changes.push(VariableChange {
                name: entry.key.clone(),
                from: Some(template),
                to,
                services: users.clone(),
            });
        }
        (changes, stale)
    }

    /// The lines of a text file that use a name, edited where they may be and surely mean it.
    pub(crate) fn in_text(&self, file: &TextFile) -> (Edited, Vec<StaleName>) {
        let TextFile {
            path,
            text,
            is_edited,
        } = file;
        let mut edited = Edited {
            bytes: Vec::new(),
            changes: Vec::new(),
            warnings: Vec::new(),
        };
        let mut stale = Vec::new();
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let mut to = line.to_owned();
            for found in self.uses(ValueRole::Text, "", line, &[]).iter().rev() {
                let at = Location {
                    path: path.clone(),
                    line: number + 1,
                    column: line[..found.range.start].chars().count() + 1,
                };
                let Rename { from, to: name, .. } = found.rename;
                if found.is_sure && *is_edited {
                    to.replace_range(found.range.clone(), name);
                    edited.changes.push(Change {
                        at,
                        key: vec![found.rename.thing.to_string()],
                        from: Some(from.clone()),
                        to: name.clone(),
                        affects: Vec::new(),
                    });
                    continue;
                }
                let reason = match found.is_sure {
                    true => "a mounted file or a script is only edited with `--mounted`",
                    false => MAY_MEAN_ELSE,
                };
                let owner = path.display().to_string();
                stale.push(StaleName::of(found.rename, &owner, at, reason));
            }
            edited.bytes.extend_from_slice(to.as_bytes());
        }
        edited.changes.sort_by(|a, b| a.at.cmp(&b.at));
        (edited, stale)
    }
}

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
