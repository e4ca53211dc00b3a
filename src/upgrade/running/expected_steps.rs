//! What is known of each step of a plan before it is done, so that it can be told how long a run still takes.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::progress::ExpectedStep;
use crate::upgrade::downtime_estimate::{PartKind, kinds};
use crate::upgrade::{Plan, Step};

/// Each step by itself: in the window what the estimate of the downtime says of its kind, else the bytes of
/// what it copies or reads.
pub(super) fn expected_steps(plan: &Plan) -> Vec<ExpectedStep> {
    let kinds = kinds(&plan.steps);
    let mut counts: BTreeMap<PartKind, u32> = BTreeMap::new();
    for kind in kinds.iter().flatten() {
        *counts.entry(*kind).or_default() += 1;
    }
    let parts = plan.estimate.downtime.iter().flat_map(|down| &down.parts);
    let parts: BTreeMap<_, _> = parts.map(|part| (part.kind, part.milliseconds)).collect();
    let in_window = |kind: &PartKind| match parts.get(kind).copied().flatten() {
        Some(all) => {
            let count = counts.get(kind).copied().unwrap_or(1).max(1);
            ExpectedStep::Time(Duration::from_millis(all) / count)
        }
        None => ExpectedStep::Unknown,
    };
    let steps = plan.steps.iter().zip(&kinds);
    let expected = steps.map(|(step, kind)| match kind {
        Some(kind) => in_window(kind),
        None => by_size(step, plan),
    });
    expected.collect()
}

fn by_size(step: &Step, plan: &Plan) -> ExpectedStep {
    let bytes = |key: &str| {
        let mut sizes = plan.estimate.volumes.iter();
        let size = sizes.find(|volume| volume.key == key);
        size.map_or(0, |size| size.bytes)
    };
    match step {
        Step::CopyVolume(copy) => ExpectedStep::Copy(bytes(&copy.key)),
        Step::WarmCopy(copy) => ExpectedStep::Copy(bytes(&copy.key)),
        Step::CopyFolder(copy) => ExpectedStep::Copy(bytes(&copy.from.display().to_string())),
        Step::Verify(verify) => ExpectedStep::Read(bytes(key_of(&verify.volume, plan))),
        Step::LoadImages(_) | Step::MoveDatabase(_) | Step::Hook(_) => ExpectedStep::Unknown,
        _ => ExpectedStep::Brief,
    }
}

/// The key of the volume that is made under this name.
fn key_of<'a>(name: &str, plan: &'a Plan) -> &'a str {
    let mut steps = plan.steps.iter();
    let key = steps.find_map(|step| match step {
        Step::CopyVolume(copy) if copy.target == name => Some(&*copy.key),
        Step::WarmCopy(copy) if copy.target == name => Some(&*copy.key),
        _ => None,
    });
    key.unwrap_or_default()
}
