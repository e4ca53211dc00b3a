//! How the releases of a rehearsal's clone come up beside those of the install that it was cloned from:
//! names of their own, no port of the host's, networks that lead nowhere, and copies of the folders of
//! the host that they write. The clone's files are as the install's; Compose is given one more that says
//! so.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::compose::{Model, Network, Service};
use crate::document::{self, DocumentError, DocumentFormat};
use crate::engine::NO_ADDRESS;
use crate::fs::Disk;
use crate::release::Install;

/// The format of `.transship/clone`. Each version has a file in `fixtures/formats/`.
pub const FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-clone",
    version: 3,
    oldest: 1,
};

/// What of a clone is called, and is, otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CloneBindings {
    /// What stands before names, with a hyphen.
    pub tag: String,
    /// Folders and files of the host that the releases mount, with the clone's copies of them.
    pub outside: BTreeMap<PathBuf, PathBuf>,
    /// The clone's networks that are there already, each with the address of who answers there for the
    /// outside.
    #[serde(default)]
    pub sinks: BTreeMap<String, Ipv4Addr>,
    /// Where this machine leads to the clone's services: its port for each `SERVICE:PORT`.
    #[serde(default)]
    pub doors: BTreeMap<String, u16>,
}

/// The network of a clone's services that are on the engine's own, `bridge`, which leads to the outside.
const INSTEAD_OF_BRIDGE: &str = "transship-bridge";

/// Where nobody answers names, so that the engine asks no server of the host's for them.
const NOBODY: Ipv4Addr = Ipv4Addr::LOCALHOST;

impl CloneBindings {
    fn file(install: &Install) -> PathBuf {
        install.own("clone")
    }

