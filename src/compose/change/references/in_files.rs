//! References in the files beside the compose files: env files, label files, and what is mounted.

use std::collections::BTreeMap;
use std::ops::Range;
use std::ptr;

use super::mixed_variables::MIXED;
use super::{Found, MADE_OF_IT, MAY_MEAN_ELSE, PUT_TOGETHER, Referrers, StaleName, TextFile};
use crate::compose::change::name_use::ValueRole;
use crate::compose::change::rename::Rename;
use crate::compose::file::edit::{Change, Edited};
use crate::compose::file::location::Location;
use crate::compose::file::set_variables::with_parts;
use crate::compose::file::template::Template;
use crate::compose::file::variable::{VariableChange, VariableEdit, Variables};
use crate::env_file::{EnvEntry, EnvFile};

impl Referrers<'_> {
    /// The changes of an env file's variables, as [`VariableChange`]s of it, and what is left. What
    /// a variable from outside of the file brings changes there, in `variables`.
    pub(crate) fn in_env_file(
        &self,
        file: &EnvFile,
        variables: &mut Variables<'_>,
    ) -> (Vec<VariableChange>, Vec<StaleName>) {
        let (mut changes, mut stale) = (Vec::new(), Vec::new());
        let services = self.model.services.iter();
        let users: Vec<String> = services
            .filter(|(_, service)| service.env_files.iter().any(|path| path == file.path()))
            .map(|(name, _)| name.clone())
            .collect();
        let readers: Vec<&str> = users.iter().map(String::as_str).collect();
        let values = file.values(self.lookup).unwrap_or_default();
        let entries = file.entries().iter();
        let is_last = |entry: &&EnvEntry| file.last(&entry.key).is_some_and(|l| ptr::eq(l, *entry));
        for entry in entries.filter(is_last) {
            let key = &entry.key;
            let value = values.get(key).map_or("", String::as_str);
            let mut parts = Vec::new();
            for found in self.uses(ValueRole::Pair, key, value, &readers) {
                let done = match self.place_in(file, entry, &values, &found) {
                    Ok(None) => {
                        parts.push((found.range.clone(), found.rename.to.clone()));
                        Ok(())
                    }
                    Ok(Some((name, range))) => {
                        let text = &found.rename.to;
                        let edit = VariableEdit { name, range, text };
                        variables.change(edit, &readers, self.lookup)
                    }
                    Err(reason) => Err(reason),
                };
                if let Err(reason) = done {
                    let at = Location {
                        path: file.path().to_owned(),
                        line: entry.line,
                        column: 1,
                    };
                    let owner = readers.first().copied().unwrap_or(key);
                    stale.push(StaleName::of(found.rename, owner, at, &reason));
                }
            }
            if let Some(to) = with_parts(value, &mut parts).filter(|to| to != value) {
                changes.push(VariableChange {
                    name: key.clone(),
                    from: Some(value.to_owned()),
                    to,
                    parts,
                    services: users.clone(),
                });
            }
        }
        (changes, stale)
    }

    /// Where a use in an env file's value is to be edited: None in the file, else in a value that
    /// comes from outside of it. An error is the reason why it can't be.
    fn place_in(
        &self,
        file: &EnvFile,
        entry: &EnvEntry,
        values: &BTreeMap<String, String>,
        found: &Found<'_>,
    ) -> Result<Option<(String, Range<usize>)>, String> {
        if !found.is_sure {
            return Err(MAY_MEAN_ELSE.to_owned());
        }
        // Of the project's own `.env`, all variables that aren't in it are out of reach.
        let is_own = file.path() == self.model.project_dir.join(".env");
        let is_made_of = |name: &String| found.rename.made_of.contains(name);
        let written = file.template(entry);
        if is_made_of(&entry.key) && (is_own || written.is_none()) {
            return Err(MADE_OF_IT.to_owned());
        }
        if is_own && self.is_mixed(found, &entry.key) {
            return Err(MIXED.to_owned());
        }
        let Some(written) = written else {
            return Ok(Some((entry.key.clone(), found.range.clone())));
        };
        let lookup = |name: &str| (self.lookup)(name).or_else(|| values.get(name).cloned());
        let template = Template::new(&written, &lookup).map_err(|error| error.to_string())?;
        let home = template.home(found.range.clone(), false, &found.rename.to);
        let home = home.filter(|home| home.text == found.rename.to);
        let home = home.ok_or(PUT_TOGETHER)?;
        match home.variable {
            _ if !home.is_in_value => Ok(None),
            Some(name) if is_made_of(&name) => Err(MADE_OF_IT.to_owned()),
            Some(name) if self.is_mixed(found, &name) => Err(MIXED.to_owned()),
            Some(name) if home.is_whole_value => {
                let is_outside = !is_own && (self.lookup)(&name).is_some();
                Ok(is_outside.then_some((name, home.range)))
            }
            _ => Err("a variable within a variable holds it".to_owned()),
        }
    }

    /// The lines of a text file that use a name, edited where they may be and surely mean it.
    pub(crate) fn in_text(&self, file: &TextFile) -> (Edited, Vec<StaleName>) {
        let TextFile { path, text, kept } = file;
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
                if found.is_sure && kept.is_none() {
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
                let reason = kept.filter(|_| found.is_sure).unwrap_or(MAY_MEAN_ELSE);
                let owner = path.display().to_string();
                stale.push(StaleName::of(found.rename, &owner, at, reason));
            }
            edited.bytes.extend_from_slice(to.as_bytes());
        }
        edited.changes.sort_by(|a, b| a.at.cmp(&b.at));
        (edited, stale)
    }
}
