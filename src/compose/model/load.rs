//! From files to one merged value, in Compose's order: each document is interpolated,
//! what it includes is brought in, its services are extended, and it is laid over what
//! came before (compose-go's `loader`).

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::canonical::{Base, LeftOut, absolute, canonical, resolve_paths};
use super::layers::{Clash, clear, keep_last, merge};
use super::value::{self, Data, Map, Origin, Value};
use crate::compose::error::Error;
use crate::compose::file::document::Document;
use crate::compose::file::interpolate::{InterpolateError, interpolate, interpolate_blank, unset};
use crate::compose::file::location::Location;
use crate::compose::file::syntax::Fault;
use crate::env_file::EnvFile;

/// What reads a file's content; the disk, or a table in tests.
pub(crate) type ReadFile<'a> = dyn Fn(&Path) -> std::io::Result<Vec<u8>> + 'a;

/// Variables by name.
pub(crate) type Environment = BTreeMap<String, String>;

/// Files within files within files, beyond which it is a mistake.
const MAX_DEPTH: usize = 32;

/// Loads the files of one project.
pub(crate) struct Loader<'a> {
    read: &'a ReadFile<'a>,
    pub(crate) sources: Sources,
    /// The variables that came to nothing, and in how many places.
    pub(crate) unset: BTreeMap<String, usize>,
    /// The env files of `include`, by the compose files that have variables from them.
    pub(crate) included_env: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// Those without which Compose refuses the files.
    pub(crate) needed: BTreeMap<String, BTreeSet<Origin>>,
    /// What can't be without such a variable is left out, rather than refused.
    is_lenient: bool,
}

/// Every document read so far; origins name them by number.
#[derive(Debug, Default)]
pub(crate) struct Sources(pub(crate) Vec<Document>);

impl Sources {
    pub(crate) fn location(&self, at: Origin) -> Location {
        let document = self.0.get(at.file);
        document.map_or_else(
            || Location::of(Path::new(""), "", 0),
            |document| document.location(at.offset),
        )
    }
}

/// Where a file's relative paths lead, and how its variables resolve.
#[derive(Clone)]
pub(crate) struct LoadScope {
    pub(crate) folder: PathBuf,
    pub(crate) environment: Environment,
    /// The files that include this one, outermost first.
    pub(crate) includers: Vec<PathBuf>,
    /// Where its variables come from below the project's own, those that win first.
    pub(crate) env_files: Vec<PathBuf>,
}

impl LoadScope {
    fn base<'a>(&'a self, folder: &'a Path) -> Base<'a> {
        Base {
            folder,
            home: self.environment.get("HOME").map(String::as_str),
        }
    }
}

impl<'a> Loader<'a> {
    pub(crate) fn new(read: &'a ReadFile<'a>, is_lenient: bool) -> Self {
        Self {
            read,
            is_lenient,
            sources: Sources::default(),
            unset: BTreeMap::new(),
            included_env: BTreeMap::new(),
            needed: BTreeMap::new(),
        }
    }

    /// Merges files in their order, with their relative paths made absolute.
    pub(crate) fn files(&mut self, files: &[PathBuf], scope: &LoadScope) -> Result<Value, Error> {
        let mut merged = Value::new(Data::Map(Map::new()), Origin::default());
        for file in files {
            merged = self.file(file, scope, merged)?;
        }
        resolve_paths(&mut merged, &scope.base(&scope.folder));
        Ok(merged)
    }

    pub(crate) fn bytes(&self, path: &Path) -> Result<Vec<u8>, Error> {
        (self.read)(path).map_err(|source| Error::Read {
            path: path.to_owned(),
            source,
        })
    }

