//! Stopping a project's services: in which order, and how long each may take.
//!
//! Compose keeps the order, but has one time-out for all: too short for a database, or very
//! long for the many programs that don't heed the signal. So services are stopped in rounds,
//! those first that no other depends on, and in each round those that keep data get long, unless they are deaf to it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use crate::clock::Stopwatch;
use crate::engine::docker::failed;
use crate::engine::program::{self, Invocation};
use crate::engine::{ComposeProject, Container, Error, Mount};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::threads;

/// What starting or stopping may take besides the containers' own time.
const OVERHEAD: Duration = Duration::from_mins(2);
/// What a container has to end where nobody says otherwise.
pub(in crate::engine) const GRACE: Duration = Duration::from_secs(10);

impl ComposeProject {
    /// Stops the services, all when none is named, in the order that their dependencies
    /// ask for. Each container has `patience` to end before it is killed: what its compose
    /// file says, or 10 s, when absent. Gives the containers as they are then: an exit code
    /// of 137 is one that was killed.
    ///
    /// # Errors
    /// [`Error::Call`], and [`Error::StillRunning`] where the engine says so afterwards.
    pub fn stop(
        &self,
        disk: &Disk,
        services: &[&str],
        patience: Option<Duration>,
    ) -> Result<Vec<Container>, Error> {
        self.announce(disk, "docker compose stop")?;
        self.stop_while(services, patience, &|| true)
    }

    fn stop_while(
        &self,
        services: &[&str],
        patience: Option<Duration>,
        go_on: &dyn Fn() -> bool,
    ) -> Result<Vec<Container>, Error> {
        let mut before = self.containers()?;
        before.retain(|container| belongs(container, services));
        let each = patience.unwrap_or_else(|| grace(&before));
        let count = u32::try_from(before.len()).unwrap_or(u32::MAX);
        let called = self
            .stop_call(services, patience)
            .time_out(OVERHEAD + each.saturating_mul(count))
            .run_while(go_on);
        if let Err(program::Error::Interrupted { .. }) = called {
            return Err(self.interrupted());
        }
        let mut containers = self.containers()?;
        containers.retain(|container| belongs(container, services));
        let running: Vec<String> = containers
            .iter()
            .filter(|container| container.running)
            .map(|container| container.name.clone())
            .collect();
        match (running.is_empty(), called) {
            (true, _) => Ok(containers),
            (false, Err(error)) => Err(failed(&format!("stop project `{}`", self.name))(error)),
            (false, Ok(_)) => Err(Error::StillRunning {
                project: self.name.clone(),
                containers: running,
            }),
        }
    }

    /// Stops all services, in the order that their dependencies ask for; those that don't depend
    /// on each other at once. Those that keep data have `patience` to end; the others, and all of
    /// which the compose file says how long they may take, have what it says, or 10 s. Gives those
    /// that ran, as they are then. `progress` hears what is waited for, and how long that may be.
    ///
    /// # Errors
    /// Those of [`ComposeProject::stop`]; [`Error::Interrupted`].
    pub fn stop_in_order(
        &self,
        disk: &Disk,
        patience: Duration,
        progress: &dyn Progress,
    ) -> Result<Vec<Container>, Error> {
        let before = self.containers()?;
        let ran: Vec<_> = running(&before).map(|one| one.id.clone()).collect();
        // The first generation doesn't tell who depends on whom.
        if !self.compose.is_first_generation() {
            for round in rounds(&before) {
                self.stop_round(disk, &round, &before, patience, progress)?;
            }
        }
        let mut containers = self.containers()?;
        if running(&containers).next().is_some() {
            self.announce(disk, "docker compose stop")?;
            let limit = patience_with(running(&containers), patience);
            let soon = grace(&containers);
            let waiting = Waiting::new(
                "the containers that are left",
                limit.unwrap_or(soon),
                progress,
            );
            containers = self.stop_while(&[], limit, &|| waiting.go_on())?;
        }
        containers.retain(|container| ran.contains(&container.id));
        Ok(containers)
    }

