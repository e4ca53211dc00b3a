//! How long nobody will be served, as far as it can be known before. The model is all here, and pure:
//!
//! - A kind of step that was rehearsed on the way to this release takes as long again, else one that an
//!   earlier upgrade of the install did; where it reads data, as much longer as there is more of it.
//! - Of a volume that is copied while it is in use, what will have been changed since is read, and no more.
//! - Else *stopping* takes what the containers need that don't heed their signal, *starting* what the
//!   health checks of the old release took or need at least, or of these only what others wait for where
//!   published ports tell who serves, *copying* and *verifying* what reading takes at the
//!   rate that was measured just now; and each step the questions that it asks the engine.
//! - Else it is unknown: hooks, checks, steps that move data. Then the whole is unknown, too.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::plan::{Plan, VolumeEstimate};
use super::step::{Phase, Step, StepOutcome};
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
    /// Moving databases.
    Database,
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
    /// The last rehearsal of this upgrade took so long.
    Rehearsal,
    /// The last upgrade of this install took so long.
    EarlierRun,
    /// How the old release's containers are, and what the engine takes to answer.
    Containers,
    /// The rate at which a sample of the data was read.
    Measured,
    /// What has changed since the volumes were copied, and the rate at which they were.
    WarmCopy,
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
    /// What the last rehearsal of the same upgrade took, by kind.
    pub rehearsed: EarlierParts,
    /// What the last complete upgrade of the install took, by kind.
    pub earlier: EarlierParts,
    /// What is to be expected of the containers that run now.
    pub containers: Option<Turnaround>,
    /// Who serves is told by ports that are published, which answer whatever a health check says.
    pub by_ports: bool,
    /// How long the engine takes to answer a question.
    pub question: Duration,
    /// Bytes that are read and digested in a second.
    pub rate: Option<u64>,
    /// The keys of volumes that a database writes, which are compared by content.
    pub databases: BTreeSet<String>,
    /// The bytes that will have been changed by the window, by the keys of volumes of which it reads no
    /// more.
    pub changing: BTreeMap<String, u64>,
    /// How long it takes to look at all files of these, without opening one.
    pub walk: Duration,
}

/// What each kind of step took when steps like a plan's were done.
pub type EarlierParts = BTreeMap<PartKind, EarlierPart>;

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
/// How often all files are looked at to bring copies up to date: both ends, for the manifest, and what
/// is made of what was found.
const COPY_LOOKS: u32 = 4;
/// And to verify them: the copy, and both ends again.
const VERIFY_LOOKS: u32 = 3;
/// What Compose takes to start containers that are made already, and until that is seen.
const STARTING: Duration = Duration::from_millis(500);
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

    /// The same with what is known of the copies just before the window: how much of them has changed, and
    /// how fast they are read. What was told by an earlier run is believed unless more has changed.
    #[must_use]
    pub fn corrected(&self, plan: &Plan, facts: &DowntimeFacts) -> Self {
        let counts = counts(plan);
        let parts = self.parts.iter().map(|part| {
            let steps = counts.get(&part.kind).copied().unwrap_or_default();
            part.corrected(facts, steps, &plan.estimate.volumes)
        });
        Self {
            parts: parts.collect(),
        }
    }

    /// Estimates the downtime of a plan; nothing where it stops nothing.
    pub fn of(plan: &Plan, facts: &DowntimeFacts) -> Option<Self> {
        plan.steps
            .iter()
            .find(|step| matches!(step, Step::Stop(_)))?;
        let volumes = &plan.estimate.volumes;
        let parts = counts(plan).into_iter();
        let parts = parts.map(|(kind, steps)| facts.part(kind, steps, volumes));
        Some(Self {
            parts: parts.collect(),
        })
    }
}

impl DowntimePart {
    fn corrected(&self, facts: &DowntimeFacts, steps: u32, volumes: &[VolumeEstimate]) -> Self {
        if !matches!(self.kind, PartKind::Copy | PartKind::Verify) {
            return self.clone();
        }
        let now = facts.part(self.kind, steps, volumes);
        let was_seen = matches!(self.basis, PartBasis::Rehearsal | PartBasis::EarlierRun);
        // What is seen twice differs by so much.
        let is_more = now.milliseconds > self.milliseconds.map(|planned| planned + planned / 4);
        match now.milliseconds {
            None => self.clone(),
            Some(_) if was_seen && !is_more => self.clone(),
            Some(_) => Self {
                basis: PartBasis::WarmCopy,
                ..now
            },
        }
    }
}

