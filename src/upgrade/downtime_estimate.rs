//! How long nobody will be served, as far as it can be known before. The model is all here, and pure:
//!
//! - A kind of step that an earlier upgrade of the install did takes as long again; where it reads data,
//!   as much longer as there is more of it.
//! - Of a volume that is copied while it is in use, what is written lately is what will be read.
//! - Else *stopping* takes what the containers need that don't heed their signal, *starting* what the
//!   health checks of the old release need at least, *copying* and *verifying* what reading takes at the
//!   rate that was measured just now; and each step the questions that it asks the engine.
//! - Else it is unknown: hooks, checks, steps that move data. Then the whole is unknown, too.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::plan::{Plan, VolumeEstimate};
use super::step::{Phase, Step};
use crate::engine::Turnaround;
use crate::error::{Code, Explain, Kind};

/// What a downtime is made of, in the order in which it passes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DowntimeEstimate {
    /// The kinds of steps from the first signal until the new release is seen to be well.
    pub parts: Vec<DowntimePart>,
}

/// One part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DowntimePart {
    /// The kind of steps.
    pub kind: PartKind,
    /// How long they may be expected to take, in milliseconds; absent where that can't be known.
    pub milliseconds: Option<u64>,
    /// What is known of it.
    pub basis: PartBasis,
}

/// Steps that are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartKind {
    /// Stopping the old release.
    Stop,
    /// Copying again what changed.
    Copy,
    /// Verifying the copies.
    Verify,
    /// Making the new containers, where that can't be done before.
    Create,
    /// The recipe's hook, and whatever else moves data.
    Hook,
    /// Starting the new release, until it is up.
    Start,
    /// The recipe's checks.
    Check,
}

/// What a part's time is known by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartBasis {
    /// The last upgrade of this install took so long.
    EarlierRun,
    /// How the old release's containers are, and what the engine takes to answer.
    Containers,
    /// The rate at which a sample of the data was read.
    Measured,
    /// Nothing.
    Unknown,
}

/// Why a plan is refused that may be down for too long.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DowntimeRefusal {
    /// The estimate is more.
    #[error("it would be down for about {expected} s, and may be for {limit} s: {parts}")]
    TooLong {
        /// The estimate, in seconds.
        expected: u64,
        /// The most that is wanted, in seconds.
        limit: u64,
        /// What it is made of, for a reader.
        parts: String,
    },
    /// There is none.
    #[error("it isn't known how long it would be down: {parts}")]
    Unknown {
        /// What it is made of, for a reader.
        parts: String,
    },
}

impl Explain for DowntimeRefusal {
    fn code(&self) -> Code {
        Code::Downtime
    }

    fn kind(&self) -> Kind {
        Kind::Refused
    }

    fn hints(&self) -> Vec<String> {
        vec![match self {
            Self::TooLong { .. } => "allow more with `--max-downtime`".to_owned(),
            Self::Unknown { .. } => {
                "the first upgrade here makes it known; until then `--accept-unknown-downtime`"
                    .to_owned()
            }
        }]
    }
}

/// What was observed for it.
#[derive(Debug, Clone, Default)]
pub struct DowntimeFacts {
    /// What the last complete upgrade of the install took, by kind.
    pub earlier: BTreeMap<PartKind, EarlierPart>,
    /// What is to be expected of the containers that run now.
    pub containers: Option<Turnaround>,
    /// How long the engine takes to answer a question.
    pub question: Duration,
    /// Bytes that are read and digested in a second.
    pub rate: Option<u64>,
    /// The keys of volumes that a database writes, which are compared by content.
    pub databases: BTreeSet<String>,
    /// The bytes that may change until the window, by the keys of volumes of which it reads no more.
    pub changing: BTreeMap<String, u64>,
}

/// What a kind of step took once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EarlierPart {
    /// All of its steps together.
    pub milliseconds: u64,
    /// The bytes of data that were read then.
    pub bytes: u64,
}

