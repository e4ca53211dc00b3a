//! A container like another, alone: of the same image and with the same command, variables and mounts, and on
//! no network, so that nobody but who runs programs in it reaches it. For a database that has to be
//! asked while the project that it belongs to stands still.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::compose::announce;
use crate::engine::docker::failed;
use crate::engine::{Container, Docker, Error};
use crate::fs::Disk;

/// How long a container may take to be made and started.
const STARTING: Duration = Duration::from_mins(2);
/// How long a database may take to end: it writes down what it has in memory.
const ENDING: Duration = Duration::from_mins(5);

/// Waits, with nothing to do. Signals find it at work in nothing.
const IDLE: &str = "trap 'exit 0' TERM; sleep 2147483647 & wait";

/// The same for what doesn't hear that it is to.
const DEAF: Duration = Duration::from_secs(2);

/// How a container ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ContainerEnd {
    /// By its signal, and as soon as it has written down what it has.
    #[default]
    InItsTime,
    /// At once, since its data is thrown away. An image's script that sets a database up passes no signal on: a
    /// server that comes after it would be waited for until it is killed.
    AtOnce,
}

/// A container that was started from another's description. Dropped, it ends as its options say and is
/// removed; its volumes stay.
#[derive(Debug)]
pub struct LoneContainer {
    docker: Docker,
    name: String,
    dropped: ContainerEnd,
    is_over: bool,
}

/// What is different in it.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoneOptions<'a> {
    /// A folder that is empty in it, whatever the image or a mount has there.
    pub without: Option<&'a str>,
    /// True where nothing of its own runs in it: it waits until it is stopped.
    pub idle: bool,
    /// What is added to its command.
    pub arguments: Option<AddedArguments<'a>>,
    /// How it ends where nobody says that all went well.
    pub dropped: ContainerEnd,
}

/// Arguments for a command that is that of a known program, or options for it alone, to which its image adds
/// the program.
#[derive(Debug, Clone, Copy)]
pub struct AddedArguments<'a> {
    /// The program.
    pub program: &'a str,
    /// What it is told besides.
    pub arguments: &'a [&'a str],
}

impl AddedArguments<'_> {
    fn added_to(self, mut command: Vec<String>) -> Vec<String> {
        let first = command.first();
        if first.is_some_and(|first| first == self.program || first.starts_with('-')) {
            command.extend(self.arguments.iter().map(|one| (*one).to_owned()));
        }
        command
    }
}

