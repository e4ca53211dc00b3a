//! Docker Compose as a program: stops a project's containers and starts them again.
//!
//! Every call names the project (`-p`) and the release's real folder
//! (`--project-directory`), never the symlink `current`: Compose would take the folder's
//! name for the project's, and new empty volumes for the old ones. How containers are is
//! asked of the engine, by the labels that both generations of Compose give them.
//!
//! Begin at [`Compose::find`].

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use serde::Deserialize;

use super::startup::{StartupState, of};
use super::stopping::belongs;
use crate::clock::Stopwatch;
use crate::engine::docker::failed;
use crate::engine::program::{self, Invocation};
use crate::engine::{Container, Docker, Error, Health, Program, UnstartedContainer};
use crate::fs::Disk;
use crate::progress::Progress;

/// Between two looks at containers that are coming up.
const PAUSE: Duration = Duration::from_millis(500);

/// How long containers are waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UpWait {
    /// Until they have to be up.
    pub patience: Duration,
    /// How long one may be unhealthy before it is given up; until the end where that isn't said.
    pub unhealthy: Option<Duration>,
    /// How long they have to stay up where one has no health check: it may run for a moment and die.
    pub settling: Duration,
}
/// How many of a container's last lines an error has.
const LINES: &str = "5";

/// `docker compose`, or `docker-compose` where that is all there is.
#[derive(Debug, Clone)]
pub struct Compose {
    docker: Docker,
    program: ComposeProgram,
}

/// What `docker` has for Compose.
#[derive(Debug, Clone)]
pub(in crate::engine) struct ComposeProgram {
    /// Where it isn't `docker`'s own plugin.
    standalone: Option<Program>,
    version: String,
}

impl ComposeProgram {
    fn find(docker: &Docker) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct ComposeVersion {
            version: String,
        }
        let call = docker.call(["compose", "version", "--format", "json"]);
        let plugin = Docker::json_lines::<ComposeVersion>("ask Compose for its version", &call);
        if let Some(found) = plugin.ok().and_then(|mut list| list.pop()) {
            return Ok(Self {
                standalone: None,
                version: found.version,
            });
        }
        let program = docker.sibling("docker-compose").map_err(Error::NoCompose)?;
        let asked = program.call(["version", "--short"]).run_well();
        let output = asked.map_err(Error::NoCompose)?;
        Ok(Self {
            standalone: Some(program),
            version: String::from_utf8_lossy(&output.stdout).trim().to_owned(),
        })
    }
}

impl Compose {
    /// Finds Compose, which is looked for once: the plugin of `docker` first, then `docker-compose`, which may
    /// be of the first generation (1.29).
    ///
    /// # Errors
    /// [`Error::NoCompose`].
    pub fn find(docker: &Docker) -> Result<Self, Error> {
        let program = if let Some(known) = docker.compose.get() {
            known.clone()
        } else {
            let found = ComposeProgram::find(docker)?;
            docker.compose.get_or_init(|| found).clone()
        };
        Ok(Self {
            docker: docker.clone(),
            program,
        })
    }

    /// Its version: `2.40.3`.
    pub fn version(&self) -> &str {
        &self.program.version
    }

    /// True for the first generation, written in Python.
    pub fn is_first_generation(&self) -> bool {
        self.program
            .version
            .trim_start_matches('v')
            .starts_with("1.")
    }

    /// The project `name`, whose compose files are in `folder`: those named, or those that
    /// Compose looks for itself.
    ///
    /// # Errors
    /// [`Error::Project`] for a name that Compose wouldn't take, [`Error::Folder`] where
    /// there is no such folder.
    pub fn project(
        &self,
        name: &str,
        folder: &Path,
        files: &[PathBuf],
    ) -> Result<ComposeProject, Error> {
        check_project(name)?;
        let folder = folder.canonicalize().map_err(|source| Error::Folder {
            what: "find",
            path: folder.to_owned(),
            source,
        })?;
        Ok(ComposeProject {
            compose: self.clone(),
            name: name.to_owned(),
            started_in: folder.clone(),
            folder,
            files: files.to_vec(),
            env_files: Vec::new(),
            profiles: Vec::new(),
        })
    }

