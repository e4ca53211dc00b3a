//! Which containers use a volume or a folder of the host.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::inspected::{InspectedContainer, InspectedHealth, InspectedMount, inspected};
use super::mounts::{FilesystemPath, MountPoint, mounts_of};
use super::stop_signal;
use crate::engine::{Docker, Error, User};

/// A container, running or not, and what of the host it sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Container {
    /// The container's full id, 64 digits.
    pub id: String,
    /// The container's name, without the slash that the engine puts before it.
    pub name: String,
    /// The id of the image that it was made from, `sha256:...`.
    pub image: String,
    /// The compose project that it belongs to, if any.
    pub project: Option<String>,
    /// The folder that Compose made it from, if any.
    pub folder: Option<PathBuf>,
    /// The compose service that it belongs to, if any.
    pub service: Option<String>,
    /// The services that its own depends on, where Compose v2 has made it.
    pub depends_on: Vec<String>,
    /// How long its compose file lets it take to end, in seconds, if it says so.
    pub stop_timeout: Option<u64>,
    /// Whether its first process has a handler for the signal to stop, where that can be known; without
    /// one time doesn't help it to end.
    pub heeds_stop: Option<bool>,
    /// True while it has processes: running, paused or restarting.
    pub running: bool,
    /// True while all of its processes stand still.
    pub paused: bool,
    /// True while the engine is about to start it anew.
    pub restarting: bool,
    /// How often the engine has started it anew.
    pub restarts: u64,
    /// The exit code of its last run, where it was started and has ended; 137 is a kill.
    pub exit_code: Option<i32>,
    /// What its health check says, where it has one.
    pub health: Option<Health>,
    /// The names of the networks that it is on, or was when it ran.
    pub networks: Vec<String>,
    /// Its addresses on these, where it has some.
    pub addresses: Vec<String>,
    /// The last lines that the health check printed, if any.
    pub health_said: Option<String>,
    /// Volumes and folders of the host that are mounted in it.
    pub mounts: Vec<Mount>,
}

/// What a container's health check says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// The health check has neither passed nor failed for good yet.
    Starting,
    /// The health check has passed.
    Healthy,
    /// The health check failed as often as the image or the compose file allows.
    Unhealthy,
}

/// What a container was made of. Its command may have a password in it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct ContainerMaking {
    /// The image, as it was named.
    pub image: String,
    /// The command.
    pub cmd: Option<Vec<String>>,
}

/// A volume or a folder of the host, mounted in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The volume's name; none for a folder.
    pub volume: Option<String>,
    /// Where its contents are on the engine's machine.
    pub source: PathBuf,
    /// Where it is mounted, as the container sees it.
    pub target: PathBuf,
    /// False where it is mounted read-only.
    pub writes: bool,
}

impl Mount {
    /// True where the container may keep data there. A folder of the host is mounted writable
    /// for its settings, too, out of habit; a volume rarely is.
    pub(crate) fn may_hold_data(&self) -> bool {
        const SETTINGS: &[&str] = &[
            "conf", "conf.d", "config", "configs", "certs", "ssl", "secrets",
        ];
        let below_etc = self.target.starts_with("/etc");
        let mut names = self.target.iter().filter_map(OsStr::to_str);
        let is_settings = below_etc || names.any(|name| SETTINGS.contains(&name));
        self.writes && (self.volume.is_some() || !is_settings)
    }
}

impl Container {
    /// Whether both may write one volume or one folder of the host.
    pub fn shares_data(&self, other: &Self) -> bool {
        let is_shared = |own: &Mount| {
            let mut others = other.mounts.iter();
            own.writes && others.any(|theirs| theirs.writes && theirs.source == own.source)
        };
        self.mounts.iter().any(is_shared)
    }

    /// A variable of its own or of its image.
    ///
    /// # Errors
    /// [`Error::Call`] and [`Error::Answer`].
    pub fn variable(&self, docker: &Docker, name: &str) -> Result<Option<String>, Error> {
        let format = "{{json .Config.Env}}";
        let call = docker.call(["container", "inspect", "--format", format, &self.id]);
        let found: Vec<Option<Vec<String>>> = Docker::json_lines("look at a container", &call)?;
        let mut pairs = found.into_iter().flatten().flatten();
        Ok(pairs.find_map(|pair| Some(pair.strip_prefix(name)?.strip_prefix('=')?.to_owned())))
    }

    /// Every container that the engine has.
    ///
    /// # Errors
    /// [`Error::Call`] and [`Error::Answer`].
    pub fn all(docker: &Docker) -> Result<Vec<Self>, Error> {
        Self::listed(docker, &[])
    }

