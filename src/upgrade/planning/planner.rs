//! The planner: values in, a plan or the reasons against it out. No effects.
//!
//! All reasons are found before any is told, so that an administrator can mend them in
//! one go.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::decisions::{Decisions, OutsideFolder};
use super::facts::{Facts, FolderFacts, VolumeFacts, release_path};
use super::flow::Flow;
use super::merging::{MergedFile, PlanConflict};
use super::needed_space::space;
use super::obstacle::{Obstacle, Refused};
use super::utf8_names::{given, named, not_utf8};
use super::volume_pair::{PlannedMove, VolumePair};
use super::warnings;
use crate::doctor::{Finding, Severity};
use crate::document::DocumentId;
use crate::engine::Users;
use crate::release::VendorRelease;
use crate::upgrade::data_places::{below_release, file_stem, is_folder};
use crate::upgrade::plan::{Estimate, Plan, Space, VolumeEstimate};
use crate::upgrade::request::Request;
use crate::upgrade::step::{
    CarryConfig, CopyFolder, CopyVolume, LoadImages, StageRelease, Step, Switch, VerifyVolume,
};

/// What a plan is known by.
#[derive(Debug, Clone)]
pub struct PlanLabel {
    /// The plan's name, and its number among the install's plans, counted from 1.
    pub id: DocumentId,
    /// The time at which it is made.
    pub made: Timestamp,
    /// The install's id.
    pub install: Option<String>,
}

/// Makes the plan.
///
/// # Errors
/// [`Refused`]: everything that stands against it.
pub fn plan(
    label: PlanLabel,
    request: &Request,
    shipment: Option<&VendorRelease>,
    decisions: &Decisions,
    facts: &Facts,
) -> Result<Plan, Refused> {
    let space = space(shipment, decisions, facts);
    let mut obstacles = all_obstacles(shipment, decisions, facts);
    obstacles.extend(not_utf8(given(request)));
    if !obstacles.is_empty() {
        return Err(Refused(obstacles));
    }
    Ok(Plan {
        id: label.id.name,
        sequence: label.id.sequence,
        install: label.install,
        made: label.made,
        transship: env!("CARGO_PKG_VERSION").to_owned(),
        request: request.clone(),
        from: decisions.from.clone(),
        to: decisions.to.clone(),
        from_project: decisions.from_project.clone(),
        project: decisions.project.clone(),
        projects: decisions.projects.clone(),
        steps: steps(request, shipment, decisions, facts),
        estimate: Estimate {
            volumes: estimates(decisions, facts),
            space,
            // Observed apart, and only where a plan is made to be shown.
            downtime: None,
        },
        warnings: [
            decisions.warnings.clone(),
            warnings::of_facts(request, decisions, facts),
            facts.unseen.warnings(&decisions.leave),
        ]
        .concat(),
        notes: decisions
            .notes
            .as_ref()
            .map(|notes| release_path(&decisions.to).join(notes)),
        shared: decisions.shared.clone(),
        conflicts: decisions
            .merged
            .iter()
            .flat_map(MergedFile::conflicts)
            .chain(open_questions(decisions))
            .collect(),
    })
}

/// All that stands against the upgrade.
pub(super) fn all_obstacles(
    shipment: Option<&VendorRelease>,
    decisions: &Decisions,
    facts: &Facts,
) -> Vec<Obstacle> {
    let mut found = obstacles(decisions, facts, &space(shipment, decisions, facts));
    found.extend(facts.unseen.obstacles(&decisions.leave));
    found
}

/// What can't be merged, and nobody has answered.
fn open_questions(decisions: &Decisions) -> impl Iterator<Item = PlanConflict> {
    let open = decisions
        .questions
        .iter()
        .filter(|file| file.answer.is_none());
    open.map(|question| PlanConflict {
        file: question.path.clone(),
        what: String::new(),
        mine: None,
        theirs: None,
    })
}

