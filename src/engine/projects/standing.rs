//! A project's containers, stopped as they stood and started again as they are: the same containers,
//! of the same images, whatever has become of the compose files and of the tags since.
//!
//! No compose file is read for it, so that a release can be stopped, and be gone back to, whose files
//! are broken by then.

use std::collections::BTreeMap;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::compose::announce;
use super::containers::network_names;
use super::giving_way::{remove_network, rename_container};
use super::lone_container::last_lines;
use super::startup::{StartupState, of};
use super::stopping::{Round, Waiting, grace, patience_with, rounds};
use crate::clock::Stopwatch;
use crate::engine::docker::failed;
use crate::engine::program;
use crate::engine::{Container, Docker, Error, UnstartedContainer};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::threads;

/// What stopping or starting may take besides the containers' own time.
const OVERHEAD: Duration = Duration::from_mins(2);
/// Between two looks at containers that are coming up.
const PAUSE: Duration = Duration::from_millis(250);

/// What has ended comes back by its restart policy within this time, or by nothing.
const ENDED: Duration = Duration::from_secs(5);

/// A container as it stood before its project was stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandingContainer {
    /// The container's full id, 64 digits.
    pub id: String,
    /// The container's name.
    pub name: String,
    /// The compose service that it belongs to, if any.
    pub service: Option<String>,
    /// The id of its image, `sha256:...`.
    pub image: String,
    /// True if it ran: it is started again, and the others aren't.
    pub ran: bool,
    /// The round in which it is stopped, counted from 0; they are started in the opposite order.
    pub round: usize,
}

impl StandingContainer {
    /// The containers of a project that were made from `folder`, as they stand.
    ///
    /// # Errors
    /// [`Error::Call`] and [`Error::Answer`].
    pub fn of_project(docker: &Docker, project: &str, folder: &Path) -> Result<Vec<Self>, Error> {
        let containers = from_folder(docker, project, folder)?;
        let rounds = rounds(&containers);
        let mut by_service: BTreeMap<&str, usize> = BTreeMap::new();
        for (number, round) in rounds.iter().enumerate() {
            by_service.extend(round.services().map(|name| (name, number)));
        }
        let stands = |container: &Container| Self {
            round: container
                .service
                .as_deref()
                .and_then(|service| by_service.get(service).copied())
                .unwrap_or_default(),
            id: container.id.clone(),
            name: container.name.clone(),
            service: container.service.clone(),
            image: container.image.clone(),
            ran: container.running,
        };
        Ok(containers.iter().map(stands).collect())
    }

    /// Starts those again that ran, what others depend on first, under the names that they had; and
    /// waits until they are up, and healthy where they have a health check.
    ///
    /// # Errors
    /// [`Error::NotStartable`] where one is gone; [`Error::Call`] where one can't be renamed or
    /// started; [`Error::NotUp`] where one doesn't come up within `patience`.
    pub fn start_again(
        all: &[Self],
        docker: &Docker,
        disk: &Disk,
        patience: Duration,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let there = Container::all(docker)?;
        for standing in all {
            let now = there.iter().find(|one| one.id == standing.id);
            match now {
                Some(now) if now.name != standing.name => {
                    rename_container(docker, disk, &now.name, &standing.name)?;
                }
                None if standing.ran => return Err(standing.gone()),
                _ => {}
            }
        }
        let last = all.iter().map(|one| one.round).max().unwrap_or_default();
        for round in (0..=last).rev() {
            let ran = all.iter().filter(|one| one.ran && one.round == round);
            let ids: Vec<&str> = ran.map(|one| one.id.as_str()).collect();
            if ids.is_empty() {
                continue;
            }
            announce(
                disk,
                "docker start",
                Path::new(ids[0]).to_str().unwrap_or_default(),
            )?;
            let call = docker.call_within(OVERHEAD, ["start"]).args(&ids);
            call.run_well()
                .map_err(failed("start the old containers again"))?;
            let in_round = Container::with_ids(docker, &ids)?;
            if round > 0 && in_round.iter().any(|one| one.health.is_some()) {
                wait_for(docker, &ids, patience, progress)?;
            }
        }
        let ran = all.iter().filter(|one| one.ran);
        let ids: Vec<&str> = ran.map(|one| one.id.as_str()).collect();
        match ids.is_empty() {
            true => Ok(()),
            false => wait_for(docker, &ids, patience, progress),
        }
    }

    fn gone(&self) -> Error {
        Error::NotStartable {
            container: self.name.clone(),
            why: "it is gone".to_owned(),
        }
    }
}

