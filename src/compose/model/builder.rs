//! From the merged value of all files to the typed model.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_yaml::value::Value as Yaml;

use super::container_values::{self, ContainerValues};
use super::fixed_address::{endpoints, spoken};
use super::image::ImageUse;
use super::load::Sources;
use super::model::{Bind, Model, Network, Service, VolumeDefinition};
use super::mount::clean_target;
use super::port::Port;
use super::reads::{HostRead, ReadKind, ReadsOfServices, is_raw};
use super::resource::Resource;
use super::templates::templates;
use super::value::{Data, Map, Value};
use crate::compose::file::location::Location;

/// The extension key that holds a vendor's recipe.
const RECIPE_KEY: &str = "x-transship";

/// Reads the typed model off the merged value. What has an unexpected type is passed
/// over: Compose's own schema is the judge of that.
pub(crate) struct ModelBuilder<'a> {
    pub(crate) sources: &'a Sources,
    pub(crate) values: ContainerValues<'a>,
    pub(crate) project: String,
    pub(crate) folder: PathBuf,
    pub(crate) root: PathBuf,
    pub(crate) env_files: Vec<PathBuf>,
    pub(crate) pwd: PathBuf,
    pub(crate) profiles: Vec<String>,
    pub(super) unset: BTreeMap<String, usize>,
    pub(super) included_env: BTreeMap<PathBuf, Vec<PathBuf>>,
    pub(super) needed: BTreeMap<String, usize>,
}

