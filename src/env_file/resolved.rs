//! The values that Compose would resolve compose files with.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{EnvFile, Error};
use crate::compose::{Model, variables};

/// The variables that Compose would resolve a file with: those of its `.env` files, under
/// those of this process.
#[derive(Debug, Clone, Default)]
pub struct Values {
    paths: Vec<PathBuf>,
    files: Vec<EnvFile>,
    values: BTreeMap<String, String>,
}

impl Values {
    /// Those of the `.env` in a folder, if there is one; `read` gives the bytes of a file.
    ///
    /// # Errors
    /// Those of `read`, and those of [`EnvFile::parse`] and [`EnvFile::values`].
    pub fn in_folder<E: From<Error>>(
        folder: &Path,
        read: impl Fn(&Path) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        let path = folder.join(".env");
        let found = [path.clone()];
        let found: &[PathBuf] = if path.is_file() { &found } else { &[] };
        Ok(Self {
            paths: vec![path],
            ..Self::of(found, read)?
        }
        .with_folder(folder))
    }

    /// Those that a project was resolved with; `read` gives the bytes of a file.
    ///
    /// # Errors
    /// Those of [`Values::in_folder`].
    pub fn of_model<E: From<Error>>(
        model: &Model,
        read: impl Fn(&Path) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        if model.env_files.is_empty() {
            return Ok(Self::in_folder(&model.project_dir, read)?.with_folder(&model.pwd));
        }
        Ok(Self::of(&model.env_files, read)?.with_folder(&model.pwd))
    }

    /// The same with `PWD` as it is where Compose is started: in the project's folder.
    fn with_folder(mut self, folder: &Path) -> Self {
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        self.values
            .insert("PWD".to_owned(), folder.display().to_string());
        self
    }

    /// Those of the files, later ones winning; `read` gives the bytes of one.
    ///
    /// # Errors
    /// Those of `read`, and those of [`EnvFile::parse`] and [`EnvFile::values`].
    pub fn of<E: From<Error>>(
        paths: &[PathBuf],
        read: impl Fn(&Path) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        let files = paths
            .iter()
            .map(|path| Ok(EnvFile::parse(path, &read(path)?)?))
            .collect::<Result<Vec<_>, E>>()?;
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

    /// The same with what `paths` add below them, of which those that win stand first; `read` gives
    /// the bytes of one.
    ///
    /// # Errors
    /// Those of `read`, and those of [`EnvFile::parse`] and [`EnvFile::values`].
    pub fn over<E: From<Error>>(
        &self,
        paths: &[PathBuf],
        read: impl Fn(&Path) -> Result<Vec<u8>, E>,
    ) -> Result<Self, E> {
        let mut all = self.clone();
        for path in paths {
            let file = EnvFile::parse(path, &read(path)?)?;
            let below = file.values(&|name| self.get(name))?;
            for (name, value) in below {
                all.values.entry(name).or_insert(value);
            }
            all.files.insert(0, file);
        }
        Ok(all)
    }

    /// Knows the files of others, too, as those that hold a variable which its own don't.
    pub fn hold(&mut self, others: &Self) {
        let is_new = |file: &&EnvFile| !self.files.iter().any(|own| own.path() == file.path());
        let new: Vec<_> = others.files.iter().filter(is_new).cloned().collect();
        self.files.splice(0..0, new);
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<String> {
        self.values.get(name).cloned()
    }

    /// The file that gives the variable its value, or that is to: the last.
    pub fn holder(&self, name: &str) -> Option<&EnvFile> {
        let mut files = self.files.iter().rev();
        files
            .find(|file| file.last(name).is_some())
            .or(self.files.last())
    }

    /// The path of the file that gives the variable its value, or that is to.
    pub(crate) fn target(&self, name: &str) -> Option<&Path> {
        let last = self.paths.last().map(PathBuf::as_path);
        self.holder(name).map(EnvFile::path).or(last)
    }

    /// True if the value of a variable is made of one of `others`, directly or by way of more.
    pub(crate) fn is_made_of(&self, name: &str, others: &[String]) -> bool {
        let mut seen = BTreeSet::new();
        let mut next = vec![name.to_owned()];
        while let Some(name) = next.pop() {
            let entry = self
                .holder(&name)
                .and_then(|file| file.last(&name).zip(Some(file)));
            let written = entry.filter(|(entry, file)| file.is_made_of_variables(entry));
            let written = written.and_then(|(entry, file)| file.written(entry));
            let named = written.map(variables).unwrap_or_default();
            if named.iter().any(|name| others.contains(name)) {
                return true;
            }
            if seen.insert(name) {
                next.extend(named);
            }
        }
        false
    }

    /// The file that is to hold the variables where there is none yet, empty; nothing where
    /// none was named.
    pub fn new_file(&self) -> Option<Result<EnvFile, Error>> {
        self.paths.last().map(|path| EnvFile::parse(path, b""))
    }
}
