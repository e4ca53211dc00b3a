//! What a project's compose files come to: services, volumes, networks and the rest, with
//! the names that Docker will know them by. Read-only, and the same as `docker compose
//! config` would say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_yaml::value::Value as Yaml;

use super::builder::ModelBuilder;
use super::canonical::absolute;
use super::container_values::ContainerValues;
use super::fixed_address::{FixedEndpoint, SpokenAddress};
use super::image::ImageUse;
use super::load::{Environment, LoadScope, Loader, ReadFile, Sources};
use super::mount::Device;
use super::port::Port;
use super::project::project_name;
use super::reads::{HostRead, ReadKind};
use super::resource::Resource;
use super::value::Value;
use crate::compose::error::Error;
use crate::compose::file::document::Document;
use crate::compose::file::interpolate::interpolate;
use crate::compose::file::location::Location;

/// How to load a project.
#[derive(Debug, Clone)]
pub struct LoadOptions {
    /// The project's name, as `-p` gives it; must be valid as it is.
    pub project: Option<String>,
    /// Where the files will stand when Compose runs, if not where they stand now: names
    /// and relative paths follow from it. The files are read where they are.
    pub project_dir: Option<PathBuf>,
    /// The folder that is the project's own, where that is one above the project's folder: the
    /// release, as whose files those in it are told.
    pub root: Option<PathBuf>,
    /// Where Compose will be started, which `PWD` stands for; the project's folder when absent.
    pub pwd: Option<PathBuf>,
    /// `.env` files, later ones winning; the one beside the first file when empty.
    pub env_files: Vec<PathBuf>,
    /// What wins over all `.env` files.
    pub environment: BTreeMap<String, String>,
    /// The active profiles; what `COMPOSE_PROFILES` says when empty.
    pub profiles: Vec<String>,
    /// What Compose refuses for want of a variable's value is left out, or blank, and
    /// [`Model::needed`] has the variable.
    pub lenient: bool,
}

impl Default for LoadOptions {
    /// As a plain `docker compose` would: with this process's environment.
    fn default() -> Self {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self {
            project: None,
            project_dir: None,
            root: None,
            pwd: None,
            env_files: Vec::new(),
            environment: std::env::vars_os().filter_map(text).collect(),
            profiles: Vec::new(),
            lenient: false,
        }
    }
}

/// A project.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// The project's name.
    pub project: String,
    /// The absolute folder that relative paths are relative to.
    pub project_dir: PathBuf,
    /// The folder that is the project's own: that one, or a release of which it is a part.
    pub root: PathBuf,
    /// The files of variables that it was resolved with, later ones winning.
    pub env_files: Vec<PathBuf>,
    /// The folder that `PWD` stood for.
    pub pwd: PathBuf,
    /// Every compose file that was read, included and extended ones too.
    pub files: Vec<PathBuf>,
    /// Every service by name, those whose profile isn't active too.
    pub services: BTreeMap<String, Service>,
    /// The top-level volumes by key.
    pub volumes: BTreeMap<String, VolumeDefinition>,
    /// The top-level networks by key, the default network included if it is used.
    pub networks: BTreeMap<String, Network>,
    /// The top-level configs by key.
    pub configs: BTreeMap<String, Resource>,
    /// The top-level secrets by key.
    pub secrets: BTreeMap<String, Resource>,
    /// The image of each service that has one.
    pub images: Vec<ImageUse>,
    /// Every bind mount of every service.
    pub binds: Vec<Bind>,
    /// Addresses that the files speak of.
    pub spoken: Vec<SpokenAddress>,
    /// Everything else on the host that Compose reads by the files, these among it.
    pub reads: Vec<HostRead>,
    /// The vendor's recipe, if the files hold one.
    pub recipe: Option<Yaml>,
    /// The variables that Compose takes for blank, since they aren't set and have no default, with
    /// the number of places that name them.
    pub unset: BTreeMap<String, usize>,
    /// What is written with variables in it, by the place of it: `services.web.ports.80`. A list's item goes by
    /// what it is for: its target, or its key.
    pub templates: BTreeMap<String, String>,
    /// By compose files, the env files of the `include`s that they come by: where variables come
    /// from that neither the environment nor the project's `.env` has. Those that win stand first.
    pub included_env: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// The variables without which Compose refuses the files: required ones, and those of a mount or
    /// port that means nothing without them. Empty unless the files were loaded leniently.
    pub needed: BTreeMap<String, usize>,
}

