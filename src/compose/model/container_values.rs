//! What a container has from files beside the compose files: variables of `env_file` below
//! those of `environment`, labels of `label_file` below those of `labels`.
//!
//! A file that isn't there or can't be read gives nothing: whether it may be missing is
//! Compose's to say.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::load::{Environment, ReadFile};
use super::value::{Data, Value};
use crate::env_file::EnvFile;

/// Reads the files, and resolves what they leave open.
pub(crate) struct ContainerValues<'a> {
    pub(crate) read: &'a ReadFile<'a>,
    /// The variables that the compose files are resolved with.
    pub(crate) environment: Environment,
}

impl ContainerValues<'_> {
    /// The variables of a service with these env files, of which `raw` are read as they stand, and this
    /// `environment`. A key alone has the value that it has outside, or none.
    pub(super) fn variables(
        &self,
        files: &[PathBuf],
        raw: &[PathBuf],
        written: Option<&Value>,
    ) -> BTreeMap<String, String> {
        let mut all = self.of_files(files, raw);
        for (key, value) in pairs(written) {
            let value = value.or_else(|| self.environment.get(&key).cloned());
            all.insert(key, value.unwrap_or_default());
        }
        all
    }

    /// The labels of a service with these label files and these `labels`.
    pub(super) fn labels(
        &self,
        files: &[PathBuf],
        written: Option<&Value>,
    ) -> BTreeMap<String, String> {
        let mut all = self.of_files(files, &[]);
        let written = pairs(written).into_iter();
        all.extend(written.map(|(key, value)| (key, value.unwrap_or_default())));
        all
    }

    /// Of several files the later ones win.
    fn of_files(&self, files: &[PathBuf], raw: &[PathBuf]) -> BTreeMap<String, String> {
        let outside = |name: &str| self.environment.get(name).cloned();
        let of_file = |file: &PathBuf| {
            let bytes = (self.read)(file).ok()?;
            if raw.contains(file) {
                return Some(as_it_stands(&String::from_utf8_lossy(&bytes)));
            }
            let parsed = EnvFile::parse(file, &bytes).ok()?;
            parsed.values(&outside).ok()
        };
        files.iter().filter_map(of_file).flatten().collect()
    }
}

/// `KEY=VALUE`, a line each, without quotes or variables.
fn as_it_stands(text: &str) -> BTreeMap<String, String> {
    let lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    let pairs = lines.filter_map(|line| line.split_once('='));
    let pair = |(key, value): (&str, &str)| (key.trim().to_owned(), value.to_owned());
    pairs.map(pair).collect()
}

/// A mapping, or a list of `KEY=VALUE`; None for a key alone.
pub(super) fn pairs(value: Option<&Value>) -> BTreeMap<String, Option<String>> {
    let Some(value) = value else {
        return BTreeMap::new();
    };
    if let Data::Map(map) = &value.data {
        let pair = |(key, value): (&String, &Value)| (key.clone(), value.to_text());
        return map.iter().map(pair).collect();
    }
    let texts = value.items().iter().filter_map(Value::to_text);
    let pair = |text: String| match text.split_once('=') {
        Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
        None => (text, None),
    };
    texts.map(pair).collect()
}
