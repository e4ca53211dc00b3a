//! Which config comes along: what is carried as it is, what is merged, and what the
//! administrator added to the compose files. Only reads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::decisions::written;
use super::file_names::FileNames;
use super::image_rules::ImageAnswers;
use super::local_changes::{self, Findings};
use super::merging::{self, Answered, MergedFile, SharedFile};
use super::release_files::{ReleaseFiles, ReleasePair, real_name};
use super::releases_error::ReleasesError;
use super::whose::{CarriedPath, FileQuestion, Sorted, Sorter, ToMerge};
use crate::compose;
use crate::merge::Answers;
use crate::release::{CarryRule, Install, Recipe, ShippedFiles, Version};
use crate::tree::{self, Digest};
use crate::upgrade::request::Request;

/// What comes from the old release.
#[derive(Debug)]
pub(crate) struct CarriedConfig {
    pub(crate) carry: Vec<CarriedPath>,
    pub(crate) merged: Vec<MergedFile>,
    pub(crate) questions: Vec<FileQuestion>,
    /// The files among them that the new release is read with, by name.
    pub(crate) coming: BTreeMap<PathBuf, Vec<u8>>,
    pub(crate) has_pristine: bool,
    pub(crate) findings: Findings,
}

impl CarriedConfig {
    /// Decides what is carried, what is merged, and what there is to tell of both.
    ///
    /// # Errors
    /// [`ReleasesError`] where a file can't be read or merged.
    pub(crate) fn decide(
        install: &Install,
        request: &Request,
        recipe: &Recipe,
        releases: ReleasePair<'_>,
        shipped: Shipped<'_>,
    ) -> Result<Self, ReleasesError> {
        let old = releases.old;
        let pristine = shipped.base;
        let mut rules = carried(request, recipe, old, shipped)?;
        let own = local_changes::own_included(releases, pristine)?;
        let is_ruled = |name: &Path| rules.iter().any(|rule| name.starts_with(&rule.path));
        let unruled: Vec<_> = own.iter().filter(|name| !is_ruled(name)).collect();
        rules.extend(
            unruled
                .into_iter()
                .filter_map(|name| CarryRule::new(name).ok()),
        );
        let answered = Answered::of(request, recipe);
        let is_asked = !request.carry.is_empty() || recipe.carry.is_some();
        // Where it is stopped before, nobody writes it after the plan was made.
        let written = match request.up {
            true => written(&old.model),
            false => Vec::new(),
        };
        let sorted = sort(releases, shipped, &rules, (&answered, is_asked), &written)?;
        let mut shared = shared(install, releases, pristine, &sorted.merge)?;
        if request.as_override {
            as_override(&mut shared, releases, pristine)?;
        }
        let mut carry = sorted.carry;
        let mut merged = shared
            .iter()
            .map(|shared| MergedFile::of(&answered, &old.version, shared))
            .map(|merged| merged.map_err(|error| ReleasesError::Merge(Box::new(error))))
            .collect::<Result<Vec<_>, _>>()?;
        merged.retain(|file| file.step.over.is_none() || !file.merged.bytes.is_empty());
        let overruled = merged.iter().flat_map(MergedFile::overruled).collect();
        merged.retain(|file| !file.is_vendors() || sorted.set_apart.contains(&file.name));
        let asked = sorted
            .questions
            .iter()
            .map(|question| question.path.clone());
        let mut unused_answers = merging::unused_answers(request, &shared, asked)
            .map_err(|error| ReleasesError::Merge(Box::new(error)))?;
        let images = ImageAnswers::of(releases);
        unused_answers.retain(|answer| !images.has(answer));
        let results = merged.iter();
        let results = results.map(|file| (file.name.clone(), file.merged.bytes.clone()));
        let mut coming: BTreeMap<_, _> = results.collect();
        come_along(&mut coming, releases, &carry, &request.env_files)?;
        let mut findings = Findings {
            unused_answers,
            gone: sorted.gone,
            other_mode: sorted.other_mode,
            outlived: sorted.outlived,
            unchanged: sorted.unchanged,
            updated: sorted.updated,
            left_behind: local_changes::left_behind(releases, shipped.new, pristine, &rules)?,
            overruled,
            ..Findings::default()
        };
        for file in local_changes::compose_files(releases)? {
            let shipped = match pristine {
                Some(pristine) => read(&pristine.folder, &file.name)?,
                None => None,
            };
            if shipped.as_ref() == Some(&file.bytes) {
                findings.dropped.push(file.name.clone());
                continue;
            }
            findings.added.push(file.name.clone());
            coming.insert(file.name.clone(), file.bytes.clone());
            if !carry.iter().any(|carry| carry.brings(&file.name)) {
                carry.push(CarriedPath {
                    path: file.name.clone(),
                    exclude: Vec::new(),
                    replaces: false,
                    is_same: false,
                });
            }
        }
        if let Some(pristine) = pristine {
            findings.look(&pristine.folder, releases)?;
        }
        Ok(Self {
            carry,
            merged,
            questions: sorted.questions,
            coming,
            has_pristine: pristine.is_some(),
            findings,
        })
    }
}

