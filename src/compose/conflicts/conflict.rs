//! What collides when two projects run side by side on one engine, from their claims
//! alone. Each finding has a rule that scripts can rely on, both sides, and a remedy.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

use serde::Serialize;

use super::claims::{Claim, Claimant, Claims, NetworkClaim};
use super::subnet;
use crate::compose::model::port::Port;

/// What kind of collision it is; its kebab-case name is stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConflictRule {
    /// Both projects have one name: each would recreate the other's containers.
    ProjectName,
    /// Two services use one Docker volume.
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
    /// Two volumes are made of one disk or export of a server.
    SharedDevice,
    /// On a shared network, one name answers for services of both projects.
    NetworkAlias,
    /// Two services ask a reverse proxy for one route.
    RouterLabel,
    /// A name was changed, and something still uses, or may use, the old one.
    StaleName,
}

impl fmt::Display for ConflictRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ProjectName => "project-name",
            Self::VolumeName => "volume-name",
            Self::ContainerName => "container-name",
            Self::HostPort => "host-port",
            Self::NetworkName => "network-name",
            Self::NetworkSubnet => "network-subnet",
            Self::SharedBind => "shared-bind",
            Self::SharedDevice => "shared-device",
            Self::NetworkAlias => "network-alias",
            Self::RouterLabel => "router-label",
            Self::StaleName => "stale-name",
        })
    }
}

impl FromStr for ConflictRule {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rule = Self::ALL.into_iter().find(|rule| rule.to_string() == text);
        rule.ok_or_else(|| {
            let known: Vec<_> = Self::ALL.iter().map(ToString::to_string).collect();
            format!("it is one of {}", known.join(", "))
        })
    }
}

impl ConflictRule {
    const ALL: [Self; 11] = [
        Self::ProjectName,
        Self::VolumeName,
        Self::ContainerName,
        Self::HostPort,
        Self::NetworkName,
        Self::NetworkSubnet,
        Self::SharedBind,
        Self::SharedDevice,
        Self::NetworkAlias,
        Self::RouterLabel,
        Self::StaleName,
    ];

    /// What to do about it in the second project, where nothing more is known.
    pub(crate) const fn remedy(self) -> &'static str {
        match self {
            Self::ProjectName => "give one of them another name with `-p`",
            Self::VolumeName => "give it a name of its own: `--fix`, or `transship volume prefix`",
            Self::ContainerName => "leave `container_name` out, or put a suffix to it: `--fix`",
            Self::HostPort => "publish another port of the host: `--fix --port-offset N`",
            Self::NetworkName => "give it a `name:` of its own: `--fix`",
            Self::NetworkSubnet => "choose another subnet, or leave it to the engine",
            Self::SharedBind => "copy the data and mount the copy: `transship volume rebase`",
            Self::SharedDevice => "copy the data and name the copy's `device:` in `driver_opts`",
            Self::NetworkAlias => "a request may reach either project: use a network of its own",
            Self::StaleName => "write the new name there, if it means the same thing",
            Self::RouterLabel => "rename it and give it another host in the service's labels",
        }
    }
}

/// One collision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Conflict {
    /// The kind of collision.
    pub rule: ConflictRule,
    /// What collides: the volume's name, the port, ...
    pub subject: String,
    /// The claimant of the first project, which stays as it is.
    pub first: Claimant,
    /// The claimant of the second project, which the remedy is for.
    pub second: Claimant,
    /// What to do about it in the second project, as a clause.
    pub remedy: String,
}

/// All collisions of two sides, in the order of their rules and subjects.
pub fn conflicts(first: &Claims, second: &Claims) -> Vec<Conflict> {
    let mut found = Vec::new();
    for (rule, first, second) in [
        (ConflictRule::ProjectName, &first.projects, &second.projects),
        (ConflictRule::VolumeName, &first.volumes, &second.volumes),
        (
            ConflictRule::ContainerName,
            &first.containers,
            &second.containers,
        ),
        (ConflictRule::SharedDevice, &first.devices, &second.devices),
        (ConflictRule::RouterLabel, &first.routes, &second.routes),
    ] {
        found.extend(pairs(rule, first, second, |one, other| {
            (one == other).then(|| one.clone())
        }));
    }
    found.extend(pairs(
        ConflictRule::HostPort,
        &first.ports,
        &second.ports,
        common_port,
    ));
    found.extend(pairs(
        ConflictRule::SharedBind,
        &first.folders,
        &second.folders,
        |one, other| {
            let is_within = one.starts_with(other) || other.starts_with(one);
            let deeper = if one.starts_with(other) { one } else { other };
            is_within.then(|| deeper.display().to_string())
        },
    ));
    for one in &first.networks {
        for other in &second.networks {
            networks(one, other, &mut found);
        }
    }
    let order = |c: &Conflict| (c.rule, c.subject.clone(), c.second.clone(), c.first.clone());
    found.sort_by_key(order);
    found.dedup();
    found
}