/// One service.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of its own")]
pub struct Service {
    /// The place of its definition: the value below `services.NAME`, in the last file that has it.
    pub at: Location,
    /// True if one of its profiles is active, or it has none.
    pub enabled: bool,
    /// The profiles that it names; of these one has to be active for it to run. Empty: it always runs.
    pub profiles: Vec<String>,
    /// The image's reference, resolved.
    pub image: Option<String>,
    /// True if it has a `build:`.
    pub build: bool,
    /// True if it is no container, but something that a program provides.
    pub provided: bool,
    /// The container's name, if it is fixed.
    pub container_name: Option<String>,
    /// The place of the value of `container_name`.
    pub container_name_at: Option<Location>,
    /// How many containers it has, if the files say so.
    pub replicas: u32,
    /// The ports of the host that it publishes, each with the place of its item in `ports`.
    pub ports: Vec<(Port, Location)>,
    /// The keys of the volumes that it mounts.
    pub volumes: BTreeSet<String>,
    /// The keys of its networks, with its aliases there.
    pub networks: BTreeMap<String, Vec<String>>,
    /// What of it is fixed on these networks.
    pub fixed: BTreeMap<String, FixedEndpoint>,
    /// The hosts of `extra_hosts`, each with its address or `host-gateway`.
    pub extra_hosts: BTreeMap<String, String>,
    /// `network_mode`, if set.
    pub network_mode: Option<String>,
    /// The files of `env_file`, as absolute paths, whether they are there or not.
    pub env_files: Vec<PathBuf>,
    /// The variables of `environment` and, below them, of env files, with their values, resolved.
    pub environment: BTreeMap<String, String>,
    /// The variables of `environment` whose value, or what it is by default, stands in the file itself,
    /// each with the place of it.
    pub literals: BTreeMap<String, Location>,
    /// `restart`, if set.
    pub restart: Option<String>,
    /// The devices of the host that `devices` names, each by its path there.
    pub devices: Vec<String>,
    /// True if it has all of the host's, by `privileged`.
    pub privileged: bool,
    /// The files of `label_file`, as absolute paths, whether they are there or not.
    pub label_files: Vec<PathBuf>,
    /// The keys of the volumes that it mounts, by the absolute path in the container.
    pub mounts: BTreeMap<String, String>,
    /// The absolute paths in the container at which it has volumes without a name.
    pub anonymous_volumes: BTreeSet<String>,
    /// The service's labels by key, resolved, from `labels` and, below them, from label files.
    pub labels: BTreeMap<String, String>,
    /// The services that it waits for.
    pub depends_on: BTreeSet<String>,
}

/// One top-level volume.
#[derive(Debug, Clone)]
pub struct VolumeDefinition {
    /// The place of its definition below the top-level `volumes`.
    pub at: Location,
    /// The name that Docker knows it by.
    pub name: String,
    /// The `name:` as written, if there is one.
    pub explicit_name: Option<String>,
    /// True if Compose neither makes nor removes it.
    pub external: bool,
    /// The driver, if it is named.
    pub driver: Option<String>,
    /// The driver's options.
    pub driver_opts: BTreeMap<String, String>,
    /// The volume's labels by key, resolved.
    pub labels: BTreeMap<String, String>,
    /// The services that mount it.
    pub used_by: Vec<String>,
}

impl VolumeDefinition {
    /// Whether it is a folder of the host, a disk or a server's export: another name makes no other
    /// data of it.
    pub(crate) fn is_device(&self) -> bool {
        Device::of(&self.driver_opts).is_some()
    }

    /// The folder of the host that it is, by its absolute path.
    pub(crate) fn folder(&self) -> Option<PathBuf> {
        match Device::of(&self.driver_opts)? {
            Device::Folder(path) => path.is_absolute().then_some(path),
            Device::Elsewhere(_) => None,
        }
    }
}

/// One network.
#[derive(Debug, Clone)]
pub struct Network {
    /// The place of its definition below the top-level `networks`; absent for the default network that no file names.
    pub at: Option<Location>,
    /// The name that Docker knows it by.
    pub name: String,
    /// True if Compose neither makes nor removes it.
    pub external: bool,
    /// The subnets of `ipam.config`, in CIDR notation, as written.
    pub subnets: Vec<String>,
    /// The services that are in it.
    pub used_by: Vec<String>,
}

impl Network {
    /// The default network that no file names.
    pub(crate) fn implicit(name: String) -> Self {
        Self {
            at: None,
            name,
            external: false,
            subnets: Vec::new(),
            used_by: Vec::new(),
        }
    }
}

/// A folder or file of the host that a service mounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    /// The service.
    pub service: String,
    /// As it resolves; relative to [`Model::root`] where it leads into that.
    pub source: PathBuf,
    /// The absolute path in the container that it is mounted at.
    pub target: String,
    /// True if the service can't write it.
    pub read_only: bool,
    /// The place of the mount in the service's `volumes`.
    pub at: Location,
}

