//! Variables that have to change where a value, and not the compose file, holds what an
//! edit is about.

use std::collections::{BTreeMap, HashMap, HashSet};
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

/// Why a variable's value isn't changed that could be.
pub(crate) const KEPT: &str = "another side has the value of the variable from the same file";

/// A part of a variable's value that is to become another text.
pub(crate) struct VariableEdit<'a> {
    pub(crate) name: String,
    /// Where it stands in the value.
    pub(crate) range: Range<usize>,
    pub(crate) text: &'a str,
}

/// The changes of variables that an edit has come upon.
#[derive(Default)]
pub(crate) struct Variables<'a> {
    /// True for those whose values may not change.
    is_kept: Option<&'a dyn Fn(&str) -> bool>,
    changes: BTreeMap<String, VariableChange>,
    /// The parts of each value that are to become another text.
    parts: BTreeMap<String, Vec<(Range<usize>, String)>>,
    /// The services that each change is told with.
    services: HashMap<String, HashSet<String>>,
}

impl<'a> Variables<'a> {
    /// No changes yet, and none of a variable that `is_kept` is true for.
    pub(crate) fn keeping(is_kept: &'a dyn Fn(&str) -> bool) -> Self {
        Self {
            is_kept: Some(is_kept),
            ..Self::default()
        }
    }

    /// True for a variable whose value has to stay.
    pub(crate) fn is_kept(&self, name: &str) -> bool {
        self.is_kept.is_some_and(|is_kept| is_kept(name))
    }

    /// Notes `edit`, for the sake of `services`, of which the first is the one that errors speak
    /// of. An error is the reason why it can't.
    pub(crate) fn change(
        &mut self,
        edit: VariableEdit<'_>,
        services: &[&str],
        lookup: &Lookup<'_>,
    ) -> Result<(), String> {
        let VariableEdit { name, range, text } = edit;
        if self.is_kept(&name) {
            return Err(KEPT.to_owned());
        }
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
        let change = self
            .changes
            .entry(name.clone())
            .or_insert_with(|| VariableChange {
                name: name.clone(),
                from,
                to: String::new(),
                parts: Vec::new(),
                services: Vec::new(),
            });
        change.to = to;
        change.parts.clone_from(parts);
        for service in services {
            self.used_by(&name, service);
        }
        Ok(())
    }

    /// The services of `sites` that mention a variable which changes, asked for or not, are told
    /// with it.
    pub(crate) fn mentioned_in(&mut self, sites: &[ValueLocation<'_>]) {
        for site in sites.iter().filter(|site| site.written.contains('$')) {
            for name in variables(site.written) {
                self.used_by(&name, site.service);
            }
        }
    }

    fn used_by(&mut self, name: &str, service: &str) {
        let Some(change) = self.changes.get_mut(name) else {
            return;
        };
        let known = self.services.entry(name.to_owned()).or_default();
        if known.insert(service.to_owned()) {
            change.services.push(service.to_owned());
        }
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
