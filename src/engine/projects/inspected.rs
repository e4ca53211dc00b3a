//! Containers as `docker inspect` tells of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use crate::engine::program::last_lines;
use crate::engine::{Docker, Error, Health};

const WHAT: &str = "list the containers";

/// What the engine tells of the containers that `filter` lets through.
pub(crate) fn inspected(
    docker: &Docker,
    filter: &[&str],
) -> Result<Vec<InspectedContainer>, Error> {
    Docker::inspected(|| list(docker, filter), |ids| inspect(docker, ids))
}

fn list(docker: &Docker, filter: &[&str]) -> Result<Vec<String>, Error> {
    let call = docker.call(["ps", "--all", "--no-trunc", "--format", "{{json .}}"]);
    let call = call.args(filter);
    let rows: Vec<ContainerRow> = Docker::json_lines(WHAT, &call)?;
    let mut ids: Vec<_> = rows.into_iter().map(|row| row.id).collect();
    ids.sort();
    Ok(ids)
}

fn inspect(docker: &Docker, ids: &[String]) -> Result<Vec<InspectedContainer>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let call = docker
        .call(["container", "inspect", "--format", "{{json .}}"])
        .args(ids);
    let found: Vec<InspectedContainer> = Docker::json_lines(WHAT, &call)?;
    if found.len() != ids.len() {
        return Err(Error::BadReply {
            what: WHAT.to_owned(),
            command: call.shown(),
            said: format!("told of {} containers out of {}", found.len(), ids.len()),
        });
    }
    Ok(found)
}

#[derive(Deserialize)]
struct ContainerRow {
    #[serde(rename = "ID")]
    id: String,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InspectedContainer {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) image: String,
    pub(crate) state: ContainerState,
    #[serde(default)]
    pub(crate) restart_count: u64,
    #[serde(default)]
    pub(crate) mounts: Vec<InspectedMount>,
    #[serde(default)]
    pub(crate) config: ContainerConfig,
    #[serde(default)]
    pub(crate) network_settings: NetworkSettings,
    #[serde(default)]
    pub(crate) host_config: HostConfig,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct HostConfig {
    /// By the path inside.
    pub(crate) tmpfs: Option<BTreeMap<String, String>>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ContainerState {
    #[serde(default)]
    pub(crate) status: String,
    pub(crate) running: bool,
    #[serde(default)]
    pub(crate) paused: bool,
    #[serde(default)]
    pub(crate) restarting: bool,
    /// Of its first process, where the engine is; 0 where it has none.
    #[serde(default)]
    pub(crate) pid: u32,
    #[serde(default)]
    pub(crate) exit_code: i32,
    /// When it was started last.
    #[serde(default)]
    pub(crate) started_at: String,
    #[serde(default)]
    pub(crate) health: Option<InspectedHealth>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InspectedHealth {
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) log: Option<Vec<CheckRun>>,
}

/// One run of a health check.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CheckRun {
    /// When it had ended.
    #[serde(default)]
    pub(crate) end: String,
    #[serde(default)]
    pub(crate) exit_code: i32,
    #[serde(default)]
    pub(crate) output: String,
}

impl InspectedHealth {
    /// The last lines that the check printed, the last time that it ran.
    pub(crate) fn said(&self) -> Option<String> {
        let last = self.log.as_ref()?.last()?;
        Some(last_lines(&last.output)).filter(|said| !said.is_empty())
    }

    pub(crate) fn health(&self) -> Option<Health> {
        match self.status.as_str() {
            "starting" => Some(Health::Starting),
            "healthy" => Some(Health::Healthy),
            "unhealthy" => Some(Health::Unhealthy),
            _ => None,
        }
    }
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InspectedMount {
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) source: PathBuf,
    #[serde(default)]
    pub(crate) destination: PathBuf,
    #[serde(rename = "RW")]
    pub(crate) writes: bool,
}

impl InspectedMount {
    /// False for a tmpfs, which has neither name nor source, and is nobody else's.
    pub(crate) fn has_source(&self) -> bool {
        let is_named = self.name.as_ref().is_some_and(|name| !name.is_empty());
        is_named || !self.source.as_os_str().is_empty()
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct ContainerConfig {
    pub(crate) labels: Option<BTreeMap<String, String>>,
    pub(crate) stop_timeout: Option<u64>,
    pub(crate) stop_signal: Option<String>,
    pub(crate) healthcheck: Option<HealthCheck>,
    /// `NAME=value` each.
    pub(crate) env: Option<Vec<String>>,
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct HealthCheck {
    pub(crate) test: Option<Vec<String>>,
    /// In nanoseconds; 0 for the engine's own.
    pub(crate) interval: u64,
    /// For how long after its start it doesn't count that it fails.
    pub(crate) start_period: u64,
    /// The interval meanwhile; 0 for the engine's own.
    pub(crate) start_interval: u64,
}

impl ContainerConfig {
    /// The variables of its environment.
    pub(crate) fn environment(&self) -> BTreeMap<String, String> {
        let pairs = self.env.iter().flatten();
        let pairs = pairs.filter_map(|pair| pair.split_once('='));
        let owned = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        owned.collect()
    }
}

#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct NetworkSettings {
    /// By the port inside, `80/tcp`; null where it isn't published.
    pub(crate) ports: Option<BTreeMap<String, Option<Vec<Published>>>>,
    pub(crate) networks: BTreeMap<String, Endpoint>,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Published {
    pub(crate) host_ip: String,
    pub(crate) host_port: String,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Endpoint {
    #[serde(default)]
    pub(crate) aliases: Option<Vec<String>>,
    #[serde(rename = "IPAddress", default)]
    pub(crate) address: String,
    #[serde(rename = "DNSNames", default)]
    pub(crate) dns_names: Option<Vec<String>>,
}

impl Endpoint {
    pub(crate) fn names(&self) -> impl Iterator<Item = String> {
        let lists = [&self.aliases, &self.dns_names];
        lists.into_iter().flatten().flatten().cloned()
    }
}