    /// The documents of a file, each as data.
    fn documents(&mut self, path: &Path) -> Result<Vec<value::Read>, Error> {
        let document = Document::parse(path, &self.bytes(path)?)?;
        document.require_sections()?;
        let number = self.sources.0.len();
        let roots = document.tree().roots.clone();
        let read: Result<Vec<_>, Fault> = roots
            .into_iter()
            .map(|root| value::read(&document, number, root))
            .collect();
        let read = read.map_err(|fault| Error::Syntax {
            at: document.location(fault.offset),
            reason: fault.reason,
        })?;
        self.sources.0.push(document);
        let mut documents: Vec<value::Read> = Vec::new();
        for read in read {
            match read.value.data {
                Data::Map(_) => documents.push(read),
                Data::Null => {}
                _ => return Err(self.wrong(read.value.at, "the file is not a mapping")),
            }
        }
        Ok(documents)
    }

    fn file(&mut self, path: &Path, scope: &LoadScope, mut base: Value) -> Result<Value, Error> {
        self.has_variables_of(path, scope);
        for mut read in self.documents(path)? {
            self.interpolate(&mut read.value, &scope.environment)?;
            self.include(&mut read, path, scope)?;
            clear(&mut base, &read.cleared);
            self.extend_services(&mut read, path, scope)?;
            base = self.lay_over(base, read.value)?;
        }
        Ok(base)
    }

    fn has_variables_of(&mut self, path: &Path, scope: &LoadScope) {
        if !scope.env_files.is_empty() {
            let files = scope.env_files.clone();
            self.included_env.insert(path.to_owned(), files);
        }
    }

    fn lay_over(&mut self, base: Value, over: Value) -> Result<Value, Error> {
        let mut merged = merge(base, over, &mut Vec::new()).map_err(|clash| self.clash(&clash))?;
        keep_last(&mut merged);
        let mut left_out = LeftOut {
            is_allowed: self.is_lenient,
            variables: Vec::new(),
        };
        canonical(&mut merged, &mut left_out).map_err(|clash| self.clash(&clash))?;
        for (name, at) in left_out.variables {
            self.needed.entry(name).or_default().insert(at);
        }
        keep_last(&mut merged);
        Ok(merged)
    }

    fn clash(&self, clash: &Clash) -> Error {
        self.wrong(clash.at, &clash.reason)
    }

    pub(crate) fn wrong(&self, at: Origin, reason: &str) -> Error {
        Error::Syntax {
            at: self.sources.location(at),
            reason: reason.to_owned(),
        }
    }

    fn interpolate(&mut self, value: &mut Value, environment: &Environment) -> Result<(), Error> {
        match &mut value.data {
            Data::Text(text) if text.contains('$') => {
                let lookup = |name: &str| environment.get(name).cloned();
                let resolved = match interpolate(text, &lookup) {
                    Err(InterpolateError::Missing { variable }) if self.is_lenient => {
                        let places = self.needed.entry(variable).or_default();
                        places.insert(value.at);
                        interpolate_blank(text, &lookup)
                    }
                    resolved => resolved,
                };
                let resolved = resolved.map_err(|source| Error::Interpolate {
                    at: self.sources.location(value.at),
                    source,
                })?;
                for name in unset(text, &lookup) {
                    *self.unset.entry(name.clone()).or_default() += 1;
                    value.unset.push(name);
                }
                value.written = Some(std::mem::replace(text, resolved));
                Ok(())
            }
            Data::List(items) => items
                .iter_mut()
                .try_for_each(|item| self.interpolate(item, environment)),
            Data::Map(map) => map
                .values_mut()
                .try_for_each(|value| self.interpolate(value, environment)),
            _ => Ok(()),
        }
    }

    /// Brings in what a document's `include:` names, under what it says itself.
    fn include(
        &mut self,
        read: &mut value::Read,
        path: &Path,
        scope: &LoadScope,
    ) -> Result<(), Error> {
        let Some(include) = read
            .value
            .as_map_mut()
            .and_then(|map| map.remove("include"))
        else {
            return Ok(());
        };
        for item in include.items() {
            let included = self.included(item, path, scope)?;
            self.import(read, included)?;
        }
        Ok(())
    }