    fn too_old(&self, what: &'static str) -> Error {
        Error::TooOld {
            version: self.program.version.clone(),
            what,
        }
    }

    fn call(&self) -> Invocation {
        match &self.program.standalone {
            Some(program) => program.call::<[&str; 0]>([]),
            None => self.docker.call(["compose"]),
        }
    }
}

/// Compose's rule since 2.0: small letters, digits, `_` and `-`, a letter or digit first.
fn check_project(name: &str) -> Result<(), Error> {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let fine = name.starts_with(plain) && name.chars().all(|c| plain(c) || c == '_' || c == '-');
    if fine {
        return Ok(());
    }
    Err(Error::Project {
        name: name.to_owned(),
    })
}

/// A project of compose files.
#[derive(Debug, Clone)]
pub struct ComposeProject {
    pub(super) compose: Compose,
    pub(super) name: String,
    folder: PathBuf,
    started_in: PathBuf,
    files: Vec<PathBuf>,
    env_files: Vec<PathBuf>,
    profiles: Vec<String>,
}

/// How to start a project.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UpOptions<'a> {
    /// Only these services and what they depend on; all when empty.
    pub services: &'a [&'a str],
    /// Not even what they depend on.
    pub alone: bool,
    /// Make containers anew that are there: they had given way to another release.
    pub recreate: bool,
    /// Take no image from a registry, also where one is missing: they were loaded.
    pub never_pull: bool,
}

impl ComposeProject {
    /// The same project, its variables read from `files` alone, the later ones winning; from
    /// `.env` in its folder when there are none.
    ///
    /// # Errors
    /// [`Error::TooOld`] for several, which came with Compose 2.17.
    pub fn with_env_files(mut self, files: &[PathBuf]) -> Result<Self, Error> {
        if files.len() > 1 && self.compose.is_first_generation() {
            return Err(self.compose.too_old("several `--env-file`"));
        }
        self.env_files = files.to_vec();
        Ok(self)
    }

    /// The same project with services of these profiles, besides those that always run; of those that
    /// `COMPOSE_PROFILES` says when there are none.
    #[must_use]
    pub fn with_profiles(mut self, profiles: &[String]) -> Self {
        self.profiles = profiles.to_vec();
        self
    }

    /// The same project as it is when Compose is started in another folder than its own, which `PWD`
    /// then stands for.
    #[must_use]
    pub fn started_in(mut self, folder: &Path) -> Self {
        self.started_in = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
        self
    }