impl ModelBuilder<'_> {
    pub(crate) fn model(self, root: &Value) -> Model {
        let services: BTreeMap<String, Service> = section(root, "services")
            .map(|(name, value)| (name.clone(), self.service(value)))
            .collect();
        let images = section(root, "services")
            .filter_map(|(name, service)| self.image(name, service))
            .collect();
        let binds = section(root, "services")
            .flat_map(|(name, service)| self.binds(name, service))
            .collect();
        let mounting = users(&services, |service| service.volumes.iter());
        let volumes = section(root, "volumes")
            .map(|(key, value)| (key.clone(), self.volume(key, value, mounting.get(key))))
            .collect();
        let resources = |name: &str| {
            section(root, name)
                .map(|(key, value)| (key.clone(), self.resource(key, value)))
                .collect()
        };
        let networks = self.networks(root, &services);
        let sources = self.sources.0.iter();
        let mut files: Vec<PathBuf> = sources.map(|document| document.path().to_owned()).collect();
        files.dedup();
        let reads = self.reads(root, &files);
        let enabled = services.iter().filter(|(_, service)| service.enabled);
        let enabled = enabled.map(|(name, _)| name.as_str()).collect();
        Model {
            spoken: spoken(root, self.sources, &enabled),
            reads,
            templates: templates(root),
            configs: resources("configs"),
            secrets: resources("secrets"),
            unset: self.unset,
            included_env: self.included_env,
            needed: self.needed,
            recipe: root.get(RECIPE_KEY).map(yaml),
            project: self.project,
            project_dir: self.folder,
            root: self.root,
            env_files: self.env_files,
            pwd: self.pwd,
            files,
            services,
            volumes,
            networks,
            images,
            binds,
        }
    }

    fn service(&self, service: &Value) -> Service {
        let text = |key: &str| service.get(key).and_then(Value::to_text);
        let profiles = texts(service.get("profiles"));
        let mounts = items(service, "volumes");
        let mounted = |mount: &&Value| mount.get("type").and_then(Value::as_str) == Some("volume");
        let named = mounts
            .iter()
            .filter(mounted)
            .filter_map(|mount| mount.get("source")?.to_text());
        let at_target = |mount: &Value| {
            let target = clean_target(&mount.get("target")?.to_text()?);
            Some((target, mount.get("source")?.to_text()?))
        };
        let named_env_files = items(service, "env_file");
        let path = |file: &Value| Some(PathBuf::from(file.get("path")?.to_text()?));
        let env_files: Vec<PathBuf> = named_env_files.iter().filter_map(path).collect();
        let raw = named_env_files.iter().filter(|file| is_raw(file));
        let raw: Vec<PathBuf> = raw.filter_map(path).collect();
        let label_files = texts(service.get("label_file"));
        let label_files: Vec<PathBuf> = label_files.into_iter().map(PathBuf::from).collect();
        Service {
            at: self.sources.location(service.at),
            enabled: profiles.is_empty()
                || profiles
                    .iter()
                    .any(|profile| self.profiles.contains(profile))
                || self.profiles.iter().any(|profile| profile == "*"),
            image: text("image").filter(|image| !image.is_empty()),
            build: service.get("build").is_some(),
            provided: service.get("provider").is_some(),
            container_name: text("container_name"),
            container_name_at: service
                .get("container_name")
                .map(|value| self.sources.location(value.at)),
            replicas: replicas(service),
            ports: items(service, "ports")
                .iter()
                .filter_map(|value| Some((port(value)?, self.sources.location(value.at))))
                .collect(),
            volumes: named.collect(),
            networks: service_networks(service),
            fixed: endpoints(service),
            extra_hosts: extra_hosts(service.get("extra_hosts")),
            network_mode: text("network_mode"),
            environment: self
                .values
                .variables(&env_files, &raw, service.get("environment")),
            env_files,
            literals: self.literals(service.get("environment")),
            restart: text("restart"),
            devices: items(service, "devices")
                .iter()
                .filter_map(device)
                .collect(),
            privileged: service.get("privileged").is_some_and(Value::is_true),
            mounts: mounts
                .iter()
                .filter(mounted)
                .filter_map(at_target)
                .collect(),
            anonymous_volumes: mounts
                .iter()
                .filter(mounted)
                .filter(|mount| mount.get("source").is_none())
                .filter_map(|mount| Some(clean_target(&mount.get("target")?.to_text()?)))
                .collect(),
            labels: self.values.labels(&label_files, service.get("labels")),
            label_files,
            depends_on: keys(service.get("depends_on")),
            profiles,
        }
    }

    /// Of the variables in a mapping, or a list of `KEY=VALUE`, those with a value in the file.
    fn literals(&self, environment: Option<&Value>) -> BTreeMap<String, Location> {
        let Some(environment) = environment else {
            return BTreeMap::new();
        };
        let names = pairs(Some(environment)).into_iter();
        let named = names.filter(|(_, value)| !value.is_empty());
        let values = named.filter_map(|(name, _)| {
            let value = match &environment.data {
                Data::Map(map) => map.get(&name)?,
                Data::List(items) => items.iter().rfind(|item| {
                    let text = item.to_text().unwrap_or_default();
                    text.split_once('=').is_some_and(|(key, _)| key == name)
                })?,
                _ => return None,
            };
            let has_default = |written: &String| written.contains(":-") && !written.contains(":-}");
            let stands = value.written.as_ref().is_none_or(has_default);
            stands.then(|| (name, self.sources.location(value.at)))
        });
        values.collect()
    }

    fn image(&self, name: &str, service: &Value) -> Option<ImageUse> {
        let image = service.get("image")?;
        let resolved = image.to_text()?;
        let written = image.written.clone().unwrap_or_else(|| resolved.clone());
        Some(ImageUse {
            service: name.to_owned(),
            reference: resolved.parse().ok(),
            variables: crate::compose::file::interpolate::variables(&written),
            written,
            resolved,
            at: self.sources.location(image.at),
        })
    }

    fn binds(&self, name: &str, service: &Value) -> Vec<Bind> {
        let bind = |mount: &Value| {
            if mount.get("type")?.as_str()? != "bind" {
                return None;
            }
            Some(Bind {
                service: name.to_owned(),
                source: self.relative(PathBuf::from(mount.get("source")?.to_text()?)),
                target: clean_target(&mount.get("target")?.to_text()?),
                read_only: mount.get("read_only").is_some_and(Value::is_true),
                at: self.sources.location(mount.at),
            })
        };
        items(service, "volumes").iter().filter_map(bind).collect()
    }

    /// The compose files, their variables, and what services read.
    fn reads(&self, root: &Value, files: &[PathBuf]) -> Vec<HostRead> {
        let by_itself = |path: &PathBuf, kind| HostRead {
            path: path.clone(),
            kind,
            service: None,
            is_needed: true,
            at: None,
        };
        let files = files.iter().map(|file| by_itself(file, ReadKind::Compose));
        let included = self.included_env.values().flatten();
        let included = included.map(|file| by_itself(file, ReadKind::Variables));
        let of_services = ReadsOfServices {
            sources: self.sources,
            read: self.values.read,
            folder: &self.folder,
            root,
        };
        let of_services = of_services.all();
        files.chain(included).chain(of_services).collect()
    }

    /// A path inside of what is the project's own is shown relative to that, itself as `.`.
    fn relative(&self, path: PathBuf) -> PathBuf {
        match path.strip_prefix(&self.root) {
            Ok(inside) if inside.as_os_str().is_empty() => PathBuf::from("."),
            Ok(inside) => inside.to_owned(),
            Err(_) => path,
        }
    }

    fn name(&self, key: &str, value: &Value) -> String {
        let explicit = value.get("name").and_then(Value::to_text);
        explicit.unwrap_or_else(|| {
            if value.get("external").is_some_and(Value::is_true) {
                key.to_owned()
            } else {
                format!("{}_{key}", self.project)
            }
        })
    }

    fn volume(&self, key: &str, value: &Value, used_by: Option<&Vec<String>>) -> VolumeDefinition {
        let explicit = value.get("name");
        VolumeDefinition {
            at: self.sources.location(value.at),
            name: self.name(key, value),
            explicit_name: explicit.and_then(|name| name.written.clone().or(name.to_text())),
            external: value.get("external").is_some_and(Value::is_true),
            driver: value.get("driver").and_then(Value::to_text),
            driver_opts: pairs(value.get("driver_opts")),
            labels: pairs(value.get("labels")),
            used_by: used_by.cloned().unwrap_or_default(),
        }
    }

    fn resource(&self, key: &str, value: &Value) -> Resource {
        Resource {
            name: self.name(key, value),
            external: value.get("external").is_some_and(Value::is_true),
            file: value
                .get("file")
                .and_then(Value::to_text)
                .map(PathBuf::from),
        }
    }

    fn networks(
        &self,
        root: &Value,
        services: &BTreeMap<String, Service>,
    ) -> BTreeMap<String, Network> {
        let mut networks: BTreeMap<String, Network> = section(root, "networks")
            .map(|(key, value)| (key.clone(), self.network(key, value)))
            .collect();
        let uses_default = |service: &Service| service.networks.contains_key("default");
        if services.values().any(uses_default) {
            let name = format!("{}_default", self.project);
            networks
                .entry("default".to_owned())
                .or_insert_with(|| Network::implicit(name));
        }
        let mut joined = users(services, |service| service.networks.keys());
        for (key, network) in &mut networks {
            network.used_by = joined.remove(key).unwrap_or_default();
        }
        networks
    }

    fn network(&self, key: &str, value: &Value) -> Network {
        let config = value.get("ipam").and_then(|ipam| ipam.get("config"));
        let subnet = |config: &Value| config.get("subnet").and_then(Value::to_text);
        Network {
            at: Some(self.sources.location(value.at)),
            name: self.name(key, value),
            external: value.get("external").is_some_and(Value::is_true),
            subnets: config
                .map_or(&[][..], Value::items)
                .iter()
                .filter_map(subnet)
                .collect(),
            used_by: Vec::new(),
        }
    }
}