impl DowntimeFacts {
    fn part(&self, kind: PartKind, steps: u32, volumes: &[VolumeEstimate]) -> DowntimePart {
        let read = |volume: &VolumeEstimate| {
            let changing = self.changing.get(&volume.key);
            changing.copied().unwrap_or(volume.bytes)
        };
        let bytes = volumes.iter().map(read).sum();
        let rehearsed = self
            .rehearsed
            .get(&kind)
            .map(|part| (part, PartBasis::Rehearsal));
        let earlier = self
            .earlier
            .get(&kind)
            .map(|part| (part, PartBasis::EarlierRun));
        let questions = |count: u32| self.question * count * steps;
        let containers = |time: Option<Duration>| (time, PartBasis::Containers);
        let (time, basis) = match (kind, rehearsed.or(earlier)) {
            (_, Some((once, basis))) => (Some(once.again(kind, bytes)), basis),
            (PartKind::Stop, _) => {
                let stop = self.containers.and_then(|containers| containers.stop);
                containers(stop.map(|stop| stop + questions(3)))
            }
            (PartKind::Start, _) => containers(
                self.containers
                    .map(|containers| self.starting(&containers) + questions(2)),
            ),
            (PartKind::Create, _) => containers(self.containers.map(|_| questions(8))),
            (PartKind::Copy, _) => {
                let looks = questions(2) + self.walk * COPY_LOOKS;
                let compared = volumes.iter().filter(|one| self.is_compared(&one.key));
                let compared: u64 = compared.map(read).sum();
                // To compare, both ends; then the copy, and the manifest.
                (
                    self.reading(bytes + 3 * compared, looks),
                    PartBasis::Measured,
                )
            }
            (PartKind::Verify, _) => {
                let looks = questions(1) + self.walk * VERIFY_LOOKS;
                (self.reading(bytes, looks), PartBasis::Measured)
            }
            (PartKind::Hook | PartKind::Check | PartKind::Database, _) => {
                (None, PartBasis::Unknown)
            }
        };
        let milliseconds = time.map(|time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        DowntimePart {
            kind,
            milliseconds,
            basis: milliseconds.map_or(PartBasis::Unknown, |_| basis),
        }
    }

    fn starting(&self, containers: &Turnaround) -> Duration {
        let settling = if containers.unchecked {
            SETTLING
        } else {
            Duration::ZERO
        };
        let up = match self.by_ports {
            true => containers.started,
            false => containers.healthy.max(settling),
        };
        STARTING + up
    }

    /// What is compared by content.
    fn is_compared(&self, key: &str) -> bool {
        self.databases.contains(key) || self.changing.contains_key(key)
    }

    fn reading(&self, bytes: u64, questions: Duration) -> Option<Duration> {
        let rate = self.rate.filter(|rate| *rate > 0)?;
        let milliseconds = u128::from(bytes) * 1000 / u128::from(rate);
        Some(Duration::from_millis(u64::try_from(milliseconds).ok()?) + questions)
    }
}

impl EarlierPart {
    /// By kind, what the steps of a plan took that was done, and what they read; `outcome` is that of a step by
    /// its index. Of the volumes in `changing` only what had changed was read in the window. `seen` is how long
    /// nobody was served, where that was measured: a release may answer before the steps that wait for it end.
    pub fn of_steps<'a>(
        plan: &Plan,
        changing: &BTreeMap<String, u64>,
        seen: Option<Duration>,
        outcome: impl Fn(usize) -> Option<&'a StepOutcome>,
    ) -> EarlierParts {
        let steps = plan.steps.iter().enumerate();
        let copied = |key: &str| {
            let mut copies = steps.clone().filter_map(|(number, step)| match step {
                Step::CopyVolume(copy) if copy.key == key => outcome(number),
                _ => None,
            });
            copies.next().map(|outcome| outcome.bytes)
        };
        let volumes = plan.estimate.volumes.iter();
        let bytes = volumes.map(|volume| {
            let changed = changing.get(&volume.key);
            changed
                .and_then(|_| copied(&volume.key))
                .unwrap_or(volume.bytes)
        });
        let bytes = bytes.sum();
        let mut parts = EarlierParts::new();
        for (number, kind) in kinds(&plan.steps).into_iter().enumerate() {
            if let (Some(kind), Some(outcome)) = (kind, outcome(number)) {
                let part = parts.entry(kind).or_default();
                part.milliseconds += outcome.milliseconds;
                part.bytes = bytes;
            }
        }
        if let Some(seen) = seen {
            end_with(seen, &mut parts);
        }
        parts
    }

    fn again(self, kind: PartKind, bytes: u64) -> Duration {
        let milliseconds = match kind {
            PartKind::Copy | PartKind::Verify | PartKind::Database => {
                let more = u128::from(bytes + LEAST) * u128::from(self.milliseconds);
                u64::try_from(more / u128::from(self.bytes + LEAST)).unwrap_or(u64::MAX)
            }
            _ => self.milliseconds,
        };
        Duration::from_millis(milliseconds)
    }
}

/// Takes off what the last steps took when it answered already.
fn end_with(seen: Duration, parts: &mut EarlierParts) {
    let all: u64 = parts.values().map(|part| part.milliseconds).sum();
    let seen = u64::try_from(seen.as_millis()).unwrap_or(u64::MAX);
    let mut beyond = all.saturating_sub(seen);
    for kind in [PartKind::Check, PartKind::Start] {
        if let Some(part) = parts.get_mut(&kind) {
            let left = part.milliseconds.saturating_sub(beyond);
            beyond -= part.milliseconds - left;
            part.milliseconds = left;
        }
    }
}

/// How many steps there are of each kind.
fn counts(plan: &Plan) -> BTreeMap<PartKind, u32> {
    let mut counts = BTreeMap::new();
    for kind in kinds(&plan.steps).into_iter().flatten() {
        *counts.entry(kind).or_default() += 1;
    }
    counts
}

/// The kind of each step from the first signal until the new release is seen to be well; none of the
/// others, and of those that take no time to speak of.
pub(in crate::upgrade) fn kinds(steps: &[Step]) -> Vec<Option<PartKind>> {
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
        Step::MoveDatabase(_) => PartKind::Database,
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
            Self::Database => "databases",
            Self::Hook => "hooks",
            Self::Start => "start",
            Self::Check => "checks",
        })
    }
}

impl fmt::Display for PartBasis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rehearsal => "as in its rehearsal",
            Self::EarlierRun => "as the last upgrade here",
            Self::Containers => "by the signals and health checks of what runs",
            Self::Measured => "at the rate at which a sample was read",
            Self::WarmCopy => "by what has changed since the volumes were copied",
            Self::Unknown => "nothing is known of it yet",
        })
    }
}

#[cfg(test)]
mod tests;
