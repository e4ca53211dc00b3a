//! What is kept of a rehearsal: what it was made of, what was done, how long it took, and what was found.
//! It stands in `.transship/rehearsals/ID.json` before anything of the clone does, so that whatever a
//! killed one left is found by it, and stays when the clone is gone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::RehearsalError;
use super::bindings::Bindings;
use super::clone::CloneFigures;
use super::databases::RehearsedDatabase;
use super::error::io;
use super::inputs::RehearsalInput;
use super::ledger::Ledger;
use crate::document::{self, DocumentFormat};
use crate::fs::{Disk, require_own};
use crate::release::Install;
use crate::upgrade::Plan;
use crate::upgrade::downtime_estimate::{EarlierPart, EarlierParts};
use crate::upgrade::planning::release_changes::{
    DataFate, MountChange, ReleaseChanges, ServiceChange,
};
use crate::upgrade::running::downtime::DowntimeFigure;
use crate::upgrade::step::{Phase, StepOutcome};

/// The format of what is kept of a rehearsal. Each version has a file in `fixtures/formats/`.
pub const FORMAT: DocumentFormat = DocumentFormat {
    name: "transship-rehearsal",
    version: 2,
    oldest: 1,
};

/// A rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RehearsalRecord {
    /// Its name: its place, when it was begun and where its plan leads.
    pub id: String,
    /// The id of the install.
    pub install: String,
    /// When it was begun.
    pub made: Timestamp,
    /// The version of transship that it was made by.
    pub transship: String,
    /// The plan, as the install has it.
    pub plan: Plan,
    /// What is otherwise in the clone.
    pub bindings: Bindings,
    /// What has become of the clone.
    pub standing: CloneStanding,
    /// What the plan was made from, to be held against what there is later.
    pub inputs: Vec<RehearsalInput>,
    /// How the clone was made.
    pub clone: CloneFigures,
    /// What was done in the clone, in order.
    pub rounds: Vec<Rehearsal>,
    /// What isn't as it should be, a sentence each; empty where all went well.
    pub findings: Vec<String>,
    /// What is worth knowing all the same, a sentence each.
    pub remarks: Vec<String>,
    /// What the plan changes, service by service.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<RehearsedService>,
    /// What the administrator wrote down of steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<StepNote>,
    /// What the clone would have sent to the outside; absent where nothing listened.
    #[serde(default)]
    pub ledger: Option<Ledger>,
    /// What the databases that were asked held after each way back.
    #[serde(default)]
    pub databases: Vec<RehearsedDatabase>,
}

/// What a plan changes of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RehearsedService {
    /// The service.
    pub name: String,
    /// Its image before; absent where it is built, or isn't there.
    pub old_image: Option<String>,
    /// Its image afterwards.
    pub new_image: Option<String>,
    /// What becomes of what it has mounted, a clause each.
    pub data: Vec<String>,
}

impl RehearsedService {
    /// Those of all services.
    pub(super) fn of(changes: &ReleaseChanges) -> Vec<Self> {
        let services = changes.services.iter();
        let service = |change: &ServiceChange| Self {
            name: change.service.clone(),
            old_image: change.image.old.clone(),
            new_image: change.image.new.clone(),
            data: change.mounts.iter().map(clause).collect(),
        };
        services.map(service).collect()
    }
}

fn clause(mount: &MountChange) -> String {
    let shown = |name: &Option<String>| name.clone().unwrap_or_else(|| "nothing".to_owned());
    let (target, old, new) = (&mount.target, shown(&mount.old), shown(&mount.new));
    let what = match mount.fate {
        DataFate::Copied => format!("{old} is copied to {new}"),
        DataFate::Carried => format!("{new} is carried"),
        DataFate::Shared => format!("{new} is both releases'"),
        DataFate::Fresh => format!("{new} begins empty"),
        DataFate::StaysBehind => format!("{old} stays behind"),
    };
    format!("{target}: {what}")
}

/// What whoever does a step is to know before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepNote {
    /// The step, counted from 1.
    pub step: usize,
    /// When it was written down.
    pub at: Timestamp,
    /// What.
    pub text: String,
}

/// What has become of a clone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CloneStanding {
    /// Being made, or in use, or left by what was killed.
    InUse,
    /// Kept for people to try.
    Kept,
    /// Removed.
    Gone,
}

/// One way through the plan, there or back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rehearsal {
    /// Which.
    pub kind: RoundKind,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// How long nobody was served; absent where nothing was stopped.
    pub downtime: Option<DowntimeFigure>,
    /// The steps that were done or undone, in the order of the plan.
    pub steps: Vec<RehearsedStep>,
    /// Why it wasn't done in full, if so.
    pub failed: Option<String>,
}

/// Which way through the plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RoundKind {
    /// The plan was done.
    Forward,
    /// It was rolled back: the old release serves again, and the new one stays.
    Back,
    /// The new release and its volumes were removed, too.
    Discard,
    /// The plan was made and done again.
    Again,
}

