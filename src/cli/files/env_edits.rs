//! The edits of `.env` files that an edit of compose files brings with it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::edits::FileEdit;
use crate::cli::terminal::failure::Failure;
use crate::compose::{self, VariableChange};
use crate::env_file::{EnvFile, Values};
use crate::error::Kind;

/// The changes of variables, by the file that holds them.
#[derive(Default)]
pub(crate) struct EnvEdits {
    files: BTreeMap<PathBuf, (EnvFile, BTreeMap<String, VariableChange>)>,
}

impl EnvEdits {
    /// Takes the changes that one compose file asks of the files of its variables.
    pub(crate) fn add(
        &mut self,
        values: &Values,
        changes: Vec<VariableChange>,
    ) -> Result<(), Failure> {
        for change in changes {
            let name = change.name.clone();
            if std::env::var_os(&name).is_some() {
                return Err(in_environment(&name));
            }
            let file = match values.holder(&name) {
                Some(file) => file.clone(),
                None => values.new_file().ok_or_else(|| nowhere(&change))??,
            };
            let held = self.files.entry(file.path().to_owned());
            let (_, held) = held.or_insert_with(|| (file, BTreeMap::new()));
            let known = held.entry(name).or_insert_with(|| change.clone());
            if known.to != change.to {
                return Err(at_odds(&change.name));
            }
            let is_new = |service: &String| !known.services.contains(service);
            let others: Vec<_> = change.services.into_iter().filter(is_new).collect();
            known.services.extend(others);
        }
        Ok(())
    }

    /// The edits of the files.
    pub(crate) fn finish(self) -> Result<Vec<FileEdit>, Failure> {
        let edit = |(path, (file, changes)): (PathBuf, (EnvFile, BTreeMap<_, _>))| {
            let changes: Vec<_> = changes.into_values().collect();
            Ok(FileEdit {
                path,
                before: file.bytes().to_vec(),
                edited: compose::set_variables(&file, &changes, &|name| std::env::var(name).ok())?,
            })
        };
        self.files.into_iter().map(edit).collect()
    }
}

fn in_environment(name: &str) -> Failure {
    Failure::new(
        Kind::Usage,
        format!("`{name}` is set in the environment, which wins over every file"),
    )
    .hint(format!(
        "change it where it is exported, or `unset {name}` first"
    ))
}

fn nowhere(change: &VariableChange) -> Failure {
    Failure::new(
        Kind::Usage,
        format!("`{}` has no value, and no file to get it in", change.name),
    )
    .hint(format!(
        "set `{}={}` where it should come from",
        change.name, change.to
    ))
}

fn at_odds(name: &str) -> Failure {
    Failure::new(
        Kind::Usage,
        format!("two compose files would want different values of `{name}`"),
    )
    .hint("edit one file at a time with `-f FILE`")
}
