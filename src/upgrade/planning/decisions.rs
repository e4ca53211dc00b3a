//! The decisions: what an upgrade touches, decided from both releases alone.
//!
//! Pure: values in, values out. It comes before the facts, since what is to be observed
//! (does the new volume exist?) depends on what is decided here (what will it be called?).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::database_moves;
use super::image_rules::ImageRules;
use super::linked_data::LinkedData;
use super::merging::{Answered, MergedFile};
use super::moved_data;
use super::obstacle::Obstacle;
use super::outside::{self, OutsideAnswers, OutsideUse, Ownership};
use super::planned_edits::{PlannedEdit, edits};
use super::release_files::{ReleaseFiles, ReleasePair};
use super::releases::Releases;
use super::renamed_folders;
use super::renamed_variables;
use super::tag_edits::TagEdits;
use super::view::View;
use super::volume_pair::VolumePair;
use super::warnings;
use super::whose::{CarriedPath, FileQuestion};
use crate::compose::{self, ReleaseEdit};
use crate::release::{Check, Hooks, Recipe, Version};
use crate::upgrade::data_places::below_release;
use crate::upgrade::projects::{ProjectPair, ProjectRecord};
use crate::upgrade::request::Request;
use crate::upgrade::service_path::ServicePath;
use crate::upgrade::shared_with_old::SharedWithOld;
use crate::upgrade::step::{FolderMove, ReleaseProject};

/// What an upgrade touches: edits, volumes, config.
#[derive(Debug, Clone)]
pub struct Decisions {
    /// The release that is left.
    pub from: Version,
    /// The release that it leads to.
    pub to: Version,
    /// The old release's compose project.
    pub from_project: String,
    /// The new release's.
    pub project: String,
    /// The old and the new release's projects, and what each claims of the engine by name.
    pub projects: ProjectPair,
    /// The old release as it is stopped and started.
    pub old: ReleaseProject,
    /// The new one.
    pub new: ReleaseProject,
    /// Where the new release's files can be read while the plan is made.
    pub new_folder: PathBuf,
    /// Edits of the new release's compose files.
    pub edits: Vec<PlannedEdit>,
    /// The images that the new release will need, and doesn't build.
    pub images: Vec<String>,
    /// Volumes to be copied.
    pub volumes: Vec<VolumePair>,
    /// Folders of the host that the new release gets copies of.
    pub folders: Vec<OutsideFolder>,
    /// What is outside of both releases and stays both releases'.
    pub shared: Vec<SharedWithOld>,
    /// The new release's model, as it will be.
    pub model: compose::Model,
    /// Paths to be carried, relative to the release.
    pub carry: Vec<CarriedPath>,
    /// Files that are merged instead.
    pub merged: Vec<MergedFile>,
    /// Files that can't be merged, and of which nobody can tell whose it is to be.
    pub questions: Vec<FileQuestion>,
    /// Places in the old release's containers whose data may stay behind.
    pub leave: Vec<ServicePath>,
    /// What only the old release has, and nothing brings along: the topmost paths.
    pub left_behind: Vec<PathBuf>,
    /// Paths below the old release that one of its services may write while it runs.
    pub written: Vec<PathBuf>,
    /// What is run around the upgrade.
    pub hooks: Hooks,
    /// What has to be well before the new release counts as up.
    pub checks: Vec<Check>,
    /// The vendor's notes, below the new release.
    pub notes: Option<PathBuf>,
    /// What the administrator should know.
    pub warnings: Vec<String>,
    /// What stands against it in the new release as it will be.
    pub obstacles: Vec<Obstacle>,
}

/// A folder, or file, of the host and the new release's copy of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsideFolder {
    /// What `--own` calls it: the absolute path that the vendor's files mount.
    pub path: PathBuf,
    /// What is copied: an absolute path, or one below the old release.
    pub from: PathBuf,
    /// The copy's place below the new release.
    pub to: PathBuf,
}