/// What is read of the container that it is to be like.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Described {
    image: String,
    config: DescribedConfig,
    host_config: DescribedHost,
    #[serde(default)]
    mounts: Vec<DescribedMount>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct DescribedConfig {
    env: Option<Vec<String>>,
    cmd: Option<Vec<String>>,
    entrypoint: Option<Vec<String>>,
    user: String,
    working_dir: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct DescribedHost {
    shm_size: u64,
    tmpfs: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DescribedMount {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    source: String,
    destination: String,
    #[serde(rename = "RW")]
    writes: bool,
}

impl LoneContainer {
    /// Starts one called `name`, like the container with the id `like`. What is left of an earlier one of
    /// the name is removed first.
    ///
    /// # Errors
    /// [`Error::Call`], [`Error::Answer`].
    pub fn start(
        docker: &Docker,
        disk: &Disk,
        name: &str,
        like: &str,
        options: LoneOptions<'_>,
    ) -> Result<Self, Error> {
        Self::remove(docker, disk, name, options.dropped)?;
        let call = docker.call(["container", "inspect", "--format", "{{json .}}", like]);
        let described: Vec<Described> = Docker::json_lines("look at a container", &call)?;
        let described = described
            .into_iter()
            .next()
            .ok_or_else(|| Error::NotStartable {
                container: like.to_owned(),
                why: "it is gone".to_owned(),
            })?;
        announce(disk, "docker run", name)?;
        let lone = Self {
            docker: docker.clone(),
            name: name.to_owned(),
            dropped: options.dropped,
            is_over: false,
        };
        let mut call = docker.call_within(STARTING, ["run", "--detach", "--name", name]);
        call = call.args(["--network", "none", "--pull", "never"]);
        let known = image_env(docker, &described.image)?;
        let own = described.config.env.iter().flatten();
        for pair in own.filter(|pair| !known.contains(pair)) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            // By Docker's own environment, so that no list of processes shows it; but for what Docker
            // itself goes by.
            let is_dockers = name.starts_with("DOCKER_") || ["HOME", "PATH"].contains(&name);
            call = match is_dockers {
                true => call.arg("--env").arg(pair),
                false => call.arg("--env").arg(name).env(name, value).secret(value),
            };
        }
        for mount in &described.mounts {
            let hidden = options.without.map(Path::new);
            if hidden.is_some_and(|hidden| Path::new(&mount.destination).starts_with(hidden)) {
                continue;
            }
            if let Some(mount) = mount.option() {
                call = call.args(["--mount", &mount]);
            }
        }
        let tmpfs = described.host_config.tmpfs.iter().flatten();
        for (place, how) in tmpfs {
            call = call.arg("--tmpfs").arg(match how.is_empty() {
                true => place.clone(),
                false => format!("{place}:{how}"),
            });
        }
        call = call.args(options.without.iter().flat_map(|place| ["--tmpfs", place]));
        if described.host_config.shm_size > 0 {
            call = call.arg(format!("--shm-size={}", described.host_config.shm_size));
        }
        let DescribedConfig {
            cmd,
            entrypoint,
            user,
            working_dir,
            ..
        } = described.config;
        let told = [("--user", user), ("--workdir", working_dir)];
        for (option, value) in told.iter().filter(|(_, value)| !value.is_empty()) {
            call = call.args([*option, value]);
        }
        let (entrypoint, cmd) = match options.idle {
            true => {
                call = call.args(["--stop-signal", "TERM"]);
                let words = ["-c", IDLE].map(str::to_owned).to_vec();
                (Some(vec!["sh".to_owned()]), Some(words))
            }
            false => (entrypoint, cmd),
        };
        let cmd = match options.arguments {
            Some(added) => Some(added.added_to(cmd.unwrap_or_default())),
            None => cmd,
        };
        let mut words = entrypoint.unwrap_or_default().into_iter();
        if let Some(program) = words.next() {
            call = call.args(["--entrypoint", &program]);
        }
        let call = call
            .arg(&described.image)
            .args(words)
            .args(cmd.unwrap_or_default());
        call.run_well()
            .map_err(failed(&format!("start `{name}`")))?;
        Ok(lone)
    }

    /// Starts one of `image` called `name` that has these volumes, each with its place, and in which nothing runs but
    /// what it is told; root is who it is told by.
    ///
    /// # Errors
    /// [`Error::Call`].
    pub fn idle(
        docker: &Docker,
        disk: &Disk,
        name: &str,
        image: &str,
        volumes: &[(&str, &str)],
    ) -> Result<Self, Error> {
        Self::remove(docker, disk, name, ContainerEnd::AtOnce)?;
        announce(disk, "docker run", name)?;
        let lone = Self {
            docker: docker.clone(),
            name: name.to_owned(),
            dropped: ContainerEnd::InItsTime,
            is_over: false,
        };
        let call = docker.call_within(STARTING, ["run", "--detach", "--name", name]);
        let mut call = call
            .args(["--network", "none", "--pull", "never", "--user", "0"])
            .args(["--stop-signal", "TERM", "--entrypoint", "sh"]);
        for (volume, place) in volumes {
            let mount = DescribedMount {
                kind: "volume".to_owned(),
                name: Some((*volume).to_owned()),
                source: String::new(),
                destination: (*place).to_owned(),
                writes: true,
            };
            call = call.arg("--mount").args(mount.option());
        }
        let call = call.args([image, "-c", IDLE]);
        call.run_well()
            .map_err(failed(&format!("start `{name}`")))?;
        Ok(lone)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Stops it, in its own time, and removes it.
    ///
    /// # Errors
    /// [`Error::Call`] where it can't be stopped, or is there still.
    pub fn end(mut self, disk: &Disk) -> Result<(), Error> {
        self.is_over = true;
        Self::remove(&self.docker, disk, &self.name, ContainerEnd::InItsTime)
    }

    /// Ends and removes the container of that name, if there is one.
    ///
    /// # Errors
    /// Those of [`LoneContainer::end`].
    pub fn remove(
        docker: &Docker,
        disk: &Disk,
        name: &str,
        ending: ContainerEnd,
    ) -> Result<(), Error> {
        let is_there = |docker: &Docker| -> Result<Option<Container>, Error> {
            let all = Container::all(docker)?;
            Ok(all.into_iter().find(|one| one.name == name))
        };
        let Some(there) = is_there(docker)? else {
            return Ok(());
        };
        announce(disk, "docker rm", name)?;
        let what = format!("remove `{name}`");
        if there.running && ending == ContainerEnd::InItsTime {
            // A first process without a handler for the signal isn't helped by time.
            let time = match there.heeds_stop {
                Some(false) => DEAF,
                _ => ENDING,
            };
            let seconds = time.as_secs().to_string();
            let call = docker.call_within(ENDING + STARTING, ["stop", "--time", &seconds, name]);
            call.run_well().map_err(failed(&what))?;
        }
        let how: &[&str] = match ending {
            ContainerEnd::InItsTime => &["rm", "--volumes"],
            ContainerEnd::AtOnce => &["rm", "--volumes", "--force"],
        };
        let removed = docker.call(how).arg(name).run_well();
        match is_there(docker)? {
            None => Ok(()),
            Some(_) => removed.map(drop).map_err(failed(&what)),
        }
    }
}

impl Drop for LoneContainer {
    fn drop(&mut self) {
        if !self.is_over {
            // On the way out of a failure, which is what there is to tell.
            let _ = Self::remove(&self.docker, &Disk::new(), &self.name, self.dropped);
        }
    }
}

impl DescribedMount {
    /// As `--mount` takes it; nothing for what is the container's own.
    fn option(&self) -> Option<String> {
        let source = match self.kind.as_str() {
            "volume" => self.name.clone().filter(|name| !name.is_empty())?,
            "bind" => self.source.clone(),
            _ => return None,
        };
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let pair = |key: &str, value: &str| quoted(&format!("{key}={value}"));
        let fields = [
            format!("type={}", self.kind),
            pair("source", &source),
            pair("target", &self.destination),
        ];
        let read_only = (!self.writes).then(|| "readonly".to_owned());
        Some(
            fields
                .into_iter()
                .chain(read_only)
                .collect::<Vec<_>>()
                .join(","),
        )
    }
}

/// The last lines that a container said.
pub fn last_lines(docker: &Docker, container: &str) -> String {
    let said = docker.call(["logs", "--tail", "5", container]).run();
    said.map(|output| output.complaint()).unwrap_or_default()
}

/// The variables that the image itself brings.
fn image_env(docker: &Docker, image: &str) -> Result<Vec<String>, Error> {
    let format = "{{json .Config.Env}}";
    let call = docker.call(["image", "inspect", "--format", format, image]);
    let found: Vec<Option<Vec<String>>> = Docker::json_lines("look at an image", &call)?;
    Ok(found.into_iter().flatten().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_is_the_same_whatever_its_name() {
        let mount = |kind: &str, name: Option<&str>, writes| DescribedMount {
            kind: kind.to_owned(),
            name: name.map(str::to_owned),
            source: "/srv/a,b".to_owned(),
            destination: "/data".to_owned(),
            writes,
        };
        assert_eq!(
            mount("volume", Some("v1_db"), true).option().unwrap(),
            r#"type=volume,"source=v1_db","target=/data""#
        );
        assert_eq!(
            mount("bind", None, false).option().unwrap(),
            r#"type=bind,"source=/srv/a,b","target=/data",readonly"#
        );
        assert_eq!(mount("tmpfs", None, true).option(), None);
    }
}