impl CarriedConfig {
    /// Has a file come along that only the old release has and the new one is read with; false where that
    /// hasn't it, either.
    ///
    /// # Errors
    /// [`ReleasesError::Io`] where it can't be read.
    pub(crate) fn brings(
        &mut self,
        old: &ReleaseFiles,
        name: &Path,
    ) -> Result<bool, ReleasesError> {
        let Some(bytes) = read(&old.folder, name)? else {
            return Ok(false);
        };
        if self.coming.insert(name.to_owned(), bytes).is_some() {
            return Ok(false);
        }
        let Findings {
            gone,
            dropped,
            left_behind,
            ..
        } = &mut self.findings;
        gone.retain(|path| path != name);
        dropped.retain(|path| path != name);
        left_behind.retain(|path| path != name);
        if !self.carry.iter().any(|carry| carry.brings(name)) {
            self.carry.push(CarriedPath {
                path: name.to_owned(),
                exclude: Vec::new(),
                replaces: false,
                is_same: false,
            });
        }
        Ok(true)
    }
}

/// What two vendors' releases hold, as far as that is known.
#[derive(Clone, Copy)]
pub(crate) struct Shipped<'a> {
    /// The old release as it was shipped.
    pub(crate) base: Option<&'a ShippedFiles>,
    /// The new one.
    pub(crate) new: &'a ShippedFiles,
}

fn sort(
    ReleasePair { old, new }: ReleasePair<'_>,
    shipped: Shipped<'_>,
    rules: &[CarryRule],
    (answered, is_asked): (&Answered, bool),
    written: &[PathBuf],
) -> Result<Sorted, ReleasesError> {
    let mut needed = new.model.files_inside();
    needed.extend(new.env_names());
    let own = named_by_own(ReleasePair { old, new }, shipped.new)?;
    let mut sorter = Sorter {
        old: &old.folder,
        new: shipped.new,
        base: shipped.base,
        answers: &Answers::new(&answered.ours, &answered.theirs),
        needed: &needed,
        own: &own,
        written,
        is_same: true,
        usual: old.folder.join(&old.files[0].name).metadata().ok(),
        sorted: Sorted::default(),
    };
    for rule in rules {
        sorter.sort(rule, is_asked)?;
    }
    Ok(sorter.sorted)
}

/// What the administrator's own compose files, which come along, name and the new release hasn't.
fn named_by_own(
    releases: ReleasePair<'_>,
    theirs: &ShippedFiles,
) -> Result<Vec<PathBuf>, ReleasesError> {
    let old = releases.old;
    let own = local_changes::compose_files(releases)?;
    let own: Vec<PathBuf> = own.iter().map(|file| old.folder.join(&file.name)).collect();
    let mut found = Vec::new();
    for (name, at) in old.model.named_inside() {
        let unread = |source| ReleasesError::Io {
            path: theirs.folder.join(&name),
            source,
        };
        let is_own = at.is_some_and(|at| own.contains(&at.path));
        if is_own && !theirs.has(&name).map_err(unread)? {
            found.push(name);
        }
    }
    Ok(found)
}

/// Adds what the new release will be read with besides: its variables, and what Compose reads by files
/// that are carried.
fn come_along(
    coming: &mut BTreeMap<PathBuf, Vec<u8>>,
    ReleasePair { old, new }: ReleasePair<'_>,
    carry: &[CarriedPath],
    env_files: &[PathBuf],
) -> Result<(), ReleasesError> {
    let mut env = new.env_names();
    let release = Install::current_target(&old.version);
    let named = env_files
        .iter()
        .filter_map(|path| path.strip_prefix(&release).ok());
    env.extend(named.map(Path::to_owned));
    let reads = [new, old].into_iter().flat_map(ReleaseFiles::small_reads);
    let all: BTreeSet<PathBuf> = reads.chain(env.iter().cloned()).collect();
    let compose: Vec<_> = old.files.iter().chain(&new.files).collect();
    for name in &all {
        // Those are merged, or told of as the administrator's own.
        if compose.iter().any(|file| file.name == *name) {
            continue;
        }
        let is_carried = carry.iter().any(|carry| carry.brings(name));
        let from = match (is_carried, env.contains(name)) {
            (true, _) => &old.folder,
            // The old release's would be taken.
            (false, true) => &new.folder,
            (false, false) => continue,
        };
        let real = real_name(&from.join(name), from);
        if !coming.contains_key(name)
            && let Some(bytes) = read(from, real.as_ref().unwrap_or(name))?
        {
            coming.insert(name.clone(), bytes);
        }
    }
    Ok(())
}

