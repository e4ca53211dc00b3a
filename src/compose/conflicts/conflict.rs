//! What collides when two projects run side by side on one engine, from their claims
//! alone. Each finding has a rule that scripts can rely on, both sides, and a remedy.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::Hash;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
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
    /// Both projects would make a network of one name, which then joins their services.
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
    /// All of them.
    pub(crate) const ALL: [Self; 11] = [
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
            Self::ContainerName => "leave `container_name` out, or put a suffix behind it: `--fix`",
            Self::HostPort => "publish another port of the host: `--fix --port-offset N`",
            Self::NetworkName => "give it a `name:` of its own: `--fix`",
            Self::NetworkSubnet => "choose another subnet, or leave it to the engine",
            Self::SharedBind => "copy the data and mount the copy: `transship volume rebase`",
            Self::SharedDevice => "copy the data and name the copy's `device:` in `driver_opts`",
            Self::NetworkAlias => {
                "use a network of its own: on this one a request may reach either project"
            }
            Self::StaleName => "write the new name there, if it means the same thing",
            Self::RouterLabel => {
                "give it a name and a host of its own where the service asks for it"
            }
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
        found.extend(equal(rule, first, second));
    }
    found.extend(made_names(first, second));
    found.extend(equal_ports(&first.ports, &second.ports));
    found.extend(nested_folders(&first.folders, &second.folders));
    found.extend(met_networks(&first.networks, &second.networks));
    sort(&mut found);
    found
}

/// In the order of rules and subjects, each once.
pub(crate) fn sort(found: &mut Vec<Conflict>) {
    let order = |c: &Conflict| (c.rule, c.subject.clone(), c.second.clone(), c.first.clone());
    found.sort_by_cached_key(order);
    found.dedup();
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
    let before = conflicts_within(before).into_iter();
    let before: HashSet<(ConflictRule, String)> = before.map(|c| (c.rule, c.subject)).collect();
    let is_new = |conflict: &Conflict| !before.contains(&(conflict.rule, conflict.subject.clone()));
    let mut made = conflicts_within(after);
    made.retain(is_new);
    made
}

/// The claims by what is claimed.
fn indexed<K: Eq + Hash, T>(
    claims: &[Claim<T>],
    key: impl Fn(&T) -> Option<K>,
) -> HashMap<K, Vec<&Claim<T>>> {
    let mut index: HashMap<K, Vec<&Claim<T>>> = HashMap::new();
    for claim in claims {
        if let Some(key) = key(&claim.what) {
            index.entry(key).or_default().push(claim);
        }
    }
    index
}

/// The conflicts of all claims of one side on what the other claims, too.
fn equal(rule: ConflictRule, first: &[Claim<String>], second: &[Claim<String>]) -> Vec<Conflict> {
    let index = indexed(second, |name| Some(name.clone()));
    let with_others = |one: &Claim<String>| {
        let others = index.get(&one.what).into_iter().flatten();
        let found =
            others.map(|other| conflict(rule, one.what.clone(), &one.holder, &other.holder));
        found.collect::<Vec<_>>()
    };
    first.iter().flat_map(with_others).collect()
}

/// The conflicts of names that Compose makes for containers with names that are fixed or made for
/// others. Two projects of one name are told of as such, and so is one whose containers run.
fn made_names(first: &Claims, second: &Claims) -> Vec<Conflict> {
    let rule = ConflictRule::ContainerName;
    let is_same = |found: &Conflict| found.first.project == found.second.project;
    let runs = |claimant: &Claimant| claimant.at.is_none();
    let fixed_by_second = equal(rule, &first.made_containers, &second.containers).into_iter();
    let fixed_by_second = fixed_by_second.filter(|found| !is_same(found) || !runs(&found.second));
    let fixed_by_first = equal(rule, &first.containers, &second.made_containers).into_iter();
    let fixed_by_first = fixed_by_first.filter(|found| !is_same(found) || !runs(&found.first));
    let made_by_both = equal(rule, &first.made_containers, &second.made_containers).into_iter();
    let of_second = made_by_both
        .filter(|found| !is_same(found))
        .chain(fixed_by_first)
        .map(|found| Conflict {
            remedy: "give the project another name with `-p`, or the service a `container_name`"
                .to_owned(),
            ..found
        });
    fixed_by_second.chain(of_second).collect()
}