/// What a copy takes however little there is to copy, as if it were so many bytes more.
const LEAST: u64 = 64 << 20;
/// How long the start waits for what has no health check to stay up.
const SETTLING: Duration = Duration::from_secs(2);

impl DowntimeEstimate {
    /// The whole, in milliseconds; nothing while any part is unknown.
    pub fn milliseconds(&self) -> Option<u64> {
        self.parts.iter().map(|part| part.milliseconds).sum()
    }

    /// What is known of the whole.
    pub fn expected(&self) -> Option<Duration> {
        self.milliseconds().map(Duration::from_millis)
    }

    /// That it is at most `limit`; what is unknown is refused, too, unless that is accepted.
    ///
    /// # Errors
    /// [`DowntimeRefusal`].
    pub fn require_within(
        &self,
        limit: Duration,
        accept_unknown: bool,
    ) -> Result<(), DowntimeRefusal> {
        let parts = || {
            let parts: Vec<String> = self.parts.iter().map(DowntimePart::to_string).collect();
            parts.join(", ")
        };
        match self.expected() {
            Some(expected) if expected > limit => Err(DowntimeRefusal::TooLong {
                expected: expected
                    .as_millis()
                    .div_ceil(1000)
                    .try_into()
                    .unwrap_or(u64::MAX),
                limit: limit.as_secs(),
                parts: parts(),
            }),
            None if !accept_unknown => Err(DowntimeRefusal::Unknown { parts: parts() }),
            _ => Ok(()),
        }
    }

    /// Estimates the downtime of a plan; nothing where it stops nothing.
    pub fn of(plan: &Plan, facts: &DowntimeFacts) -> Option<Self> {
        plan.steps
            .iter()
            .find(|step| matches!(step, Step::Stop(_)))?;
        let mut counts: BTreeMap<PartKind, u32> = BTreeMap::new();
        for kind in kinds(&plan.steps).into_iter().flatten() {
            *counts.entry(kind).or_default() += 1;
        }
        let volumes = &plan.estimate.volumes;
        let parts = counts.into_iter();
        let parts = parts.map(|(kind, steps)| facts.part(kind, steps, volumes));
        Some(Self {
            parts: parts.collect(),
        })
    }
}

impl DowntimeFacts {
    fn part(&self, kind: PartKind, steps: u32, volumes: &[VolumeEstimate]) -> DowntimePart {
        let read = |volume: &VolumeEstimate| {
            let changing = self.changing.get(&volume.key);
            changing.copied().unwrap_or(volume.bytes)
        };
        let bytes = volumes.iter().map(read).sum();
        let earlier = self.earlier.get(&kind);
        let questions = |count: u32| self.question * count * steps;
        let containers = |time: Option<Duration>| (time, PartBasis::Containers);
        let (time, basis) = match (kind, earlier) {
            (_, Some(earlier)) => (Some(earlier.again(kind, bytes)), PartBasis::EarlierRun),
            (PartKind::Stop, _) => {
                let stop = self.containers.and_then(|containers| containers.stop);
                containers(stop.map(|stop| stop + questions(3)))
            }
            (PartKind::Start, _) => containers(self.containers.map(|containers| {
                let settling = if containers.unchecked {
                    SETTLING
                } else {
                    Duration::ZERO
                };
                containers.healthy.max(settling) + questions(8)
            })),
            (PartKind::Create, _) => containers(self.containers.map(|_| questions(8))),
            (PartKind::Copy, _) => {
                let twice = volumes
                    .iter()
                    .filter(|one| self.databases.contains(&one.key));
                let twice: u64 = twice.map(read).sum();
                // To compare, both ends; then the manifest.
                (
                    self.reading(bytes + 2 * twice, questions(4)),
                    PartBasis::Measured,
                )
            }
            (PartKind::Verify, _) => (self.reading(bytes, questions(4)), PartBasis::Measured),
            (PartKind::Hook | PartKind::Check, _) => (None, PartBasis::Unknown),
        };
        let milliseconds = time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        DowntimePart {
            kind,
            milliseconds,
            basis: milliseconds.map_or(PartBasis::Unknown, |_| basis),
        }
    }