    /// Those of the install; nothing where it is no clone.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn of(install: &Install) -> Result<Option<Self>, DocumentError> {
        let file = Self::file(install);
        match file.symlink_metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            _ => document::load(FORMAT, &file).map(Some),
        }
    }

    /// Makes the install a clone.
    ///
    /// # Errors
    /// [`DocumentError::Write`].
    pub fn save(&self, disk: &Disk, install: &Install) -> Result<(), DocumentError> {
        document::save(disk, FORMAT, &Self::file(install), self)
    }

    /// The clone's name for what is called `name`; the same again for the clone's.
    pub fn name(&self, name: &str) -> String {
        match name
            .strip_prefix(&self.tag)
            .is_some_and(|rest| rest.starts_with('-'))
        {
            true => name.to_owned(),
            false => format!("{}-{name}", self.tag),
        }
    }

    /// The model with no service on a network that leads out of the clone: those that are on the engine's
    /// own get one that doesn't. Whoever is on the host's, or on another container's, can't be cloned.
    pub fn shut_in(model: &Model) -> Model {
        let mut model = model.clone();
        let mut moved = Vec::new();
        for (name, service) in &mut model.services {
            if is_on_bridge(service) {
                service.network_mode = None;
                service.networks = [(INSTEAD_OF_BRIDGE.to_owned(), Vec::new())].into();
                moved.push(name.clone());
            }
        }
        if !moved.is_empty() {
            let network = Network {
                used_by: moved,
                ..Network::implicit(INSTEAD_OF_BRIDGE.to_owned())
            };
            let key = INSTEAD_OF_BRIDGE.to_owned();
            model.networks.insert(key, network);
        }
        model
    }

    /// Has the model be that of the clone.
    pub(crate) fn bind(&self, model: &mut Model) {
        *model = Self::shut_in(model);
        for service in model.services.values_mut() {
            service.container_name = service.container_name.as_ref().map(|name| self.name(name));
            service.ports.clear();
        }
        for volume in model.volumes.values_mut() {
            volume.name = self.name(&volume.name);
        }
        for network in model.networks.values_mut() {
            network.name = self.name(&network.name);
            network.external = self.sinks.contains_key(&network.name);
            network.subnets.clear();
        }
        for bind in &mut model.binds {
            if let Some(copy) = self.copy_of(&bind.source) {
                bind.source = copy;
            }
        }
    }

    /// What Compose is told, beside the files of `unbound`.
    pub(super) fn compose_file(&self, unbound: &Model) -> String {
        let model = &Self::shut_in(unbound);
        let mut text = String::from("services:\n");
        for (name, service) in model.services.iter().filter(|(_, one)| one.enabled) {
            let mut lines = String::new();
            if let Some(container) = &service.container_name {
                let _ = writeln!(
                    lines,
                    "    container_name: {}",
                    quoted(&self.name(container))
                );
            }
            if is_on_bridge(&unbound.services[name]) {
                lines.push_str("    network_mode: !reset null\n");
            }
            lines.push_str(&networks_of(service, &own_hosts(model, service)));
            lines.push_str(&self.hosts_of(service, model));
            if !service.ports.is_empty() {
                lines.push_str("    ports: !reset []\n");
            }
            lines.push_str(&self.names_of(service, model));
            let own = model.binds.iter().filter(|bind| bind.service == *name);
            let copied = own.filter_map(|bind| Some((bind, self.copy_of(&bind.source)?)));
            for (number, (bind, copy)) in copied.enumerate() {
                if number == 0 {
                    lines.push_str("    volumes:\n");
                }
                let (source, target) = (quoted(&copy.to_string_lossy()), quoted(&bind.target));
                let how = bind.read_only;
                let _ = writeln!(
                    lines,
                    "    - {{type: bind, source: {source}, target: {target}, read_only: {how}}}"
                );
            }
            match lines.is_empty() {
                true => {
                    let _ = writeln!(text, "  {}: {{}}", quoted(name));
                }
                false => {
                    let _ = writeln!(text, "  {}:\n{lines}", quoted(name).trim_end());
                }
            }
        }
        let used = |network: &Network| !network.used_by.is_empty();
        if model.networks.values().any(used) {
            text.push_str("networks:\n");
        }
        for (key, network) in model.networks.iter().filter(|(_, network)| used(network)) {
            let name = self.name(&network.name);
            if self.sinks.contains_key(&name) {
                let (key, name) = (quoted(key), quoted(&name));
                let _ = writeln!(text, "  {key}: !override {{name: {name}, external: true}}");
                continue;
            }
            let (key, name) = (quoted(key), quoted(&name));
            // Neither its addresses, which the original has, nor a driver that puts it on the host's network.
            let shut = format!("internal: true, driver_opts: {{{NO_ADDRESS}: \"true\"}}");
            let _ = writeln!(text, "  {key}: !override {{name: {name}, {shut}}}");
        }
        if !model.volumes.is_empty() {
            text.push_str("volumes:\n");
        }
        for (key, volume) in &model.volumes {
            let name = self.name(&volume.name);
            let _ = writeln!(text, "  {}: {{name: {}}}", quoted(key), quoted(&name));
        }
        text
    }

    /// Who answers names that no service of the clone has; nothing where the service is on no network.
    fn names_of(&self, service: &Service, model: &Model) -> String {
        // The engine asks no more of them.
        const MOST: usize = 3;
        if service.networks.is_empty() {
            return String::new();
        }
        let mut sinks: Vec<_> = self.sinks_of(service, model).take(MOST).collect();
        if sinks.is_empty() {
            sinks.push(&NOBODY);
        }
        let sinks: Vec<_> = sinks.iter().map(|sink| quoted(&sink.to_string())).collect();
        let sinks = sinks.join(", ");
        format!("    dns: !override [{sinks}]\n    dns_search: !override [\".\"]\n")
    }

    /// Who answers for the outside on the networks of a service.
    fn sinks_of<'a>(
        &'a self,
        service: &'a Service,
        model: &'a Model,
    ) -> impl Iterator<Item = &'a Ipv4Addr> {
        service.networks.keys().filter_map(|key| {
            let network = model.networks.get(key)?;
            self.sinks.get(&self.name(&network.name))
        })
    }

    /// The names that a service has addresses for: what isn't itself leads to who answers for the outside, and
    /// what is the clone's is found by name.
    fn hosts_of(&self, service: &Service, model: &Model) -> String {
        if service.extra_hosts.is_empty() || service.networks.is_empty() {
            return String::new();
        }
        let is_fixed = |address: &str| !fixed_at(model, address).is_empty();
        let instead = self.sinks_of(service, model).next().unwrap_or(&NOBODY);
        let hosts = service.extra_hosts.iter().filter_map(|(host, address)| {
            let is_itself = address.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
            let address = match is_itself {
                true => address.clone(),
                false if is_fixed(address) => return None,
                false => instead.to_string(),
            };
            Some(quoted(&format!("{host}={address}")))
        });
        let hosts: Vec<String> = hosts.collect();
        format!("    extra_hosts: !override [{}]\n", hosts.join(", "))
    }

    /// Where an install has what is at `path`: a clone has a copy of what is the host's.
    ///
    /// # Errors
    /// [`DocumentError`]: it can't be known whether the install is a clone.
    pub fn place(install: &Install, path: &Path) -> Result<PathBuf, DocumentError> {
        let copy = match path.is_absolute() {
            true => Self::of(install)?.and_then(|clone| clone.copy_of(path)),
            false => None,
        };
        Ok(copy.unwrap_or_else(|| install.root().join(path)))
    }

    /// Where the copy of something of the host is.
    pub fn copy_of(&self, path: &Path) -> Option<PathBuf> {
        let mut above = self.outside.iter().filter_map(|(from, to)| {
            let rest = path.strip_prefix(from).ok()?;
            Some(match rest.as_os_str().is_empty() {
                true => to.clone(),
                false => to.join(rest),
            })
        });
        above.next_back()
    }
}

