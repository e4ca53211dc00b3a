//! Observing what an estimate of the downtime is made from: the last upgrade of the install, the
//! containers that run now, and how fast a sample of the data is read. Nothing is changed.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use super::downtime::DowntimeFigure;
use super::going_back::is_flow;
use super::journal::{Journal, JournalError};
use super::probing::is_seen_by_ports;
use crate::clock::{self, Stopwatch};
use crate::engine::{Container, Turnaround, VolumeStore};
use crate::progress::Progress;
use crate::release::Install;
use crate::tree::{self, KnownFiles, VerifyOptions};
use crate::upgrade::data_places::DataPlaces;
use crate::upgrade::downtime_estimate::{DowntimeFacts, EarlierPart, EarlierParts};
use crate::upgrade::expected_changes::ExpectedChanges;
use crate::upgrade::plan::Plan;
use crate::upgrade::planning::prepare::Prepared;
use crate::upgrade::step::{STOP_PATIENCE, Step};

/// The most that is read as a sample.
const SAMPLE_BYTES: u64 = 64 << 20;
/// And for how long.
const SAMPLE_TIME: Duration = Duration::from_millis(700);

impl DowntimeFacts {
    /// Observes, for a plan that was prepared.
    ///
    /// # Errors
    /// [`JournalError`], where an earlier run can't be read. What else can't be observed isn't known.
    pub fn observe(
        install: &Install,
        prepared: &Prepared,
        store: &dyn VolumeStore,
        progress: &dyn Progress,
    ) -> Result<Self, JournalError> {
        let plan = &prepared.plan;
        let store: &dyn VolumeStore = &DataPlaces {
            install,
            volumes: store,
        };
        if !is_flow(plan) {
            return Ok(Self::default());
        }
        let seen = prepared.databases.seen.iter();
        let databases = seen.filter(|seen| {
            let found = seen.found.as_ref();
            found.map_or(true, |found| !found.databases.is_empty())
        });
        let databases = databases.map(|seen| seen.key.clone()).collect();
        let earlier = Journal::newest_of(install, &|journal| {
            journal.was_complete() && is_flow(journal.plan())
        })?;
        let is_measured = earlier.as_ref().is_some_and(|journal| {
            let mut steps = journal.plan().steps.iter();
            steps.any(|step| matches!(step, Step::CopyVolume(_)))
        });
        let sample = (!is_measured)
            .then(|| rate(plan, store, progress))
            .flatten();
        let warm = warm_bytes(plan);
        let changing = changing(plan, store, warm_gap(warm, sample));
        let took = |journal: &Journal| {
            let seen = journal.downtime().and_then(DowntimeFigure::seen);
            EarlierPart::of_steps(journal.plan(), &changing.bytes, seen, |step| {
                journal.outcome(step)
            })
        };
        let earlier: EarlierParts = earlier.as_ref().map(took).unwrap_or_default();
        let (containers, question) = containers(install, plan, store);
        let models = [&prepared.releases.old.model, &prepared.decisions.model];
        let stop = plan.steps.iter().find_map(|step| match step {
            Step::Stop(stop) => Some(stop),
            _ => None,
        });
        let by_ports = stop.is_some_and(|stop| is_seen_by_ports(stop, models, install, store));
        Ok(Self {
            rehearsed: EarlierParts::new(),
            rate: sample,
            earlier,
            containers,
            by_ports,
            question,
            databases,
            changing: changing.bytes,
            walk: changing.walk,
        })
    }
}

/// What is read in a second where no sample tells.
pub(super) const UNTOLD_RATE: u64 = 100 << 20;
/// How often a volume is read before the window: to be copied, and to be known, and the copy as well.
pub(super) const WARM_READS: u64 = 3;

/// The bytes that are copied while the old release serves.
fn warm_bytes(plan: &Plan) -> u64 {
    let is_warm = |key: &str| {
        let mut steps = plan.steps.iter();
        steps.any(|step| matches!(step, Step::WarmCopy(copy) if copy.key == key))
    };
    let volumes = plan.estimate.volumes.iter();
    let warm = volumes.filter(|volume| is_warm(&volume.key));
    warm.map(|volume| volume.bytes).sum()
}

/// How long before the stop the first of them is read.
fn warm_gap(bytes: u64, rate: Option<u64>) -> Duration {
    let rate = rate.unwrap_or(UNTOLD_RATE).max(1);
    Duration::from_secs(bytes.saturating_mul(WARM_READS) / rate)
}

