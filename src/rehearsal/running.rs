//! The clone of what runs: what of it can be had twice, how its original is kept from writing while it is
//! copied, and how the old release comes up in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::RehearsalError;
use super::clone_state::ClonedContainer;
use super::error::io;
use crate::compose::Model;
use crate::engine::{
    Compose, ComposeProject, Container, Docker, Error, Quiesce, Quiesced, User, VolumeStore,
    containers_using,
};
use crate::fs::Disk;
use crate::launch::{Launch, LaunchOptions};
use crate::progress::Progress;
use crate::release::{CheckQuestion, Install};
use crate::upgrade::planning::prepare::Prepared;
use crate::upgrade::{Request, Step};

/// How long the old release may take to come up in the clone.
const COMING_UP: Duration = Duration::from_mins(10);

/// How long one of its containers may be unhealthy meanwhile.
const UNHEALTHY: Duration = Duration::from_secs(20);

/// What a container may see of the host in a clone, too, as long as it can't write it.
const HARMLESS: [&str; 3] = ["/etc", "/usr", "/lib"];

/// What only one machine has: never the clone's, too.
const MACHINE: [&str; 5] = ["/proc", "/sys", "/dev", "/run", "/var/run"];

/// The folders and files of the host that both releases mount, which the clone gets copies of.
///
/// # Errors
/// [`RehearsalError::Unclonable`] for what can't be had twice.
pub(super) fn outside(prepared: &Prepared) -> Result<BTreeSet<PathBuf>, RehearsalError> {
    let mut found = BTreeSet::new();
    for model in [&prepared.releases.old.model, &prepared.decisions.model] {
        found.extend(outside_of(model)?);
    }
    // What is in another is copied with that.
    let above = found.clone();
    found.retain(|path| {
        !above
            .iter()
            .any(|other| other != path && path.starts_with(other))
    });
    Ok(found)
}

fn outside_of(model: &Model) -> Result<BTreeSet<PathBuf>, RehearsalError> {
    let unclonable = |what: String| Err(RehearsalError::Unclonable { what });
    for (name, service) in model.services.iter().filter(|(_, one)| one.enabled) {
        // A mode that is none of these is the name of a network that is there.
        let mode = service.network_mode.as_deref().unwrap_or("none");
        let is_own = mode.starts_with("service:");
        if !is_own && !["none", "bridge", "default"].contains(&mode) {
            return unclonable(format!("the network of service `{name}`, `{mode}`,"));
        }
        if service.provided {
            return unclonable(format!("service `{name}`, which a program provides,"));
        }
        if service.privileged {
            return unclonable(format!(
                "this machine's devices, which service `{name}` has by `privileged`,"
            ));
        }
        if let Some(device) = service.devices.first() {
            return unclonable(format!("device `{device}` of service `{name}`"));
        }
    }
    let used = model
        .volumes
        .iter()
        .filter(|(_, volume)| !volume.used_by.is_empty());
    for (key, volume) in used {
        if volume.is_device() {
            return unclonable(format!(
                "volume `{key}`, which is a folder, disk or export by its options,"
            ));
        }
    }
    let mut found = BTreeSet::new();
    for bind in &model.binds {
        let is_enabled = model
            .services
            .get(&bind.service)
            .is_some_and(|one| one.enabled);
        if !is_enabled || !bind.source.is_absolute() || bind.source.starts_with(&model.root) {
            continue;
        }
        let starts = |above: &&str| bind.source.starts_with(above);
        if bind.read_only && HARMLESS.iter().any(starts) {
            continue;
        }
        let kind = fs::metadata(&bind.source).map(|metadata| metadata.file_type());
        let is_special =
            kind.is_ok_and(|kind| !kind.is_dir() && !kind.is_file() || kind.is_socket());
        if is_special || MACHINE.iter().any(starts) || bind.source == Path::new("/") {
            let (path, service) = (bind.source.display(), &bind.service);
            return unclonable(format!("`{path}`, which service `{service}` mounts,"));
        }
        found.insert(bind.source.clone());
    }
    Ok(found)
}

/// The commands of the plan that are run on the host itself, as a recipe has them.
pub(super) fn on_host(prepared: &Prepared) -> Vec<String> {
    let steps = prepared.plan.steps.iter();
    steps
        .filter_map(|step| match step {
            Step::Hook(hook) if hook.hook.service.is_none() => Some(format!(
                "hook {}: {}",
                hook.point.word(),
                hook.hook.run.shown()
            )),
            Step::Check(check) => match &check.check.question {
                CheckQuestion::Command { run, service: None } => {
                    Some(format!("check: {}", run.shown()))
                }
                _ => None,
            },
            _ => None,
        })
        .collect()
}