impl Model {
    /// Loads a project from its files, in their order; the later ones win.
    ///
    /// # Errors
    /// Whatever makes Compose refuse the files: they can't be read or parsed, a required
    /// variable is missing, what is extended or included isn't there.
    pub fn load(files: &[PathBuf], options: &LoadOptions) -> Result<Self, Error> {
        Self::load_with(files, options, &|path| std::fs::read(path))
    }

    /// [`Model::load`], with the files' contents from `read`.
    ///
    /// # Errors
    /// Those of [`Model::load`]; what `read` gives is [`Error::Read`].
    pub fn load_with(
        files: &[PathBuf],
        options: &LoadOptions,
        read: &ReadFile<'_>,
    ) -> Result<Self, Error> {
        let merged = LayeredFiles::load(files, options, read)?;
        let (folder, here) = (merged.folder.clone(), merged.here);
        let read_here = |path: &Path| read(&now_at(path, &folder, &here));
        Ok(ModelBuilder {
            sources: &merged.sources,
            values: ContainerValues {
                read: &read_here,
                environment: merged.environment,
            },
            project: merged.project,
            root: options
                .root
                .clone()
                .unwrap_or_else(|| merged.folder.clone()),
            folder: merged.folder,
            env_files: merged.env_files,
            pwd: merged.pwd,
            profiles: merged.profiles,
            unset: merged.unset,
            included_env: merged.included_env,
            needed: merged.needed,
        }
        .model(&merged.root))
    }

    /// The images that enabled services need and don't build, sorted, each once.
    pub fn images_to_have(&self) -> Vec<String> {
        let services = self.services.values();
        let services = services.filter(|service| service.enabled && !service.build);
        let images: BTreeSet<_> = services.filter_map(|s| s.image.clone()).collect();
        images.into_iter().collect()
    }

    /// The paths below [`Model::root`] that the files mount or read, relative to it:
    /// what a new release would miss.
    pub fn files_inside(&self) -> Vec<PathBuf> {
        let inside: BTreeSet<PathBuf> = self.named_inside().map(|(path, _)| path).collect();
        inside.into_iter().collect()
    }

    /// Those paths, each with the place that names it where a file does; compose files are not among them,
    /// and no folder that the project itself is in.
    pub(crate) fn named_inside(&self) -> impl Iterator<Item = (PathBuf, Option<&Location>)> {
        let binds = self.binds.iter();
        let binds = binds.map(|bind| (bind.source.clone(), Some(&bind.at)));
        let reads = self.reads.iter();
        let reads = reads
            .filter(|read| read.kind != ReadKind::Compose)
            .filter(|read| !self.project_dir.starts_with(&read.path))
            .map(|read| (read.path.clone(), read.at.as_ref()));
        let volumes = self.volumes.values();
        let devices = volumes.filter_map(|volume| Some((volume.folder()?, Some(&volume.at))));
        let all = binds.chain(reads).chain(devices);
        all.filter_map(|(path, at)| Some((self.inside(&path)?, at)))
    }

    /// A path as it is below [`Model::root`]; none for the folder itself, and for what is elsewhere.
    pub(crate) fn inside(&self, path: &Path) -> Option<PathBuf> {
        let path = match path.is_absolute() {
            true => path.strip_prefix(&self.root).ok()?,
            false => path,
        };
        let is_folder_itself = path.as_os_str().is_empty() || path == Path::new(".");
        (!is_folder_itself).then(|| path.to_owned())
    }
}

#[cfg(test)]
impl Model {
    /// The project `folder` whose only file is `c.yml`, for tests.
    pub(crate) fn of_text(folder: &str, text: &str, variables: &[(&str, &str)]) -> Self {
        let file = PathBuf::from(format!("/{folder}/c.yml"));
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let options = LoadOptions {
            environment: variables.iter().map(owned).collect(),
            ..LoadOptions::default()
        };
        let read = |path: &Path| match path == file {
            true => Ok(text.as_bytes().to_vec()),
            false => Err(std::io::ErrorKind::NotFound.into()),
        };
        Self::load_with(std::slice::from_ref(&file), &options, &read).unwrap()
    }
}

/// The files of a project, laid over each other.
pub(crate) struct LayeredFiles {
    pub(crate) root: Value,
    pub(crate) sources: Sources,
    pub(crate) project: String,
    pub(crate) folder: PathBuf,
    pub(crate) included_env: BTreeMap<PathBuf, Vec<PathBuf>>,
    /// The folder that the files are in now.
    here: PathBuf,
    pub(crate) profiles: Vec<String>,
    pub(crate) unset: BTreeMap<String, usize>,
    pub(crate) env_files: Vec<PathBuf>,
    pub(crate) pwd: PathBuf,
    pub(crate) needed: BTreeMap<String, usize>,
    /// The variables that the files were resolved with.
    pub(crate) environment: Environment,
}

