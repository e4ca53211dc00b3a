//! What a project wants of an engine and of its host for itself: names, ports, folders. Two
//! lists of claims tell what collides (see [`conflicts()`](super::conflict())), whether
//! they come from compose files or from what runs.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_yaml::value::Value as Yaml;

use crate::compose::file::location::Location;
use crate::compose::model::model::{Bind, Model, Network, Service, VolumeDefinition};
use crate::compose::model::mount::{Device, is_data};
use crate::compose::model::port::Port;

/// Who makes a claim.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Claimant {
    /// The compose project; absent for a container or network that belongs to none.
    pub project: Option<String>,
    /// The service's name, the volume's or network's key; for what runs, the container's or
    /// network's name.
    pub owner: String,
    /// Where it is written; absent for what no file names and for what runs.
    pub at: Option<Location>,
}

/// Something that is claimed, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim<T> {
    /// The name, port, folder or network that is claimed.
    pub what: T,
    /// The project and owner that claim it, for messages.
    pub holder: Claimant,
}

impl<T> Claim<T> {
    /// The claim of `holder` on `what`.
    pub const fn new(what: T, holder: Claimant) -> Self {
        Self { what, holder }
    }
}

/// A network that is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkClaim {
    /// The name that Docker knows it by.
    pub name: String,
    /// True if its user neither makes nor removes it.
    pub external: bool,
    /// The subnets that it has or wants, in CIDR notation; empty where the engine chooses.
    pub subnets: Vec<String>,
    /// The names that answer on it, with who answers.
    pub names: BTreeMap<String, Claimant>,
}

/// All that one side claims of an engine and its host, by kind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// The projects' names.
    pub projects: Vec<Claim<String>>,
    /// Fixed names of containers.
    pub containers: Vec<Claim<String>>,
    /// The names that Compose makes for containers without one: `shop-web-1`.
    pub made_containers: Vec<Claim<String>>,
    /// Volumes that a service mounts, by the name that Docker knows them by.
    pub volumes: Vec<Claim<String>>,
    /// Published ports.
    pub ports: Vec<Claim<Port>>,
    /// Networks.
    pub networks: Vec<Claim<NetworkClaim>>,
    /// Folders of the host that are written, absolute.
    pub folders: Vec<Claim<PathBuf>>,
    /// Disks and exports of servers that volumes are made of: `nfs 10.0.0.1:/export`.
    pub devices: Vec<Claim<String>>,
    /// What a reverse proxy is asked for by labels or variables: `traefik router web`.
    pub routes: Vec<Claim<String>>,
    /// What else it may claim and can't be known, one clause each.
    pub unseen: Vec<String>,
}

impl fmt::Display for Claimant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.at, &self.project) {
            (Some(at), _) => write!(f, "{at}: {}", self.owner),
            (None, Some(project)) if *project == self.owner => write!(f, "project {project}"),
            (None, Some(project)) => write!(f, "{} of project {project}", self.owner),
            (None, None) => f.write_str(&self.owner),
        }
    }
}

impl Claimant {
    /// What a sentence calls it.
    pub(crate) fn in_words(&self) -> String {
        match &self.at {
            Some(at) => format!("`{}` ({at})", self.owner),
            None => self.to_string(),
        }
    }
}

impl Claims {
    /// What the enabled services of a project claim.
    pub fn of(model: &Model) -> Self {
        let by = ProjectClaims { model };
        let mut claims = Self {
            projects: vec![by.claim(model.project.clone(), &model.project, None)],
            ..Self::default()
        };
        for (name, service) in model.services.iter().filter(|(_, s)| s.enabled) {
            claims.add_service(by, name, service);
        }
        for (key, volume) in &model.volumes {
            if is_used(model, &volume.used_by) {
                claims.add_volume(by, key, volume);
            }
        }
        let used = |network: &Network| is_used(model, &network.used_by);
        for (key, network) in model.networks.iter().filter(|(_, network)| used(network)) {
            let what = NetworkClaim {
                name: network.name.clone(),
                external: network.external,
                subnets: network.subnets.clone(),
                names: by.names_on(key, network),
            };
            let at = network.at.as_ref();
            claims.networks.push(by.claim(what, key, at));
        }
        claims.folders.extend(by.folders());
        claims
    }

