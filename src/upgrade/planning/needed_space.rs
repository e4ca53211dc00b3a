//! What room an upgrade needs, filesystem by filesystem. Pure.

use super::decisions::Decisions;
use super::facts::Facts;
use crate::release::VendorRelease;
use crate::upgrade::data_places::is_folder;
use crate::upgrade::plan::Space;

/// How much a Postgres keeps of its log while it is written fast: `max_wal_size` is 1 GB by itself.
const LARGEST_LOG: u64 = 1 << 30;

/// What is needed, filesystem by filesystem.
pub(super) fn space(
    shipment: Option<&VendorRelease>,
    decisions: &Decisions,
    facts: &Facts,
) -> Vec<Space> {
    let carried: u64 = facts
        .carry
        .iter()
        .map(super::facts::CarryFacts::bytes)
        .sum();
    let folders = facts.folders.iter().filter_map(|seen| seen.source);
    let folders: u64 = folders.map(|survey| survey.allocated).sum();
    let release = carried + folders + shipment.map_or(0, |shipment| shipment.summary.bytes);
    let pairs = decisions.volumes.iter().zip(&facts.volumes);
    let needed = pairs.filter_map(|(pair, seen)| {
        let allocated = seen.source?.allocated;
        // A database that is loaded writes its log and sorts its indexes besides.
        let besides = allocated / 4 + allocated.min(LARGEST_LOG);
        let all = allocated + if pair.moved.is_some() { besides } else { 0 };
        Some((is_folder(&pair.target), all))
    });
    let (into_folders, volumes): (Vec<_>, Vec<_>) = needed.partition(|(folder, _)| *folder);
    let sum = |needed: Vec<(bool, u64)>| needed.into_iter().map(|(_, bytes)| bytes).sum::<u64>();
    let (release, volumes) = (release + sum(into_folders), sum(volumes));
    let (first, second) = (&facts.releases, &facts.volume_room);
    if first.device == second.device {
        return vec![Space {
            path: first.path.clone(),
            needed: release + volumes,
            free: first.free,
        }];
    }
    vec![
        Space {
            path: first.path.clone(),
            needed: release,
            free: first.free,
        },
        Space {
            path: second.path.clone(),
            needed: volumes,
            free: second.free,
        },
    ]
}