/// What is decided of the data outside of a release.
#[derive(Default)]
struct OutsideDecisions {
    /// External volumes that are copied.
    pairs: Vec<VolumePair>,
    folders: Vec<OutsideFolder>,
    moves: Vec<FolderMove>,
    shared: Vec<SharedWithOld>,
    obstacles: Vec<Obstacle>,
}

impl Decisions {
    /// Decides what the upgrade from one release to the other touches.
    ///
    /// # Errors
    /// [`compose::Error`] where a rule or an edit isn't possible.
    pub fn of(request: &Request, releases: &Releases) -> Result<Self, compose::Error> {
        let Releases {
            old, new, recipe, ..
        } = releases;
        let prefix = request
            .prefix
            .clone()
            .unwrap_or_else(|| recipe.prefix_for(&new.version));
        let mut warnings = Vec::new();
        let mut outside = outside(request, releases, &prefix, &mut warnings);
        outside.folders.extend(renamed_folders::copies(releases));
        let keys = outside.pairs.iter().map(|pair| pair.key.clone());
        let pair = ReleasePair { old, new };
        let rules = ImageRules::of(request, recipe, pair);
        let tags = request.tag_var.then(|| TagEdits::of(pair, &rules.all));
        let tags = tags.transpose()?;
        let edit = ReleaseEdit {
            images: rules.all.clone(),
            prefix: prefix.clone(),
            own: keys.collect(),
            moves: outside
                .moves
                .iter()
                .map(|m| (m.from.clone(), m.to.clone()))
                .collect(),
            ..ReleaseEdit::default()
        };
        let mut edits = edits(new, &edit, tags.as_ref(), &mut warnings)?;
        let results = edits
            .iter()
            .map(|edit| (edit.name.clone(), edit.after.clone()))
            .collect();
        let model = new.model_with(&results)?;
        // Two names of one file are edited once.
        let mut seen = BTreeSet::new();
        edits.retain(|edit| seen.insert(edit.step.file.clone()));
        let skip = skipped(request, recipe);
        let mut volumes = pairs(releases, &prefix, &skip, &mut warnings);
        volumes.extend(outside.pairs);
        let moves = database_moves::mark(request, releases, &model, &mut volumes);
        let leave = leave(request, recipe);
        let answered = Answered::of(request, recipe);
        let view = View {
            releases,
            model: &model,
            edits: &edits,
            volumes: &volumes,
            skip: &skip,
            kept: &answered.ours,
            moves: &outside.moves,
            folders: &outside.folders,
            shared: &outside.shared,
            leave: &leave,
        };
        let mut obstacles = outside.obstacles;
        obstacles.extend(moves);
        obstacles.extend(tags.into_iter().flat_map(|tags| tags.obstacles));
        obstacles.extend(view.obstacles());
        warnings.extend(view.shifted_data());
        obstacles.extend(rules.idle(&new.model, &model, &mut warnings)?);
        let renamed = renamed_variables::look(releases, &model, &answered, &mut warnings)?;
        obstacles.extend(renamed);
        let mut carry = releases.carry.clone();
        carry.retain(|carry| !releases.merged.iter().any(|file| file.name == carry.path));
        if carry.iter().any(|carry| old.is_env(&carry.path)) {
            warnings::of_missing_keys(old, releases.shipped_env.as_ref(), &mut warnings);
        }
        warnings::of_old_version(old, new, &edits, &mut warnings);
        warnings::of_findings(&releases.findings, ReleasePair { old, new }, &mut warnings);
        leave_to_copies(
            &mut carry,
            &CopiedFolders::of(&outside.folders, &volumes),
            &model,
        );
        warnings::of_no_pristine(releases, &mut warnings);
        Ok(Self {
            from: old.version.clone(),
            to: new.version.clone(),
            from_project: old.model.project.clone(),
            project: new.model.project.clone(),
            projects: projects(request, old, new),
            old: release_project(request, old, &old.version),
            new: release_project(request, new, &old.version),
            new_folder: new.folder.clone(),
            images: model.images_to_have(),
            edits,
            left_behind: left_behind(releases, &CopiedFolders::of(&outside.folders, &volumes)),
            volumes,
            folders: outside.folders,
            shared: outside.shared,
            model,
            carry,
            merged: releases.merged.clone(),
            questions: releases.questions.clone(),
            leave,
            written: written(&old.model),
            hooks: recipe.hooks.clone(),
            checks: recipe.checks.clone(),
            notes: recipe.notes.clone(),
            warnings,
            obstacles,
        })
    }
}

