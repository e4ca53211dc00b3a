//! What the administrator has made of a release: compose files of his own, and what differs
//! from what its vendor shipped. Only reads; follows no symlink.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::release_files::{ComposeFile, ReleaseFiles, ReleasePair, ReleasesError};
use crate::release::CarryRule;

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
    /// What is carried though the vendor ships it no longer.
    pub outlived: Vec<PathBuf>,
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
    for file in old.files.iter().skip(1) {
        if metadata(&new.folder.join(&file.name))?.is_none() {
            found.push(file);
        }
    }
    Ok(found)
}

/// The topmost paths of a release that its vendor didn't ship, or not with that content.
///
/// # Errors
/// [`ReleasesError::Io`] where either can't be read.
pub(crate) fn changed(release: &Path, pristine: &Path) -> Result<BTreeSet<PathBuf>, ReleasesError> {
    let mut changed = BTreeSet::new();
    let mut walk = WalkDir::new(release).min_depth(1).into_iter();
    while let Some(entry) = walk.next() {
        let entry = entry.map_err(|error| unwalked(release, error))?;
        let name = entry.path().strip_prefix(release).unwrap_or(entry.path());
        let shipped = pristine.join(name);
        let is_kept = match metadata(&shipped)? {
            None => false,
            Some(there) if entry.file_type().is_dir() && there.is_dir() => continue,
            Some(_) => is_same(entry.path(), &shipped).map_err(unread(entry.path()))?,
        };
        if !is_kept {
            changed.insert(name.to_owned());
            if entry.file_type().is_dir() {
                walk.skip_current_dir();
            }
        }
    }
    Ok(changed)
}

/// The regular files at and below `path` of a release, named from the release; none where nothing is.
///
/// # Errors
/// [`ReleasesError::Io`] where a folder can't be read.
pub(crate) fn files_of(release: &Path, path: &Path) -> Result<Vec<PathBuf>, ReleasesError> {
    let top = release.join(path);
    let mut files = Vec::new();
    if metadata(&top)?.is_none() {
        return Ok(files);
    }
    for entry in WalkDir::new(&top) {
        let entry = entry.map_err(|error| unwalked(&top, error))?;
        if let Ok(name) = entry.path().strip_prefix(release)
            && entry.file_type().is_file()
        {
            files.push(name.to_owned());
        }
    }
    Ok(files)
}

impl Findings {
    /// Adds what was removed from the old release and is in the new one again, and what is carried
    /// though it is shipped no longer.
    ///
    /// # Errors
    /// [`ReleasesError::Io`] where a folder can't be read.
    pub(crate) fn look(
        &mut self,
        pristine: &Path,
        ReleasePair { old, new }: ReleasePair<'_>,
        carry: &[CarryRule],
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
            match (is_in(old)?, is_in(new)?) {
                (false, true) => self.revived.push(name.to_owned()),
                (true, false) if carry.iter().any(|carry| name.starts_with(&carry.path)) => {
                    self.outlived.push(name.to_owned());
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Whether two files, symlinks or other things are of one kind and content.
fn is_same(one: &Path, other: &Path) -> io::Result<bool> {
    let (here, there) = (one.symlink_metadata()?, other.symlink_metadata()?);
    if here.file_type() != there.file_type() {
        return Ok(false);
    }
    if here.is_symlink() {
        return Ok(fs::read_link(one)? == fs::read_link(other)?);
    }
    if !here.is_file() {
        return Ok(true);
    }
    if here.len() != there.len() {
        return Ok(false);
    }
    let (mut one, mut other) = (
        BufReader::new(File::open(one)?),
        BufReader::new(File::open(other)?),
    );
    loop {
        let (a, b) = (one.fill_buf()?, other.fill_buf()?);
        let length = a.len().min(b.len());
        if a[..length] != b[..length] {
            return Ok(false);
        }
        if length == 0 {
            return Ok(a.is_empty() && b.is_empty());
        }
        one.consume(length);
        other.consume(length);
    }
}

/// What is at `path`, itself and not what a symlink leads to; `None` when nothing is.
fn metadata(path: &Path) -> Result<Option<Metadata>, ReleasesError> {
    match path.symlink_metadata() {
        Ok(metadata) => Ok(Some(metadata)),
        // A file in the place of a folder above it.
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(None)
        }
        Err(error) => Err(unread(path)(error)),
    }
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