    fn included(&mut self, item: &Value, path: &Path, scope: &LoadScope) -> Result<Value, Error> {
        let texts = |value: Option<&Value>| -> Vec<String> {
            let Some(value) = value else {
                return Vec::new();
            };
            match &value.data {
                Data::List(items) => items.iter().filter_map(Value::to_text).collect(),
                _ => value.to_text().into_iter().collect(),
            }
        };
        let paths = match &item.data {
            Data::Text(path) => vec![path.clone()],
            _ => texts(item.get("path")),
        };
        let files: Vec<PathBuf> = paths
            .iter()
            .map(|path| absolute(path, &scope.folder))
            .collect();
        let Some(main) = files.first() else {
            return Err(self.wrong(item.at, "`include` names no path"));
        };
        let mut includers = scope.includers.clone();
        includers.push(path.to_owned());
        if includers.contains(main) || includers.len() > MAX_DEPTH {
            return Err(self.wrong(item.at, "the file includes itself"));
        }
        let folder = match item.get("project_directory").and_then(Value::to_text) {
            Some(folder) => absolute(&folder, &scope.folder),
            None => main.parent().unwrap_or(&scope.folder).to_owned(),
        };
        let env_files = texts(item.get("env_file"));
        let own = self.included_env_files(&env_files, &folder, scope);
        let environment = self.environment(&scope.environment, &own)?;
        let mut env_files = scope.env_files.clone();
        env_files.extend(own.into_iter().rev());
        let scope = LoadScope {
            folder,
            environment,
            includers,
            env_files,
        };
        self.files(&files, &scope)
    }

    fn included_env_files(
        &self,
        named: &[String],
        folder: &Path,
        scope: &LoadScope,
    ) -> Vec<PathBuf> {
        if named.is_empty() {
            let default = folder.join(".env");
            let exists = (self.read)(&default).is_ok();
            exists.then_some(default).into_iter().collect()
        } else {
            named
                .iter()
                .filter(|file| *file != "/dev/null")
                .map(|file| absolute(file, &scope.folder))
                .collect()
        }
    }

    /// `outer` and what files add to it; `outer` wins, then the later file.
    pub(crate) fn environment(
        &self,
        outer: &Environment,
        files: &[PathBuf],
    ) -> Result<Environment, Error> {
        let mut added = Environment::new();
        for file in files {
            let parsed = EnvFile::parse(file, &self.bytes(file)?)?;
            let lookup = |name: &str| outer.get(name).or_else(|| added.get(name)).cloned();
            let values = parsed.values(&lookup)?;
            added.extend(values);
        }
        added.extend(outer.clone());
        Ok(added)
    }

    /// Brings an included file's sections in below the document's own.
    fn import(&mut self, read: &mut value::Read, mut included: Value) -> Result<(), Error> {
        clear(&mut included, &read.cleared);
        let Data::Map(sections) = included.data else {
            return Ok(());
        };
        for (section, value) in sections {
            let known = matches!(
                section.as_str(),
                "services" | "volumes" | "networks" | "secrets" | "configs" | "models"
            );
            let (Data::Map(entries), true) = (value.data, known) else {
                continue;
            };
            let Some(root) = read.value.as_map_mut() else {
                continue;
            };
            let own = root
                .entry(section.clone())
                .or_insert_with(|| Value::new(Data::Map(Map::new()), value.at));
            let Some(own) = own.as_map_mut() else {
                continue;
            };
            for (name, entry) in entries {
                let merged = match own.remove(&name) {
                    None => entry,
                    Some(over) => {
                        let mut path = vec![section.clone(), name.clone()];
                        merge(entry, over, &mut path).map_err(|clash| self.clash(&clash))?
                    }
                };
                own.insert(name, merged);
            }
        }
        Ok(())
    }

