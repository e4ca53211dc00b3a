//! How long stopping a project and having it up again may be expected to take, as its containers are
//! now: whether each heeds its signal, how long it may take, and how soon its health check can pass.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use super::inspected::{ContainerConfig, ContainerState, InspectedContainer, inspected};
use super::stop_signal;
use super::stopping::{GRACE, rounds};
use crate::engine::{Container, Docker, Error};

/// What a program that heeds its signal takes to end, as a rule: a Postgres, a web server.
const HEEDED: Duration = Duration::from_millis(400);
/// Between two runs of a health check where nobody says otherwise.
const INTERVAL: Duration = Duration::from_secs(30);
/// The same while a container is in the time that it is given to start.
const START_INTERVAL: Duration = Duration::from_secs(5);
/// How many runs of a health check the engine remembers.
const REMEMBERED: usize = 5;

/// What is to be expected of a project's containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turnaround {
    /// Until all have ended; nothing where it can't be known whether they heed their signals.
    pub stop: Option<Duration>,
    /// Until the last of them is started, which may wait until others are healthy.
    pub started: Duration,
    /// Until every health check has passed for the first time, as it did when the container was started,
    /// where that is remembered; else until it can have.
    pub healthy: Duration,
    /// Some have no health check.
    pub unchecked: bool,
}

/// A container as far as this goes.
struct Turning {
    service: String,
    /// Until it has ended.
    stop: Option<Duration>,
    limit: Duration,
    /// Until its health check passes.
    check: Option<Duration>,
    /// The services that have to be up, or healthy (true), before it starts.
    needs: Vec<(String, bool)>,
}

impl Turnaround {
    /// Of the containers of `project` that were made from `folder` and run; what keeps data has
    /// `patience` to end.
    ///
    /// # Errors
    /// [`Error::Call`] and [`Error::Answer`].
    pub fn of(
        docker: &Docker,
        project: &str,
        folder: &Path,
        patience: Duration,
    ) -> Result<Self, Error> {
        let ours = format!("label=com.docker.compose.project={project}");
        let (mut turning, mut containers) = (Vec::new(), Vec::new());
        for found in inspected(docker, &["--filter", &ours])? {
            let own = found.turning();
            let container = Container::from(found);
            if container.running && container.is_from(folder) {
                turning.push(own);
                containers.push(container);
            }
        }
        let rounds = rounds(&containers);
        for own in &mut turning {
            let mut all = rounds.iter().flat_map(|round| &round.needing_time);
            let needs_time = all.any(|name| *name == own.service);
            own.limit = if needs_time { patience } else { own.limit };
            own.stop = own.stop.map(|stop| stop.min(own.limit));
        }
        let rounds = rounds.iter().map(|round| {
            let names: Vec<&str> = round.services().collect();
            turning
                .iter()
                .filter(move |own| names.contains(&own.service.as_str()))
        });
        let mut stop = Some(Duration::ZERO);
        for round in rounds {
            let round: Vec<&Turning> = round.collect();
            let each: Option<Vec<Duration>> = round.iter().map(|own| own.stop).collect();
            let longest = each.map(|each| each.into_iter().max().unwrap_or_default());
            stop = stop.zip(longest).map(|(sum, longest)| sum + longest);
        }
        Ok(Self {
            stop,
            started: latest(&turning, |_| Duration::ZERO),
            healthy: latest(&turning, |own| own.check.unwrap_or_default()),
            unchecked: turning.iter().any(|own| own.check.is_none()),
        })
    }
}

impl InspectedContainer {
    fn turning(&self) -> Turning {
        let limit = self.config.stop_timeout.map_or(GRACE, Duration::from_secs);
        let heeds = stop_signal::heeds(self);
        let labels = self.config.labels.as_ref();
        let label = |name: &str| labels.and_then(|labels| labels.get(name)).cloned();
        let needs = label("com.docker.compose.depends_on").unwrap_or_default();
        Turning {
            service: label("com.docker.compose.service").unwrap_or_default(),
            stop: heeds.map(|heeds| if heeds { HEEDED } else { Duration::MAX }),
            limit,
            check: self
                .config
                .first_check()
                .map(|first| self.state.passed_after(first)),
            needs: needs.split(',').filter_map(need).collect(),
        }
    }
}

impl ContainerConfig {
    /// When its health is checked first, where it is.
    fn first_check(&self) -> Option<Duration> {
        let check = self.healthcheck.as_ref()?;
        let is_none = check.test.as_ref().is_none_or(|test| {
            test.is_empty() || test.first().is_some_and(|first| first == "NONE")
        });
        let or = |nanoseconds: u64, otherwise: Duration| match nanoseconds {
            0 => otherwise,
            nanoseconds => Duration::from_nanos(nanoseconds),
        };
        let interval = or(check.interval, INTERVAL);
        let first = match check.start_period {
            0 => interval,
            _ => interval.min(or(check.start_interval, START_INTERVAL)),
        };
        (!is_none).then_some(first)
    }
}

impl ContainerState {
    /// How long after its start its health check passed; `first`, when it can have, where the engine doesn't
    /// remember so long.
    fn passed_after(&self, first: Duration) -> Duration {
        self.remembered().unwrap_or(first).max(first)
    }