/// Stops the containers of a project that were made from `folder`, in rounds, those at once that
/// don't depend on each other. What keeps data has `patience` to end; the others, and those that say
/// themselves how long they may take, have what they say, or 10 s.
///
/// # Errors
/// [`Error::Call`], [`Error::Interrupted`]; [`Error::StillRunning`] where the engine says so
/// afterwards.
pub fn stop_containers(
    docker: &Docker,
    disk: &Disk,
    (project, folder): (&str, &Path),
    patience: Duration,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let before = from_folder(docker, project, folder)?;
    for round in rounds(&before) {
        if progress.interrupted() {
            return Err(interrupted(project));
        }
        announce(disk, "docker stop", project)?;
        stop_round(docker, &round, &before, (project, patience), progress)?;
    }
    let running = |containers: Vec<Container>| {
        let running = containers.into_iter().filter(|one| one.running);
        running.collect::<Vec<_>>()
    };
    // One of `docker compose run`, or that its restart policy has revived.
    let mut left = running(all_from_folder(docker, project, folder)?);
    if !left.is_empty() {
        announce(disk, "docker stop", project)?;
        let limit = patience_with(&left, patience);
        let soon = grace(&left);
        let waiting = Waiting::new(
            "the containers that are left",
            limit.unwrap_or(soon),
            progress,
        );
        stop(docker, &left, limit, project, &waiting)?;
        left = running(all_from_folder(docker, project, folder)?);
    }
    match left.is_empty() {
        true => Ok(()),
        false => Err(Error::StillRunning {
            project: project.to_owned(),
            containers: left.into_iter().map(|one| one.name).collect(),
        }),
    }
}

/// Removes the containers of a project that were made from `folder`, with their anonymous volumes, and
/// the project's networks. Named volumes are never touched.
///
/// # Errors
/// [`Error::Call`] and [`Error::Answer`].
pub fn remove_containers(
    docker: &Docker,
    disk: &Disk,
    (project, folder): (&str, &Path),
) -> Result<(), Error> {
    let ids: Vec<String> = all_from_folder(docker, project, folder)?
        .into_iter()
        .map(|one| one.id)
        .collect();
    if !ids.is_empty() {
        announce(disk, "docker rm", project)?;
        let call = docker.call_within(OVERHEAD, ["rm", "--force", "--volumes"]);
        let removed = call.args(&ids).run_well();
        removed.map_err(failed(&format!(
            "remove the containers of project `{project}`"
        )))?;
    }
    // Another release may have the project's name by then.
    if !Container::of_project(docker, project)?.is_empty() {
        return Ok(());
    }
    for network in networks_of(docker, project)? {
        remove_network(docker, disk, &network)?;
    }
    Ok(())
}

/// Removes the containers of all projects whose names begin with `prefix`, running or not, with their
/// anonymous volumes, and the networks whose names do.
///
/// # Errors
/// [`Error::Call`] and [`Error::Answer`].
pub fn remove_projects(docker: &Docker, disk: &Disk, prefix: &str) -> Result<(), Error> {
    let all = Container::all(docker)?.into_iter();
    let is_theirs = |one: &Container| {
        one.project
            .as_ref()
            .is_some_and(|project| project.starts_with(prefix))
    };
    let ids: Vec<String> = all.filter(is_theirs).map(|one| one.id).collect();
    if !ids.is_empty() {
        announce(disk, "docker rm", prefix)?;
        let call = docker.call_within(OVERHEAD, ["rm", "--force", "--volumes"]);
        let what = format!("remove the containers of projects `{prefix}...`");
        call.args(&ids).run_well().map_err(failed(&what))?;
    }
    for network in network_names(docker)? {
        if network.starts_with(prefix) {
            remove_network(docker, disk, &network)?;
        }
    }
    Ok(())
}

/// Where another project's container has one of the names, gives it another.
///
/// # Errors
/// [`Error::Call`] and [`Error::Answer`].
pub fn free_names(
    docker: &Docker,
    disk: &Disk,
    wanted: &[StandingContainer],
    project: &str,
) -> Result<(), Error> {
    for container in Container::of_project(docker, project)? {
        let is_wanted =
            |one: &StandingContainer| one.name == container.name && one.id != container.id;
        if wanted.iter().any(is_wanted) {
            let to = format!("{}-{project}", container.name);
            rename_container(docker, disk, &container.name, &to)?;
        }
    }
    Ok(())
}

