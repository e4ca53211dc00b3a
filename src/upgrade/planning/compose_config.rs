//! Compose's own word on the new release as it will be: the files that it reads are put together in a
//! scratch folder, as they will be, and `docker compose config` says what they come to. What it says
//! and what transship's model says are compared name by name.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::decisions::Decisions;
use super::obstacle::Obstacle;
use super::releases::Releases;
use crate::compose::Model;
use crate::engine::{Compose, Docker, Error};
use crate::fs::{Disk, Purpose, WriteError};
use crate::tree::TemporaryTree;
use crate::upgrade::request::Request;

/// What a project's files come to: images, volumes and mounts, each by what it is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ResolvedNames(BTreeMap<String, String>);

/// What Compose says of the new release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ComposeWord {
    /// The names that it resolves.
    Names(ResolvedNames),
    /// It refuses the files; its complaint.
    Refuses(String),
    /// It couldn't be asked, and why.
    Unknown(String),
}

impl ResolvedNames {
    /// The names in what `docker compose config --format json` says. Paths below `scratch` stand for
    /// those below `/`.
    fn of_config(config: &Value, scratch: &Path) -> Self {
        let mut names = BTreeMap::new();
        for (service, value) in entries(&config["services"]) {
            if let Some(image) = value["image"].as_str() {
                names.insert(image_of(service), unescaped(image));
            }
            for mount in value["volumes"].as_array().into_iter().flatten() {
                let target = mount["target"].as_str().unwrap_or_default();
                let source = match (mount["type"].as_str(), mount["source"].as_str()) {
                    (Some("volume" | "bind"), Some(source)) => really(source, scratch),
                    _ => continue,
                };
                names.insert(mount_of(service, target), source);
            }
        }
        for (key, value) in entries(&config["volumes"]) {
            let name = value["name"].as_str().unwrap_or(key);
            names.insert(volume_of(key), unescaped(name));
        }
        for section in ["configs", "secrets"] {
            for (key, value) in entries(&config[section]) {
                if let Some(file) = value["file"].as_str() {
                    names.insert(file_of(section, key), really(file, scratch));
                }
            }
        }
        Self(names)
    }

    /// The names in a model, of what its enabled services use.
    pub(crate) fn of_model(model: &Model) -> Self {
        let mut names = BTreeMap::new();
        let enabled = model.services.iter().filter(|(_, service)| service.enabled);
        let enabled: BTreeMap<_, _> = enabled.collect();
        let mut used = BTreeSet::new();
        for (name, service) in &enabled {
            if let Some(image) = &service.image {
                names.insert(image_of(name), image.clone());
            }
            for (target, key) in &service.mounts {
                names.insert(mount_of(name, target), key.clone());
                used.insert(key);
            }
        }
        for bind in &model.binds {
            if enabled.contains_key(&bind.service) {
                let source = plain(&model.root.join(&bind.source));
                names.insert(mount_of(&bind.service, &bind.target), source);
            }
        }
        for key in used {
            if let Some(volume) = model.volumes.get(key) {
                names.insert(volume_of(key), volume.name.clone());
            }
        }
        for (section, resources) in [("configs", &model.configs), ("secrets", &model.secrets)] {
            for (key, resource) in resources {
                if let Some(file) = &resource.file {
                    names.insert(file_of(section, key), plain(file));
                }
            }
        }
        Self(names)
    }
}

/// What Compose said, without what it logs on the way: `time="..." level=warning msg="..."`.
fn without_log(said: &str) -> String {
    let is_log = |line: &&str| line.starts_with("time=\"") && line.contains("level=warning");
    let lines: Vec<_> = said.lines().filter(|line| !is_log(line)).collect();
    match lines.is_empty() {
        true => said.to_owned(),
        false => lines.join("\n"),
    }
}