    /// Stops the services of a round at once: Compose has one time-out for a call, so those that
    /// end soon have a call of their own.
    fn stop_round(
        &self,
        disk: &Disk,
        round: &Round,
        containers: &[Container],
        patience: Duration,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        if progress.interrupted() {
            return Err(self.interrupted());
        }
        self.announce(disk, "docker compose stop")?;
        let quick: Vec<&str> = round.quick.iter().map(String::as_str).collect();
        let long: Vec<&str> = round.needing_time.iter().map(String::as_str).collect();
        let theirs = containers.iter().filter(|one| belongs(one, &quick));
        let soon = grace(&theirs.cloned().collect::<Vec<_>>());
        let stop = |services: &[&str], limit: Option<Duration>| {
            if services.is_empty() {
                return Ok(());
            }
            let names = services.join(", ");
            let waiting = Waiting::new(&names, limit.unwrap_or(soon), progress);
            let stopped = self.stop_while(services, limit, &|| waiting.go_on());
            stopped.map(drop)
        };
        thread::scope(|scope| {
            let slow = threads::start_in(scope, || stop(&long, Some(patience))).ok();
            let done = stop(&quick, None);
            let slow = match slow {
                // A panic there is one here.
                Some(slow) => slow
                    .join()
                    .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                // Where no thread is to be had, they end one after the other.
                None => stop(&long, Some(patience)),
            };
            done.and(slow)
        })
    }

    /// The command that [`ComposeProject::stop`] runs, for people to read.
    pub fn stop_command(&self, services: &[&str], patience: Option<Duration>) -> String {
        self.stop_call(services, patience).shown()
    }

    fn stop_call(&self, services: &[&str], patience: Option<Duration>) -> Invocation {
        let seconds = patience.map(|patience| patience.as_secs().to_string());
        let call = self.call().arg("stop");
        let call = match &seconds {
            Some(seconds) => call.args(["--timeout", seconds]),
            None => call,
        };
        call.args(services)
    }
}

/// Services to be stopped at once: none depends on another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Round {
    /// Those that end soon, or as soon as their compose file says.
    pub(super) quick: Vec<String>,
    /// Those that may write data, of which their compose file doesn't say how long they may take, and
    /// which aren't known to be deaf.
    pub(super) needing_time: Vec<String>,
}

impl Round {
    /// All services of the round.
    pub(super) fn services(&self) -> impl Iterator<Item = &str> {
        self.quick
            .iter()
            .chain(&self.needing_time)
            .map(String::as_str)
    }
}

/// The rounds for those of the containers that run. Services that depend on each other in a
/// circle, which Compose wouldn't start, are stopped together.
pub(super) fn rounds(containers: &[Container]) -> Vec<Round> {
    let running = containers.iter().filter(|container| container.running);
    let mut left: BTreeMap<&str, ServiceToStop<'_>> = BTreeMap::new();
    for container in running {
        let Some(name) = &container.service else {
            continue;
        };
        let service = left.entry(name).or_default();
        let needs = container.depends_on.iter().map(String::as_str);
        service.needs.extend(needs);
        service.needs_time |= needs_time(container);
    }
    let mut rounds = Vec::new();
    while !left.is_empty() {
        let needed: BTreeSet<&str> = left.values().flat_map(|s| s.needs.clone()).collect();
        let mut free: Vec<&str> = left.keys().copied().collect();
        free.retain(|name| !needed.contains(name));
        if free.is_empty() {
            free = left.keys().copied().collect();
        }
        let names = |needs_time: bool| {
            let alike = free
                .iter()
                .filter(|name| left[**name].needs_time == needs_time);
            alike.map(|name| (*name).to_owned()).collect()
        };
        rounds.push(Round {
            quick: names(false),
            needing_time: names(true),
        });
        left.retain(|name, _| !free.contains(name));
    }
    rounds
}

/// Whether a container may have data to write before it ends, and may do so when it is asked to end.
fn needs_time(container: &Container) -> bool {
    container.stop_timeout.is_none()
        && container.heeds_stop != Some(false)
        && container.mounts.iter().any(Mount::may_hold_data)
}

/// How long those may take that are left when all rounds are over: `patience` where any may need it.
pub(super) fn patience_with<'a>(
    left: impl IntoIterator<Item = &'a Container>,
    patience: Duration,
) -> Option<Duration> {
    left.into_iter().any(needs_time).then_some(patience)
}

#[derive(Default)]
struct ServiceToStop<'a> {
    needs: BTreeSet<&'a str>,
    needs_time: bool,
}

