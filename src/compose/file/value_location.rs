//! One value of a service in the tree, wherever it stands, and how it is given another:
//! an anchored one is edited once, for all the services that share it.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::document::{Document, MapEntry};
use super::edit::{Change, Draft, Intent, told};
use super::rewrite::{rewrite, rewrite_parts};
use super::strict::{self, Type};
use super::syntax::NodeId;
use crate::compose::error::Error;

/// A scalar below a service.
#[derive(Debug, Clone)]
pub(crate) struct ValueLocation<'a> {
    pub(crate) service: &'a str,
    /// The keys that lead to it.
    pub(crate) key: Vec<String>,
    /// The value as the service has it, perhaps an alias.
    pub(crate) value: NodeId,
    /// The scalar itself, perhaps in an anchor elsewhere.
    pub(crate) scalar: NodeId,
    pub(crate) written: &'a str,
}

impl<'a> ValueLocation<'a> {
    /// The scalar `value` at `key` of a service; None if it isn't one, is null, or is taken away
    /// by `!reset`.
    pub(crate) fn new(
        document: &'a Document,
        service: &'a str,
        key: &[&str],
        value: NodeId,
    ) -> Option<Self> {
        let (written, style) = document.tree().scalar(value)?;
        let tag = &document.tree().node(value).tag;
        let tag = tag.as_ref().map(|(tag, _)| tag.as_str());
        if tag == Some("!reset") || strict::scalar_type(written, style, tag) == Type::Null {
            return None;
        }
        let lead = ["services", service];
        Some(Self {
            service,
            key: lead.iter().chain(key).map(ToString::to_string).collect(),
            value,
            scalar: document.tree().resolve(value),
            written,
        })
    }

    /// What a message calls it: the image of this service.
    fn called(&self) -> String {
        let key = self.key[2..].join(".");
        format!("the {key} of `{}`", self.service)
    }

    pub(crate) fn refusal(&self, document: &Document, reason: &str) -> Error {
        Error::Unsafe {
            at: document.location_of(self.scalar),
            reason: format!("{} can't be changed: {reason}", self.called()),
            remedy: "edit this line by hand".to_owned(),
        }
    }
}

/// The services of all documents, merge keys and aliases looked through.
pub(crate) fn services(document: &Document) -> Vec<MapEntry> {
    let roots = document.tree().roots.iter();
    let sections = roots.filter_map(|root| document.get(*root, "services"));
    sections
        .flat_map(|services| document.all(services.value))
        .collect()
}

/// The scalar at `key` of every service that has it.
pub(crate) fn sites<'a>(document: &'a Document, key: &str) -> Vec<ValueLocation<'a>> {
    let site = |service: MapEntry| {
        let entry = document.get(service.value, key)?;
        ValueLocation::new(document, document.key(service.key), &[key], entry.value)
    };
    services(document).into_iter().filter_map(site).collect()
}

/// All values of one kind in a file, by what they share with each other.
pub(crate) struct ValueSites<'a> {
    pub(crate) all: Vec<ValueLocation<'a>>,
    by_scalar: HashMap<NodeId, Vec<usize>>,
    values: HashSet<NodeId>,
}

impl<'a> ValueSites<'a> {
    pub(crate) fn new(all: Vec<ValueLocation<'a>>) -> Self {
        let mut by_scalar: HashMap<NodeId, Vec<usize>> = HashMap::new();
        for (index, site) in all.iter().enumerate() {
            by_scalar.entry(site.scalar).or_default().push(index);
        }
        Self {
            values: all.iter().map(|site| site.value).collect(),
            by_scalar,
            all,
        }
    }

    /// The services that share the scalar of `site` with its own.
    fn sharing(&self, site: &ValueLocation<'_>) -> Vec<String> {
        let same = self.by_scalar.get(&site.scalar).into_iter().flatten();
        let services = same.map(|index| self.all[*index].service);
        let others = services.filter(|service| *service != site.service);
        others.map(str::to_owned).collect()
    }
}

impl Draft<'_> {
    /// Gives `site` another value. `sites` are all the values of its kind: only they may
    /// share it.
    pub(crate) fn set(
        &mut self,
        document: &Document,
        sites: &ValueSites<'_>,
        site: &ValueLocation<'_>,
        value: String,
    ) -> Result<(), Error> {
        self.replace(document, sites, site, &[], value)
    }

    /// [`Draft::set`], where the new value is the old one with `parts` of it replaced: so a
    /// value over several lines can be edited, too. An error is the reason, as a clause.
    pub(crate) fn replace_parts(
        &mut self,
        document: &Document,
        sites: &ValueSites<'_>,
        site: &ValueLocation<'_>,
        parts: &[(Range<usize>, String)],
        value: String,
    ) -> Result<(), String> {
        self.replace(document, sites, site, parts, value)
            .map_err(|error| match error {
                Error::Unsafe { reason, .. } => reason,
                error => error.to_string(),
            })
    }

    fn replace(
        &mut self,
        document: &Document,
        sites: &ValueSites<'_>,
        site: &ValueLocation<'_>,
        parts: &[(Range<usize>, String)],
        value: String,
    ) -> Result<(), Error> {
        let intent = Intent::Scalar(value.clone());
        match self.intent(site.scalar) {
            Some(existing) if *existing == intent => return Ok(()),
            Some(_) => {
                let reason = "it is shared, and another service wants another";
                return Err(site.refusal(document, reason));
            }
            None if value == site.written => return Ok(()),
            None => {}
        }
        check_shared(document, sites, site)?;
        let rewritten = rewrite(document, site.scalar, &value)
            .or_else(|| rewrite_parts(document, site.scalar, parts));
        let Some((range, text)) = rewritten else {
            return Err(site.refusal(document, "it is written over several lines"));
        };
        let (from, to) = match parts.is_empty() {
            true => (site.written.to_owned(), value),
            false => told(site.written, &value),
        };
        self.changes.push(Change {
            at: document.location_of(site.scalar),
            key: site.key.clone(),
            from: Some(from),
            to,
            affects: sites.sharing(site),
        });
        self.splice(site.scalar, intent, range, text);
        Ok(())
    }
}

/// An anchored value may be used for something of another kind.
fn check_shared(
    document: &Document,
    sites: &ValueSites<'_>,
    site: &ValueLocation<'_>,
) -> Result<(), Error> {
    let mut aliases = document.tree().aliases(site.scalar);
    match aliases.find(|alias| !sites.values.contains(alias)) {
        None => Ok(()),
        Some(alias) => {
            let line = document.location_of(alias).line;
            let kind = site.key[2..].join(".");
            let reason = format!("it is shared with line {line}, which is not another {kind}");
            Err(site.refusal(document, &reason))
        }
    }
}
