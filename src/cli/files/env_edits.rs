//! The edits of `.env` files that an edit of compose files brings with it.

use std::collections::{BTreeMap, HashSet};
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
            let path = values.target(&name).ok_or_else(|| nowhere(&change))?;
            if !self.files.contains_key(path) {
                let file = match values.holder(&name) {
                    Some(file) => file.clone(),
                    None => values.new_file().ok_or_else(|| nowhere(&change))??,
                };
                self.files.insert(path.to_owned(), (file, BTreeMap::new()));
            }
            let held = self.files.get_mut(path);
            let (_, held) = held.ok_or_else(|| nowhere(&change))?;
            let Some(known) = held.get_mut(&name) else {
                held.insert(name, change);
                continue;
            };
            if known.to != change.to {
                return Err(at_odds(&change.name));
            }
            let told: HashSet<String> = known.services.iter().cloned().collect();
            let is_new = |service: &String| !told.contains(service);
            known
                .services
                .extend(change.services.into_iter().filter(is_new));
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
