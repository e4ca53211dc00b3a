//! What earlier runs left paused or stopped, said by every command that has to do with containers.

use jiff::Timestamp;
use serde::Serialize;

use super::options::DockerArg;
use super::terminal::ui::Ui;
use crate::engine::{Error, HeldError, HeldRecord, HeldState, StillHeld};
use crate::fs::Maker;

/// A container that a run left paused or stopped.
#[derive(Debug, Serialize)]
pub(super) struct HeldJson {
    container: String,
    id: String,
    state: HeldState,
    volume: String,
    process: i32,
    since: Timestamp,
    /// Whether it can be known that the run is gone.
    run_is_gone: bool,
}

impl HeldJson {
    pub(super) fn new(record: &HeldRecord, still: StillHeld) -> Self {
        Self {
            container: still.container.name,
            id: still.container.id,
            state: still.state,
            volume: record.held.volume.clone(),
            process: record.held.process,
            since: record.held.since,
            run_is_gone: record.maker == Maker::Dead,
        }
    }

    pub(super) const fn is_known_gone(&self) -> bool {
        self.run_is_gone
    }

    /// In a sentence.
    pub(super) fn describe(&self) -> String {
        let Self {
            container,
            volume,
            process,
            since,
            ..
        } = self;
        let how = match self.state {
            HeldState::Paused => "is paused",
            HeldState::Stopped | HeldState::Free => "is stopped",
            HeldState::Stopping => "runs, and may have been told to stop",
        };
        let run = match self.run_is_gone {
            true => "which is gone",
            false => "of which it can't be known whether it is at work still",
        };
        format!(
            "`{container}` {how}, for a copy of `{volume}` begun at {since:.0} by process {process}, {run}"
        )
    }
}

/// What was left, and what can't be known of it.
#[derive(Debug, Default)]
pub(super) struct LeftHeld {
    pub(super) containers: Vec<HeldJson>,
    pub(super) unknown: Vec<String>,
}

impl LeftHeld {
    /// Looks at what is written down of runs that aren't known to be at work. Where there is
    /// nothing, which is nearly always, no engine is asked.
    pub(super) fn find(docker: &DockerArg) -> Self {
        let mut left = Self::default();
        for record in records(&mut left) {
            match look(&record, docker) {
                Ok(still) => {
                    let still = still.into_iter().map(|still| HeldJson::new(&record, still));
                    left.containers.extend(still);
                }
                Err(error) => left.unknown.push(unknown(&record, &error)),
            }
        }
        left
    }

    /// Warns of it.
    pub(super) fn tell(&self, ui: &Ui) {
        for container in &self.containers {
            ui.warn(&format!(
                "{}: let it go on with `transship volume unpause`",
                container.describe()
            ));
        }
        for unknown in &self.unknown {
            ui.warn(unknown);
        }
    }
}

fn look(record: &HeldRecord, docker: &DockerArg) -> Result<Vec<StillHeld>, Error> {
    record.look(&docker.find()?)
}

/// The records of runs that aren't at work; what can't be read is said in `left`.
fn records(left: &mut LeftHeld) -> Vec<HeldRecord> {
    let mut found = Vec::new();
    match HeldRecord::all() {
        Err(error) => left.unknown.push(unread(&error)),
        Ok(records) => {
            for record in records {
                match record {
                    Ok(record) if record.maker == Maker::Alive => {}
                    Ok(record) => found.push(record),
                    Err(error) => left.unknown.push(unread(&error)),
                }
            }
        }
    }
    found
}

/// Why it can't be known what a run left.
pub(super) fn unread(error: &HeldError) -> String {
    format!("what an earlier run left paused or stopped can't be known: {error}")
}

/// Why it can't be known what has become of these.
pub(super) fn unknown(record: &HeldRecord, error: &Error) -> String {
    let names: Vec<_> = record
        .held
        .containers
        .iter()
        .map(|container| format!("`{}`", container.name))
        .collect();
    format!(
        "whether {} of engine `{}` are left paused or stopped since {:.0} can't be known: {}",
        names.join(", "),
        record.held.engine.name,
        record.held.since,
        error
    )
}

/// Warns of what earlier runs left.
pub(super) fn warn(docker: &DockerArg, ui: &Ui) {
    LeftHeld::find(docker).tell(ui);
}
