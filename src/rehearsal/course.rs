//! A rehearsal from its beginning to its end: the clone is made, used, and removed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use super::bindings::Bindings;
use super::bound_volumes::BoundVolumes;
use super::clone::{CloneFigures, Cloning};
use super::clone_state::{CloneState, OwnWrites};
use super::databases::ClonedDatabases;
use super::error::io;
use super::fixed_addresses::require_unspoken;
use super::listening::Listening;
use super::record::{CloneStanding, RehearsalRecord, RehearsedService};
use super::running::{self, OldInClone};
use super::stage::Stage;
use super::sweep::{FindDocker, clear};
use super::{RehearsalError, RehearsalInput, inputs};
use crate::clock;
use crate::document;
use crate::engine::{self, Quiesce, VolumeBackend, VolumeStore};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::release::Install;
use crate::upgrade::planning::prepare::{PrepareError, Prepared};
use crate::upgrade::planning::releases::Releases;

/// Opens a place of volumes.
pub type OpenStore<'a> = dyn Fn(&VolumeBackend) -> Result<Box<dyn VolumeStore>, engine::Error> + 'a;

/// Rehearses a plan of an install, whose lock the caller holds.
pub struct Rehearser<'a> {
    /// The install.
    pub install: &'a Install,
    /// The right to change files.
    pub disk: &'a Disk,
    /// Where the install's volumes live.
    pub volumes: &'a dyn VolumeStore,
    /// How that of the clone is opened.
    pub open: &'a OpenStore<'a>,
    /// The plan, as it was made in the install.
    pub prepared: &'a Prepared,
    /// Whom to tell, and who may stop it.
    pub progress: &'a dyn Progress,
    /// Leave the clone for people to try.
    pub keep: bool,
    /// How what runs is kept from writing while it is copied.
    pub hold: Option<Quiesce>,
    /// Run the recipe's commands that are run on the host, too.
    pub on_host: bool,
    /// Finds the program that reaches the engine.
    pub docker: &'a FindDocker<'a>,
    /// A static transship that listens in the clone for the outside, where one was named.
    pub helper: Option<PathBuf>,
}