/// The folders that copies are made of, and the places of those that are made.
struct CopiedFolders {
    from: Vec<PathBuf>,
    to: Vec<PathBuf>,
}

impl CopiedFolders {
    fn of(folders: &[OutsideFolder], volumes: &[VolumePair]) -> Self {
        let from = folders.iter().map(|copy| copy.from.clone());
        let to = folders.iter().map(|copy| copy.to.clone());
        let source = volumes
            .iter()
            .filter_map(|pair| below_release(&pair.source));
        let target = volumes
            .iter()
            .filter_map(|pair| below_release(&pair.target));
        Self {
            from: from.chain(source).collect(),
            to: to.chain(target).collect(),
        }
    }
}

/// What only the old release has and nothing brings along, copies neither.
fn left_behind(releases: &Releases, copies: &CopiedFolders) -> Vec<PathBuf> {
    let left = releases.findings.left_behind.iter();
    let is_copied = |path: &PathBuf| copies.from.iter().any(|from| path.starts_with(from));
    left.filter(|path| !is_copied(path)).cloned().collect()
}

/// The keys of volumes that may begin empty.
fn skipped<'a>(request: &'a Request, recipe: &'a Recipe) -> Vec<&'a str> {
    let all = request.skip.iter().chain(&recipe.skip);
    all.map(String::as_str).collect()
}

/// What was said that may stay behind, here and for good.
fn leave(request: &Request, recipe: &Recipe) -> Vec<ServicePath> {
    let listed = recipe.leave.iter().filter_map(|place| place.parse().ok());
    request.leave.iter().cloned().chain(listed).collect()
}

/// A release as the steps name it that stop and start it; `from` is the one that is left.
fn release_project(request: &Request, files: &ReleaseFiles, from: &Version) -> ReleaseProject {
    ReleaseProject {
        version: files.version.clone(),
        project: files.model.project.clone(),
        folder: files.project_folder.clone(),
        env_files: request.recorded_env_files_of(from, &files.version),
        profiles: request.profiles.clone(),
    }
}

fn projects(request: &Request, old: &ReleaseFiles, new: &ReleaseFiles) -> ProjectPair {
    ProjectPair {
        arrangement: request.arrangement,
        old: ProjectRecord::of(&old.model),
        new: ProjectRecord::of(&new.model),
    }
}

/// What below its folder a release's services mount so that they can write it.
pub(super) fn written(model: &compose::Model) -> Vec<PathBuf> {
    let written = model.binds.iter().filter(|bind| !bind.read_only);
    let below = written.filter(|bind| !bind.source.is_absolute());
    below.map(|bind| bind.source.clone()).collect()
}

/// What becomes of the data outside of the releases, as far as somebody has said so.
fn outside(
    request: &Request,
    releases: &Releases,
    prefix: &str,
    warnings: &mut Vec<String>,
) -> OutsideDecisions {
    let Releases {
        old, new, recipe, ..
    } = releases;
    let answers = OutsideAnswers::of(request, recipe);
    let uses = OutsideUse::all(&old.model, &new.model);
    let links = LinkedData::all(releases);
    let asked = uses.iter().map(OutsideUse::answer);
    let asked: Vec<_> = asked.chain(links.iter().map(LinkedData::answer)).collect();
    let idle = answers.idle(&asked).into_iter();
    warnings.extend(idle.map(|given| {
        format!("`{given}`: nothing outside of both releases is called so, and nobody asked")
    }));
    let mut decided = OutsideDecisions::default();
    for used in &uses {
        match answers.answer(&used.answer()) {
            Some(Ownership::Share) => decided.shared.push(used.shared()),
            Some(Ownership::Own) => own(used, releases, prefix, &mut decided),
            None => decided.obstacles.push(used.question(&new.model)),
        }
    }
    for link in &links {
        match (answers.answer(&link.answer()), link.folder()) {
            (Some(Ownership::Share), _) => decided.shared.push(link.shared()),
            (Some(Ownership::Own), Some(folder)) => decided.folders.push(folder),
            (Some(Ownership::Own) | None, _) => decided.obstacles.push(link.question()),
        }
    }
    decided
}