/// The services that use a thing, by its key.
fn users<'a, I: Iterator<Item = &'a String>>(
    services: &'a BTreeMap<String, Service>,
    used: impl Fn(&'a Service) -> I,
) -> BTreeMap<String, Vec<String>> {
    let mut users: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, service) in services {
        for key in used(service) {
            users.entry(key.clone()).or_default().push(name.clone());
        }
    }
    users
}

fn section<'a>(root: &'a Value, name: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    root.get(name).and_then(Value::as_map).into_iter().flatten()
}

/// A mapping, or a list of `HOST:ADDRESS` or `HOST=ADDRESS`.
fn extra_hosts(value: Option<&Value>) -> BTreeMap<String, String> {
    let pair = |(key, value): (String, Option<String>)| match (value, key.split_once(':')) {
        (Some(address), _) => Some((key, address)),
        (None, Some((host, address))) => Some((host.to_owned(), address.to_owned())),
        (None, None) => None,
    };
    let pairs = container_values::pairs(value).into_iter();
    pairs.filter_map(pair).collect()
}

fn items<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).map_or(&[], Value::items)
}

/// `scale`, or `deploy.replicas`; one where neither is given.
fn replicas(service: &Value) -> u32 {
    let deployed = || service.get("deploy")?.get("replicas");
    let count = service.get("scale").or_else(deployed);
    let count = count.and_then(Value::to_text);
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let items = value.map_or(&[][..], Value::items);
    items.iter().filter_map(Value::to_text).collect()
}

