//! Containers as `docker inspect` tells of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::{Docker, Error, Health};

const WHAT: &str = "list the containers";

/// What the engine tells of the containers that `filter` lets through.
pub(super) fn inspected(docker: &Docker, filter: &[&str]) -> Result<Vec<Inspected>, Error> {
    Docker::inspected(|| list(docker, filter), |ids| inspect(docker, ids))
}

fn list(docker: &Docker, filter: &[&str]) -> Result<Vec<String>, Error> {
    let call = docker.call(["ps", "--all", "--no-trunc", "--format", "{{json .}}"]);
    let call = call.args(filter);
    let rows: Vec<Row> = Docker::json_lines(WHAT, &call)?;
    let mut ids: Vec<_> = rows.into_iter().map(|row| row.id).collect();
    ids.sort();
    Ok(ids)
}

fn inspect(docker: &Docker, ids: &[String]) -> Result<Vec<Inspected>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let call = docker
        .call(["container", "inspect", "--format", "{{json .}}"])
        .args(ids);
    let found: Vec<Inspected> = Docker::json_lines(WHAT, &call)?;
    if found.len() != ids.len() {
        return Err(Error::Nonsense {
            what: WHAT.to_owned(),
            command: call.shown(),
            said: format!("told of {} containers out of {}", found.len(), ids.len()),
        });
    }
    Ok(found)
}

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "ID")]
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Inspected {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) state: State,
    #[serde(default)]
    pub(super) restart_count: u64,
    #[serde(default)]
    pub(super) mounts: Vec<Mounted>,
    #[serde(default)]
    pub(super) config: Config,
    #[serde(default)]
    pub(super) network_settings: NetworkSettings,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct State {
    #[serde(default)]
    pub(super) status: String,
    pub(super) running: bool,
    #[serde(default)]
    pub(super) paused: bool,
    #[serde(default)]
    pub(super) restarting: bool,
    #[serde(default)]
    pub(super) exit_code: i32,
    #[serde(default)]
    pub(super) health: Option<Checked>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Checked {
    pub(super) status: String,
}

impl Checked {
    pub(super) fn health(&self) -> Option<Health> {
        match self.status.as_str() {
            "starting" => Some(Health::Starting),
            "healthy" => Some(Health::Healthy),
            "unhealthy" => Some(Health::Unhealthy),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Mounted {
    #[serde(default)]
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) source: PathBuf,
    #[serde(rename = "RW")]
    pub(super) writes: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Config {
    pub(super) labels: Option<BTreeMap<String, String>>,
    pub(super) stop_timeout: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct NetworkSettings {
    /// By the port inside, `80/tcp`; null where it isn't published.
    pub(super) ports: Option<BTreeMap<String, Option<Vec<Published>>>>,
    pub(super) networks: BTreeMap<String, Endpoint>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Published {
    pub(super) host_ip: String,
    pub(super) host_port: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Endpoint {
    #[serde(default)]
    pub(super) aliases: Option<Vec<String>>,
    #[serde(rename = "DNSNames", default)]
    pub(super) dns_names: Option<Vec<String>>,
}

impl Endpoint {
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let lists = [&self.aliases, &self.dns_names];
        lists.into_iter().flatten().flatten().cloned()
    }
}