    fn extend_services(
        &mut self,
        read: &mut value::Read,
        path: &Path,
        scope: &LoadScope,
    ) -> Result<(), Error> {
        let Some(services) = read.value.as_map().and_then(|map| map.get("services")) else {
            return Ok(());
        };
        let Some(services) = services.as_map().cloned() else {
            return Ok(());
        };
        let mut extended = Map::new();
        for name in services.keys() {
            let mut seen = Vec::new();
            let service = self.extended(name, &services, path, scope, &read.cleared, &mut seen)?;
            extended.insert(name.clone(), service);
        }
        if let Some(root) = read.value.as_map_mut()
            && let Some(section) = root.get_mut("services")
        {
            section.data = Data::Map(extended);
        }
        Ok(())
    }

    /// A service with what it extends below it. `seen` are the services on the way, each
    /// with its file.
    fn extended(
        &mut self,
        name: &str,
        services: &Map,
        path: &Path,
        scope: &LoadScope,
        cleared: &[Vec<String>],
        seen: &mut Vec<(PathBuf, String)>,
    ) -> Result<Value, Error> {
        let service = services[name].clone();
        let Some(extends) = service.as_map().and_then(|map| map.get("extends")).cloned() else {
            return Ok(service);
        };
        let step = (path.to_owned(), name.to_owned());
        if seen.contains(&step) {
            return Err(self.wrong(extends.at, "the service extends itself"));
        }
        seen.push(step);
        let target = match &extends.data {
            Data::Text(target) => Some(target.clone()),
            _ => extends.get("service").and_then(Value::to_text),
        };
        let file = extends.get("file").and_then(Value::to_text);
        let (others, file, others_cleared) = match file {
            None => (services.clone(), path.to_owned(), cleared.to_vec()),
            Some(file) => self.services_of(&absolute(&file, &scope.folder), scope)?,
        };
        let Some(target) = target.filter(|target| others.contains_key(target)) else {
            return Err(self.wrong(extends.at, "the extended service is not there"));
        };
        let base = self.extended(&target, &others, &file, scope, &others_cleared, seen)?;
        if base.is_null() {
            return Ok(service);
        }
        self.over_base(name, base, service, cleared)
    }

    fn over_base(
        &mut self,
        name: &str,
        base: Value,
        service: Value,
        cleared: &[Vec<String>],
    ) -> Result<Value, Error> {
        let at = base.at;
        let nest =
            |key: &str, value| Value::new(Data::Map(Map::from([(key.to_owned(), value)])), at);
        let mut root = nest("services", nest(name, base));
        clear(&mut root, cleared);
        let base = root
            .as_map_mut()
            .and_then(|map| map.get_mut("services")?.as_map_mut()?.remove(name));
        let base = base.unwrap_or_else(|| Value::new(Data::Map(Map::new()), at));
        let mut path = vec!["services".to_owned(), "x".to_owned()];
        let mut merged = merge(base, service, &mut path).map_err(|clash| self.clash(&clash))?;
        if let Some(map) = merged.as_map_mut() {
            map.remove("extends");
        }
        Ok(merged)
    }

    /// The services of another file, for `extends`: not extended themselves yet, with
    /// their paths made absolute.
    fn services_of(
        &mut self,
        path: &Path,
        scope: &LoadScope,
    ) -> Result<(Map, PathBuf, Vec<Vec<String>>), Error> {
        self.has_variables_of(path, scope);
        let mut merged = Value::new(Data::Map(Map::new()), Origin::default());
        let mut cleared = Vec::new();
        for mut read in self.documents(path)? {
            self.interpolate(&mut read.value, &scope.environment)?;
            clear(&mut merged, &read.cleared);
            merged = self.lay_over(merged, read.value)?;
            cleared.extend(read.cleared);
        }
        let folder = path.parent().unwrap_or(Path::new(""));
        resolve_paths(&mut merged, &scope.base(folder));
        let services = merged.get("services").and_then(Value::as_map).cloned();
        Ok((services.unwrap_or_default(), path.to_owned(), cleared))
    }
}