impl Rehearser<'_> {
    /// Rehearses. What goes wrong within the clone is among the findings of what it gives. The clone is
    /// gone afterwards, unless it is to be kept.
    ///
    /// # Errors
    /// [`RehearsalError`]: why there could be no clone, or that it was interrupted; it is gone then, too.
    pub fn rehearse(&self) -> Result<RehearsalRecord, RehearsalError> {
        self.require_clonable()?;
        let mut record = self.begin()?;
        record.save(self.disk, self.install)?;
        let done = self.in_clone(&mut record);
        if self.keep && done.is_ok() {
            record.standing = CloneStanding::Kept;
            record.save(self.disk, self.install)?;
        } else {
            // Why it stopped is what there is to tell; the next run removes what couldn't be.
            let cleared = clear(self.install, self.disk, self.docker, &mut record);
            done.as_ref().map_or(Ok(()), |()| cleared)?;
        }
        match done {
            Ok(()) => Ok(record),
            Err(error) => {
                let file = RehearsalRecord::file(self.install, &record.id);
                if record.standing == CloneStanding::Gone {
                    self.disk.remove_file(&file).map_err(io("remove", file))?;
                }
                Err(error)
            }
        }
    }

    fn begin(&self) -> Result<RehearsalRecord, RehearsalError> {
        let folder = RehearsalRecord::folder(self.install);
        self.disk.create_dirs(&folder, 0o700)?;
        let (plan, made) = (&self.prepared.plan, clock::now());
        let id = document::next_id(&folder, made, plan.to.as_str()).map_err(io("read", &folder))?;
        let install = self.install.identify(self.disk)?.id;
        Ok(RehearsalRecord {
            bindings: Bindings::new(id.sequence, &install, &plan.request),
            id: id.name,
            install,
            made,
            transship: env!("CARGO_PKG_VERSION").to_owned(),
            plan: plan.clone(),
            standing: CloneStanding::InUse,
            inputs: self.inputs()?,
            clone: CloneFigures::default(),
            rounds: Vec::new(),
            findings: Vec::new(),
            remarks: Vec::new(),
            services: RehearsedService::of(&self.prepared.changes),
            notes: Vec::new(),
            ledger: None,
            databases: Vec::new(),
        })
    }

    fn inputs(&self) -> Result<Vec<RehearsalInput>, RehearsalError> {
        inputs::observe(self.install, self.prepared, self.volumes, self.progress)
    }

    fn in_clone(&self, record: &mut RehearsalRecord) -> Result<(), RehearsalError> {
        let mut stage = self.stage(record)?;
        stage.rehearse(record)
    }

    /// That the plan can be rehearsed as it is wanted.
    fn require_clonable(&self) -> Result<(), RehearsalError> {
        let plan = &self.prepared.plan;
        if plan.request.up && self.hold.is_none() {
            return Err(RehearsalError::Runs {
                version: plan.from.to_string(),
            });
        }
        let commands = running::on_host(self.prepared);
        if !self.on_host && !commands.is_empty() {
            return Err(RehearsalError::OnHost {
                commands: commands.join("; "),
            });
        }
        if plan.request.up {
            running::outside(self.prepared)?;
            require_unspoken(self.prepared)?;
        }
        Ok(())
    }

    fn stage(&self, record: &mut RehearsalRecord) -> Result<Stage<'_>, RehearsalError> {
        self.progress.note("making a clone");
        let bindings = record.bindings.clone();
        let plan = &self.prepared.plan;
        let outside = match plan.request.up {
            true => running::outside(self.prepared)?,
            false => BTreeSet::new(),
        };
        let docker = match &bindings.volumes {
            Some(_) => None,
            None => Some((self.docker)()?),
        };
        let held = match (&docker, self.hold) {
            (Some(docker), Some(how)) if plan.request.up => {
                let places = running::places(self.install, self.prepared, self.volumes, &outside)?;
                let project = &plan.from_project;
                let disk = self.disk;
                Some(running::hold(
                    docker,
                    disk,
                    project,
                    &places,
                    how,
                    self.progress,
                )?)
            }
            _ => None,
        };
        let cloning = Cloning {
            install: self.install,
            disk: self.disk,
            prepared: self.prepared,
            bindings: &bindings,
            progress: self.progress,
            volumes: self.volumes,
            folder: record.clone_folder(self.install),
            outside,
            is_held: held.is_some(),
        };
        let clone = cloning.files(&mut record.clone)?;
        let request = bindings.request(self.install, plan);
        let mut store = (self.open)(&request.volumes_of(&clone))?;
        if bindings.volumes.is_none() {
            store = Box::new(BoundVolumes {
                volumes: store,
                bindings: bindings.of_clone(BTreeMap::new()),
            });
        }
        let releases = Releases::read(self.disk, &clone, &request, self.progress);
        let model = releases.map_err(PrepareError::from)?.old.model;
        cloning.copy_volumes(store.as_ref(), &model, &mut record.clone)?;
        if let Some(held) = held {
            let how = match self.hold {
                Some(Quiesce::Stop(_)) => "stopped",
                _ => "paused",
            };
            let names: Vec<_> = held.names().map(str::to_owned).collect();
            held.release()?;
            let (names, spent) = (names.join(", "), record.clone.milliseconds);
            record.remarks.push(format!(
                "{names} {how} while the clone was made, for {spent} ms: the copies are of that moment"
            ));
        }
        let listening = match docker.as_ref().filter(|_| plan.request.up) {
            Some(docker) => Listening::begin(self, docker, &clone, &model, record)?,
            None => None,
        };
        let before = CloneState::of(&clone, store.as_ref(), self.progress)?;
        let old = match docker.as_ref().filter(|_| plan.request.up) {
            Some(docker) => {
                let old = OldInClone::prepare(&clone, &request, docker)?;
                Some((old, docker.clone()))
            }
            None => None,
        };
        Ok(Stage {
            rehearser: self,
            clone,
            request,
            before,
            store,
            old,
            listening,
            databases: ClonedDatabases::default(),
            own_writes: OwnWrites::default(),
        })
    }
}
