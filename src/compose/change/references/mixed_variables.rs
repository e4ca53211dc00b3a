//! Variables that stand for a container's name and for something else: a database, an image. With
//! another value they would change both.

use std::collections::{HashMap, HashSet};

use super::candidates::Candidates;
use super::{Found, Referrers};
use crate::compose::change::name_use::ValueRole;
use crate::compose::change::rename::NamedThing;
use crate::compose::file::document::Document;
use crate::compose::file::interpolate::{Lookup, variables};
use crate::compose::file::syntax::{NodeId, NodeKind};
use crate::compose::file::template::Template;
use crate::env_file::EnvFile;

pub(super) const MIXED: &str = "the variable stands for something else, too";

impl<'a> Referrers<'a> {
    /// The same, knowing which variables these files mention where no name surely changes.
    pub(crate) fn knowing_mixed<'d>(
        mut self,
        documents: impl Iterator<Item = (&'d Document, &'a Lookup<'a>)>,
        env_files: &[EnvFile],
    ) -> Self {
        let mut mentions: HashMap<String, usize> = HashMap::new();
        let mut uses: HashMap<String, usize> = HashMap::new();
        for (document, lookup) in documents {
            for name in mentioned(document) {
                *mentions.entry(name).or_default() += 1;
            }
            for name in self.with(lookup).surely_named(document) {
                *uses.entry(name).or_default() += 1;
            }
        }
        for name in env_files
            .iter()
            .flat_map(|file| self.mentioned_in_env(file))
        {
            *mentions.entry(name).or_default() += 1;
        }
        let is_mixed =
            |(name, count): &(String, usize)| uses.get(name).copied().unwrap_or_default() < *count;
        let mixed = mentions.into_iter().filter(is_mixed);
        self.mixed = mixed.map(|(name, _)| name).collect();
        self
    }

    /// True for what is held in a variable that stands for more than this container's name.
    pub(super) fn is_mixed(&self, found: &Found<'_>, variable: &str) -> bool {
        found.rename.thing == NamedThing::Container && self.mixed.contains(variable)
    }

    /// The variables by which a file surely names containers, as often as it does.
    fn surely_named(&self, document: &Document) -> Vec<String> {
        let mut seen: HashSet<(NodeId, usize)> = HashSet::new();
        let mut named = Vec::new();
        for candidate in Candidates::of(document).found {
            let site = &candidate.site;
            let template = Template::new(site.written, self.lookup).ok();
            let Some(template) = template.filter(|_| site.written.contains('$')) else {
                continue;
            };
            for found in self.in_candidate(site.service, &candidate, &template.resolved) {
                let home = template.home(found.range.clone(), false, &found.rename.to);
                let is_it = found.is_sure && found.rename.thing == NamedThing::Container;
                let home = home.filter(|home| is_it && home.is_in_value);
                if seen.insert((site.scalar, found.range.end)) {
                    named.extend(home.and_then(|home| home.variable));
                }
            }
        }
        named
    }

    /// The variables of an env file's values in which no name surely changes.
    fn mentioned_in_env(&self, file: &EnvFile) -> Vec<String> {
        let values = file.values(self.lookup).unwrap_or_default();
        let mut mentioned = Vec::new();
        for entry in file.entries() {
            let value = values.get(&entry.key).map_or("", String::as_str);
            let found = self.uses(ValueRole::Pair, &entry.key, value, &[]);
            if !found.iter().any(|found| found.is_sure) {
                let template = file.template(entry).unwrap_or_default();
                mentioned.extend(variables(&template));
            }
        }
        mentioned
    }
}

/// The variables that a file mentions, as often as it does.
fn mentioned(document: &Document) -> Vec<String> {
    let tree = document.tree();
    let text = |id: NodeId| match &tree.node(id).kind {
        NodeKind::Scalar { value, .. } if value.contains('$') => variables(value),
        _ => Vec::new(),
    };
    tree.ids().flat_map(text).collect()
}
