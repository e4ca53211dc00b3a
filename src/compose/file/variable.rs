//! Variables that have to change where a value, and not the compose file, holds what an
//! edit is about.

use std::collections::BTreeMap;
use std::ops::Range;

use super::interpolate::{Lookup, variables};
use super::value_location::ValueLocation;

/// A variable that must be changed, in `.env` or wherever its value comes from, for an edit
/// to have its effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableChange {
    /// The variable's name.
    pub name: String,
    /// The variable's value before the change; absent if it has none.
    pub from: Option<String>,
    /// The value to give it.
    pub to: String,
    /// The bytes of the value before that become another text, in order; none where it had none.
    pub parts: Vec<(Range<usize>, String)>,
    /// The services that mention the variable in a value of that kind, those that were
    /// asked for or not.
    pub services: Vec<String>,
}

/// A part of a variable's value that is to become another text.
pub(crate) struct VariableEdit<'a> {
    pub(crate) name: String,
    /// Where it stands in the value.
    pub(crate) range: Range<usize>,
    pub(crate) text: &'a str,
}

/// The changes of variables that an edit has come upon.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    changes: BTreeMap<String, VariableChange>,
    /// The parts of each value that are to become another text.
    parts: BTreeMap<String, Vec<(Range<usize>, String)>>,
}

impl Variables {
    /// Notes `edit`, for the sake of `site`, which is one of `sites`. An error is the reason why
    /// it can't.
    pub(crate) fn set(
        &mut self,
        edit: VariableEdit<'_>,
        site: &ValueLocation<'_>,
        sites: &[ValueLocation<'_>],
        lookup: &Lookup<'_>,
    ) -> Result<(), String> {
        let name = &edit.name;
        let mentions = |site: &&ValueLocation<'_>| {
            site.written.contains(name.as_str()) && variables(site.written).contains(name)
        };
        let mut services: Vec<_> = sites
            .iter()
            .filter(mentions)
            .map(|site| site.service.to_owned())
            .collect();
        services.dedup();
        // The one that was asked for comes first: errors speak of it.
        services.sort_by_key(|service| service != site.service);
        self.change(edit, services, lookup)
    }

    /// [`Variables::set`] for a variable that `services` use.
    pub(crate) fn change(
        &mut self,
        edit: VariableEdit<'_>,
        services: Vec<String>,
        lookup: &Lookup<'_>,
    ) -> Result<(), String> {
        let VariableEdit { name, range, text } = edit;
        let from = lookup(&name);
        let parts = self.parts.entry(name.clone()).or_default();
        let part = (range.clone(), text.to_owned());
        if !parts.contains(&part) {
            let meets = |(other, _): &(Range<usize>, String)| {
                other == &range || (other.start < range.end && range.start < other.end)
            };
            let has_other = |known: &VariableChange| known.from != from;
            if parts.iter().any(meets) || self.changes.get(&name).is_some_and(has_other) {
                return Err(format!("it would take two different values of `{name}`"));
            }
            parts.push(part);
            parts.sort_by_key(|(range, _)| range.start);
        }
        let mut to = from.clone().unwrap_or_default();
        for (range, text) in parts.iter().rev() {
            to.replace_range(range.clone(), text);
        }
        let change = self.changes.entry(name.clone()).or_insert(VariableChange {
            name,
            from,
            to: String::new(),
            parts: Vec::new(),
            services: Vec::new(),
        });
        change.to = to;
        change.parts.clone_from(parts);
        let known: Vec<String> = change.services.clone();
        change
            .services
            .extend(services.into_iter().filter(|name| !known.contains(name)));
        Ok(())
    }

    /// The new value of a variable, if it gets one.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.changes.get(name).map(|change| change.to.as_str())
    }

    /// All changes of variables, sorted by the variables' names.
    pub(crate) fn into_changes(self) -> Vec<VariableChange> {
        self.changes.into_values().collect()
    }
}
