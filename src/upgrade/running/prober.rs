//! The prober: asks four times a second, beside the steps, until it is told to end.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::downtime::ProbeLog;
use super::probing::ProbeTargets;
use crate::clock::Stopwatch;
use crate::threads;

/// Between two questions.
const PERIOD: Duration = Duration::from_millis(250);
/// How long the last good answer is waited for once all steps are done.
const LAST: Duration = Duration::from_secs(2);

/// A prober at work.
pub(super) struct Prober {
    log: Arc<Mutex<ProbeLog>>,
    ends: Arc<AtomicBool>,
    /// None where no thread is to be had: nothing is seen then.
    thread: Option<JoinHandle<()>>,
}

impl Prober {
    /// Begins to ask; times are told by `since`.
    pub(super) fn start(targets: ProbeTargets, since: Stopwatch) -> Self {
        let log = Arc::new(Mutex::new(ProbeLog::default()));
        let ends = Arc::new(AtomicBool::new(false));
        let (its_log, its_ends) = (Arc::clone(&log), Arc::clone(&ends));
        let thread = threads::start(move || {
            while !its_ends.load(Relaxed) {
                let at = since.elapsed();
                let is_well = targets.is_well();
                locked(&its_log, |log| log.take(at, is_well));
                thread::sleep(PERIOD.saturating_sub(since.elapsed().saturating_sub(at)));
            }
        });
        Self {
            log,
            ends,
            thread: thread.ok(),
        }
    }

    /// What is asked from now on is about the release that is awaited.
    pub(super) fn old_is_down(&self, at: Duration) {
        locked(&self.log, |log| log.old_is_down(at));
    }

    /// Ends it, with a good answer if one comes soon.
    pub(super) fn end(mut self) -> ProbeLog {
        let watch = Stopwatch::start();
        while self.thread.is_some() && watch.elapsed() < LAST {
            if locked(&self.log, |log| log.good_since()).is_some() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
        self.ends.store(true, Relaxed);
        if let Some(thread) = self.thread.take() {
            // One that has panicked has seen what it has seen.
            let _ = thread.join();
        }
        locked(&self.log, |log| *log)
    }
}

impl Drop for Prober {
    fn drop(&mut self) {
        self.ends.store(true, Relaxed);
    }
}

fn locked<T>(log: &Mutex<ProbeLog>, with: impl FnOnce(&mut ProbeLog) -> T) -> T {
    with(&mut log.lock().unwrap_or_else(PoisonError::into_inner))
}