fn obstacles(decisions: &Decisions, facts: &Facts, space: &[Space]) -> Vec<Obstacle> {
    let mut found = Vec::new();
    if decisions.from == decisions.to {
        found.push(Obstacle::SameRelease {
            version: decisions.to.to_string(),
        });
        return found;
    }
    found.extend(facts.skipped_hop.clone().map(Obstacle::SkippedHop));
    found.extend(facts.below_minimum.iter().cloned());
    if decisions.project == decisions.from_project {
        found.push(Obstacle::SameProject {
            project: decisions.project.clone(),
        });
    }
    found.extend(decisions.obstacles.iter().cloned());
    found.extend(not_utf8(named(decisions)));
    for (pair, seen) in decisions.volumes.iter().zip(&facts.volumes) {
        found.extend(obstacle(pair, seen, &facts.place));
    }
    for (pair, seen) in decisions.folders.iter().zip(&facts.folders) {
        found.extend(folder_obstacle(pair, seen));
    }
    if let Some(images) = facts
        .images
        .as_ref()
        .filter(|seen| !seen.missing.is_empty())
    {
        found.push(Obstacle::NoImages {
            archive: images.archive.clone(),
            images: images.missing.clone(),
        });
    }
    if let Some(compose) = &facts.compose {
        found.extend(compose.obstacles(&decisions.model));
    }
    let full = space.iter().filter(|space| space.needed > space.free);
    found.extend(full.cloned().map(Obstacle::NoSpace));
    found.extend(too_many_files(facts));
    let refused = facts.findings.iter();
    // What can't be known refuses, too; a recipe that tells makes a warning of it.
    let refused = refused.filter(|finding| finding.severity != Severity::Warning);
    found.extend(refused.cloned().map(Obstacle::Found));
    found
}

/// The copies of volumes have more files than their filesystem may still hold.
fn too_many_files(facts: &Facts) -> Option<Obstacle> {
    let sources = facts.volumes.iter().filter_map(|seen| seen.source);
    let needed = sources.map(|survey| survey.files + survey.directories + survey.others);
    let needed = needed.sum();
    let room = &facts.volume_room;
    let free = room.inodes.filter(|free| *free < needed)?;
    Some(Obstacle::Found(Finding::new(
        Severity::Error,
        "inodes",
        format!(
            "`{}` may hold {free} more files, and the copies have {needed}",
            room.path.display()
        ),
        "remove what has many small files, or leave volumes out with `--skip-volume KEY`",
    )))
}

fn obstacle(pair: &VolumePair, seen: &VolumeFacts, place: &str) -> Option<Obstacle> {
    let VolumePair {
        key,
        source,
        target,
        ..
    } = pair.clone();
    if source == target {
        Some(Obstacle::SameVolume { key, name: source })
    } else if seen.source.is_none() && is_folder(&source) {
        let path = below_release(&source).unwrap_or_else(|| source.into());
        Some(Obstacle::NoFolder { path })
    } else if seen.source.is_none() && pair.is_used {
        Some(Obstacle::NoVolume {
            key,
            name: source,
            place: place.to_owned(),
            similar: seen.similar.clone(),
        })
    } else if seen.target_full {
        Some(match below_release(&target) {
            Some(path) => Obstacle::FolderTaken { path },
            None => Obstacle::TargetFull { name: target },
        })
    } else {
        None
    }
}

fn folder_obstacle(pair: &OutsideFolder, seen: &FolderFacts) -> Option<Obstacle> {
    if seen.source.is_none() {
        let path = pair.from.clone();
        return Some(Obstacle::NoFolder { path });
    }
    let path = pair.to.clone();
    seen.in_new.then_some(Obstacle::FolderTaken { path })
}

/// The volumes that are there to be copied: what nothing uses needn't be.
fn copied<'a>(
    decisions: &'a Decisions,
    facts: &'a Facts,
) -> impl Iterator<Item = (&'a VolumePair, &'a VolumeFacts)> {
    let pairs = decisions.volumes.iter().zip(&facts.volumes);
    pairs.filter(|(pair, seen)| seen.source.is_some() && pair.moved.is_none())
}

/// The volumes whose databases are moved.
fn moved<'a>(
    decisions: &'a Decisions,
    facts: &'a Facts,
) -> impl Iterator<Item = (&'a VolumePair, &'a PlannedMove)> {
    let pairs = decisions.volumes.iter().zip(&facts.volumes);
    let there = pairs.filter(|(_, seen)| seen.source.is_some());
    there.filter_map(|(pair, _)| Some((pair, pair.moved.as_ref()?)))
}

