//! What still collides once a project was edited, and what can't be compared at all.

use std::collections::HashSet;

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
        let holder = claimant(&format!("the {} `{}`", name.thing, name.to), None);
        let mut stale = conflict(ConflictRule::StaleName, subject, &holder, &user);
        stale.remedy = format!(
            "write `{}` there if it means the {}: it isn't edited, because {}",
            name.to, name.thing, name.reason
        );
        left.push(stale);
    }
    sort(&mut left);
    left
}

/// The networks on which a name that is gone, or that the project never had, leads to somebody
/// else.
fn misled(
    others: &Claims,
    before: &Claims,
    after: &Claims,
    name: &StaleName,
    user: &Claimant,
) -> Vec<Conflict> {
    let before = before.networks.iter();
    let with = before.filter(|claim| claim.what.names.contains_key(&name.from));
    let had: HashSet<&str> = with.map(|claim| claim.what.name.as_str()).collect();
    let never = had.is_empty();
    let own = after.networks.iter();
    let own = own.map(|claim| claim.what.name.as_str());
    let own: HashSet<&str> = own.filter(|net| never || had.contains(net)).collect();
    let others = others.networks.iter();
    let shared = others.filter(|other| own.contains(other.what.name.as_str()));
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
        format!("`{name}` is unset: mounts and ports that mean nothing without it are left out")
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

#[cfg(test)]
mod tests {

    use std::path::PathBuf;

    use super::*;
    use crate::compose::file::location::Location;

    fn model(text: &str) -> Model {
        Model::of_text("b", text, &[])
    }

    fn shop(container: &str, network: &str) -> Claims {
        Claims::of(&model(&format!(
            "services: {{db: {{image: x, container_name: {container}, networks: [n, own]}}}}\n\
             networks: {{n: {{external: true, name: {network}}}, own: {{name: {container}net}}}}"
        )))
    }

    fn stale(thing: NamedThing) -> StaleName {
        StaleName {
            thing,
            from: "shop-db".to_owned(),
            to: "shop-db-b".to_owned(),
            owner: "web".to_owned(),
            at: Location {
                path: PathBuf::from("/b/c.yml"),
                line: 7,
                column: 3,
            },
            reason: "of a test".to_owned(),
        }
    }

    #[test]
    fn a_stale_name_that_leads_to_the_other_s_container_is_told_twice() {
        let check = |thing, others: &Claims, expect: &[&str]| {
            let (before, after) = (shop("shop-db", "proxy"), shop("shop-db-b", "proxy"));
            let found = remaining(others, &before, &after, &[stale(thing)]).into_iter();
            // What else is shared there is of no interest.
            let found = found.filter(|c| c.second.owner == "web");
            let found: Vec<_> = found
                .map(|c| format!("{}: {}", c.rule, c.subject))
                .collect();
            assert_eq!(found, expect);
        };
        let left = "stale-name: container `shop-db`";
        let alias = "network-alias: shop-db on proxy";
        check(
            NamedThing::Container,
            &shop("shop-db", "proxy"),
            &[alias, left],
        );
        check(NamedThing::Container, &shop("other", "proxy"), &[left]);
        check(
            NamedThing::Container,
            &shop("shop-db", "elsewhere"),
            &[left],
        );
        let volume = "stale-name: volume `shop-db`";
        check(NamedThing::Volume, &shop("shop-db", "proxy"), &[volume]);
        // By a name that it never had.
        let (before, after) = (shop("x", "proxy"), shop("y", "proxy"));
        let others = shop("shop-db", "proxy");
        let name = stale(NamedThing::Container);
        let found = remaining(&others, &before, &after, &[name]).into_iter();
        let rules: Vec<_> = found
            .filter(|c| c.second.owner == "web")
            .map(|c| c.rule)
            .collect();
        let alias = ConflictRule::NetworkAlias;
        assert_eq!(rules, [alias, ConflictRule::StaleName]);
        // Nor on one where another of its services is, while it was by itself.
        let apart = |container: &str| {
            Claims::of(&model(&format!(
                "services:\n  db: {{image: x, container_name: {container}, networks: [own]}}\n  \
                 app: {{image: x, networks: [n]}}\n\
                 networks: {{n: {{external: true, name: proxy}}, own: {{}}}}"
            )))
        };
        let name = stale(NamedThing::Container);
        let found = remaining(&others, &apart("shop-db"), &apart("shop-db-b"), &[name]);
        assert!(
            found
                .iter()
                .all(|c| c.rule != ConflictRule::NetworkAlias || c.second.owner != "web"),
            "{found:?}"
        );
    }

    #[test]
    fn a_stale_name_is_told_with_its_place_and_what_to_write() {
        let claims = Claims::of(&model("name: b\nservices: {db: {image: x}}"));
        let none = Claims::default();
        let found = remaining(&none, &claims, &claims, &[stale(NamedThing::Network)]);
        let [found] = found.as_slice() else {
            panic!("{found:?}");
        };
        assert_eq!(
            found.first.to_string(),
            "the network `shop-db-b` of project b"
        );
        assert_eq!(found.second.to_string(), "/b/c.yml:7:3: web");
        assert_eq!(
            found.remedy,
            "write `shop-db-b` there if it means the network: it isn't edited, because of a test"
        );
    }

    #[test]
    fn what_cannot_be_compared_is_said_of_the_services_that_run() {
        let text = "\
services:
  a: {image: x, network_mode: host}
  b: {image: x, devices: ['/dev/x:/dev/y', '/dev/z']}
  c: {image: x, network_mode: host, profiles: [one, two]}
  d: {image: x, network_mode: none}
";
        assert_eq!(
            unseen(&model(text)),
            [
                "service `a` is in the host's network: which ports it listens on isn't known",
                "service `b` uses the host's device `/dev/x`: whether others do isn't known",
                "service `b` uses the host's device `/dev/z`: whether others do isn't known",
                "service `c` is left out: none of its profiles (one, two) is active",
            ]
        );
    }
}
