//! What is done in a clone: the old release comes up, the plan is made and done, undone, discarded, and done
//! again; after each way back everything is held against how it was before.

use super::RehearsalError;
use super::clone_state::{CloneState, Left, OwnWrites};
use super::course::Rehearser;
use super::databases::ClonedDatabases;
use super::listening::Listening;
use super::record::{Rehearsal, RehearsalRecord, RehearsedStep, RoundKind};
use super::running::{self, OldInClone};
use crate::clock::Stopwatch;
use crate::engine::{Docker, Quiesce, VolumeStore};
use crate::error::{Explain as _, Kind, with_causes};
use crate::launch::CloneBindings;
use crate::release::Install;
use crate::upgrade::data_places::DataPlaces;
use crate::upgrade::planning::prepare::{PrepareError, prepare};
use crate::upgrade::running::going_back::OnFailure;
use crate::upgrade::running::journal::{Journal, JournalEvent};
use crate::upgrade::running::run_error::RunError;
use crate::upgrade::{Plan, Report, Request, Runner};

/// The clone, once it is there.
pub(super) struct Stage<'a> {
    pub(super) rehearser: &'a Rehearser<'a>,
    pub(super) clone: Install,
    pub(super) store: Box<dyn VolumeStore>,
    pub(super) request: Request,
    /// How it was before anything was done in it.
    pub(super) before: CloneState,
    /// The old release, where it runs in the install, and the program that reaches the engine.
    pub(super) old: Option<(OldInClone, Docker)>,
    /// Who listens there for the outside.
    pub(super) listening: Option<Listening>,
    /// What its databases held before the plan.
    pub(super) databases: ClonedDatabases,
    /// What that writes by itself.
    pub(super) own_writes: OwnWrites,
}

impl Stage<'_> {
    /// Rehearses.
    pub(super) fn rehearse(&mut self, record: &mut RehearsalRecord) -> Result<(), RehearsalError> {
        self.old_up(record)?;
        self.there_and_back(record)
    }

    /// Has the old release come up, and sees what it writes by itself.
    fn old_up(&mut self, record: &mut RehearsalRecord) -> Result<(), RehearsalError> {
        let Rehearser { disk, progress, .. } = self.rehearser;
        let Some((old, docker)) = &self.old else {
            return Ok(());
        };
        let neutralize = &self.rehearser.prepared.releases.recipe.neutralize;
        old.neutralize(neutralize, docker, disk, *progress)?;
        if !neutralize.is_empty() {
            let commands = neutralize
                .iter()
                .map(|hook| format!("`{}`", hook.run.shown()));
            let commands: Vec<_> = commands.collect();
            record.remarks.push(format!(
                "before anything else the clone was neutralized: {}",
                commands.join(", ")
            ));
        }
        progress.note("on the clone: the old release");
        old.up(disk, *progress)?;
        self.listen(record, "the old release");
        let databases = ClonedDatabases::of(old, docker, *progress)?;
        let now = self.look()?;
        self.own_writes = self.before.own_writes(&now, &databases.folders);
        let by_files = now.compared_by_files(&self.own_writes);
        if !by_files.is_empty() {
            let by_files = self.plain(record, &by_files.join(", "));
            record
                .remarks
                .push(format!("compared file by file: {by_files}"));
        }
        self.databases = databases;
        let count = self.own_writes.count();
        if count > 0 {
            record.remarks.push(format!(
                "{count} paths that the old release writes by itself when it comes up aren't compared"
            ));
        }
        let project = self.request.from_project.clone().unwrap_or_default();
        self.answers(record, docker, &project)?;
        self.before = now;
        Ok(())
    }

    /// Takes down what was heard until now, and that it was during `part`.
    fn listen(&self, record: &mut RehearsalRecord, part: &str) {
        let Some(listening) = &self.listening else {
            return;
        };
        if let Err(error) = listening.take(record, part) {
            let said = with_causes(&error);
            let remark = format!("what was sent to the outside during {part} isn't known: {said}");
            record.remarks.push(remark);
        }
    }

    /// Tells where a release answers in the clone.
    fn answers(
        &self,
        record: &mut RehearsalRecord,
        docker: &Docker,
        project: &str,
    ) -> Result<(), RehearsalError> {
        let doors = CloneBindings::of(&self.clone)?.unwrap_or_default().doors;
        let found = running::answering(docker, project, &doors)?;
        let what = self.plain(record, project);
        if !found.is_empty() {
            let found = found.join(", ");
            record
                .remarks
                .push(format!("on the clone project {what} answered: {found}"));
        }
        Ok(())
    }

    /// How the clone is now; what runs of the old release stands still meanwhile.
    fn look(&self) -> Result<CloneState, RehearsalError> {
        let Rehearser { disk, progress, .. } = self.rehearser;
        let held = match &self.old {
            None => None,
            Some((_, docker)) => {
                let volumes = self.store.list()?.into_iter();
                let outside = CloneBindings::of(&self.clone)?.unwrap_or_default().outside;
                let places = volumes.map(|volume| volume.path);
                let places: Vec<_> = places.chain(outside.into_values()).collect();
                let tag = "a rehearsal's clone";
                Some(running::hold(
                    docker,
                    disk,
                    tag,
                    &places,
                    Quiesce::Pause,
                    *progress,
                )?)
            }
        };
        let mut state = CloneState::of(&self.clone, self.store.as_ref(), *progress)?;
        if let Some(held) = held {
            held.release()?;
        }
        if let Some((old, docker)) = &self.old {
            state.containers = old.containers(docker)?;
        }
        Ok(state)
    }

    fn there_and_back(&self, record: &mut RehearsalRecord) -> Result<(), RehearsalError> {
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
            let (project, up) = (plan.project.clone(), plan.request.up);
            let is_up = self.round(RoundKind::Again, record, |runner| runner.apply(plan))?;
            if let Some((_, docker)) = self.old.as_ref().filter(|_| is_up && up) {
                self.answers(record, docker, &project)?;
            }
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
                let said = self.plain(record, &with_causes(&error));
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
            volumes: DataPlaces {
                install: &self.clone,
                volumes: self.store.as_ref(),
            },
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
            Err(error) => (Some(self.plain(record, &with_causes(&error))), None),
        };
        self.listen(record, kind.words());
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
        let now = self.look()?;
        let found = self.before.differences(&now, left, &self.own_writes);
        let databases = match &self.old {
            Some((old, docker)) => {
                let progress = self.rehearser.progress;
                let now = ClonedDatabases::of(old, docker, progress)?;
                self.databases.against(&now, after)
            }
            None => Vec::new(),
        };
        let lost = databases.iter().flat_map(|one| {
            let service = &one.service;
            let each = one.differences.iter();
            each.map(move |what| format!("Postgres in {service}: {what}"))
        });
        let found: Vec<_> = found
            .into_iter()
            .chain(lost)
            .map(|one| format!("after {}: {}", after.words(), self.plain(record, &one)))
            .collect();
        record.findings.extend(found);
        record.databases.extend(databases);
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
