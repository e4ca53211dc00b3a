//! The volumes of a Docker engine: here, where this process can read their folders, or
//! anywhere else.
//!
//! Nothing is believed for an exit code: a volume was made when the engine, asked again,
//! tells of it with the right labels, and removed when it tells of it no more.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::store::no_such_volume;
use super::users::refuse_writers;
use crate::engine::docker::failed;
use crate::engine::helper::LazyHelper;
use crate::engine::program::{self, Invocation};
use crate::engine::projects::containers::containers_using_volumes;
use crate::engine::{
    Contents, Docker, Error, LABEL_INSTALL, LABEL_RUN, NewVolume, ServerInfo, Users, Volume,
    VolumeStore, check_name,
};
use crate::fs::Disk;

/// The engine unlinks every file before it answers.
const REMOVAL: Duration = Duration::from_hours(1);

/// The volumes of a Docker engine, here or elsewhere.
pub struct DockerVolumes {
    pub(crate) docker: Docker,
    pub(crate) server: ServerInfo,
    /// Why no volume's contents can be reached by path, if so.
    pub(crate) remote: Option<String>,
    /// The helper's program, where it was named.
    pub(crate) program: Option<PathBuf>,
    pub(in crate::engine) helper: LazyHelper,
}

impl DockerVolumes {
    /// The volumes of the engine that `docker` talks to. Their contents are reached by path
    /// where the engine is on this machine (by a local socket, and with this machine's name:
    /// Docker Desktop's is a virtual one) and this is root; else in helper containers.
    ///
    /// # Errors
    /// [`Error::NoEngine`].
    pub fn connect(docker: Docker) -> Result<Self, Error> {
        let server = docker.server()?;
        let here = || {
            let is_root = rustix::process::geteuid().is_root();
            (!is_root).then(|| "of this machine, not as root".to_owned())
        };
        let remote = server.elsewhere().or_else(here);
        Ok(Self {
            docker,
            server,
            remote,
            program: None,
            helper: LazyHelper::default(),
        })
    }

    /// The same, with this file for the helper's program.
    #[must_use]
    pub fn with_helper(mut self, program: Option<PathBuf>) -> Self {
        self.program = program;
        self
    }

    /// The engine.
    pub fn server(&self) -> &ServerInfo {
        &self.server
    }

    fn names(&self) -> Result<Vec<String>, Error> {
        let call = self.docker.call(["volume", "ls", "--format", "{{json .}}"]);
        let rows: Vec<VolumeName> = Docker::json_lines("list the volumes", &call)?;
        let mut names: Vec<_> = rows.into_iter().map(|row| row.name).collect();
        names.sort();
        Ok(names)
    }