fn keys(value: Option<&Value>) -> BTreeSet<String> {
    let map = value.and_then(Value::as_map);
    map.into_iter().flat_map(Map::keys).cloned().collect()
}

/// A mapping, or a list of `KEY=VALUE`; a key alone is blank.
fn pairs(value: Option<&Value>) -> BTreeMap<String, String> {
    let pairs = container_values::pairs(value).into_iter();
    pairs
        .map(|(key, value)| (key, value.unwrap_or_default()))
        .collect()
}

/// Without any network of its own, a service is in the default one, unless it has a
/// network mode.
fn service_networks(service: &Value) -> BTreeMap<String, Vec<String>> {
    if service.get("network_mode").is_some() || service.get("provider").is_some() {
        return BTreeMap::new();
    }
    let named: BTreeMap<_, _> = service
        .get("networks")
        .and_then(Value::as_map)
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), texts(value.get("aliases"))))
        .collect();
    if named.is_empty() {
        BTreeMap::from([("default".to_owned(), Vec::new())])
    } else {
        named
    }
}

/// The host's part of `/dev/a:/dev/b:rwm`, or the `source` of the long syntax.
fn device(value: &Value) -> Option<String> {
    let text = value.as_str().or_else(|| value.get("source")?.as_str())?;
    text.split(':').next().map(str::to_owned)
}

fn port(value: &Value) -> Option<Port> {
    let text = |key: &str| value.get(key).and_then(Value::to_text);
    Some(Port {
        target: text("target")?.parse().ok()?,
        published: text("published"),
        host_ip: text("host_ip"),
        protocol: text("protocol").unwrap_or_else(|| "tcp".to_owned()),
    })
}

/// The value for serde, as `serde_yaml` would have read it.
fn yaml(value: &Value) -> Yaml {
    match &value.data {
        Data::Null => Yaml::Null,
        Data::Bool(value) => Yaml::Bool(*value),
        Data::Int(value) => i64::try_from(*value).map_or(Yaml::Null, Yaml::from),
        Data::Float(value) => Yaml::from(*value),
        Data::Text(text) => Yaml::from(text.as_str()),
        Data::List(items) => items.iter().map(yaml).collect(),
        Data::Map(map) => Yaml::Mapping(
            map.iter()
                .map(|(key, value)| (Yaml::from(key.as_str()), yaml(value)))
                .collect(),
        ),
    }
}
