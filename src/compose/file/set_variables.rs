//! New values of variables, written where the variables get them: in an env file.
//!
//! A value that is made from other variables keeps them: only the words of its own are replaced,
//! and what one of the others brings is replaced there.

use std::collections::BTreeMap;
use std::ops::Range;

use super::edit::{Change, Edited, told};
use super::interpolate::Lookup;
use super::location::Location;
use super::template::Template;
use super::variable::VariableChange;
use crate::compose::error::Error;
use crate::env_file::{self, EnvEdit, EnvFile};

/// Gives variables their new values in the `.env` file that holds them; one that isn't
/// there is added at the end. `outside` has the variables that win over the file's.
///
/// # Errors
/// [`Error::Env`] where the file can't hold a value, and [`Error::Unsafe`] where the one that it
/// holds is made from other variables in a way that the new one can't be.
pub fn set_variables(
    file: &EnvFile,
    changes: &[VariableChange],
    outside: &Lookup<'_>,
) -> Result<Edited, Error> {
    let mut writing = Writing {
        file,
        outside,
        // What can't be resolved matters only to what is made of it.
        before: file.values(outside).unwrap_or_default(),
        wanted: BTreeMap::new(),
        parts: BTreeMap::new(),
    };
    for change in changes {
        writing.wanted.insert(change.name.clone(), change.clone());
    }
    for change in changes {
        writing.part(change, &mut Vec::new())?;
    }
    writing.edited()
}

/// Parts of a text, each with what it becomes, in order.
type ReplacedParts = Vec<(Range<usize>, String)>;

/// The changes of one file.
struct Writing<'a> {
    file: &'a EnvFile,
    outside: &'a Lookup<'a>,
    /// What its variables come to.
    before: BTreeMap<String, String>,
    /// What they are to come to: those that were asked for, and those that bring a part of one.
    wanted: BTreeMap<String, VariableChange>,
    /// Of the variables that are made from others, the parts of their own.
    parts: BTreeMap<String, ReplacedParts>,
}

impl Writing<'_> {
    /// Finds out where the parts of a value that is made from others live. `above` are the
    /// variables that it is a part of.
    fn part(&mut self, change: &VariableChange, above: &mut Vec<String>) -> Result<(), Error> {
        let name = &change.name;
        let entry = self.file.last(name);
        let Some(entry) = entry.filter(|entry| self.file.is_made_of_variables(entry)) else {
            return Ok(());
        };
        let refusal = || self.refusal(name);
        let written = self.file.template(entry).unwrap_or_default();
        let lookup = |name: &str| (self.outside)(name).or_else(|| self.before.get(name).cloned());
        let template = Template::new(&written, &lookup).map_err(|_| refusal())?;
        let is_as_known = change.from.as_ref() == Some(&template.resolved);
        if !is_as_known || change.parts.is_empty() || above.contains(name) {
            return Err(refusal());
        }
        let (mut own, mut others) = (
            ReplacedParts::new(),
            BTreeMap::<String, ReplacedParts>::new(),
        );
        for (range, text) in &change.parts {
            let home = template.home(range.clone(), false, text);
            let home = home.ok_or_else(refusal)?;
            match home.variable {
                _ if !home.is_in_value => own.push((home.range, home.text)),
                Some(other) if home.is_whole_value => {
                    others
                        .entry(other)
                        .or_default()
                        .push((home.range, home.text));
                }
                _ => return Err(refusal()),
            }
        }
        above.push(name.clone());
        self.parts.insert(name.clone(), own);
        for (other, parts) in others {
            self.part_of_other(&other, parts, change, above)?;
        }
        above.pop();
        Ok(())
    }

    /// A variable that brings `parts` of what `of` changes.
    fn part_of_other(
        &mut self,
        other: &str,
        parts: ReplacedParts,
        of: &VariableChange,
        above: &mut Vec<String>,
    ) -> Result<(), Error> {
        let value = self.before.get(other).cloned();
        let is_here = self.file.last(other).is_some() && (self.outside)(other).is_none();
        let (true, Some(value)) = (is_here, value) else {
            return Err(self.refusal(&of.name));
        };
        let known = self.wanted.get(other).cloned();
        let mut change = known.unwrap_or_else(|| VariableChange {
            name: other.to_owned(),
            to: value.clone(),
            from: Some(value.clone()),
            parts: Vec::new(),
            services: of.services.clone(),
        });
        let is_new = |part: &(Range<usize>, String)| !change.parts.contains(part);
        let new: ReplacedParts = parts.into_iter().filter(is_new).collect();
        if new.is_empty() {
            return Ok(());
        }
        change.parts.extend(new);
        change.to = with_parts(&value, &mut change.parts).ok_or_else(|| self.refusal(&of.name))?;
        self.wanted.insert(other.to_owned(), change.clone());
        self.part(&change, above)
    }

    fn edited(self) -> Result<Edited, Error> {
        let mut edits = BTreeMap::new();
        for (name, change) in &self.wanted {
            match self.parts.get(name) {
                // All of it comes from others.
                Some(parts) if parts.is_empty() => continue,
                Some(parts) => edits.insert(name.as_str(), EnvEdit::Parts(parts)),
                None => edits.insert(name.as_str(), EnvEdit::Value(&change.to)),
            };
        }
        let bytes = self.file.edited(&edits).map_err(|error| match error {
            env_file::Error::Unwritable { key, .. } if self.parts.contains_key(&key) => {
                self.refusal(&key)
            }
            error => error.into(),
        })?;
        let mut edited = Edited {
            bytes,
            changes: Vec::new(),
            warnings: Vec::new(),
        };
        let mut next_line = self.file.lines() + 1;
        for name in edits.keys() {
            let change = &self.wanted[*name];
            let (from, to) = match &change.from {
                Some(from) => {
                    let (from, to) = told(from, &change.to);
                    (Some(from), to)
                }
                None => (None, change.to.clone()),
            };
            let at = match self.file.last(name) {
                Some(entry) => self.location(entry.line),
                None => self.location(next_line),
            };
            next_line += usize::from(self.file.last(name).is_none());
            edited.changes.push(Change {
                at,
                key: vec![change.name.clone()],
                from,
                to,
                affects: change.services.clone(),
            });
        }
        edited.changes.sort_by(|a, b| a.at.cmp(&b.at));
        if self.parts.is_empty() {
            return Ok(edited);
        }
        let after = EnvFile::parse(self.file.path(), &edited.bytes)?.values(self.outside)?;
        match self
            .parts
            .keys()
            .find(|name| after.get(*name) != Some(&self.wanted[*name].to))
        {
            Some(name) => Err(self.refusal(name)),
            None => Ok(edited),
        }
    }

    fn location(&self, line: usize) -> Location {
        Location {
            path: self.file.path().to_owned(),
            line,
            column: 1,
        }
    }

    fn refusal(&self, name: &str) -> Error {
        let entry = self.file.last(name);
        let line = entry.map_or_else(|| self.file.lines() + 1, |entry| entry.line);
        Error::Unsafe {
            at: self.location(line),
            reason: format!("the value of `{name}` is made from other variables"),
            remedy: "edit this line by hand".to_owned(),
        }
    }
}

