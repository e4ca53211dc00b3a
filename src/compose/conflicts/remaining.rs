//! What still collides once a project was edited, and what can't be compared at all.

use super::claims::{Claimant, Claims};
use super::conflict::{Conflict, ConflictRule, conflict, conflicts, sort};
use crate::compose::change::references::StaleName;
use crate::compose::change::rename::NamedThing;
use crate::compose::model::model::Model;

/// The collisions that are left between `others` and a project that was edited, `before` and
/// `after`: those of its claims, and every place that still uses a name that is gone. Where
/// such a name answers on a network that both share, it leads to the other's container.
pub fn remaining(
    others: &Claims,
    before: &Claims,
    after: &Claims,
    stale: &[StaleName],
) -> Vec<Conflict> {
    let mut left = conflicts(others, after);
    for name in stale {
        let project = after.projects.first().map(|project| project.what.clone());
        let claimant = |owner: &str, at: Option<_>| Claimant {
            project: project.clone(),
            owner: owner.to_owned(),
            at,
        };
        let user = claimant(&name.owner, Some(name.at.clone()));
        if name.thing == NamedThing::Container {
            left.extend(misled(others, before, after, name, &user));
        }
        let subject = format!("{} `{}`", name.thing, name.from);
        let holder = claimant(&format!("`{}` now", name.to), None);
        let mut stale = conflict(ConflictRule::StaleName, subject, &holder, &user);
        stale.remedy = format!(
            "it isn't edited, because {}: write `{}` there if it means the {}",
            name.reason, name.to, name.thing
        );
        left.push(stale);
    }
    sort(&mut left);
    left
}

/// The networks on which a name that is gone leads to somebody else.
fn misled(
    others: &Claims,
    before: &Claims,
    after: &Claims,
    name: &StaleName,
    user: &Claimant,
) -> Vec<Conflict> {
    let had = |network: &str| {
        let mut networks = before.networks.iter();
        networks
            .any(|claim| claim.what.name == network && claim.what.names.contains_key(&name.from))
    };
    let own = after.networks.iter().filter(|claim| had(&claim.what.name));
    let shared = own.flat_map(|own| {
        let others = others.networks.iter();
        others.filter(|other| other.what.name == own.what.name)
    });
    shared
        .filter_map(|other| {
            let holder = other.what.names.get(&name.from)?;
            let subject = format!("{} on {}", name.from, other.what.name);
            Some(conflict(ConflictRule::NetworkAlias, subject, holder, user))
        })
        .collect()
}

/// What of a project can't be compared with others, one clause each: services whose profile
/// isn't active, ports of services in the host's own network, devices of the host.
pub fn unseen(model: &Model) -> Vec<String> {
    let unset = model.needed.keys().map(|name| {
        format!("`{name}` is unset: the mounts and ports that it is a part of are left out")
    });
    let mut unseen: Vec<String> = unset.collect();
    for (name, service) in &model.services {
        if !service.enabled {
            unseen.push(format!(
                "service `{name}` is left out: none of its profiles ({}) is active",
                service.profiles.join(", ")
            ));
            continue;
        }
        if service.network_mode.as_deref() == Some("host") {
            unseen.push(format!(
                "service `{name}` is in the host's network: which ports it listens on isn't known"
            ));
        }
        for device in &service.devices {
            unseen.push(format!(
                "service `{name}` uses the host's device `{device}`: whether others do isn't known"
            ));
        }
    }
    unseen
}
