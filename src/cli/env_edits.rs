//! The edits of `.env` files that an edit of compose files brings with it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::compose_files;
use super::edits::FileEdit;
use super::failure::Failure;
use crate::compose::{self, VariableChange};
use crate::env_file::EnvFile;
use crate::error::Kind;

/// The changes of variables, by the `.env` file that holds them.
#[derive(Default)]
pub(super) struct Held {
    files: BTreeMap<PathBuf, BTreeMap<String, VariableChange>>,
}

impl Held {
    /// Takes the changes that one compose file asks of its `.env`.
    pub(super) fn add(
        &mut self,
        path: &Path,
        changes: Vec<VariableChange>,
    ) -> Result<(), Failure> {
        for change in changes {
            let name = change.name.clone();
            if std::env::var_os(&name).is_some() {
                return Err(Failure::new(
                    Kind::Usage,
                    format!("`{name}` is set in the environment, which wins over every file"),
                )
                .hint(format!("change it where it is exported, or `unset {name}` first")));
            }
            let file = self.files.entry(path.to_owned()).or_default();
            let known = file.entry(name.clone()).or_insert_with(|| change.clone());
            if known.to != change.to {
                return Err(Failure::new(
                    Kind::Usage,
                    format!("two compose files would want different values of `{name}`"),
                )
                .hint("edit one file at a time with `-f FILE`"));
            }
            let new = |service: &String| !known.services.contains(service);
            let others: Vec<_> = change.services.into_iter().filter(new).collect();
            known.services.extend(others);
        }
        Ok(())
    }

    /// The edits of the files.
    pub(super) fn edits(self) -> Result<Vec<FileEdit>, Failure> {
        let edit = |(path, changes): (PathBuf, BTreeMap<String, VariableChange>)| {
            let changes: Vec<_> = changes.into_values().collect();
            if !path.is_file() {
                let name = &changes[0].name;
                return Err(Failure::new(
                    Kind::Usage,
                    format!("`{name}` has no value, and there is no `{}`", path.display()),
                )
                .hint(format!("write `{name}={}` there", changes[0].to)));
            }
            let before = compose_files::read(&path)?;
            let edited = compose::set_variables(&EnvFile::parse(&path, &before)?, &changes)?;
            Ok(FileEdit {
                path,
                before,
                edited,
            })
        };
        self.files.into_iter().filter(|(_, changes)| !changes.is_empty()).map(edit).collect()
    }
}
