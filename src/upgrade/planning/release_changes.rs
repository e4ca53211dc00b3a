//! What an upgrade changes, service by service, and what it leaves: for a reader of the plan and for
//! scripts. Pure; it decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use super::decisions::Decisions;
use super::facts::Facts;
use super::whose::CarriedPath;
use crate::compose::{Model, Port, Service, VolumeDefinition};
use crate::tree::Survey;
use crate::upgrade::data_places::below_release;
use crate::upgrade::plan::Plan;

/// What an upgrade changes and what it leaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReleaseChanges {
    /// The services of either release that run, by name.
    pub services: Vec<ServiceChange>,
    /// The real names of the old release's volumes that the new one has nothing of.
    pub stays_behind: Vec<String>,
    /// Files and folders that only the old release has and that nothing mounts, reads or names.
    #[serde(serialize_with = "as_far_as_text")]
    pub left_files: Vec<PathBuf>,
    /// What going back brings nothing of back, a sentence each.
    pub not_brought_back: Vec<String>,
    /// The bytes of each volume or folder that is copied, by the key of its estimate, without holes.
    #[serde(skip)]
    pub written: BTreeMap<String, u64>,
}

/// What becomes of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceChange {
    /// The service's name.
    pub service: String,
    /// Which of the releases has it.
    pub presence: ServicePresence,
    /// The image's reference; absent where it is built.
    pub image: OldAndNew<Option<String>>,
    /// What it has mounted of the data that matters.
    pub mounts: Vec<MountChange>,
    /// The published ports, as `8080:80/tcp`.
    pub ports: OldAndNew<Vec<String>>,
    /// What of the new one can't be compared with what else runs, a clause each.
    pub unseen: Vec<String>,
}

/// Which of two releases has a service that runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServicePresence {
    /// Both.
    Both,
    /// The new one alone.
    New,
    /// The old one alone.
    Gone,
}

/// Something in both releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OldAndNew<T> {
    /// The old release's.
    pub old: T,
    /// The new one's.
    pub new: T,
}

/// A volume, or folder of the host, that a service mounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MountChange {
    /// The absolute path in the container.
    pub target: String,
    /// The old release's volume, by its real name, or folder, as `./data` where it is below the release;
    /// absent where it has none there.
    pub old: Option<String>,
    /// The new release's; absent where it has none there.
    pub new: Option<String>,
    /// What becomes of the data.
    pub fate: DataFate,
    /// Bytes that are copied.
    pub bytes: Option<u64>,
}

/// What becomes of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DataFate {
    /// The new release gets a copy.
    Copied,
    /// It is below the release, and comes along with what is carried.
    Carried,
    /// Both releases use it.
    Shared,
    /// The new release begins with nothing, or with what is outside already.
    Fresh,
    /// The new release has nothing there.
    StaysBehind,
}

impl ReleaseChanges {
    /// What the decisions come to, with sizes from the plan.
    pub(crate) fn of(old: &Model, decisions: &Decisions, facts: &Facts, plan: &Plan) -> Self {
        let new = &decisions.model;
        let running = |model: &Model| -> BTreeSet<String> {
            let services = model.services.iter();
            let enabled = services.filter(|(_, service)| service.enabled);
            enabled.map(|(name, _)| name.clone()).collect()
        };
        let (before, after) = (running(old), running(new));
        let context = ChangeContext {
            old,
            decisions,
            facts,
        };
        let names = before.union(&after);
        let services = names.map(|name| {
            let old = old.services.get(name).filter(|_| before.contains(name));
            let new = new.services.get(name).filter(|_| after.contains(name));
            context.service(name, old, new)
        });
        Self {
            services: services.collect(),
            stays_behind: context.stays_behind(),
            left_files: decisions.left_behind.clone(),
            not_brought_back: plan.not_brought_back(),
            written: context.written(),
        }
    }
}

impl ServiceChange {
    /// Whether there is nothing to tell of it.
    pub fn is_as_before(&self) -> bool {
        self.presence == ServicePresence::Both
            && self.image.old == self.image.new
            && self.ports.old == self.ports.new
            && self.mounts.is_empty()
            && self.unseen.is_empty()
    }
}

struct ChangeContext<'a> {
    old: &'a Model,
    decisions: &'a Decisions,
    facts: &'a Facts,
}