impl ComposeWord {
    /// What stands against a release that the model says this of.
    pub(crate) fn obstacles(&self, model: &Model) -> Vec<Obstacle> {
        let compose = match self {
            Self::Names(names) => &names.0,
            Self::Refuses(said) => {
                let said = without_log(said);
                return vec![Obstacle::ComposeRefuses { said }];
            }
            Self::Unknown(_) => return Vec::new(),
        };
        let own = ResolvedNames::of_model(model).0;
        // Compose leaves out what no service that runs uses, and the model doesn't know what of the
        // rest it reads.
        let is_told = |what: &&String| {
            compose.contains_key(*what)
                || !what.starts_with("configs") && !what.starts_with("secrets")
        };
        let all: BTreeSet<&String> = own.keys().filter(is_told).chain(compose.keys()).collect();
        let differing = all.into_iter().filter(|what| {
            let is_unused = what.starts_with("volume ") && !own.contains_key(*what);
            !is_unused && own.get(*what) != compose.get(*what)
        });
        let word = |names: &BTreeMap<String, String>, what: &String| names.get(what).cloned();
        differing
            .map(|what| Obstacle::ComposeDiffers {
                what: what.clone(),
                own: word(&own, what),
                compose: word(compose, what),
            })
            .collect()
    }
}

/// Asks Compose. Only a scratch folder is written, and removed.
pub(crate) fn ask(
    disk: &Disk,
    docker: Option<&Docker>,
    request: &Request,
    releases: &Releases,
    decisions: &Decisions,
) -> ComposeWord {
    let Some(docker) = docker else {
        return ComposeWord::Unknown("there is no docker".to_owned());
    };
    let compose = match Compose::find(docker) {
        Ok(compose) if compose.is_first_generation() => {
            let version = compose.version();
            return ComposeWord::Unknown(format!("Compose is {version}, which reads otherwise"));
        }
        Ok(compose) => compose,
        Err(error) => return ComposeWord::Unknown(error.to_string()),
    };
    let scratch = TemporaryTree::new(disk, &std::env::temp_dir(), Purpose::SmallFiles);
    let written = ScratchRelease {
        disk,
        root: scratch.path(),
        releases,
        decisions,
    };
    match written.ask(&compose, request) {
        Ok(names) => ComposeWord::Names(names),
        Err(ScratchError::Compose(Error::Call { source, .. })) => match source {
            crate::engine::program::Error::Exit { said, .. } => {
                let root = scratch.path().display().to_string();
                ComposeWord::Refuses(said.replace(&root, ""))
            }
            other => ComposeWord::Unknown(other.to_string()),
        },
        Err(ScratchError::Compose(error)) => ComposeWord::Unknown(error.to_string()),
        Err(ScratchError::Write(error)) => ComposeWord::Unknown(error.to_string()),
    }
}

enum ScratchError {
    Compose(Error),
    Write(WriteError),
}

impl From<WriteError> for ScratchError {
    fn from(error: WriteError) -> Self {
        Self::Write(error)
    }
}

/// A folder in which the files are as they will be, by their whole paths, so that relative ones lead
/// to each other.
struct ScratchRelease<'a> {
    disk: &'a Disk,
    root: &'a Path,
    releases: &'a Releases,
    decisions: &'a Decisions,
}