    /// Makes and starts containers, and doesn't wait for them: see [`ComposeProject::wait`].
    ///
    /// Compose is never told `-y`: where it wants to make a volume anew it asks, gets no
    /// answer, and leaves the data alone.
    ///
    /// # Errors
    /// [`Error::Call`] where nothing was started, [`Error::UpFailed`] where something was,
    /// [`Error::TooOld`] where Compose can't do without pulling, [`Error::Interrupted`].
    pub fn up(
        &self,
        disk: &Disk,
        how: &UpOptions<'_>,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        if how.never_pull && self.compose.is_first_generation() {
            return Err(self.compose.too_old("`up --pull never`"));
        }
        self.announce(disk, "docker compose up")?;
        // Images may have to be pulled, and containers wait for each other's health.
        let call = self.up_call(how).time_out(Duration::from_hours(1));
        match call.run_while(&|| !progress.interrupted()) {
            Ok(_) => Ok(()),
            Err(program::Error::Interrupted { .. }) => Err(self.interrupted()),
            Err(source) => Err(self.up_failed(source)),
        }
    }

    /// What is there after a start that failed is told, with what it said.
    fn up_failed(&self, source: program::Error) -> Error {
        // The failure itself is what there is to tell where the engine says nothing.
        let containers = self.containers().unwrap_or_default();
        let was_started = |one: &Container| one.running || one.exit_code.is_some();
        if !containers.iter().any(was_started) {
            return failed(&format!("start project `{}`", self.name))(source);
        }
        Error::UpFailed {
            project: self.name.clone(),
            failures: self.unstarted(&containers, |state| state != StartupState::Up),
            source,
        }
    }

    /// Waits until every container of the project is up: running and, where it has a health
    /// check, healthy, or ended with exit code 0 (a one-shot). Two looks in a row have to
    /// agree, so that a container which dies at once isn't taken for one that runs.
    ///
    /// # Errors
    /// [`Error::NotUp`], with the last lines of each log, when a container has ended with
    /// another exit code, or `patience` is over; [`Error::Interrupted`].
    pub fn wait(&self, patience: Duration, progress: &dyn Progress) -> Result<(), Error> {
        self.wait_for(&[], patience, None, progress)
    }

    /// As [`ComposeProject::wait`], for the containers of these services; of all when none is named.
    /// One that is unhealthy for as long as `unhealthy` is given up.
    ///
    /// # Errors
    /// Those of [`ComposeProject::wait`].
    pub fn wait_for(
        &self,
        services: &[&str],
        patience: Duration,
        unhealthy: Option<Duration>,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let wait = UpWait {
            patience,
            unhealthy,
            settling: Duration::ZERO,
        };
        self.wait_settled(services, &wait, progress)
    }

    /// The same, and where one has no health check, until all were up for a time, with no restart.
    ///
    /// # Errors
    /// Those of [`ComposeProject::wait`].
    pub fn wait_settled(
        &self,
        services: &[&str],
        wait: &UpWait,
        progress: &dyn Progress,
    ) -> Result<(), Error> {
        let UpWait {
            patience,
            unhealthy,
            settling,
        } = *wait;
        let watch = Stopwatch::start();
        let mut before = None;
        let mut up_since = Stopwatch::start();
        let mut sick_since: Option<Stopwatch> = None;
        loop {
            let mut containers = self.containers()?;
            containers.retain(|container| belongs(container, services));
            let standing: Vec<StartupState> = containers.iter().map(of).collect();
            if watch.elapsed() >= patience {
                return Err(self.not_up(&containers, |standing| standing != StartupState::Up));
            }
            let ended = |standing| matches!(standing, StartupState::Ended(_));
            if standing.iter().any(|&standing| ended(standing)) {
                return Err(self.not_up(&containers, ended));
            }
            let sick = containers
                .iter()
                .any(|one| one.health == Some(Health::Unhealthy));
            sick_since = sick.then(|| sick_since.unwrap_or_else(Stopwatch::start));
            let is_given_up = sick_since.zip(unhealthy);
            if is_given_up.is_some_and(|(since, limit)| since.elapsed() >= limit) {
                return Err(self.not_up(&containers, |standing| standing != StartupState::Up));
            }
            // No containers at all is no project that is up.
            let up = !standing.is_empty() && standing.iter().all(|&s| s == StartupState::Up);
            let now = up.then(|| containers.iter().map(|c| c.restarts).collect::<Vec<_>>());
            let is_steady = up && before == now;
            if !is_steady {
                up_since = Stopwatch::start();
            }
            let is_unchecked = containers.iter().any(|one| one.health.is_none());
            if is_steady && (!is_unchecked || up_since.elapsed() >= settling) {
                return Ok(());
            }
            before = now;
            if progress.interrupted() {
                return Err(self.interrupted());
            }
            thread::sleep(PAUSE);
        }
    }

    /// Makes the containers and networks that [`ComposeProject::up`] would start, and starts nothing.
    ///
    /// # Errors
    /// [`Error::Call`], [`Error::TooOld`], [`Error::Interrupted`].
    pub fn create(&self, disk: &Disk, progress: &dyn Progress) -> Result<(), Error> {
        if self.compose.is_first_generation() {
            return Err(self.compose.too_old("`up --pull never`"));
        }
        self.announce(disk, "docker compose create")?;
        let call = self.create_call().time_out(Duration::from_hours(1));
        match call.run_while(&|| !progress.interrupted()) {
            Ok(_) => Ok(()),
            Err(program::Error::Interrupted { .. }) => Err(self.interrupted()),
            Err(source) => {
                let what = format!("make the containers of project `{}`", self.name);
                Err(failed(&what)(source))
            }
        }
    }

    fn create_call(&self) -> Invocation {
        self.call().args(["create", "--pull", "never"])
    }

    /// The project's containers, running or not.
    ///
    /// # Errors
    /// [`Error::Call`] and [`Error::Answer`].
    pub fn containers(&self) -> Result<Vec<Container>, Error> {
        Container::of_project(&self.compose.docker, &self.name)
    }

    /// The command that [`ComposeProject::up`] runs, for people to read.
    pub fn up_command(&self, how: &UpOptions<'_>) -> String {
        self.up_call(how).shown()
    }

    /// The error that tells of the containers that stand in one of the ways `bad`.
    fn not_up(&self, containers: &[Container], bad: impl Fn(StartupState) -> bool) -> Error {
        Error::NotUp {
            project: self.name.clone(),
            failures: self.unstarted(containers, bad),
        }
    }

    fn unstarted(
        &self,
        containers: &[Container],
        bad: impl Fn(StartupState) -> bool,
    ) -> Vec<UnstartedContainer> {
        let failures = containers.iter().filter(|container| bad(of(container)));
        let failures = failures.map(|container| UnstartedContainer {
            container: container.name.clone(),
            how: of(container).to_string(),
            log: self.log(&container.id),
            health: container.health_said.clone(),
        });
        failures.collect()
    }

    /// The container's last lines; nothing where there is no log to be had, since this is
    /// asked for an error that is bad enough.
    fn log(&self, id: &str) -> String {
        let call = self.compose.docker.call(["logs", "--tail", LINES, id]);
        call.run()
            .map(|output| output.complaint())
            .unwrap_or_default()
    }

    pub(super) fn interrupted(&self) -> Error {
        Error::Interrupted {
            project: self.name.clone(),
        }
    }

    fn up_call(&self, how: &UpOptions<'_>) -> Invocation {
        let mut call = self.call().args(["up", "--detach"]);
        if how.never_pull {
            call = call.args(["--pull", "never"]);
        }
        if how.recreate {
            call = call.arg("--force-recreate");
        }
        if how.alone {
            call = call.arg("--no-deps");
        }
        call.args(how.services)
    }

    pub(super) fn call(&self) -> Invocation {
        let call = self.compose.call().args(["-p", &self.name]);
        let call = call.arg("--project-directory").arg(&self.folder);
        let pairs = self.env_files.iter().map(|file| ("--env-file", file));
        let pairs = pairs.chain(self.files.iter().map(|file| ("-f", file)));
        pairs
            .fold(call, |call, (option, file)| {
                call.arg(option).arg(self.folder.join(file))
            })
            .args(self.profiles.iter().flat_map(|name| ["--profile", name]))
            .in_folder(&self.started_in)
    }

    pub(super) fn announce(&self, disk: &Disk, call: &'static str) -> Result<(), Error> {
        announce(disk, call, &self.name)
    }
}

pub(in crate::engine) fn announce(
    disk: &Disk,
    call: &'static str,
    name: &str,
) -> Result<(), Error> {
    let told = disk.announce(call, Path::new(name));
    told.map_err(|source| Error::Folder {
        what: "start or stop project",
        path: PathBuf::from(name),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::check_project;

    #[test]
    fn a_project_s_name_is_what_compose_takes() {
        for name in ["v132", "a", "9-x_y", "transship"] {
            assert!(check_project(name).is_ok(), "{name}");
        }
        for name in ["", "v1.3.2", "V1", "_a", "-a", "a b", "a/b", "é"] {
            assert!(check_project(name).is_err(), "{name}");
        }
    }
}