impl ChangeContext<'_> {
    fn service(&self, name: &str, old: Option<&Service>, new: Option<&Service>) -> ServiceChange {
        let image = |service: Option<&Service>| service.and_then(|service| service.image.clone());
        let ports = |service: Option<&Service>| -> Vec<String> {
            let ports = service.into_iter().flat_map(|service| &service.ports);
            ports.map(|(port, _)| spelled(port)).collect()
        };
        ServiceChange {
            service: name.to_owned(),
            presence: match (old, new) {
                (Some(_), Some(_)) => ServicePresence::Both,
                (None, _) => ServicePresence::New,
                (_, None) => ServicePresence::Gone,
            },
            image: OldAndNew {
                old: image(old),
                new: image(new),
            },
            mounts: self.mounts(name, old, new),
            ports: OldAndNew {
                old: ports(old),
                new: ports(new),
            },
            unseen: new.map(unseen).unwrap_or_default(),
        }
    }

    /// The volumes of both, and what is outside of the new release.
    fn mounts(&self, name: &str, old: Option<&Service>, new: Option<&Service>) -> Vec<MountChange> {
        let mut found = Vec::new();
        for (target, key) in new.into_iter().flat_map(|service| &service.mounts) {
            found.push(self.volume(target, key, self.old_mount(name, old, target)));
        }
        let decided = self.decisions;
        let binds = decided.model.binds.iter();
        for bind in binds.filter(|bind| new.is_some() && bind.service == name && !bind.read_only) {
            let source = spelled_folder(&bind.source);
            let (fate, bytes) = match (self.brought(&bind.source), self.is_shared(&source)) {
                (Some(own @ (DataFate::Copied, _)), _) => own,
                (_, true) => (DataFate::Shared, None),
                (Some(brought), false) => brought,
                (None, false) => continue,
            };
            found.push(MountChange {
                target: bind.target.clone(),
                old: self.old_mount(name, old, &bind.target),
                new: Some(source),
                fate,
                bytes,
            });
        }
        let seen: BTreeSet<String> = found.iter().map(|mount| mount.target.clone()).collect();
        for (target, key) in old.into_iter().flat_map(|service| &service.mounts) {
            let name = self.old.volumes.get(key).map(|volume| volume.name.clone());
            // What goes on is told of where the new release has it.
            let goes_on = name.as_ref().is_some_and(|name| self.goes_on(name));
            if !seen.contains(target) && !goes_on {
                found.push(MountChange {
                    target: target.clone(),
                    old: name,
                    new: None,
                    fate: DataFate::StaysBehind,
                    bytes: None,
                });
            }
        }
        found
    }

    fn volume(&self, target: &str, key: &str, old: Option<String>) -> MountChange {
        let volume = self.decisions.model.volumes.get(key);
        let name = volume.map_or(key, |volume| volume.name.as_str()).to_owned();
        let bytes = self.bytes(key);
        let mut pairs = self.decisions.volumes.iter();
        let copied = pairs.find(|pair| pair.key == key && bytes.is_some());
        let old = old.or_else(|| copied.map(|pair| pair.source.clone()));
        let fate = if self
            .decisions
            .shared
            .iter()
            .any(|shared| shared.what == key)
        {
            DataFate::Shared
        } else if bytes.is_some() {
            DataFate::Copied
        } else {
            DataFate::Fresh
        };
        let device = volume.and_then(VolumeDefinition::folder);
        let is_shared = |path: &PathBuf| self.is_shared(&path.display().to_string());
        let fate = match device.as_ref().is_some_and(is_shared) {
            true => DataFate::Shared,
            false => fate,
        };
        let inside = device.and_then(|path| self.decisions.model.inside(&path));
        let brought = inside.and_then(|path| self.brought(&path));
        let (fate, bytes) = brought.unwrap_or((fate, bytes));
        MountChange {
            target: target.to_owned(),
            old,
            new: Some(name),
            fate,
            bytes,
        }
    }

    /// What brings data to a place below the new release, and how much of it.
    fn brought(&self, path: &Path) -> Option<(DataFate, Option<u64>)> {
        let mut copies = self.decisions.folders.iter();
        if let Some(own) = copies.find(|pair| path.starts_with(&pair.to)) {
            return Some((DataFate::Copied, self.bytes(&own.path.to_string_lossy())));
        }
        let mut pairs = self.decisions.volumes.iter();
        let is_in = |place: PathBuf| path.starts_with(place);
        if let Some(pair) = pairs.find(|pair| below_release(&pair.target).is_some_and(is_in)) {
            return Some((DataFate::Copied, self.bytes(&pair.key)));
        }
        let (carry, all) = self.carry_of(path)?;
        let is_all = carry.path == path;
        Some((DataFate::Carried, is_all.then_some(all.bytes)))
    }

    fn old_mount(&self, name: &str, old: Option<&Service>, target: &str) -> Option<String> {
        if let Some(key) = old?.mounts.get(target) {
            let volume = self.old.volumes.get(key)?;
            return Some(volume.name.clone());
        }
        let mut binds = self.old.binds.iter();
        let bind = binds.find(|bind| bind.service == name && bind.target == target)?;
        Some(spelled_folder(&bind.source))
    }

    /// The size of what is copied for a key, or a path outside; holes aren't.
    fn bytes(&self, key: &str) -> Option<u64> {
        self.written().get(key).copied()
    }

    fn written(&self) -> BTreeMap<String, u64> {
        let volumes = self.decisions.volumes.iter().zip(&self.facts.volumes);
        let volumes = volumes.map(|(pair, seen)| (pair.key.clone(), seen.source));
        let folders = self.decisions.folders.iter().zip(&self.facts.folders);
        let folders = folders.map(|(pair, seen)| (pair.path.display().to_string(), seen.source));
        let sizes = volumes.chain(folders);
        let written = sizes.filter_map(|(key, source)| Some((key, source?.written())));
        written.collect()
    }

    /// What brings a path below the release along, and what is there.
    fn carry_of(&self, path: &Path) -> Option<(&CarriedPath, Survey)> {
        let carries = self.decisions.carry.iter().zip(&self.facts.carry);
        let there = carries.filter_map(|(carry, seen)| Some((carry, seen.old?)));
        there.into_iter().find(|(carry, _)| carry.brings(path))
    }

    fn is_shared(&self, path: &str) -> bool {
        let mut shared = self.decisions.shared.iter();
        shared.any(|shared| shared.name == path)
    }

    fn stays_behind(&self) -> Vec<String> {
        let volumes = self.old.volumes.values();
        let used = volumes.filter(|volume| !volume.used_by.is_empty() && !volume.is_device());
        let names = used.map(|volume| volume.name.clone());
        names.filter(|name| !self.goes_on(name)).collect()
    }

    /// Whether the new release has a volume's data: a copy, or the volume itself.
    fn goes_on(&self, name: &str) -> bool {
        let mut volumes = self.decisions.volumes.iter();
        let mut shared = self.decisions.shared.iter();
        let is_device = Path::new(name).is_absolute();
        volumes.any(|pair| pair.source == name)
            || shared.any(|shared| shared.name == name && !is_device)
    }
}

