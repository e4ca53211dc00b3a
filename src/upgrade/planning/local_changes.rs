//! What the administrator has made of a release: compose files of his own, and what differs
//! from what its vendor shipped. Only reads; follows no symlink.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::file_names::renamed_override;
use super::release_files::{ComposeFile, ReleaseFiles, ReleasePair};
use super::releases_error::ReleasesError;
use crate::release::{AsShipped, CarryRule, ShippedFiles};

/// Files of which the administrator should know that they are where he may not expect them.
#[derive(Debug, Default)]
pub struct Findings {
    /// Compose files that the new release's vendor doesn't ship, and that are carried.
    pub added: Vec<PathBuf>,
    /// Compose files that the old release's vendor shipped and the new one's doesn't: they
    /// stay behind, unchanged as they are.
    pub dropped: Vec<PathBuf>,
    /// What the administrator had removed, and the new release has again.
    pub revived: Vec<PathBuf>,
    /// What is carried though the vendor ships it no longer: the administrator changed it.
    pub outlived: Vec<PathBuf>,
    /// What the vendor ships no longer and the administrator never changed: it doesn't come along.
    pub gone: Vec<PathBuf>,
    /// What only the old release has, and nothing mounts, reads or names.
    pub left_behind: Vec<PathBuf>,
    /// How many files come with the release as its vendor ships them, though they could have been
    /// carried.
    pub unchanged: usize,
    /// How many of those the vendor has changed.
    pub updated: usize,
    /// What keeps the administrator's mode, though the vendor has made it executable, or no longer.
    pub other_mode: Vec<PathBuf>,
    /// What the administrator changed and the vendor, too, and has the vendor's value unasked: `FILE:KEY`.
    pub overruled: Vec<PathBuf>,
    /// Answers that were given to conflicts that there are none of.
    pub unused_answers: Vec<PathBuf>,
}

/// Compose files of the old release, but for its first, that the new one has not: overrides,
/// and what `COMPOSE_FILE` names.
///
/// # Errors
/// [`ReleasesError::Io`] where the new release can't be looked into.
pub(crate) fn compose_files(
    ReleasePair { old, new }: ReleasePair<'_>,
) -> Result<Vec<&ComposeFile>, ReleasesError> {
    let mut found = Vec::new();
    let renamed = renamed_override(ReleasePair { old, new }).map(|(mine, _)| mine);
    for file in old.files.iter().skip(1) {
        // It is merged with the vendor's, which is called otherwise.
        if renamed.is_some_and(|renamed| renamed.name == file.name) {
            continue;
        }
        if metadata(&new.folder.join(&file.name))?.is_none() {
            found.push(file);
        }
    }
    Ok(found)
}

/// Files that compose files of the old release include or extend, that the new one has not and that the
/// old one's vendor didn't ship as they are: they come along with whatever names them.
///
/// # Errors
/// [`ReleasesError::Io`] where a release can't be looked into.
pub(crate) fn own_included(
    releases: ReleasePair<'_>,
    pristine: Option<&ShippedFiles>,
) -> Result<Vec<PathBuf>, ReleasesError> {
    let ReleasePair { old, new } = releases;
    let mut found = Vec::new();
    // The vendor's own files name what the vendor ships.
    if pristine.is_none() && compose_files(releases)?.is_empty() {
        return Ok(found);
    }
    for name in old.included.iter().map(|file| &file.name) {
        let path = old.folder.join(name);
        let as_shipped = match pristine {
            Some(pristine) => pristine.compare(&path, name).map_err(unread(&path))?,
            None => AsShipped::Absent,
        };
        if as_shipped != AsShipped::Same && metadata(&new.folder.join(name))?.is_none() {
            found.push(name.clone());
        }
    }
    Ok(found)
}

/// The topmost paths of a release that its vendor didn't ship, or not with that content.
///
/// # Errors
/// [`ReleasesError::Io`] where either can't be read.
pub(crate) fn changed(
    release: &Path,
    pristine: &ShippedFiles,
) -> Result<BTreeSet<PathBuf>, ReleasesError> {
    let mut changed = BTreeSet::new();
    let mut walk = WalkDir::new(release).min_depth(1).into_iter();
    while let Some(entry) = walk.next() {
        let entry = entry.map_err(|error| unwalked(release, error))?;
        let name = entry.path().strip_prefix(release).unwrap_or(entry.path());
        let is_folder = entry.file_type().is_dir();
        let is_kept = if is_folder {
            let shipped = metadata(&pristine.folder.join(name))?;
            let is_shipped = match shipped {
                Some(shipped) => shipped.is_dir(),
                None => pristine
                    .large
                    .files
                    .iter()
                    .any(|file| file.path.starts_with(name)),
            };
            if is_shipped {
                continue;
            }
            false
        } else {
            let found = pristine.compare(entry.path(), name);
            found.map_err(unread(entry.path()))? == AsShipped::Same
        };
        if !is_kept {
            changed.insert(name.to_owned());
            if is_folder {
                walk.skip_current_dir();
            }
        }
    }
    Ok(changed)
}