/// What is to be expected of the volumes that are copied while they are in use.
#[derive(Debug, Default)]
struct Changing {
    /// The bytes that will have been changed by the window, by the keys of the volumes of which the
    /// window reads no more.
    bytes: BTreeMap<String, u64>,
    /// How long it takes to look at all files of these.
    walk: Duration,
}

/// Looks at the times of the files. Of a volume that isn't reached by path, or whose filesystem doesn't
/// mark every write, the window reads all.
fn changing(plan: &Plan, store: &dyn VolumeStore, gap: Duration) -> Changing {
    let now = clock::now().as_second();
    let warm = plan.steps.iter().filter_map(|step| match step {
        Step::WarmCopy(copy) => Some(copy),
        _ => None,
    });
    let contents = store.contents();
    let watch = Stopwatch::start();
    let expected = warm.filter_map(|copy| {
        let volume = store.find(&copy.source).ok()??;
        let root = contents.path(&volume)?;
        KnownFiles::are_possible(root).ok().filter(|is| *is)?;
        let mut changes = ExpectedChanges::within(gap, now);
        tree::file_ages(root, &mut |file| changes.take(file)).ok()?;
        Some((copy.key.clone(), changes.bytes()))
    });
    Changing {
        bytes: expected.collect(),
        walk: watch.elapsed(),
    }
}

/// What is to be expected of the old release's containers, and how long the engine takes to answer.
fn containers(
    install: &Install,
    plan: &Plan,
    store: &dyn VolumeStore,
) -> (Option<Turnaround>, Duration) {
    let stop = plan.steps.iter().find_map(|step| match step {
        Step::Stop(stop) => Some(stop),
        _ => None,
    });
    let (Some(stop), Some(docker)) = (stop, store.docker()) else {
        return (None, Duration::ZERO);
    };
    let folder = install
        .release_folder(&stop.old.version)
        .join(&stop.old.folder);
    let watch = Stopwatch::start();
    let asked = Container::of_project(docker, &stop.old.project);
    let question = watch.elapsed();
    let found = Turnaround::of(docker, &stop.old.project, &folder, STOP_PATIENCE);
    (asked.and(found).ok(), question)
}

/// How fast a sample of the largest volume is read and digested, in bytes a second.
fn rate(plan: &Plan, store: &dyn VolumeStore, progress: &dyn Progress) -> Option<u64> {
    let copies = plan.steps.iter().filter_map(|step| match step {
        Step::CopyVolume(copy) => Some(copy),
        _ => None,
    });
    let bytes = |key: &str| {
        let mut volumes = plan.estimate.volumes.iter();
        volumes
            .find(|volume| volume.key == key)
            .map_or(0, |volume| volume.bytes)
    };
    let largest = copies.max_by_key(|copy| bytes(&copy.key))?;
    let volume = store.find(&largest.source).ok()??;
    let sample = Sample {
        since: Stopwatch::start(),
        bytes: AtomicU64::new(0),
        progress,
    };
    let options = VerifyOptions {
        media: true,
        ..VerifyOptions::default()
    };
    let read = store.contents().observe(&volume, &options, &sample);
    let (took, bytes) = (sample.since.elapsed(), sample.bytes.load(Relaxed));
    // What ended for another reason than the sample's size tells nothing.
    if progress.interrupted() || (read.is_err() && !sample.is_enough()) {
        return None;
    }
    // Of next to nothing the rate is that of opening files, and it is copied as soon.
    let rate = u128::from(bytes.max(1 << 20)) * 1000 / took.as_millis().max(1);
    u64::try_from(rate).ok()
}

/// Stops whoever reads when enough was read.
struct Sample<'a> {
    since: Stopwatch,
    bytes: AtomicU64,
    progress: &'a dyn Progress,
}

impl Sample<'_> {
    fn is_enough(&self) -> bool {
        self.bytes.load(Relaxed) >= SAMPLE_BYTES || self.since.elapsed() >= SAMPLE_TIME
    }
}

impl Progress for Sample<'_> {
    fn start(&self, _: &str, _: Option<u64>) {}
    fn advance(&self, bytes: u64, _: u64) {
        self.bytes.fetch_add(bytes, Relaxed);
    }
    fn finish(&self) {}
    fn note(&self, _: &str) {}
    fn interrupted(&self) -> bool {
        self.is_enough() || self.progress.interrupted()
    }
}