fn steps(
    request: &Request,
    shipment: Option<&VendorRelease>,
    decisions: &Decisions,
    facts: &Facts,
) -> Vec<Step> {
    let to = release_path(&decisions.to);
    let from = release_path(&decisions.from);
    let flow = request.up.then(|| Flow::of(decisions));
    let mut steps = Vec::new();
    steps.extend(flow.as_ref().and_then(Flow::before));
    steps.extend(flow.as_ref().map(Flow::hold_old));
    steps.extend(facts.images.as_ref().map(|seen| {
        Step::LoadImages(LoadImages {
            archive: request
                .image_archive
                .clone()
                .unwrap_or_else(|| seen.archive.clone()),
            images: seen.images.clone(),
        })
    }));
    steps.extend(shipment.map(|shipment| {
        let path = request.shipment.as_ref().unwrap_or(&shipment.path);
        stage(path, shipment, decisions)
    }));
    // Compose files are edited as they are when merged.
    steps.extend(decisions.merged.iter().map(|file| {
        Step::Carry(CarryConfig {
            from: from.join(&file.source),
            to: to.join(&file.name),
            replaces: file.step.over.is_none(),
            exclude: Vec::new(),
            merge: Some(file.step.clone()),
            written: false,
        })
    }));
    // So is what the administrator added to them, which comes first, too.
    let edits = decisions.edits.iter();
    let is_edited = |step: &CarryConfig| {
        let mut files = edits.clone().map(|edit| &edit.step.file);
        files.any(|file| file.starts_with(&step.to))
    };
    let (first, last): (Vec<_>, Vec<_>) = carries(decisions, facts).partition(is_edited);
    let is_late = |step: &CarryConfig| flow.is_some() && is_written(step, decisions);
    let (late, last): (Vec<_>, Vec<_>) = last.into_iter().partition(is_late);
    steps.extend(first.into_iter().map(Step::Carry));
    steps.extend(
        decisions
            .edits
            .iter()
            .map(|edit| Step::EditCompose(edit.step.clone())),
    );
    steps.extend(last.into_iter().map(Step::Carry));
    let is_early = flow.as_ref().is_some_and(Flow::names_are_free)
        && late.iter().all(|step| is_there(step, decisions))
        && decisions.folders.is_empty()
        && !decisions.volumes.iter().any(|pair| is_folder(&pair.target));
    if let Some(flow) = &flow {
        let pairs = copied(decisions, facts);
        steps.extend(pairs.map(|(pair, _)| flow.warm_copy(pair, manifest(pair, decisions))));
        steps.extend(
            moved(decisions, facts).map(|(pair, _)| flow.make_volume(pair, proof(pair, decisions))),
        );
        steps.push(flow.hold_new());
        steps.extend(is_early.then(|| flow.create(true)));
        steps.extend(flow.stop());
    }
    let late = late.into_iter().map(|step| CarryConfig {
        written: true,
        ..step
    });
    steps.extend(late.map(Step::Carry));
    let after = flow.as_ref().map(|_| decisions.from_project.clone());
    steps.extend(copied(decisions, facts).map(|(pair, _)| copy(pair, decisions, after.clone())));
    steps.extend(copied(decisions, facts).map(|(pair, _)| {
        Step::Verify(VerifyVolume {
            source: pair.source.clone(),
            volume: pair.target.clone(),
            manifest: manifest(pair, decisions),
        })
    }));
    // Last, since nothing looks at them again before the switch.
    steps.extend(decisions.folders.iter().map(|pair| {
        let to = release_path(&decisions.to).join(&pair.to);
        let from = match pair.from.is_absolute() {
            true => pair.from.clone(),
            false => release_path(&decisions.from).join(&pair.from),
        };
        Step::CopyFolder(CopyFolder {
            from,
            to,
            after: after.clone(),
        })
    }));
    if let Some(flow) = &flow {
        steps.extend((!is_early).then(|| flow.create(false)));
        steps.extend(
            moved(decisions, facts)
                .map(|(pair, how)| flow.move_database(pair, how, proof(pair, decisions))),
        );
        steps.extend(flow.start());
    }
    steps.push(Step::Switch(Switch {
        from: facts.current.clone(),
        to,
    }));
    steps.extend(flow.iter().flat_map(Flow::after));
    steps
}

