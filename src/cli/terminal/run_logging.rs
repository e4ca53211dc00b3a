//! The full log of a run, as it is written: steps, commands, what was said, causes, and times.

use std::collections::HashMap;
use std::fmt::Write as _;

use crate::clock::{self, Stopwatch};
use crate::fs::Disk;
use crate::mask::Secrets;
use crate::progress::{StepMoment, StepProgress};
use crate::release::Install;
use crate::upgrade::Plan;
use crate::upgrade::run_log::RunLog;
use crate::upgrade::run_secrets::run_secrets;

use super::size;

/// The log of the run that is under way, once that has a name.
#[derive(Debug)]
pub(super) struct RunLogging {
    install: Install,
    plan: Plan,
    log: Option<RunLog>,
    /// Lines from before the first step: what is refused there changes nothing, this log included.
    pending: Option<Vec<String>>,
    /// Those that were there when the step began: a merge brings new ones.
    secrets: Secrets,
    step: Option<Stopwatch>,
    /// How often each command was run in this step.
    commands: HashMap<String, u32>,
}

/// A command that is asked again and again is logged so often in one step.
const MOST: u32 = 3;
/// Characters of a command that are logged.
const LONGEST: usize = 600;

impl RunLogging {
    pub(super) fn new(install: &Install, plan: &Plan) -> Self {
        Self {
            install: install.clone(),
            plan: plan.clone(),
            log: None,
            pending: Some(Vec::new()),
            secrets: run_secrets(install, plan),
            step: None,
            commands: HashMap::new(),
        }
    }

    pub(super) fn begin(&mut self, run: &str) {
        self.log = Some(RunLog::of(&self.install, run));
        let (from, to) = (&self.plan.from, &self.plan.to);
        let verb = std::env::args().nth(1).unwrap_or_default();
        let text = format!("run {run}, from {from} to {to}: {verb}");
        self.add("==", &text);
    }

    pub(super) fn step(&mut self, step: &StepProgress<'_>) {
        for line in self.pending.take().into_iter().flatten() {
            self.write(&line);
        }
        let mut text = format!("step {} of {}", step.number, step.count);
        match step.state {
            StepMoment::Begun | StepMoment::UndoBegun => {
                self.secrets = run_secrets(&self.install, &self.plan);
                self.step = Some(Stopwatch::start());
                self.commands.clear();
                let undo = if step.state == StepMoment::UndoBegun {
                    "undo: "
                } else {
                    ""
                };
                let _ = write!(text, ", {}: {undo}{}", step.phase, step.title);
                self.add("==", &text);
            }
            StepMoment::Done | StepMoment::Undone => {
                let word = if step.state == StepMoment::Done {
                    "done"
                } else {
                    "undone"
                };
                let took = self
                    .step
                    .take()
                    .map(|watch| size::duration(watch.elapsed()));
                let bytes = step.bytes.filter(|bytes| *bytes > 0).map(size::human);
                let figures: Vec<_> = took.into_iter().chain(bytes).collect();
                let _ = write!(text, " {word}: {}", figures.join(", "));
                self.add("  ", &text);
            }
        }
    }

    /// A command that was run, unless it was told often enough; one that failed always is.
    pub(super) fn command(&mut self, line: &str, command: &str, failed: bool) {
        let count = self.commands.entry(command.to_owned()).or_default();
        *count += 1;
        if failed || *count <= MOST {
            // A list of all ids on an engine tells nobody anything.
            let end = line
                .char_indices()
                .nth(LONGEST)
                .map_or(line.len(), |(at, _)| at);
            let cut = if end < line.len() { " ..." } else { "" };
            self.add("  $", &format!("{}{cut}", &line[..end]));
        }
    }

    /// Whatever is said, each line of it.
    pub(super) fn say(&mut self, text: &str) {
        for line in text.lines() {
            self.add("  ", line);
        }
    }

    fn add(&mut self, mark: &str, text: &str) {
        if self.log.is_none() {
            return;
        }
        let text = self.secrets.setting(None, text);
        let line = format!("{} {mark} {text}", clock::now());
        match &mut self.pending {
            Some(pending) => pending.push(line),
            None => self.write(&line),
        }
    }

    fn write(&self, line: &str) {
        // A log that can't be kept is no reason to stop.
        let _ = self.log.as_ref().map(|log| log.line(&Disk::new(), line));
    }
}