    fn add_service(&mut self, by: ProjectClaims<'_>, name: &str, service: &Service) {
        if let Some(container) = &service.container_name {
            let at = service.container_name_at.as_ref();
            self.containers.push(by.claim(container.clone(), name, at));
        } else if !service.provided {
            /// Who has more has made sure that nobody else is called so.
            const MOST: u32 = 100;
            for number in 1..=service.replicas.min(MOST) {
                let made = format!("{}-{name}-{number}", by.model.project);
                let at = Some(&service.at);
                self.made_containers.push(by.claim(made, name, at));
            }
        }
        for (port, at) in &service.ports {
            self.ports.push(by.claim(port.clone(), name, Some(at)));
        }
        for route in routes(&service.labels, &service.environment) {
            self.routes.push(by.claim(route, name, Some(&service.at)));
        }
    }

    fn add_volume(&mut self, by: ProjectClaims<'_>, key: &str, volume: &VolumeDefinition) {
        let at = Some(&volume.at);
        self.volumes.push(by.claim(volume.name.clone(), key, at));
        match Device::of(&volume.driver_opts) {
            Some(Device::Folder(path)) => self.folders.push(by.claim(path, key, at)),
            Some(Device::Elsewhere(what)) => self.devices.push(by.claim(what, key, at)),
            None => {}
        }
    }

    /// Calls every folder by the one path that `real` gives for it, so that what is one folder
    /// by two paths, such as through `current`, is seen to be one.
    pub fn resolve_folders(&mut self, real: &dyn Fn(&Path) -> PathBuf) {
        for folder in &mut self.folders {
            folder.what = real(&folder.what);
        }
    }

    /// The networks, of which the other side has one of the same name.
    pub(crate) fn networks_of_both<'a>(&'a self, other: &Self) -> Vec<&'a Claim<NetworkClaim>> {
        let theirs = other.networks.iter();
        let theirs: HashSet<&str> = theirs.map(|net| net.what.name.as_str()).collect();
        let own = self.networks.iter();
        own.filter(|net| theirs.contains(net.what.name.as_str()))
            .collect()
    }

    /// Takes in what another side claims, so that both are compared with a third at once.
    pub fn extend(&mut self, other: Self) {
        self.projects.extend(other.projects);
        self.containers.extend(other.containers);
        self.made_containers.extend(other.made_containers);
        self.volumes.extend(other.volumes);
        self.ports.extend(other.ports);
        self.networks.extend(other.networks);
        self.folders.extend(other.folders);
        self.devices.extend(other.devices);
        self.routes.extend(other.routes);
        self.unseen.extend(other.unseen);
    }
}

fn is_used(model: &Model, used_by: &[String]) -> bool {
    let is_enabled = |name: &String| model.services.get(name).is_some_and(|s| s.enabled);
    used_by.iter().any(is_enabled)
}

/// A project that makes claims.
#[derive(Clone, Copy)]
struct ProjectClaims<'a> {
    model: &'a Model,
}

impl ProjectClaims<'_> {
    fn holder(self, owner: &str, at: Option<&Location>) -> Claimant {
        Claimant {
            project: Some(self.model.project.clone()),
            owner: owner.to_owned(),
            at: at.cloned(),
        }
    }

    fn claim<T>(self, what: T, owner: &str, at: Option<&Location>) -> Claim<T> {
        Claim::new(what, self.holder(owner, at))
    }

    /// On a network, a service answers to its name, its aliases and its container's name.
    fn names_on(self, key: &str, network: &Network) -> BTreeMap<String, Claimant> {
        let at = network.at.as_ref();
        let mut names = BTreeMap::new();
        for service in &network.used_by {
            let with = self.model.services.get(service).filter(|s| s.enabled);
            let Some((with, aliases)) = with.and_then(|s| Some((s, s.networks.get(key)?))) else {
                continue;
            };
            let own = [Some(service), with.container_name.as_ref()];
            for name in own.into_iter().flatten().chain(aliases) {
                names.insert(name.clone(), self.holder(service, at));
            }
        }
        names
    }

    /// The folders that enabled services write.
    fn folders(self) -> impl Iterator<Item = Claim<PathBuf>> {
        let writes = move |bind: &&Bind| {
            let service = self.model.services.get(&bind.service);
            !bind.read_only && service.is_some_and(|service| service.enabled)
        };
        let claim = move |bind: &Bind| {
            let source = self.model.root.join(&bind.source);
            is_data(&source).then(|| self.claim(source, &bind.service, Some(&bind.at)))
        };
        self.model.binds.iter().filter(writes).filter_map(claim)
    }
}