/// The content of a file below a release.
pub(super) fn read(root: &Path, name: &Path) -> Result<Option<Vec<u8>>, ReleasesError> {
    tree::read_beneath(root, name).map_err(|source| ReleasesError::Io {
        path: root.join(name),
        source,
    })
}

/// What is asked for; else what the recipe lists; else `.env`, what the old release's compose
/// file mounts or reads from inside its folder, and what differs from what its vendor shipped, or
/// ships now where the former isn't known.
fn carried(
    request: &Request,
    recipe: &Recipe,
    old: &ReleaseFiles,
    shipped: Shipped<'_>,
) -> Result<Vec<CarryRule>, ReleasesError> {
    if !request.carry.is_empty() {
        let asked = request.carry.iter().map(|path| CarryRule::new(path));
        return Ok(asked.collect::<Result<_, _>>()?);
    }
    if let Some(listed) = &recipe.carry {
        return Ok(listed.clone());
    }
    let names = old.env_names();
    let names = names.iter().map(|name| CarryRule::new(name));
    let mut carry = names.collect::<Result<Vec<_>, _>>()?;
    let release = Install::current_target(&old.version);
    let named = request.env_files.iter();
    let named = named.filter_map(|path| path.strip_prefix(&release).ok());
    carry.extend(named.filter_map(|path| CarryRule::new(path).ok()));
    let inside = old.model.files_inside();
    carry.extend(inside.iter().filter_map(|path| CarryRule::new(path).ok()));
    if request.up {
        // It may be the same by now, and be written until the old release is stopped.
        let written = written(&old.model);
        let is_read = |path: &PathBuf| old.files.iter().any(|file| file.name.starts_with(path));
        let own = written.iter().filter(|path| !is_read(path));
        carry.extend(own.filter_map(|path| CarryRule::new(path).ok()));
    }
    let changed = match shipped.base {
        Some(pristine) => local_changes::changed(&old.folder, pristine)?,
        // Whose a difference is, nobody knows.
        None => local_changes::different(&old.folder, shipped.new)?,
    };
    let is_compose = |path: &Path| {
        let mut files = old.files.iter();
        files.any(|file| file.name == path || file.real == path)
    };
    let changed = changed.iter().filter(|path| !is_compose(path));
    carry.extend(changed.filter_map(|path| CarryRule::new(path).ok()));
    carry.retain(|carry| old.folder.join(&carry.path).symlink_metadata().is_ok());
    let led_to: Vec<PathBuf> = carry
        .iter()
        .flat_map(|carry| led_to(&old.folder, &carry.path))
        .collect();
    carry.extend(led_to.iter().filter_map(|path| CarryRule::new(path).ok()));
    carry.sort_by(|a, b| a.path.cmp(&b.path));
    carry.dedup();
    // What lies below a carried folder is carried with it.
    let folders = carry.clone();
    let is_below = |carry: &CarryRule| {
        let mut above = folders.iter().filter(|folder| folder.path != carry.path);
        above.any(|folder| carry.path.starts_with(&folder.path))
    };
    carry.retain(|carry| !is_below(carry));
    Ok(carry)
}

/// What a symlink of a release leads to within it, link by link: without that it would dangle.
fn led_to(folder: &Path, name: &Path) -> Vec<PathBuf> {
    // Links that lead to each other end somewhere.
    const MOST: usize = 16;
    let next = |name: &PathBuf| {
        let to = folder.join(name).read_link().ok()?;
        let to = name.parent().unwrap_or(Path::new("")).join(to);
        let to = to.strip_prefix(folder).map(Path::to_owned).unwrap_or(to);
        let mut inside = PathBuf::new();
        for part in to.components() {
            match part {
                Component::Normal(name) => inside.push(name),
                Component::CurDir => {}
                Component::ParentDir if inside.pop() => {}
                _ => return None,
            }
        }
        folder.join(&inside).symlink_metadata().ok()?;
        Some(inside)
    };
    let chain = std::iter::successors(next(&name.to_owned()), next);
    chain.take(MOST).collect()
}

