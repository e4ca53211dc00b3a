//! How long work tells of itself without knowing terminals: it is handed a [`Progress`]
//! and reports to it. The command line draws bars or prints lines; tests collect.
//!
//! The same handle carries the wish to stop: long loops ask [`Progress::interrupted`]
//! between two units of work and clean up when it says yes.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;

/// An observer of one piece of long work at a time. Called from several threads.
pub trait Progress: Sync {
    /// Work named `what` begins; `bytes` is its expected size where it is known.
    fn start(&self, what: &str, bytes: Option<u64>);
    /// `bytes` and `files` more are done.
    fn advance(&self, bytes: u64, files: u64);
    /// The work that [`Progress::start`] named is over, well or not.
    fn finish(&self);
    /// A line worth saying now.
    fn note(&self, line: &str);
    /// A step of a plan begins or ends.
    fn step(&self, step: &StepProgress<'_>) {
        if step.state.begins() {
            self.note(&step.to_string());
        }
    }
    /// A run of a plan begins, or goes on, that has this name; what is known of each of its steps beforehand.
    fn begins_run(&self, _run: &str, _steps: &[ExpectedStep]) {}
    /// True if it is worth a walk over the tree to know how much there is to do.
    fn wants_total(&self) -> bool {
        false
    }
    /// True when the user wants to stop.
    fn interrupted(&self) -> bool {
        false
    }
}

/// What can be known of a step before it is done: how long, or how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExpectedStep {
    /// So many bytes are copied; the rate tells how long that takes.
    Copy(u64),
    /// So many bytes are read.
    Read(u64),
    /// It takes about so long.
    Time(Duration),
    /// It takes no time to speak of.
    Brief,
    /// It may take any time.
    Unknown,
}

/// Where a run is in its plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepProgress<'a> {
    /// Whether the step begins or has ended.
    pub state: StepMoment,
    /// The step's number in the plan, counted from 1.
    pub number: usize,
    /// How many steps the plan has.
    pub count: usize,
    /// What the step is, in one line.
    pub title: &'a str,
    /// When it is done, seen from the services: `before`, `window`, `after`.
    pub phase: &'a str,
    /// What it wrote, in bytes, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// A moment of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepMoment {
    /// It is about to be done.
    Begun,
    /// It is done, for good.
    Done,
    /// It is about to be undone.
    UndoBegun,
    /// It is undone.
    Undone,
}

impl StepMoment {
    /// Whether something begins.
    pub const fn begins(self) -> bool {
        matches!(self, Self::Begun | Self::UndoBegun)
    }
}

/// The line for a reader.
impl fmt::Display for StepProgress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let undo = match self.state {
            StepMoment::UndoBegun | StepMoment::Undone => "undo: ",
            _ => "",
        };
        write!(f, "[{}/{}] {undo}{}", self.number, self.count, self.title)
    }
}

/// Says nothing and never interrupts.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn start(&self, _: &str, _: Option<u64>) {}
    fn advance(&self, _: u64, _: u64) {}
    fn finish(&self) {}
    fn note(&self, _: &str) {}
}

/// Remembers what was said, for tests; can be told to interrupt.
#[derive(Debug, Default)]
pub struct Collected {
    /// The name of each piece of work begun, in order, and each note.
    pub lines: Mutex<Vec<String>>,
    /// Bytes done so far: the sum over all calls of [`Progress::advance`].
    pub bytes: AtomicU64,
    /// Files done so far: the sum over all calls of [`Progress::advance`].
    pub files: AtomicU64,
    /// What [`Progress::interrupted`] answers.
    pub stop: AtomicBool,
}

impl Collected {
    fn push(&self, line: &str) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.push(line.to_owned());
    }
}

impl Progress for Collected {
    fn start(&self, what: &str, _: Option<u64>) {
        self.push(what);
    }
    fn advance(&self, bytes: u64, files: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
        self.files.fetch_add(files, Relaxed);
    }
    fn finish(&self) {}
    fn note(&self, line: &str) {
        self.push(line);
    }
    fn interrupted(&self) -> bool {
        self.stop.load(Relaxed)
    }
}
