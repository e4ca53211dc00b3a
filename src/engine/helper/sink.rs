//! A helper's container that stays for a while, on networks that lead nowhere, and answers there for the
//! outside (`rehearsal::sink`). It is given no volume, and what it says is its log.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::Path;
use std::thread;
use std::time::Duration;

use serde::Deserialize;

use super::client::Helper;
use super::shut_network::ShutNetworks;
use crate::clock::Stopwatch;
use crate::engine::docker::failed;
use crate::engine::program::Invocation;
use crate::engine::projects::compose::announce;
use crate::engine::{Docker, Error};
use crate::fs::Disk;

/// How long it may take until it listens.
const BEGINNING: Duration = Duration::from_secs(30);

/// The image that a sink is made of, on the engine.
pub struct SinkImage {
    pub(super) docker: Docker,
    pub(super) helper: Helper,
}

/// A sink, in its container. It stays until the container is removed.
#[derive(Debug, Clone)]
pub struct SinkContainer {
    docker: Docker,
    name: String,
}

impl SinkImage {
    /// Brings the program, `given` or found, to the engine.
    ///
    /// # Errors
    /// [`Error::Helper`] where there is none for it, and those of asking the engine.
    pub fn bring(docker: &Docker, given: Option<&Path>) -> Result<Self, Error> {
        let server = docker.server()?;
        let brought = Helper::bring(docker, &server, given);
        let helper = brought.map_err(|source| Error::Helper {
            what: "listen".to_owned(),
            left: None,
            source: Box::new(source),
        })?;
        Ok(Self {
            docker: docker.clone(),
            helper,
        })
    }

    /// Makes a container that may do next to nothing, as a compose project of its name: for user `user`, with
    /// so many processes. What it says is kept line by line.
    pub(super) fn container(&self, name: &str, user: &str, processes: u32) -> Invocation {
        self.docker
            .call(["create", "--pull", "never", "--name", name])
            .args(["--label", &format!("com.docker.compose.project={name}")])
            .args(["--entrypoint", "/transship", "--user", user])
            .args(["--log-driver", "json-file", "--read-only"])
            .args(["--security-opt", "no-new-privileges", "--cap-drop", "ALL"])
            .args(["--pids-limit", &processes.to_string()])
    }

    /// Makes networks of these names that lead nowhere.
    ///
    /// # Errors
    /// [`Error::Call`], [`Error::Answer`].
    pub fn networks(&self, disk: &Disk, names: &[String]) -> Result<ShutNetworks, Error> {
        ShutNetworks::make(&self.docker, &self.helper, disk, names)
    }

    /// Starts one of this name on these networks. `own` are names that are not the outside's. It is a compose
    /// project of its name, and removed as one.
    ///
    /// # Errors
    /// [`Error::Call`]; [`Error::Answer`]; [`Error::BadReply`] where it doesn't listen.
    pub fn start(
        &self,
        disk: &Disk,
        name: &str,
        networks: &ShutNetworks,
        own: &[String],
    ) -> Result<SinkContainer, Error> {
        let docker = &self.docker;
        let what = || format!("start `{name}`, which listens");
        announce(disk, "docker create", name)?;
        let mut call = self
            .container(name, "0:0", 400)
            // Ports below 1024, and a look at what goes to all others.
            .args(["--cap-add", "NET_BIND_SERVICE", "--cap-add", "NET_RAW"]);
        if let Some(first) = networks.names.first() {
            call = call.args(["--network", first]);
        }
        let hosts = networks.hosts.iter().map(|host| format!("--host={host}"));
        let hosts: Vec<String> = hosts.collect();
        let call = call.args([self.helper.image(), "helper", "sink"]);
        let call = call.args(&hosts).args(own);
        call.run_well().map_err(failed(&what()))?;
        for network in networks.names.iter().skip(1) {
            let call = docker.call(["network", "connect", network, name]);
            call.run_well().map_err(failed(&what()))?;
        }
        docker
            .call(["start", name])
            .run_well()
            .map_err(failed(&what()))?;
        wait_until_ready(docker, name)?;
        Ok(SinkContainer {
            docker: docker.clone(),
            name: name.to_owned(),
        })
    }
}

/// Waits until a container of transship's own says that it is ready.
pub(super) fn wait_until_ready(docker: &Docker, name: &str) -> Result<(), Error> {
    let watch = Stopwatch::start();
    let is_ready = |said: &str| said.lines().any(|line| line.starts_with("ready"));
    while !is_ready(&said(docker, name)?) {
        if watch.elapsed() > BEGINNING {
            return Err(Error::BadReply {
                what: format!("start `{name}`"),
                command: "docker logs".to_owned(),
                said: "doesn't say that it listens".to_owned(),
            });
        }
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn said(docker: &Docker, name: &str) -> Result<String, Error> {
    let call = docker.call(["logs", name]);
    let said = call
        .run_well()
        .map_err(failed("read what was heard in the clone"))?;
    Ok(String::from_utf8_lossy(&said.stdout).into_owned())
}

impl SinkContainer {
    /// Its address on each of its networks, by their names.
    ///
    /// # Errors
    /// [`Error::Call`], [`Error::Answer`].
    pub fn addresses(&self) -> Result<BTreeMap<String, Ipv4Addr>, Error> {
        #[derive(Deserialize)]
        struct AddressOn {
            #[serde(rename = "IPAddress")]
            address: Ipv4Addr,
        }
        let format = "{{json .NetworkSettings.Networks}}";
        let call = self
            .docker
            .call(["container", "inspect", "--format", format, &self.name]);
        let found: Vec<BTreeMap<String, AddressOn>> =
            Docker::json_lines("ask for the addresses of who listens", &call)?;
        let found = found.into_iter().flatten();
        Ok(found.map(|(name, on)| (name, on.address)).collect())
    }

    /// All that it has said until now.
    ///
    /// # Errors
    /// [`Error::Call`].
    pub fn said(&self) -> Result<String, Error> {
        said(&self.docker, &self.name)
    }

    /// The addresses that the engine's machine has on its networks: there must be none.
    ///
    /// # Errors
    /// [`Error::Call`].
    pub fn reaches(&self) -> Result<Vec<String>, Error> {
        const REACHES: &str = "reaches the machine at ";
        let said = self.said()?;
        let reached = said.lines().filter_map(|line| line.strip_prefix(REACHES));
        Ok(reached.map(str::to_owned).collect())
    }
}