/// Whether it is on the engine's own network, which leads to the outside.
fn is_on_bridge(service: &Service) -> bool {
    let mode = service.network_mode.as_deref();
    matches!(mode, Some("bridge" | "default"))
}

/// The keys of the services' networks on which an address is fixed, with the services.
fn fixed_at<'a>(model: &'a Model, address: &str) -> Vec<(&'a String, &'a String)> {
    let Ok(address) = address.parse::<IpAddr>() else {
        return Vec::new();
    };
    let services = model.services.iter();
    let each = services.flat_map(|(name, service)| {
        let fixed = service.fixed.iter();
        let its = fixed.filter(move |(_, endpoint)| endpoint.addresses.contains(&address));
        its.map(move |(network, _)| (name, network))
    });
    each.collect()
}

/// The names that services have for the fixed addresses of this one, by the network.
fn own_hosts<'a>(model: &'a Model, service: &Service) -> BTreeMap<String, BTreeSet<&'a String>> {
    let all = model.services.values().flat_map(|one| &one.extra_hosts);
    let mut found: BTreeMap<String, BTreeSet<&String>> = BTreeMap::new();
    for (host, address) in all {
        for (name, network) in fixed_at(model, address) {
            if model.services[name].at == service.at {
                found.entry(network.clone()).or_default().insert(host);
            }
        }
    }
    found
}

/// The networks of a service, without addresses there; others may call it by its container's name, too, and by
/// what they call its address.
fn networks_of(service: &Service, hosts: &BTreeMap<String, BTreeSet<&String>>) -> String {
    let mut lines = String::new();
    for (number, (network, aliases)) in service.networks.iter().enumerate() {
        if number == 0 {
            lines.push_str("    networks: !override\n");
        }
        let hosts = hosts.get(network).into_iter().flatten().copied();
        let aliases = aliases.iter().chain(&service.container_name).chain(hosts);
        let aliases: Vec<_> = aliases.map(|name| quoted(name)).collect();
        let (key, aliases) = (quoted(network), aliases.join(", "));
        let mac = service.fixed.get(network).and_then(|one| one.mac.as_ref());
        let mac = mac.map(|mac| format!(", mac_address: {}", quoted(mac)));
        let mac = mac.unwrap_or_default();
        let _ = writeln!(lines, "      {key}: {{aliases: [{aliases}]{mac}}}");
    }
    lines
}

