//! The clone's networks, made before anything of it starts, and who listens on them for the outside.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::Duration;

use super::RehearsalError;
use super::course::Rehearser;
use super::ledger::Ledger;
use super::record::RehearsalRecord;
use crate::compose::Model;
use crate::engine::{self, Docker, SinkContainer, SinkImage, no_route};
use crate::error::with_causes;
use crate::launch::CloneBindings;
use crate::mask::Secrets;
use crate::release::Install;
use crate::upgrade::run_secrets::run_secrets;

/// How long it takes at most until what was heard is told.
const TELLING: Duration = Duration::from_millis(300);

/// Who listens in a clone.
pub(super) struct Listening {
    docker: Docker,
    sink: SinkContainer,
    secrets: Secrets,
    /// How often each container had no way to an address, when it was last looked at.
    no_route: RefCell<BTreeMap<String, u64>>,
}

impl Listening {
    /// Makes the networks of both releases, begins to listen on them, and opens a way to what would be
    /// published; `old` is the old release in the clone. Nothing where they have no networks.
    ///
    /// # Errors
    /// [`RehearsalError::NotShutIn`] where there is no program that could listen, or what is on the networks
    /// would reach the engine's machine.
    pub(super) fn begin(
        rehearser: &Rehearser<'_>,
        docker: &Docker,
        clone: &Install,
        old: &Model,
        record: &mut RehearsalRecord,
    ) -> Result<Option<Self>, RehearsalError> {
        let Some(mut bindings) = CloneBindings::of(clone)? else {
            return Ok(None);
        };
        let models = [old, &rehearser.prepared.decisions.model].map(CloneBindings::shut_in);
        let models = [&models[0], &models[1]];
        let networks = networks(&bindings, models);
        if networks.is_empty() {
            return Ok(None);
        }
        let image = SinkImage::bring(docker, rehearser.helper.as_deref());
        let image = image.map_err(|error| match error {
            engine::Error::Helper { .. } => RehearsalError::NotShutIn {
                why: with_causes(&error),
            },
            other => other.into(),
        })?;
        let disk = rehearser.disk;
        let name = |what: &str| record.bindings.name(what);
        let shut = image.networks(disk, &networks)?;
        if let Some(why) = shut.hears() {
            record.remarks.push(format!(
                "this machine may hear what the clone sends to everybody on its networks: {why}"
            ));
        }
        let own = own_names(&bindings, models);
        let sink = image.start(disk, &name("sink"), &shut, &own)?;
        if let Some(address) = sink.reaches()?.first() {
            let version = docker.server()?.version;
            return Err(RehearsalError::NotShutIn {
                why: format!(
                    "engine {version} has this machine answer on its networks, at {address}"
                ),
            });
        }
        bindings.sinks = sink.addresses()?;
        let ways = ways(models);
        if !ways.is_empty() {
            match docker.server()?.publishes_here() {
                true => {
                    bindings.doors = image.open_door(disk, &name("door"), &networks, &ways)?;
                }
                false => record.remarks.push(
                    "no way into the clone is opened here, since the engine's ports are on another machine"
                        .to_owned(),
                ),
            }
        }
        bindings.save(disk, clone)?;
        record.ledger = Some(Ledger::default());
        Ok(Some(Self {
            docker: docker.clone(),
            sink,
            secrets: run_secrets(rehearser.install, &rehearser.prepared.plan),
            no_route: RefCell::default(),
        }))
    }

    /// Takes down what was heard until now, and that it was during `part`.
    pub(super) fn take(
        &self,
        record: &mut RehearsalRecord,
        part: &str,
    ) -> Result<(), engine::Error> {
        thread::sleep(TELLING);
        let said = self.sink.said()?;
        let counted = no_route(&self.docker, &record.bindings.name(""))?;
        let mut known = self.no_route.borrow_mut();
        known.extend(counted);
        if let Some(ledger) = &mut record.ledger {
            ledger.take(&said, part, &self.secrets);
            ledger.no_route = known.values().sum();
        }
        Ok(())
    }
}

/// The names of the networks that the releases use, in the clone.
fn networks(bindings: &CloneBindings, models: [&Model; 2]) -> Vec<String> {
    let all = models.into_iter().flat_map(|model| model.networks.values());
    let used = all.filter(|network| !network.used_by.is_empty());
    let names: BTreeSet<String> = used.map(|network| bindings.name(&network.name)).collect();
    names.into_iter().collect()
}

/// The services of the releases, with their ports that would be published.
fn ways(models: [&Model; 2]) -> Vec<(String, u16)> {
    // A range of thousands is nothing that somebody looks at.
    const MOST: usize = 64;
    let services = models.into_iter().flat_map(|model| &model.services);
    let services = services.filter(|(_, one)| one.enabled && !one.networks.is_empty());
    let ports = services.flat_map(|(name, service)| {
        let tcp = service
            .ports
            .iter()
            .filter(|(port, _)| port.protocol == "tcp");
        tcp.map(move |(port, _)| (name.clone(), port.target))
    });
    let ports: BTreeSet<_> = ports.collect();
    ports.into_iter().take(MOST).collect()
}

/// What the releases' own containers are called, among themselves.
fn own_names(bindings: &CloneBindings, models: [&Model; 2]) -> Vec<String> {
    let mut names = BTreeSet::new();
    for model in models {
        for (service, its) in &model.services {
            names.insert(service.clone());
            names.extend(its.networks.values().flatten().cloned());
            if let Some(container) = &its.container_name {
                names.insert(container.clone());
                names.insert(bindings.name(container));
            }
        }
    }
    names.into_iter().collect()
}
