//! How long nobody was served: from the first signal to the old release until the new one was up, and
//! well where there is a check.

use std::time::Duration;

use crate::clock::Stopwatch;
use crate::upgrade::step::Step;

/// The downtime of one run, measured as it goes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Downtime {
    since: Option<Stopwatch>,
    lasted: Option<Duration>,
}

impl Downtime {
    /// To be told of each step before it is done.
    pub(super) fn before(&mut self, step: &Step) {
        if matches!(step, Step::Stop(_)) {
            self.since = Some(Stopwatch::start());
        }
    }

    /// To be told of each step once it is done.
    pub(super) fn after(&mut self, step: &Step) {
        if matches!(step, Step::Start(_) | Step::Check(_)) {
            self.lasted = self.since.map(Stopwatch::elapsed);
        }
    }

    /// How long it lasted; nothing where this process didn't see all of it.
    pub fn lasted(&self) -> Option<Duration> {
        self.lasted
    }
}
