//! What is asked to know whether an install serves: what the recipe says, else the ports that its
//! releases publish on this machine, else whether its containers run, which is less.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::compose::{Model, Port};
use crate::engine::{Container, Docker, Health, ServerInfo, VolumeStore};
use crate::launch::CloneBindings;
use crate::probe;
use crate::release::{Check, CheckQuestion, Install};
use crate::upgrade::step::{ReleaseProject, StopRelease, World};

/// The longest that one question may take: four are asked in a second.
const PATIENCE: Duration = Duration::from_secs(1);

/// What was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SeenBy {
    /// The checks of the recipe.
    Checks,
    /// The TCP ports that the compose files publish.
    Ports,
    /// Whether the containers run, and are healthy where they have a health check.
    Containers,
}

/// One question.
#[derive(Debug, Clone)]
pub(super) enum Probe {
    Http(String),
    Tcp(String),
    /// Whether the containers of a project that were made from a folder are up.
    Project(Docker, String, PathBuf),
}

/// What is asked: it serves if all of one of the groups are well.
#[derive(Debug, Clone)]
pub(super) struct ProbeTargets {
    pub(super) groups: Vec<Vec<Probe>>,
    pub(super) seen_by: SeenBy,
    /// The recipe has checks that are too much to be asked all the time.
    pub(super) steps_ask: bool,
}

impl ProbeTargets {
    /// What tells of the releases that `stop` and its counterpart pass the service between.
    pub(super) fn of(stop: &StopRelease, world: World<'_>) -> Self {
        // What is published is the original's, in a rehearsal's clone.
        let is_clone = !matches!(CloneBindings::of(world.install), Ok(None));
        let asked = stop.checks.iter().filter(|_| !is_clone);
        let asked: Vec<Probe> = asked.filter_map(question).collect();
        if !asked.is_empty() {
            return Self {
                groups: vec![asked],
                seen_by: SeenBy::Checks,
                steps_ask: false,
            };
        }
        let releases = [&stop.old, &stop.new];
        let is_here = world.volumes.server();
        let is_here = is_here.is_none_or(ServerInfo::publishes_here);
        let ports = releases.map(|release| match is_here && !is_clone {
            true => published(release, world),
            false => Vec::new(),
        });
        if ports.iter().any(|ports| !ports.is_empty()) {
            let groups = ports.into_iter().filter(|ports| !ports.is_empty());
            return Self {
                groups: groups.collect(),
                seen_by: SeenBy::Ports,
                steps_ask: false,
            };
        }
        let project = |release: &ReleaseProject| {
            let docker = world.volumes.docker()?.clone();
            let folder = release.project_folder(world);
            Some(vec![Probe::Project(
                docker,
                release.project.clone(),
                folder,
            )])
        };
        Self {
            groups: releases.into_iter().filter_map(project).collect(),
            seen_by: SeenBy::Containers,
            // That it runs is less than what they ask.
            steps_ask: is_clone && !stop.checks.is_empty() || stop.checks.iter().any(is_command),
        }
    }

    /// Asks once.
    pub(super) fn is_well(&self) -> bool {
        self.groups
            .iter()
            .any(|group| group.iter().all(Probe::is_well))
    }
}

impl Probe {
    fn is_well(&self) -> bool {
        match self {
            Self::Http(url) => probe::http_within(url, PATIENCE).is_ok(),
            Self::Tcp(address) => probe::tcp_within(address, PATIENCE).is_ok(),
            Self::Project(docker, project, folder) => {
                let found = Container::of_project(docker, project).unwrap_or_default();
                let mut own = found.iter().filter(|one| one.is_from(folder)).peekable();
                own.peek().is_some() && own.all(is_up)
            }
        }
    }
}

/// One that has done its work and ended with 0 is none that should run.
fn is_up(container: &Container) -> bool {
    match container.running {
        false => container.exit_code == Some(0),
        true => {
            !container.restarting
                && container
                    .health
                    .is_none_or(|health| health == Health::Healthy)
        }
    }
}

fn is_command(check: &Check) -> bool {
    matches!(check.question, CheckQuestion::Command { .. })
}

fn question(check: &Check) -> Option<Probe> {
    match &check.question {
        CheckQuestion::Http(url) => Some(Probe::Http(url.clone())),
        CheckQuestion::Tcp(address) => Some(Probe::Tcp(address.clone())),
        CheckQuestion::Command { .. } => None,
    }
}

/// Whether published ports will tell which of the releases serves, and nothing else will be asked.
pub(super) fn is_seen_by_ports(
    stop: &StopRelease,
    releases: [&Model; 2],
    install: &Install,
    volumes: &dyn VolumeStore,
) -> bool {
    let is_here = volumes.server().is_none_or(ServerInfo::publishes_here);
    let is_clone = !matches!(CloneBindings::of(install), Ok(None));
    let mut releases = releases.into_iter();
    let has_ports = releases.any(|model| !addresses(model).is_empty());
    stop.checks.is_empty() && is_here && !is_clone && has_ports
}

/// The TCP ports that a release publishes on this machine; none where its files don't tell.
fn published(release: &ReleaseProject, world: World<'_>) -> Vec<Probe> {
    let Some(model) = release.model(world) else {
        return Vec::new();
    };
    addresses(&model).into_iter().map(Probe::Tcp).collect()
}

/// Where the services that are started listen, as `HOST:PORT`. Of a range any port may be the one.
fn addresses(model: &Model) -> Vec<String> {
    let services = model.services.values().filter(|service| service.enabled);
    let ports = services.flat_map(|service| service.ports.iter().map(|(port, _)| port));
    let mut found: Vec<String> = ports.filter_map(address).collect();
    found.sort();
    found.dedup();
    found
}

fn address(port: &Port) -> Option<String> {
    let range = port.host_ports()?;
    let number = *range.start();
    if port.protocol != "tcp" || *range.end() != number {
        return None;
    }
    let ip = port.host_ip.as_deref().map(str::parse::<IpAddr>);
    Some(match ip {
        Some(Ok(IpAddr::V4(ip))) if !ip.is_unspecified() => format!("{ip}:{number}"),
        Some(Ok(IpAddr::V6(ip))) if ip.is_unspecified() => format!("[::1]:{number}"),
        Some(Ok(IpAddr::V6(ip))) => format!("[{ip}]:{number}"),
        _ => format!("127.0.0.1:{number}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_published_is_asked_where_it_is_published() {
        let address = |spec: &str| address(&Port::parse(spec).unwrap()[0]);
        for (spec, expect) in [
            ("8080:80", Some("127.0.0.1:8080")),
            ("0.0.0.0:8080:80", Some("127.0.0.1:8080")),
            ("127.0.0.2:8080:80", Some("127.0.0.2:8080")),
            ("[::1]:8080:80", Some("[::1]:8080")),
            ("[::]:8080:80", Some("[::1]:8080")),
            ("53:53/udp", None),
            ("80", None),
        ] {
            assert_eq!(address(spec).as_deref(), expect, "{spec}");
        }
    }

    #[test]
    fn a_container_that_has_done_its_work_is_well_and_one_that_is_getting_well_is_not() {
        let one = |running: bool, exit_code: Option<i32>, health: Option<Health>| Container {
            running,
            exit_code,
            health,
            ..Container::default()
        };
        assert!(is_up(&one(true, None, None)));
        assert!(is_up(&one(true, None, Some(Health::Healthy))));
        assert!(is_up(&one(false, Some(0), None)));
        assert!(!is_up(&one(true, None, Some(Health::Starting))));
        assert!(!is_up(&one(false, Some(137), None)));
        assert!(!is_up(&one(false, None, None)));
    }
}