/// Keeps what runs of the old release from writing, until what is given is dropped or released.
pub(super) fn hold<'a>(
    docker: &'a Docker,
    disk: &'a Disk,
    project: &str,
    places: &[PathBuf],
    how: Quiesce,
    progress: &dyn Progress,
) -> Result<Quiesced<'a>, RehearsalError> {
    let mut users: BTreeMap<String, User> = BTreeMap::new();
    for place in places {
        for user in containers_using(docker, place)? {
            let is_writing = |known: &User| known.writes;
            if user.running && (user.writes || users.get(&user.id).is_some_and(is_writing)) {
                users.insert(user.id.clone(), user);
            }
        }
    }
    let users: Vec<_> = users.into_values().collect();
    Ok(Quiesced::hold(
        docker, disk, project, &users, how, progress,
    )?)
}

/// The old release in a clone.
pub(super) struct OldInClone {
    pub(super) launch: Launch,
    pub(super) compose: ComposeProject,
    pub(super) project: String,
    pub(super) folder: PathBuf,
}

impl OldInClone {
    /// Finds out how it comes up.
    pub(super) fn prepare(
        clone: &Install,
        request: &Request,
        docker: &Docker,
    ) -> Result<Self, RehearsalError> {
        let from = request
            .from
            .as_ref()
            .map_or_else(|| clone.active(), |version| clone.release(version))?;
        let project = request.from_project.clone().unwrap_or_default();
        let options = LaunchOptions {
            project: Some(project.clone()),
            env_files: request.env_files_of(clone, &from.version, &from.version),
            profiles: request.profiles.clone(),
            never_pull: true,
            ..LaunchOptions::default()
        };
        let launch = Launch::prepare(clone, &from, &options, docker)?;
        let compose = launch.compose(&Compose::find(docker)?)?;
        Ok(Self {
            launch,
            compose,
            project,
            folder: from.project_folder(),
        })
    }

    /// Starts it, and waits until it is up and healthy.
    pub(super) fn up(&self, disk: &Disk, progress: &dyn Progress) -> Result<(), RehearsalError> {
        self.launch.write(disk)?;
        self.compose.up(disk, &self.launch.up(), progress)?;
        self.wait_for(&[], progress)
    }

    /// Waits until these services are up and healthy; all of them when none is named.
    pub(super) fn wait_for(
        &self,
        services: &[&str],
        progress: &dyn Progress,
    ) -> Result<(), RehearsalError> {
        let unhealthy = Some(UNHEALTHY);
        Ok(self
            .compose
            .wait_for(services, COMING_UP, unhealthy, progress)?)
    }

    /// Its containers, by service.
    pub(super) fn containers(
        &self,
        docker: &Docker,
    ) -> Result<BTreeMap<String, ClonedContainer>, RehearsalError> {
        let all = Container::of_project(docker, &self.project)?.into_iter();
        let own = all.filter(|one| one.is_from(&self.folder));
        Ok(own
            .filter_map(|one| {
                let state = ClonedContainer {
                    image: one.image,
                    is_up: one.running || one.exit_code == Some(0),
                };
                Some((one.service?, state))
            })
            .collect())
    }
}

/// Where the services of a project that run answer, as `SERVICE at ADDRESS:PORT`: a clone's ports are published
/// nowhere else. `doors` are this machine's ports, by `SERVICE:PORT`.
pub(super) fn answering(
    docker: &Docker,
    project: &str,
    doors: &BTreeMap<String, u16>,
) -> Result<Vec<String>, Error> {
    let running = Container::of_project(docker, project)?.into_iter();
    let running = running.filter(|container| container.running);
    let services: BTreeSet<String> = running.filter_map(|container| container.service).collect();
    let own = doors.iter().filter_map(|(way, door)| {
        let (service, port) = way.rsplit_once(':')?;
        services.contains(service).then_some((service, port, door))
    });
    let own: Vec<_> = own.collect();
    let told = own.iter().map(|(service, port, door)| {
        let count = own.iter().filter(|(other, ..)| other == service).count();
        match count {
            1 => format!("{service} at 127.0.0.1:{door}"),
            _ => format!("{service} at 127.0.0.1:{door} for its port {port}"),
        }
    });
    Ok(told.collect())
}

/// The folders of the host that hold what a release writes: its volumes, its own folder, and `outside`.
pub(super) fn places(
    install: &Install,
    prepared: &Prepared,
    volumes: &dyn VolumeStore,
    outside: &BTreeSet<PathBuf>,
) -> Result<Vec<PathBuf>, RehearsalError> {
    let mut places: Vec<PathBuf> = outside.iter().cloned().collect();
    places.push(install.release_folder(&prepared.plan.from));
    for volume in prepared.releases.old.model.volumes.values() {
        places.extend(volumes.find(&volume.name)?.map(|volume| volume.path));
    }
    Ok(places)
}

/// The copies of `outside` in the clone's folder.
pub(super) fn copies(
    disk: &Disk,
    clone: &Path,
    outside: &BTreeSet<PathBuf>,
) -> Result<BTreeMap<PathBuf, PathBuf>, RehearsalError> {
    if outside.is_empty() {
        return Ok(BTreeMap::new());
    }
    let folder = clone.join("outside");
    disk.create_dir(&folder, 0o700)
        .map_err(io("make", &folder))?;
    let pairs = outside.iter().enumerate();
    Ok(pairs
        .map(|(number, path)| (path.clone(), folder.join(number.to_string())))
        .collect())
}