/// The files that a release and its vendor's new one both have, with other contents.
///
/// # Errors
/// [`ReleasesError::Io`] where either can't be read.
pub(crate) fn different(
    release: &Path,
    theirs: &ShippedFiles,
) -> Result<BTreeSet<PathBuf>, ReleasesError> {
    let mut found = BTreeSet::new();
    let mut walk = WalkDir::new(release).min_depth(1).into_iter();
    while let Some(entry) = walk.next() {
        let entry = entry.map_err(|error| unwalked(release, error))?;
        let name = entry.path().strip_prefix(release).unwrap_or(entry.path());
        if entry.file_type().is_dir() {
            let nothing = theirs.has_nothing_below(name);
            if nothing.map_err(unread(entry.path()))? {
                walk.skip_current_dir();
            }
            continue;
        }
        let compared = theirs.compare(entry.path(), name);
        if compared.map_err(unread(entry.path()))? == AsShipped::Differs {
            found.insert(name.to_owned());
        }
    }
    Ok(found)
}

/// What only the old release has and nothing brings along: the topmost paths.
///
/// # Errors
/// [`ReleasesError::Io`] where a folder can't be read.
pub(crate) fn left_behind(
    ReleasePair { old, new }: ReleasePair<'_>,
    theirs: &ShippedFiles,
    pristine: Option<&ShippedFiles>,
    rules: &[CarryRule],
) -> Result<Vec<PathBuf>, ReleasesError> {
    let mut left = Vec::new();
    let mut walk = WalkDir::new(&old.folder)
        .min_depth(1)
        .sort_by_file_name()
        .into_iter();
    while let Some(entry) = walk.next() {
        let entry = entry.map_err(|error| unwalked(&old.folder, error))?;
        let name = entry
            .path()
            .strip_prefix(&old.folder)
            .unwrap_or(entry.path());
        let is_folder = entry.file_type().is_dir();
        let is_brought = rules.iter().any(|rule| name.starts_with(&rule.path));
        let has_brought = rules.iter().any(|rule| rule.path.starts_with(name));
        if is_brought || (is_folder && has_brought) {
            if is_brought && is_folder {
                walk.skip_current_dir();
            }
            continue;
        }
        let is_compose = [old, new].iter().any(|release| {
            release
                .files
                .iter()
                .any(|file| file.name == name || file.real == name)
        });
        let is_there =
            theirs.large(name).is_some() || metadata(&theirs.folder.join(name))?.is_some();
        if is_there || is_compose {
            continue;
        }
        let is_vendors = match pristine {
            Some(pristine) if is_folder => metadata(&pristine.folder.join(name))?.is_some(),
            Some(pristine) => {
                let found = pristine.compare(entry.path(), name);
                found.map_err(unread(entry.path()))? == AsShipped::Same
            }
            None => false,
        };
        if is_vendors {
            continue;
        }
        left.push(name.to_owned());
        if is_folder {
            walk.skip_current_dir();
        }
    }
    Ok(left)
}

impl Findings {
    /// Adds what was removed from the old release and is in the new one again.
    ///
    /// # Errors
    /// [`ReleasesError::Io`] where a folder can't be read.
    pub(crate) fn look(
        &mut self,
        pristine: &Path,
        ReleasePair { old, new }: ReleasePair<'_>,
    ) -> Result<(), ReleasesError> {
        let is_compose = |name: &Path| old.files.iter().any(|file| file.name == name);
        for entry in WalkDir::new(pristine).sort_by_file_name() {
            let entry = entry.map_err(|error| unwalked(pristine, error))?;
            let name = entry.path().strip_prefix(pristine).unwrap_or(entry.path());
            if entry.file_type().is_dir() || is_compose(name) {
                continue;
            }
            let is_in = |release: &ReleaseFiles| -> Result<bool, ReleasesError> {
                Ok(metadata(&release.folder.join(name))?.is_some())
            };
            if !is_in(old)? && is_in(new)? {
                self.revived.push(name.to_owned());
            }
        }
        Ok(())
    }
}

/// What is at `path`, itself and not what a symlink leads to; `None` when nothing is.
fn metadata(path: &Path) -> Result<Option<Metadata>, ReleasesError> {
    crate::release::metadata(path).map_err(unread(path))
}

fn unwalked(root: &Path, error: walkdir::Error) -> ReleasesError {
    let path = error.path().unwrap_or(root).to_owned();
    unread(&path)(error.into())
}

fn unread(path: &Path) -> impl Fn(io::Error) -> ReleasesError {
    let path = path.to_owned();
    move |source| ReleasesError::Io {
        path: path.clone(),
        source,
    }
}
