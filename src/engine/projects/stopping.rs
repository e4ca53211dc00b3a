//! In which order a project's services are stopped, and how long each may take.
//!
//! Compose keeps the order, but has one time-out for all: too short for a database, or very
//! long for the many programs that don't heed the signal. So services are stopped in rounds,
//! those first that no other depends on, and in each round those that keep data get long.

use std::collections::{BTreeMap, BTreeSet};

use crate::engine::Container;

/// Services to be stopped with one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Round {
    /// Their names.
    pub(crate) services: Vec<String>,
    /// True if they may write into a volume or a folder of the host, and their compose file
    /// doesn't say how long they may take.
    pub(crate) keeps_data: bool,
}

/// The rounds for those of the containers that run. Services that depend on each other in a
/// circle, which Compose wouldn't start, are stopped together.
pub(crate) fn rounds(containers: &[Container]) -> Vec<Round> {
    let running = containers.iter().filter(|container| container.running);
    let mut left: BTreeMap<&str, ServiceToStop<'_>> = BTreeMap::new();
    for container in running {
        let Some(name) = &container.service else {
            continue;
        };
        let service = left.entry(name).or_default();
        let needs = container.depends_on.iter().map(String::as_str);
        service.needs.extend(needs);
        service.keeps_data |=
            container.stop_timeout.is_none() && container.mounts.iter().any(|mount| mount.writes);
    }
    let mut rounds = Vec::new();
    while !left.is_empty() {
        let needed: BTreeSet<&str> = left.values().flat_map(|s| s.needs.clone()).collect();
        let mut free: Vec<&str> = left.keys().copied().collect();
        free.retain(|name| !needed.contains(name));
        if free.is_empty() {
            free = left.keys().copied().collect();
        }
        for keeps_data in [false, true] {
            let alike = free
                .iter()
                .filter(|name| left[**name].keeps_data == keeps_data);
            let services: Vec<String> = alike.map(|name| (*name).to_owned()).collect();
            if !services.is_empty() {
                rounds.push(Round {
                    services,
                    keeps_data,
                });
            }
        }
        left.retain(|name, _| !free.contains(name));
    }
    rounds
}

#[derive(Default)]
struct ServiceToStop<'a> {
    needs: BTreeSet<&'a str>,
    keeps_data: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Mount;

    fn container(service: &str, needs: &[&str], writes: bool) -> Container {
        let mount = Mount {
            volume: Some("v".to_owned()),
            source: "/v".into(),
            writes,
        };
        Container {
            id: service.to_owned(),
            name: service.to_owned(),
            project: None,
            service: Some(service.to_owned()),
            depends_on: needs.iter().map(|&need| need.to_owned()).collect(),
            stop_timeout: None,
            running: true,
            paused: false,
            restarting: false,
            restarts: 0,
            exit_code: None,
            health: None,
            mounts: vec![mount],
        }
    }

    fn stopped(containers: &[Container]) -> Vec<String> {
        let shown = |round: Round| {
            let long = if round.keeps_data { " long" } else { "" };
            format!("{}{long}", round.services.join("+"))
        };
        rounds(containers).into_iter().map(shown).collect()
    }

    #[test]
    fn what_others_depend_on_ends_after_them_and_a_database_may_take_long() {
        let all = [
            container("db", &[], true),
            container("cache", &[], false),
            container("web", &["db", "cache"], false),
            container("worker", &["db"], true),
            container("proxy", &["web"], false),
        ];
        assert_eq!(
            stopped(&all),
            ["proxy", "worker long", "web", "cache", "db long"]
        );
    }

    #[test]
    fn replicas_are_one_service_and_what_is_stopped_holds_nobody_up() {
        let mut ended = container("web", &["db"], false);
        ended.running = false;
        let all = [
            ended,
            container("db", &[], false),
            container("db", &[], true),
        ];
        assert_eq!(stopped(&all), ["db long"]);
    }

    #[test]
    fn a_time_that_the_vendor_has_set_is_kept() {
        let mut db = container("db", &[], true);
        db.stop_timeout = Some(30);
        assert_eq!(stopped(&[db]), ["db"]);
    }

    #[test]
    fn a_circle_is_stopped_all_the_same() {
        let all = [container("a", &["b"], false), container("b", &["a"], false)];
        assert_eq!(stopped(&all), ["a+b"]);
    }
}
