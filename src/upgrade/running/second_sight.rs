//! How long it will be down, by what is known just before the old release is stopped: the volumes are
//! copied by then, so that what has changed since can be counted, and how fast they are read was seen.

use super::downtime_facts::{UNTOLD_RATE, WARM_READS};
use super::journal::Journal;
use super::runner::{RunIds, Runner};
use crate::clock::Stopwatch;
use crate::engine::{Container, VolumeStore as _};
use crate::upgrade::downtime_estimate::{DowntimeEstimate, DowntimeFacts};
use crate::upgrade::known_copy::KnownCopy;
use crate::upgrade::step::Step;

/// Less tells nothing of how fast it is read.
const LEAST_SAMPLE: u64 = 64 << 20;

impl Runner<'_> {
    /// The estimate of the plan, with what is known by now; nothing where the plan has none.
    pub(super) fn expected_now(&self, journal: &Journal, ids: &RunIds) -> Option<DowntimeEstimate> {
        let planned = journal.plan().estimate.downtime.as_ref()?;
        let mut facts = DowntimeFacts {
            rate: Some(warm_rate(journal).unwrap_or(UNTOLD_RATE)),
            ..DowntimeFacts::default()
        };
        let world = self.world(ids);
        let contents = self.volumes.contents();
        for step in &journal.plan().steps {
            match step {
                Step::WarmCopy(copy) => {
                    let watch = Stopwatch::start();
                    let known = KnownCopy::load(world.install, &copy.manifest);
                    let volume = self.volumes.find(&copy.source).ok().flatten();
                    let path = volume.as_ref().and_then(|volume| contents.path(volume));
                    let changed = known
                        .zip(path)
                        .and_then(|(known, path)| known.source.unknown_bytes(path).ok());
                    if let Some(bytes) = changed {
                        facts.changing.insert(copy.key.clone(), bytes);
                    } else {
                        // All of it is read, and compared.
                        facts.databases.insert(copy.key.clone());
                    }
                    facts.walk += watch.elapsed();
                }
                Step::Stop(stop) => {
                    let watch = Stopwatch::start();
                    let docker = self.volumes.docker()?;
                    // It isn't the answer that counts.
                    let _ = Container::of_project(docker, &stop.old.project);
                    facts.question = watch.elapsed();
                }
                _ => {}
            }
        }
        Some(planned.corrected(journal.plan(), &facts))
    }
}

/// The bytes that were read in a second when the volumes were copied, where these were enough to tell.
fn warm_rate(journal: &Journal) -> Option<u64> {
    let steps = journal.plan().steps.iter().enumerate();
    let copies = steps.filter(|(_, step)| matches!(step, Step::WarmCopy(_)));
    let outcomes = copies.filter_map(|(number, _)| journal.outcome(number));
    let (bytes, milliseconds) = outcomes.fold((0_u64, 0_u64), |(bytes, time), outcome| {
        (bytes + outcome.bytes, time + outcome.milliseconds)
    });
    let read = bytes.saturating_mul(WARM_READS).saturating_mul(1000);
    (bytes >= LEAST_SAMPLE && milliseconds > 0).then(|| (read / milliseconds).max(1))
}