    /// The containers of a compose project, without those of `docker compose run`.
    ///
    /// # Errors
    /// [`Error::Call`] and [`Error::Answer`].
    pub fn of_project(docker: &Docker, project: &str) -> Result<Vec<Self>, Error> {
        let ours = format!("label=com.docker.compose.project={project}");
        let lasting = "label=com.docker.compose.oneoff=False";
        Self::listed(docker, &["--filter", &ours, "--filter", lasting])
    }

    /// The containers of a compose project, those of `docker compose run` among them.
    ///
    /// # Errors
    /// [`Error::Call`] and [`Error::Answer`].
    pub fn all_of_project(docker: &Docker, project: &str) -> Result<Vec<Self>, Error> {
        let ours = format!("label=com.docker.compose.project={project}");
        Self::listed(docker, &["--filter", &ours])
    }

    /// The container of this name or id, or that of a compose project's service where it is
    /// `PROJECT/SERVICE`: of several the one that runs.
    ///
    /// # Errors
    /// [`Error::Call`] and [`Error::Answer`].
    pub fn find(docker: &Docker, name: &str) -> Result<Option<Self>, Error> {
        let containers = match name.split_once('/') {
            Some((project, _)) => Self::of_project(docker, project)?,
            None => Self::all(docker)?,
        };
        let is_it = |one: &Self| match name.split_once('/') {
            Some((_, service)) => one.service.as_deref() == Some(service),
            None => one.name == name || (name.len() >= 12 && one.id.starts_with(name)),
        };
        let mut found: Vec<_> = containers.into_iter().filter(is_it).collect();
        found.sort_by_key(|one| !one.running);
        Ok(found.into_iter().next())
    }

    /// Those of the containers that are there, by their full ids.
    pub(super) fn with_ids(docker: &Docker, ids: &[&str]) -> Result<Vec<Self>, Error> {
        let filters: Vec<String> = ids.iter().map(|id| format!("id={id}")).collect();
        let filters = filters.iter().flat_map(|filter| ["--filter", filter]);
        Self::listed(docker, &filters.collect::<Vec<_>>())
    }

    /// What it was made of.
    ///
    /// # Errors
    /// [`Error::Call`] and [`Error::Answer`].
    pub fn making(&self, docker: &Docker) -> Result<ContainerMaking, Error> {
        let format = "{{json .Config}}";
        let call = docker.call(["container", "inspect", "--format", format, &self.id]);
        let found: Vec<ContainerMaking> = Docker::json_lines("look at a container", &call)?;
        Ok(found.into_iter().next().unwrap_or_default())
    }

    /// True if the engine removes it once it has ended (`docker run --rm`).
    ///
    /// # Errors
    /// [`Error::Call`] and [`Error::Answer`].
    pub fn is_removed_on_stop(&self, docker: &Docker) -> Result<bool, Error> {
        let format = "{{json .HostConfig.AutoRemove}}";
        let call = docker.call(["container", "inspect", "--format", format, &self.id]);
        let found: Vec<bool> = Docker::json_lines("look at a container", &call)?;
        Ok(found.contains(&true))
    }

    /// True if Compose made it from this folder.
    pub fn is_from(&self, folder: &Path) -> bool {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let own = self.folder.as_deref();
        own.is_some_and(|own| real(own) == real(folder))
    }

    fn listed(docker: &Docker, filter: &[&str]) -> Result<Vec<Self>, Error> {
        let found = inspected(docker, filter)?;
        Ok(found.into_iter().map(Self::from).collect())
    }

    fn user(&self, mount: &Mount) -> User {
        User {
            who: self.name.clone(),
            id: self.id.clone(),
            project: self.project.clone(),
            service: self.service.clone(),
            running: self.running,
            writes: mount.writes,
            is_process: false,
            path: Some(mount.source.clone()),
        }
    }
}

/// The names of the engine's networks.
///
/// # Errors
/// [`Error::Call`] and [`Error::Answer`].
pub(crate) fn network_names(docker: &Docker) -> Result<BTreeSet<String>, Error> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct NetworkName {
        name: String,
    }
    let call = docker.call(["network", "ls", "--format", "{{json .}}"]);
    let rows: Vec<NetworkName> = Docker::json_lines("list the networks", &call)?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

/// The compose projects of which the engine has containers that were made from this folder, by
/// name.
///
/// # Errors
/// [`Error::Call`] and [`Error::Answer`].
pub fn projects_from(docker: &Docker, folder: &Path) -> Result<Vec<String>, Error> {
    let containers = Container::all(docker)?.into_iter();
    let from = containers.filter(|container| container.is_from(folder));
    let names: BTreeSet<String> = from.filter_map(|container| container.project).collect();
    Ok(names.into_iter().collect())
}

