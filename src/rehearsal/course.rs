//! The course of a rehearsal: the clone is made, the plan is made in it and done, undone, discarded, and
//! done again; after each way back it is held against how it was before.

use std::error::Error;

use super::bindings::Bindings;
use super::clone::{CloneFigures, Cloning};
use super::clone_state::{CloneState, Left};
use super::error::io;
use super::inputs;
use super::record::{CloneStanding, Rehearsal, RehearsalRecord, RehearsedStep, RoundKind};
use super::sweep::clear;
use super::{RehearsalError, RehearsalInput};
use crate::clock::{self, Stopwatch};
use crate::document;
use crate::engine::{self, VolumeBackend, VolumeStore};
use crate::error::{Explain as _, Kind};
use crate::fs::Disk;
use crate::progress::Progress;
use crate::release::Install;
use crate::upgrade::planning::prepare::{PrepareError, Prepared, prepare};
use crate::upgrade::planning::releases::Releases;
use crate::upgrade::running::going_back::OnFailure;
use crate::upgrade::running::journal::{Journal, JournalEvent};
use crate::upgrade::running::run_error::RunError;
use crate::upgrade::{Plan, Report, Request, Runner};

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
}

/// The clone, once it is there.
struct Stage<'a> {
    rehearser: &'a Rehearser<'a>,
    clone: Install,
    store: Box<dyn VolumeStore>,
    request: Request,
    before: CloneState,
}

impl Rehearser<'_> {
    /// Rehearses. What goes wrong within the clone is among the findings of what it gives. The clone is
    /// gone afterwards, unless it is to be kept.
    ///
    /// # Errors
    /// [`RehearsalError`]: why there could be no clone, or that it was interrupted; it is gone then, too.
    pub fn rehearse(&self) -> Result<RehearsalRecord, RehearsalError> {
        if self.prepared.plan.request.up {
            return Err(RehearsalError::Runs {
                version: self.prepared.plan.from.to_string(),
            });
        }
        let mut record = self.begin()?;
        record.save(self.disk, self.install)?;
        let done = self.in_clone(&mut record);
        if self.keep && done.is_ok() {
            record.standing = CloneStanding::Kept;
            record.save(self.disk, self.install)?;
        } else {
            // Why it stopped is what there is to tell; the next run removes what couldn't be.
            let cleared = clear(self.install, self.disk, &mut record);
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
        })
    }

    fn inputs(&self) -> Result<Vec<RehearsalInput>, RehearsalError> {
        inputs::observe(self.install, self.prepared, self.volumes, self.progress)
    }

    fn in_clone(&self, record: &mut RehearsalRecord) -> Result<(), RehearsalError> {
        let stage = self.stage(record)?;
        stage.rehearse(record)
    }

    fn stage(&self, record: &mut RehearsalRecord) -> Result<Stage<'_>, RehearsalError> {
        self.progress.note("making a clone");
        let bindings = record.bindings.clone();
        let cloning = Cloning {
            install: self.install,
            disk: self.disk,
            prepared: self.prepared,
            bindings: &bindings,
            progress: self.progress,
            folder: record.clone_folder(self.install),
        };
        let clone = cloning.files(&mut record.clone)?;
        let request = bindings.request(self.install, &self.prepared.plan);
        let store = (self.open)(&request.volumes_of(&clone))?;
        let releases = Releases::read(self.disk, &clone, &request, self.progress);
        let releases = releases.map_err(PrepareError::from)?;
        let (from, to) = (self.volumes, store.as_ref());
        let names = cloning.volumes(from, to, &releases.old.model, &mut record.clone)?;
        let before = CloneState::of(&clone, to, &names, self.progress)?;
        Ok(Stage {
            rehearser: self,
            clone,
            request,
            before,
            store,
        })
    }
}