    fn remembered(&self) -> Option<Duration> {
        let runs = self.health.as_ref()?.log.as_ref()?;
        let passed = runs.iter().find(|run| run.exit_code == 0)?;
        // Whether there were others before those that are remembered can't be told otherwise.
        let is_all = runs.len() < REMEMBERED;
        let end: Timestamp = passed.end.parse().ok()?;
        let begun: Timestamp = self.started_at.parse().ok()?;
        let took = Duration::try_from(end.duration_since(begun)).ok()?;
        is_all.then_some(took)
    }
}

/// `db:service_healthy:false`.
fn need(text: &str) -> Option<(String, bool)> {
    let mut parts = text.split(':');
    let name = parts.next().filter(|name| !name.is_empty())?;
    Some((name.to_owned(), parts.next() == Some("service_healthy")))
}

/// When the last of them has been `after` its start for so long: a check runs first when its interval is
/// over, and what waits for a healthy one starts then.
fn latest(all: &[Turning], after: impl Fn(&Turning) -> Duration) -> Duration {
    let by_name: BTreeMap<&str, &Turning> =
        all.iter().map(|own| (own.service.as_str(), own)).collect();
    let times = all.iter().map(|own| {
        let mut path = Vec::new();
        started(own, &by_name, &mut path) + after(own)
    });
    times.max().unwrap_or_default()
}

/// When it can be started; `path` has those that wait for it, so that a circle ends.
fn started<'a>(
    own: &'a Turning,
    all: &BTreeMap<&str, &'a Turning>,
    path: &mut Vec<&'a str>,
) -> Duration {
    if path.contains(&own.service.as_str()) {
        return Duration::ZERO;
    }
    path.push(&own.service);
    let times = own.needs.iter().filter_map(|(name, is_healthy)| {
        let need = all.get(name.as_str())?;
        let check = need.check.filter(|_| *is_healthy).unwrap_or_default();
        Some(started(need, all, path) + check)
    });
    let latest = times.max().unwrap_or_default();
    path.pop();
    latest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turning(service: &str, check: Option<u64>, needs: &str) -> Turning {
        Turning {
            service: service.to_owned(),
            stop: None,
            limit: GRACE,
            check: check.map(Duration::from_secs),
            needs: needs.split(',').filter_map(need).collect(),
        }
    }

    #[track_caller]
    fn check(all: &[Turning], started: u64, healthy: u64) {
        let since_start = |own: &Turning| own.check.unwrap_or_default();
        assert_eq!(
            latest(all, |_| Duration::ZERO),
            Duration::from_secs(started)
        );
        assert_eq!(latest(all, since_start), Duration::from_secs(healthy));
    }

    #[test]
    fn health_checks_run_beside_each_other_unless_one_waits_for_the_other() {
        let db = || turning("db", Some(5), "");
        check(
            &[db(), turning("web", Some(3), "db:service_started:false")],
            0,
            5,
        );
        check(
            &[db(), turning("web", Some(3), "db:service_healthy:false")],
            5,
            8,
        );
        check(
            &[db(), turning("web", None, "db:service_healthy:true")],
            5,
            5,
        );
        check(
            &[
                turning("a", Some(2), "b:service_healthy"),
                turning("b", Some(2), "a:service_healthy"),
            ],
            4,
            6,
        );
        check(&[], 0, 0);
    }

    fn inspected(config: &str, state: &str) -> InspectedContainer {
        let text = format!(
            r#"{{"Id": "1", "Name": "/db", "Config": {{"Healthcheck": {config}}},
                "State": {{"Running": true, "StartedAt": "2026-01-01T00:00:00.5Z", "Health": {state}}}}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_health_check_passes_as_late_as_it_did_when_that_is_remembered() {
        let run = |second: u32, code: i32| {
            format!(
                r#"{{"End": "2026-01-01T00:00:{second:02}.5Z", "ExitCode": {code}, "Output": ""}}"#
            )
        };
        let log =
            |runs: &[String]| format!(r#"{{"Status": "healthy", "Log": [{}]}}"#, runs.join(","));
        let second = 1_000_000_000_u64;
        let plain = format!(r#"{{"Test": ["CMD", "true"], "Interval": {}}}"#, 2 * second);
        let starting = |more: &str| {
            let interval = 30 * second;
            format!(
                r#"{{"Test": ["CMD", "true"], "Interval": {interval}, "StartPeriod": 1{more}}}"#
            )
        };
        let every = format!(r#", "StartInterval": {second}"#);
        let late = log(&[run(2, 1), run(4, 1), run(6, 0)]);
        let full: Vec<String> = (1..=5).map(|second| run(second * 2, 0)).collect();
        for (config, state, expect) in [
            (plain.as_str(), "null", Some(2)),
            (&plain, &*late, Some(6)),
            // It may have failed before.
            (&plain, &*log(&full), Some(2)),
            (&plain, &*log(&[run(2, 1)]), Some(2)),
            (&starting(""), "null", Some(5)),
            (&starting(&every), "null", Some(1)),
            (r#"{"Test": ["NONE"]}"#, "null", None),
            (r#"{"Test": ["CMD", "true"]}"#, "null", Some(30)),
        ] {
            let found = inspected(config, state).turning().check;
            assert_eq!(found, expect.map(Duration::from_secs), "{config} {state}");
        }
    }
}