/// The text with its parts replaced; None if two of them overlap.
pub(crate) fn with_parts(text: &str, parts: &mut ReplacedParts) -> Option<String> {
    parts.sort_by_key(|(range, _)| range.start);
    if parts.windows(2).any(|two| two[0].0.end > two[1].0.start) {
        return None;
    }
    let mut text = text.to_owned();
    for (range, new) in parts.iter().rev() {
        text.get(range.clone())?;
        text.replace_range(range.clone(), new);
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// `name` changes from what it comes to by replacing `from` with `to` in it.
    fn changed(
        text: &str,
        outside: &Lookup<'_>,
        names: &[&str],
        from: &str,
        to: &str,
    ) -> Result<String, String> {
        let file = EnvFile::parse(Path::new(".env"), text.as_bytes()).unwrap();
        let values = file.values(outside).unwrap();
        let change = |name: &&str| {
            let value = values[*name].clone();
            let parts = value.match_indices(from);
            let parts = parts.map(|(at, found)| (at..at + found.len(), to.to_owned()));
            VariableChange {
                name: (*name).to_owned(),
                to: value.replace(from, to),
                parts: parts.collect(),
                from: Some(value),
                services: Vec::new(),
            }
        };
        let changes: Vec<_> = names.iter().map(change).collect();
        let edited = set_variables(&file, &changes, outside).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(edited.bytes).unwrap())
    }

    #[test]
    fn a_value_made_from_others_keeps_them() {
        let check = |text: &str, names: &[&str], expect: &str| {
            let found = changed(text, &|_| None, names, "db", "db-b");
            assert_eq!(found.as_deref(), Ok(expect), "{text}");
        };
        check(
            "U=u\nURL=pg://${U}@db:1/${U}\n",
            &["URL"],
            "U=u\nURL=pg://${U}@db-b:1/${U}\n",
        );
        check(
            "U=u\nURL=\"pg://$U@db:1,db:2/x\" # c\n",
            &["URL"],
            "U=u\nURL=\"pg://$U@db-b:1,db-b:2/x\" # c\n",
        );
        // What another brings is replaced there, once.
        check("H=db\nURL=${H}:1\n", &["URL"], "H=db-b\nURL=${H}:1\n");
        check("H=db\nURL=${H}:1\n", &["H", "URL"], "H=db-b\nURL=${H}:1\n");
        check(
            "H=db\nURL=${H}:1,db\n",
            &["URL"],
            "H=db-b\nURL=${H}:1,db-b\n",
        );
        check(
            "H=db\nI=$H\nURL=${I}/${H}\n",
            &["URL"],
            "H=db-b\nI=$H\nURL=${I}/${H}\n",
        );
        check("URL=${H:-db}:1\n", &["URL"], "URL=${H:-db-b}:1\n");
        check("URL=db:1\n", &["URL"], "URL=db-b:1\n");
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let check = |text: &str, outside: &Lookup<'_>, line: usize| {
            let found = changed(text, outside, &["URL"], "db", "db-b");
            let name = if line == 1 { "URL" } else { "I" };
            let expect =
                format!(".env:{line}:1: the value of `{name}` is made from other variables");
            assert_eq!(found, Err(expect), "{text}");
        };
        // It comes from outside of the file.
        let outside = |name: &str| (name == "H").then(|| "db".to_owned());
        check("URL=${H}:1\n", &outside, 1);
        check("URL=${I:-${H}}:1\n", &outside, 1);
        // The name is made from two parts.
        check(
            "URL=d${B}:1\n",
            &|name| (name == "B").then(|| "b".to_owned()),
            1,
        );
        // An escape moves all that is behind it.
        check("URL=\"\\\"db$X\"\n", &|_| None, 1);
    }
}