    fn reading(&self, bytes: u64, questions: Duration) -> Option<Duration> {
        let rate = self.rate.filter(|rate| *rate > 0)?;
        let milliseconds = u128::from(bytes) * 1000 / u128::from(rate);
        Some(Duration::from_millis(u64::try_from(milliseconds).ok()?) + questions)
    }
}

impl EarlierPart {
    fn again(self, kind: PartKind, bytes: u64) -> Duration {
        let milliseconds = match kind {
            PartKind::Copy | PartKind::Verify => {
                let more = u128::from(bytes + LEAST) * u128::from(self.milliseconds);
                u64::try_from(more / u128::from(self.bytes + LEAST)).unwrap_or(u64::MAX)
            }
            _ => self.milliseconds,
        };
        Duration::from_millis(milliseconds)
    }
}

/// The kind of each step from the first signal until the new release is seen to be well; none of the
/// others, and of those that take no time to speak of.
pub(super) fn kinds(steps: &[Step]) -> Vec<Option<PartKind>> {
    let stop = steps.iter().position(|step| matches!(step, Step::Stop(_)));
    let switch = steps
        .iter()
        .position(|step| matches!(step, Step::Switch(_)));
    let (stop, switch) = (stop.unwrap_or(steps.len()), switch.unwrap_or(steps.len()));
    let kinds = steps.iter().enumerate().map(|(number, step)| {
        let is_counted = (stop..switch).contains(&number) && step.phase() == Phase::Window;
        is_counted.then(|| kind(step)).flatten()
    });
    kinds.collect()
}

fn kind(step: &Step) -> Option<PartKind> {
    Some(match step {
        Step::Stop(_) => PartKind::Stop,
        Step::CopyVolume(_) | Step::CopyFolder(_) => PartKind::Copy,
        Step::Verify(_) => PartKind::Verify,
        Step::CreateContainers(_) => PartKind::Create,
        Step::Start(_) => PartKind::Start,
        Step::Check(_) => PartKind::Check,
        // Small files.
        Step::Carry(_) => return None,
        _ => PartKind::Hook,
    })
}

impl fmt::Display for DowntimePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.milliseconds.map(Duration::from_millis) {
            Some(time) => write!(f, "{} {:.1} s", self.kind, time.as_secs_f64()),
            None => write!(f, "{} unknown", self.kind),
        }
    }
}

impl fmt::Display for PartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Stop => "stop",
            Self::Copy => "copy",
            Self::Verify => "verify",
            Self::Create => "create",
            Self::Hook => "hooks",
            Self::Start => "start",
            Self::Check => "checks",
        })
    }
}