impl Stage<'_> {
    fn rehearse(&self, record: &mut RehearsalRecord) -> Result<(), RehearsalError> {
        let Some(plan) = self.plan(record)? else {
            return Ok(());
        };
        let to = plan.to.clone();
        let forward = self.round(RoundKind::Forward, record, |runner| runner.apply(plan))?;
        let back = self.round(RoundKind::Back, record, |runner| runner.roll_back(false))?;
        if !back {
            return Ok(());
        }
        self.compare(record, RoundKind::Back, Left::New(&to))?;
        // A run that failed was undone in full.
        if forward && !self.round(RoundKind::Discard, record, |runner| runner.roll_back(true))? {
            return Ok(());
        }
        let after = if forward {
            RoundKind::Discard
        } else {
            RoundKind::Back
        };
        self.compare(record, after, Left::Nothing)?;
        if forward && let Some(plan) = self.plan(record)? {
            self.round(RoundKind::Again, record, |runner| runner.apply(plan))?;
        }
        Ok(())
    }

    /// The plan, as it is made in the clone; what stands against it there is a finding.
    fn plan(&self, record: &mut RehearsalRecord) -> Result<Option<Plan>, RehearsalError> {
        let Rehearser {
            install,
            disk,
            progress,
            ..
        } = self.rehearser;
        let made = prepare(&self.clone, &self.request, self.store.as_ref(), *progress);
        let plan = match made {
            Ok(made) => made.plan,
            Err(PrepareError::Refused(error)) => {
                let said = self.plain(record, &said(&error));
                record
                    .findings
                    .push(format!("there is no plan for the clone: {said}"));
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        plan.save(disk, &self.clone)?;
        let (ours, theirs) = (&record.plan.steps, &plan.steps);
        let root = self.clone.root();
        let differs = record
            .bindings
            .first_difference(install, root, ours, theirs);
        record.findings.extend(differs);
        Ok(Some(plan))
    }

    /// Goes one way, and says whether it was gone in full.
    fn round(
        &self,
        kind: RoundKind,
        record: &mut RehearsalRecord,
        go: impl FnOnce(&Runner<'_>) -> Result<Report, RunError>,
    ) -> Result<bool, RehearsalError> {
        let Rehearser { disk, progress, .. } = self.rehearser;
        progress.note(&format!("on the clone: {}", kind.words()));
        let runner = Runner {
            install: &self.clone,
            disk,
            volumes: self.store.as_ref(),
            progress: *progress,
            on_failure: OnFailure::GoBack,
        };
        let watch = Stopwatch::start();
        let done = go(&runner);
        let milliseconds = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
        let (failed, downtime) = match done {
            Ok(report) => (None, report.downtime.filter(|_| kind != RoundKind::Discard)),
            Err(error) if error.kind() == Kind::Interrupted => {
                return Err(RehearsalError::Interrupted {
                    at: kind.words().to_owned(),
                    source: Box::new(error),
                });
            }
            Err(error) => (Some(self.plain(record, &said(&error))), None),
        };
        let is_done = failed.is_none();
        if let Some(failed) = &failed {
            record
                .findings
                .push(format!("{} failed: {failed}", kind.words()));
        }
        let steps = match Journal::newest(&self.clone).map_err(PrepareError::from)? {
            Some(journal) => self.steps(record, &journal, kind),
            None => Vec::new(),
        };
        record.rounds.push(Rehearsal {
            kind,
            milliseconds,
            downtime,
            steps,
            failed,
        });
        record.save(disk, self.rehearser.install)?;
        Ok(is_done)
    }

    fn compare(
        &self,
        record: &mut RehearsalRecord,
        after: RoundKind,
        left: Left<'_>,
    ) -> Result<(), RehearsalError> {
        let names = self.store.list()?.into_iter().map(|volume| volume.name);
        let (store, progress) = (self.store.as_ref(), self.rehearser.progress);
        let now = CloneState::of(&self.clone, store, &names.collect(), progress)?;
        let found = self.before.differences(&now, left).into_iter();
        let found: Vec<_> = found
            .map(|one| format!("after {}: {}", after.words(), self.plain(record, &one)))
            .collect();
        record.findings.extend(found);
        Ok(())
    }

    /// What has become of the steps of a run: those that were done, or those that were undone.
    fn steps(
        &self,
        record: &RehearsalRecord,
        journal: &Journal,
        kind: RoundKind,
    ) -> Vec<RehearsedStep> {
        let is_back = matches!(kind, RoundKind::Back | RoundKind::Discard);
        let report = Report::of(journal).steps;
        let steps = journal.plan().steps.iter().zip(report).enumerate();
        let all = steps.map(|(number, (step, report))| RehearsedStep {
            number: number + 1,
            title: self.plain(record, &report.title),
            phase: step.phase(),
            commands: step
                .commands(self.store.as_ref())
                .iter()
                .map(|command| self.plain(record, command))
                .collect(),
            exit: match report.state {
                "done" | "undone" => Some(0),
                "failed" => Some(Kind::Failed.exit_code()),
                _ => None,
            },
            milliseconds: match is_back {
                true => None,
                false => report.outcome.as_ref().map(|outcome| outcome.milliseconds),
            },
            state: report.state.to_owned(),
            outcome: report.outcome.filter(|_| !is_back),
        });
        let touched = undone(journal);
        all.filter(|step| !is_back || touched.contains(&(step.number - 1)))
            .collect()
    }

    fn plain(&self, record: &RehearsalRecord, text: &str) -> String {
        let (install, clone) = (self.rehearser.install, self.clone.root());
        record.bindings.unbound(install, clone, text)
    }
}

/// The steps that the last way back of a run has undone.
fn undone(journal: &Journal) -> Vec<usize> {
    use JournalEvent::{Undo, UndoFailed, Undone};
    let records = journal.records().iter().rev().map(|record| &record.event);
    let is_undoing =
        |event: &JournalEvent| matches!(event, Undo { .. } | Undone { .. } | UndoFailed { .. });
    records
        .skip_while(|event| !is_undoing(event))
        .take_while(|event| !matches!(event, JournalEvent::RolledBack | JournalEvent::Complete))
        .filter_map(|event| match event {
            Undone { step } => Some(*step),
            _ => None,
        })
        .collect()
}

/// An error with its causes, in one line.
fn said(error: &dyn Error) -> String {
    let causes = std::iter::successors(Some(error), |error| (*error).source());
    let mut said: Vec<String> = causes.map(ToString::to_string).collect();
    said.dedup();
    said.join(": ")
}
