//! The networks of a rehearsal's clone: nothing on them reaches the engine's machine, nor is reached from there.

use std::net::Ipv4Addr;

use serde::Deserialize;

use super::client::Helper;
use crate::engine::docker::failed;
use crate::engine::projects::compose::announce;
use crate::engine::{Docker, Error};
use crate::error::with_causes;
use crate::fs::Disk;

/// Has an engine give its machine no address on the network. One that doesn't know it passes it over, so it is
/// looked at whether it has one.
pub const NO_ADDRESS: &str = "com.docker.network.bridge.inhibit_ipv4";

/// Networks that lead nowhere.
#[derive(Debug, Clone, Default)]
pub struct ShutNetworks {
    /// Their names.
    pub(super) names: Vec<String>,
    /// What the engine's machine would have as addresses on them.
    pub(super) hosts: Vec<Ipv4Addr>,
    /// Why that machine takes in what is sent to everybody there, where it does.
    pub(super) hears: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedBridge {
    id: String,
    #[serde(rename = "IPAM")]
    ipam: InspectedAddresses,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedAddresses {
    config: Option<Vec<InspectedSubnet>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedSubnet {
    subnet: String,
    gateway: Option<String>,
}

impl InspectedBridge {
    /// The device of the engine's machine that it is.
    fn device(&self) -> String {
        let short: String = self.id.chars().take(12).collect();
        format!("br-{short}")
    }
}

impl InspectedSubnet {
    /// The address that the engine's machine would have, if it is one of IPv4.
    fn host(&self) -> Option<Ipv4Addr> {
        let address = |text: &str| text.split('/').next()?.parse::<Ipv4Addr>().ok();
        let given = self.gateway.as_deref().and_then(address);
        given.or_else(|| {
            let first = u32::from(address(&self.subnet)?).checked_add(1)?;
            Some(first.into())
        })
    }
}

impl ShutNetworks {
    /// Makes networks of these names, and shuts them off from the engine's machine.
    pub(super) fn make(
        docker: &Docker,
        helper: &Helper,
        disk: &Disk,
        names: &[String],
    ) -> Result<Self, Error> {
        for name in names {
            announce(disk, "docker network create", name)?;
            let option = format!("{NO_ADDRESS}=true");
            let call = docker
                .call(["network", "create", "--internal", "--ipv6=false"])
                .args(["--opt", &option, name]);
            let what = format!("make network `{name}`");
            call.run_well().map_err(failed(&what))?;
        }
        let call = docker.call(["network", "inspect", "--format", "{{json .}}"]);
        let inspected: Vec<InspectedBridge> =
            Docker::json_lines("look at the clone's networks", &call.args(names))?;
        let subnets = inspected
            .iter()
            .flat_map(|one| one.ipam.config.iter().flatten());
        Ok(Self {
            names: names.to_vec(),
            hosts: subnets.filter_map(InspectedSubnet::host).collect(),
            hears: hears(docker, helper, disk, &inspected),
        })
    }

    /// Why the engine's machine takes in what is sent to everybody there, where it does.
    pub fn hears(&self) -> Option<&str> {
        self.hears.as_deref()
    }
}

/// Shuts the devices off; why that isn't so, where it isn't.
fn hears(
    docker: &Docker,
    helper: &Helper,
    disk: &Disk,
    networks: &[InspectedBridge],
) -> Option<String> {
    let devices: Vec<String> = networks.iter().map(InspectedBridge::device).collect();
    if let Err(error) = announce(disk, "docker run", "shut") {
        return Some(with_causes(&error));
    }
    let call = docker
        .call(["run", "--rm", "--pull", "never", "--network", "host"])
        .args(["--user", "0:0", "--userns", "host", "--read-only"])
        .args(["--cap-drop", "ALL", "--cap-add", "NET_ADMIN"])
        // Else the kernel's settings can't be written whatever its rights.
        .args(["--security-opt", "systempaths=unconfined"])
        .args(["--security-opt", "apparmor=unconfined"])
        .args([
            "--entrypoint",
            "/transship",
            helper.image(),
            "helper",
            "shut",
        ])
        .args(&devices);
    match call.run_well() {
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machines_address_is_the_gateway_or_the_first() {
        let host = |subnet: &str, gateway: Option<&str>| {
            let subnet = InspectedSubnet {
                subnet: subnet.to_owned(),
                gateway: gateway.map(str::to_owned),
            };
            subnet.host().map(|host| host.to_string())
        };
        for (subnet, gateway, expect) in [
            ("172.18.0.0/16", Some("172.18.0.254"), Some("172.18.0.254")),
            ("172.18.0.0/16", Some("172.18.0.1/16"), Some("172.18.0.1")),
            ("172.18.0.0/16", None, Some("172.18.0.1")),
            ("172.18.0.0/16", Some(""), Some("172.18.0.1")),
            ("fd00::/64", Some("fd00::1"), None),
        ] {
            assert_eq!(
                host(subnet, gateway).as_deref(),
                expect,
                "{subnet} {gateway:?}"
            );
        }
    }
}