impl RoundKind {
    /// In words.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Forward => "the upgrade",
            Self::Back => "the way back",
            Self::Discard => "discarding the new release",
            Self::Again => "the upgrade once more",
        }
    }
}

/// A step of a rehearsal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RehearsedStep {
    /// Its number in the plan, counted from 1.
    pub number: usize,
    /// What it is, in one line, as in the install.
    pub title: String,
    /// When it is done, seen from the services.
    pub phase: Phase,
    /// The commands that a person would type instead, as in the install.
    pub commands: Vec<String>,
    /// `done`, `undone`, `failed` or what else has become of it.
    pub state: String,
    /// What a person's shell would have said: 0 where it was done or undone.
    pub exit: Option<u8>,
    /// How long it took, in milliseconds, where that is known.
    pub milliseconds: Option<u64>,
    /// What it wrote or read, where it was done.
    pub outcome: Option<StepOutcome>,
}

impl RehearsalRecord {
    /// The install's folder of rehearsals.
    pub fn folder(install: &Install) -> PathBuf {
        install.own("rehearsals")
    }

    /// The file of the rehearsal of this name.
    pub fn file(install: &Install, id: &str) -> PathBuf {
        Self::folder(install).join(format!("{id}.json"))
    }

    /// The clone's folder.
    pub fn clone_folder(&self, install: &Install) -> PathBuf {
        Self::folder(install).join(&self.id)
    }

    /// Keeps it.
    ///
    /// # Errors
    /// [`RehearsalError::Document`].
    pub fn save(&self, disk: &Disk, install: &Install) -> Result<(), RehearsalError> {
        let file = Self::file(install, &self.id);
        Ok(document::save(disk, FORMAT, &file, self)?)
    }

    /// Those of the install, oldest first. What a copy of an install has of its original is none.
    ///
    /// # Errors
    /// [`RehearsalError::Trust`], [`RehearsalError::Document`], [`RehearsalError::Io`].
    pub fn all(install: &Install) -> Result<Vec<Self>, RehearsalError> {
        let folder = Self::folder(install);
        if folder.symlink_metadata().is_err() {
            return Ok(Vec::new());
        }
        let own = install.identity()?.map(|identity| identity.id);
        let paths = document::in_order(&folder).map_err(io("read", &folder))?;
        let mut all = Vec::new();
        for path in paths {
            let record = load(&path)?;
            let is_named = path.file_stem() == Some(record.id.as_ref());
            if is_named && own.as_ref() == Some(&record.install) {
                all.push(record);
            }
        }
        Ok(all)
    }

    /// The one of this name or of the number that it begins with, or the one that was made last where none is
    /// named, or `last` is.
    ///
    /// # Errors
    /// [`RehearsalError::Unknown`], and those of [`RehearsalRecord::all`].
    pub fn find(install: &Install, id: Option<&str>) -> Result<Self, RehearsalError> {
        let all = Self::all(install)?.into_iter().rev();
        let id = id.filter(|id| *id != "last");
        let wanted = |record: &Self| id.is_none_or(|id| document::is_named(&record.id, id));
        all.into_iter()
            .find(wanted)
            .ok_or_else(|| RehearsalError::Unknown {
                name: id.map(str::to_owned),
                folder: Self::folder(install),
            })
    }

    /// What each kind of step took in the last rehearsal of the upgrade between the same two releases,
    /// on the first way there; empty where there was none, or it wasn't done in full. `changing` as for
    /// [`EarlierPart::of_steps`].
    ///
    /// # Errors
    /// Those of [`RehearsalRecord::all`].
    pub fn took(
        install: &Install,
        plan: &Plan,
        changing: &BTreeMap<String, u64>,
    ) -> Result<EarlierParts, RehearsalError> {
        let all = Self::all(install)?;
        let same = |record: &&Self| record.plan.from == plan.from && record.plan.to == plan.to;
        let last = all.iter().rev().find(same);
        let forward = last.and_then(|record| Some((record, record.round(RoundKind::Forward)?)));
        let done = forward.filter(|(_, round)| round.failed.is_none());
        Ok(done.map_or_else(EarlierParts::new, |(record, round)| {
            let outcome = |index| {
                let step = round.steps.iter().find(|step| step.number == index + 1)?;
                step.outcome.as_ref()
            };
            let seen = round.downtime.and_then(DowntimeFigure::seen);
            EarlierPart::of_steps(&record.plan, changing, seen, outcome)
        }))
    }

    /// The round of this kind.
    pub fn round(&self, kind: RoundKind) -> Option<&Rehearsal> {
        self.rounds.iter().find(|round| round.kind == kind)
    }

    /// Whether the plan and its way back were done in full, and nothing was found.
    pub fn is_well(&self) -> bool {
        let done = |kind| self.round(kind).is_some_and(|round| round.failed.is_none());
        self.findings.is_empty() && done(RoundKind::Again)
    }
}

fn load(path: &Path) -> Result<RehearsalRecord, RehearsalError> {
    let metadata = fs::symlink_metadata(path).map_err(io("look at", path))?;
    require_own(path, &metadata)?;
    Ok(document::load(FORMAT, path)?)
}