impl LayeredFiles {
    pub(crate) fn load(
        files: &[PathBuf],
        options: &LoadOptions,
        read: &ReadFile<'_>,
    ) -> Result<Self, Error> {
        let here = files
            .iter()
            .find_map(|file| file.parent())
            .unwrap_or(Path::new(""));
        let here = std::path::absolute(Path::new(".").join(here)).unwrap_or_else(|_| here.into());
        let here = absolute("", &here);
        let folder = options.project_dir.clone().unwrap_or_else(|| here.clone());
        let read_here = |path: &Path| read(&now_at(path, &folder, &here));
        let mut loader = Loader::new(&read_here, options.lenient);
        let env_files: Vec<PathBuf> = match options.env_files.as_slice() {
            [] => Some(here.join(".env"))
                .filter(|file| read(file).is_ok())
                .into_iter()
                .collect(),
            files => files.to_vec(),
        };
        let mut environment = loader.environment(&options.environment, &env_files)?;
        let project = named(&loader, files, options, &folder, &environment)?;
        environment.insert("COMPOSE_PROJECT_NAME".to_owned(), project.clone());
        // Where Compose is run from, which for a release is its folder, wherever we stand.
        let pwd = options.pwd.as_ref().unwrap_or(&folder).clone();
        environment.insert("PWD".to_owned(), pwd.display().to_string());
        let profiles = active_profiles(options, &environment);
        let scope = LoadScope {
            folder: folder.clone(),
            environment,
            includers: Vec::new(),
            env_files: Vec::new(),
        };
        let root = loader.files(files, &scope)?;
        Ok(Self {
            root,
            sources: loader.sources,
            project,
            profiles,
            environment: scope.environment,
            unset: loader.unset,
            included_env: loader.included_env,
            needed: loader
                .needed
                .into_iter()
                .map(|(name, places)| (name, places.len()))
                .collect(),
            folder: folder.clone(),
            env_files,
            pwd,
            here: here.clone(),
        })
    }
}

/// What the files call by the folder of the future is read from where it is now.
pub(crate) fn now_at(path: &Path, folder: &Path, here: &Path) -> PathBuf {
    let inside = path.strip_prefix(folder);
    inside.map_or_else(|_| path.to_owned(), |rest| here.join(rest))
}

/// Compose's order: `-p`, the environment, the last `name:`, the folder.
fn named(
    loader: &Loader<'_>,
    files: &[PathBuf],
    options: &LoadOptions,
    folder: &Path,
    environment: &Environment,
) -> Result<String, Error> {
    let from_environment = environment
        .get("COMPOSE_PROJECT_NAME")
        .filter(|name| !name.is_empty());
    if let Some(name) = options.project.as_ref().or(from_environment) {
        if project_name(name) == *name && !name.is_empty() {
            return Ok(name.clone());
        }
        return Err(Error::Malformed {
            text: name.clone(),
            reason: "a project's name is lower case letters, digits, `-` and `_`, and begins \
                     with a letter or digit"
                .to_owned(),
        });
    }
    let mut written = None;
    for file in files {
        let document = Document::parse(file, &loader.bytes(file)?)?;
        for root in &document.tree().roots {
            let name = document.get(*root, "name");
            let name = name.and_then(|entry| document.tree().scalar(entry.value));
            written = name.map(|(name, _)| name.to_owned()).or(written);
        }
    }
    let lookup = |name: &str| environment.get(name).cloned();
    let from_files = written
        .and_then(|name| interpolate(&name, &lookup).ok())
        .map(|name| project_name(&name))
        .filter(|name| !name.is_empty());
    let from_folder = folder.file_name().unwrap_or_default().to_string_lossy();
    let name = from_files.unwrap_or_else(|| project_name(&from_folder));
    if name.is_empty() {
        return Err(Error::Malformed {
            text: folder.display().to_string(),
            reason: "no project name can be made of this folder; name one with `-p`".to_owned(),
        });
    }
    Ok(name)
}

fn active_profiles(options: &LoadOptions, environment: &Environment) -> Vec<String> {
    if !options.profiles.is_empty() {
        return options.profiles.clone();
    }
    let listed = environment.get("COMPOSE_PROFILES");
    let listed = listed.map_or("", String::as_str).split(',');
    listed.map(|profile| profile.trim().to_owned()).collect()
}