/// As a scalar of YAML: JSON's strings are.
fn quoted(text: &str) -> String {
    // `$` would begin a variable.
    serde_json::Value::String(text.replace('$', "$$")).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compose::LoadOptions;

    const FILE: &str = "\
services:
  web:
    image: a/web:1
    container_name: shop
    ports: ['8080:80']
    networks: {front: {aliases: [www]}}
    volumes: ['data:/d', '/srv/x/y:/x', './conf:/conf:ro']
  db: {image: a/db:1}
networks:
  front: {name: fr, ipam: {config: [{subnet: 10.9.0.0/24}]}}
volumes: {data: {name: v1_data}}
";

    fn model(text: &str) -> Model {
        let options = LoadOptions {
            project: Some("t-shop".to_owned()),
            environment: BTreeMap::new(),
            ..LoadOptions::default()
        };
        let read = |_: &Path| Ok(text.as_bytes().to_vec());
        Model::load_with(&[PathBuf::from("/i/docker-compose.yml")], &options, &read).unwrap()
    }

    fn bindings() -> CloneBindings {
        CloneBindings {
            tag: "t".to_owned(),
            outside: [("/srv/x".into(), "/clone/0".into())].into(),
            ..CloneBindings::default()
        }
    }

    #[test]
    fn a_clone_has_names_of_its_own_no_ports_and_networks_that_lead_nowhere() {
        assert_eq!(
            bindings().compose_file(&model(FILE)),
            "\
services:
  \"db\":
    networks: !override
      \"default\": {aliases: []}
    dns: !override [\"127.0.0.1\"]
    dns_search: !override [\".\"]

  \"web\":
    container_name: \"t-shop\"
    networks: !override
      \"front\": {aliases: [\"www\", \"shop\"]}
    ports: !reset []
    dns: !override [\"127.0.0.1\"]
    dns_search: !override [\".\"]
    volumes:
    - {type: bind, source: \"/clone/0/y\", target: \"/x\", read_only: false}

networks:
  \"default\": !override {name: \"t-shop_default\", internal: true, driver_opts: {com.docker.network.bridge.inhibit_ipv4: \"true\"}}
  \"front\": !override {name: \"t-fr\", internal: true, driver_opts: {com.docker.network.bridge.inhibit_ipv4: \"true\"}}
volumes:
  \"data\": {name: \"t-v1_data\"}
"
        );
    }

    #[test]
    fn whoever_listens_for_the_outside_is_asked_for_names_and_its_networks_are_there() {
        let mut bindings = bindings();
        bindings.sinks = [
            ("t-fr".to_owned(), Ipv4Addr::new(172, 20, 0, 2)),
            ("t-shop_default".to_owned(), Ipv4Addr::new(172, 21, 0, 2)),
        ]
        .into();
        let text = bindings.compose_file(&model(FILE));
        for told in [
            "      \"default\": {aliases: []}\n    dns: !override [\"172.21.0.2\"]\n",
            "    dns: !override [\"172.20.0.2\"]\n    dns_search: !override [\".\"]\n",
            "  \"front\": !override {name: \"t-fr\", external: true}\n",
            "  \"default\": !override {name: \"t-shop_default\", external: true}\n",
        ] {
            assert!(text.contains(told), "no `{told}` in\n{text}");
        }
        let mut bound = model(FILE);
        bindings.bind(&mut bound);
        assert!(
            bound.networks["front"].external,
            "or it would be made twice"
        );

        let alone = "services: {job: {image: a/job, network_mode: none}}\n";
        let text = bindings.compose_file(&model(alone));
        assert!(text.contains("\"job\": {}"), "{text}");
    }

    #[test]
    fn names_with_an_address_lead_to_who_listens_or_to_the_clones_own_service() {
        let file = "\
services:
  web:
    image: a/web
    extra_hosts: ['erp:10.1.2.3', 'gate:host-gateway', 'me:127.0.0.1', 'shop-db:10.9.0.5']
    networks: {front: {ipv4_address: 10.9.0.4}}
  db: {image: a/db, networks: {front: {ipv4_address: 10.9.0.5, mac_address: '02:42:0a:09:00:05'}}}
networks: {front: {name: fr, ipam: {config: [{subnet: 10.9.0.0/24}]}}}
";
        let mut bindings = bindings();
        let sink = Ipv4Addr::new(172, 20, 0, 2);
        bindings.sinks = [("t-fr".to_owned(), sink)].into();
        let text = bindings.compose_file(&model(file));
        for told in [
            "      \"front\": {aliases: []}\n    extra_hosts: !override [\"erp=172.20.0.2\", \"gate=172.20.0.2\", \"me=127.0.0.1\"]\n",
            "      \"front\": {aliases: [\"shop-db\"], mac_address: \"02:42:0a:09:00:05\"}\n",
        ] {
            assert!(text.contains(told), "no `{told}` in\n{text}");
        }
        assert!(!text.contains("10."), "{text}");
    }

    #[test]
    fn a_service_on_the_engines_own_network_gets_one_that_leads_nowhere() {
        let file = "services: {web: {image: a/web, network_mode: bridge, container_name: www}, db: {image: a/db}}\n";
        let text = bindings().compose_file(&model(file));
        for told in [
            "    network_mode: !reset null\n    networks: !override\n      \"transship-bridge\": {aliases: [\"www\"]}\n",
            "  \"transship-bridge\": !override {name: \"t-transship-bridge\", internal: true, driver_opts: {com.docker.network.bridge.inhibit_ipv4: \"true\"}}\n",
        ] {
            assert!(text.contains(told), "no `{told}` in\n{text}");
        }
        assert_eq!(text.matches("!reset").count(), 1, "{text}");
        let mut bound = model(file);
        bindings().bind(&mut bound);
        let network = &bound.networks[INSTEAD_OF_BRIDGE];
        assert_eq!(network.name, "t-transship-bridge");
        assert_eq!(network.used_by, ["web"]);
        assert_eq!(bound.services["web"].network_mode, None);
    }

    #[test]
    fn a_bound_model_claims_what_the_file_says() {
        let mut bound = model(FILE);
        bindings().bind(&mut bound);
        let web = &bound.services["web"];
        assert_eq!(
            (web.container_name.as_deref(), web.ports.len()),
            (Some("t-shop"), 0)
        );
        assert_eq!(bound.volumes["data"].name, "t-v1_data");
        assert_eq!(bound.networks["front"].name, "t-fr");
        assert_eq!(
            bound.networks["default"].name, "t-shop_default",
            "the project's own has it"
        );
        assert!(
            bound
                .binds
                .iter()
                .any(|bind| bind.source == Path::new("/clone/0/y"))
        );
        assert_eq!(bindings().name("t-x"), "t-x");
        assert_eq!(bindings().name("tx"), "t-tx");
    }
}