/// The collisions of one side with itself.
fn conflicts_within(claims: &Claims) -> Vec<Conflict> {
    let mut found = conflicts(claims, claims);
    let is_own = |rule: ConflictRule| {
        use ConflictRule::{ContainerName, HostPort, NetworkName, VolumeName};
        matches!(rule, ContainerName | HostPort | NetworkName | VolumeName)
    };
    // Each claim collides with itself, and each two of them twice.
    found.retain(|conflict| is_own(conflict.rule) && conflict.first < conflict.second);
    found
}

/// The collisions of one side with itself that an edit has made: there should be none.
pub fn conflicts_made(before: &Claims, after: &Claims) -> Vec<Conflict> {
    let before = conflicts_within(before);
    let is_new = |conflict: &Conflict| {
        let mut known = before.iter();
        !known.any(|known| known.rule == conflict.rule && known.subject == conflict.subject)
    };
    let mut made = conflicts_within(after);
    made.retain(is_new);
    made
}

/// The conflicts of all pairs for which `common` finds a subject.
fn pairs<T>(
    rule: ConflictRule,
    first: &[Claim<T>],
    second: &[Claim<T>],
    common: impl Fn(&T, &T) -> Option<String>,
) -> Vec<Conflict> {
    let mut found = Vec::new();
    for one in first {
        for other in second {
            if let Some(subject) = common(&one.what, &other.what) {
                found.push(conflict(rule, subject, &one.holder, &other.holder));
            }
        }
    }
    found
}

pub(crate) fn conflict(
    rule: ConflictRule,
    subject: String,
    first: &Claimant,
    second: &Claimant,
) -> Conflict {
    Conflict {
        rule,
        subject,
        first: first.clone(),
        second: second.clone(),
        remedy: rule.remedy().to_owned(),
    }
}

fn networks(one: &Claim<NetworkClaim>, other: &Claim<NetworkClaim>, found: &mut Vec<Conflict>) {
    let (network, other_network) = (&one.what, &other.what);
    let is_made_by_both = !network.external && !other_network.external;
    let mut find = |rule, subject| found.push(conflict(rule, subject, &one.holder, &other.holder));
    let subnets = network.subnets.iter().flat_map(|subnet| {
        let others = other_network.subnets.iter();
        others.map(move |other| (subnet, other))
    });
    let overlap = subnets
        .into_iter()
        .find(|(one, other)| subnet::overlap(one, other));
    if let Some((one, other)) = overlap.filter(|_| is_made_by_both) {
        let subject = if one == other {
            one.clone()
        } else {
            format!("{one} and {other}")
        };
        find(ConflictRule::NetworkSubnet, subject);
    }
    if network.name != other_network.name {
        return;
    }
    if is_made_by_both {
        // A name of its own parts the services, too.
        find(ConflictRule::NetworkName, network.name.clone());
        return;
    }
    for (name, holder) in &network.names {
        if let Some(other) = other_network.names.get(name) {
            let subject = format!("{name} on {}", network.name);
            let alias = conflict(ConflictRule::NetworkAlias, subject, holder, other);
            found.push(alias);
        }
    }
}

/// The port that one needs and the other has or may have taken. Two that choose from ranges
/// step aside for each other.
fn common_port(one: &Port, other: &Port) -> Option<String> {
    let (ports, other_ports) = (one.host_ports()?, other.host_ports()?);
    let needs = |one: &RangeInclusive<u16>, other: &RangeInclusive<u16>| {
        let (port, last) = (*one.start(), *one.end());
        (port == last && other.contains(&port)).then_some(port)
    };
    let port = needs(&ports, &other_ports).or_else(|| needs(&other_ports, &ports))?;
    meet(one, other).then(|| format!("{port}/{}", one.protocol))
}

/// True if both are of one protocol and on a common address of the host, whatever the ports.
pub(crate) fn meet(one: &Port, other: &Port) -> bool {
    one.protocol == other.protocol && Address::of(one).meets(Address::of(other))
}

/// The host's addresses that a port is published on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Address {
    All,
    AllOf { v4: bool },
    One(IpAddr),
}

impl Address {
    fn of(port: &Port) -> Self {
        match port.host_ip.as_deref() {
            Some("0.0.0.0") => Self::AllOf { v4: true },
            Some("::") => Self::AllOf { v4: false },
            ip => ip
                .and_then(|ip| ip.parse().ok())
                .map_or(Self::All, Self::One),
        }
    }

    fn meets(self, other: Self) -> bool {
        match (self, other) {
            (Self::AllOf { v4 }, Self::One(ip)) | (Self::One(ip), Self::AllOf { v4 }) => {
                ip.is_ipv4() == v4
            }
            (Self::One(_), Self::One(_)) | (Self::AllOf { .. }, Self::AllOf { .. }) => {
                self == other
            }
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests;