/// The conflicts of ports. Most are single, and met by their number; ranges are few.
fn equal_ports(first: &[Claim<Port>], second: &[Claim<Port>]) -> Vec<Conflict> {
    let single = |port: &Port| {
        let ports = port.host_ports()?;
        (ports.start() == ports.end()).then(|| *ports.start())
    };
    let is_range = |claim: &&Claim<Port>| single(&claim.what).is_none();
    let ranges: Vec<_> = second.iter().filter(is_range).collect();
    let index = indexed(second, single);
    let mut found = Vec::new();
    for one in first {
        let others: Vec<_> = match single(&one.what) {
            Some(port) => index
                .get(&port)
                .into_iter()
                .flatten()
                .chain(&ranges)
                .copied()
                .collect(),
            None => second.iter().collect(),
        };
        for other in others {
            if let Some(subject) = common_port(&one.what, &other.what) {
                found.push(conflict(
                    ConflictRule::HostPort,
                    subject,
                    &one.holder,
                    &other.holder,
                ));
            }
        }
    }
    found
}

/// The conflicts of folders of which one is the other or is in it; their subject is the deeper.
fn nested_folders(first: &[Claim<PathBuf>], second: &[Claim<PathBuf>]) -> Vec<Conflict> {
    let (firsts, seconds) = (
        indexed(first, |path| Some(path.clone())),
        indexed(second, |path| Some(path.clone())),
    );
    let of = |path: &Path, one: &Claim<PathBuf>, other: &Claim<PathBuf>| {
        let subject = path.display().to_string();
        conflict(
            ConflictRule::SharedBind,
            subject,
            &one.holder,
            &other.holder,
        )
    };
    let mut found = Vec::new();
    for one in first {
        let above = one.what.ancestors().filter_map(|path| seconds.get(path));
        found.extend(above.flatten().map(|other| of(&one.what, one, other)));
    }
    for other in second {
        let above = other
            .what
            .ancestors()
            .skip(1)
            .filter_map(|path| firsts.get(path));
        found.extend(above.flatten().map(|one| of(&other.what, one, other)));
    }
    found
}

/// The conflicts of networks: those of one name, and those whose addresses overlap.
fn met_networks(first: &[Claim<NetworkClaim>], second: &[Claim<NetworkClaim>]) -> Vec<Conflict> {
    let mut found = Vec::new();
    let index = indexed(second, |network| Some(network.name.clone()));
    for one in first {
        for other in index.get(&one.what.name).into_iter().flatten() {
            same_network(one, other, &mut found);
        }
    }
    let has_subnets = |claim: &&Claim<NetworkClaim>| !claim.what.subnets.is_empty();
    for one in first.iter().filter(has_subnets) {
        for other in second.iter().filter(has_subnets) {
            overlaps(one, other, &mut found);
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

/// Two networks that both sides would make can't have common addresses.
fn overlaps(one: &Claim<NetworkClaim>, other: &Claim<NetworkClaim>, found: &mut Vec<Conflict>) {
    if one.what.external || other.what.external {
        return;
    }
    for subnet in &one.what.subnets {
        let others = other.what.subnets.iter();
        for with in others.filter(|other| subnet::overlap(subnet, other)) {
            let subject = match subnet == with {
                true => subnet.clone(),
                false => format!("{subnet} and {with}"),
            };
            let rule = ConflictRule::NetworkSubnet;
            found.push(conflict(rule, subject, &one.holder, &other.holder));
        }
    }
}

fn same_network(one: &Claim<NetworkClaim>, other: &Claim<NetworkClaim>, found: &mut Vec<Conflict>) {
    let (network, other_network) = (&one.what, &other.what);
    if !network.external && !other_network.external {
        // A name of its own parts the services, too.
        let (rule, subject) = (ConflictRule::NetworkName, network.name.clone());
        found.push(conflict(rule, subject, &one.holder, &other.holder));
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
    one.meets(other).then(|| format!("{port}/{}", one.protocol))
}

#[cfg(test)]
mod tests;