/// What a container's labels and environment ask of a reverse proxy: routers, rules, services and
/// middlewares of Traefik (the rules of its first version, too), sites of Caddy (`caddy: HOST`,
/// `caddy_0: HOST`), of SWAG, and of nginx-proxy (`VIRTUAL_HOST`, `VIRTUAL_HOST_MULTIPORTS`). Two services of one name share
/// the requests.
pub fn routes(
    labels: &BTreeMap<String, String>,
    environment: &BTreeMap<String, String>,
) -> Vec<String> {
    let route = |(key, value): (&String, &String)| {
        let parts: Vec<&str> = key.split('.').collect();
        match parts.as_slice() {
            ["traefik", "http" | "tcp" | "udp", "routers", _, "rule"] => {
                vec![
                    format!("traefik router {}", parts[3]),
                    format!("traefik rule {value}"),
                ]
            }
            ["traefik", "http" | "tcp" | "udp", "routers", name, ..] => {
                vec![format!("traefik router {name}")]
            }
            [
                "traefik",
                "http" | "tcp" | "udp",
                kind @ ("services" | "middlewares"),
                name,
                ..,
            ] => {
                vec![format!("traefik {} {name}", kind.trim_end_matches('s'))]
            }
            ["traefik", .., "frontend", "rule"] => vec![format!("traefik rule {value}")],
            ["swag_url"] => vec![format!("swag site {value}")],
            [site] if is_caddy_site(site) => value
                .split([',', ' '])
                .filter(|site| !site.is_empty())
                .map(|site| format!("caddy site {site}"))
                .collect(),
            _ => Vec::new(),
        }
    };
    let hosts = virtual_hosts(environment);
    let mut found: Vec<String> = labels.iter().flat_map(route).chain(hosts).collect();
    found.sort();
    found.dedup();
    found
}

/// The sites that nginx-proxy is asked for: by `VIRTUAL_HOST`, each with its `VIRTUAL_PATH`, and by
/// `VIRTUAL_HOST_MULTIPORTS`, a mapping of hosts to mappings of paths.
fn virtual_hosts(environment: &BTreeMap<String, String>) -> Vec<String> {
    let text = |name: &str| environment.get(name).map_or("", String::as_str);
    let path = text("VIRTUAL_PATH");
    let hosts = text("VIRTUAL_HOST").split(',').map(str::trim);
    let hosts = hosts.filter(|host| !host.is_empty());
    let mut sites: Vec<String> = hosts.map(|host| virtual_host(host, path)).collect();
    let many = serde_yaml::from_str::<BTreeMap<String, Option<BTreeMap<String, Yaml>>>>(text(
        "VIRTUAL_HOST_MULTIPORTS",
    ));
    for (host, paths) in many.unwrap_or_default() {
        match paths.filter(|paths| !paths.is_empty()) {
            Some(paths) => sites.extend(paths.keys().map(|path| virtual_host(&host, path))),
            None => sites.push(virtual_host(&host, "")),
        }
    }
    sites
}

/// The path of all requests is told as none.
fn virtual_host(host: &str, path: &str) -> String {
    let path = if path == "/" { "" } else { path };
    format!("virtual host {}{path}", host.to_ascii_lowercase())
}

