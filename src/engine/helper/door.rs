//! A helper's container that stands on the networks of a rehearsal's clone and on one of its own, and passes on
//! what comes to its ports (`rehearsal::door`). The engine publishes these on the machine's own address alone.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::sink::{SinkImage, wait_until_ready};
use crate::engine::docker::failed;
use crate::engine::projects::compose::announce;
use crate::engine::{Docker, Error};
use crate::fs::Disk;

/// The first of its ports.
const FIRST: u16 = 1000;

/// Where a door's ports are published.
#[derive(Debug, Deserialize)]
struct PublishedAt {
    #[serde(rename = "HostPort")]
    port: String,
}

impl SinkImage {
    /// Starts a door of this name on these networks, and one of its own, for `ways`, a service and its port
    /// each; gives for each the machine's port. It is a compose project of its name, and removed as one.
    ///
    /// # Errors
    /// [`Error::Call`]; [`Error::Answer`]; [`Error::BadReply`] where it doesn't open.
    pub fn open_door(
        &self,
        disk: &Disk,
        name: &str,
        networks: &[String],
        ways: &[(String, u16)],
    ) -> Result<BTreeMap<String, u16>, Error> {
        let docker = &self.docker;
        let what = format!("open a way into the clone, `{name}`");
        announce(disk, "docker network create", name)?;
        let call = docker.call(["network", "create", "--ipv6=false", name]);
        call.run_well().map_err(failed(&what))?;
        announce(disk, "docker create", name)?;
        let mut call = self
            .container(name, "65534:65534", 1000)
            // It passes on what it has taken itself, and nothing else; who isn't there is asked of nobody.
            .args(["--sysctl", "net.ipv4.ip_forward=0", "--dns", "127.0.0.1"])
            .args(["--network", name]);
        let numbered = ways.iter().zip(FIRST..);
        for (_, port) in numbered.clone() {
            call = call.args(["--publish", &format!("127.0.0.1::{port}")]);
        }
        let words = numbered
            .clone()
            .map(|((service, target), port)| format!("{port}={service}:{target}"));
        let words: Vec<String> = words.collect();
        let call = call
            .args([self.helper.image(), "helper", "door"])
            .args(&words);
        call.run_well().map_err(failed(&what))?;
        for network in networks {
            let call = docker.call(["network", "connect", network, name]);
            call.run_well().map_err(failed(&what))?;
        }
        let call = docker.call(["start", name]);
        call.run_well().map_err(failed(&what))?;
        wait_until_ready(docker, name)?;
        let format = "{{json .NetworkSettings.Ports}}";
        let call = docker.call(["container", "inspect", "--format", format, name]);
        let found: Vec<BTreeMap<String, Option<Vec<PublishedAt>>>> =
            Docker::json_lines("ask for the ports of the way into the clone", &call)?;
        let found: BTreeMap<_, _> = found.into_iter().flatten().collect();
        let published = numbered.filter_map(|((service, target), port)| {
            let at = found.get(&format!("{port}/tcp"))?.as_ref()?.first()?;
            Some((format!("{service}:{target}"), at.port.parse().ok()?))
        });
        Ok(published.collect())
    }
}