/// Takes out of what is carried the links that copies of what they lead to take the place of, and what comes along
/// by another name.
fn leave_to_copies(carry: &mut Vec<CarriedPath>, copies: &CopiedFolders, model: &compose::Model) {
    let is_mounted = |place: &&PathBuf| {
        let mut binds = model.binds.iter();
        binds.any(|bind| bind.source.starts_with(place))
    };
    let renamed = copies.from.iter();
    let renamed = renamed.filter(|from| from.is_relative() && !is_mounted(from));
    for place in copies.to.iter().chain(renamed) {
        carry.retain(|carry| !carry.path.starts_with(place));
        for carry in carry.iter_mut() {
            let below = place.strip_prefix(&carry.path);
            carry.exclude.extend(below.map(Path::to_owned));
        }
    }
}

/// A copy for the new release of what is outside.
fn own(used: &OutsideUse, releases: &Releases, prefix: &str, decided: &mut OutsideDecisions) {
    if let Some(pair) = used.pair(prefix) {
        decided.pairs.push(pair);
        return;
    }
    let Some((from, to)) = used.folder() else {
        decided.obstacles.push(used.question(&releases.new.model));
        return;
    };
    let below_project = to;
    let to = releases.new.project_folder.join(&below_project);
    let place = match used.is_device() {
        // The engine mounts it, and knows nothing of a project's folder.
        true => releases.new.model.root.join(&to),
        false => Path::new(".").join(&below_project),
    };
    let path = PathBuf::from(used.answer());
    // What lies below what is copied is copied with it.
    if decided
        .folders
        .iter()
        .any(|other| path.starts_with(&other.path))
    {
        return;
    }
    decided.moves.push(FolderMove {
        from: path.clone(),
        to: place,
    });
    let is_carried = |carry: &CarriedPath| to.starts_with(&carry.path);
    if from != to || !releases.carry.iter().any(is_carried) {
        decided.folders.push(OutsideFolder { path, from, to });
    }
}

fn pairs(
    releases: &Releases,
    prefix: &str,
    skip: &[&str],
    warnings: &mut Vec<String>,
) -> Vec<VolumePair> {
    let Releases { old, new, .. } = releases;
    let mut pairs = Vec::new();
    let renamed = &releases.recipe.renamed_volumes;
    for (old_key, volume) in &old.model.volumes {
        let key = renamed.get(old_key).unwrap_or(old_key);
        let Some(successor) = new.model.volumes.get(key) else {
            continue;
        };
        if successor.external || successor.is_device() {
            // That is outside of the release, and asked for.
        } else if skip.contains(&key.as_str()) || skip.contains(&old_key.as_str()) {
            warnings.push(format!(
                "volume `{}` ({key}) is skipped: the new one begins empty",
                volume.name
            ));
        } else {
            pairs.push(VolumePair {
                key: key.clone(),
                source: moved_data::place_of_volume(&old.model, &old.version, volume),
                target: format!("{prefix}{key}"),
                is_used: outside::is_mounted(&old.model, old_key),
                moved: None,
            });
        }
    }
    let moved = moved_data::pairs(releases, prefix, skip);
    pairs.retain(|pair| !moved.iter().any(|moved| moved.key == pair.key));
    pairs.extend(moved);
    pairs
}
