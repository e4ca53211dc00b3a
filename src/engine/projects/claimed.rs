//! What everything on an engine claims for itself, to compare a project with before it comes
//! up.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;

use serde::Deserialize;

use super::inspected::{InspectedContainer, inspected};
use super::listening::listening;
use crate::compose::{Claim, Claimant, Claims, NetworkClaim, Port, is_data, routes};
use crate::engine::{Container, Docker, Error};
use crate::threads;

const PROJECT: &str = "com.docker.compose.project";
const ONE_OFF: &str = "com.docker.compose.oneoff";
const FOLDER: &str = "com.docker.compose.project.working_dir";

/// A project that may be up already: what it has itself is in nobody's way.
#[derive(Debug, Clone, Copy)]
pub struct ExceptProject<'a> {
    /// The project's name.
    pub project: &'a str,
    /// The folder that its containers were started from.
    pub folder: &'a Path,
}

/// What the containers, volumes and networks of an engine claim, running or stopped, but for
/// those of the projects `except` from their own folders.
///
/// # Errors
/// Those of [`EngineClaims::look`].
pub fn claimed(docker: &Docker, except: &[ExceptProject<'_>]) -> Result<Claims, Error> {
    Ok(EngineClaims::look(docker)?.but_for(except))
}

/// The containers, volumes and networks of an engine at one moment.
pub struct EngineClaims {
    containers: Vec<InspectedContainer>,
    volumes: Vec<LabelledVolume>,
    networks: Vec<InspectedNetwork>,
    beside: Claims,
}

impl EngineClaims {
    /// Looks at all of them.
    ///
    /// # Errors
    /// [`Error::Call`] and [`Error::Answer`].
    pub fn look(docker: &Docker) -> Result<Self, Error> {
        // Each answer takes as long as the program needs to start.
        let (containers, volumes, networks) = thread::scope(|scope| {
            let volumes = threads::start_in(scope, || labelled_volumes(docker));
            let networks = threads::start_in(scope, || inspected_networks(docker));
            let containers = inspected(docker, &[]);
            let volumes = threads::ended_or(volumes, || labelled_volumes(docker));
            let networks = threads::ended_or(networks, || inspected_networks(docker));
            (containers, volumes, networks)
        });
        let containers = containers?;
        let is_here = docker.server()?.publishes_here();
        Ok(Self {
            beside: beside(is_here, &containers),
            containers,
            volumes: volumes?,
            networks: networks?,
        })
    }

    /// The containers of a compose project, without those of `docker compose run`.
    pub(crate) fn of_project(&self, project: &str) -> Vec<Container> {
        let is_its = |one: &&InspectedContainer| {
            let is_lasting = one.label(ONE_OFF).is_none_or(|is| is == "False");
            one.label(PROJECT).is_some_and(|name| name == project) && is_lasting
        };
        let its = self.containers.iter().filter(is_its);
        its.cloned().map(Container::from).collect()
    }

    /// Whether there is a network of this name.
    pub(crate) fn has_network(&self, name: &str) -> bool {
        self.networks.iter().any(|network| network.name == name)
    }

    /// What they claim, but for those of the projects `except` from their own folders. Only what runs has
    /// ports. A volume that a project made is that project's also while it has no containers. What else listens
    /// on the machine whose ports they publish has its ports; on another machine that can't be seen.
    pub fn but_for(&self, except: &[ExceptProject<'_>]) -> Claims {
        let mut claims = Claims::default();
        let mut names: BTreeMap<&str, BTreeMap<String, Claimant>> = BTreeMap::new();
        let containers = self.containers.iter();
        for container in containers.filter(|container| !container.is_of_any(except)) {
            container.claim(&mut claims);
            for (network, on) in &container.network_settings.networks {
                let here = names.entry(network).or_default();
                for name in on.names() {
                    here.insert(name, container.holder());
                }
            }
        }
        claims.projects.sort_by(|a, b| a.holder.cmp(&b.holder));
        claims.projects.dedup();
        let volumes = self.volumes.iter();
        claims
            .volumes
            .extend(volumes.filter_map(|row| row.claim(except)));
        claims.extend(self.beside.clone());
        for network in &self.networks {
            let project = network.project();
            if !is_excepted(project, except) {
                let holder = Claimant {
                    project: project.map(str::to_owned),
                    owner: network.name.clone(),
                    at: None,
                };
                let names = names.remove(&*network.name).unwrap_or_default();
                let claim = Claim::new(network.claim(names), holder);
                claims.networks.push(claim);
            }
        }
        claims
    }
}

/// What listens beside the containers, whose published ports are held by the engine's own
/// processes.
fn beside(is_here: bool, containers: &[InspectedContainer]) -> Claims {
    let mut claims = Claims::default();
    let Some(listening) = is_here.then(listening).flatten() else {
        let unseen = "which ports of the engine's machine something else listens on isn't known";
        claims.unseen.push(unseen.to_owned());
        return claims;
    };
    let published = containers.iter().flat_map(InspectedContainer::ports);
    let published: Vec<Port> = published.collect();
    let is_other = |claim: &Claim<Port>| {
        let mut published = published.iter();
        !published.any(|port| claim.what.is_same_socket(port))
    };
    claims.ports = listening.into_iter().filter(is_other).collect();
    claims
}

fn labelled_volumes(docker: &Docker) -> Result<Vec<LabelledVolume>, Error> {
    let list = docker.call(["volume", "ls", "--format", "{{json .}}"]);
    Docker::json_lines("list the volumes", &list)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LabelledVolume {
    name: String,
    /// `key=value,key=value`.
    #[serde(default)]
    labels: String,
}

impl LabelledVolume {
    /// What it is to its project, which has made it; nothing for one of nobody's.
    fn claim(&self, except: &[ExceptProject<'_>]) -> Option<Claim<String>> {
        let project = self
            .label(PROJECT)
            .filter(|name| !is_excepted(Some(name), except))?;
        let holder = Claimant {
            project: Some(project.to_owned()),
            owner: self.name.clone(),
            at: None,
        };
        Some(Claim::new(self.name.clone(), holder))
    }

    fn label(&self, name: &str) -> Option<&str> {
        let mut labels = self.labels.split(',');
        labels.find_map(|label| label.strip_prefix(name)?.strip_prefix('='))
    }
}

/// True for what belongs to one of these projects by its label.
fn is_excepted(project: Option<&str>, except: &[ExceptProject<'_>]) -> bool {
    except.iter().any(|one| project == Some(one.project))
}

fn inspected_networks(docker: &Docker) -> Result<Vec<InspectedNetwork>, Error> {
    const WHAT: &str = "list the networks";
    let list = || {
        let call = docker.call(["network", "ls", "--no-trunc", "--format", "{{json .}}"]);
        let rows: Vec<NetworkRow> = Docker::json_lines(WHAT, &call)?;
        Ok(rows.into_iter().map(|row| row.id).collect())
    };
    let inspect = |ids: &[String]| {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let call = docker.call(["network", "inspect", "--format", "{{json .}}"]);
        Docker::json_lines(WHAT, &call.args(ids))
    };
    Docker::inspected(list, inspect)
}

#[derive(Deserialize)]
struct NetworkRow {
    #[serde(rename = "ID")]
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedNetwork {
    name: String,
    labels: Option<BTreeMap<String, String>>,
    #[serde(rename = "IPAM", default)]
    ipam: Ipam,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Ipam {
    config: Option<Vec<Pool>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pool {
    #[serde(default)]
    subnet: String,
}

impl InspectedNetwork {
    fn project(&self) -> Option<&str> {
        Some(self.labels.as_ref()?.get(PROJECT)?)
    }

    fn claim(&self, names: BTreeMap<String, Claimant>) -> NetworkClaim {
        let pools = self.ipam.config.iter().flatten();
        NetworkClaim {
            name: self.name.clone(),
            external: false,
            subnets: pools.map(|pool| pool.subnet.clone()).collect(),
            names,
        }
    }
}

impl InspectedContainer {
    fn label(&self, name: &str) -> Option<&String> {
        self.config.labels.as_ref()?.get(name)
    }

    fn is_of_any(&self, except: &[ExceptProject<'_>]) -> bool {
        except.iter().any(|one| self.is_of(*one))
    }

    fn is_of(&self, own: ExceptProject<'_>) -> bool {
        let is_in = |folder: &String| {
            let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
            real(Path::new(folder)) == real(own.folder)
        };
        self.label(PROJECT).is_some_and(|name| name == own.project)
            && self.label(FOLDER).is_some_and(is_in)
    }

    fn holder(&self) -> Claimant {
        Claimant {
            project: self.label(PROJECT).cloned(),
            owner: self.name.trim_start_matches('/').to_owned(),
            at: None,
        }
    }

    fn claim(&self, claims: &mut Claims) {
        let holder = self.holder();
        if let Some(project) = &holder.project {
            let of_project = Claimant {
                owner: project.clone(),
                ..holder.clone()
            };
            claims
                .projects
                .push(Claim::new(project.clone(), of_project));
        }
        let name = holder.owner.clone();
        claims.containers.push(Claim::new(name, holder.clone()));
        for mount in self.mounts.iter().filter(|mount| mount.has_source()) {
            match mount.name.as_ref().filter(|name| !name.is_empty()) {
                Some(volume) => claims
                    .volumes
                    .push(Claim::new(volume.clone(), holder.clone())),
                None if mount.writes && is_data(&mount.source) => {
                    claims
                        .folders
                        .push(Claim::new(mount.source.clone(), holder.clone()));
                }
                None => {}
            }
        }
        for port in self.ports() {
            claims.ports.push(Claim::new(port, holder.clone()));
        }
        let labels = self.config.labels.clone().unwrap_or_default();
        for route in routes(&labels, &self.config.environment()) {
            claims.routes.push(Claim::new(route, holder.clone()));
        }
    }

    fn ports(&self) -> Vec<Port> {
        let mut ports = Vec::new();
        for (inside, published) in self.network_settings.ports.iter().flatten() {
            let (target, protocol) = inside.split_once('/').unwrap_or((inside, "tcp"));
            for at in published.iter().flatten() {
                ports.push(Port {
                    target: target.parse().unwrap_or_default(),
                    published: Some(at.host_port.clone()),
                    host_ip: Some(at.host_ip.clone()).filter(|ip| !ip.is_empty()),
                    protocol: protocol.to_owned(),
                });
            }
        }
        ports
    }
}
