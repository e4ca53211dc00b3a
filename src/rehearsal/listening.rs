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
    /// Makes the networks of both releases, and begins to listen on them; `old` is the old release in the
    /// clone. Without a program that could listen nothing is made: Compose makes the networks, and nobody
    /// answers.
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
        let image = match SinkImage::bring(docker, rehearser.helper.as_deref()) {
            Ok(image) => image,
            Err(error @ engine::Error::Helper { .. }) => {
                let why = with_causes(&error);
                record.remarks.push(format!(
                    "what would have gone out isn't known, since nothing listened: {why}"
                ));
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        let name = record.bindings.name("sink");
        let own = own_names(&bindings, models);
        let sink = image.start(rehearser.disk, &name, &networks, &own)?;
        bindings.sinks = sink.addresses()?;
        bindings.save(rehearser.disk, clone)?;
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