/// Paths of which what isn't UTF-8 is replaced: a document can't hold it, and has to tell of the rest.
fn as_far_as_text<S: Serializer>(paths: &[PathBuf], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(paths.iter().map(|path| path.to_string_lossy()))
}

/// A folder of the host, as a compose file has it: no volume's name looks like it.
fn spelled_folder(source: &Path) -> String {
    match source.is_absolute() {
        true => source.display().to_string(),
        false => Path::new(".").join(source).display().to_string(),
    }
}

/// A published port as it is written.
fn spelled(port: &Port) -> String {
    let host = port.host_ip.as_ref().map(|ip| format!("{ip}:"));
    let published = port.published.as_ref().map(|port| format!("{port}:"));
    let protocol = match port.protocol.as_str() {
        "tcp" => String::new(),
        other => format!("/{other}"),
    };
    format!(
        "{}{}{}{protocol}",
        host.unwrap_or_default(),
        published.unwrap_or_default(),
        port.target
    )
}

/// What of a service nobody can hold against what else runs.
fn unseen(service: &Service) -> Vec<String> {
    let mut told = Vec::new();
    if service.network_mode.as_deref() == Some("host") {
        told.push("in the host's network: which ports it listens on isn't known".to_owned());
    }
    if !service.devices.is_empty() {
        told.push(format!(
            "uses {} of the host: one release at a time",
            service.devices.join(", ")
        ));
    }
    told
}