/// Whether the old release may write what is carried while it runs.
fn is_written(step: &CarryConfig, decisions: &Decisions) -> bool {
    let from = release_path(&decisions.from);
    let Ok(path) = step.from.strip_prefix(&from) else {
        return false;
    };
    let mut written = decisions.written.iter();
    written.any(|other| path.starts_with(other) || other.starts_with(path))
}

/// Whether what it carries is there already, as far as containers that are made before it see: what isn't
/// there the engine would make, and what differs Compose may read.
fn is_there(step: &CarryConfig, decisions: &Decisions) -> bool {
    let from = release_path(&decisions.from);
    let mut carried = decisions.carry.iter();
    carried.any(|one| one.is_same && step.from == from.join(&one.path))
}

/// The steps that carry a path as it is.
fn carries<'a>(
    decisions: &'a Decisions,
    facts: &'a Facts,
) -> impl Iterator<Item = CarryConfig> + 'a {
    let (to, from) = (release_path(&decisions.to), release_path(&decisions.from));
    let paths = decisions.carry.iter().zip(&facts.carry);
    let paths = paths.filter(|(_, seen)| seen.old.is_some());
    paths.map(move |(carried, seen)| {
        let path = &carried.path;
        let merged = decisions.merged.iter();
        let merged = merged.filter_map(|file| Some(file.name.strip_prefix(path).ok()?.to_owned()));
        let mut exclude = carried.exclude.clone();
        exclude.extend(merged);
        exclude.sort();
        exclude.dedup();
        CarryConfig {
            from: from.join(path),
            to: to.join(path),
            replaces: seen.in_new,
            exclude,
            merge: None,
            written: false,
        }
    })
}

fn stage(path: &Path, shipment: &VendorRelease, decisions: &Decisions) -> Step {
    Step::StageRelease(StageRelease {
        version: decisions.to.clone(),
        shipment: path.to_owned(),
        form: shipment.kind,
        sha256: shipment.sha256.clone(),
        top: shipment
            .top
            .as_ref()
            .map(|top| top.to_string_lossy().into_owned()),
        target: release_path(&decisions.to),
    })
}

fn copy(pair: &VolumePair, decisions: &Decisions, after: Option<String>) -> Step {
    Step::CopyVolume(CopyVolume {
        key: pair.key.clone(),
        source: pair.source.clone(),
        target: pair.target.clone(),
        project: decisions.project.clone(),
        manifest: manifest(pair, decisions),
        after,
    })
}

fn manifest(pair: &VolumePair, decisions: &Decisions) -> PathBuf {
    let folder = Path::new(".transship/manifests").join(decisions.to.as_str());
    folder.join(format!("{}.mtree", file_stem(&pair.target)))
}

/// What proves that a database was moved, beside the manifests.
fn proof(pair: &VolumePair, decisions: &Decisions) -> PathBuf {
    let folder = Path::new(".transship/manifests").join(decisions.to.as_str());
    folder.join(format!("{}.comparison.json", file_stem(&pair.target)))
}

fn estimates(decisions: &Decisions, facts: &Facts) -> Vec<VolumeEstimate> {
    let pairs = decisions.volumes.iter().zip(&facts.volumes);
    let volumes = pairs.map(|(pair, seen)| (pair.key.clone(), seen.source, &seen.users));
    let pairs = decisions.folders.iter().zip(&facts.folders);
    let path = |pair: &OutsideFolder| pair.path.display().to_string();
    let folders = pairs.map(|(pair, seen)| (path(pair), seen.source, &seen.users));
    volumes
        .chain(folders)
        .filter_map(|(key, source, users)| {
            let survey = source?;
            Some(VolumeEstimate {
                key,
                files: survey.all_files(),
                bytes: survey.bytes,
                in_use_by: in_use_by(users),
            })
        })
        .collect()
}

/// Who uses a volume; nothing where that can't be known.
fn in_use_by(users: &Users) -> Option<Vec<String>> {
    let names = users.found.iter().map(|user| user.who.clone());
    let is_known = users.unknown.is_none() || !users.found.is_empty();
    is_known.then(|| names.collect())
}

#[cfg(test)]
mod tests;