impl fmt::Display for PartBasis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EarlierRun => "as the last upgrade here",
            Self::Containers => "by the signals and health checks of what runs",
            Self::Measured => "at the rate at which a sample was read",
            Self::Unknown => "nothing is known of it yet",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(key: &str, bytes: u64) -> VolumeEstimate {
        VolumeEstimate {
            key: key.to_owned(),
            files: 1,
            bytes,
            in_use_by: None,
        }
    }

    fn facts() -> DowntimeFacts {
        DowntimeFacts {
            containers: Some(Turnaround {
                stop: Some(Duration::from_secs(10)),
                healthy: Duration::from_secs(5),
                unchecked: false,
            }),
            question: Duration::from_millis(100),
            rate: Some(100 << 20),
            ..DowntimeFacts::default()
        }
    }

    #[track_caller]
    fn check(facts: &DowntimeFacts, kind: PartKind, milliseconds: Option<u64>, basis: PartBasis) {
        let volumes = [volume("db", 200 << 20), volume("files", 100 << 20)];
        let part = facts.part(kind, 1, &volumes);
        assert_eq!(
            (part.milliseconds, part.basis),
            (milliseconds, basis),
            "{kind}"
        );
    }

    #[test]
    fn at_first_it_is_told_by_the_containers_and_a_sample() {
        let mut facts = facts();
        check(&facts, PartKind::Stop, Some(10_300), PartBasis::Containers);
        check(&facts, PartKind::Start, Some(5_800), PartBasis::Containers);
        check(&facts, PartKind::Copy, Some(3_400), PartBasis::Measured);
        facts.databases.insert("db".to_owned());
        check(&facts, PartKind::Copy, Some(7_400), PartBasis::Measured);
        check(&facts, PartKind::Verify, Some(3_400), PartBasis::Measured);
        check(&facts, PartKind::Check, None, PartBasis::Unknown);
        check(&facts, PartKind::Hook, None, PartBasis::Unknown);
        // However large it is.
        facts.changing = BTreeMap::from([("db".to_owned(), 50 << 20)]);
        check(&facts, PartKind::Copy, Some(2_900), PartBasis::Measured);
        check(&facts, PartKind::Verify, Some(1_900), PartBasis::Measured);
    }

    #[test]
    fn what_cannot_be_known_is_unknown_and_so_is_the_whole() {
        let mut facts = facts();
        facts.rate = None;
        check(&facts, PartKind::Copy, None, PartBasis::Unknown);
        facts.containers = facts.containers.map(|containers| Turnaround {
            stop: None,
            ..containers
        });
        check(&facts, PartKind::Stop, None, PartBasis::Unknown);
        facts.containers = None;
        check(&facts, PartKind::Start, None, PartBasis::Unknown);
        let part = |milliseconds| DowntimePart {
            kind: PartKind::Stop,
            milliseconds,
            basis: PartBasis::EarlierRun,
        };
        let whole = |parts: &[Option<u64>]| {
            let parts = parts.iter().map(|time| part(*time)).collect();
            DowntimeEstimate { parts }.milliseconds()
        };
        assert_eq!(whole(&[Some(3), Some(4)]), Some(7));
        assert_eq!(whole(&[Some(3), None]), None);
    }

    #[test]
    fn more_than_is_wanted_is_refused_and_so_is_what_is_unknown() {
        let estimate = |milliseconds| DowntimeEstimate {
            parts: vec![DowntimePart {
                kind: PartKind::Stop,
                milliseconds,
                basis: PartBasis::EarlierRun,
            }],
        };
        let limit = Duration::from_secs(30);
        assert_eq!(estimate(Some(30_000)).require_within(limit, false), Ok(()));
        let said = estimate(Some(30_100))
            .require_within(limit, true)
            .unwrap_err();
        assert_eq!(
            said.to_string(),
            "it would be down for about 31 s, and may be for 30 s: stop 30.1 s"
        );
        let said = estimate(None).require_within(limit, false).unwrap_err();
        assert!(said.to_string().ends_with("stop unknown"), "{said}");
        assert_eq!(estimate(None).require_within(limit, true), Ok(()));
    }

    #[test]
    fn later_it_is_told_by_the_last_upgrade_and_more_data_takes_longer() {
        let mut facts = facts();
        let earlier = |milliseconds, bytes| EarlierPart {
            milliseconds,
            bytes,
        };
        facts.earlier = BTreeMap::from([
            (PartKind::Stop, earlier(1_500, 0)),
            (PartKind::Hook, earlier(9_000, 0)),
            (PartKind::Verify, earlier(1_000, 118 << 20)),
            (PartKind::Copy, earlier(200, 4_096)),
        ]);
        check(&facts, PartKind::Stop, Some(1_500), PartBasis::EarlierRun);
        check(&facts, PartKind::Hook, Some(9_000), PartBasis::EarlierRun);
        check(&facts, PartKind::Verify, Some(2_000), PartBasis::EarlierRun);
        check(&facts, PartKind::Copy, Some(1_137), PartBasis::EarlierRun);
        check(&facts, PartKind::Start, Some(5_800), PartBasis::Containers);
    }
}