/// What is waited for while services are stopped, told at first and now and then.
pub(super) struct Waiting<'a> {
    names: String,
    limit: Duration,
    progress: &'a dyn Progress,
    since: Stopwatch,
    told: AtomicU64,
}

impl<'a> Waiting<'a> {
    pub(super) fn new(names: &str, limit: Duration, progress: &'a dyn Progress) -> Self {
        progress.note(&format!("stopping {names} (up to {} s)", limit.as_secs()));
        Self {
            names: names.to_owned(),
            limit,
            progress,
            since: Stopwatch::start(),
            told: AtomicU64::new(0),
        }
    }

    pub(super) fn go_on(&self) -> bool {
        const OFTEN: u64 = 15;
        let seconds = self.since.elapsed().as_secs();
        if seconds >= self.told.load(Relaxed) + OFTEN {
            self.told.store(seconds, Relaxed);
            let (names, limit) = (&self.names, self.limit.as_secs());
            let line = format!("still waiting for {names} to end ({seconds} of {limit} s)");
            self.progress.note(&line);
        }
        !self.progress.interrupted()
    }
}

fn running(containers: &[Container]) -> impl Iterator<Item = &Container> {
    containers.iter().filter(|container| container.running)
}

/// How long the slowest of these may take to end, where nobody else says.
pub(super) fn grace(containers: &[Container]) -> Duration {
    let vendors = containers
        .iter()
        .filter_map(|container| container.stop_timeout);
    Duration::from_secs(vendors.max().unwrap_or_default()).max(GRACE)
}

pub(super) fn belongs(container: &Container, services: &[&str]) -> bool {
    let service = container.service.as_deref().unwrap_or_default();
    services.is_empty() || services.contains(&service)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(service: &str, needs: &[&str], writes: bool) -> Container {
        let mount = Mount {
            volume: Some("v".to_owned()),
            source: "/v".into(),
            target: "/data".into(),
            writes,
        };
        Container {
            id: service.to_owned(),
            name: service.to_owned(),
            project: None,
            folder: None,
            service: Some(service.to_owned()),
            depends_on: needs.iter().map(|&need| need.to_owned()).collect(),
            stop_timeout: None,
            heeds_stop: None,
            running: true,
            paused: false,
            restarting: false,
            restarts: 0,
            exit_code: None,
            health: None,
            networks: Vec::new(),
            addresses: Vec::new(),
            health_said: None,
            image: String::new(),
            mounts: vec![mount],
        }
    }

    fn stopped(containers: &[Container]) -> Vec<String> {
        let shown = |round: Round| {
            let long = round.needing_time.iter().map(|name| format!("{name} long"));
            round
                .quick
                .iter()
                .cloned()
                .chain(long)
                .collect::<Vec<_>>()
                .join("+")
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
        assert_eq!(stopped(&all), ["proxy+worker long", "web", "cache+db long"]);
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
    fn what_is_deaf_is_not_waited_for_in_vain() {
        let mut deaf = container("deaf", &[], true);
        deaf.heeds_stop = Some(false);
        let all = [container("db", &[], true), deaf];
        assert_eq!(stopped(&all), ["deaf+db long"]);
        let patience = Duration::from_mins(5);
        assert_eq!(patience_with(&all[1..], patience), None);
        assert_eq!(patience_with(&all, patience), Some(patience));
    }

    #[test]
    fn a_circle_is_stopped_all_the_same() {
        let all = [container("a", &["b"], false), container("b", &["a"], false)];
        assert_eq!(stopped(&all), ["a+b"]);
    }

    #[test]
    fn a_folder_with_settings_is_no_database_though_it_is_mounted_writable() {
        let mounted = |volume: Option<&str>, target: &str| {
            let mut service = container("web", &[], true);
            service.mounts[0].volume = volume.map(str::to_owned);
            service.mounts[0].target = target.into();
            stopped(&[service]).remove(0)
        };
        for target in [
            "/etc/conf",
            "/etc/caddy/Caddyfile",
            "/app/config",
            "/srv/certs/live",
        ] {
            assert_eq!(mounted(None, target), "web", "{target}");
        }
        for target in ["/var/lib/postgresql/data", "/data", "/etcd-data"] {
            assert_eq!(mounted(None, target), "web long", "{target}");
        }
        assert_eq!(mounted(Some("v"), "/etc/grafana"), "web long");
    }
}