impl ScratchRelease<'_> {
    fn ask(&self, compose: &Compose, request: &Request) -> Result<ResolvedNames, ScratchError> {
        let model = &self.decisions.model;
        let (new, old) = (&self.releases.new, &self.releases.old);
        let folder = self.place(&model.root);
        let project_folder = self.place(&model.project_dir);
        self.disk.create_dirs(&project_folder, 0o700)?;
        for path in self.files() {
            self.write(&path)?;
        }
        let mut env_files = Vec::new();
        for path in new.env_files() {
            let name = [&new.folder, &old.folder]
                .into_iter()
                .find_map(|f| path.strip_prefix(f).ok());
            match name {
                Some(name) => env_files.push(folder.join(name)),
                None => env_files.push(path.clone()),
            }
        }
        let default = project_folder.join(".env");
        if env_files == [default.clone()] {
            env_files.clear();
        }
        let names = new.files.iter().map(|file| folder.join(&file.name));
        let project = compose
            .project(&model.project, &project_folder, &names.collect::<Vec<_>>())
            .and_then(|project| project.with_env_files(&env_files))
            .map_err(ScratchError::Compose)?
            .with_profiles(&request.profiles)
            .started_in(&folder.join(&new.started_in));
        let secrets: Vec<String> = new
            .secret_values()
            .filter(|value| value.len() > 5)
            .collect();
        let said = project.config(&secrets);
        let said = said.map_err(ScratchError::Compose)?;
        let root = self
            .root
            .canonicalize()
            .unwrap_or_else(|_| self.root.to_owned());
        Ok(ResolvedNames::of_config(&said, &root))
    }

    /// The files that Compose reads, by their paths when the release stands.
    fn files(&self) -> BTreeSet<PathBuf> {
        let model = &self.decisions.model;
        let (new, old) = (&self.releases.new, &self.releases.old);
        let below = |path: &PathBuf| {
            let here = path
                .strip_prefix(&new.folder)
                .or(path.strip_prefix(&old.folder));
            here.map_or_else(|_| path.clone(), |name| model.root.join(name))
        };
        let env = new.env_files().iter().map(below);
        let reads = model.reads.iter().filter(|read| read.kind.is_for_config());
        let reads = reads.map(|read| below(&read.path));
        let defaults = new
            .env_names()
            .into_iter()
            .map(|name| model.root.join(name));
        reads.chain(env).chain(defaults).collect()
    }

    /// Where a path leads in the scratch folder.
    fn place(&self, path: &Path) -> PathBuf {
        self.root.join(path.strip_prefix("/").unwrap_or(path))
    }

    fn write(&self, path: &Path) -> Result<(), ScratchError> {
        let Some(content) = self.content(path) else {
            // Whether it has to be there is Compose's to say.
            return Ok(());
        };
        let place = self.place(path);
        if let Some(folder) = place.parent() {
            self.disk.create_dirs(folder, 0o700)?;
        }
        Ok(self.disk.create(&place, &content, 0o600)?)
    }

    /// The content that a file will have.
    fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let Ok(name) = path.strip_prefix(&self.decisions.model.root) else {
            return std::fs::read(path).ok();
        };
        let edits = &self.decisions.edits;
        if let Some(edit) = edits.iter().find(|edit| edit.name == name) {
            return Some(edit.after.clone());
        }
        let (new, old) = (&self.releases.new, &self.releases.old);
        if let Some(content) = new.coming(name) {
            return Some(content.to_vec());
        }
        let mut carry = self.decisions.carry.iter();
        let is_carried = carry.any(|carry| {
            let below = name.strip_prefix(&carry.path);
            below.is_ok_and(|below| !carry.exclude.iter().any(|path| below.starts_with(path)))
        });
        let carried = || {
            std::fs::read(old.folder.join(name))
                .ok()
                .filter(|_| is_carried)
        };
        carried().or_else(|| std::fs::read(new.folder.join(name)).ok())
    }
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// What Compose has written as `$$`, since what it says can be read again as a compose file.
fn unescaped(text: &str) -> String {
    text.replace("$$", "$")
}

/// A path of the scratch folder as it will be.
fn really(path: &str, scratch: &Path) -> String {
    let path = &unescaped(path);
    match Path::new(path).strip_prefix(scratch) {
        Ok(rest) => Path::new("/").join(rest).display().to_string(),
        Err(_) => path.clone(),
    }
}

/// A path without `.`, as Compose writes it.
fn plain(path: &Path) -> String {
    path.components().collect::<PathBuf>().display().to_string()
}

fn image_of(service: &str) -> String {
    format!("image of `{service}`")
}

fn mount_of(service: &str, target: &str) -> String {
    format!("mount of `{service}` at `{target}`")
}

fn volume_of(key: &str) -> String {
    format!("volume `{key}`")
}

fn file_of(section: &str, key: &str) -> String {
    format!("{section} `{key}`")
}
