//! The texts of a compose file in which names are looked for: those that a service's container,
//! or the engine for it, reads.

use std::collections::HashSet;

use crate::compose::change::name_use::ValueRole;
use crate::compose::file::document::{Document, MapEntry};
use crate::compose::file::syntax::{NodeId, NodeKind};
use crate::compose::file::value_location::{ValueLocation, services};

/// A scalar in which names are looked for.
pub(super) struct Candidate<'a> {
    pub(super) site: ValueLocation<'a>,
    pub(super) role: ValueRole,
    pub(super) key: String,
    /// True for `KEY=value` in one text.
    pub(super) is_pair: bool,
}

/// A variable that a service has as it is outside of the file.
pub(super) struct FromOutside<'a> {
    pub(super) service: &'a str,
    pub(super) name: String,
    pub(super) at: NodeId,
    /// The item of a list, `- DB_HOST`, which can be given a value.
    pub(super) site: Option<ValueLocation<'a>>,
}

/// The scalars of a file that may refer to something by its name, each once.
pub(super) struct Candidates<'a> {
    document: &'a Document,
    visited: HashSet<NodeId>,
    pub(super) found: Vec<Candidate<'a>>,
    pub(super) outside: Vec<FromOutside<'a>>,
}

/// The keys of a service whose values' parts are read, with what they are.
const INNER: [(&str, &str, ValueRole); 5] = [
    ("healthcheck", "test", ValueRole::Command),
    ("build", "args", ValueRole::Pair),
    ("build", "network", ValueRole::Mode),
    ("deploy", "labels", ValueRole::Pair),
    ("logging", "options", ValueRole::Engine),
];

impl<'a> Candidates<'a> {
    pub(super) fn of(document: &'a Document) -> Self {
        let mut all = Self {
            document,
            visited: HashSet::new(),
            found: Vec::new(),
            outside: Vec::new(),
        };
        for service in services(document) {
            let name = document.key(service.key);
            for entry in document.all(service.value) {
                let key = document.key(entry.key);
                if let Some(role) = role_of(key) {
                    all.below(name, &mut vec![key.to_owned()], role, entry.value);
                }
                for (_, below, role) in INNER.iter().filter(|(outer, ..)| *outer == key) {
                    if let Some(inner) = document.get(entry.value, below) {
                        let mut path = vec![key.to_owned(), (*below).to_owned()];
                        all.below(name, &mut path, *role, inner.value);
                    }
                }
                if matches!(key, "post_start" | "pre_stop") {
                    all.hooks(name, key, entry.value);
                }
            }
        }
        for config in document.section("configs") {
            all.at(config, &["content"], ValueRole::Text);
            all.given_by_variable(config);
        }
        for secret in document.section("secrets") {
            all.given_by_variable(secret);
        }
        for volume in document.section("volumes") {
            all.at(volume, &["driver_opts", "device"], ValueRole::Engine);
        }
        all
    }

    /// The value at `path` of something that services get by name.
    fn at(&mut self, entry: MapEntry, path: &[&str], role: ValueRole) {
        let document = self.document;
        let value = path.iter().try_fold(entry.value, |value, key| {
            document.get(value, key).map(|entry| entry.value)
        });
        if let Some(value) = value {
            let mut path = path.iter().map(ToString::to_string).collect();
            self.below(document.key(entry.key), &mut path, role, value);
        }
    }

    /// A config or secret that is a variable's value.
    fn given_by_variable(&mut self, entry: MapEntry) {
        let document = self.document;
        let variable = document.get(entry.value, "environment");
        let text = variable.and_then(|variable| document.tree().scalar(variable.value));
        if let (Some(variable), Some((name, _))) = (variable, text) {
            self.outside.push(FromOutside {
                service: document.key(entry.key),
                name: name.to_owned(),
                at: document.tree().resolve(variable.value),
                site: None,
            });
        }
    }

    /// Commands that run in the container when it has started, or before it stops.
    fn hooks(&mut self, service: &'a str, key: &str, hooks: NodeId) {
        for hook in self.document.tree().items(hooks).to_vec() {
            for (below, role) in [
                ("command", ValueRole::Command),
                ("environment", ValueRole::Pair),
            ] {
                if let Some(inner) = self.document.get(hook, below) {
                    let mut path = vec![key.to_owned(), below.to_owned()];
                    self.below(service, &mut path, role, inner.value);
                }
            }
        }
    }

    fn below(&mut self, service: &'a str, path: &mut Vec<String>, role: ValueRole, id: NodeId) {
        let tree = self.document.tree();
        let resolved = tree.resolve(id);
        let is_scalar = matches!(tree.node(resolved).kind, NodeKind::Scalar { .. });
        // An alias of a scalar is remembered: only who is known may share an edited value.
        if !is_scalar && !self.visited.insert(resolved) {
            return;
        }
        match &tree.node(resolved).kind {
            NodeKind::Scalar { .. } => {
                let key = path.last().cloned().unwrap_or_default();
                self.scalar(service, path, role, key, false, id);
            }
            NodeKind::Mapping { .. } => {
                for entry in self.document.all(id) {
                    path.push(self.document.key(entry.key).to_owned());
                    self.below(service, path, role, entry.value);
                    path.pop();
                }
            }
            NodeKind::Sequence { items, .. } => {
                let mut before = String::new();
                for item in items {
                    if matches!(
                        tree.node(tree.resolve(*item)).kind,
                        NodeKind::Mapping { .. }
                    ) {
                        self.below(service, path, role, *item);
                        continue;
                    }
                    let (key, is_pair) = match role {
                        ValueRole::Command => (before.clone(), false),
                        ValueRole::Mode => (path.last().cloned().unwrap_or_default(), false),
                        _ => (String::new(), true),
                    };
                    self.scalar(service, path, role, key, is_pair, *item);
                    before = tree
                        .scalar(*item)
                        .map_or_else(String::new, |(text, _)| text.to_owned());
                }
            }
            NodeKind::Alias(_) => {}
        }
    }

    fn scalar(
        &mut self,
        service: &'a str,
        path: &[String],
        role: ValueRole,
        key: String,
        is_pair: bool,
        id: NodeId,
    ) {
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let site = ValueLocation::new(self.document, service, &path, id);
        if matches!(path.first(), Some(&"environment" | &"build")) {
            let written = site.as_ref().map(|site| site.written);
            let name = match (is_pair, written) {
                (true, Some(text)) if !text.contains(['=', '$']) => Some(text.to_owned()),
                // Null: `DB_HOST:`.
                (false, None) => Some(key.clone()),
                _ => None,
            };
            if let Some(name) = name {
                let at = self.document.tree().resolve(id);
                self.outside.push(FromOutside {
                    service,
                    name,
                    at,
                    site: site.filter(|_| is_pair),
                });
                return;
            }
        }
        if let Some(site) = site {
            self.found.push(Candidate {
                site,
                role,
                key,
                is_pair,
            });
        }
    }
}

fn role_of(key: &str) -> Option<ValueRole> {
    match key {
        "environment" | "labels" | "annotations" => Some(ValueRole::Pair),
        "command" | "entrypoint" => Some(ValueRole::Command),
        // Volumes are named there by their keys, and by folders of the engine's.
        "volumes" => Some(ValueRole::Engine),
        "network_mode" | "pid" | "ipc" | "volumes_from" | "external_links" => Some(ValueRole::Mode),
        _ => None,
    }
}