/// The files that both releases have and that are to be merged, the compose files among them.
fn shared(
    install: &Install,
    releases: ReleasePair<'_>,
    pristine: Option<&ShippedFiles>,
    merge: &[ToMerge],
) -> Result<Vec<SharedFile>, ReleasesError> {
    let ReleasePair { old, new } = releases;
    let mut found = Vec::new();
    let compose = FileNames::of_compose(releases, pristine)?;
    let others = merge
        .iter()
        .map(|file| (FileNames::same(&file.path), file.keeps_mine));
    let is_compose = |name: &Path| compose.iter().any(|names| names.theirs == name);
    let others: Vec<_> = others
        .filter(|(names, _)| !is_compose(&names.theirs))
        .collect();
    let all = compose
        .iter()
        .map(|names| (names.clone(), false))
        .chain(others);
    for (names, keeps_mine) in all {
        let (mine, theirs) = (
            followed(old, &names.mine)?,
            read(&new.folder, &names.theirs)?,
        );
        let (Some(mine), Some(theirs)) = (mine, theirs) else {
            require_same(releases, &names)?;
            continue;
        };
        let base = match pristine {
            Some(pristine) => read(&pristine.folder, &names.base)?,
            None => None,
        };
        if mine == theirs {
            continue;
        }
        let (resolved_in, resolved) = resolved(install, &new.version, &names.theirs)?.unzip();
        found.push(SharedFile {
            source: names.mine,
            shipped: names.base,
            name: names.theirs,
            keeps_mine,
            base,
            mine,
            theirs,
            resolved,
            resolved_in,
            overlay: None,
        });
    }
    Ok(found)
}

/// The content of a file of the old release; of a compose file that is a symlink out of it, what that leads to.
fn followed(old: &ReleaseFiles, name: &Path) -> Result<Option<Vec<u8>>, ReleasesError> {
    let mut linked = old.files.iter().filter(|file| file.leads_out);
    match linked.find(|file| file.real == name) {
        Some(file) => Ok(Some(file.bytes.clone())),
        None => read(&old.folder, name),
    }
}

/// That the new release has no symlink out of it where the old one has another compose file: nothing could be
/// merged into what that leads to.
fn require_same(
    ReleasePair { old, new }: ReleasePair<'_>,
    names: &FileNames,
) -> Result<(), ReleasesError> {
    let of = |release: &ReleaseFiles, name: &Path| {
        let mut files = release.files.iter();
        files.find(|file| file.real == name).cloned()
    };
    match (of(old, &names.mine), of(new, &names.theirs)) {
        (Some(mine), Some(theirs)) if theirs.leads_out && mine.bytes != theirs.bytes => {
            Err(ReleasesError::FileOutside {
                file: new.folder.join(&theirs.name),
                folder: new.folder.clone(),
            })
        }
        _ => Ok(()),
    }
}

/// What the administrator made of a file's conflicts, and where: no marker is left in it.
fn resolved(
    install: &Install,
    to: &Version,
    name: &Path,
) -> Result<Option<(PathBuf, Vec<u8>)>, ReleasesError> {
    let resolution = merging::resolution(to, name);
    let edited = merging::with_markers(&resolution);
    for path in [resolution, edited] {
        match read(install.root(), &path)? {
            Some(text) if !merging::has_markers(&text) && is_an_answer(install, &path, &text)? => {
                return Ok(Some((path, text)));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Whether a file was changed since a plan wrote it. As it was written it answers nothing, whether or not
/// there are markers in it; what no plan wrote is the administrator's own.
fn is_an_answer(install: &Install, path: &Path, text: &[u8]) -> Result<bool, ReleasesError> {
    let written = read(install.root(), &merging::written_digest(path))?;
    let is_own = path.extension().is_none_or(|end| end != "merge");
    let digest = Digest::of(text).to_string();
    Ok(written.map_or(is_own, |written| written != digest.as_bytes()))
}

/// Turns the merge of the first compose file into an override.
fn as_override(
    shared: &mut [SharedFile],
    ReleasePair { old, new }: ReleasePair<'_>,
    pristine: Option<&ShippedFiles>,
) -> Result<(), ReleasesError> {
    if pristine.is_none() {
        return Err(ReleasesError::NoPristine {
            version: old.version.clone(),
        });
    }
    let main = &new.files[0].real;
    let overlay = compose::override_of(main);
    for release in [old, new] {
        let path = release.folder.join(&overlay);
        if path.symlink_metadata().is_ok() || release.files.len() > 1 {
            return Err(ReleasesError::OverrideTaken { path });
        }
    }
    for file in shared.iter_mut().filter(|file| file.name == *main) {
        file.overlay = Some(overlay.clone());
    }
    Ok(())
}
