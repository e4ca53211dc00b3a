//! From a rehearsal to the real thing: whether a plan was rehearsed, whether all is as it was then, and what
//! the administrator wrote down meanwhile.

use std::collections::BTreeMap;

use super::record::{RehearsalRecord, StepNote};
use super::{RehearsalError, inputs};
use crate::clock;
use crate::engine::VolumeStore;
use crate::fs::Disk;
use crate::progress::{ExpectedStep, Progress, StepProgress};
use crate::release::Install;
use crate::upgrade::Plan;
use crate::upgrade::planning::prepare::Prepared;

/// The newest rehearsal of these very steps, if there was one.
///
/// # Errors
/// Those of [`RehearsalRecord::all`].
pub fn rehearsal_of(
    install: &Install,
    plan: &Plan,
) -> Result<Option<RehearsalRecord>, RehearsalError> {
    let all = RehearsalRecord::all(install)?.into_iter().rev();
    let is_it = |record: &RehearsalRecord| record.plan.steps == plan.steps;
    Ok(all.into_iter().find(is_it))
}

/// What has drifted since the rehearsal, from what to what, by what is planned `now`.
///
/// # Errors
/// Those of looking.
pub fn drifted(
    install: &Install,
    record: &RehearsalRecord,
    now: &Prepared,
    volumes: &dyn VolumeStore,
    progress: &dyn Progress,
) -> Result<Vec<String>, RehearsalError> {
    let is = inputs::observe(install, now, volumes, progress)?;
    Ok(inputs::drift(&record.inputs, &is))
}

/// That the rehearsal went well, and that nothing has drifted since, by what is planned `now`.
///
/// # Errors
/// [`RehearsalError::NotWell`], [`RehearsalError::Drifted`], and those of looking.
pub fn require_as_rehearsed(
    install: &Install,
    record: &RehearsalRecord,
    now: &Prepared,
    volumes: &dyn VolumeStore,
    progress: &dyn Progress,
) -> Result<(), RehearsalError> {
    let id = record.id.clone();
    if !record.is_well() {
        return Err(RehearsalError::NotWell { id });
    }
    let what = drifted(install, record, now, volumes, progress)?;
    match what.is_empty() {
        true => Ok(()),
        false => Err(RehearsalError::Drifted { id, what }),
    }
}

impl RehearsalRecord {
    /// Writes down what whoever does the step, counted from 1, is to know before.
    ///
    /// # Errors
    /// [`RehearsalError::NoStep`], [`RehearsalError::Document`].
    pub fn add_note(
        &mut self,
        disk: &Disk,
        install: &Install,
        step: usize,
        text: &str,
    ) -> Result<(), RehearsalError> {
        let count = self.plan.steps.len();
        if step == 0 || step > count {
            return Err(RehearsalError::NoStep { step, count });
        }
        self.notes.push(StepNote {
            step,
            at: clock::now(),
            text: text.to_owned(),
        });
        self.save(disk, install)
    }
}

/// Tells what was written down of a step just before it is done.
pub struct WithNotes<'a> {
    progress: &'a dyn Progress,
    /// By what a runner says of a step first.
    notes: BTreeMap<String, Vec<&'a str>>,
}

impl<'a> WithNotes<'a> {
    /// Tells `progress` of the record's notes, and of everything else.
    pub fn of(record: &'a RehearsalRecord, progress: &'a dyn Progress) -> Self {
        let count = record.plan.steps.len();
        let mut notes: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        for StepNote { step, text, .. } in &record.notes {
            let title = record.plan.steps.get(step.saturating_sub(1));
            let said = title.map(|title| format!("[{step}/{count}] {}", title.title()));
            notes
                .entry(said.unwrap_or_default())
                .or_default()
                .push(text);
        }
        Self { progress, notes }
    }
}

impl Progress for WithNotes<'_> {
    fn start(&self, what: &str, bytes: Option<u64>) {
        self.progress.start(what, bytes);
    }
    fn advance(&self, bytes: u64, files: u64) {
        self.progress.advance(bytes, files);
    }
    fn finish(&self) {
        self.progress.finish();
    }
    fn note(&self, line: &str) {
        self.progress.note(line);
    }
    fn step(&self, step: &StepProgress<'_>) {
        if step.state.begins() {
            for note in self.notes.get(&step.to_string()).into_iter().flatten() {
                self.progress.note(&format!("noted in rehearsal: {note}"));
            }
        }
        self.progress.step(step);
    }
    fn begins_run(&self, run: &str, steps: &[ExpectedStep]) {
        self.progress.begins_run(run, steps);
    }
    fn wants_total(&self) -> bool {
        self.progress.wants_total()
    }
    fn interrupted(&self) -> bool {
        self.progress.interrupted()
    }
}