/// The containers, running or not, of any project, that mount the folder `path`, or a
/// folder above or below it, by whatever way: as a volume or as a folder. One entry for
/// each container; it writes where any of its mounts does.
///
/// # Errors
/// [`Error::Call`] and [`Error::Answer`].
pub fn containers_using(docker: &Docker, path: &Path) -> Result<Vec<User>, Error> {
    let mounts = mounts_of(Path::new("/proc/self"));
    let place = HostPath::of(path, &mounts);
    let containers = Container::all(docker)?;
    Ok(users(&containers, |mount| {
        place.overlaps(&HostPath::of(&mount.source, &mounts))
    }))
}

/// Like [`containers_using`] for each of the volumes, of which the name and the folder are given, and
/// those that mount it by its name.
pub(crate) fn containers_using_volumes<'a>(
    docker: &Docker,
    volumes: impl Iterator<Item = (&'a str, &'a Path)>,
) -> Result<Vec<Vec<User>>, Error> {
    let mounts = mounts_of(Path::new("/proc/self"));
    let containers = Container::all(docker)?;
    let users = volumes.map(|(name, path)| {
        let place = HostPath::of(path, &mounts);
        users(&containers, |mount| {
            let source = HostPath::of(&mount.source, &mounts);
            mount.volume.as_deref() == Some(name) || place.overlaps(&source)
        })
    });
    Ok(users.collect())
}

fn users(containers: &[Container], uses: impl Fn(&Mount) -> bool) -> Vec<User> {
    let user = |container: &Container| {
        let mounts = container.mounts.iter().filter(|mount| uses(mount));
        // The writing one comes first, if there is one.
        let worst = mounts.max_by_key(|mount| mount.writes)?;
        Some(container.user(worst))
    };
    containers.iter().filter_map(user).collect()
}

/// A path as it was named, as it is with its symlinks resolved (`current/data` and
/// `releases/v1/data` are one place), and by its filesystem, whichever way that is mounted.
struct HostPath {
    named: PathBuf,
    real: PathBuf,
    mounted: Option<FilesystemPath>,
}

impl HostPath {
    fn of(path: &Path, mounts: &[MountPoint]) -> Self {
        let real = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        Self {
            named: path.to_owned(),
            mounted: FilesystemPath::of(&real, mounts),
            real,
        }
    }

    fn overlaps(&self, other: &Self) -> bool {
        let over = |a: &Path, b: &Path| a.starts_with(b) || b.starts_with(a);
        let mounted = self.mounted.as_ref().zip(other.mounted.as_ref());
        over(&self.named, &other.named)
            || over(&self.real, &other.real)
            || mounted.is_some_and(|(one, other)| one.overlaps(other))
    }
}

impl From<InspectedContainer> for Container {
    fn from(inspected: InspectedContainer) -> Self {
        let heeds_stop = stop_signal::heeds(&inspected);
        let mut labels = inspected.config.labels.unwrap_or_default();
        let state = inspected.state;
        Self {
            id: inspected.id,
            name: inspected.name.trim_start_matches('/').to_owned(),
            image: inspected.image,
            project: labels.remove("com.docker.compose.project"),
            folder: labels
                .remove("com.docker.compose.project.working_dir")
                .map(PathBuf::from),
            service: labels.remove("com.docker.compose.service"),
            depends_on: labels
                .remove("com.docker.compose.depends_on")
                .map(|list| dependencies(&list))
                .unwrap_or_default(),
            heeds_stop,
            stop_timeout: inspected.config.stop_timeout,
            running: state.running || state.paused || state.restarting,
            paused: state.paused,
            restarting: state.restarting,
            restarts: inspected.restart_count,
            exit_code: (!state.running && state.status != "created").then_some(state.exit_code),
            addresses: {
                let networks = inspected.network_settings.networks.values();
                let addresses = networks.map(|endpoint| endpoint.address.clone());
                addresses.filter(|address| !address.is_empty()).collect()
            },
            networks: inspected.network_settings.networks.into_keys().collect(),
            health_said: state.health.as_ref().and_then(InspectedHealth::said),
            health: state.health.as_ref().and_then(InspectedHealth::health),
            mounts: inspected.mounts.into_iter().filter_map(mount).collect(),
        }
    }
}

/// The names in `db:service_healthy:false,cache:service_started:false`.
fn dependencies(list: &str) -> Vec<String> {
    let names = list.split(',').filter_map(|one| one.split(':').next());
    names
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Nothing for a tmpfs.
fn mount(mounted: InspectedMount) -> Option<Mount> {
    mounted.has_source().then(|| Mount {
        volume: mounted.name.filter(|name| !name.is_empty()),
        source: mounted.source,
        target: mounted.destination,
        writes: mounted.writes,
    })
}
