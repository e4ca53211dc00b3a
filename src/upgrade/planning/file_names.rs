//! What files are called in the releases that have them: a vendor, or an administrator, may rename
//! `docker-compose.yml` to `compose.yaml`, and an override likewise.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::release_files::{ComposeFile, ReleaseFiles, ReleasePair};
use super::releases_error::ReleasesError;
use crate::compose;
use crate::release::ShippedFiles;

/// What one file is called in each of the three releases.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FileNames {
    pub(super) base: PathBuf,
    pub(super) mine: PathBuf,
    pub(super) theirs: PathBuf,
}

impl FileNames {
    /// The same in all of them.
    pub(super) fn same(name: &Path) -> Self {
        Self {
            base: name.to_owned(),
            mine: name.to_owned(),
            theirs: name.to_owned(),
        }
    }

    /// The compose files of both releases. The first of each is the same file, whatever it is called, and so
    /// is the override that Compose lays over it by itself: of two it would read one alone.
    ///
    /// # Errors
    /// [`ReleasesError`] where the pristine copy can't be read.
    pub(super) fn of_compose(
        releases: ReleasePair<'_>,
        pristine: Option<&ShippedFiles>,
    ) -> Result<Vec<Self>, ReleasesError> {
        let ReleasePair { old, new } = releases;
        let first = (&old.files[0], &new.files[0]);
        let pairs = [Some(first), renamed_override(releases)];
        let pairs = pairs.into_iter().flatten();
        let renamed: Vec<_> = pairs
            .filter(|(mine, theirs)| mine.real != theirs.real)
            .collect();
        let is_renamed = |name: &Path| {
            let mut pairs = renamed.iter();
            pairs.any(|(mine, theirs)| name == mine.real || name == theirs.real)
        };
        let files = old.files.iter().chain(&new.files).map(|file| &file.real);
        let files = files.filter(|name| !is_renamed(name));
        let mut names: BTreeSet<_> = files.map(|name| Self::same(name)).collect();
        for (mine, theirs) in &renamed {
            let base = match pristine {
                Some(pristine) => name_of_shipped(old, mine, pristine)?,
                None => mine.real.clone(),
            };
            names.insert(Self {
                base,
                mine: mine.real.clone(),
                theirs: theirs.real.clone(),
            });
        }
        Ok(names.into_iter().collect())
    }
}

/// The overrides that Compose reads by itself, where both releases have one and call it otherwise.
pub(super) fn renamed_override(
    ReleasePair { old, new }: ReleasePair<'_>,
) -> Option<(&ComposeFile, &ComposeFile)> {
    let (mine, theirs) = (own_override(old)?, own_override(new)?);
    let is_there = |name: &Path| new.files.iter().any(|file| file.name == name);
    (mine.name != theirs.name && !is_there(&mine.name)).then_some((mine, theirs))
}

fn own_override(release: &ReleaseFiles) -> Option<&ComposeFile> {
    let mut others = release.files.iter().skip(1);
    others.find(|file| compose::is_override_name(&file.name))
}

/// What one of the old release's compose files was called when it was shipped: the first, or the override.
fn name_of_shipped(
    old: &ReleaseFiles,
    mine: &ComposeFile,
    pristine: &ShippedFiles,
) -> Result<PathBuf, ReleasesError> {
    if matches!(pristine.metadata(&mine.real), Ok(Some(_))) {
        return Ok(mine.real.clone());
    }
    let is_over = compose::is_override_name(&mine.name);
    let shipped = compose::find_project(&pristine.folder, Some(&old.started_in))?;
    let mut shipped = shipped.iter().flat_map(|project| &project.files);
    let shipped = shipped.find(|path| compose::is_override_name(path) == is_over);
    let folder = pristine.folder.canonicalize();
    let name = |path: PathBuf| Some(path.strip_prefix(folder.ok()?).ok()?.to_owned());
    let shipped = shipped.and_then(|path| path.canonicalize().ok());
    Ok(shipped.and_then(name).unwrap_or_else(|| mine.real.clone()))
}
