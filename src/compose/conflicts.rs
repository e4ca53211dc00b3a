//! What collides when two projects run side by side on one engine, from their models
//! alone. Each finding has a rule that scripts can rely on, both places, and a remedy.
//!
//! It reads no engine and knows no running container: a model of what runs can be compared
//! like any other.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use serde::Serialize;

use super::location::Location;
use super::model::{Bind, Model, Network, Service};
use super::port::Port;

/// What kind of collision it is; its kebab-case name is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConflictRule {
    /// Both projects have one name: each would recreate the other's containers.
    ProjectName,
    /// Two services write to one Docker volume.
    VolumeName,
    /// Two containers want one fixed name.
    ContainerName,
    /// Two services publish one port of the host.
    HostPort,
    /// Both projects would make one network.
    NetworkName,
    /// Two networks want overlapping addresses.
    NetworkSubnet,
    /// Two services write to one folder of the host.
    SharedBind,
    /// On a shared network, one name answers for services of both projects.
    NetworkAlias,
    /// Two services give a reverse proxy one router.
    RouterLabel,
}

/// One collision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// What kind it is.
    pub rule: ConflictRule,
    /// What collides: the volume's name, the port, ...
    pub subject: String,
    /// Where it stands in the first project; absent for what no file names.
    pub first: Option<Location>,
    /// Where it stands in the second.
    pub second: Option<Location>,
    /// What to do about it in the second project.
    pub remedy: String,
}

/// All collisions of two projects, in the order of their rules and places. Services whose
/// profile isn't active count for nothing.
pub fn conflicts(first: &Model, second: &Model) -> Vec<Conflict> {
    let pair = Pair { first, second };
    let mut found = Vec::new();
    pair.project_name(&mut found);
    pair.volume_names(&mut found);
    pair.networks(&mut found);
    pair.binds(&mut found);
    pair.services(&mut found);
    found.sort_by(|a, b| {
        let place = |conflict: &Conflict| {
            let Conflict {
                rule,
                second,
                first,
                ..
            } = conflict;
            (*rule, second.clone(), first.clone())
        };
        place(a).cmp(&place(b))
    });
    found.dedup();
    found
}

struct Pair<'a> {
    first: &'a Model,
    second: &'a Model,
}

fn enabled(model: &Model) -> impl Iterator<Item = (&String, &Service)> {
    model.services.iter().filter(|(_, service)| service.enabled)
}

fn is_used(model: &Model, used_by: &[String]) -> bool {
    let is_enabled = |name: &String| model.services.get(name).is_some_and(|s| s.enabled);
    used_by.iter().any(is_enabled)
}

impl Pair<'_> {
    fn project_name(&self, found: &mut Vec<Conflict>) {
        if self.first.project == self.second.project {
            found.push(Conflict {
                rule: ConflictRule::ProjectName,
                subject: self.first.project.clone(),
                first: None,
                second: None,
                remedy: "give one of them another name with `-p`".to_owned(),
            });
        }
    }

    fn volume_names(&self, found: &mut Vec<Conflict>) {
        for one in self.first.volumes.values() {
            for other in self.second.volumes.values() {
                let both_used =
                    is_used(self.first, &one.used_by) && is_used(self.second, &other.used_by);
                if one.name == other.name && both_used {
                    let remedy = if other.external {
                        "it is external: name a copy of it instead"
                    } else {
                        "give it a name of its own: `transship volume prefix`"
                    };
                    found.push(Conflict {
                        rule: ConflictRule::VolumeName,
                        subject: one.name.clone(),
                        first: Some(one.at.clone()),
                        second: Some(other.at.clone()),
                        remedy: remedy.to_owned(),
                    });
                }
            }
        }
    }

    fn networks(&self, found: &mut Vec<Conflict>) {
        for (key, one) in &self.first.networks {
            for (other_key, other) in &self.second.networks {
                if one.name == other.name {
                    if !one.external && !other.external {
                        found.push(network_conflict(
                            ConflictRule::NetworkName,
                            one.name.clone(),
                            (one, other),
                            "give it a `name:` of its own",
                        ));
                    }
                    self.aliases((key, one), (other_key, other), found);
                } else if let Some(subnet) = common_subnet(one, other) {
                    found.push(network_conflict(
                        ConflictRule::NetworkSubnet,
                        subnet,
                        (one, other),
                        "choose another subnet, or leave it to the engine",
                    ));
                }
            }
        }
    }

    /// On one network, a service answers to its name and its aliases.
    fn aliases(
        &self,
        (key, one): (&str, &Network),
        (other_key, other): (&str, &Network),
        found: &mut Vec<Conflict>,
    ) {
        let names = |model: &Model, key: &str| -> BTreeSet<String> {
            enabled(model)
                .filter_map(|(name, service)| Some((name, service.networks.get(key)?)))
                .flat_map(|(name, aliases)| aliases.iter().chain([name]).cloned())
                .collect()
        };
        let theirs = names(self.second, other_key);
        for name in names(self.first, key).intersection(&theirs) {
            found.push(network_conflict(
                ConflictRule::NetworkAlias,
                format!("{name} on {}", one.name),
                (one, other),
                "a request may reach either project: use a network of its own",
            ));
        }
    }

    fn binds(&self, found: &mut Vec<Conflict>) {
        let counts = |model: &Model, bind: &Bind| {
            let service = model.services.get(&bind.service);
            !bind.read_only && service.is_some_and(|service| service.enabled)
        };
        for one in &self.first.binds {
            for other in &self.second.binds {
                let source = self.first.project_dir.join(&one.source);
                let is_same = source == self.second.project_dir.join(&other.source);
                // A socket or a device is shared by design.
                let is_data = !source.starts_with("/var/run") && !source.starts_with("/dev");
                if is_same && is_data && counts(self.first, one) && counts(self.second, other) {
                    found.push(Conflict {
                        rule: ConflictRule::SharedBind,
                        subject: source.display().to_string(),
                        first: Some(one.at.clone()),
                        second: Some(other.at.clone()),
                        remedy: "copy the data and mount the copy: `transship volume rebase`"
                            .to_owned(),
                    });
                }
            }
        }
    }

    fn services(&self, found: &mut Vec<Conflict>) {
        for (_, one) in enabled(self.first) {
            for (_, other) in enabled(self.second) {
                container_name(one, other, found);
                ports(one, other, found);
                routers(one, other, found);
            }
        }
    }
}

