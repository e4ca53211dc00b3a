//! The values that compose files are resolved with, and the edits of `.env` files that an
//! edit of compose files brings with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::compose_files;
use super::edits::FileEdit;
use super::failure::Failure;
use crate::compose::{self, VariableChange};
use crate::env_file::EnvFile;
use crate::error::Kind;

/// The variables that Compose would resolve a file with: those of its `.env` files, under
/// those of this process.
pub(super) struct Values {
    paths: Vec<PathBuf>,
    files: Vec<EnvFile>,
    values: BTreeMap<String, String>,
}

impl Values {
    /// Those of the `.env` beside a compose file, if there is one.
    pub(super) fn beside(compose_file: &Path) -> Result<Self, Failure> {
        let path = compose_file.with_file_name(".env");
        let found = [path.clone()];
        let found: &[PathBuf] = if path.is_file() { &found } else { &[] };
        Ok(Self {
            paths: vec![path],
            ..Self::of(found)?
        })
    }

    /// Those of the files, later ones winning.
    pub(super) fn of(paths: &[PathBuf]) -> Result<Self, Failure> {
        let files = paths
            .iter()
            .map(|path| Ok(EnvFile::parse(path, &compose_files::read(path)?)?))
            .collect::<Result<Vec<_>, Failure>>()?;
        let mut values = BTreeMap::new();
        for file in &files {
            values.extend(file.values(&|name| std::env::var(name).ok())?);
        }
        values.extend(std::env::vars_os().filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        }));
        Ok(Self {
            paths: paths.to_vec(),
            files,
            values,
        })
    }

    pub(super) fn get(&self, name: &str) -> Option<String> {
        self.values.get(name).cloned()
    }

    /// The file that gives the variable its value, or that is to: the last.
    fn holder(&self, name: &str) -> Option<&EnvFile> {
        let mut files = self.files.iter().rev();
        files
            .find(|file| file.last(name).is_some())
            .or(self.files.last())
    }

    /// The file that is to hold the variables where there is none yet, empty.
    fn new_file(&self, change: &VariableChange) -> Result<EnvFile, Failure> {
        let path = self.paths.last().ok_or_else(|| nowhere(change))?;
        Ok(EnvFile::parse(path, b"")?)
    }
}

/// The changes of variables, by the file that holds them.
#[derive(Default)]
pub(super) struct EnvEdits {
    files: BTreeMap<PathBuf, (EnvFile, BTreeMap<String, VariableChange>)>,
}

impl EnvEdits {
    /// Takes the changes that one compose file asks of the files of its variables.
    pub(super) fn add(
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
                None => values.new_file(&change)?,
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
    pub(super) fn finish(self) -> Result<Vec<FileEdit>, Failure> {
        let edit = |(path, (file, changes)): (PathBuf, (EnvFile, BTreeMap<_, _>))| {
            let changes: Vec<_> = changes.into_values().collect();
            Ok(FileEdit {
                path,
                before: file.bytes().to_vec(),
                edited: compose::set_variables(&file, &changes)?,
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
