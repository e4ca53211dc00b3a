//! Which config comes along: what is carried as it is, what is merged, and what the
//! administrator added to the compose files. Only reads.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::local_changes::{self, Findings};
use super::merging::{self, Answered, MergedFile, SharedFile};
use super::release_files::{ReleaseFiles, ReleasePair, ReleasesError};
use crate::compose;
use crate::merge::{self, Answers};
use crate::release::{CarryMode, CarryRule, Install, Recipe, Version};
use crate::tree::{self, Digest};
use crate::upgrade::request::Request;

/// What comes from the old release.
#[derive(Debug)]
pub(crate) struct CarriedConfig {
    pub(crate) carry: Vec<CarryRule>,
    pub(crate) merged: Vec<MergedFile>,
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
        pristine: Option<&Path>,
    ) -> Result<Self, ReleasesError> {
        let old = releases.old;
        let mut carry = carried(request, recipe, old, pristine)?;
        let mut shared = shared(install, releases, pristine, &carry)?;
        if request.as_override {
            as_override(&mut shared, releases, pristine)?;
        }
        let answered = Answered::of(request, recipe);
        let mut merged = shared
            .iter()
            .map(|shared| MergedFile::of(&answered, &old.version, shared))
            .map(|merged| merged.map_err(|error| ReleasesError::Merge(Box::new(error))))
            .collect::<Result<Vec<_>, _>>()?;
        merged.retain(|file| file.step.over.is_none() || !file.merged.bytes.is_empty());
        let mut unused_answers = unused_answers(request, &shared)
            .map_err(|error| ReleasesError::Merge(Box::new(error)))?;
        // That a variable keeps an image is no conflict of two files.
        let images = releases.new.model.images.iter();
        let variables = images.flat_map(|image| &image.variables);
        let variables: Vec<_> = variables.map(|name| format!(".env:{name}")).collect();
        let is_of_image = |answer: &Path| variables.iter().any(|name| answer == Path::new(name));
        unused_answers.retain(|answer| !is_of_image(answer));
        let results = merged.iter();
        let results = results.map(|file| (file.name.clone(), file.merged.bytes.clone()));
        let mut coming: BTreeMap<_, _> = results.collect();
        let env = Path::new(".env");
        if !coming.contains_key(env)
            && carry.iter().any(|carry| carry.path == env)
            && let Some(bytes) = read(&old.folder, env)?
        {
            coming.insert(env.to_owned(), bytes);
        }
        for file in &releases.new.included {
            let is_carried = carry.iter().any(|rule| file.name.starts_with(&rule.path));
            if is_carried
                && !coming.contains_key(&file.name)
                && let Some(bytes) = read(&old.folder, &file.name)?
            {
                coming.insert(file.name.clone(), bytes);
            }
        }
        let mut findings = Findings {
            unused_answers,
            ..Findings::default()
        };
        for file in local_changes::compose_files(releases)? {
            let shipped = match pristine {
                Some(pristine) => read(pristine, &file.name)?,
                None => None,
            };
            if shipped.as_ref() == Some(&file.bytes) {
                findings.dropped.push(file.name.clone());
                continue;
            }
            findings.added.push(file.name.clone());
            coming.insert(file.name.clone(), file.bytes.clone());
            if !carry.iter().any(|carry| file.name.starts_with(&carry.path)) {
                carry.push(CarryRule::new(&file.name)?);
            }
        }
        if let Some(pristine) = pristine {
            findings.look(pristine, releases, &carry)?;
        }
        Ok(Self {
            carry,
            merged,
            coming,
            has_pristine: pristine.is_some(),
            findings,
        })
    }
}

/// The content of a file below a release.
fn read(root: &Path, name: &Path) -> Result<Option<Vec<u8>>, ReleasesError> {
    tree::read_beneath(root, name).map_err(|source| ReleasesError::Io {
        path: root.join(name),
        source,
    })
}