fn networks_of(docker: &Docker, project: &str) -> Result<Vec<String>, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct ProjectNetwork {
        name: String,
    }
    let filter = format!("label=com.docker.compose.project={project}");
    let call = docker.call([
        "network",
        "ls",
        "--format",
        "{{json .}}",
        "--filter",
        &filter,
    ]);
    let rows: Vec<ProjectNetwork> = Docker::json_lines("list the networks", &call)?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

fn from_folder(docker: &Docker, project: &str, folder: &Path) -> Result<Vec<Container>, Error> {
    let mut containers = Container::of_project(docker, project)?;
    containers.retain(|container| container.is_from(folder));
    Ok(containers)
}

/// Those of `docker compose run`, too.
fn all_from_folder(docker: &Docker, project: &str, folder: &Path) -> Result<Vec<Container>, Error> {
    let mut containers = Container::all_of_project(docker, project)?;
    containers.retain(|container| container.is_from(folder));
    Ok(containers)
}

fn stop_round(
    docker: &Docker,
    round: &Round,
    containers: &[Container],
    (project, patience): (&str, Duration),
    progress: &dyn Progress,
) -> Result<(), Error> {
    let of = |services: &[String]| -> Vec<Container> {
        let theirs = containers.iter().filter(|one| {
            one.running
                && one
                    .service
                    .as_ref()
                    .is_some_and(|own| services.contains(own))
        });
        theirs.cloned().collect()
    };
    let (quick, long) = (of(&round.quick), of(&round.needing_time));
    let stop_some = |some: &[Container], limit: Option<Duration>| {
        if some.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = some.iter().map(|one| one.name.as_str()).collect();
        let waiting = Waiting::new(&names.join(", "), limit.unwrap_or(grace(some)), progress);
        stop(docker, some, limit, project, &waiting)
    };
    thread::scope(|scope| {
        let slow = threads::start_in(scope, || stop_some(&long, Some(patience))).ok();
        let done = stop_some(&quick, None);
        let slow = match slow {
            Some(slow) => slow
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            None => stop_some(&long, Some(patience)),
        };
        done.and(slow)
    })
}

fn stop(
    docker: &Docker,
    containers: &[Container],
    limit: Option<Duration>,
    project: &str,
    waiting: &Waiting<'_>,
) -> Result<(), Error> {
    let longest = OVERHEAD + limit.unwrap_or(grace(containers));
    let call = docker.call_within(longest, ["stop"]);
    let call = match limit {
        Some(limit) => call.args(["--time", &limit.as_secs().to_string()]),
        None => call,
    };
    let call = call.args(containers.iter().map(|one| &one.id));
    match call.run_while(&|| waiting.go_on()) {
        Ok(_) => Ok(()),
        Err(program::Error::Interrupted { .. }) => Err(interrupted(project)),
        Err(source) => Err(failed(&format!("stop project `{project}`"))(source)),
    }
}

fn interrupted(project: &str) -> Error {
    Error::Interrupted {
        project: project.to_owned(),
    }
}

/// Waits until the containers are up; two looks in a row have to agree. One that has ended, and that nothing
/// starts again, isn't waited for.
fn wait_for(
    docker: &Docker,
    ids: &[&str],
    patience: Duration,
    progress: &dyn Progress,
) -> Result<(), Error> {
    let watch = Stopwatch::start();
    let mut before = None;
    let mut ended_since: Option<Stopwatch> = None;
    loop {
        let ours = Container::with_ids(docker, ids)?;
        let up = ours.len() == ids.len()
            && ours
                .iter()
                .all(|one| one.running && of(one) == StartupState::Up);
        let now = up.then(|| ours.iter().map(|one| one.restarts).collect::<Vec<_>>());
        if up && before == now {
            return Ok(());
        }
        before = now;
        let has_ended = ours.iter().any(|one| !one.running && !one.restarting);
        ended_since = has_ended.then(|| ended_since.unwrap_or_else(Stopwatch::start));
        let is_over = ended_since.is_some_and(|since| since.elapsed() >= ENDED);
        if is_over || watch.elapsed() >= patience {
            let down = ours
                .iter()
                .filter(|one| of(one) != StartupState::Up || !one.running);
            let failures = down.map(|one| UnstartedContainer {
                container: one.name.clone(),
                how: of(one).to_string(),
                log: last_lines(docker, &one.id),
                health: one.health_said.clone(),
            });
            return Err(Error::NotUp {
                project: ours
                    .first()
                    .and_then(|one| one.project.clone())
                    .unwrap_or_default(),
                failures: failures.collect(),
            });
        }
        if progress.interrupted() {
            return Err(interrupted("the old release"));
        }
        thread::sleep(PAUSE);
    }
}