fn is_caddy_site(key: &str) -> bool {
    key.strip_prefix("caddy").is_some_and(|rest| {
        rest.is_empty()
            || rest
                .strip_prefix('_')
                .is_some_and(|number| number.chars().all(|c| c.is_ascii_digit()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        let owned = pairs.iter();
        let owned = owned.map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        owned.collect()
    }

    #[test]
    fn labels_of_the_common_proxies_are_routes() {
        let check = |label: (&str, &str), expect: &[&str]| {
            assert_eq!(routes(&pairs(&[label]), &pairs(&[])), expect, "{label:?}");
        };
        check(
            ("traefik.http.routers.web.rule", "Host(`x`)"),
            &["traefik router web", "traefik rule Host(`x`)"],
        );
        check(
            ("traefik.tcp.routers.db.tls", "true"),
            &["traefik router db"],
        );
        check(
            ("traefik.http.services.web.loadbalancer.server.port", "80"),
            &["traefik service web"],
        );
        check(
            ("traefik.http.middlewares.auth.basicauth.users", "x"),
            &["traefik middleware auth"],
        );
        check(
            ("traefik.frontend.rule", "Host:x"),
            &["traefik rule Host:x"],
        );
        check(
            ("traefik.web.frontend.rule", "Host:x"),
            &["traefik rule Host:x"],
        );
        check(("swag_url", "x.org"), &["swag site x.org"]);
        check(
            ("caddy", "x.org, y.org"),
            &["caddy site x.org", "caddy site y.org"],
        );
        check(("caddy_12", "x.org"), &["caddy site x.org"]);
        for other in [
            "caddy_x",
            "caddy2",
            "caddyfile",
            "swag",
            "traefik.enable",
            "maintainer",
        ] {
            check((other, "x.org"), &[]);
        }
    }

    #[test]
    fn virtual_hosts_are_sites_by_host_and_path() {
        let check = |variables: &[(&str, &str)], expect: &[&str]| {
            assert_eq!(routes(&pairs(&[]), &pairs(variables)), expect);
        };
        check(
            &[("VIRTUAL_HOST", "X.org, y.org,,")],
            &["virtual host x.org", "virtual host y.org"],
        );
        check(
            &[("VIRTUAL_HOST", "x.org"), ("VIRTUAL_PATH", "/a")],
            &["virtual host x.org/a"],
        );
        check(&[("VIRTUAL_PATH", "/a"), ("HOST", "x")], &[]);
        check(
            &[("VIRTUAL_HOST", "x.org"), ("VIRTUAL_PATH", "/")],
            &["virtual host x.org"],
        );
        let many = "X.org:\n  /: {port: 80}\n  /api:\n    port: 81\ny.org:\nz.org: {}\n";
        check(
            &[("VIRTUAL_HOST_MULTIPORTS", many)],
            &[
                "virtual host x.org",
                "virtual host x.org/api",
                "virtual host y.org",
                "virtual host z.org",
            ],
        );
        check(&[("VIRTUAL_HOST_MULTIPORTS", "- no mapping")], &[]);
    }

    #[test]
    fn a_claimant_is_told_by_its_place_or_its_project() {
        let claimant = |project: Option<&str>, owner: &str| Claimant {
            project: project.map(str::to_owned),
            owner: owner.to_owned(),
            at: None,
        };
        assert_eq!(claimant(Some("a"), "a").to_string(), "project a");
        assert_eq!(claimant(Some("a"), "web").to_string(), "web of project a");
        assert_eq!(claimant(None, "web").to_string(), "web");
    }

    #[test]
    fn claims_of_two_sides_are_taken_together() {
        let side = |name: &str| {
            let holder = Claimant {
                project: Some(name.to_owned()),
                owner: name.to_owned(),
                at: None,
            };
            let claim = |what: &str| Claim::new(format!("{what} {name}"), holder.clone());
            let network = NetworkClaim {
                name: name.to_owned(),
                external: false,
                subnets: Vec::new(),
                names: BTreeMap::new(),
            };
            Claims {
                projects: vec![claim("project")],
                containers: vec![claim("container")],
                made_containers: vec![claim("made")],
                volumes: vec![claim("volume")],
                ports: vec![Claim::new(
                    Port::parse("80:80").unwrap().remove(0),
                    holder.clone(),
                )],
                networks: vec![Claim::new(network, holder.clone())],
                folders: vec![Claim::new(PathBuf::from(name), holder.clone())],
                devices: vec![claim("device")],
                routes: vec![claim("route")],
                unseen: vec![name.to_owned()],
            }
        };
        let mut both = side("a");
        both.extend(side("b"));
        let (a, b) = (side("a"), side("b"));
        assert_eq!(both.projects, [a.projects, b.projects].concat());
        assert_eq!(both.containers, [a.containers, b.containers].concat());
        let made = [a.made_containers, b.made_containers].concat();
        assert_eq!(both.made_containers, made);
        assert_eq!(both.volumes, [a.volumes, b.volumes].concat());
        assert_eq!(both.ports, [a.ports, b.ports].concat());
        assert_eq!(both.networks, [a.networks, b.networks].concat());
        assert_eq!(both.folders, [a.folders, b.folders].concat());
        assert_eq!(both.devices, [a.devices, b.devices].concat());
        assert_eq!(both.routes, [a.routes, b.routes].concat());
        assert_eq!(both.unseen, ["a", "b"]);
    }
}