/// What is asked for; else what the recipe lists; else `.env`, what the old release's compose
/// file mounts or reads from inside its folder, and what differs from what its vendor shipped.
fn carried(
    request: &Request,
    recipe: &Recipe,
    old: &ReleaseFiles,
    pristine: Option<&Path>,
) -> Result<Vec<CarryRule>, ReleasesError> {
    if !request.carry.is_empty() {
        let asked = request.carry.iter().map(|path| CarryRule::new(path));
        return Ok(asked.collect::<Result<_, _>>()?);
    }
    if let Some(listed) = &recipe.carry {
        return Ok(listed.clone());
    }
    let mut carry = vec![CarryRule::new(Path::new(".env"))?];
    let release = Install::current_target(&old.version);
    let named = request.env_files.iter();
    let named = named.filter_map(|path| path.strip_prefix(&release).ok());
    carry.extend(named.filter_map(|path| CarryRule::new(path).ok()));
    let inside = old.model.files_inside();
    carry.extend(inside.iter().filter_map(|path| CarryRule::new(path).ok()));
    if let Some(pristine) = pristine {
        let is_compose = |path: &Path| old.files.iter().any(|file| file.name == path);
        let changed = local_changes::changed(&old.folder, pristine)?;
        let changed = changed.iter().filter(|path| !is_compose(path));
        carry.extend(changed.filter_map(|path| CarryRule::new(path).ok()));
    }
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

/// The files that both releases have and that are to be merged: those that differ, and whose
/// pristine version isn't what the vendor ships now, too.
fn shared(
    install: &Install,
    ReleasePair { old, new }: ReleasePair<'_>,
    pristine: Option<&Path>,
    carry: &[CarryRule],
) -> Result<Vec<SharedFile>, ReleasesError> {
    let mut names: BTreeSet<PathBuf> = BTreeSet::new();
    if pristine.is_some() {
        names.extend(
            old.files
                .iter()
                .chain(&new.files)
                .map(|file| file.real.clone()),
        );
    }
    for carry in carry {
        let is_merged = match carry.how {
            CarryMode::Auto => pristine.is_some(),
            CarryMode::Copy => false,
            CarryMode::Merge => true,
        };
        if is_merged {
            // What its vendor ships is written by nobody else; what the old release has is.
            names.extend(local_changes::files_of(&new.folder, &carry.path)?);
        }
    }
    let mut found = Vec::new();
    for name in names {
        let (Some(mine), Some(theirs)) = (read(&old.folder, &name)?, read(&new.folder, &name)?)
        else {
            continue;
        };
        let base = match pristine {
            Some(pristine) => read(pristine, &name)?,
            None => None,
        };
        let is_compose = [old, new]
            .iter()
            .any(|release| release.files.iter().any(|f| f.real == name));
        if mine == theirs || (base.as_ref() == Some(&theirs) && !is_compose) {
            continue;
        }
        let (resolved_in, resolved) = resolved(install, &new.version, &name)?.unzip();
        found.push(SharedFile {
            name,
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
            // As it was written it answers nothing, whether or not there are markers in it.
            Some(text)
                if !merging::has_markers(&text) && !is_as_written(install, &path, &text)? =>
            {
                return Ok(Some((path, text)));
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Whether a file is still what an earlier plan wrote for somebody to settle.
fn is_as_written(install: &Install, path: &Path, text: &[u8]) -> Result<bool, ReleasesError> {
    let written = read(install.root(), &merging::written_digest(path))?;
    Ok(written.is_some_and(|digest| digest == Digest::of(text).to_string().as_bytes()))
}

/// Turns the merge of the first compose file into an override.
fn as_override(
    shared: &mut [SharedFile],
    ReleasePair { old, new }: ReleasePair<'_>,
    pristine: Option<&Path>,
) -> Result<(), ReleasesError> {
    if pristine.is_none() {
        return Err(ReleasesError::NoPristine {
            version: old.version.clone(),
        });
    }
    let main = &new.files[0].name;
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

/// The answers that were given and that fit no conflict.
fn unused_answers(request: &Request, shared: &[SharedFile]) -> Result<Vec<PathBuf>, merge::Error> {
    let answers = Answers::new(&request.ours, &request.theirs);
    if answers.0.is_empty() {
        return Ok(Vec::new());
    }
    let mut conflicts = Vec::new();
    for file in shared {
        let merged = merging::merged(file, &Answers::default())?;
        let what = merged.conflicts().map(|conflict| conflict.what.clone());
        conflicts.extend(what.map(|what| (file.name.clone(), what)));
    }
    let idle = answers.idle(&conflicts);
    Ok(idle.map(|answer| answer.path.clone()).collect())
}