fn network_conflict(
    rule: ConflictRule,
    subject: String,
    (one, other): (&Network, &Network),
    remedy: &str,
) -> Conflict {
    Conflict {
        rule,
        subject,
        first: one.at.clone(),
        second: other.at.clone(),
        remedy: remedy.to_owned(),
    }
}

fn container_name(one: &Service, other: &Service, found: &mut Vec<Conflict>) {
    if let Some(name) = &one.container_name
        && other.container_name.as_ref() == Some(name)
    {
        found.push(Conflict {
            rule: ConflictRule::ContainerName,
            subject: name.clone(),
            first: one.container_name_at.clone(),
            second: other.container_name_at.clone(),
            remedy: "leave `container_name` out, or put a suffix to it".to_owned(),
        });
    }
}

fn ports(one: &Service, other: &Service, found: &mut Vec<Conflict>) {
    for (port, at) in &one.ports {
        for (other_port, other_at) in &other.ports {
            if let Some(subject) = common_port(port, other_port) {
                found.push(Conflict {
                    rule: ConflictRule::HostPort,
                    subject,
                    first: Some(at.clone()),
                    second: Some(other_at.clone()),
                    remedy: "publish another port of the host".to_owned(),
                });
            }
        }
    }
}

/// The port that both want for certain: where one may choose from a range, it can step
/// aside.
fn common_port(one: &Port, other: &Port) -> Option<String> {
    let (ports, other_ports) = (one.host_ports()?, other.host_ports()?);
    let same_address = match (address(one), address(other)) {
        (Some(ip), Some(other)) => ip == other,
        // All addresses include every one.
        _ => true,
    };
    let is_fixed = ports.len() == 1 && ports == other_ports;
    (one.protocol == other.protocol && same_address && is_fixed)
        .then(|| format!("{}/{}", ports.start(), one.protocol))
}

/// The host's address; None for all of them.
fn address(port: &Port) -> Option<&str> {
    let ip = port.host_ip.as_deref()?;
    Some(ip).filter(|ip| !matches!(*ip, "0.0.0.0" | "::" | "*"))
}

/// Routers of Traefik (`traefik.http.routers.NAME.`) and sites of Caddy (`caddy: HOST`).
fn routers(one: &Service, other: &Service, found: &mut Vec<Conflict>) {
    let (first, second) = (router_names(one), router_names(other));
    for router in first.intersection(&second) {
        found.push(Conflict {
            rule: ConflictRule::RouterLabel,
            subject: router.clone(),
            first: Some(one.at.clone()),
            second: Some(other.at.clone()),
            remedy: "rename the router and give it another host in the service's labels".to_owned(),
        });
    }
}

fn router_names(service: &Service) -> BTreeSet<String> {
    let name = |(key, value): (&String, &String)| {
        let mut parts = key.split('.');
        let lead = (parts.next()?, parts.next(), parts.next(), parts.next());
        match lead {
            ("traefik", Some("http" | "tcp" | "udp"), Some("routers"), Some(name)) => {
                Some(format!("traefik router {name}"))
            }
            ("caddy", None, ..) => Some(format!("caddy site {value}")),
            _ => None,
        }
    };
    service.labels.iter().filter_map(name).collect()
}

/// A subnet of the first network that overlaps with one of the second.
fn common_subnet(one: &Network, other: &Network) -> Option<String> {
    if one.external || other.external {
        return None;
    }
    let overlaps = |subnet: &&String| {
        other.subnets.iter().any(|other| {
            match (block(subnet), block(other)) {
                (Some((a, bits)), Some((b, other_bits))) => {
                    let mask = u32::MAX.checked_shl(32 - bits.min(other_bits)).unwrap_or(0);
                    a & mask == b & mask
                }
                // What isn't IPv4 is compared as it is written.
                _ => *subnet == other,
            }
        })
    };
    one.subnets.iter().find(overlaps).cloned()
}

/// An IPv4 subnet: its address and the number of bits that are fixed.
fn block(subnet: &str) -> Option<(u32, u32)> {
    let (address, bits) = subnet.split_once('/')?;
    let address: Ipv4Addr = address.parse().ok()?;
    let bits = bits.parse().ok().filter(|bits| *bits <= 32)?;
    Some((address.into(), bits))
}

#[cfg(test)]
mod tests;
