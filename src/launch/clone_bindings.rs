//! How the releases of a rehearsal's clone come up beside those of the install that it was cloned from:
//! names of their own, no port of the host's, networks that lead nowhere, and copies of the folders of
//! the host that they write. The clone's files are as the install's; Compose is given one more that says
//! so.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::compose::{Model, Network};
use crate::document::{self, DocumentError, DocumentFormat};
use crate::fs::Disk;
use crate::release::Install;

/// The format of `.transship/clone`. Each version has a file in `fixtures/formats/`.
pub const FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-clone",
    version: 1,
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
}

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

    /// Has the model be that of the clone.
    pub(super) fn bind(&self, model: &mut Model) {
        for service in model.services.values_mut() {
            service.container_name = service.container_name.as_ref().map(|name| self.name(name));
            service.ports.clear();
        }
        for volume in model.volumes.values_mut() {
            volume.name = self.name(&volume.name);
        }
        for network in model.networks.values_mut() {
            network.name = self.name(&network.name);
            network.external = false;
            network.subnets.clear();
        }
        for bind in &mut model.binds {
            if let Some(copy) = self.copy_of(&bind.source) {
                bind.source = copy;
            }
        }
    }

    /// What Compose is told, beside the files of `model`.
    pub(super) fn compose_file(&self, model: &Model) -> String {
        let mut text = String::from("services:\n");
        for (name, service) in model.services.iter().filter(|(_, one)| one.enabled) {
            let mut lines = String::new();
            if let Some(container) = &service.container_name {
                let _ = writeln!(
                    lines,
                    "    container_name: {}",
                    quoted(&self.name(container))
                );
                // Others may call it by that.
                for (network, aliases) in &service.networks {
                    let mut aliases: Vec<_> = aliases.iter().map(|name| quoted(name)).collect();
                    aliases.push(quoted(container));
                    if lines.lines().count() == 1 {
                        lines.push_str("    networks:\n");
                    }
                    let (key, aliases) = (quoted(network), aliases.join(", "));
                    let _ = writeln!(lines, "      {key}: {{aliases: [{aliases}]}}");
                }
            }
            if !service.ports.is_empty() {
                lines.push_str("    ports: !reset []\n");
            }
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
            let (key, name) = (quoted(key), quoted(&self.name(&network.name)));
            let mut more = String::new();
            if network.external {
                more.push_str(", external: false");
            }
            if !network.subnets.is_empty() {
                more.push_str(", ipam: !reset null");
            }
            let _ = writeln!(text, "  {key}: {{name: {name}, internal: true{more}}}");
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
        }
    }

    #[test]
    fn a_clone_has_names_of_its_own_no_ports_and_networks_that_lead_nowhere() {
        assert_eq!(
            bindings().compose_file(&model(FILE)),
            "\
services:
  \"db\": {}
  \"web\":
    container_name: \"t-shop\"
    networks:
      \"front\": {aliases: [\"www\", \"shop\"]}
    ports: !reset []
    volumes:
    - {type: bind, source: \"/clone/0/y\", target: \"/x\", read_only: false}

networks:
  \"default\": {name: \"t-shop_default\", internal: true}
  \"front\": {name: \"t-fr\", internal: true, ipam: !reset null}
volumes:
  \"data\": {name: \"t-v1_data\"}
"
        );
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