    pub(crate) fn inspect(&self, names: &[String]) -> Result<Vec<Volume>, Error> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let what = match names {
            [name] => format!("inspect volume `{name}`"),
            _ => "inspect the volumes".to_owned(),
        };
        let call = self
            .docker
            .call(["volume", "inspect", "--format", "{{json .}}"])
            .args(names);
        let found: Vec<InspectedVolume> = Docker::json_lines(&what, &call)?;
        let found: Vec<Volume> = found.into_iter().map(Volume::from).collect();
        if !found.iter().map(|volume| &volume.name).eq(names) {
            return Err(Error::BadReply {
                what,
                command: call.shown(),
                said: "told of other volumes than it was asked about".to_owned(),
            });
        }
        Ok(found)
    }

    /// The volume, whatever it is made of.
    pub(crate) fn look(&self, name: &str) -> Result<Option<Volume>, Error> {
        check_name(name)?;
        if !self.names()?.iter().any(|known| known == name) {
            return Ok(None);
        }
        match self.inspect(&[name.to_owned()]) {
            Ok(mut found) => Ok(found.pop()),
            // It may have gone between the two questions.
            Err(_) if !self.names()?.iter().any(|known| known == name) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn create_call(&self, volume: &NewVolume) -> Invocation {
        let call = self.docker.call(["volume", "create", "--driver", "local"]);
        let labelled = labels(volume).into_iter().fold(call, |call, (key, value)| {
            call.arg("--label").arg(format!("{key}={value}"))
        });
        labelled.arg(&volume.name)
    }

    /// True where removing the volume is to remove its contents, which nothing wants again.
    fn is_nobodys(&self, volume: &Volume) -> Result<bool, Error> {
        let ordinary = volume.driver == "local" && volume.options.is_empty();
        Ok(ordinary
            && self.look(&volume.name)?.is_some()
            && self.users(volume)? == Users::default())
    }

    fn remove_call(&self, name: &str) -> Invocation {
        self.docker.call_within(REMOVAL, ["volume", "rm", name])
    }
}

impl VolumeStore for DockerVolumes {
    fn describe(&self) -> String {
        let version = &self.server.version;
        match &self.remote {
            None => format!("the local Docker engine {version}"),
            Some(place) => {
                format!("the Docker engine {version} {place}, through a helper container")
            }
        }
    }

    fn contents(&self) -> &dyn Contents {
        self
    }

    fn folder(&self) -> Result<PathBuf, Error> {
        Ok(self.server.root.join("volumes"))
    }

    fn list(&self) -> Result<Vec<Volume>, Error> {
        Docker::inspected(|| self.names(), |names| self.inspect(names))
    }

    fn find(&self, name: &str) -> Result<Option<Volume>, Error> {
        self.look(name)
    }

    fn existing(&self, name: &str) -> Result<Volume, Error> {
        check_name(name)?;
        // What is there needs one question; a list tells whether another answer means that it isn't.
        if let Ok(Some(found)) = self
            .inspect(&[name.to_owned()])
            .map(|mut found| found.pop())
        {
            return Ok(found);
        }
        self.look(name)?.ok_or_else(|| no_such_volume(self, name))
    }

    fn create(&self, disk: &Disk, volume: &NewVolume) -> Result<Volume, Error> {
        if self.look(&volume.name)?.is_some() {
            return Err(Error::Exists {
                name: volume.name.clone(),
                place: self.describe(),
            });
        }
        announce(disk, "docker volume create", &volume.name)?;
        let called = self.create_call(volume).run_well();
        let what = format!("create volume `{}`", volume.name);
        match (self.look(&volume.name)?, called) {
            (Some(made), _) => as_asked(made, volume),
            (None, Err(error)) => Err(failed(&what)(error)),
            (None, Ok(_)) => Err(Error::NotMade {
                name: volume.name.clone(),
            }),
        }
    }

    fn remove(&self, disk: &Disk, name: &str) -> Result<(), Error> {
        let volume = self.look(name)?.ok_or_else(|| no_such_volume(self, name))?;
        refuse_writers(&volume, self.users(&volume)?)?;
        announce(disk, "docker volume rm", name)?;
        let mut called = self.remove_call(name).run_well();
        if called.as_ref().is_err_and(is_locked) && self.is_nobodys(&volume)? {
            self.clear(disk, &volume)?;
            called = self.remove_call(name).run_well();
        }
        match (self.look(name)?, called) {
            (None, _) => Ok(()),
            (Some(_), Err(error)) => Err(failed(&format!("remove volume `{name}`"))(error)),
            (Some(_), Ok(_)) => Err(Error::NotGone {
                name: name.to_owned(),
            }),
        }
    }

    fn users(&self, volume: &Volume) -> Result<Users, Error> {
        let each = self.users_of_each(&[volume])?;
        Ok(each.into_iter().next().unwrap_or_default())
    }

    fn users_of_each(&self, volumes: &[&Volume]) -> Result<Vec<Users>, Error> {
        let named = volumes.iter().map(|one| (&*one.name, &*one.path));
        let found = containers_using_volumes(&self.docker, named)?;
        Ok(found.into_iter().map(Users::known).collect())
    }

    fn docker(&self) -> Option<&Docker> {
        Some(&self.docker)
    }

    fn server(&self) -> Option<&ServerInfo> {
        Some(&self.server)
    }

    fn path_of(&self, name: &str) -> Option<PathBuf> {
        let path = || self.server.root.join("volumes").join(name).join("_data");
        self.remote.is_none().then(path)
    }

    fn create_command(&self, volume: &NewVolume) -> String {
        self.create_call(volume).shown()
    }
}

impl fmt::Debug for DockerVolumes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DockerVolumes")
            .field("server", &self.server)
            .field("remote", &self.remote)
            .finish_non_exhaustive()
    }
}

/// True where the engine met a file that is immutable or append-only: it removes none, and
/// root is told that nothing else is not permitted.
fn is_locked(error: &program::Error) -> bool {
    matches!(error, program::Error::Exit { said, .. } if said.contains("operation not permitted"))
}

/// The labels by which Docker Compose knows a volume for its own.
///
/// `com.docker.compose.config-hash` is left out on purpose. Compose compares it with its
/// own idea of the volume, and where the two differ `up -y` removes the volume and makes an
/// empty one; without the label it has nothing to compare and takes the volume as it is
/// (Compose 2.40, tried).
fn labels(volume: &NewVolume) -> BTreeMap<String, String> {
    let made_by = volume
        .made_by
        .iter()
        .flat_map(|made_by| [(LABEL_INSTALL, &made_by.install), (LABEL_RUN, &made_by.run)]);
    [
        ("com.docker.compose.project", &volume.project),
        ("com.docker.compose.volume", &volume.key),
    ]
    .into_iter()
    .chain(made_by)
    .map(|(key, value)| (key.to_owned(), value.clone()))
    .collect()
}

fn as_asked(made: Volume, asked: &NewVolume) -> Result<Volume, Error> {
    let what = if made.labels != labels(asked) {
        "labels"
    } else if made.driver != "local" {
        "driver"
    } else if !made.options.is_empty() {
        "options"
    } else {
        return Ok(made);
    };
    Err(Error::MadeOtherwise {
        name: made.name,
        what,
    })
}

pub(crate) fn announce(disk: &Disk, call: &'static str, name: &str) -> Result<(), Error> {
    let told = disk.announce(call, Path::new(name));
    told.map_err(|source| Error::Folder {
        what: "change volume",
        path: PathBuf::from(name),
        source,
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct VolumeName {
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedVolume {
    name: String,
    driver: String,
    mountpoint: PathBuf,
    #[serde(default)]
    options: Option<BTreeMap<String, String>>,
    #[serde(default)]
    labels: Option<BTreeMap<String, String>>,
    #[serde(default)]
    created_at: Option<String>,
}

impl From<InspectedVolume> for Volume {
    fn from(inspected: InspectedVolume) -> Self {
        Self {
            name: inspected.name,
            path: inspected.mountpoint,
            driver: inspected.driver,
            options: inspected.options.unwrap_or_default(),
            labels: inspected.labels.unwrap_or_default(),
            created: inspected.created_at,
        }
    }
}
