//! How long work tells of itself without knowing terminals: it is handed a [`Progress`]
//! and reports to it. The command line draws bars or prints lines; tests collect.
//!
//! The same handle carries the wish to stop: long loops ask [`Progress::interrupted`]
//! between two units of work and clean up when it says yes.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

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
    /// True if it is worth a walk over the tree to know how much there is to do.
    fn wants_total(&self) -> bool {
        false
    }
    /// True when the user wants to stop.
    fn interrupted(&self) -> bool {
        false
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
