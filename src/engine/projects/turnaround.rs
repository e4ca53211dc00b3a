//! How long stopping a project and having it up again may be expected to take, as its containers are
//! now: whether each heeds its signal, how long it may take, and how soon its health check can pass.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::inspected::{ContainerConfig, InspectedContainer, inspected};
use super::stop_signal;
use super::stopping::{GRACE, rounds};
use crate::engine::{Container, Docker, Error};

/// What a program that heeds its signal takes to end, as a rule.
const HEEDED: Duration = Duration::from_secs(1);
/// Between two runs of a health check where nobody says otherwise.
const INTERVAL: Duration = Duration::from_secs(30);

/// What is to be expected of a project's containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Turnaround {
    /// Until all have ended; nothing where it can't be known whether they heed their signals.
    pub stop: Option<Duration>,
    /// Until every health check can have passed for the first time.
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
    /// Its health check's interval.
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
            healthy: healthy(&turning),
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
            check: self.config.check_interval(),
            needs: needs.split(',').filter_map(need).collect(),
        }
    }
}

impl ContainerConfig {
    /// How often its health is checked, where it is.
    fn check_interval(&self) -> Option<Duration> {
        let check = self.healthcheck.as_ref()?;
        let is_none = check.test.as_ref().is_none_or(|test| {
            test.is_empty() || test.first().is_some_and(|first| first == "NONE")
        });
        let interval = match check.interval {
            0 => INTERVAL,
            nanoseconds => Duration::from_nanos(nanoseconds),
        };
        (!is_none).then_some(interval)
    }
}

/// `db:service_healthy:false`.
fn need(text: &str) -> Option<(String, bool)> {
    let mut parts = text.split(':');
    let name = parts.next().filter(|name| !name.is_empty())?;
    Some((name.to_owned(), parts.next() == Some("service_healthy")))
}

/// When the last of them can be healthy: a check runs first when its interval is over, and what waits
/// for a healthy one starts then.
fn healthy(all: &[Turning]) -> Duration {
    let by_name: BTreeMap<&str, &Turning> =
        all.iter().map(|own| (own.service.as_str(), own)).collect();
    let times = all.iter().map(|own| {
        let mut path = Vec::new();
        started(own, &by_name, &mut path) + own.check.unwrap_or_default()
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
    fn check(all: &[Turning], seconds: u64) {
        assert_eq!(healthy(all), Duration::from_secs(seconds));
    }

    #[test]
    fn health_checks_run_beside_each_other_unless_one_waits_for_the_other() {
        let db = || turning("db", Some(5), "");
        check(
            &[db(), turning("web", Some(3), "db:service_started:false")],
            5,
        );
        check(
            &[db(), turning("web", Some(3), "db:service_healthy:false")],
            8,
        );
        check(&[db(), turning("web", None, "db:service_healthy:true")], 5);
        check(
            &[
                turning("a", Some(2), "b:service_healthy"),
                turning("b", Some(2), "a:service_healthy"),
            ],
            6,
        );
        check(&[], 0);
    }
}
